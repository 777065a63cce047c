// What is where, in two themes and three widths; and what axe finds.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { levels, line, newPage, shown } from "./browser.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const sizes = [[1280, 720], [768, 1024], [390, 844]];

// structure is what is visible and where.
const structure = (page) => page.evaluate(() => {
  const box = (selector) => [...document.querySelectorAll(selector)].filter((e) => e.checkVisibility()).map((e) => {
    const { left, top, right, bottom } = e.getBoundingClientRect();
    return { left, top: top + scrollY, right, bottom: bottom + scrollY };
  });
  const overflow = [...document.querySelectorAll("button, output, dt, dd, h1, .tag, .verdict, .legend, .readout")]
    .filter((e) => e.checkVisibility() && !e.closest(".sr-only, .series") && e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).display !== "inline")
    .map((e) => e.textContent);
  const parts = Object.fromEntries(["header.top", ".verdict", ".plot", ".curve", ".lanes", ".card", ".series", ".line .tag", "[data-tool=change]", ".step"].map((s) => [s, box(s)]));
  const painted = (selector, from, to) => {
    const c = document.querySelector(selector);
    const ratio = c.width / c.clientWidth;
    const pixels = c.getContext("2d").getImageData(0, from(c.clientHeight) * ratio, c.width, (to(c.clientHeight) - from(c.clientHeight)) * ratio).data;
    return pixels.filter((v, i) => i % 4 === 3 && v > 0).length;
  };
  const ink = {
    series: painted(".plot canvas", () => 20, (height) => height - 40), dates: painted(".plot canvas", (height) => height - 26, (height) => height),
    curve: painted(".curve canvas", () => 20, (height) => height - 40), lanes: painted(".lanes canvas", () => 0, (height) => height),
  };
  return { parts, ink, overflow, width: document.documentElement.scrollWidth };
});

// looks holds every width to the same order, and to no overflow.
export async function looks() {
  for (const colorScheme of ["light", "dark"]) {
    for (const [width, height] of sizes) {
      const page = await newPage({ viewport: { width, height }, colorScheme });
      const name = `${colorScheme} ${width}`;
      await page.waitForFunction(() => document.querySelector(".curve canvas").getAttribute("aria-label").startsWith("Fires of "));
      const { parts, ink, overflow, width: needed } = await structure(page);
      for (const [of, pixels] of Object.entries(ink)) assert.ok(pixels > 300, `${name}: of the ${of}, ${pixels} pixels are painted`);
      assert.ok(needed <= width, `${name}: the page is ${needed} wide`);
      assert.deepEqual(overflow, [], `${name}: cut texts`);
      for (const [part, boxes] of Object.entries(parts)) {
        assert.ok(boxes.length > 0, `${name}: no ${part}`);
        for (const b of boxes) assert.ok(b.left >= 0 && b.right <= width + 0.5 && b.right > b.left && b.bottom > b.top, `${name}: ${part} is at ${JSON.stringify(b)}`);
      }
      const order = ["header.top", ".verdict", ".plot", ".lanes", ".card"].map((p) => parts[p][0]);
      for (let i = 1; i < order.length; i++) assert.ok(order[i].top >= order[i - 1].bottom - 1, `${name}: order of parts at ${i}`);
      const [plot, curve] = [parts[".plot"][0], parts[".curve"][0]];
      assert.ok(curve.left >= plot.right - 1 && Math.abs(curve.top - plot.top) < 1, `${name}: the curve is beside the plot`);
      for (const tag of parts[".line .tag"]) assert.ok(tag.top >= plot.top && tag.bottom <= plot.bottom && tag.left >= plot.left, `${name}: a tag is outside the plot`);
      const tags = parts[".line .tag"];
      assert.ok(Math.abs(tags[0].top - tags[1].top) > 18, `${name}: tags lie on each other`);
      const [first, second] = parts[".card"];
      if (width >= 700) assert.ok(Math.abs(first.top - second.top) < 1 && second.left >= first.right, `${name}: cards are side by side`);
      else assert.ok(second.top >= first.bottom, `${name}: cards are below each other`);
      if (width === 1280) assert.ok(parts[".step"].every((b) => b.bottom < height), `${name}: all is seen at once`);
      const findings = await check(page);
      assert.deepEqual(findings, [], name);
      await page.close();
    }
  }
}

// dark toggles the theme, which a reload keeps.
export async function dark() {
  const page = await newPage({ colorScheme: "light" });
  const brightness = () => page.evaluate(() => {
    const c = document.querySelector(".plot canvas");
    const of = (rgb) => [...rgb].slice(0, 3).reduce((a, b) => a + b, 0) / 3;
    const ink = c.getContext("2d").getImageData(0, 0, c.width, c.height).data;
    return { page: of(getComputedStyle(document.body).backgroundColor.match(/\d+/g).map(Number)), ink: ink.some((v) => v > 0) };
  });
  const light = await brightness();
  assert.ok(light.page > 200 && light.ink, JSON.stringify(light));
  await page.locator("[data-tool=theme]").click();
  assert.ok((await brightness()).page < 60);
  await page.reload();
  await shown(page);
  const kept = await brightness();
  assert.ok(kept.page < 60 && kept.ink);
  await page.close();
}

// readable has axe look at the dialog and the tables too.
export async function readable() {
  const page = await newPage();
  await page.locator("[data-tool=tables]").click();
  assert.ok((await page.locator("#tables").boundingBox()).height > 200);
  assert.deepEqual(await check(page), []);
  await page.locator("[data-tool=change]").click();
  await page.waitForSelector("pre");
  assert.deepEqual(await check(page), []);
  await page.close();
}

// keyboard reaches every control by Tab, and each line says what it is.
export async function keyboard() {
  const page = await newPage();
  const reached = new Set();
  for (let i = 0; i < 60; i++) {
    await page.keyboard.press("Tab");
    reached.add(await page.evaluate(() => document.activeElement.getAttribute("aria-label") ?? document.activeElement.textContent));
  }
  for (const name of ["warning above", "critical above", "warning for", "critical keepFiringFor", "raise warning above", "Take these levels"]) assert.ok(reached.has(name), `Tab does not reach ${name}`);
  const text = await line(page, "warning").getAttribute("aria-valuetext");
  assert.match(text, /^\d+%, fires /);
  await page.close();
}

// touch drags a line on a phone, which must not scroll the page.
export async function touch() {
  const page = await newPage({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
  const before = await levels(page);
  const box = await line(page, "warning").boundingBox();
  const [x, y] = [box.x + 40, box.y + box.height / 2];
  const cdp = await page.context().newCDPSession(page);
  const send = (type, ...touchPoints) => cdp.send("Input.dispatchTouchEvent", { type, touchPoints });
  await send("touchStart", { x, y });
  for (let i = 1; i <= 10; i++) await send("touchMove", { x, y: y + 3 * i });
  await send("touchEnd");
  const after = await levels(page);
  assert.notEqual(after[0].level, before[0].level);
  assert.equal(await page.evaluate(() => scrollY), 0);
  assert.deepEqual(page.errors, []);
  await page.close();
  return { levels: after };
}

async function check(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  return violations.filter((v) => ["serious", "critical"].includes(v.impact)).map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(" ")).join(", ")}`);
}
