// `headgate eval show`: the evidence on record, or one run of it, taken apart by attack and by category, with the items that failed most
// and the answers on which its graders differ.
import { noSafeguards } from "../../acts/two-person-permits.ts";
import type { Evidence, GivenPermit, State } from "../../acts/state.ts";
import { breakdownOf } from "../../evidence/breakdown.ts";
import { flagInWords } from "../../evidence/import/record.ts";
import { type Sample, countedSamples, openSealed, tallySamples } from "../../evidence/seal.ts";
import { nodePrimitives } from "../../proof/node.ts";
import type { FailureKind, TrialOutcome } from "../../terms/trial.ts";
import { type Answer, done } from "../answer.ts";
import { breakdownInWords, tallyInWords } from "./breakdown-words.ts";
import { figuresOf, shownConfidence } from "../../evidence/part-figures.ts";
import { planIn, planInWords } from "./plan.ts";
import { evidenceCalled } from "./withdraw.ts";
import { gradersShown } from "../../evidence/graders/shown.ts";
import { gradersInWords, worstInWords, worstOf } from "./graders-shown.ts";
import { legible } from "../legible.ts";
import { textsInWords, textsKept } from "./kept-texts.ts";
import { openedRun } from "./opened-run.ts";
import { followedBy, followedInWords } from "./plan-followed.ts";
import { type Session, artefact, openSession } from "../session.ts";
import type { Call } from "../verb.ts";

export async function showEvidence(call: Call<object>): Promise<Answer> {
  const session = await openSession(call.base, call.context);
  const [wanted] = call.args;
  if (wanted !== undefined) return showRun(session, evidenceCalled(session.state, wanted));
  const found = [...session.state.evidence.values()];
  const registered = unsealed(session.state);
  const lines = [...found.map(lineOf), ...registered.map((permit) => registeredLine(session.state, permit))];
  const json = {
    evidence: found,
    registered: registered.map((permit) => ({ permit: permit.permit, run: permit.run, plan: planIn(permit) })),
  };
  return done(json, lines.length === 0 ? "There is no evidence yet." : lines.join("\n"));
}

/** Runs that have a plan in the ledger and no evidence. */
function unsealed(state: State): readonly GivenPermit[] {
  const sealed = new Set([...state.evidence.values()].map(({ body }) => body.permit));
  return [...state.permits.values()].filter(({ permit }) => !sealed.has(permit));
}

function registeredLine({ permitExchanges }: State, permit: GivenPermit): string {
  const count = permitExchanges.get(permit.permit) ?? 0;
  const how = count === 0 ? "registered, not begun" : `begun, ${count} exchanges, not sealed`;
  return `${permit.run}  ${permit.at}  ${permit.permit}  ${how}: ${planInWords(permit)}`;
}

async function showRun(session: Session, evidence: Evidence): Promise<Answer> {
  if (evidence.body.permit === null) return showReport(session, evidence);
  const run = await openedRun(session, evidence);
  if (run === undefined) return done({ evidence: [evidence] }, lineOf(evidence));
  const taken = breakdownOf(run.samples, run.items, run.suite.measure.failure);
  const by = { attack: taken.attack.map(figuresOf), category: taken.category.map(figuresOf) };
  const { name, failure } = run.suite.measure;
  const whole = `${name}: ${tallyInWords(tallySamples(run.samples, failure))}`;
  const texts = textsKept(session, evidence.body.run);
  const followed = await followedBy(session, run);
  const plan = followed === undefined ? [] : followedInWords(followed);
  const tries = triesIn(run.samples);
  const unknown = unknownIn(run.samples, failure);
  const worst = worstOf(run);
  const graders = gradersShown(run, shownConfidence);
  const json = {
    evidence: [evidence],
    by,
    tries,
    unknown,
    worst,
    ...(graders === undefined ? {} : { graders }),
    texts,
    ...(followed === undefined ? {} : { registered: followed }),
  };
  const ofGraders = graders === undefined ? [] : spaced(gradersInWords(graders, shownConfidence));
  const ofWorst = spaced(worstInWords(worst));
  const lines = [
    lineOf(evidence),
    ...plan,
    whole,
    triesInWords(tries),
    ...unknownInWords(unknown),
    ...codeInWords(evidence.body),
    textsInWords(texts),
    "",
    breakdownInWords(taken),
    ...ofGraders,
    ...ofWorst,
  ];
  return done(json, lines.join("\n"));
}

