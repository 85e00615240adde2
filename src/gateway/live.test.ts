// Exchanges that the clock ends: all of them are looked at in time, and never all of them at once.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure } from "../terms/failure.ts";
import { Name } from "../terms/ids.ts";
import { createLiveExchanges, recheckMs, recheckSteps } from "./live.ts";

const about = { model: Name.parse("small"), stage: null, organisation: null, key: null } as const;
const stepMs = recheckMs / recheckSteps;
const stop = (): void => assert.fail("it may go on");

for (const count of [1, 9, 10, 11, 1_000]) {
  test(`of ${count} each is asked in every round, and no more of them at once than a round's steps ask for`, (t) => {
    t.mock.timers.enable({ apis: ["setInterval"] });
    const live = createLiveExchanges();
    t.after(live.close);
    const asked = Array.from({ length: count }, () => 0);
    const at = (place: number): number => asked[place] ?? 0;
    for (const place of asked.keys()) {
      const check = (): undefined => {
        asked[place] = at(place) + 1;
      };
      live.add({ about, check, stop });
    }
    for (let round = 1; round <= 5; round += 1) {
      for (let step = 0; step < recheckSteps; step += 1) {
        const before = asked.reduce((sum, one) => sum + one, 0);
        t.mock.timers.tick(stepMs);
        const looks = asked.reduce((sum, one) => sum + one, 0) - before;
        assert.ok(looks <= Math.ceil(count / recheckSteps), `${looks} at once`);
      }
      assert.ok(Math.min(...asked) >= round, `round ${round}: ${Math.min(...asked)}`);
    }
  });
}

test("one that may not go on is stopped in its round, one that has ended is asked no more, and a change asks all at once", (t) => {
  t.mock.timers.enable({ apis: ["setInterval"] });
  const live = createLiveExchanges();
  t.after(live.close);
  const over = new Failure("stage_closed", "");
  const stopped: number[] = [];
  const leaves = Array.from({ length: 30 }, (_, place) => {
    const leave = live.add({ about, check: () => over, stop: () => stopped.push(place) });
    return () => {
      leave();
    };
  });
  for (const leave of leaves.slice(20)) leave();
  t.mock.timers.tick(recheckMs + stepMs);
  assert.deepEqual(new Set(stopped), new Set(Array.from({ length: 20 }, (_, place) => place)));
  stopped.length = 0;
  live.recheck();
  assert.equal(stopped.length, 20);
});

test("one that lasts is asked in every round, however many short ones come and go beside it", (t) => {
  t.mock.timers.enable({ apis: ["setInterval"] });
  const live = createLiveExchanges();
  t.after(live.close);
  let asked = 0;
  const check = (): undefined => {
    asked += 1;
  };
  live.add({ about, check, stop });
  const short = (): (() => void) => live.add({ about, check: () => undefined, stop });
  let leaves = Array.from({ length: 30 }, short);
  for (let round = 1; round <= 5; round += 1) {
    for (let step = 0; step < recheckSteps; step += 1) {
      const next = Array.from({ length: step % 2 === 0 ? 5 : 30 }, short);
      for (const leave of leaves) leave();
      leaves = next;
      t.mock.timers.tick(stepMs);
    }
    assert.ok(asked >= round, `round ${round}: ${asked}`);
  }
});
