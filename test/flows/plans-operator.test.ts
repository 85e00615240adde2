// The plans of examples/plans, applied to a server as an operator would: with the suites that ship, and documents of their own.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { z } from "zod";
import { StatusView } from "../../src/control/contract.ts";
import { type Served, serveIn } from "./served.ts";

const folder = mkdtempSync(join(tmpdir(), "headgate-plans-"));
const examples = join(dirname(dirname(import.meta.dirname)), "examples");
const ada = join(folder, "ada.json");
let served: Served;

const documents = `kind: Model
name: small
upstream: { dialect: openai-chat, url: "http://127.0.0.1:9/v1", model: mock }
identity: { basis: declared }
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

const apply = async (path: string): Promise<unknown> => served.must(z.unknown(), "apply", "-f", path, "--profile", ada);

before(async () => {
  served = await serveIn(folder);
  writeFileSync(join(folder, "all.yaml"), documents);
  await served.must(z.unknown(), "init", "--name", "Ada", "--profile", ada);
  await apply(join(folder, "all.yaml"));
  await apply(join(examples, "suites"));
});
after(async () => {
  await served.stop();
  rmSync(folder, { recursive: true });
});

/** The verdict of each requirement of a stage, before anything was run. */
async function gate(stage: string): Promise<StatusView> {
  const said = await served.headgate("release", "status", "small", "--gate", stage, "--profile", ada);
  assert.equal(said.exit, 1, "no sign-off is there");
  return StatusView.parse(said.json);
}

for (const [level, stages] of [
  ["low", ["internal", "trusted"]],
  ["moderate", ["internal", "trusted", "limited"]],
  ["high", ["evaluators", "trusted"]],
] as const) {
  test(`the plan for ${level} risk applies, and each stage says what is still to be shown`, async () => {
    await apply(join(examples, "plans", `${level}.yaml`));
    for (const stage of stages) {
      const { requirements, next } = await gate(stage);
      assert.equal(next, stage);
      for (const { id, verdict, stillToShow } of requirements) {
        if (id === "quiet") assert.equal(verdict, "pass");
        else assert.notEqual(verdict, "pass", `${stage}: ${id}`);
        assert.equal(stillToShow === "", verdict === "pass", `${stage}: ${id}`);
      }
    }
  });
}

test("a further key signs as its person, once; taking it away says what it signed that still counts", async () => {
  const second = ["--profile", join(folder, "second.json")] as const;
  const { code } = await served.must(z.looseObject({ code: z.string() }), "person", "link", "--profile", ada);
  await served.must(z.unknown(), "join", code, ...second);
  assert.notEqual((await served.headgate("join", code, "--profile", join(folder, "third.json"))).exit, 0);
  const Keys = z.object({ keys: z.array(z.object({ key: z.string(), here: z.boolean() })) });
  const { keys } = await served.must(Keys, "person", "keys", ...second);
  const key = keys.find(({ here }) => here)?.key ?? "";
  const proposed = ["release", "propose", "small", "--stage", "evaluators", "--reason", "so", "--profile", ada];
  const { proposal } = await served.must(z.object({ proposal: z.string() }), ...proposed);
  await served.must(z.unknown(), "release", "sign", proposal, "--reason", "so", ...second);
  const unlink = ["person", "unlink", key, "--reason", "lost"];
  const { counted } = await served.must(z.object({ counted: z.array(z.string()) }), ...unlink, "--profile", ada);
  assert.deepEqual([keys.length, counted], [2, [proposal]]);
  const gone = await served.headgate("release", "refuse", proposal, "--reason", "so", ...second);
  assert.notEqual(gone.exit, 0);
  await served.must(z.unknown(), "release", "refuse", proposal, "--reason", "it was not me", "--profile", ada);
});
