// Every suite of examples/suites against the embedded model, without safeguards and with the shipped ones, through the command
// line as an operator has it. Usage: node bench/suites.ts [--write] [--only SUITE,…] [--redraw]
// Prints a JSON line and a table. What was measured of other suites before stays in the result.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { z } from "zod";
import { suiteCalled, suitesFolder } from "../scripts/suite-card.ts";
import { clopperPearson } from "../src/statistics/binomial.ts";
import { operatorOf } from "../test/flows/operator.ts";
import { Measured, pageOf, plotOf, tableOf } from "./suites/page.ts";

const root = join(import.meta.dirname, "..");
const resultFile = join(import.meta.dirname, "results/suites.json");

const all = readdirSync(suitesFolder)
  .filter((file) => file.endsWith(".yaml"))
  .map((file) => file.slice(0, -".yaml".length));

const { values } = parseArgs({
  options: { write: { type: "boolean" }, redraw: { type: "boolean" }, only: { type: "string" } },
});

const Result = z.object({ bench: z.literal("suites"), suites: z.array(Measured) });

function readBefore(): readonly Measured[] {
  try {
    return Result.parse(JSON.parse(readFileSync(resultFile, "utf8"))).suites;
  } catch {
    return [];
  }
}

function keep(suites: readonly Measured[]): void {
  writeFileSync(resultFile, `${JSON.stringify({ bench: "suites", suites }, null, 2)}\n`);
  const missing = all.filter((name) => !suites.some(({ suite }) => suite === name));
  writeFileSync(join(root, "docs/suites-measured.md"), pageOf(suites, missing));
  writeFileSync(join(root, "docs/measured/suites.svg"), plotOf(suites));
}

const Waiting = z.object({ run: z.string(), act: z.string(), sealed: z.literal(false) });
const Sealed = z.object({ run: z.string(), digests: z.object({ suite: z.string() }) });
const Figures = z.object({ clusters: z.number(), clustersFailed: z.number(), clustersUnknown: z.number() });
const Shown = z.object({ by: z.object({ category: z.array(Figures) }) });
const Compared = z.object({
  difference: z.number().nullable(),
  interval: z.object({ lower: z.number(), upper: z.number() }),
  unknown: z.number(),
  counts: z.object({ both: z.number(), onlyOne: z.number(), onlyOther: z.number(), neither: z.number() }),
  test: z.object({ exact: z.number() }),
});

const folder = mkdtempSync(join(tmpdir(), "headgate-suites-"));
const [ada, bo] = [join(folder, "ada.json"), join(folder, "bo.json")];
const operator = operatorOf({ HEADGATE_DATA: join(folder, "data"), HEADGATE_STATE: join(folder, "state") });

async function open(): Promise<void> {
  await operator.start();
  await operator.must("init", "--name", "Ada", "--profile", ada);
  const invited = await operator.must("person", "invite", "--name", "Bo", "--role", "safety", "--profile", ada);
  const { code } = z.object({ code: z.string() }).parse(JSON.parse(invited));
  await operator.must("join", code, "--profile", bo);
  await operator.must("apply", "-f", join(root, "examples/first-release"), "--profile", ada);
  await operator.must("apply", "-f", join(root, "examples/suites"), "--profile", ada);
}

/** One run, sealed; where it takes two persons the second one signs. */
async function run(suite: string, more: readonly string[]): Promise<z.infer<typeof Sealed>> {
  const asked = ["eval", "run", suite, "--model", "small", "--profile", ada, "--json", ...more];
  const { code, out, err } = await operator.headgate(...asked);
  if (code === 0) return Sealed.parse(JSON.parse(out));
  const waiting = Waiting.safeParse(code === 3 ? JSON.parse(out) : undefined).data;
  if (waiting === undefined) throw new Error(`${suite}: ${err}`);
  await operator.must("cosign", waiting.act, "--profile", bo);
  return Sealed.parse(JSON.parse(await operator.must("eval", "run", "--resume", waiting.run, "--profile", ada)));
}

async function measure(suite: string): Promise<Measured> {
  const { measure: counted, answerTokens, grader } = suiteCalled(suite);
  const bare = await measureOnce(suite, ["--bare"]);
  const shipped = await measureOnce(suite, []);
  const compared = Compared.parse(
    JSON.parse(await operator.must("eval", "compare", bare.run, shipped.run, "--profile", ada)),
  );
  const { run: _one, digest, ...withoutSafeguards } = bare;
  const { run: _other, digest: _digest, ...withSafeguards } = shipped;
  return {
    suite,
    digest,
    measure: counted.name,
    counts: counted.failure,
    grader: typeof grader === "string" ? grader : "declared",
    answerTokens,
    bare: withoutSafeguards,
    shipped: withSafeguards,
    difference: compared.difference,
    interval: compared.interval,
    exact: compared.test.exact,
    at: new Date().toISOString(),
    machine: `${cpus().length} cores, ${cpus()[0]?.model ?? "unknown"}, other work beside it`,
    revision: execFileSync("git", ["rev-parse", "--short", "HEAD"], { cwd: root }).toString().trim(),
  };
}

type Once = Measured["bare"] & { readonly run: string; readonly digest: string };

async function measureOnce(suite: string, more: readonly string[]): Promise<Once> {
  const started = performance.now();
  const { run: id, digests } = await run(suite, more);
  const seconds = Math.round((performance.now() - started) / 1000);
  const { by } = Shown.parse(JSON.parse(await operator.must("eval", "show", id, "--profile", ada)));
  const sum = (of: (one: z.infer<typeof Figures>) => number): number =>
    by.category.reduce((total, one) => total + of(one), 0);
  const counted = {
    failed: sum(({ clustersFailed }) => clustersFailed),
    unknown: sum(({ clustersUnknown }) => clustersUnknown),
    clusters: sum(({ clusters }) => clusters),
  };
  return { run: id, digest: digests.suite, ...counted, ...boundsOf(counted), seconds };
}

/** Two-sided at 95 %, whichever way unknown ones went. */
function boundsOf({ failed, unknown, clusters: trials }: { failed: number; unknown: number; clusters: number }): {
  readonly lower: number;
  readonly upper: number;
} {
  return {
    lower: clopperPearson({ failures: failed, trials }, 0.95).lower,
    upper: clopperPearson({ failures: failed + unknown, trials }, 0.95).upper,
  };
}

const measured = new Map(readBefore().map((one) => [one.suite, one]));
const ordered = (): readonly Measured[] => all.flatMap((name) => measured.get(name) ?? []);

/** Others may have been measured meanwhile, by another process. */
function take(one: Measured): void {
  for (const known of values.write === true ? readBefore() : []) measured.set(known.suite, known);
  measured.set(one.suite, one);
  console.error(tableOf([one]).split("\n").at(-1));
  if (values.write === true) keep(ordered());
}

if (values.redraw === true) keep(ordered());
else
  try {
    await open();
    for (const suite of values.only?.split(",") ?? all) take(await measure(suite));
  } finally {
    await operator.stop();
    rmSync(folder, { recursive: true, force: true });
  }
console.log(JSON.stringify({ bench: "suites", suites: ordered() }));
console.log(tableOf(ordered()));
