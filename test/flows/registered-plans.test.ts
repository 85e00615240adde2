// Plans in the ledger before their runs: registered and looked at, followed or not, and what a gate and outsiders make of it.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { z } from "zod";
import { itemLeaf } from "../../src/acts/item-proof.ts";
import { nodePrimitives } from "../../src/proof/node.ts";
import { type Mock, startMock } from "../upstream-mock/server.ts";
import { operatorOf } from "./operator.ts";

const folder = mkdtempSync(join(tmpdir(), "headgate-registered-"));
const release = join(folder, "release");
const ada = join(folder, "ada.json");
const places = { HEADGATE_DATA: join(folder, "data"), HEADGATE_STATE: join(folder, "state") };
const { must, headgate, refused, address, start, stop } = operatorOf(places);
const by = ["--profile", ada] as const;
const Requirement = z.object({
  id: z.string(),
  verdict: z.string(),
  why: z.string(),
  have: z.record(z.string(), z.unknown()),
});
const Status = z.object({ requirements: z.array(Requirement) });
const Registered = z.object({ permit: z.string(), run: z.string() });
const Ran = z.object({
  run: z.string(),
  measures: z.tuple([z.looseObject({ trials: z.number(), upper: z.number() })]),
});
const Shown = z.object({
  evidence: z.tuple([z.object({ body: z.object({ flags: z.array(z.string()) }) })]),
  registered: z.object({ deviations: z.array(z.string()), plan: z.looseObject({ rule: z.string() }) }),
});
const itemCount = 30;
const suites = ["whole", "watched", "broken"] as const;
let mock: Mock;

before(async () => {
  mock = await startMock();
  await start();
  await must("init", "--name", "Ada", ...by);
  await must("connect", mock.url, "--model", "mock", "--name", "mine", "--out", release, ...by);
  const bounds = suites.map((suite) => {
    const items = Array.from({ length: itemCount }, (_, at) => {
      return JSON.stringify({ id: `${suite}-${at}`, text: `Say ${suite} ${at}.`, category: "everyday" });
    });
    writeFileSync(
      join(release, `${suite}.yaml`),
      `kind: Suite\nname: ${suite}\nitems: ${suite}.jsonl\nanswerTokens: 32\nmeasure: { name: refused, failure: refused, cluster: id }\n`,
    );
    writeFileSync(join(release, `${suite}.jsonl`), `${items.join("\n")}\n`);
    return `{ id: ${suite}, suite: ${suite}, measure: refused, upper: 0.2, confidence: 0.8, registered: followed }`;
  });
  const plan = join(release, readdirSync(release).find((name) => /plan/.test(name)) ?? "");
  const text = readFileSync(plan, "utf8");
  writeFileSync(
    plan,
    text.replace(/^( *)requires:\n/m, (line, space: string) => {
      return `${line}${bounds.map((bound) => `${space}  - ${bound}\n`).join("")}`;
    }),
  );
  await must("apply", "-f", release, ...by);
});
after(async () => {
  await stop();
  await mock.close();
  rmSync(folder, { recursive: true });
});

async function requirement(suite: string): Promise<z.infer<typeof Requirement>> {
  const status = Status.parse(JSON.parse(await must("release", "status", "mine", ...by)));
  const found = status.requirements.find(({ id }) => id === suite);
  assert.ok(found !== undefined);
  return found;
}

async function shown(run: string): Promise<z.infer<typeof Shown>> {
  return Shown.parse(JSON.parse(await must("eval", "show", run, ...by)));
}

