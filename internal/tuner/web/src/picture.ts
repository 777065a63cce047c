import * as format from "./format";
import { sides, sign } from "./lines";
import { levelStyle, theme } from "./palette";
import type { Plot } from "./plot";
import { day } from "./time";
import type { Level, LevelResult, Subject } from "./types";

// picture draws the plot with its lines, lanes and numbers, for a pull request.
export function picture(subject: Subject, plot: Plot, lanes: HTMLCanvasElement, levels: Level[], results: LevelResult[]): Promise<Blob | null> {
  const ratio = devicePixelRatio || 1;
  const t = theme();
  const a = plot.area;
  const image = plot.picture as HTMLCanvasElement;
  const [width, height] = [image.width / ratio + 16, image.height / ratio];
  const head = 44;
  const foot = 22 * results.length + 16;
  const e = document.createElement("canvas");
  e.width = width * ratio;
  e.height = (head + height + lanes.height / ratio + foot) * ratio;
  const ctx = e.getContext("2d") as CanvasRenderingContext2D;
  ctx.scale(ratio, ratio);
  ctx.fillStyle = t.paper;
  ctx.fillRect(0, 0, width, e.height / ratio);
  ctx.drawImage(image, 0, head, image.width / ratio, height);
  ctx.drawImage(lanes, 0, head + height, lanes.width / ratio, lanes.height / ratio);

  ctx.textBaseline = "middle";
  ctx.fillStyle = t.ink;
  ctx.font = "600 15px system-ui, sans-serif";
  const { window, timeZone, unit } = subject;
  ctx.fillText(`${subject.namespace}/${subject.name}`, 16, 24);
  ctx.textAlign = "right";
  ctx.font = "12px system-ui, sans-serif";
  ctx.fillStyle = t.muted;
  ctx.fillText(`${day(window.start, timeZone)} – ${day(window.end, timeZone)}, ${timeZone}`, width - 16, 24);

  levels.forEach((l, i) => {
    const { color, dash } = levelStyle(i);
    const r = results[i];
    ctx.strokeStyle = ctx.fillStyle = color;
    ctx.lineWidth = 2;
    ctx.setLineDash(dash);
    for (const side of sides(l)) {
      const y = head + a.top + a.y(l[side] as number);
      ctx.beginPath();
      ctx.moveTo(a.left, y);
      ctx.lineTo(a.left + a.width, y);
      ctx.stroke();
    }
    ctx.setLineDash([]);
    if (!r) return;
    const y = head + height + lanes.height / ratio + 18 + i * 22;
    ctx.fillRect(16, y - 6, 24, 12);
    ctx.textAlign = "left";
    ctx.fillStyle = t.ink;
    const level = sides(l).map((s) => `${sign(s)} ${format.value(unit, l[s] as number)}`).join(" or ");
    ctx.fillText(`${l.severity} ${level} for ${format.duration(l.for)}: fires ${format.times(r.fires)}, ${format.rate(r.perWeek)} a week, ` +
      `${format.roughly(r.firing)} firing, longest ${format.roughly(r.longest)}, ${format.count(r.asleep)} asleep`, 48, y);
  });
  return new Promise((resolve) => e.toBlob(resolve, "image/png"));
}
