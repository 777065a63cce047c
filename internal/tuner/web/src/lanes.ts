import { canvas, h } from "./dom";
import { levelStyle, theme } from "./palette";
import { gutter, type Plot } from "./plot";
import type { Fired, LevelResult } from "./types";

const row = 26;

// Lanes are the episodes under the plot: what would fire at each level, and under it what really fired.
export class Lanes {
  private readonly canvas = h("canvas", { role: "img", "aria-label": "Episodes" });
  readonly root = h("div", { class: "lanes" }, this.canvas);
  private results: LevelResult[] = [];
  private fired: Fired["episodes"] = [];

  constructor(private readonly plot: Plot) {}

  show(results: LevelResult[]): void {
    this.results = results;
    this.paint();
  }

  showFired(fired: Fired): void {
    this.fired = fired.episodes ?? [];
    this.paint();
  }

  get picture(): HTMLCanvasElement {
    return this.canvas;
  }

  // paint draws a lane for each level, and one for each severity that only fired.
  paint(): void {
    const names = [...new Set([...this.results, ...this.fired].map((r) => r.severity))];
    const a = this.plot.area;
    const ctx = canvas(this.canvas, this.root.clientWidth, names.length * row + 4);
    const t = theme();
    ctx.font = "12px system-ui, sans-serif";
    ctx.textBaseline = "middle";
    names.forEach((name, lane) => {
      const top = lane * row + 4;
      ctx.fillStyle = t.grid;
      ctx.globalAlpha = 0.6;
      ctx.fillRect(gutter, top, a.width, row - 5);
      ctx.globalAlpha = 1;
      ctx.fillStyle = t.muted;
      ctx.textAlign = "right";
      ctx.fillText(cut(ctx, name || "alert", gutter - 12), gutter - 8, top + row / 2 - 2);
      const bar = (from: number, to: number, y: number, height: number): void => {
        const x = a.x(from);
        ctx.fillRect(gutter + x, top + y, Math.max(2, a.x(to) - x), height);
      };
      const { color } = levelStyle(lane);
      ctx.fillStyle = color;
      const episodes = this.results[lane]?.episodes ?? [];
      ctx.globalAlpha = 0.4;
      for (const e of episodes) if (e.pending < e.start) bar(e.pending, e.start, 5, 4);
      ctx.globalAlpha = 0.9;
      for (const e of episodes) bar(e.start, e.end, 1, 12);
      ctx.globalAlpha = 1;
      ctx.fillStyle = t.ink;
      for (const e of this.fired) if (e.severity === name) bar(e.start, e.end, 15, 4);
    });
    this.canvas.setAttribute("aria-label", this.results.map((r) => `${r.severity}: ${r.fires} fires`).join("; "));
  }
}

function cut(ctx: CanvasRenderingContext2D, s: string, width: number): string {
  if (ctx.measureText(s).width <= width) return s;
  while (s && ctx.measureText(s + "…").width > width) s = s.slice(0, -1);
  return s + "…";
}
