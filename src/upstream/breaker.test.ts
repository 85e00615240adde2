import assert from "node:assert/strict";
import { test } from "node:test";
import { type Breaker, createBreaker } from "./breaker.ts";

const rules = { failuresMax: 3, windowMs: 100, openMs: 50, openMsMax: 120 };

function failAt(breaker: Breaker, ...times: readonly number[]): void {
  for (const at of times) breaker.begin(at).failed(at);
}

test("it opens after so many failures within the window, and not after as many spread out", () => {
  const breaker = createBreaker(rules);
  failAt(breaker, 0, 60, 150);
  assert.equal(breaker.state(150), "closed");
  failAt(breaker, 155);
  assert.equal(breaker.state(155), "open");
  assert.equal(breaker.admits(204), false);
  assert.equal(breaker.admits(205), true);
});

test("half-open it admits one call, and the next only once that one has ended", () => {
  const breaker = createBreaker(rules);
  failAt(breaker, 0, 0, 0);
  const probe = breaker.begin(60);
  assert.equal(breaker.admits(60), false);
  probe.left();
  assert.equal(breaker.state(60), "half-open");
  assert.equal(breaker.admits(60), true);
  breaker.begin(61).succeeded();
  assert.equal(breaker.state(61), "closed");
  failAt(breaker, 62, 63);
  assert.equal(breaker.state(63), "closed", "what was before it closed is forgotten");
});

test("a probe that fails opens it again, each time for longer and never for longer than the most", () => {
  const breaker = createBreaker(rules);
  failAt(breaker, 0, 0, 0);
  const lengths: number[] = [];
  let at = 50;
  for (let n = 0; n < 3; n += 1) {
    breaker.begin(at).failed(at);
    let until = at;
    while (!breaker.admits(until)) until += 10;
    lengths.push(until - at);
    at = until;
  }
  assert.deepEqual(lengths, [100, 120, 120]);
});

test("calls that began before it opened neither close it nor keep it open", () => {
  const breaker = createBreaker(rules);
  const [late, later] = [breaker.begin(0), breaker.begin(0)];
  failAt(breaker, 0, 0, 0);
  late.succeeded();
  assert.equal(breaker.state(10), "open");
  later.failed(40);
  assert.equal(breaker.state(50), "half-open");
});
