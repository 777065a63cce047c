import assert from "node:assert/strict";
import test from "node:test";
import * as format from "./format";

test("values are written as package unit writes them", () => {
  for (const [unit, v, want] of [
    ["Seconds", 0.25, "250ms"], ["Seconds", 1.5, "1.5s"], ["Seconds", 60, "1m"], ["Seconds", 5400, "1h30m"], ["Seconds", 0, "0s"],
    ["Seconds", 0.0005, "0.0005s"], ["Percent", 80, "80%"], ["Ratio", 0.05, "5%"], ["Ratio", 0.0035, "0.35%"], ["PerSecond", 0.05, "0.05/s"],
    ["USD", 0.5, "$0.5"], ["Bytes", 1.5 * 2 ** 30, "1.5Gi"], ["Bytes", 5e9, "5G"], ["Bytes", 1000, "1k"], ["Bytes", 999, "999"],
    ["Number", 0.0000001, "0.0000001"], ["Number", -3, "-3"], ["", 12340, "12340"],
  ] as [string, number, string][]) {
    assert.equal(format.value(unit, v), want);
  }
});

test("what is read off a plot is rounded", () => {
  assert.equal(format.rounded("Percent", 91.23456), "91.2%");
  assert.equal(format.rounded("Bytes", 1.2345 * 2 ** 30), "1.23Gi");
  assert.equal(format.rounded("Seconds", 0.123456), "123ms");
});

test("a step is one of two significant digits", () => {
  for (const [unit, v, up, down] of [
    ["Percent", 80, 81, 79], ["Percent", 100, 110, 99], ["Ratio", 0.05, 0.051, 0.049], ["Number", 0, 0.01, -0.01], ["Number", -10, -9.9, -11],
    ["Number", 99, 100, 98], ["Number", 83.4, 84, 83], ["Bytes", 1.5 * 2 ** 30, 1.6 * 2 ** 30, 1.4 * 2 ** 30],
  ] as [string, number, number, number][]) {
    assert.equal(format.step(unit, v, 1), up, `${v} up`);
    assert.equal(format.step(unit, v, -1), down, `${v} down`);
  }
});

test("durations and counts", () => {
  assert.equal(format.duration(0), "0s");
  assert.equal(format.duration(90), "1m30s");
  assert.equal(format.duration(604800), "1w");
  assert.equal(format.duration(691200), "8d");
  assert.equal(format.roughly(90061), "1d1h");
  assert.equal(format.rate(1.84), "1.8");
  assert.equal(format.rate(1234.5), "1,235");
  assert.deepEqual([0, 1, 2, 3000].map(format.times), ["never", "once", "twice", "3,000 times"]);
});

test("a logarithmic axis has round values", () => {
  assert.deepEqual(format.decades(17, 130), [20, 30, 40, 50, 60, 80, 100]);
  assert.deepEqual(format.decades(0.01, 100), [0.01, 0.1, 1, 10, 100]);
  assert.deepEqual(format.decades(0.02, 3), [0.03, 0.1, 0.3, 1, 3]);
});

// What package unit writes is given by hack/test/tuner.
test("all units are written as in Go", { skip: !process.env.UNITS }, () => {
  const all = JSON.parse(process.env.UNITS ?? "[]") as { Unit: string; Value: number; Text: string }[];
  assert.ok(all.length > 100);
  assert.deepEqual(all.filter(({ Unit, Value, Text }) => format.value(Unit, Value) !== Text).map(({ Unit, Value, Text }) => `${Unit}: ${Text}, not ${format.value(Unit, Value)}`), []);
});
