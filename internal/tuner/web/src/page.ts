import { ask, Latest, type Refused } from "./api";
import type { Banner } from "./banner";
import { Cards } from "./cards";
import { ChangeDialog } from "./change";
import { Curve } from "./curve";
import { h, text } from "./dom";
import * as format from "./format";
import { Lanes } from "./lanes";
import { Lines, sides } from "./lines";
import { picture } from "./picture";
import { Plot, type Hover } from "./plot";
import { SeriesList } from "./serieslist";
import { decode, encode, Store } from "./state";
import { Tables } from "./tables";
import { day, moment, night } from "./time";
import { download, toggleTheme, tools } from "./tools";
import type { Curve as Points, Fired, Level, LevelResult, Ready, Replay, SeriesPage, Subject } from "./types";

// Page is everything that is there once the samples are.
export class Page {
  private readonly store: Store;
  private readonly plot: Plot;
  private readonly lines: Lines;
  private readonly curve: Curve;
  private readonly lanes: Lanes;
  private readonly cards: Cards;
  private readonly tables: Tables;
  private readonly dialog: ChangeDialog;
  private readonly tools: ReturnType<typeof tools>;
  private readonly verdict = h("p", { class: "verdict" });
  private readonly status = h("p", { class: "sr-only", role: "status" });
  private readonly readout = h("p", { class: "readout" });
  private readonly recommended = h("button", { type: "button", class: "recommended", hidden: true, click: () => this.take() });
  private readonly aside = h("p", { class: "aside muted", hidden: true });
  private readonly list: SeriesList;
  private results: LevelResult[] = [];
  private answered: Level[] = []; // those that the results are of
  private before: LevelResult[] = [];
  private moving = false; // a line is dragged
  private points?: Points;
  private asked = "";
  private readonly facts: string;

  private readonly replay = new Latest<Level[], Replay>(
    (levels) => ask("replay", { levels }),
    (a, levels) => this.show(a.levels, levels),
    (e) => {
      document.body.classList.add("stale");
      this.banner.show(e, (e as Refused).status === 400 ? undefined : () => this.replay.ask(this.store.levels));
    });

  private readonly curves = new Latest<{ path: string; level: number }, Points>(
    ({ path }) => ask("curve?" + path),
    (points, q) => this.showCurve(points, q.level),
    (e) => this.banner.show(e, () => ((this.asked = ""), this.askCurve())));

  constructor(private readonly subject: Subject, ready: Ready, private readonly series: SeriesPage, private readonly banner: Banner) {
    const { unit, window, timeZone } = subject;
    this.store = new Store(subject.levels);
    this.plot = new Plot(subject);
    this.lines = new Lines(this.store, this.plot, unit);
    this.lines.fires = (i) => (this.results[i] ? `, fires ${format.times(this.results[i].fires)}` : "");
    this.curve = new Curve(this.plot, unit, (v) => this.pick(v, "curve"));
    this.lanes = new Lanes(this.plot);
    this.cards = new Cards(this.store, this.lines, unit);
    this.tables = new Tables(subject);
    this.list = new SeriesList(unit, (i) => this.plot.light(i));
    this.dialog = new ChangeDialog(subject, this.store, () => this.applied());
    this.tools = this.makeTools();
    const days = format.duration(Math.round((window.end - window.start) / 3600) * 3600);
    this.facts = `${days} until ${moment(window.end, timeZone)} (${timeZone}), every ${format.duration(window.step)} · ${format.count(ready.series)} series, ` +
      `${format.count(ready.samples)} samples, ${format.rounded("Ratio", ready.coverage)} covered`;
    const stage = h("section", { class: "stage", "aria-label": "The signal and its levels" }, this.plot.root, this.curve.root, this.lines.root);
    document.body.append(
      h("header", { class: "top" }, h("span", { class: "mark" }),
        h("div", { class: "title" }, h("h1", {}, `${subject.namespace}/${subject.name}`, ...(subject.alert && subject.alert !== subject.name ? [" ", h("small", {}, subject.alert)] : [])),
          h("code", { title: subject.expr }, subject.expr)), this.tools.root),
      h("main", {}, h("div", { class: "says" }, this.verdict, this.recommended), stage, this.lanes.root, this.legend(), this.readout, this.aside,
        h("div", { class: "below" }, this.cards.root, this.list.root), this.notes(), this.tables.root),
      this.status, this.dialog.root);
    this.wire();
    this.start();
  }

