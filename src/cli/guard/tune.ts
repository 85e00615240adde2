// `headgate guard tune`: labelled texts through the chain at several benign rates: what each would catch and what it would refuse,
// with intervals; which one keeps to a bound on refusals; and which texts a change would decide otherwise. No server.
import { z } from "zod";
import { type OperatingPoint, plotOfCurves } from "../../plots/curves.ts";
import { decide } from "../../policy/decide.ts";
import { type Chain, compileChain } from "../../safeguards/chain.ts";
import { isRemote } from "../../safeguards/remote/remote-document.ts";
import type { Safeguards } from "../../safeguards/safeguards-document.ts";
import { clopperPearson, clopperPearsonUpper, trialsNeeded } from "../../statistics/binomial.ts";
import { type Share, percent } from "../../statistics/share.ts";
import { Failure } from "../../terms/failure.ts";
import { Category, type Finding, type Inspection, Surface, type UnknownCause, lets } from "../../terms/finding.ts";
import { Provenance } from "../../terms/provenance.ts";
import { type Answer, done, inconclusive } from "../answer.ts";
import type { Context } from "../context.ts";
import type { StoppedText } from "./category-rates.ts";
import { replaceFile } from "../files.ts";
import { SetShares, categoriesText, tunedByCategory } from "./tune-categories.ts";
import { type OfflineChain, callerOptions, inspectText, jsonLines, withOfflineChain } from "./offline-chain.ts";
import { legible } from "../legible.ts";
import { type Call, argument } from "../verb.ts";

export const TuneOptions = z.object({
  safeguards: z.string().optional(),
  policy: z.string().optional(),
  surface: Surface.default("input"),
  ...callerOptions,
  category: Category.optional(),
  byCategory: z.boolean().default(false),
  refusedMax: z.coerce.number().gt(0).lt(1).default(0.01),
  sets: SetShares.optional(),
  svg: z.string().min(1).optional(),
});
type TuneOptions = z.infer<typeof TuneOptions>;

/** Benign rates that are tried; thresholds are calibrated for these and between. */
const ratesTried = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1] as const;
const confidence = 0.95;
/** Texts that are named of those a change would decide otherwise. */
const namedMax = 50;

const Row = z.object({
  id: z.union([z.string(), z.number()]),
  text: z.string(),
  label: z.enum(["harmful", "benign"]),
  provenance: Provenance.default("user"),
  set: z.string().max(100).default(""),
});
type Row = z.infer<typeof Row>;

interface RateResult {
  readonly benignRate: number;
  /** Of the harmful texts and of the benign ones: those that are stopped. With 95 % intervals. */
  readonly caught: Share;
  readonly refused: Share;
}

interface Setting {
  readonly benignRate: number | null;
  readonly chain: Chain;
  readonly stopped: Set<Row>;
  /** Of those stopped: the categories that each is stopped by; none of what nobody could judge. */
  readonly by: Map<Row, readonly Category[]>;
  /** Of those stopped, what nobody could judge, by its cause. */
  readonly unjudged: Map<Row, UnknownCause>;
}

function settingOf(benignRate: number | null, chain: Chain): Setting {
  return { benignRate, chain, stopped: new Set(), by: new Map(), unjudged: new Map() };
}

export async function tune(call: Call<TuneOptions>): Promise<Answer> {
  const rows = rowsOf(argument(call, 0));
  return withOfflineChain(call.options, call.context, async (means) => tuned(call, rows, means));
}

async function tuned(
  { options, context }: Call<TuneOptions>,
  rows: readonly Row[],
  means: OfflineChain,
): Promise<Answer> {
  const caller = { kind: "caller", stage: options.stage, type: options.type } as const;
  const now = settingOf(null, means.chain);
  const tried = ratesTried.map((rate) => {
    const document = atRate(
      options.byCategory ? withoutCategories(means.document) : means.document,
      rate,
      options.category,
    );
    return settingOf(rate, compileChain(document, means.means, caller));
  });
  await judgeAll(rows, [now, ...tried], { means, surface: options.surface, context });
  const rates = tried.map((setting) => resultOf(rows, setting));
  const proposal = rates.findLast(({ refused }) => upperOf(refused) <= options.refusedMax);
  const proposed = tried.find(({ benignRate }) => benignRate === proposal?.benignRate);
  const change = proposed === undefined ? null : changeOf(rows, now, proposed);
  const unjudged = unjudgedIn([now, ...tried]);
  if (options.byCategory) return categoriesTuned(rows, { now, tried, options, document: means.document });
  const json = {
    unjudged,
    surface: options.surface,
    category: options.category ?? null,
    confidence,
    now: resultOf(rows, now),
    rates,
    refusedMax: options.refusedMax,
  };
  if (options.svg !== undefined) replaceFile(options.svg, plotOf(rates, json.now));
  const answer = { ...json, proposal: proposal?.benignRate ?? null, change };
  const text = [textOf(answer), ...unjudgedText(unjudged)].join("\n");
  return proposal === undefined ? inconclusive(answer, text) : done(answer, text);
}

