import type { Level } from "./types";

// A run of changes of one control within so many milliseconds is one step to undo.
const gestureGap = 1000;

// Store holds the levels that are tried, and what they were.
export class Store {
  levels: Level[];
  private past: Level[][] = [];
  private future: Level[][] = [];
  private last = { gesture: "", at: -Infinity };
  private listeners: ((settled: boolean) => void)[] = [];

  constructor(public present: Level[], private readonly now: () => number = () => performance.now()) {
    this.levels = present;
  }

  // onChange calls f after every change; settled is false while a line is dragged.
  onChange(f: (settled: boolean) => void): void {
    this.listeners.push(f);
  }

  // set changes a level. Changes with the same gesture are undone together.
  set(i: number, change: Partial<Level>, gesture: string, settled = true): void {
    const level = this.levels[i] as Level;
    if (Object.entries(change).every(([k, v]) => level[k as keyof Level] === v)) {
      if (settled) this.tell(true);
      return;
    }
    const at = this.now();
    if (gesture !== this.last.gesture || at - this.last.at > gestureGap) this.past.push(this.levels);
    this.last = { gesture, at };
    this.future = [];
    this.levels = this.levels.map((l, j) => (j === i ? { ...l, ...change } : l));
    this.tell(settled);
  }

  // replace takes other levels as one step.
  replace(levels: Level[]): void {
    if (encode(levels) === encode(this.levels)) return;
    this.past.push(this.levels);
    this.future = [];
    this.jump(levels);
  }

  // accept makes the levels the present ones: they were applied.
  accept(): void {
    this.present = this.levels;
    this.tell(true);
  }

  get changed(): boolean {
    return encode(this.levels) !== encode(this.present);
  }

  get canUndo(): boolean {
    return this.past.length > 0;
  }

  get canRedo(): boolean {
    return this.future.length > 0;
  }

  undo(): void {
    const levels = this.past.pop();
    if (!levels) return;
    this.future.push(this.levels);
    this.jump(levels);
  }

  redo(): void {
    const levels = this.future.pop();
    if (!levels) return;
    this.past.push(this.levels);
    this.jump(levels);
  }

  private jump(levels: Level[]): void {
    this.levels = levels;
    this.last = { gesture: "", at: -Infinity };
    this.tell(true);
  }

  private tell(settled: boolean): void {
    for (const f of this.listeners) f(settled);
  }
}

// encode writes levels for the URL's fragment: warning=80__300_0 is above, below, for and keepFiringFor.
export function encode(levels: Level[]): string {
  const query = new URLSearchParams();
  for (const l of levels) query.set(l.severity, [l.above ?? "", l.below ?? "", l.for, l.keepFiringFor].join("_"));
  return query.toString();
}

// decode reads a fragment into the levels; what it does not say, or says wrongly, stays as it is.
export function decode(fragment: string, levels: Level[]): Level[] {
  const query = new URLSearchParams(fragment.replace(/^#/, ""));
  return levels.map((l) => {
    const [above, below, wait, keep] = query.get(l.severity)?.split("_") ?? [];
    return {
      ...l,
      ...(l.above !== undefined && { above: number(above, l.above) }),
      ...(l.below !== undefined && { below: number(below, l.below) }),
      for: Math.max(0, number(wait, l.for)),
      keepFiringFor: Math.max(0, number(keep, l.keepFiringFor)),
    };
  });
}

function number(s: string | undefined, otherwise: number): number {
  const n = Number(s);
  return s === undefined || s.trim() === "" || !Number.isFinite(n) ? otherwise : n;
}

const stops = [
  0, 15, 30, 60, 120, 180, 300, 420, 600, 900, 1200, 1800, 2700, 3600, 5400, 7200, 10800, 14400, 21600, 28800, 43200, 86400,
];

// durations are the stops of a slider, with the present one among them.
export const durations = (...present: number[]): number[] => [...new Set([...stops, ...present])].sort((a, b) => a - b);
