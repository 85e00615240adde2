// Judges texts as the shipped example would, and beside that at every benign rate at once: the detectors are asked at their widest
// calibrated rate, and each finding's score says at which rates it would still be one. Several chains with an encoder
// thread each share the work; the same text is judged once.
import { fileURLToPath } from "node:url";
import { sourceFiles } from "../../src/cli/documents.ts";
import { inspectText } from "../../src/cli/guard/offline-chain.ts";
import { parseDocuments } from "../../src/documents/parse.ts";
import { decide } from "../../src/policy/decide.ts";
import { UsagePolicy } from "../../src/policy/policy-document.ts";
import { type Chain, compileChain } from "../../src/safeguards/chain.ts";
import { type Registry, shippedSafeguards } from "../../src/safeguards/registry.ts";
import { Safeguards } from "../../src/safeguards/safeguards-document.ts";
import { type Category, type Finding, type Inspection, type Surface, lets } from "../../src/terms/finding.ts";
import type { RequestText } from "../../src/terms/provenance.ts";

export interface Judged {
  /** By the shipped documents; what nobody could judge is stopped. */
  readonly isStopped: boolean;
  readonly isUnknown: boolean;
  /** −ln of the least benign rate at which it is flagged, so greater for what is more clearly harmful; 0 for what is clear at all rates. */
  readonly level: number;
  /** The highest score of a category of misuse that is flagged at the widest rate, else 0. */
  readonly misuse: number;
}

/** A text of a request; what does not say who wrote it is the user's. */
export type Said = string | RequestText;

export interface Judge {
  readonly document: Safeguards;
  readonly registry: Registry;
  /** Name of the detector whose rates count, and of all that have rates. */
  readonly detector: string;
  readonly detectors: readonly string[];
  readonly request: (...texts: readonly Said[]) => Promise<Judged>;
  readonly answer: (text: string, request?: string) => Promise<Judged>;
  /** A continuous score of an answer, for areas under curves. */
  readonly answerScore: (text: string, request?: string) => Promise<number>;
}

/** The rates that thresholds are calibrated for. */
export const calibratedRates = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1] as const;

/** Whether something at this level is flagged at a rate. */
export function isFlagged(level: number, rate: number): boolean {
  return level >= -Math.log(rate) - 1e-9;
}

/** Chains, each with an encoder thread of its own. */
const lanesAtOnce = 2;

/** The level of what nobody could judge, which is stopped at every rate. */
const beyondAll = 1e9;

export function openJudge(): Judge {
  const { document, policy } = shippedDocuments();
  const lanes = Array.from({ length: lanesAtOnce }, () => laneOf(document));
  const known = new Map<string, Promise<Judged>>();
  const detector = document.chain.find(({ safeguard }) => safeguard.startsWith("misuse@"))?.safeguard ?? "";
  let turn = 0;
  const nextLane = (): Lane => lanes[(turn += 1) % lanes.length] ?? laneOf(document);
  const once = async (key: string, judge: () => Promise<Judged>): Promise<Judged> => {
    const before = known.get(key) ?? judge();
    known.set(key, before);
    return before;
  };
  return {
    document,
    registry: nextLane().registry,
    detector,
    detectors: document.chain
      .filter((entry) => "block" in entry)
      .map(({ safeguard }) => safeguard)
      .filter((name) => lanes[0]?.registry.names.includes(name)),
    request: async (...texts) =>
      once(JSON.stringify(texts), async () => judgedBy(texts, "input", { ...nextLane(), policy })),
    answer: async (text) => once(`answer ${text}`, async () => judgedBy([text], "output", { ...nextLane(), policy })),
    answerScore: async (text) => {
      const scores = await nextLane().registry.get(detector).scores(text, "output");
      return Math.max(...Object.values(scores));
    },
  };
}

function shippedDocuments(): { readonly document: Safeguards; readonly policy: UsagePolicy } {
  const folder = fileURLToPath(new URL("../../examples/first-release/", import.meta.url));
  const documents = parseDocuments(sourceFiles(folder)).map(({ document }) => document);
  const only = (kind: string): unknown => documents.find((document) => document.kind === kind);
  return { document: Safeguards.parse(only("Safeguards")), policy: UsagePolicy.parse(only("UsagePolicy")) };
}

type LevelOf = (finding: Finding, surface: Surface) => number;

