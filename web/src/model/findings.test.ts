import { expect, test } from "vitest";
import { ringOf } from "./findings";

test("a ring of two objects has two references, and its weakest is the one that the report names", () => {
  const cycle = [
    { edge: "Node", type: "app.Node" },
    { edge: ".back", type: "app.Leaf" },
    { edge: ".next", type: "app.Node" },
  ];
  const ring = ringOf({ cycle, weakest_edge: 1 });
  expect(ring.steps.map((step) => step.edge)).toEqual([".back", ".next"]);
  expect(ring.steps[ring.weakest ?? -1]).toBe(cycle[1]);
  expect(ringOf({ cycle, weakest_edge: null }).weakest).toBeNull();
  expect(ringOf({ cycle: [], weakest_edge: null }).steps).toEqual([]);
});
