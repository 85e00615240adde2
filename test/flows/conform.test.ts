// What operators ask of safeguards over HTTP from their own machine: whether they keep to the contract, what they say of rows
// in a file, and that a chain that is tried at several rates asks them once a text.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { after, describe, test, type TestContext } from "node:test";
import { z } from "zod";
import { type Ran, ranCommand } from "../ran-command.ts";
import { type JudgeServer, type Trouble, startJudge } from "./judge-server.ts";

const folder = mkdtempSync(join(tmpdir(), "headgate-conform-"));
const examples = join(import.meta.dirname, "../../examples/own-safeguard");

async function firstLine(stream: Readable): Promise<string> {
  for await (const line of createInterface({ input: stream })) return line;
  return "";
}
after(() => {
  rmSync(folder, { recursive: true });
});

async function headgate(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<Ran> {
  return ranCommand(args, { folder, environment });
}

async function judgeFor(t: TestContext): Promise<JudgeServer> {
  const judge = await startJudge();
  t.after(judge.close);
  return judge;
}

const usual = { on: ["input"], judges: ["weapons", "fraud"] };
const scores = { block: { score: 0.9 }, review: { score: 0.5 } };

/** A document with the shipped detector, and with each of these. */
function documentWith(...entries: readonly object[]): string {
  const detector = {
    safeguard: "misuse@4",
    on: ["input", "output"],
    block: { benignRate: 0.002 },
    review: { benignRate: 0.005 },
  };
  const path = join(folder, "safeguards.yaml");
  writeFileSync(path, JSON.stringify({ kind: "Safeguards", name: "default", chain: [detector, ...entries] }));
  return path;
}

const Conformed = z.object({
  ok: z.boolean(),
  safeguards: z.array(
    z.object({
      name: z.string(),
      basis: z.literal("declared"),
      slowestMs: z.number().nullable(),
      timeoutMs: z.number(),
      checks: z.array(z.object({ name: z.string(), ok: z.boolean(), detail: z.string() })),
    }),
  ),
});

async function conformed(
  target: string,
  environment?: Readonly<Record<string, string>>,
  flags: readonly string[] = ["--finds-untested"],
): Promise<z.infer<typeof Conformed> & { readonly exit: number }> {
  const { out, err, exit } = await headgate(["guard", "conform", target, "--json", ...flags], environment);
  assert.equal(err, "");
  return { ...Conformed.parse(JSON.parse(out)), exit };
}

async function failing(judge: JudgeServer): Promise<readonly string[]> {
  const { safeguards } = await conformed(`${judge.url}/judge`);
  return safeguards.flatMap(({ checks }) =>
    checks.filter(({ ok }) => !ok).map(({ name, detail }) => `${name}: ${detail}`),
  );
}

describe("guard conform", () => {
  test("is content with a service that keeps to the contract, and says how slow it was of how slow it may be", async (t) => {
    const judge = await judgeFor(t);
    const { ok, exit, safeguards } = await conformed(`${judge.url}/judge`);
    assert.ok(ok, JSON.stringify(safeguards));
    assert.equal(exit, 0);
    assert.ok((safeguards[0]?.slowestMs ?? -1) >= 0);
    assert.equal(safeguards[0]?.timeoutMs, 5000);
    const { out } = await headgate(["guard", "conform", `${judge.url}/judge`]);
    assert.match(out, /^service \(service@1, declared\) at http.*\nok {4}a benign text: answered, nothing found\n/);
    assert.match(out, /slowest answer \d+ ms of 5000 ms declared/);
  });

  test("is not content with a safeguard that finds nothing, nor where nobody said what it has to find", async (t) => {
    const judge = await judgeFor(t);
    const about = async (...flags: readonly string[]): Promise<readonly unknown[]> => {
      const { ok, exit, safeguards } = await conformed(`${judge.url}/judge`, {}, flags);
      const checks = safeguards.flatMap((one) => one.checks).filter(({ name }) => name.includes("has to find"));
      return [ok, exit, ...checks.map(({ ok: is, detail }) => `${is}: ${detail}`)];
    };
    const untested =
      "NOT TESTED: nobody named a text that it has to find, and what finds nothing would pass all the rest";
    assert.deepEqual(await about(), [false, 1, `false: ${untested}`]);
    assert.deepEqual(await about("--finds-untested"), [true, 0, `true: ${untested}`], "and still says so");
    const one = rowsOf({ text: "there is danger" });
    assert.deepEqual(await about("--finds", one), [true, 0, "true: answered, found weapons (block)"]);
    const both = rowsOf({ text: "there is danger" }, { text: "there is none" });
    assert.deepEqual(await about("--finds", both), [
      false,
      1,
      "true: answered, found weapons (block)",
      "false: it found nothing in it",
    ]);
    for (const wrong of [rowsOf(), rowsOf({ id: "a" }), rowsOf(...Array.from({ length: 65 }, () => ({ text: "a" })))])
      assert.equal((await headgate(["guard", "conform", `${judge.url}/judge`, "--finds", wrong])).exit, 2);
  });

  test("is content with each kind in a document", async (t) => {
    const judge = await judgeFor(t);
    const url = `${judge.url}/v1`;
    const table = [{ theirs: "S9", ours: "weapons" }];
    const moderationTable = ["illicit/violent", "illicit", "harassment"].map((theirs) => ({ theirs, ours: "weapons" }));
    const path = documentWith(
      { safeguard: "service@1", name: "a", ...usual, url: `${judge.url}/judge`, ...scores },
      { safeguard: "judge@1", name: "b", ...usual, url, dialect: "openai-chat", model: "m" },
      { safeguard: "judge@1", name: "c", ...usual, url, dialect: "anthropic-messages", model: "m" },
      { safeguard: "llama-guard@1", name: "d", on: ["input"], url, model: "guard", table },
      { safeguard: "moderation@1", name: "e", on: ["input"], url, model: "o", table: moderationTable, ...scores },
    );
    const { ok, safeguards } = await conformed(path);
    assert.ok(ok, JSON.stringify(safeguards));
    assert.deepEqual(
      safeguards.map(({ name }) => name),
      ["a", "b", "c", "d", "e"],
    );
  });

  for (const trouble of [
    "status-500",
    "redirects",
    "not-json",
    "huge",
    "empty",
    "cuts",
    "compressed",
  ] satisfies Trouble[]) {
    test(`finds a service that ${trouble}`, async (t) => {
      const judge = await judgeFor(t);
      judge.trouble = trouble;
      const { ok, exit } = await conformed(`${judge.url}/judge`);
      assert.deepEqual([ok, exit], [false, 1]);
    });
  }

  test("says what about an answer the contract does not admit", async (t) => {
    const judge = await judgeFor(t);
    const answers = [
      ['{"contract":"headgate-safeguard/2","findings":[]}', /contract: Invalid input/],
      ['{"contract":"headgate-safeguard/1","findings":[],"blocked\\u001b[2J":true}', /Unrecognized key/],
      ['{"contract":"headgate-safeguard/1","findings":[{"category":"spam","score":1}]}', /findings\.0\.category/],
      [
        '{"contract":"headgate-safeguard/1","findings":[{"category":"cyber","score":1,"text":0,"span":[0,1000000]}]}',
        /a span ends at 1000000/,
      ],
    ] as const;
    for (const [answer, words] of answers) {
      judge.answer = () => answer;
      const found = await failing(judge);
      assert.match(found[0] ?? "", words);
    }
    const { out } = await headgate(["guard", "conform", `${judge.url}/judge`]);
    assert.ok(!out.includes("\u001b"), "what a server says steers no terminal");
  });

  test("finds answers that change from one time to the next, and what is taken though it is not of the contract", async (t) => {
    const judge = await judgeFor(t);
    let count = 0;
    judge.answer = ({ body }) => {
      count += 1;
      const score = count % 2 === 0 ? 0.6 : 0.7;
      const findings = body.includes("Python") ? [{ category: "cyber", score }] : [];
      return JSON.stringify({ contract: "headgate-safeguard/1", findings });
    };
    const found = await failing(judge);
    assert.match(found[0] ?? "", /^the same answer when asked again: 2 different answers/);
    assert.equal(found.filter((one) => one.includes("it answered 200, not 400 to 499")).length, 4);
  });

  test("sends the key, and finds a service that takes anybody's questions", async (t) => {
    const judge = await judgeFor(t);
    const service = { safeguard: "service@1", name: "a", ...usual, url: `${judge.url}/judge`, ...scores };
    const path = documentWith({ ...service, key: "env:UPSTREAM_A" });
    const open = await conformed(path, { UPSTREAM_A: "sk-one" });
    assert.deepEqual(
      open.safeguards[0]?.checks.filter(({ ok }) => !ok).map(({ name }) => name),
      ["who comes without the key is refused"],
    );
    judge.key = "sk-one";
    assert.ok((await conformed(path, { UPSTREAM_A: "sk-one" })).ok);
    const without = await headgate(["guard", "conform", path]);
    assert.equal(without.exit, 2);
    assert.match(without.err, /UPSTREAM_A is not set/);
  });

  const python = process.env["HEADGATE_TEST_PYTHON"] === "0" ? "left out by hand" : false;
  test("is content with the service of the example, which finds what it says it finds", { skip: python }, async (t) => {
    const key = { UPSTREAM_HOUSE_RULES: "sk-example" };
    const service = spawn("python3", [join(examples, "service.py"), "0"], {
      env: { ...process.env, SAFEGUARD_KEY: key.UPSTREAM_HOUSE_RULES },
      stdio: ["ignore", "pipe", "inherit"],
    });
    t.after(() => service.kill());
    const port = /listening on (\d+)/.exec(await firstLine(service.stdout))?.[1] ?? "";
    const path = join(folder, "example.yaml");
    const document = readFileSync(join(examples, "safeguards.yaml"), "utf8");
    writeFileSync(path, document.replace("127.0.0.1:9100", `127.0.0.1:${port}`));
    const { ok, safeguards } = await conformed(path, key, ["--finds", join(examples, "finds.jsonl")]);
    assert.ok(ok, JSON.stringify(safeguards));
    const rows = rowsOf(
      { id: "a", text: "😀 tell me about Project Falcon" },
      { id: "b", text: "tell me about falcons" },
    );
    const { out, err } = await headgate(["guard", "scan", rows, "--safeguards", path], key);
    assert.match(err, /^pass 1, block 1|^block 1, pass 1/);
    const [first, second] = out
      .trim()
      .split("\n")
      .map((line) => Scanned.parse(JSON.parse(line)));
    assert.deepEqual([first?.verdict, first?.findings[0]?.["span"], second?.verdict], ["block", [17, 31], "pass"]);
  });

  test("a target without such a safeguard, or that is no address, is wrong input", async () => {
    assert.equal((await headgate(["guard", "conform", documentWith()])).exit, 2);
    assert.equal((await headgate(["guard", "conform", "http://user:pass@127.0.0.1/"])).exit, 2);
    const link = await headgate(["guard", "conform", "http://169.254.169.254/judge"]);
    assert.notEqual(link.exit, 0);
    assert.match(link.err, /never used/);
  });
});

const Scanned = z.object({
  id: z.string(),
  verdict: z.string(),
  cause: z.string().optional(),
  findings: z.array(
    z.looseObject({ category: z.string(), basis: z.string().optional(), detector: z.string().optional() }),
  ),
});

function rowsOf(...rows: readonly object[]): string {
  const path = join(folder, "rows.jsonl");
  writeFileSync(path, rows.map((row) => JSON.stringify(row)).join("\n"));
  return path;
}

describe("rows of a file", () => {
  test("are judged with it, its findings are shown as declared, and without it they are unknown", async (t) => {
    const judge = await judgeFor(t);
    const path = documentWith({ safeguard: "service@1", name: "mine", ...usual, url: `${judge.url}/judge`, ...scores });
    const rows = rowsOf({ id: "a", text: "a fine day" }, { id: "b", text: "what a dubious cake recipe" });
    const scan = async (): Promise<readonly z.infer<typeof Scanned>[]> => {
      const { out } = await headgate(["guard", "scan", rows, "--safeguards", path]);
      return out
        .trim()
        .split("\n")
        .map((line) => Scanned.parse(JSON.parse(line)));
    };
    const [first, second] = await scan();
    assert.equal(first?.verdict, "pass");
    assert.equal(second?.verdict, "review");
    const { category, basis, detector } = second?.findings[0] ?? { category: "" };
    assert.deepEqual([category, basis, detector], ["fraud", "declared", "service@1 mine"]);
    judge.trouble = "status-500";
    assert.deepEqual(
      (await scan()).map(({ verdict, cause }) => `${verdict} ${cause}`),
      ["unknown failed", "unknown failed"],
    );
  });

  test("are tuned with it, asked once a row however many rates are tried", async (t) => {
    const judge = await judgeFor(t);
    const path = documentWith({ safeguard: "service@1", name: "mine", ...usual, url: `${judge.url}/judge`, ...scores });
    const rows = rowsOf(
      { id: "a", text: "a fine day", label: "benign" },
      { id: "b", text: "a danger that no detector of words knows", label: "harmful" },
    );
    const { out } = await headgate(["guard", "tune", rows, "--safeguards", path, "--json"]);
    const { now } = z.object({ now: z.object({ caught: z.object({ count: z.number() }) }) }).parse(JSON.parse(out));
    assert.equal(now.caught.count, 1);
    assert.equal(judge.requests.length, 2);
  });
});
