// Ten thousand series: the worst are drawn, all are counted.
import assert from "node:assert/strict";
import { drag, levels, newPage, play } from "./browser.mjs";

await play({
  "many series": async () => {
    const page = await newPage();
    assert.equal(await page.locator(".series h2").textContent(), "200 worst of 10,000 series");
    assert.match(await page.locator(".readout").textContent(), /10,000 series/);
    await drag(page, "warning", 8);
    const after = await levels(page);
    assert.ok(await page.evaluate(() => document.querySelectorAll("*").length) < 3000, "the page has an element for each series");
    assert.deepEqual(page.errors, []);
    return { levels: after };
  },
});