interface Lane {
  readonly registry: Registry;
  readonly shipped: Chain;
  readonly wide: Chain;
  readonly levelOf: LevelOf;
}

function laneOf(document: Safeguards): Lane {
  const registry = shippedSafeguards();
  const [strictest, widest] = [calibratedRates[0], calibratedRates.at(-1)];
  const rates = { block: { benignRate: strictest }, review: { benignRate: widest } };
  const chain = document.chain.map((entry) =>
    "patterns" in entry || !("block" in entry) ? entry : { ...entry, ...rates, categories: undefined },
  );
  return {
    registry,
    shipped: compileChain(document, registry),
    wide: compileChain(Safeguards.parse({ ...document, chain }), registry),
    levelOf: levelsBy(registry),
  };
}

interface Means extends Lane {
  readonly policy: UsagePolicy;
}

async function judgedBy(texts: readonly Said[], surface: Surface, means: Means): Promise<Judged> {
  const wide = await inspected(means.wide, texts, surface);
  const shipped = await inspected(means.shipped, texts, surface);
  const isStopped = !lets(decide(shipped, means.policy, { scopes: [], surface }));
  if (wide.kind === "unknown") return { isStopped, isUnknown: true, level: beyondAll, misuse: 1 };
  const misuse = wide.findings.filter(({ category }) => category !== "jailbreak" && category !== "injection");
  return {
    isStopped,
    isUnknown: false,
    level: Math.max(0, ...wide.findings.map((finding) => means.levelOf(finding, surface))),
    misuse: Math.max(0, ...misuse.map(({ score }) => score)),
  };
}

/** A machine that is too busy says nothing of a safeguard: what came too late is asked again, so often at the most. */
const asksMax = 5;

async function inspected(chain: Chain, texts: readonly Said[], surface: Surface): Promise<Inspection> {
  const [only] = texts;
  const ask = async (): Promise<Inspection> =>
    typeof only === "string" && texts.length === 1 ? inspectText(chain, only, surface) : chain.inspectInput(texts);
  let found = await ask();
  for (let asked = 1; asked < asksMax && found.kind === "unknown" && found.cause === "timeout"; asked += 1)
    found = await ask();
  return found;
}

interface Step {
  readonly level: number;
  readonly score: number;
}

/** Thresholds lie evenly in the logarithm of the rate between the calibrated ones, so levels do. */
function levelsBy(registry: Registry): LevelOf {
  const tables = new Map<string, readonly Step[]>();
  const tableOf = (detector: string, surface: Surface, category: Category): readonly Step[] => {
    const key = `${detector} ${surface} ${category}`;
    const known = tables.get(key);
    if (known !== undefined) return known;
    // Patterns have no rates: what they find they find at all of them.
    if (!registry.names.includes(detector)) return [{ level: -Math.log(calibratedRates[0]), score: 0 }];
    const safeguard = registry.get(detector);
    const steps = calibratedRates.map((rate) => ({
      level: -Math.log(rate),
      score: safeguard.thresholds({ block: rate, review: rate }, surface).review[category] ?? Infinity,
    }));
    tables.set(key, steps);
    return steps;
  };
  return ({ detector, category, score }, surface) => levelIn(tableOf(detector, surface, category), score);
}

function levelIn(steps: readonly Step[], score: number): number {
  const at = steps.findIndex((step) => score >= step.score);
  const reached = steps[at];
  if (reached === undefined) return 0;
  const stricter = steps[at - 1];
  if (stricter === undefined) return reached.level + (score - reached.score) / Math.max(1e-9, 1 - reached.score);
  const share = (score - reached.score) / (stricter.score - reached.score);
  return reached.level + share * (stricter.level - reached.level);
}

/** So many are judged at a time: the first look at one while the encoders read others. */
const atOnce = 4;

/** What `judge` makes of each, in order. */
export async function all<Item, Made>(
  items: readonly Item[],
  judge: (item: Item) => Promise<Made>,
): Promise<readonly Made[]> {
  const made = new Map<number, Made>();
  const left = items.entries();
  const lane = async (): Promise<void> => {
    for (const [at, item] of left) made.set(at, await judge(item));
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  return items.flatMap((_, at) => {
    const one = made.get(at);
    return one === undefined ? [] : [one];
  });
}
