// Figures and names for people: as limpet's terminal writes them.

const UNITS = ["B", "KB", "MB", "GB", "TB", "PB"];

// Three digits at most, 1000 bytes a KB: "58 B", "1.2 MB", "340 GB".
export function bytes(value: number): string {
  let amount = Math.abs(value);
  let unit = 0;
  while (amount >= 999.5 && unit < UNITS.length - 1) {
    amount /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || amount >= 9.95 ? 0 : 1;
  return `${value < 0 ? "-" : ""}${amount.toFixed(digits)} ${UNITS[unit]}`;
}

// "1 412": groups of three by thin spaces, so that no reader takes a point for a comma.
export function count(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, "\u202f");
}

// "12 s", "3.5 min", "2.1 h", "4 d".
export function duration(seconds: number): string {
  if (seconds === 0) return "0 s";
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 120) return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  if (seconds < 7200) return `${(seconds / 60).toFixed(1)} min`;
  if (seconds < 172800) return `${(seconds / 3600).toFixed(1)} h`;
  return `${(seconds / 86400).toFixed(1)} d`;
}

export type RateUnit = "s" | "min" | "h";

// The unit of all rates of a report, by its largest one and by how long it ran: the same as in the terminal (src/report/safe_text.h).
export function unitOfRate(perSecond: number, seconds: number): RateUnit {
  if (perSecond >= 100e3 || seconds < 60) return "s";
  return perSecond * 60 >= 10e3 || seconds < 3600 ? "min" : "h";
}

// "+3.2 MB/min"
export function byteRate(perSecond: number, unit: RateUnit = "s"): string {
  const rate = perSecond * { s: 1, min: 60, h: 3600 }[unit];
  if (rate > 0 && rate < 1) return `<1 B/${unit}`;
  return `${rate > 0 ? "+" : ""}${bytes(rate)}/${unit}`;
}

export function percent(share: number): string {
  const value = share * 100;
  return `${value !== 0 && Math.abs(value) < 9.95 ? value.toFixed(1) : Math.round(value)} %`;
}

// The part of a path that tells most: relative to where the program ran, or from site-packages on.
export function shortPath(file: string, directory: string): string {
  if (directory !== "" && file.startsWith(`${directory}/`)) return file.slice(directory.length + 1);
  const packages = /\/(?:site|dist)-packages\/(.*)$/.exec(file);
  if (packages?.[1]) return packages[1];
  const standard = /\/lib\/python3\.\d+\/(.*)$/.exec(file);
  return standard?.[1] ?? file;
}

// Names may be of any length; what is cut stays in the title of the element. Control and direction characters would make a name look
// like another one, so they are shown as what they are.
export function shown(name: string, most = 200): string {
  const safe = name.replace(/[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g, (letter) => {
    return `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
  if (safe.length <= most) return safe;
  const letters = [...safe];
  if (letters.length <= most) return safe;
  const head = Math.ceil((most - 1) * 0.6);
  return `${letters.slice(0, head).join("")}…${letters.slice(letters.length - (most - 1 - head)).join("")}`;
}
