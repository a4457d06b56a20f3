import { describe, expect, test } from "vitest";
import { byteRate, bytes, count, duration, shortPath, shown } from "./format";

describe("figures", () => {
  test("bytes have at most three digits, in thousands", () => {
    expect([0, 999, 1000, 9949, 99_500, 999_499, 999_500, 1.2e6, 3.4e11, -5000].map(bytes)).toEqual([
      "0 B", "999 B", "1.0 KB", "9.9 KB", "100 KB", "999 KB", "1.0 MB", "1.2 MB", "340 GB", "-5.0 KB",
    ]);
  });
  test("a rate is told in the unit that makes it a figure to picture", () => {
    expect([3e6, 50_000, 1, 0, -50_000].map(byteRate)).toEqual(["+3.0 MB/s", "+3.0 MB/min", "+3.6 KB/h", "0 B/h", "-3.0 MB/min"]);
  });
  test("counts are grouped, times have the unit that fits", () => {
    expect(count(1234567)).toBe("1\u202f234\u202f567");
    expect([0, 0.25, 3.21, 90, 600, 9000, 260000].map(duration)).toEqual(["0 s", "250 ms", "3.2 s", "90 s", "10.0 min", "2.5 h", "3.0 d"]);
  });
});

describe("names", () => {
  test("paths are told from where the program ran, or from the package", () => {
    expect(shortPath("/srv/app/shop/a.py", "/srv/app")).toBe("shop/a.py");
    expect(shortPath("/x/lib/python3.12/site-packages/aiohttp/web.py", "/srv")).toBe("aiohttp/web.py");
    expect(shortPath("/usr/lib/python3.11/json/decoder.py", "")).toBe("json/decoder.py");
  });
  test("what would turn a line around, or cannot be seen, is written out", () => {
    expect(shown("a\u202eb\u0000c<script>")).toBe("a\\u202eb\\u0000c<script>");
  });
  test("long names keep both ends and no half letters", () => {
    expect(shown("x".repeat(10_000)).length).toBe(200);
    expect(shown("😀".repeat(300), 5)).toBe("😀😀😀…😀");
  });
});
