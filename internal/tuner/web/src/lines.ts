import { h, text } from "./dom";
import * as format from "./format";
import { levelStyle } from "./palette";
import type { Plot } from "./plot";
import type { Store } from "./state";
import type { Level } from "./types";

export type Side = "above" | "below";

// sign is how a side is written.
export const sign = (side: Side): string => (side === "above" ? ">" : "<");

// sides are those of a level that have a number to move.
export const sides = (l: Level): Side[] =>
  l.fixed ? [] : (["above", "below"] as Side[]).filter((s) => l[s] !== undefined);

interface Line {
  level: number;
  side: Side;
  root: HTMLElement;
  tag: HTMLElement;
}

// Lines are the levels as lines over the plot and the curve: sliders for the pointer and the keyboard.
export class Lines {
  readonly root = h("div", { class: "lines" });
  selected = 0;
  onSelect: () => void = () => {};
  fires: (level: number) => string = () => "";
  private lines: Line[] = [];
  private drags = 0;

  constructor(private readonly store: Store, private readonly plot: Plot, private readonly unit: string) {
    store.levels.forEach((l, level) => sides(l).forEach((side) => this.add(level, side)));
  }

  // layout puts the lines where their levels are.
  layout(): void {
    const a = this.plot.area;
    const [least, most] = this.plot.bounds;
    Object.assign(this.root.style, { left: `${a.left}px`, top: `${a.top}px`, height: `${a.height}px` });
    this.root.style.setProperty("--plot", `${a.width}px`);
    const placed = this.lines.map((line) => {
      const l = this.store.levels[line.level] as Level;
      const v = l[line.side] as number;
      const y = a.y(v);
      const written = format.value(this.unit, v);
      line.root.style.transform = `translateY(${y}px)`;
      line.root.setAttribute("aria-valuenow", String(v));
      line.root.setAttribute("aria-valuemin", String(Math.min(v, least)));
      line.root.setAttribute("aria-valuemax", String(Math.max(v, most)));
      line.root.setAttribute("aria-valuetext", written + this.fires(line.level));
      line.root.classList.toggle("selected", line.level === this.selected);
      text(line.tag, `${l.severity || "alert"} ${sign(line.side)} ${written}`);
      return { line, y };
    });
    this.spread(placed, a.height);
  }

  // set moves a level's side and selects it.
  set(level: number, side: Side, v: number, gesture: string, settled = true): void {
    if (!Number.isFinite(v)) return;
    this.select(level);
    this.store.set(level, { [side]: v }, gesture, settled);
  }

  select(level: number): void {
    if (level === this.selected) return;
    this.selected = level;
    this.onSelect();
    this.layout();
  }

  // spread keeps tags from lying on each other.
  private spread(placed: { line: Line; y: number }[], height: number): void {
    const room = 22;
    let free = -Infinity;
    const tops = placed.sort((p, q) => p.y - q.y).map(({ y }) => (free = Math.max(free + room, y)));
    let limit = height;
    for (let i = tops.length - 1; i >= 0; i--) limit = (tops[i] = Math.min(tops[i] as number, limit)) - room;
    placed.forEach(({ line, y }, i) => (line.tag.style.top = `${(tops[i] as number) - y}px`));
  }

  private add(level: number, side: Side): void {
    const { color, dash } = levelStyle(level);
    const l = this.store.levels[level] as Level;
    const tag = h("span", { class: "tag" });
    const root = h("div", {
      class: "line", role: "slider", tabindex: 0, "aria-orientation": "vertical", "aria-label": `${l.severity || "alert"} ${side}`,
      "data-level": level, "data-side": side,
    }, dashes(dash), tag);
    root.style.setProperty("--color", color);
    root.addEventListener("focus", () => this.select(level));
    root.addEventListener("keydown", (e) => this.key(e, level, side));
    root.addEventListener("pointerdown", (e) => this.drag(e, e.target === tag ? { level, side, root, tag } : this.nearest(e.clientY)));
    this.lines.push({ level, side, root, tag });
    this.root.append(root);
  }

  // nearest is the line that lies nearest to a height of the screen: lines reach over each other.
  private nearest(y: number): Line {
    const middle = ({ root }: Line): number => root.getBoundingClientRect().top + root.offsetHeight / 2;
    return this.lines.reduce((best, line) => (Math.abs(middle(line) - y) < Math.abs(middle(best) - y) ? line : best));
  }

  private drag(e: PointerEvent, { root, level, side }: Line): void {
    if (e.button !== 0) return;
    e.preventDefault();
    root.focus({ preventScroll: true });
    root.setPointerCapture(e.pointerId);
    const gesture = `drag ${++this.drags}`;
    const area = this.plot.area;
    const value = (this.store.levels[level] as Level)[side] as number;
    const grip = e.clientY - area.y(value);
    let moved = value;
    const move = (m: PointerEvent): void => {
      moved = m.clientY === e.clientY ? value : format.snap(this.unit, this.plot.value(m.clientY - grip), m.shiftKey);
      this.set(level, side, moved, gesture, false);
    };
    const end = (): void => {
      root.removeEventListener("pointermove", move);
      this.set(level, side, moved, gesture);
    };
    root.addEventListener("pointermove", move);
    root.addEventListener("lostpointercapture", end, { once: true });
  }

  private key(e: KeyboardEvent, level: number, side: Side): void {
    const v = (this.store.levels[level] as Level)[side] as number;
    const steps: Record<string, number> = { ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1, PageUp: 10, PageDown: -10 };
    const n = steps[e.key];
    const [least, most] = this.plot.bounds;
    const to = n ? nudge(this.unit, v, n) : e.key === "Home" ? format.snap(this.unit, least) : e.key === "End" ? format.snap(this.unit, most) : undefined;
    if (to === undefined || e.ctrlKey || e.metaKey || e.altKey) return;
    e.preventDefault();
    this.set(level, side, to, `key ${level} ${side}`);
  }
}

// nudge steps a value n times.
export function nudge(unit: string, v: number, n: number): number {
  const direction = n < 0 ? -1 : 1;
  for (let i = 0; i < Math.abs(n); i++) v = format.step(unit, v, direction);
  return v;
}

// dashes draws a level's dash as a line of its own.
export function dashes(dash: number[]): HTMLElement {
  const line = h("span", { class: "dash" });
  let at = 0;
  const stops = dash.flatMap((n, i) => {
    const c = i % 2 === 0 ? "var(--color)" : "transparent";
    return [`${c} ${at}px`, `${c} ${(at += n)}px`];
  });
  line.style.background = dash.length ? `repeating-linear-gradient(90deg, ${stops.join(", ")})` : "var(--color)";
  return line;
}
