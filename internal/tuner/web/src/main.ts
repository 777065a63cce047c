import { ask, samples } from "./api";
import { Banner } from "./banner";
import { h, text } from "./dom";
import * as format from "./format";
import { Page } from "./page";
import "./style.css";
import { restoreTheme } from "./tools";
import type { Progress, SeriesPage, Subject } from "./types";

const banner = new Banner();
const words = h("p", { role: "status" }, "Asking what is to be tuned…");
const bar = h("progress", { max: 1, "aria-label": "samples read" });
const loading = h("main", { class: "loading" }, h("span", { class: "mark" }), h("h1", {}, "Plimsoll tuner"), words, bar);

restoreTheme();
document.body.append(banner.root, loading);
void start();

// start reads the subject, waits for the samples, and makes the page.
async function start(): Promise<void> {
  try {
    const subject = await ask<Subject>("subject");
    document.title = `${subject.namespace}/${subject.name} · Plimsoll tuner`;
    const ready = await samples(progress, (e, again) => banner.show(e, again));
    const width = Math.min(1600, Math.max(300, Math.round(innerWidth * (devicePixelRatio || 1))));
    const series = await ask<SeriesPage>(`series?width=${width}&limit=200&severity=${encodeURIComponent(subject.levels[0]?.severity ?? "")}`);
    const read = await ask<Subject>("subject"); // its notes tell of the samples, too
    loading.remove();
    new Page(read, ready, series, banner);
  } catch (e) {
    banner.show(e as Error, () => void start());
  }
}

function progress(p: Progress): void {
  const left = p.left ? `, about ${format.roughly(Math.ceil(p.left))} left` : "";
  text(words, `${p.phase[0]?.toUpperCase() ?? ""}${p.phase.slice(1)}: ${format.count(p.samples)} samples${left}`);
  bar.value = p.done;
  banner.hide();
}
