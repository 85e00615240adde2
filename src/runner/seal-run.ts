// From a run's record to what is sealed: every try becomes a sample; what was begun and never answered, or never begun,
// is a sample without an answer, which counts as unknown. Texts are read one by one, and only their commitments are kept.
import type { LoadedItem } from "../evidence/suite.ts";
import { type Tried, answerOpening } from "../evidence/seal.ts";
import { type Opening, commit } from "../proof/digest.ts";
import type { Hasher } from "../proof/primitives.ts";
import { type Digest, type Instant, timestampOf } from "../terms/ids.ts";
import { tryKeyOf } from "./grade-lines.ts";
import type { ReadRun } from "./run-file.ts";
import { type Result, placeOf } from "./run-lines.ts";
import { type RunRecord, type Try, settledPlaces } from "./run-record.ts";

/** Attempts of the permit that can still be asked about. */
export function unanswered(items: readonly LoadedItem[], attempts: number, results: readonly Try[]): number {
  return items.length * attempts - settledPlaces(results).size;
}

export interface SealingMeans {
  readonly record: RunRecord;
  readonly answers: Answers;
  readonly at: Instant;
  /** What a try came to, where it waited for graders. */
  readonly settle?: ((tried: Try) => Pick<Tried, "outcome" | "graded">) | undefined;
}

function asRecorded({ outcome }: Try): Pick<Tried, "outcome"> {
  return { outcome };
}

/** Every try of the run, in the order of the suite. */
export function triesOf(
  items: readonly LoadedItem[],
  { record, answers, at, settle = asRecorded }: SealingMeans,
): readonly Tried[] {
  const { attempts } = record.begun.permit;
  const byPlace = Map.groupBy(record.results, (result) => placeOf(result));
  return items.flatMap((item) =>
    Array.from({ length: attempts }, (_, index) => index + 1).flatMap((attempt) => {
      const place = placeOf({ item: item.id, attempt });
      const tries = (byPlace.get(place) ?? []).map((result) => ({
        ...triedOf(item, result, answers),
        ...settle(result),
      }));
      // A conversation that broke off after an answer: what it would have come to nobody knows.
      const broken = brokenOff(item, attempt, record.conversations.get(place) ?? []);
      if (tries.length + broken.length > 0) return [...tries, ...broken];
      return [{ ...blank(item, attempt), at: record.begins.get(place)?.at ?? timestampOf(at) }];
    }),
  );
}

function brokenOff(
  item: LoadedItem,
  attempt: number,
  turns: NonNullable<ReturnType<RunRecord["conversations"]["get"]>>,
): readonly Tried[] {
  const last = turns.at(-1);
  if (last === undefined) return [];
  const receipts = turns.map(({ receiptId }) => receiptId).filter((id) => id !== null);
  const before = receipts.slice(0, -1);
  return [
    {
      ...blank(item, attempt),
      at: last.at,
      outcome: "unscored",
      receipt: receipts.at(-1) ?? null,
      ...(before.length === 0 ? {} : { before }),
    },
  ];
}

/** Commitments to answers, by try. */
export type Answers = ReadonlyMap<string, Digest>;

/** What is committed to of each try that has an answer. */
export function answersIn(run: ReadRun, hasher: Hasher): Answers {
  const answers = new Map<string, Digest>();
  for (const { result, opening } of openingsIn(run)) answers.set(tryKeyOf(result), commit(opening, hasher));
  return answers;
}

export interface OpenedTry {
  readonly result: Result;
  readonly opening: Opening;
}

/** Each answer of a run with the salt that it is sealed with, one at a time, in the order they came. */
export function* openingsIn({ lines, cipher }: ReadRun): Generator<OpenedTry, void> {
  for (const line of lines()) {
    if (line.kind !== "result") continue;
    const of = line.transcript === undefined ? "answer" : "transcript";
    const text = line.transcript ?? spokenIn(line);
    if (text !== "") yield { result: line, opening: answerOpening(text, cipher.salt(line), of) };
  }
}

/** The answer as it is committed to: its text, and a line for every tool that it calls. */
function spokenIn({ answer, calls = [] }: Result): string {
  const lines = calls.map((call) => `[calls ${call.name} with ${call.arguments}]`);
  return [...(answer === "" ? [] : [answer]), ...lines].join("\n");
}

function triedOf(item: LoadedItem, result: Try, answers: Answers): Tried {
  const { attempt, receiptId, before, at } = result;
  const answer = answers.get(tryKeyOf(result)) ?? null;
  return {
    ...blank(item, attempt),
    receipt: receiptId,
    ...(before === undefined ? {} : { before }),
    at,
    answer,
  };
}

function blank(item: LoadedItem, attempt: number): Omit<Tried, "at"> {
  return { item: item.leaf, cluster: item.cluster, attempt, outcome: "errored", receipt: null, answer: null };
}
