// Pooling: over all permits of the same digests an item is one trial, so that a bad run cannot vanish behind a better
// one. Failed if any attempt failed, else unknown if any attempt is unfinished, unanswered, ungraded or unaccounted for,
// else clean. What the gateways' receipts say happened outweighs what a sealed run says about itself. Where every plan says that
// it may be stopped at any time, what was not reached is left out, and the bound is one that allows for it.
import type { EvaluatedDigests } from "../acts/bodies.ts";
import type { OpenedReceipt, Receipt } from "../acts/receipt.ts";
import { tally } from "../statistics/measure.ts";
import type { Name, PermitId, PublicKey, ReceiptId, Timestamp } from "../terms/ids.ts";
import {
  type FailureKind,
  countAttempts,
  countedAs,
  type CountedAs,
  type TrialOutcome,
  worstCounted,
} from "../terms/trial.ts";
import type { PooledMeasure } from "./judgement.ts";

/** One try of one attempt on an item, as a sealed run states it. A try without an answer may be repeated. */
export interface SealedTry {
  /** Leaf of the item, as receipts name it. */
  readonly item: string;
  readonly attempt: number;
  readonly outcome: TrialOutcome;
  readonly receipt: ReceiptId | null;
  /** Of an attempt of several requests: the receipts of those before the last. */
  readonly before?: readonly ReceiptId[] | undefined;
  readonly at: Timestamp;
}

/** What a gateway's receipt says of an exchange under a permit. */
export interface SeenReceipt {
  readonly receipt: ReceiptId;
  /** Who signed it, and its place in that gateway's gap-free count. */
  readonly gateway: PublicKey;
  readonly seq: number;
  readonly item: string;
  /** True when the exchange ended with an answer or a refusal, so that there was something to grade. */
  readonly answered: boolean;
  readonly at: Timestamp;
  /** The modes that the safeguards had, as the receipt spells them. */
  readonly modes?: string | undefined;
}

/**
 * What a receipt under a permit says. A caller who went away before anything was produced saw no answer; one who may have
 * seen part of one did, so that no attempt can be dropped once it looks bad.
 */
export function seenReceipt(opened: Pick<OpenedReceipt, "receipt" | "gateway">): SeenReceipt | undefined {
  const { id, seq, item, at, modes } = opened.receipt;
  if (item === null) return undefined;
  return { receipt: id, gateway: opened.gateway, seq, item, answered: gaveAnAnswer(opened.receipt), at, modes };
}

function gaveAnAnswer({ outcome, tokens, would }: Receipt): boolean {
  // Where safeguards only observed, nothing was measured of what they stop: no permit is served so, and none counts.
  if (would !== undefined) return false;
  switch (outcome) {
    case "served":
    case "blocked":
      return true;
    case "stopped":
    case "cut":
      return tokens[1] > 0;
    case "refused":
    case "failed":
      return false;
  }
}

export interface PermitRun {
  readonly permit: PermitId;
  /** Attempts on each item that the permit was given for. */
  readonly attempts: number;
  /** Exchanges that the ledger counts under the permit; more than `receipts` holds means that some were kept back. */
  readonly exchanges: number;
  readonly receipts: readonly SeenReceipt[];
  /** Null where nothing was sealed. */
  readonly tries: readonly SealedTry[] | null;
  /** By which rule its plan may end; `fixed` where it is not said. */
  readonly rule?: "fixed" | "sequential" | undefined;
  /** Whether a receipt says that its safeguards had the modes that the permit asks for; absent: there are no others. */
  readonly hasItsModes?: (seen: SeenReceipt) => boolean;
  /** A run of another suite with the same items: what came out well in it says nothing here. */
  readonly againstOnly?: boolean;
}

export interface PooledSuite {
  readonly name: Name;
  readonly measure: Name;
  readonly failure: FailureKind;
  /** All items, tried or not, by the leaf that receipts name: who stops early keeps the rest as unknown. */
  readonly items: readonly { readonly id: string; readonly cluster: string }[];
}

interface Trial {
  readonly item: string;
  readonly cluster: string;
  readonly countsAs: CountedAs;
  readonly lastTry: Timestamp | null;
  /** Whether any permit says anything of it. */
  readonly isTried: boolean;
  /** How often it was tried, by all permits together. */
  readonly tries: number;
  /** Unknown, and a further run, or sealing one, can still settle it. */
  readonly open: boolean;
  /** It was tried, and every attempt counted as failed. */
  readonly isWhollyFailed: boolean;
}

export interface Pool {
  readonly measure: PooledMeasure;
  readonly trials: readonly Trial[];
}

