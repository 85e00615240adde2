// The one record that every report from elsewhere becomes, whatever tool wrote it: who says what about which model, every
// attempt with its outcome, and every reason to trust it less. The head is sealed with the attempts, so that whoever reads
// the evidence later sees what the person who vouched for it was shown. No text of a prompt or an answer is in it.
import { z } from "zod";
import { digestOfText } from "../../proof/digest.ts";
import type { Hasher } from "../../proof/primitives.ts";
import type { ReportHead, Sample } from "../seal.ts";
import { Failure } from "../../terms/failure.ts";
import type { TrialOutcome } from "../../terms/trial.ts";

/** Attempts of one report; what is sealed has a bound in bytes besides. */
export const attemptsMax = 100_000;

/** The reasons to read a report with care, in the order they are told, with their words. */
export const flagWords = {
  subset: "only a part of the dataset was run",
  "early-stopping": "the run was stopped early, so that a bound for a fixed number does not hold",
  dirty: "the code that ran it had uncommitted changes",
  edited: "scores or settings were changed afterwards",
  "human-grades": "people graded some of it",
  invalidated: "samples were invalidated",
  "model-fallbacks": "another model answered some of it",
  "errors-dropped": "the tool leaves attempts that ended in an error out of its figures; here they count",
  unscored: "some attempts were never judged",
  "unmapped-scores": "some scores have no meaning here",
  limited: "some attempts hit a limit",
  retried: "some attempts were tried again",
  cached: "answers came out of a cache, so that repeats are one draw",
  "missing-samples": "attempts are missing from the file",
  "missing-completion": "the tool never wrote that the run was over",
  truncated: "the run did not come to its end",
  "counts-differ": "the file's own figures are not those of its attempts",
  "hit-log-differs": "the hit log does not hold the same hits",
} as const;
export type Flag = keyof typeof flagWords;

/** What a flag says; one of another version is shown as it is. */
export function flagInWords(flag: string): string {
  const known = allFlags.find((word) => word === flag);
  return known === undefined ? flag : `${flagWords[known]} (${flag})`;
}

export function flagsRaised(raised: Readonly<Partial<Record<Flag, boolean>>>): readonly Flag[] {
  return allFlags.filter((flag) => raised[flag] === true);
}

const Flags = z.array(z.enum(Object.keys(flagWords).filter((word): word is Flag => word in flagWords)));
const allFlags: readonly Flag[] = Flags.parse(Object.keys(flagWords));

export interface Attempt {
  /** As the tool names it; the record keeps a digest. */
  readonly item: string;
  readonly attempt: number;
  /** The independent unit. */
  readonly cluster: string;
  readonly outcome: TrialOutcome;
  readonly said: Sample["declared"];
}

export interface Report {
  readonly head: Omit<ReportHead, "flags">;
  readonly flags: readonly Flag[];
  readonly attempts: readonly Attempt[];
  /** What the tool's own figures say beside ours, for a person to compare. */
  readonly told: readonly string[];
}

/** How the person who imports reads the file. */
export interface Reading {
  /** What the suite's measure counts as its failure. */
  readonly failed: "harmful" | "refused";
  /** The words that mean that failure, as the tool has them. */
  readonly failure: readonly string[];
  /** Whose score counts, where there are several: a scorer, a detector. */
  readonly scorer?: string | undefined;
  /** Which field tells the independent units apart. */
  readonly cluster?: string | undefined;
  /** Which field names the category. */
  readonly category?: string | undefined;
  /** Which model, where the report is about several. */
  readonly target?: string | undefined;
}

const shortCharsMax = 200;

/** A name out of a foreign file: on one line, without what steers a terminal, cut. */
export function short(text: unknown): string | null {
  if (typeof text !== "string" && typeof text !== "number" && typeof text !== "bigint") return null;
  const cut = String(text)
    .replaceAll(/\p{C}+/gu, " ")
    .trim()
    .slice(0, shortCharsMax)
    .toWellFormed();
  return cut === "" ? null : cut;
}

/** An address without what may be secret in it: user, password, query. */
export function bareUrl(text: unknown): string | null {
  if (typeof text !== "string" || !URL.canParse(text)) return null;
  const { origin, pathname, protocol } = new URL(text);
  return protocol === "http:" || protocol === "https:" ? short(`${origin}${pathname}`) : null;
}

const scoreCharsMax = 32;

/** What is kept of a score: a finite number, a short word, a boolean. */
export function keptScore(value: unknown): number | string | undefined {
  if (typeof value === "boolean") return String(value);
  if (typeof value === "number") return Number.isFinite(value) ? value : undefined;
  return typeof value === "string" && value.length <= scoreCharsMax ? (short(value) ?? undefined) : undefined;
}

/** Counts up to the bound. Fails with request_invalid beyond. */
export function checkCount(count: number): void {
  if (count <= attemptsMax) return;
  throw new Failure(
    "request_invalid",
    `This report has more than ${attemptsMax} attempts, which is as many as one piece of evidence is made of. Import it in parts.`,
  );
}

const clusterCharsMax = 120;

/** A cluster as the record names it: what is long, or would steer a terminal, by its digest. */
export function clusterName(cluster: string, hasher: Hasher): string {
  if (cluster.length <= clusterCharsMax && !/\p{C}/u.test(cluster)) return cluster;
  return `sha256:${digestOfText(cluster.toWellFormed(), hasher).slice("sha256:".length)}`;
}

/** Attempts on one item that a record numbers. */
const attemptMax = 1000;

/** Fails with request_invalid where two attempts are the same one: which of them counts would be a guess. */
export function checkDistinct(attempts: readonly Attempt[], what: string): void {
  const seen = new Set<string>();
  for (const { item, attempt } of attempts) {
    if (attempt > attemptMax)
      throw new Failure("request_invalid", `${what} has more than ${attemptMax} attempts on ${item.slice(0, 80)}.`);
    const place = JSON.stringify([item, attempt]);
    if (seen.has(place))
      throw new Failure("request_invalid", `${what} has attempt ${attempt} of ${item.slice(0, 80)} twice.`);
    seen.add(place);
  }
}
