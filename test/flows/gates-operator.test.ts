// Gates as an operator and a pipeline meet them: one stage's gate as an exit code, policy tests on record, somebody who steps back,
// and a certificate that lapses by itself when its gate passes no more.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { parse } from "yaml";
import { z } from "zod";
import { statusInWords } from "../../src/cli/release/status.ts";
import { StatusView } from "../../src/control/contract.ts";
import { type Mock, startMock } from "../upstream-mock/server.ts";
import { until } from "./gateway-world.ts";
import { type Served, serveIn } from "./served.ts";

const folder = mkdtempSync(join(tmpdir(), "headgate-gates-"));
const [ada, pia] = [join(folder, "ada.json"), join(folder, "pia.json")];
const cases = join(folder, "cases.jsonl");
let mock: Mock;
let served: Served;
let key = "";

const guards = `kind: Safeguards
name: default
chain:
  - { safeguard: patterns@1, on: [input, output], patterns: [ { name: beasts, category: weapons, words: [zebra] } ] }
---
kind: UsagePolicy
name: default
categories: []
`;
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
kind: ReleasePlan
model: small
public: true
safeguards: default
policy: default
stages:
  - stage: internal
    audience: { types: [internal] }
    requires:
      - { id: quiet, noIncident: medium }
      - { id: as-written, policyTests: 2 }
      - { id: board, signOffs: [ { role: owner, count: 1 } ], maxAgeDays: 30 }
    conditions: { endsOnFailedGate: fail }
    certificate: { validDays: 30 }
