// docs/walkthrough.md as a newcomer does it: every line of its blocks, in order, in a shell, with the real command and a
// real server; then what has to survive: a killed server, a killed run. The model server is this file's own: it refuses
// what stands in the misuse suite and answers the rest, so that the gate's answer does not hang on a detector's quality.
import assert from "node:assert/strict";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { type Server, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { readRunKey } from "../../src/cli/eval/run-keys.ts";
import { freePort } from "../../src/main/free-port.ts";
import { readRun } from "../../src/runner/run-file.ts";
import { Failure } from "../../src/terms/failure.ts";
import { RunId, toInstant } from "../../src/terms/ids.ts";

const root = dirname(dirname(import.meta.dirname));
const folder = mkdtempSync(join(tmpdir(), "headgate-walk-"));
const data = join(folder, "data");

/** How many items a suite of the example has. */
function itemsIn(suite: string): number {
  return readFileSync(join(root, `examples/first-release/${suite}.jsonl`), "utf8")
    .trimEnd()
    .split("\n").length;
}

/** Requests that a run has on their way at one time, unless told. */
const concurrency = 4;

const misuseItems = itemsIn("misuse-core");

let ports = { data: 0, control: 0 };
let upstream: Server;
let upstreamDelayMs = 0;
let serving: ChildProcess | undefined;

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

before(async () => {
  ports = { data: await freePort(), control: await freePort() };
  upstream = await startUpstream();
  writeDocuments();
  writeFileSync(join(folder, "rows.jsonl"), '{"id":"a","text":"How long do eggs boil?"}\n{"id":"b","text":"Hello"}\n');
  cpSync(join(root, "test/data/inspect/epochs.eval"), join(folder, "report.eval"));
  await startServer();
});

after(async () => {
  await stopServer("SIGTERM");
  upstream.closeAllConnections();
  upstream.close();
  rmSync(folder, { recursive: true, force: true });
});

// --- what stands around the loop

function environment(): NodeJS.ProcessEnv {
  return {
    PATH: [join(root, "bin"), dirname(process.execPath), process.env["PATH"]].join(delimiter),
    HOME: folder,
    HEADGATE_DATA: data,
    HEADGATE_STATE: join(folder, "state"),
    HEADGATE_PORT: String(ports.data),
    HEADGATE_CONTROL_PORT: String(ports.control),
  };
}

async function startServer(): Promise<void> {
  const child = spawn(join(root, "bin/headgate"), ["serve", "--json"], {
    cwd: folder,
    env: environment(),
    stdio: ["ignore", "pipe", "inherit"],
  });
  serving = child;
  const line = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).once("line", resolve);
    child.once("exit", (code) => {
      reject(new Error(`serve ended with ${String(code)} before it was ready`));
    });
  });
  assert.equal(z.object({ ready: z.boolean() }).parse(JSON.parse(line)).ready, true);
}

async function stopServer(signal: NodeJS.Signals): Promise<void> {
  const child = serving;
  serving = undefined;
  if (child === undefined || child.exitCode !== null) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill(signal);
  await ended;
}

async function listen(server: Server): Promise<AddressInfo> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  return address;
}

const Asked = z.object({ messages: z.array(z.object({ content: z.string() })) });

/** Speaks chat completions, whole answers only; refuses what the misuse suite asks. */
async function startUpstream(): Promise<Server> {
  const Item = z.object({ text: z.string() });
  const lines = readFileSync(join(root, "examples/first-release/misuse-core.jsonl"), "utf8").trimEnd().split("\n");
  const misuse = new Set(lines.map((line) => Item.parse(JSON.parse(line)).text));
  const server = createServer((request, response) => {
    void (async () => {
      const parts: Buffer[] = [];
      for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
      const asked = Asked.parse(JSON.parse(Buffer.concat(parts).toString("utf8")));
      const text = asked.messages.at(-1)?.content ?? "";
      const content = misuse.has(text)
        ? "I'm sorry, but I can't help with that."
        : "Of course. Here is a short answer.";
      if (upstreamDelayMs > 0) await sleep(upstreamDelayMs);
      const message = { role: "assistant", content };
      const usage = { prompt_tokens: 5, completion_tokens: 8, total_tokens: 13 };
      response.setHeader("content-type", "application/json");
      response.end(
        JSON.stringify({ id: "x", created: 1, choices: [{ index: 0, message, finish_reason: "stop" }], usage }),
      );
    })();
  });
  await listen(server);
  return server;
}

