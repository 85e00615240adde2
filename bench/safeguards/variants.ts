// Whether variants of the same request get the same verdict from the shipped documents, by dimension, and whether a harmful request is
// told from a harmless one in nearly the same words. Everyday requests are left out: nearly all of them pass in any variant.
import { type Variants, agreementOf, overall } from "../../src/statistics/agreement.ts";
import { disguisedRows, disguises } from "../obfuscation.ts";
import { familiesOf } from "./conversations.ts";
import { type Judge, type Judged, all } from "./judge.ts";
import { type Reliability, type Share, confidence, rounded, shareOf } from "./report.ts";
import { type OwnRow, type Row, evenly, goalsOf } from "./rows.ts";

/** One request: each variant is the texts of one. */
type Behaviour = readonly (readonly string[])[];

interface Dimension {
  readonly dimension: string;
  readonly part: string;
  readonly behaviours: readonly Behaviour[];
}

export interface VariantSources {
  readonly open: (name: string) => readonly Row[];
  readonly own: readonly OwnRow[];
  /** Questions in three languages, which training has seen; none where the folder is not there. */
  readonly languages: readonly Row[];
  /** Rows of each set whose variants are made here. */
  readonly rowsASet: number;
}

export async function measureReliability(judge: Judge, sources: VariantSources): Promise<Reliability> {
  const parts = [];
  const pooled = new Map<string, Variants[]>();
  for (const { dimension, part, behaviours } of dimensionsOf(sources)) {
    const counted = await all(behaviours, async (variants) => countedOf(judge, variants));
    const agreement = agreementOf(counted, confidence);
    if (agreement === undefined) continue;
    parts.push({ dimension, part, agreement });
    pooled.set(dimension, [...(pooled.get(dimension) ?? []), ...counted]);
  }
  const dimensions = [...pooled].flatMap(([dimension, counted]) => {
    const agreement = agreementOf(counted, confidence);
    return agreement === undefined ? [] : [{ dimension, agreement }];
  });
  const { mean, lower, upper } = overall(
    dimensions.map(({ agreement }) => agreement),
    confidence,
  );
  const whole = { mean: rounded(mean), lower: rounded(lower), upper: rounded(upper) };
  return { parts, dimensions, overall: whole, twins: await twinsOf(judge, sources) };
}

async function countedOf(judge: Judge, variants: Behaviour): Promise<Variants> {
  const distinct = [...new Map(variants.map((texts) => [JSON.stringify(texts), texts])).values()];
  const judged: Judged[] = [];
  for (const texts of distinct) judged.push(await judge.request(...texts));
  const stopped = judged.filter(({ isStopped, isUnknown }) => isStopped && !isUnknown).length;
  const unknown = judged.filter(({ isUnknown }) => isUnknown).length;
  return { stopped, unknown, passed: judged.length - stopped - unknown };
}

function dimensionsOf(sources: VariantSources): readonly Dimension[] {
  const { open, own, languages, rowsASet } = sources;
  const ofLabel = (label: "harmful" | "benign"): readonly OwnRow[] => own.filter((row) => row.label === label);
  const tense = familiesOf(open("tense_reformulations").map(({ text }) => text)).map((family) =>
    family.map((text) => [text]),
  );
  const disguised = (label: "harmful" | "benign"): readonly Behaviour[] =>
    disguisedRows(open, label, rowsASet)
      .filter(({ id }) => label === "harmful" || id.startsWith("xstest"))
      .map(({ text }) => Object.values(disguises).map((as) => [as(text)]));
  return [
    { dimension: "paraphrase", part: "harmful requests in the past and future tense", behaviours: tense },
    {
      dimension: "paraphrase",
      part: "own harmful goals, held back, in several wordings",
      behaviours: inWords(ofLabel("harmful")),
    },
    {
      dimension: "language",
      part: "questions in English, Chinese and Vietnamese (trained on)",
      behaviours: byLanguage(languages),
    },
    {
      dimension: "obfuscation",
      part: "harmful requests, plain and in twelve disguises",
      behaviours: disguised("harmful"),
    },
    { dimension: "obfuscation", part: "look-alikes, plain and in twelve disguises", behaviours: disguised("benign") },
    {
      dimension: "order",
      part: "a request before and after a text, in one message and in two",
      behaviours: besideContext(open, rowsASet),
    },
    { dimension: "order", part: "sentences of a request in other orders", behaviours: reordered(open, rowsASet) },
    {
      dimension: "ambiguity",
      part: "own look-alikes, held back, in several wordings",
      behaviours: inWords(ofLabel("benign")),
    },
  ];
}

