// What must do nothing: markup in labels, browsers without the token, pages of other origins.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { browser, url } from "./browser.mjs";

// markup looks for elements that label values would have made.
export async function markup(page) {
  const got = await page.evaluate(() => ({
    hacked: window.hacked, images: document.querySelectorAll("img, body script:not([src]), iframe").length, text: document.querySelector(".series").textContent,
  }));
  assert.equal(got.hacked, undefined);
  assert.equal(got.images, 0);
  assert.match(got.text, /<img src=x onerror=/);
}

// withoutToken asks from a second browser for all that is there.
export async function withoutToken() {
  const context = await browser.newContext();
  const base = new URL(url);
  const token = base.pathname.split("/")[1];
  assert.ok(token.length >= 22, `128 bits: ${token}`);
  const wrong = token.slice(0, -1) + (token.endsWith("A") ? "B" : "A");
  for (const path of ["/", "/index.html", "/api/subject", "/api/series?width=10", `/${wrong}/`, `/${wrong}/api/subject`, `/${token.slice(0, -1)}/`, "//"]) {
    const response = await context.request.get(base.origin + path);
    assert.equal(response.status(), 404, path);
    assert.ok(!(await response.text()).includes("cpu"), path);
  }
  const page = await context.newPage();
  await page.goto(base.origin + `/${wrong}/`);
  assert.equal(await page.locator(".card, script").count(), 0);
  await context.close();
}

// otherOrigin has a page of another port ask, read and write.
export async function otherOrigin() {
  const server = createServer((_, r) => r.end("<!doctype html><title>other</title>")).listen(0, "127.0.0.1");
  await new Promise((r) => server.once("listening", r));
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  const answers = [];
  page.on("response", (r) => r.url().startsWith(new URL(url).origin) && answers.push(`${r.request().method()} ${r.status()}`));
  const read = await page.evaluate(async (tuner) => {
    const asked = [
      fetch(tuner + "api/subject"),
      fetch(tuner + "api/subject", { mode: "no-cors" }).then((r) => r.text()),
      fetch(tuner + "api/apply", { method: "POST", mode: "no-cors", body: '{"levels":[],"dryRun":false}' }).then((r) => r.text()),
      new Promise((resolve) => {
        const frame = document.createElement("iframe");
        frame.src = tuner;
        frame.onload = () => resolve("");
        document.body.append(frame);
      }),
    ];
    return (await Promise.allSettled(asked)).map((a) => a.value ?? "");
  }, url.split("#")[0]);
  assert.deepEqual(read, ["", "", "", ""]);
  assert.deepEqual(answers.sort(), ["GET 403", "GET 403", "POST 403"]); // of the first, the browser tells nobody
  const response = await page.request.post(url + "api/apply", { headers: { Origin: "http://evil.example", "Content-Type": "application/json" }, data: "{}" });
  assert.equal(response.status(), 403);
  const host = await page.request.get(url + "api/subject", { headers: { Host: "evil.example" } }).catch(() => null);
  if (host) assert.equal(host.status(), 403);
  await page.close();
  server.close();
}
