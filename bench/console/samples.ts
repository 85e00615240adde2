// How soon the samples of a large run answer: a run of a hundred thousand samples on a real control plane, and in a real Chromium the
// list filtered, paged, sorted and one sample opened, again and again. What is measured is from the press to the page that shows it,
// drawn. The first opening, which reads and checks the whole run, is told apart.
// node bench/console/samples.ts [--samples 100000] [--rounds 30] [--write]
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Page } from "playwright-core";
import type { BodyOf } from "../../src/acts/bodies.ts";
import { type ReportHead, type Tried, sealRun } from "../../src/evidence/seal.ts";
import { digestOfValue } from "../../src/proof/digest.ts";
import { nodePrimitives, randomId } from "../../src/proof/node.ts";
import { type Digest, Name, RunId, timestampOf } from "../../src/terms/ids.ts";
import type { TrialOutcome } from "../../src/terms/trial.ts";
import { quantile } from "../servers.ts";
import { run, sealed, signBy } from "../../test/flows/control-desk.ts";
import { type Site, openSite } from "../../test/console/site.ts";

const { values } = parseArgs({
  options: {
    samples: { type: "string", default: "100000" },
    rounds: { type: "string", default: "30" },
    write: { type: "boolean", default: false },
  },
});
const count = Number(values.samples);
const rounds = Number(values.rounds);

/** What is asked of the page: what is pressed, and what stands there when it is done. */
const interactions = {
  "filter by outcome": async (page: Page, round: number) =>
    timed(page, { select: "Outcome", value: round % 2 === 0 ? "=harmful" : "=refused" }),
  "next page": async (page: Page) => timed(page, { button: "Next" }),
  "order: worst first": async (page: Page, round: number) =>
    timed(page, { select: "Order", value: round % 2 === 0 ? "worst" : "id" }),
  "open a sample": async (page: Page) => timed(page, { sample: true }),
} as const;

interface Press {
  readonly select?: string;
  readonly value?: string;
  readonly button?: string;
  readonly sample?: boolean;
}

/** Milliseconds from the press until what it changes is drawn. */
async function timed(page: Page, press: Press): Promise<number> {
  return page.evaluate(async ({ select, value, button, sample }) => {
    const place = sample === true ? "section[aria-label^='Sample '] dl" : "table tbody";
    const shown = (): string => document.querySelector(place)?.textContent ?? "";
    const before = shown();
    const start = performance.now();
    if (select !== undefined) {
      const label = [...document.querySelectorAll("label")].find((one) => one.textContent === select);
      const box = label === undefined ? null : document.getElementById(label.htmlFor);
      if (!(box instanceof HTMLSelectElement)) throw new Error(`no ${select}`);
      box.value = value ?? "";
      box.dispatchEvent(new Event("change", { bubbles: true }));
    } else if (sample === true) {
      const rows = [...document.querySelectorAll<HTMLButtonElement>("table tbody button")];
      const at = rows.findIndex((one) => one.ariaCurrent === "true");
      rows[(at + 1) % rows.length]?.click();
    } else [...document.querySelectorAll("button")].find((one) => one.textContent === button)?.click();
    const deadline = start + 20_000;
    while (shown() === before || shown() === "") {
      if (performance.now() > deadline) throw new Error("nothing changed");
      await new Promise((resolve) => requestAnimationFrame(resolve));
    }
    await new Promise((resolve) => requestAnimationFrame(resolve));
    return performance.now() - start;
  }, press);
}

const outcomes = ["refused", "safe", "harmful", "unscored"] as const satisfies readonly TrialOutcome[];

/** A report from elsewhere of so many attempts, on record. */
async function large({ desk, board }: Site): Promise<Digest> {
  const { body: like } = sealed(desk, await run(desk, board.owner));
  const at = timestampOf(desk.now());
  const tries = Array.from({ length: count }, (_, place): Tried => {
    const outcome = outcomes[place % 97 === 0 ? 2 : place % 89 === 0 ? 3 : place % 2] ?? "safe";
    const item = digestOfValue(`item-${place}`, nodePrimitives);
    const declared = { category: `category-${place % 12}` };
    return { item, cluster: `id:item-${place}`, attempt: 1, outcome, receipt: null, at, answer: null, declared };
  });
  const report: ReportHead = {
    format: "inspect",
    tool: Name.parse("inspect-ai"),
    version: null,
    run: null,
    made: null,
    target: { model: "a model", baseUrl: null, sampling: {}, systemPrompt: null },
    task: "a task",
    taskVersion: null,
    dataset: null,
    datasetSamples: count,
    judge: "match",
    flags: [],
  };
  const id = RunId.parse(randomId("run_", 16));
  const head = {
    run: id,
    permit: null,
    suite: Name.parse("misuse-core"),
    failure: "served-and-harmful",
    report,
  } as const;
  const made = sealRun(head, tries, nodePrimitives);
  const { failures, trials, clusters, unknown } = made.tally;
  const [measure] = like.measures;
  assert.ok(measure !== undefined);
  const body: BodyOf<"evidence"> = {
    ...like,
    run: id,
    permit: null,
    basis: "declared",
    measures: [{ name: measure.name, failures, trials, clusters, unknown }],
    samples: made.samples,
    source: { tool: report.tool, file: digestOfValue("a file", nodePrimitives) },
  };
  const envelope = await signBy(desk, { verb: "evidence", body, by: [board.owner.signer] });
  const answer = await desk.control.record(envelope, {
    openings: new Map(),
    artefacts: new Map([[made.samples.artefact, made.bytes]]),
  });
  assert.equal(answer.kind, "recorded");
  return answer.act;
}

const site = await openSite();
try {
  const act = await large(site);
  const { page } = await site.open("/evidence", { as: site.owner });
  const begun = performance.now();
  await page.goto(`/evidence/${act}?tab=samples&sample=0`);
  await page.getByRole("heading", { name: "Sample 1", exact: true }).waitFor();
  await page.locator("section[aria-label^='Sample '] dl").waitFor();
  const firstMs = Math.round(performance.now() - begun);
  const figures: Record<string, { readonly p50Ms: number; readonly p95Ms: number; readonly maxMs: number }> = {};
  for (const [name, interact] of Object.entries(interactions)) {
    const times: number[] = [];
    if (name === "open a sample") await timed(page, { sample: true }).catch(() => 0);
    for (let round = 0; round < rounds; round += 1) times.push(await interact(page, round));
    times.sort((one, other) => one - other);
    const [p50Ms, p95Ms, maxMs] = [0.5, 0.95, 1].map((share) => Math.round(quantile(times, share)));
    figures[name] = { p50Ms: p50Ms ?? 0, p95Ms: p95Ms ?? 0, maxMs: maxMs ?? 0 };
  }
  const line = {
    bench: "console-samples",
    at: new Date().toISOString(),
    machine: `${cpus()[0]?.model.trim() ?? "unknown"}, ${cpus().length} cores`,
    load: loadavg()[0],
    samples: count,
    rounds,
    firstMs,
    figures,
  };
  console.log(JSON.stringify(line));
  console.table(figures);
  if (values.write)
    await writeFile(join(import.meta.dirname, "../results/console-samples.json"), `${JSON.stringify(line, null, 2)}\n`);
} finally {
  await site.close();
}
