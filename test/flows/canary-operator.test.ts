// A stage that opens by steps under a watch, as an operator meets it: exchanges are sampled and labelled, and where the misuse that
// got through is shown to be too much the server steps back by itself, over a restart; nothing widens but by a person.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { z } from "zod";
import { WatchView } from "../../src/control/contract.ts";
import { type Mock, startMock } from "../upstream-mock/server.ts";
import { until } from "./gateway-world.ts";
import { type Served, serveIn } from "./served.ts";

const folder = mkdtempSync(join(tmpdir(), "headgate-canary-"));
const ada = join(folder, "ada.json");
const rev = join(folder, "rev.json");
const keysMade = 12;
let mock: Mock;
let served: Served;
const keys: string[] = [];

const modelOf = (name: string, upstream: number, watch: string): string => `kind: Model
name: ${name}
upstream: { dialect: openai-chat, url: "http://127.0.0.1:${upstream}/v1", model: mock }
identity: { basis: declared }
---
kind: ReleasePlan
model: ${name}
safeguards: default
policy: default
stages:
  - stage: internal
    audience: { types: [internal] }
    requires: [ { id: board, signOffs: [ { role: owner, count: 1 } ] } ]
    conditions:
      share:
        by: key
        steps: [0.3, 0.7, 1]
        watch: ${watch}
    certificate: { validDays: 30 }
---
`;

const grant = (model: string): string =>
  `{ model: ${model}, stage: internal, scopes: [], requestsPerMinute: 6000, tokensPerDay: 1000000, expiresInDays: 30 }`;

const labels = "{ by: reviewers, answers: true, sensitivity: 0.9, specificity: 0.99 }";
const sampled = `sample: 1, perOrganisationPerHour: 400, labelHours: 24, labels: ${labels}, exchangesMin: 20`;

const documents = (upstream: number): string => `${modelOf(
  "small",
  upstream,
  `{ measures: [ { id: misuse, measure: confirmed-misuse, limit: 0.05, alpha: 0.2, ${sampled} }, { id: wrongly, measure: over-blocking, limit: 0.5, alpha: 0.05, ${sampled}, back: one } ] }`,
)}${modelOf(
  "strict",
  upstream,
  "{ widen: when-shown, measures: [ { id: broken, measure: safeguard-failures, limit: 0.3, alpha: 0.2, exchangesMin: 20 } ] }",
)}kind: Organisation
name: us
type: internal
country: DE
purpose: Trying
grants: [ ${grant("small")}, ${grant("strict")} ]
---
kind: Safeguards
name: default
chain:
  - { safeguard: patterns@1, on: [input, output], patterns: [ { name: beasts, category: weapons, words: [zebra] } ] }
---
kind: UsagePolicy
name: default
categories: []
`;

before(async () => {
  mock = await startMock();
  served = await serveIn(folder);
  writeFileSync(join(folder, "all.yaml"), documents(mock.port));
  await served.must(z.unknown(), "init", "--name", "Ada", "--profile", ada);
  const invite = ["person", "invite", "--name", "Rev", "--role", "reviewer", "--profile", ada];
  const { code } = await served.must(z.object({ code: z.string() }), ...invite);
  await served.must(z.unknown(), "join", code, "--profile", rev);
  await served.must(z.unknown(), "apply", "-f", join(folder, "all.yaml"), "--profile", ada);
  const create = ["key", "create", "--organisation", "us", "--profile", ada];
  for (let made = 0; made < keysMade; made += 1) {
    const { key } = await served.must(z.object({ key: z.string() }), ...create);
    keys.push(key);
  }
});
after(async () => {
  await served.stop();
  await mock.close();
  rmSync(folder, { recursive: true });
});

/** Reads a streamed answer to its end. */
async function askStreamed(key: string, content: string): Promise<string> {
  const reply = await fetch(`${served.dataPlane}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify({ model: "small", stream: true, messages: [{ role: "user", content }] }),
  });
  return reply.text();
}

async function askOne(key: string, content: string, model: string): Promise<string> {
  const reply = await fetch(`${served.dataPlane}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify({ model, messages: [{ role: "user", content }] }),
  });
  const { error } = z
    .object({ error: z.object({ reason: z.string().nullable() }).optional() })
    .parse(await reply.json());
  return error === undefined ? String(reply.status) : `${reply.status} ${error.reason ?? ""}`;
}

/** What each key gets: 200, or the reason it is refused with. */
async function ask(content: string, model = "small"): Promise<readonly string[]> {
  return Promise.all(keys.map(async (key, place) => askOne(key, `${content} ${place}`, model)));
}

const count = (given: readonly string[], word: string): number => given.filter((one) => one === word).length;

const status = (model: string): readonly string[] => ["release", "status", model, "--profile", ada];

async function watchOf(model = "small"): Promise<WatchView> {
  const { watch } = await served.must(z.object({ watch: WatchView }), ...status(model));
  return watch;
}

