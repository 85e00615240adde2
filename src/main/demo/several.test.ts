import assert from "node:assert/strict";
import { test } from "node:test";
import { Digest } from "../../terms/ids.ts";
import type { Upstream } from "../../upstream/upstream.ts";
import { chatFormat } from "../../wire/chat/chat.ts";
import { scriptUpstream } from "../drill/scripted-upstream.ts";
import { openSeveral } from "./several.ts";

const body = chatFormat.parseCall({ model: "small", messages: [{ role: "user", content: "Hello" }] });
const digestOf = (digit: string): Digest => Digest.parse(`sha256:${digit.repeat(64)}`);

async function withWeights(digit: string, closed: string[] = []): Promise<Upstream> {
  const upstream = await scriptUpstream().open();
  return {
    ...upstream,
    measure: async () => ({ weights: digestOf(digit) }),
    close: async () => void closed.push(digit),
  };
}

test("requests that run at one time go to different processes", async () => {
  const scripts = [scriptUpstream(), scriptUpstream()];
  const rest = [...scripts];
  const upstream = await openSeveral(2, async () => {
    const next = rest.shift();
    assert.ok(next !== undefined);
    return next.open();
  });
  const signal = new AbortController().signal;
  const first = upstream.stream(body, signal);
  await first.next();
  await upstream.complete(body, signal);
  assert.deepEqual(
    scripts.map((script) => script.asked()),
    [1, 1],
  );
  first.close();
});

test("nothing is said to be measured where two processes loaded different files", async () => {
  const digits = ["1", "2"];
  const upstream = await openSeveral(2, async () => withWeights(digits.shift() ?? "0"));
  await assert.rejects(upstream.measure(), { code: "model_unavailable" });
});

test("where one process does not start, those that did are stopped", async () => {
  const closed: string[] = [];
  let opened = 0;
  const opening = openSeveral(2, async () => {
    opened += 1;
    if (opened === 2) throw new Error("no memory");
    return withWeights("1", closed);
  });
  await assert.rejects(opening, /no memory/);
  assert.deepEqual(closed, ["1"]);
});
