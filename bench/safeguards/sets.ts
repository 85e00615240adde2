// Every evaluation set by label: how much of it is flagged at each rate and stopped by the shipped documents; areas under curves,
// operating curves, categories and calibration of requests, and the same of answers.
import { type Ranked, areaOf, scoreAtShare } from "../../src/statistics/ranking.ts";
import { type Judge, type Judged, type Said, all, calibratedRates, isFlagged } from "./judge.ts";
import {
  type Bins,
  type Curve,
  type Part,
  type Report,
  type Seen,
  type SetResult,
  type Share,
  confidence,
  rounded,
  shareOf,
} from "./report.ts";
import { type Row, sets } from "./rows.ts";

/** Where shares flagged are counted. */
export const ratesCounted = [0.002, 0.005, 0.01, 0.02, 0.05] as const;

/** One text of a set with its label. */
interface Item {
  readonly set: string;
  readonly part: Part;
  readonly seen: Seen;
  readonly isHarmful: boolean;
  readonly surface: "input" | "output";
  readonly text: string;
  /** Of a request: what it is made of. */
  readonly said: readonly Said[];
  readonly request: string | undefined;
  readonly categories: readonly string[];
  /** Answers to the same question are not independent. */
  readonly cluster: string | undefined;
}

export interface Measured extends Item, Judged {
  /** Of answers a score that goes on below the widest rate. */
  readonly score: number;
}

export async function measureSets(
  judge: Judge,
  open: (name: string) => readonly Row[],
  say: (line: string) => void,
): Promise<readonly Measured[]> {
  const measured: Measured[] = [];
  for (const name of Object.keys(sets)) {
    const items = open(name).flatMap((row) => itemOf(name, row));
    const judged = await all(items, async (item) => measuredBy(judge, item));
    measured.push(...judged);
    say(`${name}: ${judged.length}`);
  }
  return measured;
}

function itemOf(set: string, row: Row): Item[] {
  const kind = sets[set];
  if (kind === undefined) return [];
  const isContent = kind.harmful === "content";
  const label = row.response === undefined ? row.label : row.response_label;
  if (label !== "harmful" && label !== "benign") return [];
  const part = kind[label];
  if (part === undefined) return [];
  const item: Item = {
    set,
    part,
    seen: kind.seen,
    isHarmful: label === "harmful",
    surface: isContent || row.response !== undefined ? "output" : "input",
    text: row.response ?? row.text,
    said: [row.text],
    request: row.response === undefined ? undefined : row.text,
    categories: row.categories,
    cluster: row.response === undefined ? undefined : row.text,
  };
  return set === "bipia_email_test"
    ? [item, { ...item, set: `${set}, mail as data`, said: questionAndMail(row.text) }]
    : [item];
}

/** As an agent sends it: the user's question, and the mail that a tool has fetched. */
function questionAndMail(text: string): readonly Said[] {
  const end = text.indexOf("\n\n");
  if (end < 0) return [text];
  return [text.slice(0, end), { text: text.slice(end + 2), provenance: "data" }];
}

async function measuredBy(judge: Judge, item: Item): Promise<Measured> {
  const { surface, text, said, request } = item;
  if (surface === "input") {
    const judged = await judge.request(...said);
    return { ...item, ...judged, score: judged.level };
  }
  return { ...item, ...(await judge.answer(text, request)), score: await judge.answerScore(text, request) };
}

/** The level that 1 % of the everyday requests reach, and what lies past it. */
export interface Everyday {
  readonly level: number;
  readonly benignRate: number;
  readonly refused: Share;
}

export function everydayOf(measured: readonly Measured[], share: number): Everyday {
  const levels = measured.filter(({ part }) => part === "everyday").map(({ level }) => level);
  // What is clear at every rate is never flagged.
  const level = Math.max(scoreAtShare(levels, share), Number.MIN_VALUE);
  return {
    level,
    benignRate: rounded(Math.exp(-level)),
    refused: shareOf(levels.filter((one) => one >= level).length, levels.length),
  };
}

export function resultsOf(measured: readonly Measured[], everyday: Everyday): SetResult[] {
  return groupsOf(measured, ({ set, isHarmful }) => `${set} ${isHarmful}`).flatMap((rows) => {
    const [first] = rows;
    if (first === undefined) return [];
    const { set, surface, part, seen, isHarmful } = first;
    return {
      set,
      surface,
      label: isHarmful ? ("harmful" as const) : ("benign" as const),
      part,
      seen,
      of: rows.length,
      flagged: ratesCounted.map((rate) => rows.filter(({ level }) => isFlagged(level, rate)).length),
      stopped: stoppedOf(rows),
      atEveryday: surface === "input" ? pastLevel(rows, everyday.level) : null,
    };
  });
}

export function stoppedOf(rows: readonly Judged[]): Share {
  return shareOf(rows.filter(({ isStopped }) => isStopped).length, rows.length);
}

export function pastLevel(rows: readonly Judged[], level: number): Share {
  return shareOf(rows.filter((row) => row.level >= level).length, rows.length);
}

function groupsOf<Made>(rows: readonly Made[], keyOf: (row: Made) => string): readonly (readonly Made[])[] {
  const groups = new Map<string, Made[]>();
  for (const row of rows) {
    const group = groups.get(keyOf(row)) ?? [];
    groups.set(keyOf(row), group);
    group.push(row);
  }
  return [...groups.values()];
}