`;

before(async () => {
  mock = await startMock();
  served = await serveIn(folder);
  writeFileSync(join(folder, "all.yaml"), documents(mock.port));
  writeFileSync(join(folder, "guards.yaml"), guards);
  writeFileSync(cases, '{"text":"a zebra","verdict":"block"}\n{"text":"a horse","verdict":"pass"}\n');
  await served.must(z.unknown(), "init", "--name", "Ada", "--profile", ada);
  const invite = ["person", "invite", "--name", "Pia", "--role", "policy", "--profile", ada];
  const { code } = await served.must(z.object({ code: z.string() }), ...invite);
  await served.must(z.unknown(), "join", code, "--profile", pia);
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

const status = async (...more: readonly string[]): Promise<StatusView> =>
  served.must(StatusView, "release", "status", "small", "--profile", ada, ...more);
const gate = async (stage: string, profile: readonly string[] = ["--profile", ada]): Promise<number> =>
  (await served.headgate("release", "status", "small", "--gate", stage, ...profile)).exit;

const Proposed = z.object({ proposal: z.string() });
async function propose(): Promise<string> {
  const args = ["release", "propose", "small", "--stage", "internal", "--reason", "why", "--profile", ada];
  return (await served.must(Proposed, ...args)).proposal;
}

async function release(): Promise<number> {
  const proposal = await propose();
  await served.must(z.unknown(), "release", "sign", proposal, "--reason", "yes", "--profile", ada);
  return (await served.headgate("release", "advance", proposal, "--profile", ada)).exit;
}

async function verdictOf(): Promise<string | undefined> {
  const verb = ["release", "status", "small", "--gate", "internal", "--profile", ada];
  const { requirements } = StatusView.parse((await served.headgate(...verb)).json);
  return requirements.find(({ id }) => id === "as-written")?.verdict;
}

test("policy tests are recorded of what was applied, whatever came of them, and a plan reads the last ones", async () => {
  const record = ["policy", "test", cases, "--documents", join(folder, "guards.yaml"), "--record", "--profile", pia];
  const early = await served.headgate(...record);
  assert.match(early.told, /Nobody applied this policy/);
  for (const file of ["guards.yaml", "all.yaml"])
    await served.must(z.unknown(), "apply", "-f", join(folder, file), "--profile", ada);
  const create = ["key", "create", "--organisation", "us", "--profile", ada];
  ({ key } = await served.must(z.object({ key: z.string() }), ...create));
  assert.equal(await verdictOf(), "inconclusive");
  assert.equal(await gate("internal"), 1, "a sign-off is missing");
  await served.must(z.unknown(), ...record);
  assert.equal(await verdictOf(), "pass");
  const staged = await served.headgate(...record, "--stage", "internal");
  assert.match(staged.told, /leave out --stage/);
});

test("the gate of a stage is an exit code, for whoever may read and for the public", async () => {
  assert.equal(await gate("internal"), 1);
  assert.equal(await gate("trusted"), 2, "the plan has no such stage");
  assert.equal(await gate("moon"), 2);
  const { requirements } = await status();
  const board = requirements.find(({ id }) => id === "board");
  assert.deepEqual([board?.waiting?.on, board?.waiting?.days], [["owner"], 0]);
  assert.equal(requirements.find(({ id }) => id === "quiet")?.waiting, null);
  assert.equal(await gate("internal", []), 1, "without a profile, of a public model");
});

test("who steps back is on record, fills no seat and can still sign", async () => {
  const proposal = await propose();
  await served.must(z.unknown(), "release", "sign", proposal, "--reason", "yes", "--profile", ada);
  assert.equal(await gate("internal"), 0);
  await served.must(z.unknown(), "release", "recuse", proposal, "--reason", "my own work", "--profile", ada);
  const view = await status();
  const shown = view.proposals.find((one) => one.proposal === proposal);
  assert.deepEqual([shown?.signOffs.map(({ verdict }) => verdict), shown?.needs], [["recused"], ["owner"]]);
  assert.equal(await gate("internal"), 1);
  assert.notEqual((await served.headgate("release", "advance", proposal, "--profile", ada)).exit, 0);
  const again = ["release", "recuse", proposal, "--reason", "again", "--profile", ada];
  assert.deepEqual(await served.must(z.object({ already: z.boolean() }), ...again), { already: true });
});

test("what changes a document voids the proposals about it", async () => {
  const proposal = await propose();
  await served.must(z.unknown(), "release", "sign", proposal, "--reason", "yes", "--profile", ada);
  const file = join(folder, "all.yaml");
  const text = readFileSync(file, "utf8");
  writeFileSync(file, text.replace("noIncident: medium", "noIncident: low"));
  await served.must(z.unknown(), "apply", "-f", file, "--profile", ada);
  const late = await served.headgate("release", "advance", proposal, "--profile", ada);
  assert.match(late.told, /Documents were changed since this was proposed/);
  writeFileSync(file, text);
  await served.must(z.unknown(), "apply", "-f", file, "--profile", ada);
});

test("why somebody stepped back stands in a bundle for whoever may read, and in the public one as a commitment only", async () => {
  const proposal = await propose();
  const why = "I own a part of the vendor";
  await served.must(z.unknown(), "release", "recuse", proposal, "--reason", why, "--profile", ada);
  const bundles = await Promise.all(
    [["--profile", ada], []].map(async (who, at) => {
      const file = join(folder, `bundle-${at}.json`);
      await served.must(z.unknown(), "bundle", proposal, "--out", file, ...who);
      return readFileSync(file, "utf8");
    }),
  );
  assert.deepEqual(
    bundles.map((text) => text.includes(why)),
    [true, false],
  );
});

const Workflow = z.object({
  jobs: z.object({
    gate: z.object({ steps: z.array(z.object({ name: z.string().optional(), run: z.string().optional() })) }),
    deploy: z.object({ needs: z.literal("gate") }),
  }),
});

/** The shell lines of the example, as a runner runs them: how they ended and what they said. */
async function pipeline(stage: string): Promise<string> {
  const root = dirname(dirname(import.meta.dirname));
  const { jobs } = Workflow.parse(parse(readFileSync(join(root, "examples", "ci", "deploy-on-gate.yaml"), "utf8")));
  const lines = jobs.gate.steps.find(({ name }) => name === "Ask the gate")?.run ?? "exit 9";
  const path = `${join(root, "bin")}:${process.env["PATH"] ?? ""}`;
  const env = { ...process.env, PATH: path, HEADGATE_SERVER: served.controlPlane, MODEL: "small", STAGE: stage };
  return new Promise((resolve) => {
    const child = execFile("bash", ["-e", "-o", "pipefail", "-c", lines], { env }, (_, out) => {
      resolve(`${child.exitCode} ${out.trim().split("\n").at(-1)}`);
    });
  });
}

test("the pipeline of examples/ci goes on where the gate passes, and nowhere else", async () => {
  const proposal = await propose();
  assert.match(await pipeline("internal"), /^1 ::error::The gate for internal says no/);
  assert.match(await pipeline("trusted"), /^1 ::error::The gate could not be asked/);
  await served.must(z.unknown(), "release", "sign", proposal, "--reason", "yes", "--profile", ada);
  assert.match(await pipeline("internal"), /^0 The gate for internal passes/);
});

test("a certificate that was signed to lapse lapses by itself when its gate fails, and only a new one opens it again", async () => {
  assert.equal(await release(), 0);
  await until(async () => (await asked()) === "200");
  await until(async () => (await status()).rejudged?.verdict === "pass");
  assert.equal(await gate("internal"), 0, "what is certified passes its gate still");
  const open = ["incident", "open", "small", "--severity", "medium", "--summary", "odd", "--profile", pia];
  const { incident } = await served.must(z.object({ incident: z.string() }), ...open);
  await until(async () => (await asked()) === "403 lapsed");
  const view = await status();
  assert.deepEqual(
    [view.stage, view.closed, view.lapsed?.verdict, view.lapsed?.requirements],
    ["withheld", "lapsed", "fail", ["quiet"]],
  );
  assert.equal(await gate("internal"), 1);
  assert.match(statusInWords(view), /lapsed at .*: its gate is fail now \(quiet\)/);
  await served.must(z.unknown(), "incident", "close", incident, "--summary", "mended", "--profile", ada);
  assert.equal(await asked(), "403 lapsed", "its end reopens nothing");
  assert.equal(await release(), 0);
  await until(async () => (await asked()) === "200");
  await until(async () => (await status()).rejudged?.verdict === "pass");
});

test("a file of cases that failed does not vanish behind another that passed", async () => {
  const record = ["policy", "test", cases, "--documents", join(folder, "guards.yaml"), "--record", "--profile", pia];
  const right = readFileSync(cases, "utf8");
  writeFileSync(cases, '{"text":"a zebra","verdict":"pass"}\n{"text":"a horse","verdict":"pass"}\n');
  assert.equal((await served.headgate(...record)).exit, 1);
  assert.equal(await verdictOf(), "fail");
  writeFileSync(cases, right);
  await served.must(z.unknown(), ...record);
  assert.equal(await verdictOf(), "fail");
});