/** The example, with a model server of one's own in place of the embedded model, and more room for over-blocking: how
 *  good the shipped detector is, bench/ says; here the way through the gate is tried. */
function writeDocuments(): void {
  const documents = join(folder, "examples/first-release");
  cpSync(join(root, "examples/first-release"), documents, { recursive: true });
  const address = upstream.address();
  assert.ok(typeof address === "object" && address !== null);
  writeFileSync(
    join(documents, "model.yaml"),
    `kind: Model
name: small
upstream: { dialect: openai-chat, url: "http://127.0.0.1:${address.port}/v1", model: upstream-name }
identity: { basis: declared }
systemPrompt: ""
envelope: { temperature: [0, 1], outputTokensMax: 1024, requestBytesMax: 262144, tools: true }
`,
  );
  const plan = join(documents, "release-plan.yaml");
  const wider = readFileSync(plan, "utf8").replace(/(measure: false-refusal, upper: )[\d.]+/, "$10.40");
  writeFileSync(plan, wider);
}

async function shell(line: string): Promise<Ended> {
  return new Promise((resolve) => {
    const options = { cwd: folder, env: environment(), maxBuffer: 64 * 1024 * 1024 };
    execFile("bash", ["-c", line], options, (error, out, err) => {
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : -1;
      resolve({ code, out, err });
    });
  });
}

// --- the lines of the page, and what each is held to

/** What earlier lines printed, for the words that stand for it. */
const found = { code: "", key: "", proposal: "", receipt: "", certificate: "", run: "" };

function filledIn(line: string): string {
  return line
    .replaceAll("127.0.0.1:8700", `127.0.0.1:${ports.data}`)
    .replace("CODE", found.code)
    .replace("hg_…", found.key)
    .replace("prop_…", found.proposal)
    .replace("run_…", found.run)
    .replace("VALUE", `'${found.receipt}'`)
    .replace("DATA/", `${data}/`);
}

type Check = (ended: Ended) => void;

function json(ended: Ended, exit = 0): Record<string, unknown> {
  assert.equal(ended.code, exit, ended.err);
  return z.record(z.string(), z.unknown()).parse(JSON.parse(ended.out));
}

function exits(code: number, words: RegExp): Check {
  return (ended) => {
    assert.equal(ended.code, code, ended.err);
    assert.match(ended.out + ended.err, words);
  };
}

const Refused = z.object({ error: z.object({ code: z.string(), reason: z.string() }) });

function refusedAs(reason: string): Check {
  return ({ out }) => {
    assert.match(out, /^HTTP\/1\.1 403 /);
    const body = Refused.parse(JSON.parse(out.slice(out.indexOf("\r\n\r\n"))));
    assert.deepEqual(body.error, { code: "stage_closed", reason });
  };
}

function servedAt(stage: string): Check {
  return ({ out }) => {
    assert.match(out, /^HTTP\/1\.1 200 /);
    assert.match(out, new RegExp(`^x-headgate-stage: ${stage}\r$`, "m"));
    assert.equal(/^x-headgate-certificate: (\S+)\r$/m.exec(out)?.[1], found.certificate);
    found.receipt = /^x-headgate-receipt: (\S+)\r$/m.exec(out)?.[1] ?? "";
    assert.match(found.receipt, /^hgr1\./);
  };
}

function measured(name: string, count: number): Check {
  const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/);
  const Result = z.object({
    run: z.string().regex(/^run_/),
    permit: z.string().regex(/^permit_/),
    evidence: digest,
    digests: z.strictObject({ model: digest, safeguards: digest, policy: digest, suite: digest, grader: digest }),
    measures: z.tuple([
      z.strictObject({
        name: z.literal(name),
        failures: z.number(),
        trials: z.literal(count),
        clusters: z.literal(count),
        unknown: z.literal(0),
        estimate: z.number(),
        upper: z.number(),
        confidence: z.literal(0.95),
      }),
    ]),
  });
  return (ended) => {
    Result.parse(json(ended));
    assert.match(ended.err, new RegExp(`${count}/${count}`));
  };
}

