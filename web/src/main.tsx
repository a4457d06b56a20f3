import { render } from "preact";
import { App } from "./app";
import { loadDocument } from "./model/load";
import { isServed } from "./model/served";
import { ServedPage } from "./served_page";
import "./style/page.css";
import "./style/views.css";
import "./style/heap.css";

const place = document.getElementById("app");
if (place && isServed(document)) {
  place.textContent = "";
  render(<ServedPage />, place);
} else if (place) {
  loadDocument(document).then(
    (data) => {
      place.textContent = "";
      render(<App document={data} />, place);
    },
    (error: unknown) => {
      place.textContent = `This report cannot be shown: ${error instanceof Error ? error.message : String(error)}`;
    },
  );
}