  private start(): void {
    const { series, subject } = this;
    text(this.readout, this.facts);
    this.list.show(series, subject.levels[0]?.above === undefined);
    this.tables.showSeries(series);
    this.readFragment();
    this.plot.log = new URLSearchParams(location.hash.slice(1)).get("scale") === "log";
    this.fit();
    this.plot.show(series);
    this.fit();
    this.tools.get("log").hidden = !this.plot.canLog;
    void ask<Replay>("replay", { levels: this.store.present }).then((a) => {
      this.before = a.levels;
      if (this.store.changed) this.replay.ask(this.store.levels);
      else this.show(a.levels, this.store.levels);
    }, (e: Error) => this.banner.show(e, () => this.start()));
    this.askFired();
    this.changed(true);
  }

  private wire(): void {
    this.plot.onLayout = () => (this.lines.layout(), this.curve.paint(), this.lanes.paint());
    this.plot.onHover = (hover) => this.hover(hover);
    this.lines.onSelect = () => (this.cards.update(), this.askCurve());
    this.store.onChange((settled) => {
      this.replay.ask(this.store.levels);
      this.changed(settled);
    });
    addEventListener("hashchange", () => this.readFragment());
    let size = "";
    new ResizeObserver(() => {
      const next = `${this.plot.root.clientWidth} ${this.plot.root.clientHeight} ${devicePixelRatio}`;
      if (next !== size && size) this.plot.build();
      size = next;
    }).observe(this.plot.root);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.plot.build());
    addEventListener("keydown", (e) => {
      if (!(e.ctrlKey || e.metaKey) || this.dialog.root.open) return;
      const key = e.key.toLowerCase();
      if (key === "z") (e.preventDefault(), e.shiftKey ? this.store.redo() : this.store.undo());
      if (key === "y") (e.preventDefault(), this.store.redo());
    });
  }

  // changed follows the levels; what costs more waits until they settle.
  private changed(settled: boolean): void {
    this.cards.update();
    this.lines.layout();
    this.moving = !settled;
    if (this.moving) return;
    this.fit();
    this.askCurve();
    const fragment = encode(this.store.levels) + (this.plot.log ? "&scale=log" : "");
    if (fragment !== location.hash.slice(1)) history.replaceState(null, "", "#" + fragment);
    this.tools.get("undo").disabled = !this.store.canUndo;
    this.tools.get("redo").disabled = !this.store.canRedo;
    this.tools.get("reset").disabled = !this.store.changed;
    this.settle();
  }

  private fit(): void {
    this.plot.fit(this.store.levels.concat(this.store.present).flatMap((l) => sides(l).map((s) => l[s] as number)));
  }

  private show(results: LevelResult[], levels: Level[]): void {
    this.banner.hide();
    document.body.classList.remove("stale");
    [this.results, this.answered] = [results, levels];
    this.cards.show(results, this.before);
    this.lanes.show(results);
    text(this.verdict, this.sentence());
    this.settle();
  }

  // settle tells screen readers, once the last answer is there.
  private settle(): void {
    if (this.moving || this.answered !== this.store.levels) return;
    this.lines.layout();
    text(this.status, this.sentence());
    this.tables.show(this.answered, this.results, (s) => (typeof s === "number" ? this.series.series[s]?.name ?? String(s) : s));
  }

  private sentence(): string {
    const sum = (all: LevelResult[], of: (r: LevelResult) => number): number => all.reduce((n, r) => n + of(r), 0);
    const { window } = this.subject;
    const fires = sum(this.results, (r) => r.fires);
    const asleep = sum(this.results, (r) => r.asleep);
    const days = Math.round((window.end - window.start) / 86400);
    const nights = asleep ? `, ${format.count(asleep)} at night` : "";
    const over = days > 1 ? `In ${days} days` : `In ${format.duration(window.end - window.start)}`;
    if (!this.store.changed) return `${over}, these levels fire ${format.times(fires)}${nights}.`;
    return `${over}, these levels would fire ${format.times(fires)} instead of ${format.count(sum(this.before, (r) => r.fires))}${nights}.`;
  }

  private askCurve(): void {
    const level = this.lines.selected;
    const l = this.store.levels[level];
    if (!l || !sides(l).length) return this.curve.show(undefined, level, "");
    const path = new URLSearchParams({ severity: l.severity, for: String(l.for), keepFiringFor: String(l.keepFiringFor) }).toString();
    if (path === this.asked) return;
    this.asked = path;
    this.curves.ask({ path, level });
  }

  private showCurve(points: Points, level: number): void {
    this.points = points;
    const l = this.store.levels[level] as Level;
    this.curve.show(points, level, l.severity);
    const r = points.recommended;
    const single = sides(l).length === 1;
    this.recommended.hidden = !r || !single;
    const absent = r || !single ? "" : `None is recommended: ${points.absent ?? ""}`;
    text(this.aside, [absent, points.inexact ?? ""].filter(Boolean).join(" · "));
    this.aside.hidden = !this.aside.textContent;
    if (!r) return;
    text(this.recommended, `◆ ${l.severity || "alert"}: ${format.value(this.subject.unit, r.level)} recommended, fires ${format.times(r.fires)}`);
    this.recommended.title = r.why;
  }

  private take(): void {
    if (this.points?.recommended) this.pick(this.points.recommended.level, "recommended");
  }

  // pick moves the selected level; of two sides the nearer.
  private pick(v: number, gesture: string): void {
    const l = this.store.levels[this.lines.selected] as Level;
    const side = sides(l).sort((p, q) => Math.abs((l[p] as number) - v) - Math.abs((l[q] as number) - v))[0];
    if (side) this.lines.set(this.lines.selected, side, v, `${gesture} ${v}`);
  }

  private askFired(): void {
    ask<Fired>("fired").then((f) => {
      this.lanes.showFired(f);
      const none = f.absent || (f.episodes?.length ? "" : "nothing fired in the window");
      text(document.querySelector("[data-of=fired]") as Element, none ? `What really fired: ${none}` : "really fired");
    }, (e: Error) => this.banner.show(e, () => this.askFired()));
  }

  private hover(at: Hover | null): void {
    const s = at ? this.series.series[at.series] : undefined;
    if (!at) return text(this.readout, this.facts);
    const { unit, timeZone } = this.subject;
    const [least, most] = s ? [s.min[at.index] as number, s.max[at.index] as number] : [0, 0];
    const values = s ? ` · ${s.name}: ${format.rounded(unit, least)}${least === most ? "" : ` to ${format.rounded(unit, most)}`}` : "";
    text(this.readout, moment(at.time, timeZone) + values);
  }

  private readFragment(): void {
    this.store.replace(decode(location.hash, this.store.levels));
  }

  private applied(): void {
    this.store.accept();
    this.before = this.results;
    this.cards.show(this.results, this.before);
    text(this.verdict, this.sentence());
  }

  private legend(): HTMLElement {
    const item = (kind: string, words: string): HTMLElement => h("span", { class: `key ${kind}` }, words);
    return h("p", { class: "legend" }, item("night", `night, ${night.from}:00 to ${night.to}:00`), item("would", "would fire"), item("pending", "pending"),
      h("span", { class: "key fired", "data-of": "fired" }, "really fired"), item("present", "level now"), item("best", "recommended"),
      h("span", {}, "Drag a line, or move it by the arrow keys."));
  }

  private notes(): HTMLElement {
    const { notes, buckets } = this.subject;
    const all = [...(notes ?? []), ...(buckets?.length ? ["Values between two bucket bounds are guessed by Prometheus: a level is best put at a bound."] : [])];
    return h("section", { class: "notes", "aria-label": "Notes", hidden: !all.length }, h("ul", {}, ...all.map((n) => h("li", {}, n))));
  }

  private makeTools(): ReturnType<typeof tools> {
    const { namespace, name, window, timeZone } = this.subject;
    return tools([
      { name: "undo", label: "Undo", title: "Undo (Ctrl-Z)", run: () => this.store.undo() },
      { name: "redo", label: "Redo", title: "Redo (Ctrl-Shift-Z)", run: () => this.store.redo() },
      { name: "reset", label: "Reset", title: "Back to the levels of now", run: () => this.store.replace(this.store.present) },
      { name: "log", label: "Log", title: "Logarithmic axis", run: () => ((this.plot.log = !this.plot.log), this.fit(), this.plot.build(), this.changed(true)) },
      { name: "tables", label: "Tables", title: "The same as tables", run: () => this.tables.toggle() && this.tables.root.scrollIntoView({ behavior: "smooth" }) },
      { name: "png", label: "PNG", title: "The plot as a picture", run: () => void picture(this.subject, this.plot, this.lanes.picture, this.store.levels, this.results)
        .then((b) => b && download(b, `${namespace}-${name}-${day(window.end, timeZone).replaceAll(" ", "-")}.png`)) },
      { name: "theme", label: "◐", title: "Light or dark", run: () => (toggleTheme(), this.plot.build()) },
      { name: "change", label: "Take these levels", title: "Patch, YAML, Apply", run: () => void this.dialog.open() },
    ]);
  }
}
