import { h, text } from "./dom";
import * as format from "./format";
import { extreme } from "./tables";
import type { SeriesPage } from "./types";

// SeriesList names the series, the worst first; a name under the pointer or the focus is lit in the plot.
export class SeriesList {
  private readonly list = h("ol", { tabindex: -1 });
  private readonly title = h("h2", {}, "Series");
  readonly root = h("section", { class: "series", "aria-label": "Series" }, this.title, this.list);

  constructor(private readonly unit: string, private readonly light: (series: number) => void) {}

  show(page: SeriesPage, below: boolean): void {
    text(this.title, page.total > page.series.length ? `${format.count(page.series.length)} worst of ${format.count(page.total)} series` : `${format.count(page.total)} series`);
    this.list.replaceChildren(...page.series.slice(0, 50).map((s, i) => {
      const worst = below ? extreme(s.min, Math.min) : extreme(s.max, Math.max);
      return h("li", {}, h("button", {
        type: "button", title: Object.entries(s.labels).map(([k, v]) => `${k}=${v}`).join("\n"),
        pointerenter: () => this.light(i), pointerleave: () => this.light(-1), focus: () => this.light(i), blur: () => this.light(-1),
      }, h("span", { class: "name" }, s.name || "{}"), h("span", { class: "muted" }, Number.isNaN(worst) ? "no value" : format.rounded(this.unit, worst))));
    }));
  }
}
