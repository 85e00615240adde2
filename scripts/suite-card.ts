// The card of a shipped suite: what is counted of its items, beside what a person says of it. The test holds cards against this.
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { z } from "zod";
import { countCalibration, saidAtOnce } from "../src/evidence/calibrate.ts";
import { graderInWords } from "../src/evidence/graders/grader-digest.ts";
import { type LoadedSuite, loadSuite } from "../src/evidence/suite.ts";
import { openCalibration, pinCalibration } from "../src/evidence/suite-calibration.ts";
import { Suite } from "../src/evidence/suite-document.ts";
import { SuiteItem, turnsOf } from "../src/evidence/suite-item.ts";
import { nodePrimitives } from "../src/proof/node.ts";
import { readBands } from "./near-duplicates.ts";

export const suitesFolder = new URL("../examples/suites/", import.meta.url);

/** Sets that items are drawn from, with what their authors allow. */
export const setLicences: Readonly<Record<string, string>> = {
  airbench2024_sample: "Apache-2.0",
  banking77_support_test: "CC-BY-4.0",
  clinc150_everyday_val_test: "CC-BY-3.0",
  cyberseceval_frr: "MIT",
  cyberseceval_interpreter: "MIT",
  cyberseceval_spear_phishing_half_a: "MIT",
  gsm8k_test: "MIT",
  harmbench_behaviours: "MIT",
  mt_bench_vicuna_bench: "Apache-2.0",
  redcode_exec_requests: "CC-BY-4.0",
  role_prompts_third_b: "CC0-1.0",
  self_instruct_user_oriented: "Apache-2.0",
  simplesafetytests: "CC-BY-4.0",
  strongreject: "MIT",
  truthfulqa_questions: "Apache-2.0",
  xstest_prompts: "CC-BY-4.0",
  own: "Apache-2.0",
};

/** Training sets that requests of calibration sets are from, likewise. */
export const calibrationLicences: Readonly<Record<string, string>> = {
  aart_red_team_prompts: "CC-BY-4.0",
  advbench_tdc_harmbench_advtrain: "MIT",
  banking77_support_train: "CC-BY-4.0",
  catqa_en_zh_vi: "Apache-2.0",
  clinc150_everyday_train: "CC-BY-3.0",
  gpteacher_instructions: "MIT",
  gsm8k_train: "MIT",
  harmfulqa_dangerousqa: "Apache-2.0",
  own: "Apache-2.0",
  self_instruct_seed_tasks: "Apache-2.0",
};

/** What a person says; the rest of a card is counted. */
const Said = z.looseObject({
  version: z.int().min(1).default(1),
  date: z.iso.date().default("2026-11-30"),
  languages: z.array(z.string()).min(1).default(["en"]),
  /** Items are made to a pattern, and so share most of their words. */
  pattern: z.literal(true).optional(),
});

const Source = z.strictObject({
  set: z.string(),
  licence: z.string(),
  items: z.int().min(1),
  /** Of items that were written for the suite. */
  by: z.string().optional(),
});

/** Right, of how many. */
const Hits = z.tuple([z.int(), z.int()]);

export const Card = z.strictObject({
  suite: z.string(),
  version: z.int().min(1),
  date: z.iso.date(),
  languages: z.array(z.string()).min(1),
  pattern: z.literal(true).optional(),
  measure: z.string(),
  counts: z.string(),
  grader: z.string(),
  /** As measured on answers that no rule has seen; none for `exact@1`, which says nothing but what items say. */
  graderErrors: z.array(
    z.strictObject({
      set: z.string(),
      /** Characters that an answer was cut to; null: whole. */
      chars: z.int().nullable(),
      sensitivity: z.tuple([z.number(), z.number()]),
      specificity: z.tuple([z.number(), z.number()]),
    }),
  ),
  /** What the suite's calibration set says of its grader: right of so many that fail by the measure, and of the others. */
  calibration: z.strictObject({ set: z.string(), sensitivity: Hits, specificity: Hits }).nullable(),
  items: z.int().min(1),
  clusters: z.int().min(1),
  categories: z.record(z.string(), z.int().min(1)),
  digest: z.string(),
  sources: z.array(Source).min(1),
  /** Items of which the filter beside the weights of misuse@4 says that a training row may be like them. */
  nearTraining: z.int().min(0),
});
export type Card = z.infer<typeof Card>;

