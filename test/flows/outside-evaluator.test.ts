// An evaluator outside the operator, with a profile, a folder and runs of her own, against a running server: what she was given,
// what she brings, what she finds; and the operator's person, who would rather it had been found otherwise.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { z } from "zod";
import { freePort } from "../../src/main/free-port.ts";
import { type Mock, startMock } from "../upstream-mock/server.ts";
import { type Ended, operatorOf } from "./operator.ts";

const folder = mkdtempSync(join(tmpdir(), "headgate-outside-"));
const [house, elsewhere] = [join(folder, "operator"), join(folder, "university")];
const ada = join(house, "ada.json");
const eve = join(elsewhere, "eve.json");
const places = {
  HEADGATE_DATA: join(house, "data"),
  HEADGATE_KEYS: join(house, "keys"),
  HEADGATE_STATE: join(house, "state"),
  // Her profile remembers where the server was; it is started again.
  HEADGATE_PORT: `${await freePort()}`,
  HEADGATE_CONTROL_PORT: `${await freePort()}`,
};
const { must, headgate, refused, address, start, stop } = operatorOf(places);
const Refused = z.object({ error: z.object({ code: z.string(), message: z.string() }) });
const Permitted = z.object({ permit: z.string() });
const Ran = z.object({ run: z.string(), permit: z.string(), evidence: z.string() });
const Proven = z.object({ stands: z.boolean().nullable(), index: z.number().optional() });
const Requirement = z.object({ id: z.string(), verdict: z.string(), why: z.string() });
const Status = z.object({ requirements: z.array(Requirement) });
const command = join(dirname(dirname(import.meta.dirname)), "bin", "headgate");
let mock: Mock;
let person = "";

/** Eve's own machine: another folder, another profile, and nothing of the operator's but the address. */
async function hers(...args: readonly string[]): Promise<Ended> {
  const env = { ...process.env, HEADGATE_STATE: join(elsewhere, "state"), HEADGATE_SERVER: address() };
  return new Promise((resolve) => {
    const child = execFile(command, [...args, "--profile", eve, "--json"], { env, cwd: elsewhere }, (_, out, err) => {
      resolve({ code: child.exitCode, out, err });
    });
  });
}

async function sheMust(...args: readonly string[]): Promise<string> {
  const { code, out, err } = await hers(...args);
  assert.equal(code, 0, `${args.join(" ")}: ${err}`);
  return out;
}

async function sheIsRefused(...args: readonly string[]): Promise<z.infer<typeof Refused>["error"]> {
  const { code, out, err } = await hers(...args);
  assert.notEqual(code, 0, out);
  return Refused.parse(JSON.parse(err.trim().split("\n").at(-1) ?? "")).error;
}

async function requirement(id: string): Promise<z.infer<typeof Requirement>> {
  const status = Status.parse(JSON.parse(await must("release", "status", "mine", "--profile", ada)));
  const found = status.requirements.find((one) => one.id === id);
  assert.ok(found !== undefined);
  return found;
}

function writeSuite(at: string, { name, failure }: { readonly name: string; readonly failure: string }): void {
  mkdirSync(at, { recursive: true });
  const items = Array.from({ length: 12 }, (_, number) =>
    JSON.stringify({ id: `${number}`, text: `Say ${name} ${number}.`, category: "everyday" }),
  );
  writeFileSync(
    join(at, `${name}.yaml`),
    `kind: Suite\nname: ${name}\nitems: ${name}.jsonl\nanswerTokens: 32\nmeasure: { name: rate, failure: ${failure}, cluster: id }\n`,
  );
  writeFileSync(join(at, `${name}.jsonl`), `${items.join("\n")}\n`);
}