function spaced(lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ["", ...lines];
}

interface Tries {
  readonly tries: number;
  readonly attempts: number;
  readonly unanswered: number;
}

/** How often was asked, tries again included: each of them is a sample. */
function triesIn(samples: readonly Sample[]): Tries {
  const attempts = new Set(samples.map(({ item, attempt }) => `${item} ${attempt}`)).size;
  return { tries: samples.length, attempts, unanswered: samples.filter(({ outcome }) => outcome === "errored").length };
}

function triesInWords({ tries, attempts, unanswered }: Tries): string {
  if (tries === attempts && unanswered === 0) return `${attempts} attempts, each answered the first time.`;
  const asked = tries === attempts ? `${attempts} attempts` : `${attempts} attempts took ${tries} tries`;
  return unanswered === 0 ? `${asked}.` : `${asked}; ${unanswered} have no answer or were never made.`;
}

const whyUnknown: ReadonlyMap<string, string> = new Map([
  ["errored", "without an answer"],
  ["truncated", "cut at their greatest length, or broken off"],
  ["unscored", "of which nobody could or did tell"],
]);

type Unknown = Readonly<Partial<Record<TrialOutcome, number>>>;

/** How often an outcome is why something counts as unknown. */
function unknownIn(samples: readonly Sample[], failure: FailureKind): Unknown {
  const unknown = countedSamples(samples, failure).filter(({ countsAs }) => countsAs === "unknown");
  const byOutcome = Map.groupBy(unknown, ({ sample }) => sample.outcome);
  return Object.fromEntries([...byOutcome].map(([outcome, { length }]) => [outcome, length]));
}

function unknownInWords(unknown: Unknown): readonly string[] {
  const parts = Object.entries(unknown).map(([outcome, count]) => `${count} ${whyUnknown.get(outcome) ?? outcome}`);
  return parts.length === 0 ? [] : [`Unknown: ${parts.join("; ")}.`];
}

function codeInWords({ code }: Evidence["body"]): readonly string[] {
  return code === undefined ? [] : [`Made by headgate ${code.version}, sources ${code.sources}.`];
}

/** A report from elsewhere: what the person who vouched for it was shown. */
async function showReport(session: Session, evidence: Evidence): Promise<Answer> {
  const { body } = evidence;
  const { report } = openSealed(await artefact(session, body.samples.artefact), body.samples, nodePrimitives);
  if (report === undefined) return done({ evidence: [evidence] }, lineOf(evidence));
  const { task, target, tool, version, judge, made } = report;
  const { affiliation } = session.state.persons.get(evidence.by) ?? {};
  const who = affiliation === undefined ? "of the operator" : `of ${affiliation}, outside the operator`;
  const said = [
    `Said by ${tool}${version === null ? "" : ` ${version}`}${made === null ? "" : ` of ${made}`}: ${task} on ${target.model}, judged by ${judge}. Vouched for by ${evidence.by}, ${who}.`,
    ...report.flags.map((flag) => `Read with care: ${flagInWords(flag)}.`),
  ];
  return done(
    { evidence: [evidence], report, outside: affiliation !== undefined },
    [lineOf(evidence), ...said.map((line) => legible(line))].join("\n"),
  );
}

function lineOf({ body, at, by, withdrawn, withdrawnBy }: Evidence): string {
  const measures = body.measures.map(
    ({ name, failures, trials, unknown, clusters }) =>
      `${name} ${failures} of ${trials} failed, ${unknown} unknown${clusters === trials ? "" : `, in ${clusters} clusters`}`,
  );
  const bare = body.digests.safeguards === noSafeguards ? "  WITHOUT SAFEGUARDS" : "";
  return `${body.run}  ${at}  ${body.model}  ${body.basis}${bare}  ${measures.join("; ")}${withdrawn ? `  withdrawn${withdrawnBy === by ? "" : ` by ${withdrawnBy ?? "somebody"}, who did not give it`}` : ""}`;
}
