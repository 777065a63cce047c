// The page while Prometheus is away: a sentence and a way to try again, and then the picture.
import assert from "node:assert/strict";
import { browser, levels, limit, play, shown, url } from "./browser.mjs";

let page;

await play({
  "failed": async () => {
    page = await browser.newPage();
    await page.goto(url);
    await page.waitForSelector(".banner:not([hidden])", { timeout: 4 * limit });
    const says = await page.locator(".banner p").textContent();
    assert.match(says, /\w+ \w+ \w+/);
    assert.equal(await page.locator(".card").count(), 0);
    return { says };
  },
  "tried again": async () => {
    await page.locator(".banner button").click();
    await shown(page);
    assert.equal(await page.locator(".banner").isVisible(), false);
    return { levels: await levels(page) };
  },
});