before(async () => {
  mkdirSync(elsewhere, { recursive: true });
  mkdirSync(house, { recursive: true });
  mock = await startMock();
  await start();
  await must("init", "--name", "Ada", "--profile", ada);
  const release = join(house, "release");
  await must("connect", mock.url, "--model", "mock", "--name", "mine", "--out", release, "--profile", ada);
  writeSuite(release, { name: "kind", failure: "refused" });
  writeSuite(release, { name: "hard", failure: "served-and-harmful" });
  writeSuite(release, { name: "city-university.fraud", failure: "refused" });
  const plan = join(release, readdirSync(release).find((name) => /plan/.test(name)) ?? "");
  const bounds = ["kind", "hard"].map(
    (suite) => `{ id: ${suite}, suite: ${suite}, measure: rate, upper: 0.3, confidence: 0.9, outside: true }`,
  );
  const text = readFileSync(plan, "utf8");
  writeFileSync(
    plan,
    text.replace(/^( *)requires:\n/m, (line, space: string) => {
      return `${line}${bounds.map((bound) => `${space}  - ${bound}\n`).join("")}`;
    }),
  );
  // The name is Eve's house's: what she brings later is hers, so the operator has nothing by it.
  rmSync(join(release, "city-university.fraud.yaml"));
  await must("apply", "-f", release, "--profile", ada);
});
after(async () => {
  await stop();
  await mock.close();
  rmSync(folder, { recursive: true });
});

test("she joins from her own machine and runs nothing that she was not given", async () => {
  const invited = ["--name", "Eve", "--role", "evaluator", "--affiliation", "city-university"] as const;
  const invitation = z.object({ code: z.string(), person: z.string() });
  const given = invitation.parse(JSON.parse(await must("person", "invite", ...invited, "--profile", ada)));
  person = given.person;
  await sheMust("join", given.code);
  assert.equal((await sheIsRefused("eval", "run", "kind", "--model", "mine")).code, "authority_missing");
  const mandate = ["eval", "mandate", person, "--model", "mine", "--suite", "kind,hard"] as const;
  assert.equal((await sheIsRefused(...mandate, "--tokens", "1000000")).code, "authority_missing");
  await must(...mandate, "--tokens", "10", "--days", "10", "--profile", ada);
  const { message } = await sheIsRefused("eval", "run", "kind", "--model", "mine");
  assert.match(message, /10 of its 10 tokens are left/);
  await must(...mandate, "--tokens", "1000000", "--own-suites", "--days", "10", "--profile", ada);
  const mine = await sheMust("eval", "mandate");
  assert.match(mine, /"tokens":1000000/);
});

test("what the operator ran does not show it where somebody outside has to; what she ran does, and she can prove it", async () => {
  await must("eval", "run", "kind", "--model", "mine", "--profile", ada);
  const without = await requirement("kind");
  assert.deepEqual([without.verdict, /Nobody outside the operator/.test(without.why)], ["inconclusive", true]);
  const { run } = Ran.parse(JSON.parse(await sheMust("eval", "run", "kind", "--model", "mine")));
  assert.equal((await requirement("kind")).verdict, "pass");
  const proof = join(elsewhere, "proof.json");
  assert.equal(Proven.parse(JSON.parse(await sheMust("eval", "prove", run, "--out", proof))).stands, true);
  await must("ledger", "verify", "--proof", proof, "--trust", join(house, "data/trust.json"));
  assert.ok(existsSync(`${eve}.evidence/${run}.samples`));
});

test("a suite of her own is hers: the operator neither edits nor takes it, and she runs it", async () => {
  writeSuite(join(elsewhere, "own"), { name: "city-university.fraud", failure: "refused" });
  await sheMust("apply", "-f", join(elsewhere, "own"));
  writeSuite(join(house, "softer"), { name: "city-university.fraud", failure: "served-and-harmful" });
  const softer = await refused("apply", "-f", join(house, "softer"), "--profile", ada);
  assert.equal(softer.code, "authority_missing");
  writeSuite(join(elsewhere, "theirs"), { name: "kind", failure: "served-and-harmful" });
  assert.equal((await sheIsRefused("apply", "-f", join(elsewhere, "theirs"))).code, "authority_missing");
  const { run } = Ran.parse(JSON.parse(await sheMust("eval", "run", "city-university.fraud", "--model", "mine")));
  const shown = await headgate("eval", "show", run, "--profile", ada);
  assert.match(shown.out, /rate: 0 of 12/);
});

