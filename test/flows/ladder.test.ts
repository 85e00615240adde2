// docs/ladder.md as it stands there, line by line: the verbs of the command line, a server in a process of its own, real runs and a
// real watch. What each line prints is held against the page, but for figures and what `…` leaves out. The model server is a mock.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { buildProgram, runProgram } from "../../src/cli/program.ts";
import type { Context } from "../../src/cli/context.ts";
import { openDesk } from "../../src/main/in-process.ts";
import { type Mock, startMock } from "../upstream-mock/server.ts";
import { type Served, serveIn } from "./served.ts";

const root = dirname(dirname(import.meta.dirname));
const folder = mkdtempSync(join(tmpdir(), "headgate-ladder-"));
let mock: Mock;
let served: Served;
let context: Context;

before(async () => {
  mock = await startMock();
  served = await serveIn(folder);
  for (const name of ["examples", "verifiers"]) symlinkSync(join(root, name), join(folder, name));
  process.chdir(folder);
  ({ context } = openDesk({
    server: served.controlPlane,
    dataPlane: served.dataPlane,
    codeFile: join(folder, "data", "init-code"),
    stateFolder: join(folder, "state"),
    version: "0.0.0-test",
  }));
});

after(async () => {
  await served.stop();
  await mock.close();
  process.chdir(root);
  rmSync(folder, { recursive: true, force: true });
});

interface Line {
  readonly at: number;
  readonly command: string;
  readonly prints: readonly string[];
}

/** The commands of the page's blocks with what is printed below each, by section. */
function sections(): ReadonlyMap<string, readonly Line[]> {
  const found = new Map<string, Line[]>();
  let [section, isInside] = ["", false];
  for (const [at, line] of readFileSync(join(root, "docs/ladder.md"), "utf8").split("\n").entries()) {
    if (line.startsWith("## ")) section = line.slice(3);
    else if (line.startsWith("```")) isInside = line === "```ladder";
    else if (isInside) {
      const lines = found.get(section) ?? [];
      const last = lines.at(-1);
      if (line.startsWith("$ ")) lines.push({ at: at + 1, command: line.slice(2), prints: [] });
      else if (last !== undefined) lines[lines.length - 1] = { ...last, prints: [...last.prints, line] };
      found.set(section, lines);
    }
  }
  return found;
}

// --- what earlier lines printed

const printed = new Map<string, string>();
let samples: readonly string[] = [];
let trustRoot = "";
let lastCode = 0;
/** Everything that was printed, for what is looked at once more at the end of a section. */
let told = "";

const forms: readonly (readonly [word: string, form: RegExp])[] = [
  ["hgi1_…", /\bhgi1_[\w-]+/g],
  ["sha256:…", /sha256:[0-9a-f]{64}/g],
  ["prop_…", /prop_[0-9a-f]{16}/g],
  ["inc_…", /inc_[0-9a-f]{16}/g],
  ["hg_…", /\bhg_[\w-]{49}/g],
];

function remember(output: string): void {
  told += output;
  for (const [word, form] of forms) {
    const last = output.match(form)?.at(-1);
    if (last !== undefined) printed.set(word, last);
  }
  trustRoot = /^Trust root: (sha256:\w+)/m.exec(output)?.[1] ?? trustRoot;
}

function filledIn(command: string): string {
  let filled = command.replace("ROOT", trustRoot).replaceAll("http://127.0.0.1:8700", served.dataPlane);
  filled = filled.replaceAll("127.0.0.1:8700", new URL(served.dataPlane).host);
  if (filled.includes("review_…")) {
    const [sample, ...others] = samples;
    assert.ok(sample !== undefined, "no sample is left to label");
    samples = others;
    filled = filled.replace("review_…", sample);
  }
  for (const [word] of forms) filled = filled.replaceAll(word, printed.get(word) ?? word);
  assert.doesNotMatch(filled.replaceAll('"…"', ""), /_…/);
  return filled;
}

// --- how a line is done

interface Ended {
  readonly code: number;
  readonly output: string;
}

async function done(command: string): Promise<Ended> {
  if (command === "echo $?") return { code: 0, output: String(lastCode) };
  const ended = await (command.startsWith("headgate ") ? verb(command) : shell(command));
  lastCode = ended.code;
  return ended;
}

/** A verb in this process, in words, as a terminal shows both streams. */
async function verb(command: string): Promise<Ended> {
  const args = [...command.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? "").slice(1);
  let [output, code] = ["", 0];
  const take = (text: string): void => {
    output += text;
  };
  const own: Context = { ...context, isWatched: false, write: take, tell: take, leave: (exit) => (code = exit) };
  await runProgram(buildProgram(own, "0.0.0-test", []), args, own);
  return { code, output };
}