interface TunedSettings {
  readonly now: Setting;
  readonly tried: readonly Setting[];
  readonly options: TuneOptions;
  readonly document: Safeguards;
}

function categoriesTuned(rows: readonly Row[], { now, tried, options, document }: TunedSettings): Answer {
  const texts = new Map(rows.map((row) => [row, stoppedText(row, tried)] as const));
  const found = tunedByCategory({
    texts: [...texts.values()],
    stoppedNow: new Set([...texts].filter(([row]) => now.stopped.has(row)).map(([, text]) => text)),
    rates: ratesTried,
    blockRate: Math.max(
      ...document.chain.map((entry) => ("block" in entry && !isRemote(entry) ? entry.block.benignRate : 0)),
    ),
    surface: options.surface,
    refusedMax: options.refusedMax,
    sets: options.sets ?? new Map(),
    confidence,
  });
  const unjudged = unjudgedIn([now, ...tried]);
  const answer = { unjudged, surface: options.surface, refusedMax: options.refusedMax, ...found };
  const text = [categoriesText(found), ...unjudgedText(unjudged)].join("\n");
  return found.categories.length === 0 ? inconclusive(answer, text) : done(answer, text);
}

/** From which rate on each category stops it; what nobody could judge is stopped at all of them. */
function stoppedText(row: Row, tried: readonly Setting[]): StoppedText {
  const from = new Map<Category, number>();
  for (const [place, { by }] of tried.entries())
    for (const category of by.get(row) ?? []) if (!from.has(category)) from.set(category, place);
  const isAlways = tried.some(({ unjudged }) => unjudged.has(row));
  return { isHarmful: row.label === "harmful", set: row.set, isAlways, from };
}

/** Both kinds of curve, of the rates that were tried. */
function plotOf(rates: readonly RateResult[], now: RateResult): string {
  const points = rates.map(({ benignRate, caught, refused }): OperatingPoint => ({
    caught,
    refused,
    label: percent(benignRate),
  }));
  const curves = [{ name: "benign rates", points }];
  return plotOfCurves({ title: "What each benign rate catches and refuses", curves, now }, ["roc", "det"]);
}

function rowsOf(path: string): readonly Row[] {
  const rows: Row[] = [];
  for (const { value, number } of jsonLines(path)) {
    const row = Row.safeParse(value);
    if (!row.success)
      throw new Failure(
        "request_invalid",
        `Line ${number} is not a row: {"id": …, "text": …, "label": "harmful|benign"}.`,
      );
    rows.push(row.data);
  }
  for (const label of ["harmful", "benign"] as const)
    if (!rows.some((row) => row.label === label))
      throw new Failure("request_invalid", `The file has no row with the label ${label}; a threshold weighs both.`);
  return rows;
}

/**
 * Every detector stops at one rate, categories with rates of their own at theirs, or one category does at that rate; all else of the
 * document, exceptions for some callers too, stays as it is.
 */
function atRate(document: Safeguards, benignRate: number, category: Category | undefined): Safeguards {
  const rates = { block: { benignRate }, review: { benignRate } };
  const chain = document.chain.map((entry) => {
    if ("patterns" in entry || "rules" in entry || isRemote(entry)) return entry;
    const { categories = [], ...rest } = entry;
    if (category === undefined) return { ...entry, ...rates };
    const others = categories.filter((limits) => limits.category !== category);
    return { ...rest, categories: [...others, { category, ...rates }] };
  });
  return { ...document, chain };
}

/** Without rates of categories' own. */
function withoutCategories(document: Safeguards): Safeguards {
  const chain = document.chain.map((entry) => {
    if (!("categories" in entry)) return entry;
    const { categories: _, ...rest } = entry;
    return rest;
  });
  return { ...document, chain };
}

interface Judging {
  readonly means: OfflineChain;
  readonly surface: Surface;
  readonly context: Context;
}

const tellEveryMs = 2_000;

async function judgeAll(rows: readonly Row[], settings: readonly Setting[], judging: Judging): Promise<void> {
  const { context, surface, means } = judging;
  let toldMs = performance.now();
  for (const [at, row] of rows.entries()) {
    for (const { chain, stopped, by, unjudged } of settings) {
      const inspection = await inspectText(chain, row, surface);
      const stops = (of: Inspection): boolean => !lets(decide(of, means.policy, { scopes: [], surface }));
      if (inspection.kind === "unknown") unjudged.set(row, inspection.cause);
      else by.set(row, stoppingIn(inspection.findings, stops));
      if (stops(inspection)) stopped.add(row);
    }
    if (!context.isWatched || performance.now() - toldMs < tellEveryMs) continue;
    toldMs = performance.now();
    context.tell(`judged ${at + 1} of ${rows.length}\n`);
  }
}