test("where a suite of hers would send answers is refused until whoever runs it for the operator has named the place", async () => {
  const own = join(elsewhere, "judging");
  writeSuite(own, { name: "city-university.keyless", failure: "refused" });
  const file = join(own, "city-university.keyless.yaml");
  const judges = ["one", "two"].map(
    (name) => `{ name: ${name}, dialect: openai-chat, url: "${mock.url}/v1", model: m, rubric: r }`,
  );
  writeFileSync(file, `${readFileSync(file, "utf8")}grader: { panel: { judges: [${judges.join(", ")}] } }\n`);
  await sheMust("apply", "-f", own);
  const run = ["eval", "run", "city-university.keyless", "--model", "mine", "--profile", ada] as const;
  const origin = new URL(mock.url).origin;
  for (const more of [[], ["--judge-origin", "https://judge.example"]]) {
    const { code, message } = await refused(...run, ...more);
    assert.equal(code, "request_invalid");
    assert.ok(
      message.endsWith(
        `would send what is asked and answered to ${origin}. If that may be, say so: --judge-origin ${origin}`,
      ),
      message,
    );
  }
  assert.match(
    (await refused(...run, "--judge-origin", "judge.example")).message,
    /--judge-origin: addresses of servers/,
  );
  const said = await headgate(...run, "--judge-origin", origin);
  assert.notEqual(said.code, 2, said.err);
  assert.match(said.err, /Grading by one/);
  const listed = join(house, "listed.json");
  const profile: unknown = JSON.parse(readFileSync(ada, "utf8"));
  writeFileSync(listed, JSON.stringify({ ...z.looseObject({}).parse(profile), judgeOrigins: [origin] }), {
    mode: 0o600,
  });
  const byProfile = await headgate(...run.slice(0, -1), listed);
  assert.match(byProfile.err, /Grading by one/);
});

test("a suite of hers gets no secret of whoever runs it for the operator", async () => {
  const own = join(elsewhere, "own");
  writeSuite(own, { name: "city-university.judged", failure: "refused" });
  const file = join(own, "city-university.judged.yaml");
  const judge = `{ name: j, dialect: openai-chat, url: "${mock.url}", model: m, key: "env:UPSTREAM_SECRET", rubric: r }`;
  const labelled = [
    ["a", "safe"],
    ["b", "refused"],
  ].map(([id, label]) => JSON.stringify({ id, request: "q", answer: id, label }));
  writeFileSync(join(own, "set.jsonl"), labelled.join("\n"));
  writeFileSync(file, `${readFileSync(file, "utf8")}grader: { judge: ${judge} }\ncalibration: set.jsonl\n`);
  await sheMust("apply", "-f", own);
  for (const verb of [
    ["run", "city-university.judged", "--model", "mine"],
    ["calibrate", "city-university.judged"],
  ]) {
    const { code, message } = await refused("eval", ...verb, "--profile", ada);
    assert.equal(code, "request_invalid");
    assert.match(message, /is of city-university, and would send your secret env:UPSTREAM_SECRET to http/);
  }
});

