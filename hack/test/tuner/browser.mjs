// What all scenes share: the browser, the page, and what is read of it.
import assert from "node:assert/strict";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

export const url = process.env.TUNER_URL;
export const limit = 15_000;

export const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-dev-shm-usage"], // CI is root, in a container
});

// newPage opens the tuner and waits until it shows what its levels do. Errors of the page are collected.
export async function newPage(options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 720 }, permissions: ["clipboard-read", "clipboard-write"], ...options });
  context.setDefaultTimeout(limit);
  const page = await context.newPage();
  page.errors = [];
  page.on("pageerror", (e) => page.errors.push(String(e)));
  page.on("console", (m) => m.type() === "error" && page.errors.push(m.text()));
  page.on("dialog", (d) => (page.errors.push(`dialog ${d.message()}`), d.dismiss()));
  await page.goto(options.url ?? url);
  try {
    await shown(page);
  } catch (e) {
    throw new Error(`${e.message}; the page says ${await page.locator("body").innerText()} ${page.errors.join("; ")}`);
  }
  return page;
}

// shown waits for numbers in every card.
export const shown = (page) =>
  page.waitForFunction(() => {
    const all = [...document.querySelectorAll(".card [data-of=fires]")];
    return all.length > 0 && all.every((e) => e.textContent !== "–");
  }, null, { timeout: limit });

export const line = (page, severity, side = "above") => page.getByRole("slider", { name: `${severity} ${side}`, exact: true });
export const slider = (page, severity, key) => page.getByRole("slider", { name: `${severity} ${key}`, exact: true });

// settled waits until the last question is answered: the table for screen readers is written only then.
export async function settled(page) {
  await page.waitForFunction(() => {
    const rows = [...document.querySelectorAll("#tables table:first-of-type tbody tr")].slice(0, document.querySelectorAll(".card").length);
    const cards = [...document.querySelectorAll(".card")];
    return cards.every((c, i) => {
      const cells = rows[i]?.children ?? [];
      return cells[4]?.textContent === c.querySelector("[data-of=fires]").textContent &&
        cells[2].textContent === c.querySelector("[data-key=for]").getAttribute("aria-valuetext") &&
        cells[3].textContent === c.querySelector("[data-key=keepFiringFor]").getAttribute("aria-valuetext") &&
        [...c.querySelectorAll(".number output")].every((o) => cells[1].textContent.includes(o.textContent));
    });
  });
  await page.evaluate(() => new Promise((r) => requestAnimationFrame(() => requestAnimationFrame(r))));
}

// levels reads the table: what is asked, and what came of it.
export async function levels(page) {
  await settled(page);
  return page.evaluate(() => [...document.querySelector("#tables table").tBodies[0].rows].map((r) => {
    const [severity, level, wait, keep, fires, perWeek, firing, longest, asleep, series] = [...r.cells].map((c) => c.textContent);
    return { severity, level, for: wait, keepFiringFor: keep, fires: Number(fires.replaceAll(",", "")), perWeek, firing, longest, asleep, series };
  }));
}

// drag moves a line by so many pixels, a frame at a time.
export async function drag(page, severity, dy, steps = 12) {
  const box = await line(page, severity).boundingBox();
  const [x, y] = [box.x + 120, box.y + box.height / 2];
  await page.mouse.move(x, y);
  await page.mouse.down();
  for (let i = 1; i <= steps; i++) await page.mouse.move(x, y + (dy * i) / steps);
  await page.mouse.up();
}

// answer is what came back after the last scene.
export let answer = "";

const input = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

// play runs the scenes by turns, prints a line of JSON of each, and goes on when a line comes back.
export async function play(scenes) {
  const only = process.env.SCENE;
  try {
    for (const [scene, run] of Object.entries(scenes)) {
      if (only && !only.split(",").includes(scene)) continue;
      let result;
      try {
        result = await run();
      } catch (e) {
        result = { error: e.stack };
      }
      process.stdout.write(JSON.stringify({ scene, ...result }) + "\n");
      answer = (await input.next()).value;
    }
  } finally {
    await browser.close();
    process.exit();
  }
}

// near holds a number to another, with a tolerance.
export const near = (got, want, by, what) => assert.ok(Math.abs(got - want) <= by, `${what} is ${got}, want ${want}`);
