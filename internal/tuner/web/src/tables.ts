import { h } from "./dom";
import * as format from "./format";
import { sides, sign } from "./lines";
import { moment } from "./time";
import type { Level, LevelResult, SeriesPage, Subject } from "./types";

const rows = 100;

// Tables say in words what the plot shows, for screen readers always, and for everybody on request.
export class Tables {
  private readonly levels = h("tbody");
  private readonly episodes = h("tbody");
  private readonly series = h("tbody");
  private readonly left = h("p", { class: "muted" });
  readonly root: HTMLElement;

  constructor(private readonly subject: Subject) {
    this.root = h("section", { class: "tables sr-only", id: "tables", "aria-label": "The same as tables" },
      table("What each level would have done",
        ["severity", "level", "for", "keepFiringFor", "fires", "a week", "time firing", "longest", "asleep", "series"], this.levels),
      table("The longest episodes", ["severity", "fired", "for", "series"], this.episodes), this.left,
      table("The series, the worst first", ["series", "least", "greatest", "fires"], this.series));
  }

  toggle(): boolean {
    return !this.root.classList.toggle("sr-only");
  }

  show(levels: Level[], results: LevelResult[], name: (series: string | number) => string): void {
    const { unit, timeZone } = this.subject;
    this.levels.replaceChildren(...results.map((r, i) => {
      const l = levels[i] as Level;
      return row(r.severity || "alert", sides(l).map((s) => `${sign(s)} ${format.value(unit, l[s] as number)}`).join(" or ") || "fixed",
        format.duration(l.for), format.duration(l.keepFiringFor), format.count(r.fires), format.rate(r.perWeek), format.roughly(r.firing),
        format.roughly(r.longest), format.count(r.asleep), format.count(r.series));
    }));
    const all = results.flatMap((r) => r.episodes.map((e) => ({ ...e, severity: r.severity, long: e.end - e.start })));
    all.sort((a, b) => b.long - a.long || a.start - b.start);
    this.episodes.replaceChildren(...all.slice(0, rows).map((e) =>
      row(e.severity || "alert", moment(e.start, timeZone), format.roughly(e.long), name(e.series))));
    const left = results.reduce((n, r) => n + r.fires, 0) - Math.min(all.length, rows);
    this.left.textContent = left > 0 ? `${format.count(left)} shorter ones are left out.` : "";
  }

  showSeries(page: SeriesPage): void {
    const written = (v: number): string => (Number.isFinite(v) ? format.rounded(this.subject.unit, v) : "no value");
    this.series.replaceChildren(...page.series.slice(0, rows).map((s) => row(s.name, written(extreme(s.min, Math.min)), written(extreme(s.max, Math.max)), s.fires === null ? "–" : format.count(s.fires))));
  }
}

// extreme is the least or greatest number of those that are there.
export const extreme = (all: (number | null)[], of: (a: number, b: number) => number): number =>
  all.reduce<number>((a, b) => (b === null ? a : Number.isNaN(a) ? b : of(a, b)), NaN);

function table(caption: string, heads: string[], body: HTMLElement): HTMLElement {
  return h("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": caption },
    h("table", {}, h("caption", {}, caption), h("thead", {}, h("tr", {}, ...heads.map((t) => h("th", { scope: "col" }, t)))), body));
}

const row = (first: string, ...rest: string[]): HTMLElement =>
  h("tr", {}, h("th", { scope: "row" }, first), ...rest.map((t) => h("td", {}, t)));