async function shell(command: string): Promise<Ended> {
  const path = [join(root, "bin"), dirname(process.execPath), process.env["PATH"]].join(delimiter);
  const env = { ...process.env, PATH: path, HEADGATE_STATE: join(folder, "state-of-shell") };
  return new Promise((resolve) => {
    const child = execFile("bash", ["-c", command], { cwd: folder, env }, (_, out, err) => {
      resolve({ code: child.exitCode ?? -1, output: out + err });
    });
  });
}

/** A printed line of the page as a pattern: figures may be others, `…` is anything. */
function patternOf(line: string): RegExp {
  const literal = line.trimEnd().replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
  const loose = literal.replaceAll(/\d+(?:\\\.\d+)?/g, String.raw`[\d.]+`).replaceAll(/ +/g, " +");
  return new RegExp(`^${loose.replaceAll("…", ".*")}`);
}

/** The first printed line of the page that does not come, in its order; undefined where all do. */
function missing(output: string, prints: readonly string[]): string | undefined {
  let rest = output.split("\n");
  for (const print of prints) {
    const pattern = patternOf(print);
    const at = rest.findIndex((line) => pattern.test(line));
    if (at === -1) return print;
    rest = rest.slice(at + 1);
  }
  return undefined;
}

/** What only looks may be looked at until it is there: receipts, labels and steps back arrive within a moment. */
const looking = /^(?:headgate release status|headgate review list|curl) /;
const lookingMs = 60_000;

async function doLine({ at, command, prints }: Line): Promise<void> {
  const filled = filledIn(command);
  const until = Date.now() + lookingMs;
  for (;;) {
    const { output } = await done(filled);
    const lacks = missing(output, prints);
    if (lacks !== undefined && looking.test(command) && Date.now() < until) {
      await sleep(250);
      continue;
    }
    assert.equal(lacks, undefined, `docs/ladder.md:${at}: ${command}\n${output}`);
    remember(output);
    if (command.startsWith("headgate review list")) samples = output.match(/^review_\w+/gm) ?? [];
    return;
  }
}

// --- what the page says beyond the lines

/** The mock in place of the embedded model: figures are its own, the way is the same. */
function useMock(): void {
  const upstream = `upstream: { dialect: openai-chat, url: "http://127.0.0.1:${mock.port}/v1", model: mock }`;
  writeFileSync("ladder/model.yaml", `kind: Model\nname: small\n${upstream}\nidentity: { basis: declared }\n`);
}

/** The chance of at most so many failures at this rate, term by term. */
function chanceOfSoFew(failures: number, trials: number, rate: number): number {
  let term = (1 - rate) ** trials;
  let sum = term;
  for (let count = 1; count <= failures; count += 1) {
    term *= ((trials - count + 1) / count) * (rate / (1 - rate));
    sum += term;
  }
  return sum;
}

/** "N more clean trials": with so many a rate over the limit is ruled out, with one fewer it is not. */
function checkStillToShow(): void {
  const said = /over-blocking: (\d+) of (\d+) failed: .*limit 12 %; still to show: (\d+) more clean trials/.exec(told);
  const [, failed = NaN, trials = NaN, more = NaN] = (said ?? []).map(Number);
  const doubt = (clean: number): number => chanceOfSoFew(failed, trials + clean, 0.12);
  assert.ok(doubt(more) <= 0.05 && doubt(more - 1) > 0.05, said?.[0]);
}

/** Of each part of the bundle a byte was changed, and neither verifier ended with 0. */
function checkForgeries(): void {
  const ends = [...told.matchAll(/^stranger\/forged-(\w+)\.json (\d+)$/gm)].map(([, part, code]) => `${part} ${code}`);
  const parts = ["artefacts", "batch", "firstRoot", "format", "judged", "openings", "proposal", "receipts"];
  assert.deepEqual([...new Set(ends.map((end) => end.split(" ")[0]))], parts);
  assert.equal(ends.length, 2 * parts.length);
  assert.deepEqual(
    ends.filter((end) => !/ [12]$/.test(end)),
    [],
  );
}

let isBroken = false;
for (const [section, lines] of sections()) {
  test(section, async () => {
    assert.ok(!isBroken, "an earlier section did not come to its end");
    isBroken = true;
    told = "";
    for (const line of lines) {
      await doLine(line);
      if (line.command.startsWith("mkdir ladder")) useMock();
    }
    if (section.startsWith("4.")) checkStillToShow();
    if (section.startsWith("10.")) checkForgeries();
    isBroken = false;
  });
}
