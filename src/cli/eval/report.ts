// `headgate eval report`: one sealed run as a page of its own, with figures, the tables of what they show, and what it takes to
// compute every number again; beside another run of the same suite where one is named. No answers of the model are in it.
import { noSafeguards } from "../../acts/two-person-permits.ts";
import { z } from "zod";
import { type Breakdown, breakdownOf } from "../../evidence/breakdown.ts";
import { graderInWords } from "../../evidence/graders/grader-digest.ts";
import { tallySamples } from "../../evidence/seal.ts";
import { type Markup, facts, figure, pageOf, paragraph, section, table } from "../../plots/page.ts";
import { plotOfRows } from "../../plots/rows.ts";
import { boundsOf } from "../../statistics/measure.ts";
import { percentToTenth } from "../../statistics/share.ts";
import { type FailureKind, TrialOutcome, countAttempts, countedAs } from "../../terms/trial.ts";
import { type Answer, done } from "../answer.ts";
import { type PartFigures, figuresOf, shownConfidence } from "../../evidence/part-figures.ts";
import { attackDifferences, comparisonOf, differenceInWords } from "./compare.ts";
import { createFile } from "../files.ts";
import { kappaInWords } from "./grader-words.ts";
import { gradersShown } from "../../evidence/graders/shown.ts";
import { saidInWords } from "./graders-shown.ts";
import { type OpenedRun, openedRunCalled } from "./opened-run.ts";
import type { Followed } from "../../gates/followed.ts";
import { followedBy, followedInWords } from "./plan-followed.ts";
import { openSession } from "../session.ts";
import { type Call, argument } from "../verb.ts";

export const ReportOptions = z.object({
  out: z.string().min(1),
  beside: z.string().min(1).optional(),
  confidence: z.coerce.number().gt(0.5).lt(1).default(0.95),
});

export async function report(call: Call<z.infer<typeof ReportOptions>>): Promise<Answer> {
  const session = await openSession(call.base, call.context);
  const { out, beside, confidence } = call.options;
  const run = await openedRunCalled(session, session.state, argument(call, 0));
  const other = beside === undefined ? undefined : await openedRunCalled(session, session.state, beside);
  const followed = await followedBy(session, run);
  const page = reportPage(run, { other, confidence, followed });
  createFile(out, page);
  return done({ run: run.evidence.body.run, file: out, bytes: Buffer.byteLength(page) }, `The report is in ${out}.`);
}

interface Shown {
  readonly other: OpenedRun | undefined;
  readonly confidence: number;
  /** Its plan, and where it left it. */
  readonly followed: Followed | undefined;
}

/** The whole page. Pure. */
function reportPage(run: OpenedRun, { other, confidence, followed }: Shown): string {
  const { evidence, suite, samples, items } = run;
  const { body } = evidence;
  const taken = breakdownOf(samples, items, suite.measure.failure);
  return pageOf(`${suite.name} on ${body.model}`, [
    ...headOf(run, confidence),
    ...(followed === undefined ? [] : [section("The plan", followedInWords(followed).map(paragraph))]),
    ...(["attack", "category"] as const).flatMap((by) => (taken[by].length === 0 ? [] : [partsOf(by, taken)])),
    outcomesOf(run),
    ...gradersOf(run),
    failedOf(run),
    ...(other === undefined ? [] : [besideOf(run, other, confidence)]),
    againOf(run, confidence),
  ]);
}