test("a plan stands in the ledger for everybody to see before anything is asked, and is then followed", async () => {
  const recorded = await must("eval", "show", ...by);
  await must("eval", "register", "whole", "--model", "mine", "--look", ...by);
  assert.equal(await must("eval", "show", ...by), recorded);
  const { permit, run } = Registered.parse(
    JSON.parse(await must("eval", "register", "whole", "--model", "mine", ...by)),
  );
  const listed = await headgate("eval", "show", ...by);
  assert.match(listed.out, new RegExp(`${run}.*${permit}.*registered, not begun: 30 items on mine`));
  assert.match(
    listed.out,
    /all 30 trials, and then the bound; to show: refused at most 20 % at 80 % confidence, for the requirement whole/,
  );
  assert.equal(mock.records.length, 0);
  const ran = Ran.parse(JSON.parse(await must("eval", "run", "--permit", permit, ...by)));
  assert.equal(ran.run, run);
  assert.equal(mock.records.length, itemCount);
  assert.deepEqual((await shown(run)).registered.deviations, []);
  assert.equal((await requirement("whole")).verdict, "pass");
  const page = join(folder, "whole.html");
  await must("eval", "report", run, "--out", page, ...by);
  assert.match(readFileSync(page, "utf8"), /to show at most 20 % at 80 % confidence\. It went as registered\./);
});

test("a sequential run asks in the order of the leaves and ends once it is shown", async () => {
  const asked = mock.records.length;
  const args = ["watched", "--model", "mine", "--rule", "sequential", "--concurrency", "1"] as const;
  const { run, measures } = Ran.parse(JSON.parse(await must("eval", "run", ...args, ...by)));
  const [{ trials, upper }] = measures;
  assert.ok(trials > 5 && trials < itemCount && upper <= 0.2, `${trials} ${upper}`);
  const leaves = mock.records.slice(asked).map(({ body }) => {
    const text = z.object({ messages: z.array(z.object({ role: z.string(), content: z.string() })) }).parse(body);
    const question = text.messages.filter(({ role }) => role === "user");
    const sent = { messages: question, max_tokens: 32, temperature: 0 };
    return Buffer.from(itemLeaf(sent, nodePrimitives)).toString("hex");
  });
  assert.equal(leaves.length, trials);
  assert.deepEqual(leaves, leaves.toSorted());
  const { registered } = await shown(run);
  assert.deepEqual([registered.plan.rule, registered.deviations], ["sequential", []]);
  const { verdict, have } = await requirement("watched");
  assert.deepEqual([verdict, have["method"], have["trials"]], ["pass", "anytime", trials]);
});

test("a run that was killed and sealed as it was is marked by itself and by the record, and a second one does not mend it", async () => {
  const { permit, run } = Registered.parse(
    JSON.parse(await must("eval", "register", "broken", "--model", "mine", ...by)),
  );
  const asked = mock.records.length;
  mock.set({ delayMs: 150 });
  const command = join(dirname(dirname(import.meta.dirname)), "bin", "headgate");
  const args = ["eval", "run", "--permit", permit, "--concurrency", "1", ...by];
  const child = spawn(command, args, {
    env: { ...process.env, ...places, HEADGATE_SERVER: address() },
    stdio: "ignore",
  });
  while (mock.records.length < asked + 4) await new Promise((resolve) => setTimeout(resolve, 20));
  child.kill("SIGKILL");
  await once(child, "exit");
  mock.set({ delayMs: 0 });
  await must("eval", "run", "--permit", permit, "--seal", ...by);
  const first = await shown(run);
  assert.deepEqual(first.registered.deviations, ["sealed-early"]);
  assert.deepEqual(first.evidence[0].body.flags, ["sealed-early"]);
  const again = Ran.parse(JSON.parse(await must("eval", "run", "broken", "--model", "mine", ...by)));
  assert.deepEqual((await shown(again.run)).registered.deviations, ["repeated"]);
  const { verdict, have } = await requirement("broken");
  assert.notEqual(verdict, "pass");
  assert.equal(have["deviations"], `${run}: sealed-early; ${again.run}: repeated`);
  const compared = await headgate("eval", "compare", run, again.run, ...by);
  assert.match(compared.out, new RegExp(`${run} did not go as registered: it was sealed before its permit ended`));
});