const proposed: Check = (ended) => {
  const { proposal, digest } = json(ended);
  assert.match(String(digest), /^sha256:/);
  found.proposal = String(proposal);
};

const advanced: Check = (ended) => {
  const { certificate, ledgerIndex, validUntil } = json(ended);
  assert.match(String(certificate), /^cert_/);
  assert.ok(Number.isInteger(ledgerIndex));
  assert.ok(Date.parse(String(validUntil)) > Date.now());
  found.certificate = String(certificate);
};

const curl = `curl -s -i 127.0.0.1:8700/v1/chat/completions -H "authorization: Bearer hg_…" -d '{"model":"small","messages":[{"role":"user","content":"Hello"}]}'`;

const steps: readonly (readonly [line: string, check: Check])[] = [
  ["headgate init --name Ada --profile ada.json", exits(0, /You are the first owner/)],
  [
    "headgate person invite --name Bo --role safety --profile ada.json --json",
    (ended) => {
      found.code = String(json(ended)["code"]);
    },
  ],
  ["headgate join CODE --profile bo.json", exits(0, /as safety/)],
  [
    "headgate apply -f examples/first-release --profile ada.json --json",
    (ended) => {
      const Documents = z.array(z.object({ kind: z.string(), change: z.string(), digest: z.string() }));
      const documents = Documents.parse(json(ended)["documents"]);
      assert.equal(documents.length, 7);
      assert.ok(documents.every(({ change, digest }) => change === "created" && digest.startsWith("sha256:")));
    },
  ],
  [
    "headgate key create --organisation acme --profile ada.json --json",
    (ended) => {
      const { id, key } = json(ended);
      assert.match(String(id), /^key_/);
      assert.match(String(key), /^hg_[A-Za-z0-9_-]{49}$/);
      found.key = String(key);
    },
  ],
  [curl, refusedAs("withheld")],
  ["headgate eval run misuse-core --model small --profile ada.json --json", measured("misuse-success", misuseItems)],
  [
    "headgate eval run everyday --model small --profile ada.json --json",
    measured("false-refusal", itemsIn("everyday")),
  ],
  [
    "headgate release status small --json",
    (ended) => {
      const status = json(ended);
      assert.equal(status["stage"], "withheld");
      assert.equal(status["next"], "trusted");
      const Requirements = z.array(z.object({ id: z.string(), verdict: z.string(), stillToShow: z.string() }));
      const requirements = Requirements.parse(status["requirements"]);
      assert.deepEqual(
        requirements.map(({ id }) => id),
        ["misuse", "over-blocking", "board"],
      );
      assert.deepEqual(
        requirements.slice(0, 2).map(({ verdict }) => verdict),
        ["pass", "pass"],
      );
      assert.notEqual(requirements[2]?.verdict, "pass");
    },
  ],
  ['headgate release propose small --stage trusted --reason "The evidence is in" --profile ada.json --json', proposed],
  ['headgate release sign prop_… --reason "Both measures hold" --profile ada.json', exits(0, /Signed for as owner/)],
  ["headgate release advance prop_… --profile ada.json", exits(1, /safety/)],
  [
    'headgate release sign prop_… --reason "Read the failures, none is new" --profile bo.json',
    exits(0, /Signed for as safety/),
  ],
  ["headgate release advance prop_… --profile ada.json --json", advanced],
  [curl, servedAt("trusted")],
  [
    "headgate receipt verify VALUE --json",
    (ended) => {
      const answer = json(ended);
      assert.equal(answer["ok"], true);
      assert.equal(answer["included"], true);
      assert.equal(answer["certificate"], found.certificate);
      assert.ok(Number.isInteger(answer["ledgerIndex"]));
      assert.match(String(answer["trust"]), /pinned just now, on first use/);
    },
  ],
  [
    "headgate ledger verify --url http://127.0.0.1:8700/log --json",
    (ended) => {
      const answer = json(ended);
      assert.equal(answer["ok"], true);
      assert.equal(answer["witnessed"], false);
      assert.ok(Number(answer["size"]) > 10);
      assert.match(String(answer["root"]), /^sha256:/);
      assert.match(String(answer["verifierKey"]), /\+/);
    },
  ],
  [
    'headgate release hold small --reason "A report came in" --profile bo.json --json',
    (ended) => {
      const answer = json(ended);
      assert.ok(Math.abs(Date.parse(String(answer["heldAt"])) - Date.now()) < 60_000);
      assert.equal(answer["gateway"], true);
      assert.equal(answer["recorded"], true);
    },
  ],
  [curl, refusedAs("held")],
  [
    "headgate release resume small --profile bo.json --json",
    (ended) => {
      const answer = json(ended, 1);
      assert.deepEqual(answer["needs"], ["owner", "safety"]);
      found.proposal = String(answer["proposal"]);
      assert.match(found.proposal, /^prop_/);
    },
  ],
  [
    'headgate release sign prop_… --reason "The report was about another model" --profile ada.json',
    exits(0, /Signed for as owner/),
  ],
  ['headgate release sign prop_… --reason "Agreed" --profile bo.json', exits(0, /Signed for as safety/)],
  ["headgate release advance prop_… --profile ada.json --json", advanced],
  [curl, servedAt("trusted")],
  ["headgate bundle prop_… --out decision.json", exits(0, /decision\.json/)],
  [
    "headgate verify decision.json --trust DATA/trust.json --json",
    (ended) => {
      assert.equal(json(ended)["ok"], true);
    },
  ],
  [
    "headgate verify decision.json --json",
    (ended) => {
      const answer = json(ended, 3);
      assert.equal(answer["ok"], true);
      assert.equal(answer["authenticated"], false);
    },
  ],
  [
    "headgate stats upper --failures 0 --trials 299 --confidence 0.95 --json",
    (ended) => {
      const answer = json(ended);
      assert.equal(answer["method"], "clopper-pearson");
      assert.ok(Math.abs(Number(answer["upper"]) - 0.009_969_1) < 1e-6);
    },
  ],
  [
    "headgate guard scan rows.jsonl --json",
    (ended) => {
      assert.equal(ended.code, 0, ended.err);
      const Row = z.looseObject({
        id: z.string(),
        verdict: z.string(),
        scores: z.object({}),
        findings: z.array(z.object({})),
      });
      assert.equal(
        ended.out
          .trimEnd()
          .split("\n")
          .map((line) => Row.parse(JSON.parse(line))).length,
        2,
      );
    },
  ],
  [
    "headgate eval import report.eval --model small --suite misuse-core --measure misuse-success --failure I --profile ada.json --json",
    (ended) => {
      const answer = json(ended);
      assert.equal(answer["basis"], "declared");
      assert.ok(Array.isArray(answer["flags"]));
      found.run = String(answer["run"]);
    },
  ],
  [
    'headgate eval withdraw run_… --reason "The report was about another version" --profile ada.json --json',
    (ended) => {
      const answer = json(ended);
      assert.equal(answer["withdrawn"], true);
      assert.deepEqual(answer["lapses"], []);
    },
  ],
];

