// Elements from data. Text is only ever text: labels may hold markup.

type Attributes = Record<string, string | number | boolean | ((e: never) => void) | undefined>;

// h makes an element; attributes that are functions are listeners, true is an attribute without a value.
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K, attributes: Attributes = {}, ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const e = document.createElement(tag);
  for (const [name, v] of Object.entries(attributes)) {
    if (typeof v === "function") e.addEventListener(name, v as EventListener);
    else if (v === true) e.setAttribute(name, "");
    else if (v !== undefined && v !== false) e.setAttribute(name, String(v));
  }
  e.append(...children);
  return e;
}

// text sets an element's text if it changed.
export function text(e: Element, s: string): void {
  if (e.textContent !== s) e.textContent = s;
}

// canvas sizes a canvas for the screen's pixels and returns what draws in CSS pixels.
export function canvas(e: HTMLCanvasElement, width: number, height: number): CanvasRenderingContext2D {
  const ratio = devicePixelRatio || 1;
  e.width = Math.round(width * ratio);
  e.height = Math.round(height * ratio);
  e.style.width = `${width}px`;
  e.style.height = `${height}px`;
  const ctx = e.getContext("2d") as CanvasRenderingContext2D;
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
  return ctx;
}
