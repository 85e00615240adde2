// `npm test`: every *.test.ts of the project under node:test, one file more at a time than there are cores (many wait for
// processes and clocks), closed by the line `N passed, N failed`. It fails when anything failed, when nothing ran, and, where CI is set, when anything was left out.
// `npm test -- PATH…` runs the files given, or those below the folders given.
import { globSync, statSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { keepConsoleBuilt } from "../src/main/console-build.ts";

const filesAtOnce = Math.max(3, availableParallelism() + 1);
const fileMinutesMax = 15;
/** Files whose time is said at the end of a run of more. */
const longestMax = 15;
const root = dirname(import.meta.dirname);
const everything = ["src/**/*.test.ts", "test/**/*.test.ts", "bench/**/*.test.ts"];

interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly leftOut: number;
}

/** One outcome of node:test, as far as it is counted here. */
interface Outcome {
  readonly name: string;
  readonly file?: string | undefined;
  readonly skip?: string | boolean | undefined;
  readonly todo?: string | boolean | undefined;
  readonly details: { readonly type?: string | undefined };
}

process.chdir(root);
await keepConsoleBuilt((text) => process.stderr.write(text));
report(await runTests(filesOf(process.argv.slice(2))), (process.env["CI"] ?? "") !== "");

// `strict`: what was left out counts as failed.
function report(tally: Tally, strict: boolean): void {
  if (tally.leftOut > 0) console.log(`${tally.leftOut} skipped or to do${strict ? ", counted as failed here" : ""}`);
  const { passed } = tally;
  const failed = tally.failed + (strict ? tally.leftOut : 0);
  if (passed + failed === 0) console.log("No test ran. Check the paths given; tests are in files named *.test.ts.");
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = passed > 0 && failed === 0 ? 0 : 1;
}

function filesOf(paths: readonly string[]): readonly string[] {
  const patterns = paths.map((path) => {
    const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
    return isFolder ? join(path, "**/*.test.ts") : path;
  });
  const found = globSync(paths.length === 0 ? everything : patterns);
  return found
    .map((file) => resolve(file))
    .toSorted()
    .toSorted((left, right) => startRank(left) - startRank(right));
}

// Flows take minutes and tests beside the sources seconds: the long ones first, so that none runs alone at the end.
function startRank(file: string): number {
  return file.startsWith(join(root, "test")) ? 0 : 1;
}

async function runTests(files: readonly string[]): Promise<Tally> {
  const tally = { passed: 0, failed: 0, leftOut: 0 };
  const events = run({
    files: [...files],
    concurrency: filesAtOnce,
    timeout: fileMinutesMax * 60_000,
    execArgv: ["--disable-warning=ExperimentalWarning"],
  });
  events.on("test:pass", (outcome: Outcome) => {
    if (outcome.details.type === "suite") return;
    if (isLeftOut(outcome)) tally.leftOut += 1;
    else if (isEmptyFile(outcome)) {
      console.log(`${outcome.name}: no test in this file`);
      tally.failed += 1;
    } else tally.passed += 1;
  });
  events.on("test:fail", (outcome: Outcome) => {
    if (isLeftOut(outcome)) tally.leftOut += 1;
    else if (outcome.details.type !== "suite") tally.failed += 1;
  });
  const seconds = new Map<string, number>();
  events.on("test:summary", ({ file, duration_ms: ms }) => {
    if (file !== undefined) seconds.set(relative(root, file), Math.round(ms / 1_000));
  });
  const text = events.compose(spec);
  text.pipe(process.stdout);
  await new Promise((done) => text.once("end", done));
  if (seconds.size > longestMax) sayLongest(seconds);
  return tally;
}

// By the clock: several run at once, and wait for each other.
function sayLongest(seconds: ReadonlyMap<string, number>): void {
  const longest = [...seconds].toSorted(([, one], [, other]) => other - one).slice(0, longestMax);
  console.log(`longest: ${longest.map(([file, took]) => `${file} ${took} s`).join(", ")}`);
}

// A suite that was skipped hides the tests in it; it is one thing left out.
function isLeftOut({ skip, todo }: Outcome): boolean {
  return (skip !== undefined && skip !== false) || (todo !== undefined && todo !== false);
}

// A file in which no test is defined is reported as one passed test named by its path.
function isEmptyFile({ name, file }: Outcome): boolean {
  return file !== undefined && (name === file || name === relative(root, file));
}