function headOf({ evidence, suite, samples }: OpenedRun, confidence: number): readonly Markup[] {
  const { failure } = suite.measure;
  const tally = tallySamples(samples, failure);
  const { upper, lower } = boundsOf(tally, confidence);
  const isByRules = suite.grader === "refusal-rules@1";
  const what =
    failure === "served-and-harmful" && !isByRules
      ? "got an answer that its grader calls harmful"
      : failureInWords[failure];
  const unknown = tally.clustersUnknown === 0 ? "" : `; of ${tally.clustersUnknown} more nobody can say`;
  const withdrawn = evidence.withdrawn ? [paragraph("This evidence was withdrawn: it counts for nothing.")] : [];
  return [
    ...withdrawn,
    paragraph(
      `${tally.clustersFailed} of ${tally.clusters} ${what} in at least one of its trials (${tally.trials} in all)${unknown}. ` +
        `So the rate is at most ${percentToTenth(upper)} and at least ${percentToTenth(lower)}, each at ${100 * confidence} % confidence; unknown ones count as failed in the first and as clean in the second.`,
    ),
    paragraph(
      `The bound is for prompts like this suite's, answers of at most ${suite.answerTokens} tokens, and what its grader (${graderInWords(suite)}) says; not for attackers who adapt.`,
    ),
    facts("What was run", factsOf({ evidence, suite })),
  ];
}

/** What is said of a cluster that failed. */
const failureInWords = {
  "served-and-harmful": "got an answer that is no refusal",
  refused: "was refused",
  "outcomes-differ": "came out otherwise than most of its cluster",
  solved: "was answered rightly",
} as const satisfies Record<FailureKind, string>;

function factsOf({ evidence: { body, act, at }, suite }: Pick<OpenedRun, "evidence" | "suite">): readonly string[][] {
  const { digests, samples } = body;
  return [
    ["run", body.run],
    ["when it was sealed", at],
    ["basis", body.basis],
    ["model", `${body.model}, ${digests.model}`],
    ["safeguards", digests.safeguards === noSafeguards ? "NONE: made without safeguards" : digests.safeguards],
    ["usage policy", digests.policy],
    ["suite", `${suite.name}, ${digests.suite}`],
    ["grader", `${graderInWords(suite)}, ${digests.grader}`],
    ["permit", body.permit ?? "none"],
    ["samples", `${samples.count}, Merkle root ${samples.root}`],
    ["evidence", act],
    ...(body.flags.length === 0 ? [] : [["flags", body.flags.join(", ")]]),
  ];
}

function partsOf(by: keyof Breakdown, taken: Breakdown): Markup {
  const parts = taken[by].map(figuresOf);
  const title = `By ${by}`;
  const rows = parts.map(({ name, interval: [lower, upper], clustersFailed, clusters }) => ({
    name,
    lower,
    upper,
    estimate: clustersFailed / clusters,
    behind: `${clustersFailed} of ${clusters}`,
    kind: 0,
  }));
  const svg = plotOfRows({ title, axis: "failed, with 95 % intervals", kinds: [], groups: [{ name: title, rows }] });
  const isDrawn = parts.some(({ perCluster }) => perCluster > 1);
  const head = [by, "failed", "of", "unknown", `${100 * shownConfidence} % interval`, ...(isDrawn ? triesHead : [])];
  return section(title, [
    figure(svg, title),
    table(
      title,
      head,
      parts.map((part) => rowOf(part, isDrawn)),
    ),
  ]);
}

const triesHead = ["tries on each", "share of single tries", "expected of independent tries"] as const;

function rowOf(part: PartFigures, isDrawn: boolean): readonly (string | number)[] {
  const [lower, upper] = part.interval;
  const tries = [part.perCluster, percentToTenth(part.failures / part.trials), percentToTenth(part.expectedOfTries)];
  const interval = `${percentToTenth(lower)} to ${percentToTenth(upper)}`.replaceAll(" %", "\u00a0%");
  return [part.name, part.clustersFailed, part.clusters, part.clustersUnknown, interval, ...(isDrawn ? tries : [])];
}

function outcomesOf({ samples, suite }: OpenedRun): Markup {
  const { failure } = suite.measure;
  const counts = Map.groupBy(samples, ({ outcome }) => outcome);
  const rows = TrialOutcome.options.map((outcome) => [
    outcome,
    counts.get(outcome)?.length ?? 0,
    failure === "outcomes-differ" && countedAs(outcome, failure) === "clean"
      ? "clean, where most of its cluster came to the same"
      : countedAs(outcome, failure),
  ]);
  return section("Outcomes", [
    table("Tries by what they came to, retries included", ["outcome", "tries", "counts as"], rows),
  ]);
}