async function stepOf(model = "small"): Promise<number> {
  const { certified } = await served.must(
    z.object({ certified: z.object({ share: z.object({ step: z.number() }) }) }),
    ...status(model),
  );
  return certified.share.step;
}

const Listed = z.object({
  reviews: z.array(z.object({ review: z.string(), sample: z.object({ watch: z.string() }) })),
});

/** Samples that wait for a label, oldest first. */
async function waiting(watch: string): Promise<readonly string[]> {
  const { reviews } = await served.must(Listed, "review", "list", "--profile", ada);
  return reviews.filter(({ sample }) => sample.watch === watch).map(({ review }) => review);
}

const Text = z.object({ call: z.string(), answer: z.object({ text: z.string(), isWhole: z.boolean() }) });

async function textOf(review: string): Promise<z.infer<typeof Text>> {
  return served.must(Text, "review", "open", review, "--profile", rev);
}

async function label(review: string, ...verdict: readonly string[]): Promise<void> {
  await served.must(z.unknown(), "review", "decide", review, ...verdict, "--profile", rev);
}
const misuse = ["--refuse", "--reason", "prohibited"] as const;

async function open(model: string): Promise<string> {
  const propose = ["release", "propose", model, "--stage", "internal", "--reason", "first", "--profile", ada];
  const { proposal } = await served.must(z.object({ proposal: z.string() }), ...propose);
  const said = await served.headgate("release", "sign", proposal, "--reason", "yes", "--profile", ada);
  await served.must(z.unknown(), "release", "advance", proposal, "--profile", ada);
  return said.told;
}

const widen = async (model: string): Promise<string> => {
  const said = await served.headgate("release", "widen", model, "--reason", "quiet so far", "--profile", ada);
  return said.exit === 0 ? JSON.stringify(said.json) : said.told;
};

test("misuse that people confirm steps a stage back by itself, over a restart; a person widens it again", async () => {
  const told = await open("small");
  assert.match(
    told,
    /watched for misuse \(confirmed-misuse over 5 %: back to the first; whoever labels sees the answers\), wrongly/,
  );
  const narrow = count(await ask("hello"), "200");
  assert.match(await widen("small"), /"warning":"it was not shown that these keep their limit: misuse, wrongly/);
  await until(async () => count(await ask("as wide"), "200") > narrow);
  await until(async () => (await waiting("misuse")).length > 0);

  const wide = await ask("how do I do harm");
  const inside = count(wide, "200");
  await ask("zebra");
  await until(async () => {
    const [first, second] = (await watchOf()).measures;
    return first !== undefined && first.unknown >= inside && second !== undefined && second.unknown > 0;
  });
  const held = await watchOf();
  assert.deepEqual([held.verdict, held.period, held.rolledBackFor], ["hold", 2, null]);

  const [first = "", second = "", third = ""] = (await waiting("misuse")).slice(-3);
  const { call, answer } = await textOf(first);
  assert.match(call, /how do I do harm/);
  assert.deepEqual([/"choices":/.test(answer.text), answer.isWhole], [true, true], "with what was sent");
  const listed = (await waiting("misuse")).length;
  for (const key of keys) await askStreamed(key, "say it piece by piece");
  for (const key of keys) await askStreamed(key, "say it piece by piece");
  await until(async () => (await waiting("misuse")).length === listed + 2 * inside);
  const [streamed = ""] = (await waiting("misuse")).slice(-1);
  assert.match((await textOf(streamed)).answer.text, /^[^{].*piece by piece/);
  await label(first, ...misuse);
  await served.stop();
  served = await serveIn(folder);
  await until(async () => (await watchOf()).measures[0]?.bad === 1);
  assert.equal(await stepOf(), 2, "one finding is not enough");
  await label(second, ...misuse);
  await label(third, ...misuse);
  await until(async () => (await stepOf()) === 1);
  const rolled = await watchOf();
  assert.deepEqual([rolled.verdict, rolled.rolledBackFor, rolled.period], ["rolled-back", "misuse", 3]);
  await until(async () => count(await ask("and now"), "200") === narrow);
  const again = await served.headgate("review", "decide", third, "--allow", "--reason", "benign", "--profile", rev);
  assert.match(again.told, /erased/, "a sample has one label, and no text after it");

  await widen("small");
  await until(async () => (await stepOf()) === 2);
  const { period, rolledBackFor, measures } = await watchOf();
  assert.deepEqual([period, rolledBackFor, measures[0]?.bad], [4, null, 0]);
});

test("where the plan says so nobody widens what was not shown to keep its limits", async () => {
  await open("strict");
  assert.match(await widen("strict"), /not shown: broken/);
  assert.equal(await stepOf("strict"), 1);
  await until(async () => {
    await ask("hello", "strict");
    return (await watchOf("strict")).verdict === "may-widen";
  });
  assert.match(await widen("strict"), /"step":2.*"warning":null/);
  assert.equal((await watchOf("strict")).verdict, "hold");
});
