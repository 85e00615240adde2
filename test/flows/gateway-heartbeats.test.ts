// A model speaks and all of it is held back: the line is kept alive in each format by something that its clients read over.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { openGatewayWorld, secret, until } from "./gateway-world.ts";

const world = await openGatewayWorld({
  leaseMs: 60_000,
  stream: { holdBackChars: 4_000, windowChars: 8_000 },
  grant: { requestsPerMinute: 1_000 },
});
after(world.close);
world.mock.set({ fault: "never-ends", delayMs: 20, chunkChars: 4 });

const turn = { model: "small", stream: true, messages: [{ role: "user", content: "on and on" }] };
const asked = {
  "/v1/chat/completions": turn,
  "/v1/responses": { model: "small", stream: true, input: "on and on" },
  "/v1/messages": { ...turn, max_tokens: 4_000 },
} as const;

for (const [path, body] of Object.entries(asked)) {
  test(`${path}: while all text is held back, a beat is sent when nothing else was for ten seconds`, async () => {
    const gone = new AbortController();
    const headers = { authorization: `Bearer ${secret}`, "content-type": "application/json" };
    const init = { method: "POST", headers, body: JSON.stringify(body), signal: gone.signal };
    const response = await fetch(world.url() + path, init);
    assert.equal(response.status, 200);
    let come = "";
    const reading = (async (): Promise<void> => {
      for await (const piece of response.body ?? []) come += Buffer.from(piece).toString();
    })().catch(() => undefined);
    const isBeat = (): boolean => /^(?:: waiting|event: ping)$/m.test(come);
    await new Promise((resolve) => {
      setTimeout(resolve, 200);
    });
    assert.ok(!isBeat(), "a beat before its time");
    world.switches.monotonicShiftMs += 10_000;
    await until(isBeat);
    assert.doesNotMatch(come, /on and on/);
    gone.abort();
    await reading;
  });
}
