import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { canvas, h } from "./dom";
import * as format from "./format";
import { paintBuckets, paintGaps, paintNights, paintSeries, type Area } from "./paint";
import { theme } from "./palette";
import { date, zone } from "./time";
import type { SeriesPage, Subject } from "./types";

// gutter is the width of the axis of values; lanes below the plot begin behind it.
export const gutter = 64;
const padding: [number, number, number, number] = [14, 0, 0, 0];

export interface Hover {
  time: number;
  series: number;
  index: number;
}

// Plot is the signal over the window. It is painted when its data, size or theme change, not while a level moves.
export class Plot {
  readonly root = h("div", { class: "plot", role: "img", "aria-label": "The series over the window; the tables have their numbers" });
  onHover: (hover: Hover | null) => void = () => {};
  onLayout: () => void = () => {};
  log = false;
  private page: SeriesPage = { series: [], times: [], total: 0 };
  private range: [number, number] = [0, 1];
  private extent: [number, number] = [0, 1];
  private u?: uPlot;
  private readonly highlight = h("canvas", { class: "highlight" });
  private lit = -1;

  constructor(private readonly subject: Subject) {}

  // show takes the series, which then are the plot's until the next.
  show(page: SeriesPage): void {
    this.page = page;
    let [least, most] = [Infinity, -Infinity];
    for (const s of page.series) {
      for (const v of s.min) if (v !== null && v < least) least = v;
      for (const v of s.max) if (v !== null && v > most) most = v;
    }
    this.extent = least <= most ? [least, most] : [Infinity, -Infinity];
    this.build();
  }

  // canLog says whether the values have a logarithm.
  get canLog(): boolean {
    return this.extent[0] > 0 && this.extent[0] < Infinity;
  }

  // fit makes the range hold the data and the levels; it says whether that changed it.
  fit(levels: number[]): boolean {
    const all = [...this.extent, ...levels].filter(Number.isFinite);
    let least = all.length ? Math.min(...all) : 0;
    let most = all.length ? Math.max(...all) : 1;
    if (this.log && least > 0) {
      [least, most] = [least / 1.2, most * 1.3];
    } else {
      const room = (most - least || Math.abs(most) || 1) * 0.08;
      least = least >= 0 && least <= most * 0.7 ? 0 : least - room;
      most += room;
    }
    if (least === this.range[0] && most === this.range[1]) return false;
    this.range = [least, most];
    this.u?.setScale("y", { min: least, max: most });
    return true;
  }

  // build makes the plot for the root's width and height.
  build(): void {
    this.u?.destroy();
    const t = theme();
    const font = "12px system-ui, sans-serif";
    const axis = { stroke: t.muted, font, grid: { stroke: t.grid, width: 1 }, ticks: { stroke: t.grid, width: 1, size: 5 } };
    const { timeZone, unit, window } = this.subject;
    this.u = new uPlot({
      width: this.root.clientWidth, height: this.root.clientHeight, padding,
      tzDate: (at) => uPlot.tzDate(new Date(at * 1000), zone(timeZone)),
      legend: { show: false },
      cursor: { drag: { x: false, y: false }, y: false, points: { show: false } },
      scales: {
        x: { time: true, range: [window.start, window.end] },
        y: { distr: this.log && this.canLog ? 3 : 1, range: () => this.range },
      },
      axes: [
        { ...axis, size: 34, space: 70, values: (u, at, _, __, step) => at.map((t) => (u.valToPos(t, "x") > u.width - gutter - 20 ? "" : date(t, timeZone, step))) },
        { ...axis, size: gutter, ...(this.log && this.canLog && { splits: () => format.decades(...this.range) }), values: (_, at) => at.map((v) => (v === null ? "" : format.rounded(unit, v))) },
      ],
      series: [{}, { paths: () => null, points: { show: false } }],
      hooks: { draw: [() => this.paint()], setCursor: [() => this.hover()] },
    }, [this.page.times, this.page.times.map(() => null)], this.root);
    this.u.over.append(this.highlight);
    this.light(this.lit);
  }

  // area is where values are drawn, in CSS pixels of the root.
  get area(): Area {
    const o = this.u?.over;
    const [min, max] = this.range;
    const { start, end } = this.subject.window;
    return {
      left: gutter, top: padding[0], width: o?.clientWidth ?? 0, height: o?.clientHeight ?? 0,
      x: (t) => ((t - start) / (end - start)) * (o?.clientWidth ?? 0),
      y: (v) => this.u?.valToPos(Math.min(Math.max(v, min), max), "y") ?? 0,
      buckets: this.page.times.length,
    };
  }

  // value is what lies at a height of the area, within the range.
  value(y: number): number {
    const v = this.u?.posToVal(y, "y") ?? 0;
    return Math.min(Math.max(v, this.range[0]), this.range[1]);
  }

  get bounds(): [number, number] {
    return this.range;
  }

  // picture is the canvas that was painted.
  get picture(): HTMLCanvasElement | undefined {
    return this.u?.ctx.canvas;
  }

  // light draws one series over the others; -1 is none.
  light(series: number): void {
    this.lit = series;
    const a = this.area;
    const ctx = canvas(this.highlight, a.width, a.height);
    const s = this.page.series[series];
    if (s) paintSeries(ctx, a, this.page.times, [s], () => ({ color: theme().ink, alpha: 1, width: 1.5 }));
  }

  private paint(): void {
    const u = this.u;
    if (!u) return this.later();
    const { ctx, bbox } = u;
    const ratio = devicePixelRatio || 1;
    const a = this.area;
    const t = theme();
    const { page, subject } = this;
    ctx.save();
    ctx.setTransform(ratio, 0, 0, ratio, bbox.left, bbox.top);
    ctx.beginPath();
    ctx.rect(0, 0, a.width, a.height);
    ctx.clip();
    paintNights(ctx, a, subject, t);
    paintGaps(ctx, a, page, subject, t);
    const n = page.series.length;
    const alpha = Math.min(0.8, Math.max(0.1, 6 / n));
    paintSeries(ctx, a, page.times, [...page.series].reverse(), (i) =>
      i === n - 1 ? { color: t.worst, alpha: 0.95, width: 1.25 } : { color: t.series, alpha, width: 1 });
    paintBuckets(ctx, a, subject, this.range, t);
    ctx.restore();
    this.onLayout();
  }

  // later: uPlot paints first while it is made.
  private later(): void {
    queueMicrotask(() => this.u && this.u.redraw(false, false));
  }

  private hover(): void {
    const { u, page } = this;
    const index = u?.cursor.idx;
    const top = u?.cursor.top ?? -1;
    if (!u || index === null || index === undefined || top < 0) return this.onHover(null);
    let [series, best] = [-1, Infinity];
    page.series.forEach((s, i) => {
      const [low, high] = [s.min[index], s.max[index]];
      if (low == null || high == null) return;
      const [bottom, upper] = [u.valToPos(low, "y"), u.valToPos(high, "y")];
      const distance = top > bottom ? top - bottom : top < upper ? upper - top : 0;
      if (distance < best) [series, best] = [i, distance];
    });
    if (best > 30) series = -1;
    if (series !== this.lit) this.light(series);
    this.onHover({ time: page.times[index] as number, series, index });
  }
}
