import { h, text } from "./dom";
import * as format from "./format";
import { dashes, nudge, sides, sign, type Lines, type Side } from "./lines";
import { levelStyle } from "./palette";
import { durations, type Store } from "./state";
import type { Level, LevelResult } from "./types";

interface Card {
  root: HTMLElement;
  update(l: Level, present: Level): void;
  show(now: LevelResult | undefined, before: LevelResult | undefined): void;
}

// Cards are the levels: their numbers to change, and what each would have done.
export class Cards {
  readonly root = h("section", { class: "cards", "aria-label": "Levels" });
  private cards: Card[];

  constructor(private readonly store: Store, private readonly lines: Lines, private readonly unit: string) {
    this.cards = store.levels.map((l, i) => this.card(l, i));
    this.root.append(...this.cards.map((c) => c.root));
    this.update();
  }

  // update shows the levels.
  update(): void {
    this.cards.forEach((c, i) => {
      c.update(this.store.levels[i] as Level, this.store.present[i] as Level);
      c.root.classList.toggle("selected", i === this.lines.selected && this.cards.length > 1);
    });
  }

  // show shows what they would have done, and what the present ones did.
  show(now: LevelResult[], before: LevelResult[]): void {
    this.cards.forEach((c, i) => c.show(now[i], before[i]));
  }

  private card(level: Level, i: number): Card {
    const { color, dash } = levelStyle(i);
    const name = level.severity || "alert";
    const numbers = sides(level).map((side) => this.number(name, i, side));
    const sliders = (["for", "keepFiringFor"] as const).map((key) => this.slider(name, i, key));
    const fires = h("strong", { class: "fires", "data-of": "fires" }, "–");
    const noun = h("span", {}, "fires");
    const delta = h("span", { class: "delta" });
    const stats = (["perWeek", "firing", "longest", "asleep"] as const).map((key) => {
      const dd = h("dd", { "data-of": key }, "–");
      return { key, dd, row: h("div", {}, h("dt", {}, labels[key]), dd) };
    });
    const note = h("p", { class: "note", hidden: true });
    const root = h("article", { class: "card", "data-severity": level.severity, focusin: () => this.lines.select(i), pointerdown: () => this.lines.select(i) },
      h("header", {}, dashes(dash), h("h2", {}, name),
        ...(numbers.length ? numbers.map((n) => n.root) : [h("span", { class: "muted" }, "no number to move")])),
      h("div", { class: "told" }, h("p", { class: "total" }, fires, " ", noun, " ", delta),
        h("dl", {}, ...stats.map((s) => s.row))),
      note,
      h("div", { class: "sliders" }, ...sliders.map((s) => s.root)));
    root.style.setProperty("--color", color);
    return {
      root,
      update: (l, present) => {
        numbers.forEach((n) => n.update(l, present));
        sliders.forEach((s) => s.update(l, present));
      },
      show: (now, before) => {
        text(fires, now ? format.count(now.fires) : "–");
        text(noun, now?.fires === 1 ? "fire" : "fires");
        const change = now && before ? now.fires - before.fires : 0;
        text(delta, change === 0 || !before ? "" : `${change > 0 ? "↑" : "↓"} from ${format.count(before.fires)}`);
        text(note, now?.note ?? "");
        note.hidden = !now?.note;
        delta.className = `delta ${change > 0 ? "more" : "less"}`;
        for (const { key, dd } of stats) text(dd, now ? told[key](now) : "–");
      },
    };
  }

  // number is a level's side with a button to each side of it.
  private number(name: string, i: number, side: Side): { root: HTMLElement; update(l: Level, present: Level): void } {
    const output = h("output", { "data-level": `${i} ${side}` });
    const was = h("span", { class: "was" });
    const step = (n: 1 | -1): void => {
      const v = (this.store.levels[i] as Level)[side] as number;
      this.lines.set(i, side, nudge(this.unit, v, n), `button ${i} ${side}`);
    };
    const button = (n: 1 | -1): HTMLElement =>
      h("button", { type: "button", class: "step", "aria-label": `${n > 0 ? "raise" : "lower"} ${name} ${side}`, click: () => step(n) }, n > 0 ? "+" : "−");
    return {
      root: h("span", { class: "number" }, was, button(-1), output, button(1)),
      update: (l, present) => {
        text(output, `${sign(side)} ${format.value(this.unit, l[side] as number)}`);
        text(was, l[side] === present[side] ? "" : `was ${format.value(this.unit, present[side] as number)}`);
      },
    };
  }

  // slider is a duration, with stops that people would choose.
  private slider(name: string, i: number, key: "for" | "keepFiringFor"): { root: HTMLElement; update(l: Level, present: Level): void } {
    let stops: number[] = [];
    const input = h("input", {
      type: "range", min: 0, step: 1, "aria-label": `${name} ${key}`, "data-key": key,
      input: () => this.store.set(i, { [key]: stops[Number(input.value)] ?? 0 }, `${key} ${i}`, false),
      change: () => this.store.set(i, { [key]: stops[Number(input.value)] ?? 0 }, `${key} ${i}`),
    });
    const output = h("output");
    return {
      root: h("label", { class: "slider" }, h("span", {}, key), input, output),
      update: (l, present) => {
        stops = durations(l[key], present[key]);
        const at = stops.indexOf(l[key]);
        input.max = String(stops.length - 1);
        input.value = String(at);
        input.setAttribute("aria-valuetext", format.duration(l[key]));
        input.style.setProperty("--part", `${(at / (stops.length - 1)) * 100}%`);
        text(output, format.duration(l[key]) + (l[key] === present[key] ? "" : ` (was ${format.duration(present[key])})`));
      },
    };
  }
}

const labels = { perWeek: "a week", firing: "time firing", longest: "longest", asleep: "asleep" };

const told: Record<keyof typeof labels, (r: LevelResult) => string> = {
  perWeek: (r) => format.rate(r.perWeek),
  firing: (r) => format.roughly(r.firing),
  longest: (r) => format.roughly(r.longest),
  asleep: (r) => format.count(r.asleep),
};