/** The categories of those findings that stop a text by themselves. */
function stoppingIn(findings: readonly Finding[], stops: (of: Inspection) => boolean): readonly Category[] {
  const stopping = findings.filter((finding) => stops({ kind: "inspected", findings: [finding] }));
  return stopping.map(({ category }) => category);
}

interface Unjudged {
  readonly count: number;
  readonly causes: readonly UnknownCause[];
}

/** Rows that nobody could judge at some rate. */
function unjudgedIn(settings: readonly Setting[]): Unjudged {
  const all = new Map(settings.flatMap(({ unjudged }) => [...unjudged]));
  return { count: all.size, causes: [...new Set(all.values())] };
}

function unjudgedText({ count, causes }: Unjudged): readonly string[] {
  if (count === 0) return [];
  return [
    "",
    `WARNING: ${count} texts could not be judged (${causes.join(", ")}). They count as stopped, harmful and benign alike: mend that first ` +
      "(headgate guard scan names them), or the shares say nothing.",
  ];
}

function resultOf(rows: readonly Row[], { benignRate, stopped }: Setting): RateResult {
  const share = (label: Row["label"]): Share => {
    const all = rows.filter((row) => row.label === label);
    const count = all.filter((row) => stopped.has(row)).length;
    return { count, of: all.length, ...clopperPearson({ failures: count, trials: all.length }, confidence) };
  };
  return { benignRate: benignRate ?? 0, caught: share("harmful"), refused: share("benign") };
}

/** One-sided: what is claimed is that it is no more. */
function upperOf({ count, of }: Share): number {
  return clopperPearsonUpper({ failures: count, trials: of }, confidence);
}

interface Change {
  readonly stopped: readonly Row["id"][];
  readonly served: readonly Row["id"][];
  readonly stoppedHarmful: number;
  readonly stoppedBenign: number;
  readonly servedHarmful: number;
  readonly servedBenign: number;
}

function changeOf(rows: readonly Row[], now: Setting, proposed: Setting): Change {
  const stopped = rows.filter((row) => proposed.stopped.has(row) && !now.stopped.has(row));
  const served = rows.filter((row) => now.stopped.has(row) && !proposed.stopped.has(row));
  const harmfulOf = (some: readonly Row[]): number => some.filter(({ label }) => label === "harmful").length;
  return {
    stopped: stopped.slice(0, namedMax).map(({ id }) => id),
    served: served.slice(0, namedMax).map(({ id }) => id),
    stoppedHarmful: harmfulOf(stopped),
    stoppedBenign: stopped.length - harmfulOf(stopped),
    servedHarmful: harmfulOf(served),
    servedBenign: served.length - harmfulOf(served),
  };
}

interface Tuned {
  readonly category: Category | null;
  readonly now: RateResult;
  readonly rates: readonly RateResult[];
  readonly refusedMax: number;
  readonly proposal: number | null;
  readonly change: Change | null;
}

function textOf({ category, now, rates, refusedMax, proposal, change }: Tuned): string {
  const rows = [
    ["benign rate", `caught of ${now.caught.of} harmful`, `refused of ${now.refused.of} benign`],
    ...rates.map(({ benignRate, caught, refused }) => [percent(benignRate), shareText(caught), shareText(refused)]),
    ["as it is now", shareText(now.caught), shareText(now.refused)],
  ];
  const table = rows.map(
    ([rate = "", caught = "", refused = ""]) => `${rate.padEnd(14)}${caught.padEnd(34)}${refused}`,
  );
  return [...table, "", proposalText(proposal, { category, now, refusedMax }), ...changeText(change)].join("\n");
}

function proposalText(
  proposal: number | null,
  { category, now, refusedMax }: Pick<Tuned, "category" | "now" | "refusedMax">,
): string {
  const bound = `at most ${percent(refusedMax)} of texts like the benign ones are refused (one-sided, ${confidence * 100} %)`;
  if (proposal !== null)
    return `Proposed: benignRate ${proposal}${category === null ? "" : ` for ${category}`}, the greatest tried at which ${bound}.`;
  const needed = trialsNeeded(0, { limit: refusedMax, confidence });
  const few =
    needed !== undefined && now.refused.of < needed ? ` That takes ${needed} benign texts, none of them refused.` : "";
  return `Proposed: none. At no rate tried it is shown that ${bound}.${few}`;
}

function named(ids: readonly Row["id"][]): string {
  return ids.length === 0 ? "" : `: ${ids.map((id) => legible(`${id}`)).join(", ")}`;
}

function changeText(change: Change | null): readonly string[] {
  if (change === null) return [];
  const { stoppedHarmful, stoppedBenign, servedHarmful, servedBenign, stopped, served } = change;
  return [
    `Against what is now, it stops ${stoppedHarmful} harmful and ${stoppedBenign} benign texts more${named(stopped)}`,
    `and no longer stops ${servedHarmful} harmful and ${servedBenign} benign ones${named(served)}.`,
  ];
}

function shareText({ count, of, lower, upper }: Share): string {
  return `${percent(count / of)} (${count}; ${percent(lower)} to ${percent(upper)})`;
}
