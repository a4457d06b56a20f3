import { expect, test } from "vitest";
import { formatHash, parseHash, withParams } from "./url_state";

test("an address that was written is read as it was", () => {
  for (const hash of ["#", "#sites", "#sites?q=a%26b%3D%3C&window=1-2"]) expect(formatHash(parseHash(hash))).toBe(hash);
});

test("parameters are set and taken away", () => {
  const state = parseHash("#sites?measure=grown&q=x");
  expect(formatHash(withParams(state, { q: "", unit: "objects" }))).toBe("#sites?measure=grown&unit=objects");
  expect(withParams(state, {}, "time").view).toBe("time");
});

test("what is no view's name is none", () => {
  expect(parseHash("#<script>").view).toBe("");
  expect(parseHash("").view).toBe("");
});