/** Of each set of answers by itself; of each harmful set of requests against all everyday ones. */
export function areasOf(measured: readonly Measured[]): Report["areas"] {
  const everyday = measured.filter(({ part }) => part === "everyday");
  return groupsOf(measured, ({ set }) => set).flatMap((rows) => {
    const first = rows.find(({ isHarmful }) => isHarmful);
    if (first === undefined) return [];
    const { set, seen, part, surface } = first;
    const others = surface === "input" ? [...rows.filter(({ isHarmful }) => isHarmful), ...everyday] : rows;
    const ranked = others.map(({ score, isHarmful, cluster }): Ranked => {
      return { score, isHarmful, ...(cluster === undefined ? {} : { cluster }) };
    });
    const found = areaOf(ranked, confidence);
    if (found === undefined) return [];
    const { area, lower, upper, ...counts } = found;
    const figures = { area: rounded(area), lower: rounded(lower), upper: rounded(upper) };
    return { set, seen, part, ...figures, ...counts, clusters: ranked.some(({ cluster }) => cluster !== undefined) };
  });
}

/** Where curves have points: at the calibrated rates, and between them, so that curves are smooth. */
export const ratesDrawn: readonly number[] = [
  ...new Set([
    ...Array.from({ length: 31 }, (_, at) => Number((0.001 * 100 ** (at / 30)).toPrecision(12))),
    ...calibratedRates,
  ]),
].toSorted((one, other) => one - other);

function curve(name: string, harmful: readonly Judged[], benign: readonly Judged[]): Curve {
  const sides = (rate: number): { readonly caught: Share; readonly refused: Share } => {
    const past = (rows: readonly Judged[]): Share =>
      shareOf(rows.filter(({ level }) => isFlagged(level, rate)).length, rows.length);
    return { caught: past(harmful), refused: past(benign) };
  };
  const labelled = new Set<number>(calibratedRates);
  const points = ratesDrawn.map((rate) => ({
    ...sides(rate),
    ...(labelled.has(rate) ? { label: `${Number((100 * rate).toFixed(1))} %` } : {}),
  }));
  return { name: `${name} (${harmful.length} and ${benign.length} texts)`, points };
}

export function curvesOf(measured: readonly Measured[]): Report["curves"] {
  const of = (part: Part, isHarmful: boolean, seen?: Seen): readonly Measured[] =>
    measured.filter(
      (row) => row.part === part && row.isHarmful === isHarmful && (seen === undefined || row.seen === seen),
    );
  const everyday = of("everyday", false);
  return {
    requests: [
      curve("misuse, unseen sets, against everyday requests", of("misuse", true, "unseen"), everyday),
      curve("misuse, sets seen in kind, against everyday requests", of("misuse", true, "in kind"), everyday),
      curve("misuse, unseen sets, against look-alikes", of("misuse", true, "unseen"), of("look-alike", false)),
      curve("attacks on the model against everyday requests", of("attack", true), everyday),
    ],
    answers: [
      curve("answers, sets seen in kind", of("answer", true, "in kind"), of("answer", false, "in kind")),
      curve("answers, unseen sets", of("answer", true, "unseen"), of("answer", false, "unseen")),
    ],
  };
}

/** Names of the sets' categories under those of safeguards. */
const categoryNames: Readonly<Record<string, string>> = {
  misinformation_influence: "misinformation",
  political: "misinformation",
  cyber: "cyber",
  manipulation_social_engineering: "manipulation",
  fraud_deception: "fraud",
  cbrn: "weapons (CBRN)",
  violence_weapons: "violence and weapons",
  self_harm: "self-harm",
  hate_harassment: "hate",
  bias: "hate",
  sexual: "sexual",
  privacy: "privacy",
  illegal_goods: "illegal goods",
  illegal_activity: "illegal acts",
  jailbreak: "jailbreak",
  prompt_injection: "injection",
};

/** Of harmful requests, by each category that their set gives them. */
export function categoriesOf(measured: readonly Measured[], everyday: Everyday): Report["categories"] {
  const harmful = measured.filter(({ surface, isHarmful }) => surface === "input" && isHarmful);
  const named = harmful.flatMap((row) =>
    [...new Set(row.categories.flatMap((name) => categoryNames[name] ?? []))].map((category) => ({ row, category })),
  );
  return groupsOf(named, ({ category }) => category)
    .map((group) => {
      const rows = group.map(({ row }) => row);
      const [first] = group;
      return { category: first?.category ?? "", stopped: stoppedOf(rows), atEveryday: pastLevel(rows, everyday.level) };
    })
    .toSorted((one, other) => (one.category < other.category ? -1 : 1));
}

/** Ten stretches of the score; of requests those that are clear at the first look have 0. */
export function calibrationOf(measured: readonly Measured[]): Bins[] {
  const bins = (name: string, rows: readonly Measured[], scoreOf: (row: Measured) => number): Bins => {
    const stretches = Array.from({ length: 10 }, (_, at): readonly Measured[] =>
      rows.filter((row) => Math.min(9, Math.floor(10 * scoreOf(row))) === at),
    );
    const filled = stretches.filter((some) => some.length > 0);
    return {
      name: `${name} (${rows.filter(({ isHarmful }) => isHarmful).length} harmful of ${rows.length})`,
      bins: filled.map((some) => ({
        score: rounded(some.reduce((sum, row) => sum + scoreOf(row), 0) / some.length),
        harmful: shareOf(some.filter(({ isHarmful }) => isHarmful).length, some.length),
      })),
    };
  };
  const requests = measured.filter(({ surface, part }) => surface === "input" && part !== "attack");
  const answers = measured.filter(({ part }) => part === "answer");
  return [bins("requests", requests, ({ misuse }) => misuse), bins("answers", answers, ({ score }) => score)];
}
