// The README's picture.
import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { drag, levels, newPage, play } from "./browser.mjs";

await play({
  "picture": async () => {
    const page = await newPage();
    await drag(page, "warning", -12);
    await levels(page);
    await page.evaluate(() => document.activeElement.blur());
    await page.mouse.move(0, 0);
    const path = "../../tuner.png";
    await page.screenshot({ path });
    assert.ok(statSync(path).size < 200_000, `the picture has ${statSync(path).size} bytes`);
  },
});