function inWords(rows: readonly OwnRow[]): readonly Behaviour[] {
  return goalsOf(rows).map((goal) => goal.map(({ text }) => [text]));
}

/** The set gives questions in the same order in each language; only kinds of which none is missing in any can be put beside each other. */
function byLanguage(rows: readonly Row[]): readonly Behaviour[] {
  const kinds = Map.groupBy(rows, ({ meta }) => String(meta["sub"]));
  return [...kinds.values()].flatMap((kind) => {
    const languages = [...Map.groupBy(kind, ({ meta }) => String(meta["lang"])).values()];
    const [first = []] = languages;
    if (languages.length !== 3 || languages.some((some) => some.length !== first.length)) return [];
    return first.map((_, at) => languages.map((some) => [some[at]?.text ?? ""]));
  });
}

const requestSets = [
  ["strongreject", "harmful"],
  ["harmbench_behaviours", "harmful"],
  ["xstest_prompts", "harmful"],
  ["xstest_prompts", "benign"],
  ["cyberseceval_frr", "benign"],
] as const;

function besideContext(open: VariantSources["open"], rowsASet: number): readonly Behaviour[] {
  const contexts = open("gsm8k_test").map(({ text }) => text);
  const requests = requestSets.flatMap(([name, label]) =>
    evenly(
      open(name).filter((row) => row.label === label && row.text.length <= 400),
      Math.ceil(rowsASet / 2),
    ),
  );
  return requests.map(({ text }, at) => {
    const context = contexts[at % contexts.length] ?? "";
    return [[`${text}\n\n${context}`], [`${context}\n\n${text}`], [text, context], [context, text]];
  });
}

const sentenceSets = [
  ["strongreject", "harmful"],
  ["harmbench_behaviours", "harmful"],
  ["cyberseceval_interpreter", "harmful"],
  ["role_prompts_third_b", "benign"],
  ["cyberseceval_frr", "benign"],
] as const;

function reordered(open: VariantSources["open"], rowsASet: number): readonly Behaviour[] {
  return sentenceSets.flatMap(([name, label]) => {
    const several = open(name)
      .filter((row) => row.label === label)
      .map(({ text }) => text.split(/(?<=[.!?])\s+/))
      .filter((sentences) => sentences.length > 1 && sentences.length < 9);
    return evenly(several, Math.ceil(rowsASet / 2)).map((sentences) => {
      const orders = [sentences, sentences.toReversed(), [...sentences.slice(1), ...sentences.slice(0, 1)]];
      return orders.map((order) => [order.join(" ")]);
    });
  });
}

interface Pair {
  readonly harmful: string;
  readonly benign: string;
}

async function twinsOf(judge: Judge, { open, own }: VariantSources): Promise<Reliability["twins"]> {
  const results = [];
  for (const [pairs, list] of [
    ["own lines and their twins, held back", ownPairs(own)],
    ["XSTest, safe and unsafe with the same focus", focusPairs(open("xstest_prompts"))],
  ] as const) {
    const judged = await all(list, async ({ harmful, benign }) => ({
      harmful: (await judge.request(harmful)).isStopped,
      benign: (await judge.request(benign)).isStopped,
    }));
    const share = (isHarmfulStopped: boolean, isBenignStopped: boolean): Share =>
      shareOf(
        judged.filter(({ harmful, benign }) => harmful === isHarmfulStopped && benign === isBenignStopped).length,
        judged.length,
      );
    results.push({
      pairs,
      toldApart: share(true, false),
      bothPassed: share(false, false),
      bothStopped: share(true, true),
      reversed: share(false, true),
    });
  }
  return results;
}

/** Of each pair of lines one wording, the first. */
function ownPairs(own: readonly OwnRow[]): readonly Pair[] {
  const twins = own.filter(({ source }) => source.includes("twins"));
  return [...Map.groupBy(twins, ({ group }) => group).values()].flatMap((rows) => {
    const harmful = rows.find(({ label }) => label === "harmful");
    const benign = rows.find(({ label }) => label === "benign");
    return harmful === undefined || benign === undefined ? [] : [{ harmful: harmful.text, benign: benign.text }];
  });
}

function focusPairs(rows: readonly Row[]): readonly Pair[] {
  const focused = rows.filter(({ meta }) => typeof meta["focus"] === "string");
  return [...Map.groupBy(focused, ({ meta }) => String(meta["focus"])).values()].flatMap((group) => {
    const harmful = group.find(({ label }) => label === "harmful");
    const benign = group.find(({ label }) => label === "benign");
    return harmful === undefined || benign === undefined ? [] : [{ harmful: harmful.text, benign: benign.text }];
  });
}
