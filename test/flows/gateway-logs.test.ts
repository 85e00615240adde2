// What a gateway reports while everything around it fails and quotes what it was given: of texts, secrets and upstream
// answers, nothing.
import assert from "node:assert/strict";
import { test } from "node:test";
import { idOf, digestOfLabel, join, playerOf } from "../../src/acts/fixtures.ts";
import type { Feed } from "../../src/feed/feed.ts";
import type { Registry } from "../../src/safeguards/registry.ts";
import { startScripted } from "../upstream-mock/scripted.ts";
import { ada, bo, codeOf, openGatewayWorld, said, secret, small, until, wordSafeguard } from "./gateway-world.ts";

const planted = "PLANTED by a caller";

/** As errors are that quote what was read, down to lines that look like a stack's. */
function quoting(): SyntaxError {
  return new SyntaxError(`Unexpected token in "${planted} ${secret}"\n    at ${planted} (file:///src/x.ts:1:1)`);
}

test("no report holds a caller's words, a secret or what a server answered, whatever fails", async (t) => {
  const upstream = await startScripted();
  t.after(upstream.close);
  let isBroken = false;
  const orQuote =
    <Given extends readonly unknown[], T>(call: (...given: Given) => Promise<T>) =>
    async (...given: Given): Promise<T> => {
      if (isBroken) throw quoting();
      return call(...given);
    };
  const between = async (feed: Feed): Promise<Feed> => ({
    ...feed,
    publicFile: orQuote(feed.publicFile),
    receipt: orQuote(feed.receipt),
    sealingKey: orQuote(feed.sealingKey),
    recordReview: orQuote(feed.recordReview),
    recordInterval: orQuote(feed.recordInterval),
    recordHold: orQuote(feed.recordHold),
    recordUsage: orQuote(feed.recordUsage),
    renew: orQuote(feed.renew),
  });
  const registry: Registry = {
    names: ["word@1"],
    get: () => ({
      ...wordSafeguard,
      inspect: (text, surface, thresholds) => {
        if (text.includes("BREAK")) throw quoting();
        return wordSafeguard.inspect(text, surface, thresholds);
      },
    }),
  };
  const world = await openGatewayWorld({ between, registry, review: { by: "person" }, upstreamPort: upstream.port });
  t.after(world.close);
  const answers: string[] = [];
  await join(world.world, playerOf("Rev", "reviewer"), [ada, bo]);
  await world.publish();
  const ask = async (body: unknown): Promise<void> => {
    const response = await world.ask(body);
    answers.push(await response.text());
  };
  for (const reply of [
    { type: "application/json", pieces: [`{"choices": "${planted}"`] },
    { type: "application/json", pieces: [JSON.stringify({ error: { message: planted, code: planted } })], status: 500 },
    { type: "text/event-stream", pieces: [`data: ${planted}\n\n`] },
  ] as const) {
    upstream.play("/v1/chat/completions", reply);
    await ask(said(planted));
    await ask(said(planted, { stream: true }));
  }
  await ask(`{"model": "small", ${planted}`);
  await ask(said(`BREAK ${planted}`));
  const hold = { hold: idOf.hold("h"), scope: { kind: "model", model: small }, reason: digestOfLabel("why") } as const;
  const { envelope } = await world.world.sign({ verb: "hold", body: hold, by: [bo] });
  isBroken = true;
  assert.equal(await codeOf(await world.ask(said(`doubtful ${planted}`))), "safeguard_unavailable:review-away");
  assert.equal((await fetch(`${world.url()}/transparency`)).status, 503);
  assert.equal((await fetch(`${world.url()}/hold`, { method: "POST", body: new Uint8Array(envelope) })).status, 200);
  const events = (): Set<string | undefined> => new Set(world.reports.map((report) => report.split(" ")[0]));
  await until(() => ["upstream", "review", "fault", "drain", "lease"].every((event) => events().has(event)));
  isBroken = false;
  for (const report of world.reports) {
    assert.doesNotMatch(report, /PLANTED/);
    assert.ok(!report.includes(secret.slice(3)), report);
  }
  for (const answer of answers) assert.doesNotMatch(answer, /PLANTED/);
});
