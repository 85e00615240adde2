// How soon the samples of a large run answer: a run of a hundred thousand samples on a real control plane, and in a real Chromium the
// list filtered, paged, sorted and one sample opened, again and again, by real presses of a mouse and of keys. Measured in the page, from
// the press: until the next frame is shown, as Interaction to Next Paint has it (Event Timing), and until what was asked for is drawn.
// The first opening, which reads the whole run, is told apart.
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

interface Interaction {
  /** What it changes. */
  readonly place: "list" | "panel";
  readonly act: (page: Page, round: number) => Promise<void>;
}

const interactions: Readonly<Record<string, Interaction>> = {
  "filter by category": { place: "list", act: async (page, round) => walk(page, ["Category", 13, "Order"], round) },
  "next page": { place: "list", act: async (page) => page.getByRole("button", { name: "Next", exact: true }).click() },
  "open a sample": { place: "panel", act: async (page, round) => openRow(page, round) },
  "next sample by key": { place: "panel", act: async (page) => page.keyboard.press("j") },
};

/** Down through the values of one choice, then up, and so on; at each end the other choice moves on, so that nothing is asked for twice. */
async function walk(page: Page, [label, ways, other]: readonly [string, number, string], round: number): Promise<void> {
  const isAtEnd = round % ways === ways - 1;
  const isDown = isAtEnd || Math.floor(round / ways) % 2 === 0;
  await page.getByLabel(isAtEnd ? other : label, { exact: true }).focus();
  await page.keyboard.press(isDown ? "ArrowDown" : "ArrowUp");
}

async function openRow(page: Page, round: number): Promise<void> {
  await page
    .locator("table tbody button")
    .nth(round % 20)
    .click();
}

interface Times {
  /** From the press to the next frame; 16 where the browser says only that it was no longer. */
  readonly paintMs: number;
  /** From the press to the frame in which what was asked for stands there. */
  readonly shownMs: number;
}

/** What the page measures of one press. */
async function timed(page: Page, place: "list" | "panel", press: () => Promise<void>): Promise<Times> {
  await page.evaluate((where) => {
    const inPlace = where === "panel" ? "section[aria-label^='Sample '] dl" : "table tbody";
    const shown = (): string => document.querySelector(inPlace)?.textContent ?? "";
    const before = shown();
    window.measured = new Promise((resolve) => {
      const begin = (event: Event): void => {
        removeEventListener("pointerdown", begin, true);
        removeEventListener("keydown", begin, true);
        let paintMs = 16;
        const events = new PerformanceObserver((list) => {
          for (const entry of list.getEntries())
            if (entry.startTime >= event.timeStamp) paintMs = Math.max(paintMs, entry.duration);
        });
        events.observe({ type: "event", durationThreshold: 16 });
        const look = (): void => {
          if (shown() === before || shown() === "") {
            requestAnimationFrame(look);
            return;
          }
          // The frame after this one begins once this one is shown.
          requestAnimationFrame((at) => {
            const shownMs = at - event.timeStamp;
            // Durations are told a little later.
            setTimeout(() => {
              events.disconnect();
              resolve({ paintMs, shownMs });
            }, 100);
          });
        };
        requestAnimationFrame(look);
      };
      addEventListener("pointerdown", begin, true);
      addEventListener("keydown", begin, true);
    });
  }, place);
  await press();
  return page.evaluate(async () => window.measured);
}

declare global {
  interface Window {
    measured: Promise<Times>;
  }
  /** Of Event Timing, which the types lack. */
  interface PerformanceObserverInit {
    durationThreshold?: number;
  }
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

/** From the address to the list and the open sample; a second time from what the server has open. */
async function opening(page: Page, path: string): Promise<number> {
  await page.goto("about:blank");
  const begun = performance.now();
  await page.goto(path);
  await page.locator("table tbody button").first().waitFor();
  await page.locator("section[aria-label^='Sample '] dl").waitFor();
  return Math.round(performance.now() - begun);
}

function shareOf(times: readonly number[], share: number): number {
  return Math.round(
    quantile(
      times.toSorted((one, other) => one - other),
      share,
    ),
  );
}

async function figuresOf(page: Page, { place, act }: Interaction): Promise<Record<string, number>> {
  const times: Times[] = [];
  // The first of each is not counted: it compiles what the others run.
  for (let round = 0; round <= rounds; round += 1) {
    const one = await timed(page, place, async () => act(page, round));
    if (round > 0) times.push(one);
  }
  const [paint, shown] = [times.map(({ paintMs }) => paintMs), times.map(({ shownMs }) => shownMs)];
  return {
    paintP50Ms: shareOf(paint, 0.5),
    paintP95Ms: shareOf(paint, 0.95),
    shownP50Ms: shareOf(shown, 0.5),
    shownP95Ms: shareOf(shown, 0.95),
    shownMaxMs: shareOf(shown, 1),
  };
}

const site = await openSite();
try {
  const act = await large(site);
  const { page } = await site.open("/evidence", { as: site.owner });
  const loadBefore = loadavg()[0];
  const path = `/evidence/${act}?tab=samples&sample=0`;
  const firstMs = await opening(page, path);
  const againMs = await opening(page, path);
  const figures: Record<string, Record<string, number>> = {};
  for (const [name, interaction] of Object.entries(interactions)) figures[name] = await figuresOf(page, interaction);
  const line = {
    bench: "console-samples",
    at: new Date().toISOString(),
    machine: `${cpus()[0]?.model.trim() ?? "unknown"}, ${cpus().length} cores`,
    load: { before: loadBefore, after: loadavg()[0] },
    samples: count,
    rounds,
    firstMs,
    againMs,
    figures,
  };
  console.log(JSON.stringify(line));
  console.table(figures);
  if (values.write)
    await writeFile(join(import.meta.dirname, "../results/console-samples.json"), `${JSON.stringify(line, null, 2)}\n`);
} finally {
  await site.close();
}
