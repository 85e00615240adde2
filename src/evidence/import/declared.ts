// A report that was read becomes evidence with basis `declared`: its attempts sealed, the body that whoever vouches signs, and what
// they are shown before they do. The same on the command line and in the console, so that nobody signs what the other would not.
import type { BodyOf } from "../../acts/bodies.ts";
import { digestOfValue } from "../../proof/digest.ts";
import type { Hasher } from "../../proof/primitives.ts";
import { Failure } from "../../terms/failure.ts";
import { Name, type RunId, type Timestamp } from "../../terms/ids.ts";
import { TrialOutcome } from "../../terms/trial.ts";
import { type ReportHead, type Sealed, type Tried, sealRun } from "../seal.ts";
import type { Suite } from "../suite-document.ts";
import type { ReadReport } from "./read-report.ts";
import { clusterName, flagInWords } from "./record.ts";

/** The sealed samples travel as base64 inside a request that the control plane takes up to 24 MiB of. */
const sealedBytesMax = 17 * 1024 * 1024;

export interface Sealing {
  readonly run: RunId;
  readonly suite: Suite;
  readonly at: Timestamp;
}

/** Fails with request_invalid where the record is longer than one piece of evidence. */
export function sealReport(report: ReadReport, { run, suite, at }: Sealing, hasher: Hasher): Sealed {
  const tries = report.attempts.map((attempt) => triedOf(attempt, at, hasher));
  const head = { run, permit: null, suite: suite.name, failure: suite.measure.failure, report: headOf(report) };
  const sealed = sealRun(head, tries, hasher);
  if (sealed.bytes.length <= sealedBytesMax) return sealed;
  throw new Failure(
    "request_invalid",
    `${tries.length} attempts take ${sealed.bytes.length} bytes of record, and one piece of evidence holds ${sealedBytesMax}. Import the report in parts.`,
  );
}

function headOf({ head, flags }: ReadReport): ReportHead {
  return { ...head, flags: flags.map((flag) => Name.parse(flag)) };
}

/** Reports name items by ids of their own, so the sample names the digest of that id. */
function triedOf(
  { item, attempt, cluster, outcome, said }: ReadReport["attempts"][number],
  at: Timestamp,
  hasher: Hasher,
): Tried {
  return {
    item: digestOfValue(item.toWellFormed(), hasher),
    cluster: clusterName(cluster, hasher),
    attempt,
    outcome,
    receipt: null,
    at,
    answer: null,
    ...(said === undefined || Object.keys(said).length === 0 ? {} : { declared: said }),
  };
}

export interface About {
  readonly run: RunId;
  readonly model: Name;
  readonly digests: BodyOf<"evidence">["digests"];
  readonly measure: Name;
}

export function declaredBody(report: ReadReport, sealed: Sealed, about: About): BodyOf<"evidence"> {
  const { run, model, digests, measure } = about;
  const { failures, trials, clusters, unknown } = sealed.tally;
  return {
    run,
    permit: null,
    basis: "declared",
    model,
    digests,
    measures: [{ name: measure, failures, trials, clusters, unknown }],
    samples: sealed.samples,
    source: { tool: report.head.tool, file: report.file },
    flags: report.flags.map((flag) => Name.parse(flag)),
  };
}

export function outcomesOf({
  attempts,
}: Pick<ReadReport, "attempts">): Readonly<Partial<Record<TrialOutcome, number>>> {
  const counts = Map.groupBy(attempts, ({ outcome }) => outcome);
  return Object.fromEntries(
    TrialOutcome.options.flatMap((outcome) => {
      const count = counts.get(outcome)?.length;
      return count === undefined ? [] : [[outcome, count]];
    }),
  );
}

/** What whoever vouches is shown, a line each. */
export function reportInWords(report: ReadReport, { tally }: Pick<Sealed, "tally">): readonly string[] {
  const { failures, trials, clusters, unknown } = tally;
  const { head, flags, told } = report;
  const outcomes = Object.entries(outcomesOf(report)).map(([outcome, count]) => `${count} ${outcome}`);
  return [
    `${head.task} on ${head.target.model}, by ${head.tool}${head.version === null ? "" : ` ${head.version}`}, judged by ${head.judge}`,
    `${failures} of ${trials} attempts failed in ${clusters} units, ${unknown} unknown (${outcomes.join(", ")})`,
    ...told,
    ...flags.map((flag) => `Read with care: ${flagInWords(flag)}.`),
  ];
}
