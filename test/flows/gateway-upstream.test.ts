// The model misbehaves, or the caller does while it answers: every ending is well formed, every call is broken off.
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import type { Fault } from "../upstream-mock/server.ts";
import { type GatewayWorld, codeOf, openGatewayWorld, readStream, said, secret, until } from "./gateway-world.ts";

const grant = { requestsPerMinute: 1_000_000 };
const patient = await openGatewayWorld({ grant });
after(patient.close);
/** For the faults that only a time limit ends; the others must not meet one on a slow machine. */
const hasty = await openGatewayWorld({
  bounds: { headersMsMax: 250, firstTokenMsMax: 250, idleMsMax: 250, totalMsMax: 800 },
  grant,
});
after(hasty.close);
const worldOf = (fault: Fault): GatewayWorld => (/^(slow|stalls)/.test(fault) ? hasty : patient);

const words = "one two three four five six seven eight nine ten eleven twelve";

const wholeFaults: readonly [fault: Fault, code: string][] = [
  ["status-500", "upstream_failed"],
  ["garbage", "upstream_failed"],
  ["cut", "upstream_failed"],
  ["redirect", "upstream_failed"],
  ["gzip", "upstream_failed"],
  ["huge", "upstream_failed"],
  ["unknown-finish", "upstream_failed"],
  ["slow-headers", "upstream_timeout"],
  ["status-400-context", "request_invalid"],
  ["two-choices", "upstream_failed"],
];
for (const [fault, code] of wholeFaults) {
  test(`a whole answer of a model with ${fault} becomes ${code}, and nothing of it passes`, async (t) => {
    const one = worldOf(fault);
    one.mock.set({ fault });
    t.after(() => one.mock.set({ fault: undefined }));
    assert.equal(await codeOf(await one.ask(said(words))), code);
  });
}

const streamFaults: readonly [fault: Fault, ending: string][] = [
  ["status-500", "502"],
  ["plain-for-stream", "502"],
  ["slow-headers", "504"],
  ["cut-before-first", "502"],
  ["endless-line", "502"],
  ["cut", "upstream_failed"],
  ["no-finish", "upstream_failed"],
  ["garbage", "upstream_failed"],
  ["bad-utf8", "upstream_failed"],
  ["error-frame", "upstream_failed"],
  ["unknown-finish", "upstream_failed"],
  ["stalls", "upstream_timeout"],
  ["odd-wire", "whole"],
  ["no-done", "whole"],
];
for (const [fault, ending] of streamFaults) {
  test(`a stream of a model with ${fault} ends as ${ending}, with its receipt, and the operator is told`, async (t) => {
    const one = worldOf(fault);
    one.mock.set({ fault });
    t.after(() => one.mock.set({ fault: undefined }));
    one.reports.length = 0;
    const told = (): number => one.reports.filter((report) => report.startsWith('upstream {"code":"upstream_')).length;
    const response = await one.ask(said(words, { stream: true }));
    if (response.status !== 200) {
      assert.equal(String(response.status), ending);
      assert.equal(told(), 1, one.reports.join("\n"));
      assert.match(response.headers.get("x-headgate-receipt") ?? "", /^hgr1/);
      return;
    }
    const stream = await readStream(response);
    assert.equal(stream.errorCode ?? "whole", ending);
    assert.equal(told(), ending === "whole" ? 0 : 1, one.reports.join("\n"));
    // Where it breaks off early, nothing may have been cleared yet.
    const order = stream.order.filter((kind) => ending === "whole" || kind !== "chunk");
    const terminal = ending === "whole" ? ["chunk", "receipt", "done"] : ["receipt", "error"];
    assert.deepEqual(order, terminal);
  });
}

test("a model that is down is 502", async (t) => {
  const other = await openGatewayWorld({ upstreamPort: 1 });
  t.after(other.close);
  assert.equal(await codeOf(await other.ask(said("x"))), "upstream_failed");
});

const phases: readonly [name: string, fault: Fault, stream: boolean][] = [
  ["waiting for the head of a whole answer", "slow-headers", false],
  ["waiting for the head of a stream", "slow-headers", true],
  ["waiting for the first token", "slow-first-token", true],
  ["in the middle of a stream", "never-ends", true],
  ["while the model is silent in the middle", "stalls", true],
];
describe("callers who leave", { concurrency: true }, () => {
  for (const [name, fault, stream] of phases) {
    test(`a caller who leaves ${name} breaks off the model's work and frees the place`, async (t) => {
      const own = await openGatewayWorld();
      t.after(own.close);
      own.mock.set({ fault });
      const leave = new AbortController();
      const asking = fetch(`${own.url()}/v1/chat/completions`, {
        method: "POST",
        headers: { authorization: `Bearer ${secret}` },
        body: JSON.stringify(said(words, { stream })),
        signal: leave.signal,
      }).then(async (response) => response.text());
      await until(() => own.mock.records.length === 1);
      if (stream && fault === "never-ends") await new Promise((resolve) => setTimeout(resolve, 30));
      leave.abort();
      await assert.rejects(asking);
      assert.equal(await own.mock.ended(0), "aborted");
      await until(() => own.gateway().gateway.live.count() === 0);
      await until(() => own.drained.length === 1);
    });
  }
});

test("a caller who leaves just when a stream is blocked is on record, and their place is free", async (t) => {
  const leaky = await openGatewayWorld({ onInput: "flag", grant: { requestsPerMinute: 1_000_000 } });
  t.after(leaky.close);
  for (let n = 0; n < 12; n += 1) {
    const leave = new AbortController();
    const response = await fetch(`${leaky.url()}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${secret}` },
      body: JSON.stringify(said(`${"plain words ".repeat(30 + n)} poison`, { stream: true })),
      signal: leave.signal,
    });
    const reader = response.body?.getReader();
    for (let read = 0; read < n; read += 1) await reader?.read();
    leave.abort();
  }
  await until(() => leaky.gateway().gateway.live.count() === 0);
  await until(() => leaky.drained.length === 12);
});

test("an answer that never ends is stopped at its bound, as a refusal ends", async (t) => {
  const long = await openGatewayWorld({
    envelope: { outputTokensMax: 1_000_000 },
    grant: { tokensPerDay: 10_000_000 },
  });
  t.after(long.close);
  long.mock.set({ fault: "never-ends", chunkChars: 150_000 });
  const stream = await readStream(
    await long.ask(said("word ".repeat(40_000), { stream: true, max_tokens: 1_000_000 })),
  );
  assert.deepEqual(stream.finishes, ["content_filter"]);
  assert.ok(stream.text.length <= 1_000_000);
});
