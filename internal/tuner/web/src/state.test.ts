import assert from "node:assert/strict";
import test from "node:test";
import { Latest } from "./api";
import { decode, durations, encode, Store } from "./state";
import type { Level } from "./types";

const levels: Level[] = [
  { severity: "warning", above: 80, for: 300, keepFiringFor: 0 },
  { severity: "P1 & worse", above: 95, below: 5, for: 60, keepFiringFor: 30 },
];

test("the fragment holds the levels", () => {
  const moved = levels.map((l) => ({ ...l, above: (l.above as number) + 0.5, for: l.for + 60 }));
  assert.deepEqual(decode("#" + encode(moved), levels), moved);
  assert.deepEqual(decode("", levels), levels);
  assert.deepEqual(decode("#warning=x_9_-5_&other=1", levels), [{ ...levels[0], for: 0 }, levels[1]]);
});

test("a drag is undone at once, and keys within a second too", () => {
  let at = 0;
  const s = new Store(levels, () => at);
  for (const above of [81, 82, 83]) s.set(0, { above }, "drag 1", false);
  s.set(0, { above: 84 }, "drag 2");
  at = 5000;
  s.set(0, { above: 85 }, "drag 2");
  assert.equal(s.changed, true);
  const seen: unknown[] = [];
  for (s.undo(); ; s.undo()) {
    seen.push(s.levels[0]?.above);
    if (!s.canUndo) break;
  }
  assert.deepEqual(seen, [84, 83, 80]);
  assert.equal(s.changed, false);
  s.redo();
  assert.equal(s.levels[0]?.above, 83);
  s.set(1, { for: 0 }, "for");
  assert.equal(s.canRedo, false);
});

test("a slider has the present duration", () => {
  assert.ok(durations(77).includes(77));
  assert.deepEqual(durations(300), durations());
});

test("one question at a time, and the last always", async () => {
  const asked: number[] = [];
  const answered: number[] = [];
  const waiting: (() => void)[] = [];
  const call = (q: number): Promise<number> => {
    asked.push(q);
    return new Promise((resolve) => waiting.push(() => resolve(q)));
  };
  const latest = new Latest<number, number>(call, (a) => answered.push(a), () => {});
  for (let q = 0; q < 10; q++) latest.ask(q);
  for (let done; (done = waiting.shift()); ) {
    done();
    await new Promise((r) => setTimeout(r));
  }
  assert.deepEqual(asked, [0, 9]);
  assert.deepEqual(answered, [0, 9]);
});