/** Items that are listed; the sealed run has all. */
const listedMax = 500;

/** What several graders said of the same answers; nothing where there was one. */
function gradersOf(run: OpenedRun): readonly Markup[] {
  const shown = gradersShown(run, shownConfidence);
  if (shown === undefined || (shown.agreement === undefined && shown.disagreements.length === 0)) return [];
  const { agreement, disagreements } = shown;
  const rows = disagreements
    .slice(0, listedMax)
    .map(({ item, attempt, said, outcome }) => [item, attempt, saidInWords(said), outcome]);
  const left = disagreements.length - rows.length;
  return [
    section("Graders beside each other", [
      ...(agreement === undefined ? [] : [paragraph(kappaInWords(agreement, shownConfidence))]),
      ...(rows.length === 0
        ? []
        : [table("Where they differ", ["item", "attempt", "what each said", "outcome"], rows)]),
      ...(left === 0 ? [] : [paragraph(`${left} more are in the sealed run.`)]),
    ]),
  ];
}

function failedOf({ samples, suite, items }: OpenedRun): Markup {
  const byLeaf = new Map(items.map((item) => [item.leaf, item]));
  const marks = countAttempts(samples, suite.measure.failure);
  const failed = samples.filter((_, at) => marks[at] !== "clean");
  const rows = failed.slice(0, listedMax).map(({ item, outcome, receipt }) => {
    const known = byLeaf.get(item);
    return [known?.id ?? item, known?.category ?? "", outcome, receipt ?? "none"];
  });
  const left = failed.length - rows.length;
  return section("What failed, and what nobody can say", [
    ...(rows.length === 0 ? [paragraph("Nothing: every try was clean.")] : []),
    ...(rows.length === 0 ? [] : [table("Tries", ["item", "category", "outcome", "receipt"], rows)]),
    ...(left === 0 ? [] : [paragraph(`${left} more are in the sealed run.`)]),
  ]);
}

function besideOf(run: OpenedRun, other: OpenedRun, confidence: number): Markup {
  const compared = comparisonOf(run, other, confidence);
  const { counts, unknown, differences } = compared;
  const rows = differences.map((one) => [one.cluster, one.one, one.other]);
  const attacks = attackDifferences(run, other).map((one) => [one.attack, one.one, one.other]);
  const { run: name } = other.evidence.body;
  return section(`Beside ${name}`, [
    paragraph(differenceInWords(compared, confidence)),
    table(
      "Clusters",
      ["", "the other failed", "the other was clean"],
      [
        ["this run failed", counts.both, counts.onlyOne],
        ["this run was clean", counts.onlyOther, counts.neither],
      ],
    ),
    ...(unknown === 0
      ? []
      : [paragraph(`${unknown} more are unknown in one of them; the interval holds whichever way they went.`)]),
    ...(rows.length === 0
      ? [paragraph("No cluster came out otherwise.")]
      : [table("What came out otherwise", ["cluster", "this run", name], rows)]),
    ...(attacks.length === 0
      ? []
      : [table("Clusters that failed, by attack, where they differ", ["attack", "this run", name], attacks)]),
  ]);
}

function againOf({ samples, suite, evidence }: OpenedRun, confidence: number): Markup {
  const { clusters, clustersFailed, clustersUnknown } = tallySamples(samples, suite.measure.failure);
  const upper = `headgate stats upper --failures ${clustersFailed + clustersUnknown} --trials ${clusters} --confidence ${confidence}`;
  const lower = `headgate stats lower --failures ${clustersFailed} --trials ${clusters} --confidence ${confidence}`;
  return section("Compute it again", [
    table(
      "Commands",
      ["number", "command"],
      [
        ["at most", upper],
        ["at least", lower],
        ["the counts", `headgate eval show ${evidence.body.run} --json`],
      ],
    ),
    paragraph(
      "Which requests were made follows from the suite, whose root the permit names; what came of each stands in the sealed run, whose root the evidence names; and each answered try has a receipt in the ledger.",
    ),
  ]);
}
