import { canvas, h } from "./dom";
import * as format from "./format";
import { levelStyle, theme } from "./palette";
import type { Plot } from "./plot";
import type { Curve as Points } from "./types";

// Curve is fires against level, beside the plot and with its axis of values: a level's line crosses it at its fires.
export class Curve {
  private readonly canvas = h("canvas", { role: "img", "aria-label": "Fires at each level" });
  readonly root = h("div", { class: "curve" }, this.canvas);
  private points?: Points;
  private level = 0;
  private name = "";

  constructor(private readonly plot: Plot, private readonly unit: string, pick: (v: number) => void) {
    this.canvas.addEventListener("click", (e) => {
      const v = this.plot.value(e.offsetY - this.plot.area.top);
      pick(format.snap(this.unit, v));
    });
  }

  show(points: Points | undefined, level: number, name: string): void {
    [this.points, this.level, this.name] = [points, level, name];
    this.paint();
  }

  paint(): void {
    const width = this.root.clientWidth;
    const a = this.plot.area;
    const ctx = canvas(this.canvas, width, this.root.clientHeight);
    if (!this.points?.points.length || !a.height) return;
    const t = theme();
    const { color } = levelStyle(this.level);
    const { points, present, recommended } = this.points;
    const [least, most] = this.plot.bounds;
    const shown = points.filter((p) => p.level >= least && p.level <= most);
    const max = Math.max(1, ...shown.map((p) => p.fires), recommended?.fires ?? 0);
    const left = 12;
    const right = width - 14;
    const x = (fires: number): number => left + (Math.asinh(fires) / Math.asinh(max)) * (right - left);
    const y = (v: number): number => a.top + a.y(v);
    ctx.font = "11px system-ui, sans-serif";
    ctx.textAlign = "center";
    this.grid(ctx, x, max, a.top, a.height);

    ctx.beginPath();
    shown.forEach((p, i) => {
      if (i === 0) ctx.moveTo(x(p.fires), y(p.level));
      else ctx.lineTo(x(p.fires), y(p.level));
    });
    ctx.strokeStyle = color;
    ctx.lineWidth = 2.5;
    ctx.lineJoin = "round";
    ctx.stroke();
    ctx.lineTo(left, y(shown.at(-1)?.level ?? least));
    ctx.lineTo(left, y(shown[0]?.level ?? least));
    ctx.globalAlpha = 0.15;
    ctx.fillStyle = color;
    ctx.fill();
    ctx.globalAlpha = 1;

    const at = (v: number): number => interpolate(points, v);
    if (present !== null && present >= least && present <= most) circle(ctx, x(at(present)), y(present), t.paper, t.ink);
    if (recommended && recommended.level >= least && recommended.level <= most) {
      diamond(ctx, x(recommended.fires), y(recommended.level), "#009e73", t.paper);
    }
    this.canvas.setAttribute("aria-label", this.describe());
  }

  private describe(): string {
    const { points, present, recommended } = this.points as Points;
    const ends = [points[0], points.at(-1)].flatMap((p) => (p ? [`${format.count(p.fires)} fires at ${format.rounded(this.unit, p.level)}`] : []));
    return `Fires of ${this.name} at each level: from ${ends.join(" to ")}` + (present === null ? "" : `; the level is ${format.value(this.unit, present)} now`) +
      (recommended ? `, recommended is ${format.value(this.unit, recommended.level)} with ${format.count(recommended.fires)} fires` : "");
  }

  private grid(ctx: CanvasRenderingContext2D, x: (n: number) => number, max: number, top: number, height: number): void {
    const t = theme();
    let free = -Infinity;
    for (const n of [0, 1, 3, 10, 30, 100, 300, 1000, 3000, 1e4, 3e4, 1e5, 1e6, 1e7].filter((n) => n <= max)) {
      const px = Math.round(x(n)) + 0.5;
      ctx.strokeStyle = t.grid;
      ctx.lineWidth = 1;
      ctx.beginPath();
      ctx.moveTo(px, top);
      ctx.lineTo(px, top + height);
      ctx.stroke();
      const words = n >= 1000 ? `${n / 1000}k` : String(n);
      const width = ctx.measureText(words).width;
      if (px - width / 2 < free + 8) continue;
      ctx.fillStyle = t.muted;
      ctx.fillText(words, px, top + height + 16);
      free = px + width / 2;
    }
    ctx.fillStyle = t.muted;
    ctx.fillText(this.name && x(max) > 120 ? `fires of ${this.name}` : "fires", (x(0) + x(max)) / 2, top + height + 30);
  }
}

// interpolate reads the curve between two points.
export function interpolate(points: { level: number; fires: number }[], v: number): number {
  const i = points.findIndex((p) => p.level >= v);
  const [low, high] = [points[i - 1], points[i]];
  if (!high) return points.at(-1)?.fires ?? 0;
  if (!low || high.level === low.level) return high.fires;
  return low.fires + ((v - low.level) / (high.level - low.level)) * (high.fires - low.fires);
}

function circle(ctx: CanvasRenderingContext2D, x: number, y: number, fill: string, stroke: string): void {
  ctx.beginPath();
  ctx.arc(x, y, 5, 0, 2 * Math.PI);
  ctx.fillStyle = fill;
  ctx.strokeStyle = stroke;
  ctx.lineWidth = 2;
  ctx.fill();
  ctx.stroke();
}

function diamond(ctx: CanvasRenderingContext2D, x: number, y: number, fill: string, stroke: string): void {
  ctx.beginPath();
  ctx.moveTo(x, y - 8);
  ctx.lineTo(x + 8, y);
  ctx.lineTo(x, y + 8);
  ctx.lineTo(x - 8, y);
  ctx.closePath();
  ctx.fillStyle = fill;
  ctx.strokeStyle = stroke;
  ctx.lineWidth = 1.5;
  ctx.fill();
  ctx.stroke();
}
