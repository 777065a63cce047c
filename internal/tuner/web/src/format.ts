// How values, durations and counts are written for people, as package unit does; and how a level steps.

const byteSuffixes: [string, number][] = [
  ["Ei", 2 ** 60], ["Pi", 2 ** 50], ["Ti", 2 ** 40], ["Gi", 2 ** 30], ["Mi", 2 ** 20], ["Ki", 2 ** 10],
  ["E", 1e18], ["P", 1e15], ["T", 1e12], ["G", 1e9], ["M", 1e6], ["k", 1e3],
];

// value writes a value of a unit exactly.
export function value(unit: string, v: number): string {
  switch (unit) {
    case "Seconds":
      return seconds(v);
    case "Percent":
      return decimal(v) + "%";
    case "Ratio":
      return decimal(Number((v * 100).toPrecision(12))) + "%";
    case "PerSecond":
      return decimal(v) + "/s";
    case "USD":
      return "$" + decimal(v);
    case "Bytes":
      return bytes(v);
    default:
      return decimal(v);
  }
}

// rounded writes a value with so many significant digits at most.
export function rounded(unit: string, v: number, digits = 3): string {
  const size = scale(unit, v);
  return value(unit, Number((v / size).toPrecision(digits)) * size);
}

// duration writes seconds as Prometheus does: 1h30m, 0s.
export function duration(s: number): string {
  let ms = Math.round(s * 1000);
  if (ms === 0) return "0s";
  let text = "";
  for (const [name, size, exact] of [
    ["y", 31536e6, true], ["w", 6048e5, true], ["d", 864e5], ["h", 36e5], ["m", 6e4], ["s", 1e3], ["ms", 1],
  ] as [string, number, boolean?][]) {
    if (exact && ms % size !== 0) continue;
    const n = Math.floor(ms / size);
    if (n > 0) text += n + name;
    ms -= n * size;
  }
  return text;
}

// roughly writes seconds by their two greatest parts: 3d4h.
export function roughly(s: number): string {
  const size = s >= 86400 ? 3600 : s >= 3600 ? 60 : 1;
  return duration(Math.round(s / size) * size);
}

// count writes a whole number with separators.
export const count = (n: number): string => n.toLocaleString("en");

// rate writes a number with one decimal where it is small.
export const rate = (n: number): string => (n >= 10 ? count(Math.round(n)) : decimal(Math.round(n * 10) / 10));

// times writes how often: never, once, twice, 3 times.
export const times = (n: number): string => (n === 0 ? "never" : n === 1 ? "once" : n === 2 ? "twice" : `${count(n)} times`);

// step is the next value with two significant digits, up (+1) or down (-1).
export function step(unit: string, v: number, direction: 1 | -1): number {
  const size = scale(unit, v);
  const grid = gridAt(v / size, direction);
  const at = v / size / grid;
  const next = direction > 0 ? Math.floor(at + 1e-9) + 1 : Math.ceil(at - 1e-9) - 1;
  return clean(next * grid) * size;
}

// snap is the nearest value with two significant digits, or three between that and ten times it where fine is set.
export function snap(unit: string, v: number, fine = false): number {
  const size = scale(unit, v);
  return Number((v / size).toPrecision(fine ? 3 : 2)) * size;
}

// decades are round values for a logarithmic axis.
export function decades(least: number, most: number): number[] {
  const of = (digits: number[]): number[] => {
    const all: number[] = [];
    for (let power = Math.floor(Math.log10(least)); 10 ** power <= most; power++) all.push(...digits.map((d) => clean(d * 10 ** power)));
    return all.filter((v) => v >= least && v <= most);
  };
  return [[1], [1, 3], [1, 2, 5], [1, 1.5, 2, 3, 4, 5, 6, 8]].map(of).find((all) => all.length >= 5) ?? of([1, 1.5, 2, 2.5, 3, 3.5, 4, 5, 6, 7, 8, 9]);
}

// gridAt is the distance of values with two digits at v; going down from a power of ten it is that of the ones below.
function gridAt(v: number, direction: 1 | -1): number {
  const size = Math.abs(v);
  if (size === 0) return 0.01;
  let power = Math.floor(Math.log10(size) + 1e-9);
  const shrinks = direction < 0 === v > 0;
  if (shrinks && Math.abs(size / 10 ** power - 1) < 1e-9) power--;
  return 10 ** (power - 1);
}

const clean = (v: number): number => Number(v.toPrecision(12));

// scale is what a value is divided by before it is rounded: the greatest power of 1024 in Bytes.
function scale(unit: string, v: number): number {
  if (unit !== "Bytes") return 1;
  return byteSuffixes.find(([suffix, size]) => suffix.endsWith("i") && Math.abs(v) >= size)?.[1] ?? 1;
}

function decimal(v: number): string {
  const text = String(v);
  return text.includes("e") ? v.toLocaleString("en", { useGrouping: false, maximumSignificantDigits: 17 }) : text;
}

function seconds(v: number): string {
  const ms = Math.round(v * 1000);
  const exact = Math.abs(v * 1000 - ms) < 1e-6;
  return exact && ((ms > 0 && v < 1) || v >= 60) ? duration(v) : decimal(v) + "s";
}

function bytes(v: number): string {
  for (const [suffix, size] of byteSuffixes) {
    const text = decimal(v / size);
    const decimals = text.split(".")[1] ?? "";
    const whole = Math.abs(v) / size;
    if (whole >= 1 && whole < 1e4 && decimals.length <= 2 && Number(text) * size === v) return text + suffix;
  }
  return decimal(v);
}