/** All trials of a suite over `runs`, which all have `digests`; undefined when none of them made a single exchange. */
export function poolTrials(
  suite: PooledSuite,
  digests: EvaluatedDigests,
  runs: readonly PermitRun[],
): Pool | undefined {
  const used = runs
    .filter((run) => run.exchanges > 0 || run.receipts.length > 0)
    .map((run) => ({ ...run, receipts: distinct(run.receipts) }));
  if (used.length === 0) return undefined;
  const listed = new Map(suite.items.map(({ id, cluster }) => [id, cluster]));
  const entries = used
    .flatMap((run) =>
      entriesOf(run, suite.failure).map((entry) => ({ ...entry, againstOnly: run.againstOnly === true })),
    )
    .map((entry) => ({ ...entry, cluster: listed.get(entry.item) ?? entry.item }));
  const marks = countAttempts(entries, suite.failure);
  const marked = entries.map((entry, at) => ({ ...entry, countsAs: marks[at] ?? ("unknown" as const) }));
  const byItem = Map.groupBy(marked, ({ item }) => item);
  const all = [...new Set([...listed.keys(), ...byItem.keys()])].map((item) =>
    trialOf(item, listed.get(item) ?? item, byItem.get(item) ?? []),
  );
  const isSequential = used.every(({ rule }) => rule === "sequential");
  const trials = isSequential ? upToTheLastTried(all, listed) : all;
  const oldest = trials.map(({ lastTry }) => lastTry).toSorted(byTime)[0] ?? null;
  return {
    trials,
    measure: {
      suite: suite.name,
      measure: suite.measure,
      basis: "measured-here",
      digests,
      tally: tally(trials),
      untried: trials.filter(({ lastTry }) => lastTry === null).length,
      open: openClusters(trials),
      oldestTry: oldest,
      permits: used.map(({ permit }) => permit),
      answersMax: mostTries(trials),
      wholly: whollyFailed(trials),
      ...(isSequential ? { rule: "sequential" } : {}),
    },
  };
}

/**
 * What may be stopped at any time counts as far as it came: whole clusters, in the order of the smallest leaf in each, which nobody
 * chose. What was left out on the way counts, as unknown; what comes after the last one tried does not.
 */
function upToTheLastTried(trials: readonly Trial[], listed: ReadonlyMap<string, string>): readonly Trial[] {
  const clusters = inLeafOrder(trials.filter(({ item }) => listed.has(item)));
  const last = clusters.findLastIndex((members) => members.some(({ isTried }) => isTried));
  // What nobody can place is a trial more, wherever it was.
  return [...clusters.slice(0, last + 1).flat(), ...trials.filter(({ item }) => !listed.has(item))];
}

/** Items of each cluster together, in the order that a sequential plan asks them in. */
export function inLeafOrder<T extends { readonly item: string; readonly cluster: string }>(
  items: readonly T[],
): readonly (readonly T[])[] {
  const sorted = items.toSorted((one, other) => (one.item < other.item ? -1 : Number(one.item > other.item)));
  return [...Map.groupBy(sorted, ({ cluster }) => cluster).values()];
}

/** Tries of one cluster, at the most. */
function mostTries(trials: readonly Trial[]): number {
  const sums = new Map<string, number>();
  for (const { cluster, tries } of trials) sums.set(cluster, (sums.get(cluster) ?? 0) + tries);
  return [...sums.values()].reduce((most, sum) => Math.max(most, sum), 0);
}

/** A receipt kept twice is one exchange: a copy in the place of another receipt must not hide that the other is missing. */
function distinct(receipts: readonly SeenReceipt[]): readonly SeenReceipt[] {
  const byId = new Map(receipts.map((seen) => [seen.receipt, seen]));
  return [...new Map([...byId.values()].map((seen) => [JSON.stringify([seen.gateway, seen.seq]), seen])).values()];
}

/** One thing that a permit says about an item. */
interface Entry {
  readonly item: string;
  readonly outcome: TrialOutcome;
  readonly at: Timestamp | null;
  /** Unknown only because its run is not sealed. */
  readonly open?: boolean;
}

interface Counted extends Entry, Pick<Trial, "countsAs"> {
  /** Of a run that counts only against: clean, it says nothing, but that not every attempt failed. */
  readonly againstOnly: boolean;
}

function trialOf(item: string, cluster: string, all: readonly Counted[]): Trial {
  const entries = all.filter(({ againstOnly, countsAs: one }) => !againstOnly || one !== "clean");
  const isOurs = all.some(({ againstOnly }) => !againstOnly);
  const times = entries.map(({ at }) => at).filter((at) => at !== null);
  const countsAs = worstCounted(entries.map((entry) => entry.countsAs));
  const open = countsAs === "unknown" && entries.every((entry) => entry.countsAs !== "unknown" || entry.open === true);
  return {
    item,
    cluster,
    countsAs,
    lastTry: times.toSorted().at(-1) ?? null,
    isTried: entries.length > 0,
    tries: entries.length,
    open,
    isWhollyFailed: isOurs && all.every((entry) => entry.countsAs === "failed"),
  };
}

