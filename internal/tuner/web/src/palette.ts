// Colours that the colour-blind tell apart (Okabe and Ito), each with a dash of its own.

export interface Style {
  color: string;
  dash: number[];
}

// Levels from the least severe; black text is readable on each.
const styles: Style[] = [
  { color: "#e69f00", dash: [7, 4] },
  { color: "#d55e00", dash: [] },
  { color: "#cc79a7", dash: [2, 3] },
  { color: "#56b4e9", dash: [10, 3, 2, 3] },
  { color: "#009e73", dash: [4, 4] },
];

export const levelStyle = (i: number): Style => styles[i % styles.length] as Style;

// Theme is what is drawn on a canvas; the rest is CSS.
export interface Theme {
  ink: string;
  muted: string;
  grid: string;
  paper: string;
  series: string;
  worst: string;
  night: string;
}

// theme reads the page's colours.
export function theme(): Theme {
  const css = getComputedStyle(document.documentElement);
  const get = (name: string): string => css.getPropertyValue(name).trim();
  return {
    ink: get("--ink"), muted: get("--muted"), grid: get("--grid"), paper: get("--paper"),
    series: get("--series"), worst: get("--worst"), night: get("--night"),
  };
}
