// A stage that is opened by steps, as an operator meets it: real keys before a real gateway, in or out by their place, widened as
// it was signed, narrowed again at once, and the same after a restart.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { z } from "zod";
import { type Mock, startMock } from "../upstream-mock/server.ts";
import { until } from "./gateway-world.ts";
import { type Served, serveIn } from "./served.ts";

const folder = mkdtempSync(join(tmpdir(), "headgate-steps-"));
const ada = join(folder, "ada.json");
const keysMade = 12;
let mock: Mock;
let served: Served;
const keys: string[] = [];

const documents = (upstream: number): string => `kind: Model
name: small
upstream: { dialect: openai-chat, url: "http://127.0.0.1:${upstream}/v1", model: mock }
identity: { basis: declared }
---
kind: Organisation
name: us
type: internal
country: DE
purpose: Trying
grants: [ { model: small, stage: internal, scopes: [], requestsPerMinute: 6000, tokensPerDay: 1000000, expiresInDays: 30 } ]
---
kind: Safeguards
name: default
chain:
  - { safeguard: patterns@1, on: [input, output], patterns: [ { name: beasts, category: weapons, words: [zebra] } ] }
---
kind: UsagePolicy
name: default
categories: []
---
kind: ReleasePlan
model: small
safeguards: default
policy: default
stages:
  - stage: internal
    audience: { types: [internal] }
    requires: [ { id: board, signOffs: [ { role: owner, count: 1 } ] } ]
    conditions: { share: { by: key, steps: [0.5, 0.9, 1] } }
    certificate: { validDays: 30 }
`;

before(async () => {
  mock = await startMock();
  served = await serveIn(folder);
  writeFileSync(join(folder, "all.yaml"), documents(mock.port));
  await served.must(z.unknown(), "init", "--name", "Ada", "--profile", ada);
  await served.must(z.unknown(), "apply", "-f", join(folder, "all.yaml"), "--profile", ada);
  for (let made = 0; made < keysMade; made += 1) {
    const { key } = await served.must(
      z.object({ key: z.string() }),
      "key",
      "create",
      "--organisation",
      "us",
      "--profile",
      ada,
    );
    keys.push(key);
  }
});
after(async () => {
  await served.stop();
  await mock.close();
  rmSync(folder, { recursive: true });
});

/** What each key gets: 200, or the reason it is refused with. */
async function answers(): Promise<readonly string[]> {
  return Promise.all(
    keys.map(async (key) => {
      const reply = await fetch(`${served.dataPlane}/v1/chat/completions`, {
        method: "POST",
        headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
        body: JSON.stringify({ model: "small", messages: [{ role: "user", content: "Hello" }] }),
      });
      const { error } = z
        .object({ error: z.object({ reason: z.string().nullable() }).optional() })
        .parse(await reply.json());
      return error === undefined ? String(reply.status) : `${reply.status} ${error.reason ?? ""}`;
    }),
  );
}

const count = (given: readonly string[], word: string): number => given.filter((one) => one === word).length;

test("half of the keys, then more, then all; back at once; and as it was after a restart", async () => {
  const propose = ["release", "propose", "small", "--stage", "internal", "--reason", "first", "--profile", ada];
  const proposed = await served.must(z.object({ proposal: z.string() }), ...propose);
  const said = await served.headgate("release", "sign", proposed.proposal, "--reason", "yes", "--profile", ada);
  assert.match(said.told, /by steps, to 50 %, 90 %, 100 % of its keys/, "who signs reads the steps");
  await served.must(z.unknown(), "release", "advance", proposed.proposal, "--profile", ada);
  const first = await answers();
  // By chance none or all of twelve are in once in two thousand runs.
  const inside = count(first, "200");
  assert.ok(inside > 0 && inside < keysMade, first.join());
  assert.equal(count(first, "403 share"), keysMade - inside);

  const widen = ["release", "widen", "small", "--reason", "quiet so far", "--profile", ada];
  for (const part of [0.9, 1]) {
    const { open } = await served.must(z.object({ open: z.number() }), ...widen);
    assert.equal(open, part);
  }
  await until(async () => count(await answers(), "200") === keysMade);
  const beyond = await served.headgate(...widen);
  assert.match(beyond.told, /at the last of the steps that were signed/);

  const narrow = ["release", "narrow", "small", "--step", "1", "--reason", "strange answers", "--profile", ada];
  await served.must(z.unknown(), ...narrow);
  await until(async () => (await answers()).join() === first.join());
  const twice = await served.headgate(...narrow);
  assert.deepEqual([twice.exit, /only an earlier one is narrower/.test(twice.told)], [1, true]);

  const status = await served.headgate("release", "status", "small", "--profile", ada);
  const { certified } = z
    .object({ certified: z.object({ share: z.object({ step: z.number(), open: z.number() }) }) })
    .parse(status.json);
  assert.deepEqual(certified.share, { step: 1, open: 0.5 });
  await served.stop();
  served = await serveIn(folder);
  // The very same keys, as soon as it has a lease.
  await until(async () => (await answers()).join() === first.join());
});
