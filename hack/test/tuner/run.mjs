// The scenes of the page, in the order in which a person might do them. tuner_test.go compares what they saw.
import assert from "node:assert/strict";
import { answer, drag, levels, line, newPage, play, shown, slider } from "./browser.mjs";
import { dark, keyboard, looks, readable, touch } from "./looks.mjs";
import { markup, otherOrigin, withoutToken } from "./hostile.mjs";

let page;
let before;

await play({
  "first picture": async () => {
    page = await newPage();
    assert.match(await page.locator("h1").textContent(), /^ai\/cpu/);
    assert.match(await page.locator(".readout").textContent(), /28d|4w/);
    assert.match(await page.locator(".readout").textContent(), /% covered/);
    before = await levels(page);
    return { levels: before };
  },

  "drag": async () => {
    await drag(page, "warning", -10);
    const after = await levels(page);
    assert.notEqual(after[0].level, before[0].level);
    assert.equal(after[1].level, before[1].level);
    return { levels: after };
  },

  "drag the other": async () => {
    await drag(page, "critical", 6);
    const after = await levels(page);
    assert.notEqual(after[1].level, before[1].level);
    return { levels: after };
  },

  "impossible levels": async () => {
    await drag(page, "warning", -200);
    await page.waitForSelector(".banner:not([hidden])");
    const says = await page.locator(".banner p").textContent();
    await page.keyboard.press("Control+z");
    assert.match(says, /must /);
    await page.waitForSelector(".banner", { state: "hidden" });
    return { says, levels: await levels(page) };
  },

  "arrow keys": async () => {
    await line(page, "warning").focus();
    const from = Number(await line(page, "warning").getAttribute("aria-valuenow"));
    for (let i = 0; i < 3; i++) await page.keyboard.press("ArrowDown");
    const to = Number(await line(page, "warning").getAttribute("aria-valuenow"));
    assert.equal(to, from - 3, "three steps of two digits");
    return { levels: await levels(page) };
  },

  "undo": async () => {
    const now = await levels(page);
    await page.keyboard.press("Control+z");
    assert.notDeepEqual(await levels(page), now);
    await page.keyboard.press("Control+Shift+Z");
    assert.deepEqual(await levels(page), now);
    return { levels: now };
  },

  "for": async () => {
    const input = slider(page, "warning", "for");
    await input.focus();
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowRight");
    const after = await levels(page);
    assert.equal(after[0].for, "10m");
    return { levels: after };
  },

  "keepFiringFor": async () => {
    const box = await slider(page, "critical", "keepFiringFor").boundingBox();
    await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2);
    const after = await levels(page);
    assert.notEqual(after[1].keepFiringFor, before[1].keepFiringFor);
    return { levels: after };
  },

  "reload": async () => {
    const now = await levels(page);
    const fragment = new URL(page.url()).hash;
    await page.reload();
    await shown(page);
    assert.equal(new URL(page.url()).hash, fragment);
    assert.deepEqual(await levels(page), now);
    return { levels: now };
  },

  "no answer": async () => {
    const now = await levels(page);
    await page.context().setOffline(true);
    await line(page, "warning").focus();
    await page.keyboard.press("ArrowUp");
    await page.waitForSelector(".banner:not([hidden])");
    const says = await page.locator(".banner p").textContent();
    assert.match(says, /still running/);
    assert.equal(await page.locator("body.stale").count(), 1);
    await page.context().setOffline(false);
    await page.locator(".banner button").click();
    await page.waitForSelector("body:not(.stale)");
    const after = await levels(page);
    assert.notEqual(after[0].level, now[0].level);
    return { says, levels: after };
  },

  "curve": async () => {
    await line(page, "critical").focus();
    await page.waitForFunction(() => document.querySelector(".curve canvas").getAttribute("aria-label").includes("critical"));
    const says = await page.locator("button.recommended").textContent();
    await page.locator("button.recommended").click();
    const after = await levels(page);
    const fires = says.match(/: (\S+) recommended, fires (never|once|twice|[\d,]+ times)/);
    assert.equal(after[1].level, `> ${fires[1]}`);
    assert.equal(after[1].fires, { never: 0, once: 1, twice: 2 }[fires[2]] ?? Number(fires[2].replace(/\D/g, "")), says);
    await page.keyboard.press("Control+z");
    return { says, levels: await levels(page) };
  },

  "really fired": async () => {
    await page.waitForFunction(() => document.querySelector("[data-of=fired]").textContent === "really fired");
    const ink = await page.evaluate(() => {
      const c = document.querySelector(".lanes canvas");
      const ratio = c.width / c.clientWidth;
      const pixels = c.getContext("2d").getImageData(64 * ratio, 20 * ratio, c.width - 254 * ratio, 3 * ratio).data;
      const [r, g, b] = getComputedStyle(document.documentElement).getPropertyValue("--ink").match(/\w\w/g).map((x) => parseInt(x, 16));
      let n = 0;
      for (let i = 0; i < pixels.length; i += 4) if (pixels[i] === r && pixels[i + 1] === g && pixels[i + 2] === b) n++;
      return n;
    });
    assert.ok(ink > 0, "no band of what really fired");
  },

  "picture": async () => {
    const [download] = await Promise.all([page.waitForEvent("download"), page.locator("[data-tool=png]").click()]);
    assert.match(download.suggestedFilename(), /^ai-cpu-.*\.png$/);
    const stream = await download.createReadStream();
    const chunks = [];
    for await (const c of stream) chunks.push(c);
    const bytes = Buffer.concat(chunks);
    assert.equal(bytes.toString("latin1", 1, 4), "PNG");
    assert.ok(bytes.readUInt32BE(16) > 900 && bytes.readUInt32BE(20) > 300, "it is too small");
  },

  "copy": async () => {
    const now = await levels(page);
    await page.locator("[data-tool=change]").click();
    await page.getByRole("button", { name: "copy Patch" }).click();
    const patch = await page.evaluate(() => navigator.clipboard.readText());
    await page.getByRole("button", { name: "copy Command" }).click();
    const command = await page.evaluate(() => navigator.clipboard.readText());
    return { levels: now, patch, command };
  },

  "apply after another": async () => {
    await page.locator("[data-act=dry-run]").click();
    await page.waitForSelector(".result .error");
    const says = await page.locator(".result .error").textContent();
    assert.match(says, /changed/);
    await page.keyboard.press("Escape");
    return { says };
  },

  "apply": async () => {
    await page.close();
    page = await newPage({ url: answer });
    await line(page, "critical").focus();
    await page.keyboard.press("ArrowUp");
    const now = await levels(page);
    await page.locator("[data-tool=change]").click();
    await page.locator("[data-act=dry-run]").click();
    await page.locator("[data-act=apply]").click();
    await page.waitForFunction(() => document.querySelector(".result").textContent.startsWith("Applied"));
    await page.keyboard.press("Escape");
    assert.equal(await page.locator("[data-tool=reset]").isDisabled(), true);
    return { levels: now };
  },

  "markup": () => markup(page),
  "no errors": async () => {
    const errors = page.errors.filter((e) => !/status of (400|409|404)|ERR_INTERNET_DISCONNECTED/.test(e));
    await page.close();
    assert.deepEqual(errors, []);
  },
  "another browser without the token": withoutToken,
  "another origin": otherOrigin,
  "looks": looks,
  "dark and light": dark,
  "readable": readable,
  "keyboard alone": keyboard,
  "touch": touch,
});
