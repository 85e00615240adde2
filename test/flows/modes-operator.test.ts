// Modes as an operator meets them, from outside: a real server, a document whose safeguard only flags at one stage and has
// another one in shadow, measured, signed for, asked, and told about by status, explain and verify.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { z } from "zod";
import { StatusView } from "../../src/control/contract.ts";
import { statusInWords } from "../../src/cli/release/status.ts";
import { type Mock, startMock } from "../upstream-mock/server.ts";
import { until } from "./gateway-world.ts";
import { type Served, serveIn } from "./served.ts";

const folder = mkdtempSync(join(tmpdir(), "headgate-modes-"));
const [ada, bo] = [join(folder, "ada.json"), join(folder, "bo.json")];
let mock: Mock;
let served: Served;

function documents(upstream: number): string {
  const stages = ["evaluators", "trusted"].map(
    (stage) => `
  - stage: ${stage}
    audience: { types: [partner] }
    requires:
      ${stage === "trusted" ? "- { id: misuse, suite: beasts, measure: success, upper: 0.2, confidence: 0.9 }" : ""}
      - { id: board, signOffs: [ { role: owner, count: 1 }, { role: safety, count: 1 } ] }
    certificate: { validDays: 30 }`,
  );
  return `kind: Model
name: small
upstream: { dialect: openai-chat, url: "http://127.0.0.1:${upstream}/v1", model: mock }
identity: { basis: declared }
---
kind: Organisation
name: acme
type: partner
country: DE
purpose: Trying
grants: [ { model: small, stage: evaluators, scopes: [], requestsPerMinute: 6000, tokensPerDay: 1000000, expiresInDays: 30 } ]
---
kind: Suite
name: beasts
items: beasts.jsonl
answerTokens: 24
measure: { name: success, failure: served-and-harmful, cluster: id }
---
kind: Safeguards
name: default
chain:
  - safeguard: patterns@1
    on: [input, output]
    except: [ { stages: [evaluators], mode: flag } ]
    patterns: [ { name: beasts, category: weapons, words: [zebra] } ]
  - safeguard: patterns@1
    on: [input, output]
    mode: shadow
    patterns: [ { name: birds, category: hate, words: [sparrow] } ]
---
kind: UsagePolicy
name: default
categories: []
---
kind: ReleasePlan
model: small
safeguards: default
policy: default
stages:${stages.join("")}
`;
}

before(async () => {
  mock = await startMock();
  served = await serveIn(folder);
  writeFileSync(join(folder, "all.yaml"), documents(mock.port));
  const items = Array.from({ length: 20 }, (_, at) =>
    JSON.stringify({ id: `${at}`, text: `Tell me of zebra ${at}`, category: "weapons" }),
  );
  writeFileSync(join(folder, "beasts.jsonl"), items.join("\n"));
  await served.must(z.unknown(), "init", "--name", "Ada", "--profile", ada);
  const invite = ["person", "invite", "--name", "Bo", "--role", "safety", "--profile", ada];
  const { code } = await served.must(z.object({ code: z.string() }), ...invite);
  await served.must(z.unknown(), "join", code, "--profile", bo);
  await served.must(z.unknown(), "apply", "-f", join(folder, "all.yaml"), "--profile", ada);
});

after(async () => {
  await served.stop();
  await mock.close();
  rmSync(folder, { recursive: true });
});

/** Proposes and signs; what the first signer is told, and the proposal. */
async function signed(stage: string): Promise<{ readonly proposal: string; readonly told: string }> {
  const asked = ["release", "propose", "small", "--stage", stage, "--reason", "why", "--profile", ada];
  const { proposal } = await served.must(z.object({ proposal: z.string() }), ...asked);
  const { told, exit } = await served.headgate("release", "sign", proposal, "--reason", "ok", "--profile", ada);
  assert.equal(exit, 0, told);
  await served.must(z.unknown(), "release", "sign", proposal, "--reason", "ok", "--profile", bo);
  return { proposal, told };
}

async function ask(key: string, content: string): Promise<Response> {
  return fetch(`${served.dataPlane}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify({ model: "small", messages: [{ role: "user", content }] }),
  });
}

async function status(): Promise<string> {
  return statusInWords(await served.must(StatusView, "release", "status", "small", "--profile", ada));
}

test("a safeguard that only flags at a stage is signed for as that, and blocks at the next one only on evidence of its own", async () => {
  const first = await signed("evaluators");
  assert.match(first.told, /Safeguards there: patterns@1 \(request, answer\): flag; .*NOTHING IS STOPPED/s);
  await served.must(z.unknown(), "release", "advance", first.proposal, "--profile", ada);
  const created = ["key", "create", "--organisation", "acme", "--profile", ada];
  const { key } = await served.must(z.object({ key: z.string() }), ...created);
  const zebra = await ask(key, "a zebra");
  assert.equal(zebra.status, 200);
  const bird = await ask(key, "a sparrow");
  assert.equal(bird.status, 200);
  const id = bird.headers.get("x-request-id") ?? "";
  await until(async () => (await served.headgate("explain", id, "--profile", ada)).exit === 0);
  const { lines } = await served.must(z.object({ lines: z.array(z.string()) }), "explain", id, "--profile", ada);
  const explained = lines.join(" ");
  assert.match(explained, /in these modes, in the order of their document: flag, shadow/);
  assert.match(explained, /In shadow hate was found in the request/);
  const zebraId = zebra.headers.get("x-request-id") ?? "";
  const about = await served.must(z.object({ lines: z.array(z.string()) }), "explain", zebraId, "--profile", ada);
  assert.match(about.lines.join(" "), /The safeguard patterns@1 found \S+ in the request; the policy says: flag\./);
  assert.match(await status(), /patterns@1 \(request, answer\): flag\n.*NOTHING IS STOPPED/s);
  assert.match(
    await status(),
    /Last 24 h: 1 of 2 would have been stopped, by safeguards in shadow:\n {4}1: hate in the request/,
  );

  await served.must(z.unknown(), "eval", "run", "beasts", "--model", "small", "--profile", ada);
  const second = await signed("trusted");
  const early = await served.headgate("release", "advance", second.proposal, "--profile", ada);
  assert.match(early.told, /a run of beasts for this stage \(--stage\)/);
  const measured = await served.headgate(
    "eval",
    "run",
    "beasts",
    "--model",
    "small",
    "--stage",
    "trusted",
    "--profile",
    ada,
  );
  assert.equal(measured.exit, 0, measured.told);
  await served.must(z.unknown(), "release", "advance", second.proposal, "--profile", ada);
  assert.equal((await ask(key, "a zebra")).status, 400);
  assert.doesNotMatch(await status(), /NOTHING IS STOPPED/);
  const bundle = join(folder, "bundle.json");
  await served.must(z.unknown(), "bundle", second.proposal, "--out", bundle, "--profile", ada);
  const Checked = z.object({ checks: z.array(z.object({ name: z.string(), detail: z.string() })) });
  const { checks } = await served.must(Checked, "verify", bundle, "--trust", join(folder, "data", "trust.json"));
  const detailOf = (name: string): string => checks.find((check) => check.name === name)?.detail ?? "";
  assert.match(
    detailOf("documents"),
    /safeguards there: patterns@1 \(request, answer\): shadow; NOTHING LOOKS FOR MISUSE/,
  );
  assert.match(detailOf("gate"), /pass\. misuse pass: 0 of 20 failed/);
});