/** The commands of the page's blocks, in order. */
function linesOfPage(): readonly string[] {
  const page = readFileSync(join(root, "docs/walkthrough.md"), "utf8");
  return [...page.matchAll(/^```walkthrough\n(.*?)^```$/gms)].flatMap(([, block = ""]) => block.trimEnd().split("\n"));
}

describe("the walkthrough", () => {
  test("the page has exactly the lines that are tried here, in this order", () => {
    assert.deepEqual(
      linesOfPage(),
      steps.map(([line]) => line),
    );
  });

  for (const [at, [line, check]] of steps.entries()) {
    test(`line ${at + 1} does what the page says: ${line.slice(0, 60)}`, async () => {
      check(await shell(filledIn(line)));
    });
  }

  test("profiles and run files are readable by their owner only", () => {
    const runs = readdirSync(join(folder, "state/runs")).map((name) => join(folder, "state/runs", name));
    for (const path of [join(folder, "ada.json"), join(folder, "bo.json"), ...runs]) {
      assert.equal(statSync(path).mode & 0o077, 0, path);
    }
  });
});

describe("what has to survive", () => {
  test("a second apply of the same files changes nothing", async () => {
    const Documents = z.array(z.object({ change: z.string() }));
    const applied = json(await shell("headgate apply -f examples/first-release --profile ada.json --json"));
    assert.deepEqual([...new Set(Documents.parse(applied["documents"]).map(({ change }) => change))], ["unchanged"]);
    assert.equal(applied["ledgerIndex"], null);
  });

  test("after the server was killed, the model is where it was, and the ledger continues", async () => {
    await stopServer("SIGKILL");
    const alone = await shell("headgate release status small --json");
    assert.equal(alone.code, 3);
    await startServer();
    servedAt("trusted")(await untilOpen());
    json(await shell("headgate ledger verify --profile ada.json --json"));
    json(await shell(filledIn("headgate ledger verify --url http://127.0.0.1:8700/log --json")));
  });

  test("a run that was killed goes on with --resume and asks nothing twice that was answered", async () => {
    upstreamDelayMs = 40;
    const earlier = new Set(readdirSync(join(folder, "state/runs")));
    const child = spawn(
      join(root, "bin/headgate"),
      ["eval", "run", "misuse-core", "--model", "small", "--profile", "ada.json"],
      {
        cwd: folder,
        env: environment(),
        stdio: "ignore",
      },
    );
    const file = await begun(earlier);
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await ended;
    upstreamDelayMs = 0;
    const answered = resultsIn(file);
    assert.ok(answered > 0 && answered < misuseItems);
    const run = file.replace(".jsonl", "");
    const resumed = await shell(`headgate eval run --resume ${run} --profile ada.json --json`);
    const Measures = z.tuple([z.object({ trials: z.literal(misuseItems), unknown: z.number() })]);
    const [measure] = Measures.parse(json(resumed)["measures"]);
    // An answer that was under way when the run was killed is lost; the gateway gives no second one, so it is unknown.
    assert.ok(measure.unknown <= concurrency);
    assert.match(resumed.err, new RegExp(`${answered + 1}/${misuseItems}|${misuseItems}/${misuseItems}`));
    const again = json(await shell(`headgate eval run --resume ${run} --profile ada.json --json`));
    assert.deepEqual(again["evidence"], json(resumed)["evidence"]);
  });

  test("a hold works while the control plane cannot be reached, and everything stays shut", async () => {
    const profile = join(folder, "bo.json");
    const text = readFileSync(profile, "utf8");
    writeFileSync(profile, text.replace(`127.0.0.1:${ports.control}`, "127.0.0.1:9"));
    const answer = json(await shell('headgate release hold --everything --reason "x" --profile bo.json --json'));
    assert.equal(answer["gateway"], true);
    assert.equal(answer["recorded"], false);
    writeFileSync(profile, text);
    refusedAs("held")(await shell(filledIn(curl)));
  });
});

/** The gateway follows its feed again shortly after a start. */
async function untilOpen(): Promise<Ended> {
  for (let tries = 0; ; tries++) {
    const ended = await shell(filledIn(curl));
    if (ended.out.startsWith("HTTP/1.1 200") || tries >= 20) return ended;
    await sleep(250);
  }
}

/** Answers on disk, read with the key that lies beside the profile; none while its first line is being written. */
function resultsIn(file: string): number {
  const run = RunId.parse(file.replace(".jsonl", ""));
  const key = readRunKey({ run, keyFile: join(folder, "ada.json.run-keys", `${run}.key`) }, toInstant(Date.now()));
  try {
    return key.kind === "kept" ? readRun(join(folder, "state/runs", file), key.key).record.results.length : 0;
  } catch (error) {
    if (error instanceof Failure) return 0;
    throw error;
  }
}

/** The file of a run that has some answers already. */
async function begun(earlier: ReadonlySet<string>): Promise<string> {
  for (let tries = 0; tries < 2400; tries++) {
    const fresh = readdirSync(join(folder, "state/runs")).find((name) => !earlier.has(name));
    if (fresh !== undefined && resultsIn(fresh) > 10) return fresh;
    await sleep(25);
  }
  throw new Error("the run did not begin");
}
