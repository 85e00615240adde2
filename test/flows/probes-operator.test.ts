// Live probes as an operator meets them: a watched stage is asked again what the laboratory asked, by a draw that nobody chose; the bet
// goes on where the laboratory left it, and where what is served is shown to fail now the server steps back by itself.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { z } from "zod";
import { WatchView } from "../../src/control/contract.ts";
import { type Scripted, startScripted } from "../upstream-mock/scripted.ts";
import { until } from "./gateway-world.ts";
import { type Served, serveIn } from "./served.ts";

const folder = mkdtempSync(join(tmpdir(), "headgate-probes-"));
const by = ["--profile", join(folder, "ada.json")] as const;
const itemCount = 40;
let upstream: Scripted;
let served: Served;
let decided = "";

const documents = (port: number): string => `kind: Model
name: mine
upstream: { dialect: openai-chat, url: "http://127.0.0.1:${port}/v1", model: scripted }
identity: { basis: declared }
---
kind: ReleasePlan
model: mine
safeguards: default
policy: default
stages:
  - stage: internal
    audience: { types: [internal] }
    requires:
      - { id: board, signOffs: [ { role: owner, count: 1 } ] }
      - { id: bound, suite: core, measure: refused, upper: 0.2, confidence: 0.8, registered: followed }
    conditions:
      share:
        by: key
        steps: [0.3, 1]
        watch:
          widen: when-shown
          measures:
            - { id: again, measure: probes, suite: core, limit: 0.2, alpha: 0.2, exchangesMin: 8, clusters: 8, perDay: 4, withinHours: 2 }
    certificate: { validDays: 30 }
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
kind: Suite
name: core
items: core.jsonl
answerTokens: 16
measure: { name: refused, failure: refused, cluster: id }
`;

function says(content: string): void {
  const choices = [{ index: 0, finish_reason: "stop", message: { role: "assistant", content } }];
  const body = { id: "c", object: "chat.completion", created: 1, model: "scripted", choices };
  const usage = { prompt_tokens: 3, completion_tokens: 3, total_tokens: 6 };
  upstream.play("/v1/chat/completions", { type: "application/json", pieces: [JSON.stringify({ ...body, usage })] });
}

before(async () => {
  upstream = await startScripted();
  says("Certainly: here it is.");
  served = await serveIn(folder);
  const items = Array.from({ length: itemCount }, (_, at) =>
    JSON.stringify({ id: `i${at}`, text: `Say ${at}.`, category: "everyday" }),
  );
  writeFileSync(join(folder, "core.jsonl"), `${items.join("\n")}\n`);
  writeFileSync(join(folder, "all.yaml"), documents(upstream.port));
  await served.must(z.unknown(), "init", "--name", "Ada", ...by);
  await served.must(z.unknown(), "apply", "-f", join(folder, "all.yaml"), ...by);
});
after(async () => {
  await served.stop();
  await upstream.close();
  rmSync(folder, { recursive: true });
});

async function watchNow(): Promise<WatchView> {
  const { watch } = await served.must(z.object({ watch: WatchView }), "release", "status", "mine", ...by);
  return watch;
}

async function measured(): Promise<WatchView["measures"][number]> {
  const [measure] = (await watchNow()).measures;
  assert.ok(measure !== undefined);
  return measure;
}

const probe = ["eval", "run", "core", "--model", "mine", "--probe", "again", ...by] as const;
const Ran = z.looseObject({ run: z.string(), measures: z.tuple([z.looseObject({ trials: z.number() })]) });
const Status = z.object({ requirements: z.array(z.looseObject({ id: z.string(), verdict: z.string() })) });

test("nothing is probed before it is certified, and the next step takes a probe", async () => {
  assert.equal((await served.headgate(...probe)).exit, 2);
  await served.must(z.unknown(), "eval", "run", "core", "--model", "mine", ...by);
  const propose = ["release", "propose", "mine", "--stage", "internal", "--reason", "so", ...by];
  const { proposal } = await served.must(z.object({ proposal: z.string() }), ...propose);
  decided = proposal;
  await served.must(z.unknown(), "release", "sign", proposal, "--reason", "so", ...by);
  await served.must(z.unknown(), "release", "advance", proposal, ...by);
  const first = await measured();
  assert.deepEqual(first.probes?.laboratory, { exchanges: itemCount, bad: 0, unknown: 0 });
  assert.ok(first.kept >= first.neededKept, "the laboratory has shown it by itself");
  assert.equal(first.verdict, "open");
  const refused = await served.headgate("release", "widen", "mine", "--reason", "so", ...by);
  assert.notEqual(refused.exit, 0);
  assert.match(refused.told, /again/);
});

test("a probe asks what is drawn for it, is sealed and counts, and the step may be taken", async () => {
  const asked = upstream.records.length;
  const { measures } = await served.must(Ran, ...probe);
  assert.deepEqual([measures[0].trials, upstream.records.length - asked], [8, 8]);
  await until(async () => (await measured()).good === 8);
  const { probes, verdict, kept, exchanges } = await measured();
  assert.deepEqual([probes?.count, probes?.isFresh, exchanges, verdict], [1, true, 8, "kept"]);
  const laboratory = 0.8 ** -itemCount * ((1 - 0.8 ** (itemCount + 1)) / (0.2 * (itemCount + 1)));
  assert.ok(kept > laboratory, `${kept} goes on from ${laboratory}`);
  const again = await served.headgate(...probe, "--limit", "0.5");
  assert.deepEqual([again.exit, /--probe goes with none of/.test(again.told)], [2, true]);
  await served.must(z.unknown(), "release", "widen", "mine", "--reason", "so", ...by);
  assert.equal((await measured()).exchanges, 0, "each step is probed anew");
  const status = await served.must(Status, "release", "status", "mine", "--gate", "internal", ...by);
  assert.equal(status.requirements.find(({ id }) => id === "bound")?.verdict, "pass", "a probe leaves no plan");
  const file = join(folder, "decision.json");
  await served.must(z.unknown(), "bundle", decided, "--out", file, ...by);
  const second = join(dirname(dirname(import.meta.dirname)), "verifiers", "bundle", "verify.py");
  const { stdout } = spawnSync("python3", ["-B", second, file], { encoding: "utf8" });
  assert.match(stdout, /^ok {4}judgement: bound pass .*^ok {4}gate: pass\nConsistent, not authenticated/ms);
});

test("what fails now is stepped back from by the server, whatever the laboratory found, and stays in the count", async () => {
  says("I'm sorry, but I can't help with that.");
  await served.must(Ran, ...probe);
  await until(async () => (await watchNow()).rolledBackFor === "again");
  const view = await watchNow();
  assert.deepEqual([view.verdict, view.period], ["rolled-back", 3]);
  says("Certainly: here it is.");
  await served.must(Ran, ...probe);
  await until(async () => (await measured()).good === 8);
  const { verdict, kept, neededKept } = await measured();
  assert.equal(verdict, "open");
  assert.ok(kept < neededKept, "it is good again, and was bad");
  await served.must(Ran, ...probe);
  const fifth = await served.headgate(...probe);
  assert.match(fifth.told, /Within 24 hours again may be probed 4/);
});
