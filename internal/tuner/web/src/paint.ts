// What is drawn on the plot's canvas, in CSS pixels from the corner of its area.
import * as format from "./format";
import type { Theme } from "./palette";
import { nights } from "./time";
import type { Series, SeriesPage, Subject } from "./types";

// Area is where values are drawn: x and y give a time's and a value's place in it.
export interface Area {
  left: number;
  top: number;
  width: number;
  height: number;
  buckets: number;
  x: (t: number) => number;
  y: (v: number) => number;
}

interface Stroke {
  color: string;
  alpha: number;
  width: number;
}

// paintSeries draws each series as a band from its least to its greatest value in every bucket of time.
export function paintSeries(
  ctx: CanvasRenderingContext2D, a: Area, times: number[], series: Series[], stroke: (i: number) => Stroke,
): void {
  const xs = times.map(a.x);
  const half = (xs[1] ?? 0) - (xs[0] ?? 0);
  ctx.lineJoin = "bevel";
  series.forEach((s, n) => {
    const { color, alpha, width } = stroke(n);
    ctx.strokeStyle = color;
    ctx.globalAlpha = alpha;
    ctx.lineWidth = width;
    ctx.beginPath();
    let pen = false;
    for (let i = 0; i < xs.length; i++) {
      const [min, max] = [s.min[i], s.max[i]];
      if (min == null || max == null) {
        pen = false;
        continue;
      }
      const x = xs[i] as number;
      const [bottom, top] = [a.y(min), a.y(max)];
      if (pen) ctx.lineTo(x, top);
      else ctx.moveTo(x, top);
      ctx.lineTo(x, bottom - top < 0.5 ? top + 0.5 : bottom);
      if (!pen && s.min[i + 1] == null) ctx.lineTo(x + half, bottom); // a bucket alone
      pen = true;
    }
    ctx.stroke();
  });
  ctx.globalAlpha = 1;
}

// paintNights shades the hours in which people sleep.
export function paintNights(ctx: CanvasRenderingContext2D, a: Area, subject: Subject, t: Theme): void {
  const { start, end } = subject.window;
  ctx.fillStyle = t.night;
  if (end - start > 100 * 86400) return;
  for (const [from, to] of nights(start, end, subject.timeZone)) ctx.fillRect(a.x(from), 0, a.x(to) - a.x(from), a.height);
}

// paintGaps hatches the time in which no series has a sample.
export function paintGaps(ctx: CanvasRenderingContext2D, a: Area, page: SeriesPage, subject: Subject, t: Theme): void {
  const { times, series } = page;
  const width = (times[1] ?? subject.window.end) - (times[0] ?? 0);
  const empty = times.map((_, i) => series.every((s) => s.min[i] == null));
  for (let i = 0; i < times.length; i++) {
    if (!empty[i]) continue;
    const from = times[i] as number;
    while (empty[i + 1]) i++;
    const [x, to] = [a.x(from), a.x((times[i] as number) + width)];
    hatch(ctx, x, to, a.height, t);
    const words = "no samples";
    ctx.fillStyle = t.muted;
    ctx.font = "12px system-ui, sans-serif";
    if (ctx.measureText(words).width < to - x - 8) {
      ctx.textAlign = "center";
      ctx.fillText(words, (x + to) / 2, a.height - 8);
    }
  }
}

function hatch(ctx: CanvasRenderingContext2D, from: number, to: number, height: number, t: Theme): void {
  ctx.save();
  ctx.beginPath();
  ctx.rect(from, 0, to - from, height);
  ctx.clip();
  ctx.fillStyle = t.paper;
  ctx.fillRect(from, 0, to - from, height);
  ctx.strokeStyle = t.muted;
  ctx.globalAlpha = 0.35;
  ctx.lineWidth = 1;
  ctx.beginPath();
  for (let x = from - height; x < to; x += 7) {
    ctx.moveTo(x, height);
    ctx.lineTo(x + height, 0);
  }
  ctx.stroke();
  ctx.restore();
}

// paintBuckets draws a histogram's bounds: between two of them, values are guessed.
export function paintBuckets(ctx: CanvasRenderingContext2D, a: Area, subject: Subject, [least, most]: [number, number], t: Theme): void {
  ctx.fillStyle = t.ink;
  ctx.font = "11px system-ui, sans-serif";
  ctx.textAlign = "left";
  let free = Infinity;
  for (const bound of [...(subject.buckets ?? [])].sort((p, q) => p - q)) {
    if (bound < least || bound > most) continue;
    const y = Math.round(a.y(bound)) + 0.5;
    ctx.setLineDash([1, 4]);
    ctx.strokeStyle = t.muted;
    ctx.lineWidth = 1;
    ctx.beginPath();
    ctx.moveTo(0, y);
    ctx.lineTo(a.width, y);
    ctx.stroke();
    if (y > free - 14) continue;
    ctx.strokeStyle = t.paper;
    ctx.lineWidth = 3;
    const words = "bucket " + format.rounded(subject.unit, bound);
    ctx.setLineDash([]);
    ctx.strokeText(words, 4, y - 4);
    ctx.fillText(words, 4, y - 4);
    free = y;
  }
  ctx.setLineDash([]);
}
