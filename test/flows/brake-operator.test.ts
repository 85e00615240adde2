// The drill of the brake as an operator runs it: a command line of its own against a real server whose streams do not end by
// themselves; what it stops, what it records, and what it refuses to stop.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { z } from "zod";
import { type Mock, startMock } from "../upstream-mock/server.ts";
import { type Served, serveIn } from "./served.ts";

const folder = mkdtempSync(join(tmpdir(), "headgate-brake-"));
const command = join(dirname(dirname(import.meta.dirname)), "bin", "headgate");
const ada = join(folder, "ada.json");
const keyFile = join(folder, "drill-key");
const Key = z.object({ key: z.string() });
let mock: Mock;
let served: Served;
let caller = "";

const documents = (upstream: number): string => `kind: Model
name: small
upstream: { dialect: openai-chat, url: "http://127.0.0.1:${upstream}/v1", model: mock }
identity: { basis: declared }
envelope: { outputTokensMax: 1024 }
---
kind: Organisation
name: us
type: internal
country: DE
purpose: Trying
grants: [ { model: small, stage: internal, scopes: [], requestsPerMinute: 6000, tokensPerDay: 100000000, expiresInDays: 30 } ]
---
kind: Organisation
name: fire-drill
type: internal
country: DE
purpose: Drills
grants: [ { model: small, stage: internal, scopes: [], requestsPerMinute: 6000, tokensPerDay: 100000000, expiresInDays: 30 } ]
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
      - { id: board, signOffs: [ { role: owner, count: 1 } ] }
    certificate: { validDays: 30 }
  - stage: evaluators
    audience: { types: [evaluator] }
    requires:
      - { id: two, signOffs: [ { role: owner, count: 1 }, { role: safety, count: 1 } ] }
      - { id: brake, drillWithinDays: 30, withinMs: 60000 }
      - { id: drill, drillWithinDays: 30 }
    certificate: { validDays: 30 }
`;

before(async () => {
  mock = await startMock();
  served = await serveIn(folder);
  writeFileSync(join(folder, "all.yaml"), documents(mock.port));
  await served.must(z.unknown(), "init", "--name", "Ada", "--profile", ada);
  await served.must(z.unknown(), "apply", "-f", join(folder, "all.yaml"), "--profile", ada);
  const ofDrill = ["key", "create", "--organisation", "fire-drill", "--profile", ada];
  writeFileSync(keyFile, `${(await served.must(Key, ...ofDrill)).key}\n`);
  caller = (await served.must(Key, "key", "create", "--organisation", "us", "--profile", ada)).key;
  const propose = ["release", "propose", "small", "--stage", "internal", "--reason", "first", "--profile", ada];
  const { proposal } = await served.must(z.object({ proposal: z.string() }), ...propose);
  await served.must(z.unknown(), "release", "sign", proposal, "--reason", "yes", "--profile", ada);
  await served.must(z.unknown(), "release", "advance", proposal, "--profile", ada);
  mock.set({ fault: "never-ends", delayMs: 20, chunkChars: 8 });
});
after(async () => {
  await served.stop();
  await mock.close();
  rmSync(folder, { recursive: true });
});

const Report = z.object({
  scope: z.object({ kind: z.string() }),
  gateways: z.number(),
  streams: z.number(),
  milliseconds: z.number(),
  opened: z.number(),
  unfinished: z.number(),
  byGateway: z.array(z.object({ gateway: z.string(), milliseconds: z.number().nullable(), unfinished: z.number() })),
  resumed: z.boolean(),
  ledgerIndex: z.number(),
});

async function drill(
  ...args: readonly string[]
): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  const all = ["drill", "--hold", "--model", "small", "--key-file", keyFile, "--profile", ada, "--json", ...args];
  return new Promise((resolve) => {
    const child = execFile(command, all, (_, out, err) => {
      resolve({ code: child.exitCode ?? -1, out, err });
    });
  });
}

async function statusOf(): Promise<ReadonlyMap<string, string>> {
  const View = z.object({ requirements: z.array(z.object({ id: z.string(), verdict: z.string() })) });
  const { requirements } = await served.must(View, "release", "status", "small", "--profile", ada);
  return new Map(requirements.map(({ id, verdict }) => [id, verdict]));
}

/** Whether a stream of somebody else's goes on while the drill holds its key. */
async function otherStream(): Promise<{ readonly goesOn: () => Promise<boolean>; readonly leave: () => void }> {
  const stop = new AbortController();
  const response = await fetch(`${served.dataPlane}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${caller}`, "content-type": "application/json" },
    body: JSON.stringify({ model: "small", stream: true, messages: [{ role: "user", content: "go on ".repeat(20) }] }),
    signal: stop.signal,
  });
  const reader = response.body?.getReader();
  assert.ok(response.status === 200 && reader !== undefined);
  return {
    goesOn: async () => {
      for (let at = 0; at < 20; at += 1) if ((await reader.read()).done) return false;
      return true;
    },
    leave: () => {
      stop.abort();
    },
  };
}

test("a drill of the brake stops its own streams and nobody else's, lets its key in again, and is on record with its time", async () => {
  const other = await otherStream();
  const { code, out, err } = await drill("--streams", "5", "--resume-profile", ada);
  assert.equal(code, 0, err + out);
  const report = Report.parse(JSON.parse(out));
  assert.deepEqual(
    [report.scope.kind, report.gateways, report.streams, report.opened, report.unfinished, report.resumed],
    ["key", 1, 5, 0, 0, true],
  );
  assert.equal(await other.goesOn(), true);
  other.leave();
  const requirements = await statusOf();
  assert.equal(requirements.get("brake"), "pass");
  assert.equal(requirements.get("drill"), "inconclusive", "a drill of the brake tries no locks");
});

test("of a gateway that is down nothing is known, and the drill is no pass whatever the others did", async () => {
  const gone = "http://127.0.0.1:9";
  const { code, out, err } = await drill("--streams", "2", "--resume-profile", ada, "--gateway", gone);
  assert.equal(code, 3, err + out);
  const { byGateway, unfinished } = Report.parse(JSON.parse(out));
  assert.equal(unfinished, 2);
  assert.deepEqual(
    byGateway.map(({ milliseconds }) => milliseconds !== null),
    [true, false],
  );
  assert.deepEqual(byGateway[1], { gateway: gone, milliseconds: null, unfinished: 2 });
  assert.equal((await statusOf()).get("brake"), "inconclusive");
});

test("a drill that would stop others is refused unless --live is said; one without an open model holds nothing", async () => {
  const refused = await drill("--scope", "model");
  assert.equal(refused.code, 1);
  assert.match(refused.err, /This would stop others too: us\./);
  const unknown = join(folder, "no-key");
  writeFileSync(unknown, "hg_nothing");
  const stranger = await drill("--key-file", unknown);
  assert.match(stranger.err, /is no key of this deployment/);
  await served.must(z.unknown(), "release", "hold", "small", "--reason", "shut", "--profile", ada);
  const shut = await drill();
  assert.notEqual(shut.code, 0);
  assert.match(shut.err, /No stream began, so nothing was held\. A gateway says: stage_closed, /);
  const key = /"key":"(key_[0-9a-f]{16})"[^}]*"standing":"suspended"/;
  const listed = await served.headgate("key", "list", "--profile", ada);
  assert.doesNotMatch(JSON.stringify(listed.json), key);
});
