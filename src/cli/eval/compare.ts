// `headgate eval compare`: two runs of one suite, cluster by cluster, and only what differs.
import { noSafeguards } from "../../acts/two-person-permits.ts";
import { z } from "zod";
import { breakdownOf, type Part } from "../../evidence/breakdown.ts";
import { type Comparison, compareRuns } from "../../evidence/compare.ts";
import { type Deviation, deviationWords } from "../../gates/deviation.ts";
import { percentToTenth } from "../../statistics/share.ts";
import { Failure } from "../../terms/failure.ts";
import { type Answer, done } from "../answer.ts";
import { type AttackDifference, attacksThatDiffer } from "../../evidence/part-figures.ts";
import { kappaInWords } from "./grader-words.ts";
import { gradersShown } from "../../evidence/graders/shown.ts";
import { legible } from "../legible.ts";
import { type OpenedRun, openedRunCalled } from "./opened-run.ts";
import { followedBy } from "./plan-followed.ts";
import { openSession } from "../session.ts";
import { type Call, argument } from "../verb.ts";

export const CompareOptions = z.object({ confidence: z.coerce.number().gt(0.5).lt(1).default(0.95) });

export async function compare(call: Call<z.infer<typeof CompareOptions>>): Promise<Answer> {
  const session = await openSession(call.base, call.context);
  const [one, other] = [
    await openedRunCalled(session, session.state, argument(call, 0)),
    await openedRunCalled(session, session.state, argument(call, 1)),
  ];
  const { confidence } = call.options;
  const compared = comparisonOf(one, other, confidence);
  const attacks = attackDifferences(one, other);
  const plans = [await followedBy(session, one), await followedBy(session, other)] as const;
  const deviations = { one: plans[0]?.deviations ?? [], other: plans[1]?.deviations ?? [] };
  const json = {
    one: one.evidence.body.run,
    other: other.evidence.body.run,
    confidence,
    ...compared,
    bare: { one: isBare(one), other: isBare(other) },
    attacks,
    deviations,
  };
  const lines = [
    comparisonInWords(compared, { one, other, confidence }),
    ...attackLines(attacks),
    ...[one, other].flatMap((run) => agreementLine(run, confidence)),
  ];
  return done(
    json,
    [
      ...bareLines(one),
      ...bareLines(other),
      ...lines,
      ...deviationLines(one, deviations.one),
      ...deviationLines(other, deviations.other),
    ].join("\n"),
  );
}

function isBare({ evidence }: OpenedRun): boolean {
  return evidence.body.digests.safeguards === noSafeguards;
}

function bareLines(run: OpenedRun): readonly string[] {
  return isBare(run) ? [`${run.evidence.body.run} was made without safeguards.`] : [];
}

function deviationLines({ evidence }: OpenedRun, deviations: readonly Deviation[]): readonly string[] {
  return deviations.map((one) => `${evidence.body.run} did not go as registered: ${deviationWords[one]} (${one}).`);
}

/** Fails with request_invalid where the runs are not of the same suite. */
export function comparisonOf(one: OpenedRun, other: OpenedRun, confidence: number): Comparison {
  const [first, second] = [one.evidence.body.digests.suite, other.evidence.body.digests.suite];
  if (first !== second) {
    throw new Failure(
      "request_invalid",
      `These are runs of different suites (${first} and ${second}): only runs of the same one can be compared.`,
    );
  }
  return compareRuns(one.samples, other.samples, { failure: one.suite.measure.failure, level: confidence });
}

/** Attacks under which not as many clusters failed in the one run as in the other. */
export function attackDifferences(one: OpenedRun, other: OpenedRun): readonly AttackDifference[] {
  return attacksThatDiffer(byAttack(one), byAttack(other));
}

function byAttack({ samples, items, suite }: OpenedRun): readonly Part[] {
  return breakdownOf(samples, items, suite.measure.failure).attack;
}

interface Compared {
  readonly one: OpenedRun;
  readonly other: OpenedRun;
  readonly confidence: number;
}

/** Clusters that are named in the terminal; all of them are in JSON. */
const namedMax = 40;

function comparisonInWords(compared: Comparison, { one, other, confidence }: Compared): string {
  const { counts, unknown, apart, differences } = compared;
  const [first, second] = [one.evidence.body.run, other.evidence.body.run];
  const more = differences.length - namedMax;
  return [
    `${first} failed on ${counts.both + counts.onlyOne}, ${second} on ${counts.both + counts.onlyOther} of ${clustersIn(compared)} (${counts.both} on both).`,
    differenceInWords(compared, confidence),
    ...(unknown === 0 ? [] : [`${unknown} unknown in one of them: the interval holds whichever way they went.`]),
    ...(apart === 0 ? [] : [`${apart} are in one of the runs only, and are left out.`]),
    ...differences
      .slice(0, namedMax)
      .map(({ cluster, one: was, other: is }) => `  ${was.padEnd(7)} → ${is.padEnd(7)}  ${legible(cluster)}`),
    ...(more > 0 ? [`  and ${more} more: --json`] : []),
  ].join("\n");
}

/** How far the graders of a run agree, where there are two: a difference is as sure as they are. */
function agreementLine(run: OpenedRun, confidence: number): readonly string[] {
  const agreement = gradersShown(run, confidence)?.agreement;
  return agreement === undefined ? [] : [`Graders of ${run.evidence.body.run}: ${kappaInWords(agreement, confidence)}`];
}

/** Of each attack by itself: looked at after the fact, and no claim. */
function attackLines(attacks: readonly AttackDifference[]): readonly string[] {
  if (attacks.length === 0) return [];
  const wide = Math.max(...attacks.map(({ attack }) => attack.length));
  return [
    "By attack, clusters that failed, where they differ:",
    ...attacks.map(({ attack, one, other }) => `  ${attack.padEnd(wide)}  ${one} → ${other}`),
  ];
}

function clustersIn({ counts: { both, onlyOne, onlyOther, neither } }: Comparison): number {
  return both + onlyOne + onlyOther + neither;
}

export function differenceInWords({ difference, interval, test }: Comparison, confidence: number): string {
  if (difference === null) return "Nothing is known of both: there is nothing to compare.";
  const { lower, upper } = interval;
  const shown =
    lower > 0 ? "the first fails more" : upper < 0 ? "the first fails less" : "neither is shown to fail more";
  return (
    `Difference ${points(difference)}, ${100 * confidence} % interval ${points(lower)} to ${points(upper)}: ${shown} ` +
    `(exact test of the items that differ: p = ${test.exact.toPrecision(2)}).`
  );
}

function points(share: number): string {
  return `${share > 0 ? "+" : ""}${percentToTenth(share)}`;
}