const bands = readBands(
  readFileSync(new URL("../src/safeguards/artefacts/misuse-4.training-bands.bin", import.meta.url)),
);

export function suiteCalled(name: string): Suite {
  return Suite.parse(parse(readFileSync(new URL(`${name}.yaml`, suitesFolder), "utf8")));
}

export function itemsIn(suite: Pick<Suite, "items">): readonly SuiteItem[] {
  return readFileSync(new URL(suite.items, suitesFolder), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => SuiteItem.parse(JSON.parse(line)));
}

/** All that is said in an item. */
export function textIn(item: SuiteItem): string {
  return turnsOf(item)
    .map(({ text }) => text)
    .join("\n\n");
}

/** The set that an item is from: what its id begins with. */
export function setOf({ id }: Pick<SuiteItem, "id">): string {
  return id.split(":")[0] ?? id;
}

export function cardOf(name: string, said: unknown): Card {
  const suite = suiteCalled(name);
  const items = itemsIn(suite);
  const loaded = loadSuite(suite, readFileSync(new URL(suite.items, suitesFolder)), nodePrimitives);
  const { version, date, languages, pattern } = Said.parse(said);
  return {
    suite: name,
    version,
    date,
    languages,
    ...(pattern === undefined ? {} : { pattern }),
    measure: suite.measure.name,
    counts: suite.measure.failure,
    grader: graderInWords(suite),
    graderErrors: suite.grader === "refusal-rules@1" ? refusalErrors() : [],
    calibration: calibrationCounted(suite, loaded),
    items: loaded.items.length,
    clusters: new Set(loaded.items.map(({ cluster }) => cluster)).size,
    categories: countsOf(items.map(({ category }) => category)),
    digest: loaded.content.digest,
    sources: Object.entries(countsOf(items.map(setOf))).map(([set, count]) => ({
      set,
      licence: setLicences[set] ?? "unknown",
      items: count,
      ...(set === "own" ? { by: `a language model that works on this project, ${date}` } : {}),
    })),
    nearTraining: items.filter((item) => bands.has(textIn(item))).length,
  };
}

/** Null where the measure leaves nothing to label. Fails where it would, and the suite names no set. */
function calibrationCounted(suite: Suite, { content }: LoadedSuite): Card["calibration"] {
  if (suite.calibration === undefined && suite.measure.failure === "outcomes-differ") return null;
  if (suite.calibration === undefined) throw new Error(`${suite.name} names no calibration set`);
  const bytes = readFileSync(new URL(suite.calibration, suitesFolder));
  const pinned = pinCalibration({ ...suite, content }, bytes, nodePrimitives);
  const { answers } = openCalibration(pinned, bytes, nodePrimitives);
  const said = saidAtOnce(answers, suite, nodePrimitives);
  if (said === undefined) throw new Error(`the grader of ${suite.name} says nothing at once`);
  const { sensitivity, specificity } = countCalibration(answers, said, suite.measure.failure);
  return {
    set: suite.calibration,
    sensitivity: [sensitivity.hits, sensitivity.of],
    specificity: [specificity.hits, specificity.of],
  };
}

function refusalErrors(): Card["graderErrors"] {
  const card = new URL("../src/evidence/graders/refusal-rules.card.json", import.meta.url);
  const Share = z.object({ interval95: z.tuple([z.number(), z.number()]) });
  return z
    .object({
      results: z.array(
        z.object({ set: z.string(), chars: z.int().nullable(), sensitivity: Share, specificity: Share }),
      ),
    })
    .parse(JSON.parse(readFileSync(card, "utf8")))
    .results.map(({ set, chars, sensitivity, specificity }) => ({
      set,
      chars,
      sensitivity: sensitivity.interval95,
      specificity: specificity.interval95,
    }));
}

function countsOf(values: readonly string[]): Record<string, number> {
  const counts = Map.groupBy(values, (value) => value);
  const names = [...counts.keys()].toSorted((one, other) => one.localeCompare(other, "en"));
  return Object.fromEntries(names.map((value) => [value, counts.get(value)?.length ?? 0]));
}
