// A rule of others: its level moves, and the way out is its changed expression. And one that has no level.
import assert from "node:assert/strict";
import { answer, drag, levels, newPage, play, settled, slider } from "./browser.mjs";

await play({
  "rule": async () => {
    const page = await newPage();
    assert.match(await page.locator("h1").textContent(), /Busy/);
    await drag(page, "page", 10);
    const after = await levels(page);
    await page.locator("[data-tool=change]").click();
    await page.waitForSelector("[data-part=Expression]");
    const says = await page.locator("[data-part=Expression]").textContent();
    assert.equal(await page.locator("[data-act]").count(), 0);
    assert.match(await page.locator(".act").textContent(), /\w+ \w+/);
    assert.deepEqual(page.errors, []);
    await page.close();
    return { says, levels: after };
  },
  "without a level": async () => {
    const page = await newPage({ url: answer });
    assert.match(await page.locator(".card header").textContent(), /no number to move/);
    assert.equal(await page.locator(".line").count(), 0);
    await slider(page, "page", "for").focus();
    await page.keyboard.press("ArrowRight");
    await settled(page);
    assert.equal(await slider(page, "page", "for").getAttribute("aria-valuetext"), "15s");
    const after = await levels(page);
    assert.deepEqual(page.errors, []);
    await page.close();
    return { levels: after };
  },
  "band": async () => {
    const page = await newPage({ url: answer });
    assert.equal(await page.locator(".line").count(), 2);
    const tags = await page.locator(".line .tag").allTextContents();
    assert.ok(tags.some((t) => t.includes("page > ")) && tags.some((t) => t.includes("page < ")), tags.join());
    await page.getByRole("slider", { name: "page below" }).focus();
    await page.keyboard.press("ArrowUp");
    const after = await levels(page);
    assert.match(after[0].level, /^> \S+ or < \S+$/);
    assert.deepEqual(page.errors, []);
    await page.close();
    return { levels: after };
  },
});
