// Incidents and facts as an operator meets them: a release that ends by an incident, a gate that asks what the world reports, and the
// way back.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { z } from "zod";
import { StatusView } from "../../src/control/contract.ts";
import { type Mock, startMock } from "../upstream-mock/server.ts";
import { until } from "./gateway-world.ts";
import { type Served, serveIn } from "./served.ts";

const folder = mkdtempSync(join(tmpdir(), "headgate-incidents-"));
const [ada, pia] = [join(folder, "ada.json"), join(folder, "pia.json")];
let mock: Mock;
let served: Served;
let key = "";

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
    requires:
      - { id: quiet, noIncident: medium }
      - { id: heard, consulted: works-council }
      - { id: open-books, published: access-statistics, withinDays: 90 }
      - { id: board, signOffs: [ { role: owner, count: 1 } ] }
    conditions: { endsOnIncident: high }
    certificate: { validDays: 30 }
`;

before(async () => {
  mock = await startMock();
  served = await serveIn(folder);
  writeFileSync(join(folder, "all.yaml"), documents(mock.port));
  writeFileSync(join(folder, "access.csv"), "organisation,requests\nus,1\n");
  await served.must(z.unknown(), "init", "--name", "Ada", "--profile", ada);
  const invite = ["person", "invite", "--name", "Pia", "--role", "policy", "--profile", ada];
  const { code } = await served.must(z.object({ code: z.string() }), ...invite);
  await served.must(z.unknown(), "join", code, "--profile", pia);
  await served.must(z.unknown(), "apply", "-f", join(folder, "all.yaml"), "--profile", ada);
  const create = ["key", "create", "--organisation", "us", "--profile", ada];
  ({ key } = await served.must(z.object({ key: z.string() }), ...create));
});
after(async () => {
  await served.stop();
  await mock.close();
  rmSync(folder, { recursive: true });
});

async function asked(): Promise<string> {
  const reply = await fetch(`${served.dataPlane}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify({ model: "small", messages: [{ role: "user", content: "Hello" }] }),
  });
  const body = z.object({ error: z.object({ reason: z.string().nullable() }).optional() }).parse(await reply.json());
  return `${reply.status} ${body.error?.reason ?? ""}`.trim();
}

async function verdicts(): Promise<Readonly<Record<string, string>>> {
  const { requirements } = await served.must(StatusView, "release", "status", "small", "--profile", ada);
  return Object.fromEntries(requirements.map(({ id, verdict }) => [id, verdict]));
}

/** Proposes, signs and certifies; what `advance` said. */
async function release(): Promise<{ readonly exit: number; readonly told: string }> {
  const propose = ["release", "propose", "small", "--stage", "internal", "--reason", "why", "--profile", ada];
  const { proposal } = await served.must(z.object({ proposal: z.string() }), ...propose);
  await served.must(z.unknown(), "release", "sign", proposal, "--reason", "yes", "--profile", ada);
  return served.headgate("release", "advance", proposal, "--profile", ada);
}

const fact = async (...args: readonly string[]): Promise<unknown> =>
  served.must(z.unknown(), "fact", ...args, "--profile", ada);

test("a gate waits for what the world reports, and an incident ends what was signed to end by one", async () => {
  assert.deepEqual(await verdicts(), {
    quiet: "pass",
    heard: "inconclusive",
    "open-books": "inconclusive",
    board: "fail",
  });
  const early = await release();
  assert.notEqual(early.exit, 0);
  assert.match(early.told, /works-council|access-statistics/);
  await fact("consultation", "works-council", "--open");
  await fact("consultation", "works-council", "--closed");
  await fact("publication", "access-statistics", "--file", join(folder, "access.csv"));
  assert.equal((await release()).exit, 0);
  await until(async () => (await asked()) === "200");

  const open = ["incident", "open", "small", "--severity", "medium", "--summary", "odd answers", "--profile", pia];
  const opened = await served.must(z.object({ incident: z.string(), ended: z.array(z.string()) }), ...open);
  assert.deepEqual(opened.ended, []);
  assert.equal(await asked(), "200", "medium is no end of it");
  const raise = [
    "incident",
    "raise",
    opened.incident,
    "--severity",
    "critical",
    "--summary",
    "worse",
    "--profile",
    pia,
  ];
  const raised = await served.must(z.object({ ended: z.array(z.string()) }), ...raise);
  assert.equal(raised.ended.length, 1);
  await until(async () => (await asked()) === "403 incident");
  const status = await served.must(StatusView, "release", "status", "small", "--profile", ada);
  assert.deepEqual(
    [status.stage, status.closed, status.incidents.map(({ severity }) => severity)],
    ["withheld", "incident", ["critical"]],
  );
  assert.equal((await verdicts())["quiet"], "fail");

  const close = ["incident", "close", opened.incident, "--summary", "mended", "--profile"];
  const notTheirs = await served.headgate(...close, pia);
  assert.match(notTheirs.told, /needs the role owner, safety or assurance/);
  assert.notEqual((await release()).exit, 0, "not while it is open");
  await served.must(z.unknown(), ...close, ada);
  assert.equal(await asked(), "403 incident", "its end reopens nothing");
  assert.equal((await release()).exit, 0);
  await until(async () => (await asked()) === "200");
  const { incidents } = await served.must(
    z.object({ incidents: z.array(z.object({ state: z.string(), summary: z.string() })) }),
    "incident",
    "list",
    "--profile",
    ada,
  );
  assert.deepEqual(incidents, [{ state: "closed", summary: "mended" }]);
});

test("mistakes are told before anything is signed", async () => {
  const open = ["incident", "open", "--severity", "low", "--summary", "x", "--profile", ada];
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [open, /Name the model that it is about, or say --all-models/],
    [["incident", "open", "smal", ...open.slice(2)], /NOTHING IS RECORDED.*Did you mean .{0,2}small/],
    [["incident", "open", "small", "--severity", "bad", "--summary", "x", "--profile", ada], /--severity/],
    [["incident", "close", "inc_00000000000000aa", "--summary", "x", "--profile", ada], /There is no incident/],
    [["fact", "consultation", "summer", "--profile", ada], /Say --open or --closed/],
    [["fact", "publication", "books", "--file", join(folder, "gone"), "--profile", ada], /There is no file/],
  ];
  for (const [args, words] of cases) {
    const said = await served.headgate(...args);
    assert.notEqual(said.exit, 0, args.join(" "));
    assert.match(said.told, words);
  }
});