test("the operator cannot seal her run in her place, withdraw what she found away, or edit it; she can take it back", async () => {
  const planned = z.object({ permit: z.string(), run: z.string() });
  const { permit, run } = planned.parse(JSON.parse(await sheMust("eval", "register", "hard", "--model", "mine")));
  // Whoever has her run file, and its key, could ask in her name; they cannot sign as she does.
  cpSync(join(elsewhere, "state"), places.HEADGATE_STATE, { recursive: true });
  if (existsSync(`${eve}.runs`)) cpSync(`${eve}.runs`, `${ada}.runs`, { recursive: true });
  const taken = await refused("eval", "run", "--permit", permit, "--seal", "--profile", ada);
  assert.ok(["authority_missing", "not_found"].includes(taken.code), taken.code);
  await sheMust("eval", "run", "--permit", permit);
  assert.equal((await requirement("hard")).verdict, "fail");
  await must("eval", "withdraw", run, "--reason", "does not suit us", "--profile", ada);
  const standing = await requirement("hard");
  assert.equal(standing.verdict, "fail", standing.why);
  assert.match(
    (await headgate("eval", "show", "--profile", ada)).out,
    /withdrawn by person_[0-9a-f]+, who did not give it/,
  );
  assert.equal(Proven.parse(JSON.parse(await sheMust("eval", "prove", run))).stands, true);
  await sheMust("eval", "withdraw", run, "--reason", "the grader was wrong");
  assert.equal((await requirement("hard")).verdict, "inconclusive");
});

test("a run whose mandate was withdrawn says what refused it", async () => {
  const { permit } = Permitted.parse(JSON.parse(await sheMust("eval", "register", "hard", "--model", "mine")));
  const listed = await sheMust("eval", "mandate");
  for (const [, mandate = ""] of listed.matchAll(/"act":"(sha256:[0-9a-f]{64})"/g))
    await must("eval", "mandate", "--withdraw", mandate, "--reason", "the term is over", "--profile", ada);
  const ended = await hers("eval", "run", "--permit", permit);
  assert.equal(ended.code, 3, ended.err);
  assert.match(ended.out, /"refusals":\{"key_suspended":12\}/);
  await must("eval", "mandate", person, "--model", "mine", "--suite", "kind", "--tokens", "1000000", "--profile", ada);
});

test("who puts the ledger back to before her evidence is found out, by what her profile kept alone", async () => {
  await stop();
  const copy = join(folder, "copy");
  for (const name of ["data", "keys"]) cpSync(join(house, name), join(copy, name), { recursive: true });
  await start();
  const { run } = Ran.parse(JSON.parse(await sheMust("eval", "run", "kind", "--model", "mine")));
  await stop();
  for (const name of ["data", "keys"]) {
    rmSync(join(house, name), { recursive: true });
    cpSync(join(copy, name), join(house, name), { recursive: true });
  }
  await start();
  const short = await hers("eval", "prove", run);
  assert.equal(short.code, 1, short.err);
  assert.equal(Proven.parse(JSON.parse(short.out)).stands, false);
  // And where the history goes on without it, past where it stood.
  rmSync(`${ada}.cache`, { force: true });
  const forget = z.record(z.string(), z.unknown()).parse(JSON.parse(readFileSync(ada, "utf8")));
  writeFileSync(ada, JSON.stringify({ ...forget, checkpoint: null }), { mode: 0o600 });
  const profile = ["--profile", ada] as const;
  for (const suite of ["hard", "kind"]) await must("eval", "run", suite, "--model", "mine", ...profile);
  const forked = await hers("eval", "prove", run);
  assert.deepEqual([forked.code, Proven.parse(JSON.parse(forked.out)).stands], [1, false], forked.err);
  const proposed = await must(
    "release",
    "propose",
    "mine",
    "--stage",
    "internal",
    "--reason",
    "without her",
    ...profile,
  );
  const { proposal } = z.object({ proposal: z.string() }).parse(JSON.parse(proposed));
  const bundle = join(elsewhere, "decision.json");
  await must("bundle", proposal, "--out", bundle, ...profile);
  const { code, out, err } = await hers("eval", "prove", run, "--bundle", bundle);
  assert.equal(err, "");
  assert.deepEqual([code, Proven.parse(JSON.parse(out)).stands], [1, false]);
});
