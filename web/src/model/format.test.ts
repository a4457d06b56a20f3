import { describe, expect, test } from "vitest";
import { byteRate, bytes, count, duration, shortPath, shown, unitOfRate } from "./format";

describe("figures", () => {
  test("bytes have at most three digits, in thousands", () => {
    expect([0, 999, 1000, 9949, 99_500, 999_499, 999_500, 1.2e6, 3.4e11, -5000].map(bytes)).toEqual([
      "0 B", "999 B", "1.0 KB", "9.9 KB", "100 KB", "999 KB", "1.0 MB", "1.2 MB", "340 GB", "-5.0 KB",
    ]);
  });
  test("rates have the unit that the terminal gives them", () => {
    const told = (perSecond: number, seconds: number) => byteRate(perSecond, unitOfRate(perSecond, seconds));
    expect([told(320_000, 3600), told(53_000, 120), told(53_000, 30), told(20, 7200)]).toEqual(["+320 KB/s", "+3.2 MB/min", "+53 KB/s", "+72 KB/h"]);
    expect([byteRate(0.2), byteRate(0), byteRate(-50_000)]).toEqual(["<1 B/s", "0 B/s", "-50 KB/s"]);
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