test("outsiders find the same deviations in the bundle, with no server", async () => {
  const proposed = await must("release", "propose", "mine", "--stage", "internal", "--reason", "to look at", ...by);
  const { proposal } = z.object({ proposal: z.string() }).parse(JSON.parse(proposed));
  await must("release", "sign", proposal, "--reason", "to look at", ...by);
  const bundle = join(folder, "decision.json");
  await must("bundle", proposal, "--out", bundle, "--html", join(folder, "card.html"), ...by);
  assert.match(readFileSync(join(folder, "card.html"), "utf8"), /<main id="card">/);
  assert.equal((await headgate("bundle", proposal, ...by)).code, 2, "where to write it has to be said");
  const { out } = await headgate("verify", bundle, "--trust", join(folder, "data/trust.json"), "--json");
  assert.match(out, /"deviations":"run_[0-9a-f]{16}: sealed-early; run_[0-9a-f]{16}: repeated"/);
});

test("the same items under another file's name, order and seed are another suite, whose run is seen to repeat the first", async () => {
  const lines = readFileSync(join(release, "broken.jsonl"), "utf8").trimEnd().split("\n");
  writeFileSync(join(release, "mended.jsonl"), `${lines.toReversed().join("\n")}\n`);
  writeFileSync(
    join(release, "broken.yaml"),
    "kind: Suite\nname: broken\nitems: mended.jsonl\nseed: 7\nanswerTokens: 32\nmeasure: { name: refused, failure: refused, cluster: id }\n",
  );
  await must("apply", "-f", release, ...by);
  const { run } = Ran.parse(JSON.parse(await must("eval", "run", "broken", "--model", "mine", ...by)));
  assert.deepEqual((await shown(run)).registered.deviations, ["repeated"]);
  const proposed = await must("release", "propose", "mine", "--stage", "internal", "--reason", "once more", ...by);
  const { proposal } = z.object({ proposal: z.string() }).parse(JSON.parse(proposed));
  await must("release", "sign", proposal, "--reason", "once more", ...by);
  const { verdict, have, why } = await requirement("broken");
  assert.notEqual(verdict, "pass");
  assert.equal(have["deviations"], `${run}: repeated`);
  // Of the two runs before only what came out badly counts: one was cut off, the other came out well.
  assert.match(why, /^0 of 30 failed.* under another suite, too: run_[0-9a-f]{16}, run_[0-9a-f]{16}; /);
  const bundle = join(folder, "again.json");
  await must("bundle", proposal, "--out", bundle, "--html", join(folder, "card.html"), ...by);
  assert.match(readFileSync(join(folder, "card.html"), "utf8"), /<main id="card">/);
  assert.equal((await headgate("bundle", proposal, ...by)).code, 2, "where to write it has to be said");
  const trust = ["--trust", join(folder, "data/trust.json"), "--json"] as const;
  const verified = await headgate("verify", bundle, ...trust);
  assert.match(verified.out, new RegExp(`"deviations":"${run}: repeated"`));
  assert.match(verified.out, new RegExp(`"why":"${why.slice(0, 40)}`));
  // Without the first suite's receipts nobody can say what they were about: each counts as unknown.
  const whole = z.looseObject({ receipts: z.array(z.string()) }).parse(JSON.parse(readFileSync(bundle, "utf8")));
  writeFileSync(bundle, JSON.stringify({ ...whole, receipts: whole.receipts.slice(-itemCount) }));
  assert.doesNotMatch((await headgate("verify", bundle, ...trust)).out, /"id":"broken"[^}]*"verdict":"pass"/);
});

test("what cannot be registered is refused", async () => {
  const wrong = [
    [["--limit", "0"], "request_invalid"],
    [["--requirement", "absent"], "not_found"],
    [["--rule", "whenever"], "request_invalid"],
  ] as const;
  for (const [flags, code] of wrong) {
    assert.equal((await refused("eval", "register", "whole", "--model", "mine", ...flags, ...by)).code, code);
  }
  assert.equal((await refused("eval", "run", "--permit", "permit_0123456789abcdef", ...by)).code, "not_found");
});
