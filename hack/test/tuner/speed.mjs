// What the page takes: until the first picture, for an answer while a line is dragged, a frame, and memory. It prints the figures.
import { browser, line, limit, play, shown, url } from "./browser.mjs";

const frames = 400;

// measure runs in the page before its own code: it notes when samples are there, questions are answered, and frames are drawn.
function measure() {
  const seen = (window.seen = { ready: 0, answers: [], served: [], frames: [] });
  const Events = window.EventSource;
  window.EventSource = class extends Events {
    constructor(...args) {
      super(...args);
      this.addEventListener("ready", () => (seen.ready = performance.now()));
    }
  };
  const ask = window.fetch;
  window.fetch = async (...args) => {
    const from = performance.now();
    const response = await ask(...args);
    if (!String(args[0]).endsWith("api/replay")) return response;
    seen.served.push(performance.now() - from);
    const json = response.json.bind(response);
    response.json = async () => {
      const answer = await json();
      setTimeout(() => seen.answers.push(performance.now() - from)); // after the page has shown it
      return answer;
    };
    return response;
  };
  const frame = (at) => (seen.frames.push(at), requestAnimationFrame(frame));
  requestAnimationFrame(frame);
}

const percentile = (all, p) => [...all].sort((a, b) => a - b)[Math.min(all.length - 1, Math.floor(all.length * p))];

await play({
  "speed": async () => {
    const page = await browser.newPage({ viewport: { width: 1280, height: 720 } });
    page.setDefaultTimeout(20 * limit);
    await page.addInitScript(measure);
    const cdp = await page.context().newCDPSession(page);
    await cdp.send("Performance.enable");
    const heap = async () => (await cdp.send("Performance.getMetrics")).metrics.find((m) => m.name === "JSHeapUsedSize").value / 1e6;
    await page.goto(url);
    await page.waitForFunction(() => window.seen.ready > 0);
    await shown(page);
    const picture = await page.evaluate(() => new Promise((r) => requestAnimationFrame(() => r(performance.now() - window.seen.ready))));

    const figures = {};
    let most = await heap();
    for (const severity of ["info", "warning", "critical"]) {
      const box = await line(page, severity).boundingBox();
      const [x, y] = [box.x + 300, box.y + box.height / 2];
      await page.mouse.move(x, y);
      await page.mouse.down();
      await page.evaluate(() => Object.assign(window.seen, { answers: [], served: [], frames: [] }));
      for (let i = 0; i < frames; i++) {
        await page.mouse.move(x, y + 9 * Math.sin(i / 15));
        if (i % 50 === 0) most = Math.max(most, await heap());
      }
      const { answers, served, frames: at } = await page.evaluate(() => window.seen);
      await page.mouse.up();
      const gaps = at.slice(1).map((t, i) => t - at[i]);
      figures[severity] = {
        answers: answers.length, server: percentile(served, 0.5), p50: percentile(answers, 0.5), p95: percentile(answers, 0.95), frames: ((at.length - 1) / (at.at(-1) - at[0])) * 1000,
        slowest: percentile(gaps, 0.99),
      };
    }
    return { speed: { picture, heap: most, drags: figures } };
  },
});