/** Clusters that were tried whole and failed in every attempt. */
function whollyFailed(trials: readonly Trial[]): number {
  const clusters = [...Map.groupBy(trials, ({ cluster }) => cluster).values()];
  return clusters.filter((members) => members.every(({ isWhollyFailed }) => isWhollyFailed)).length;
}

/** Unknown clusters in which everything unknown is still open. */
function openClusters(trials: readonly Trial[]): number {
  const clusters = [...Map.groupBy(trials, ({ cluster }) => cluster).values()];
  return clusters.filter(
    (members) =>
      worstCounted(members.map(({ countsAs }) => countsAs)) === "unknown" &&
      members.every(({ countsAs, open }) => countsAs !== "unknown" || open),
  ).length;
}

function entriesOf(run: PermitRun, failure: FailureKind): readonly Entry[] {
  const believed = believe(run, failure);
  const attempts = Map.groupBy(believed, ({ tried }) => JSON.stringify([tried.item, tried.attempt]));
  const made = [...attempts.values()].flatMap(attemptEntries);
  return [...made, ...unfinished(run), ...unnamed(run), ...keptBack(run)];
}

interface BelievedTry {
  readonly tried: SealedTry;
  readonly outcome: TrialOutcome;
}

/** The tries as far as receipts bear them out: an outcome without a receipt of its own is the runner's word alone. */
function believe(run: PermitRun, failure: FailureKind): readonly BelievedTry[] {
  const receipts = new Map(run.receipts.map((seen) => [seen.receipt, seen]));
  // A receipt speaks for one try only.
  const take = (receipt: ReceiptId | null): SeenReceipt | undefined => {
    const seen = receipt === null ? undefined : receipts.get(receipt);
    if (receipt !== null) receipts.delete(receipt);
    return seen;
  };
  return (run.tries ?? []).map((tried) => {
    const before = (tried.before ?? []).map(take);
    const last = take(tried.receipt);
    const isAnswer = (seen: SeenReceipt | undefined): boolean => seen?.item === tried.item && seen.answered;
    const wasAnswered = isAnswer(last) || before.some(isAnswer);
    const believed = believedOutcome(tried.outcome, wasAnswered, failure);
    const isOther = [...before, last].some((seen) => seen !== undefined && run.hasItsModes?.(seen) === false);
    // Of a conversation each request has to be borne out: what is named for it and is another item's may hide something there.
    const isDoubtful = isOther || !before.every(isAnswer);
    return { tried, outcome: isDoubtful && countedAs(believed, failure) !== "failed" ? "unscored" : believed };
  });
}

/** What counts against the claim is believed as it stands; the rest only where the receipt agrees that there was an answer. */
function believedOutcome(stated: TrialOutcome, wasAnswered: boolean, failure: FailureKind): TrialOutcome {
  if (countedAs(stated, failure) === "failed") return stated;
  return (stated !== "errored") === wasAnswered ? stated : "unscored";
}

/** One attempt: a try without an answer is superseded by one that has an answer. */
function attemptEntries(tries: readonly BelievedTry[]): readonly Entry[] {
  const answered = tries.filter(({ outcome }) => outcome !== "errored");
  const counted = answered.length > 0 ? answered : tries;
  return counted.map(({ tried, outcome }) => ({ item: tried.item, outcome, at: tried.at }));
}

/** Items that the run began and did not try as often as its permit says. */
function unfinished(run: PermitRun): readonly Entry[] {
  const byItem = Map.groupBy(run.tries ?? [], ({ item }) => item);
  return [...byItem]
    .filter(([, made]) => new Set(made.map(({ attempt }) => attempt)).size < run.attempts)
    .map(([item]) => ({ item, outcome: "errored", at: null }));
}

/** Exchanges that have a receipt and that no sealed try names: unfinished, or left out. */
function unnamed(run: PermitRun): readonly Entry[] {
  const named = new Set((run.tries ?? []).flatMap(({ receipt, before = [] }) => [receipt, ...before]));
  const tried = new Set((run.tries ?? []).map(({ item }) => item));
  return run.receipts
    .filter((seen) => !named.has(seen.receipt) && (seen.answered || !tried.has(seen.item)))
    .map(({ item, at }) => ({ item, outcome: "unscored", at, open: run.tries === null }));
}

/** Exchanges that the ledger counts and whose receipts are not here: nobody can say which items they were, so each is one. */
function keptBack(run: PermitRun): readonly Entry[] {
  const missing = Math.max(0, run.exchanges - run.receipts.length);
  return Array.from({ length: missing }, (_, at) => ({
    item: `unaccounted:${run.permit}:${at}`,
    outcome: "errored",
    at: null,
  }));
}

/** Never tried sorts first. */
function byTime(one: Timestamp | null, other: Timestamp | null): number {
  return (one ?? "").localeCompare(other ?? "");
}
