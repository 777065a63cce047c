import { h } from "./dom";

// Tool is a button of the header: its words, its key, and what it does.
export interface Tool {
  name: string;
  label: string;
  title: string;
  run: () => void;
}

// tools makes the header's buttons; the last is the way out.
export function tools(all: Tool[]): { root: HTMLElement; get: (name: string) => HTMLButtonElement } {
  const buttons = new Map(all.map((t, i) => [
    t.name,
    h("button", { type: "button", "data-tool": t.name, title: t.title, class: i === all.length - 1 ? "primary" : "", click: t.run }, t.label),
  ]));
  return {
    root: h("div", { class: "tools", role: "toolbar", "aria-label": "Tools" }, ...buttons.values()),
    get: (name) => buttons.get(name) as HTMLButtonElement,
  };
}

// download hands a file to the browser.
export function download(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const a = h("a", { href: url, download: name });
  a.click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

const key = "plimsoll-theme";

// restoreTheme applies what was chosen before; without a choice the system's holds.
export function restoreTheme(): void {
  const chosen = localStorage.getItem(key);
  if (chosen) document.documentElement.dataset.theme = chosen;
}

// toggleTheme changes between light and dark, for this browser.
export function toggleTheme(): void {
  const now = document.documentElement.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  const next = now === "dark" ? "light" : "dark";
  document.documentElement.dataset.theme = next;
  localStorage.setItem(key, next);
}
