// `headgate eval show`: the evidence on record, or one run of it, taken apart by attack and by category.
import type { Evidence } from "../acts/state.ts";
import { type Breakdown, type Part, breakdownOf, passesWithin } from "../evidence/breakdown.ts";
import { flagInWords } from "../evidence/import/record.ts";
import { openSealed } from "../evidence/seal.ts";
import { openSuite } from "../evidence/suite.ts";
import { nodePrimitives } from "../proof/node.ts";
import { clopperPearson } from "../statistics/binomial.ts";
import { type Answer, done } from "./answer.ts";
import { suiteOf } from "./candidate.ts";
import { evidenceCalled } from "./eval-withdraw.ts";
import { type Session, artefact, openSession } from "./session.ts";
import type { Call } from "./verb.ts";

const confidence = 0.95;

export async function showEvidence(call: Call<object>): Promise<Answer> {
  const session = await openSession(call.base, call.context);
  const [wanted] = call.args;
  if (wanted !== undefined) return showRun(session, evidenceCalled(session.state, wanted));
  const found = [...session.state.evidence.values()];
  return done({ evidence: found }, found.length === 0 ? "There is no evidence yet." : found.map(lineOf).join("\n"));
}

async function showRun(session: Session, evidence: Evidence): Promise<Answer> {
  if (evidence.body.permit === null) return showReport(session, evidence);
  const taken = await takenApart(session, evidence);
  if (taken === undefined) return done({ evidence: [evidence] }, lineOf(evidence));
  const json = { evidence: [evidence], by: { attack: taken.attack.map(told), category: taken.category.map(told) } };
  return done(json, `${lineOf(evidence)}\n\n${breakdownInWords(taken)}`);
}

/** A report from elsewhere: what the person who vouched for it was shown. */
async function showReport(session: Session, evidence: Evidence): Promise<Answer> {
  const { body } = evidence;
  const { report } = openSealed(await artefact(session, body.samples.artefact), body.samples, nodePrimitives);
  if (report === undefined) return done({ evidence: [evidence] }, lineOf(evidence));
  const { task, target, tool, version, judge, made } = report;
  const said = [
    `Said by ${tool}${version === null ? "" : ` ${version}`}${made === null ? "" : ` of ${made}`}: ${task} on ${target.model}, judged by ${judge}. Vouched for by ${evidence.by}.`,
    ...report.flags.map((flag) => `Read with care: ${flagInWords(flag)}.`),
  ];
  return done({ evidence: [evidence], report }, [lineOf(evidence), ...said].join("\n"));
}

/** A table each for attacks and categories, of those that there are, with an interval drawn for every row. */
export function breakdownInWords(taken: Breakdown): string {
  const sides = (["attack", "category"] as const).filter((by) => taken[by].length > 0);
  return sides.map((by) => tableOf(by, taken[by])).join("\n\n");
}

/** Undefined where the suite has no items. */
async function takenApart(session: Session, { body }: Evidence): Promise<Breakdown | undefined> {
  const suite = await suiteOf(session, body.digests.suite);
  if (suite.content === undefined) return undefined;
  const { items } = openSuite(suite, await artefact(session, suite.content.digest), nodePrimitives);
  const { samples } = openSealed(await artefact(session, body.samples.artefact), body.samples, nodePrimitives);
  return breakdownOf(samples, items, suite.measure.failure);
}

interface Told {
  readonly name: string;
  readonly trials: number;
  readonly failures: number;
  readonly unknown: number;
  readonly clusters: number;
  readonly clustersFailed: number;
  readonly clustersUnknown: number;
  /** Two-sided, 95 %: of clusters that failed; unknown ones are clean below and failed above. */
  readonly interval: readonly [lower: number, upper: number];
  readonly perCluster: number;
  /** If tries were independent: how often one of `perCluster` passes where each passes as often as these did. */
  readonly expectedOfTries: number;
}

function told({ name, tally, perCluster }: Part): Told {
  const { trials, failures, clusters, clustersFailed, clustersUnknown } = tally;
  const { lower } = clopperPearson({ failures: clustersFailed, trials: clusters }, confidence);
  const { upper } = clopperPearson({ failures: clustersFailed + clustersUnknown, trials: clusters }, confidence);
  const expectedOfTries = passesWithin(failures / trials, perCluster);
  return { name, ...tally, interval: [lower, upper], perCluster, expectedOfTries };
}

const barChars = 32;

function tableOf(by: keyof Breakdown, parts: readonly Part[]): string {
  const rows = parts.map(told);
  const wide = Math.max(by.length, ...rows.map(({ name }) => name.length));
  const head = `${by.padEnd(wide)}  failed of  unknown  95 % interval     0 %${" ".repeat(barChars - 6)}100 %`;
  const lines = rows.map((row) => {
    const [lower, upper] = row.interval;
    const counts = `${row.clustersFailed}/${row.clusters}`.padStart(9);
    const interval = `${percent(lower)} – ${percent(upper)}`.padEnd(16);
    const tries = row.perCluster === 1 ? "" : `  ${triesOf(row)}`;
    return `${row.name.padEnd(wide)}  ${counts}  ${String(row.clustersUnknown).padStart(7)}  ${interval}  ${barOf(row)}${tries}`;
  });
  return [head, ...lines].join("\n");
}

/** hit@k as measured, and what independent tries would give. */
function triesOf({ perCluster, clustersFailed, clusters, expectedOfTries }: Told): string {
  return `hit@${perCluster} ${percent(clustersFailed / clusters)} (independent tries: ${percent(expectedOfTries)})`;
}

function barOf({ interval: [lower, upper], clustersFailed, clusters }: Told): string {
  const at = (share: number): number => Math.min(barChars - 1, Math.floor(share * barChars));
  const estimate = at(clustersFailed / clusters);
  const signs = Array.from({ length: barChars }, (_, place) => {
    if (place === estimate) return "●";
    return place >= at(lower) && place <= at(upper) ? "─" : "·";
  });
  return signs.join("");
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

function lineOf({ body, at, withdrawn }: Evidence): string {
  const measures = body.measures.map(
    ({ name, failures, trials, unknown }) => `${name} ${failures} of ${trials} failed, ${unknown} unknown`,
  );
  return `${body.run}  ${at}  ${body.model}  ${body.basis}  ${measures.join("; ")}${withdrawn ? "  withdrawn" : ""}`;
}
