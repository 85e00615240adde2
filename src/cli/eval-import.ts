// `headgate eval import`: a report made elsewhere becomes evidence with basis `declared`: what the file says, with the
// file's digest, and flags for what a reader must know of it. The file itself stays here: it holds prompts and answers.
import type { BodyOf } from "../acts/bodies.ts";
import { type Flag, type ImportedReport, importInspect } from "../evidence/import/inspect.ts";
import { type Sealed, type Tried, sealRun } from "../evidence/seal.ts";
import { configurationOf } from "../gates/draft.ts";
import { digestOf, digestOfValue } from "../proof/digest.ts";
import { toBase64 } from "../proof/encoding.ts";
import { nodePrimitives, randomBytes, randomId } from "../proof/node.ts";
import { boundsOf } from "../statistics/measure.ts";
import { Failure } from "../terms/failure.ts";
import { type Digest, Name, RunId, timestampOf } from "../terms/ids.ts";
import { type Answer, done } from "./answer.ts";
import { candidateDigest, candidatePlan, graderDigest, suiteOf } from "./candidate.ts";
import type { ImportOptions } from "./eval-options.ts";
import { readNeeded } from "./files.ts";
import { openSession, recordedIndex, signAs, submit } from "./session.ts";
import { type Call, argument } from "./verb.ts";

const fileBytesMax = 512 * 1024 * 1024;
const confidence = 0.95;

export async function importReport(call: Call<ImportOptions>): Promise<Answer> {
  const { options, base, context } = call;
  const bytes = readNeeded(argument(call, 0), fileBytesMax);
  const session = await openSession(base, context);
  const { plan } = await candidatePlan(session, options.model);
  const suiteDigest = candidateDigest(session, "Suite", options.suite);
  const suite = await suiteOf(session, suiteDigest);
  if (suite.measure.name !== options.measure) {
    throw new Failure(
      "request_invalid",
      `Suite ${suite.name} gives the measure ${suite.measure.name}, not ${options.measure}.`,
    );
  }
  const { failure } = suite.measure;
  const report = await importInspect(bytes, {
    failure,
    failureValues: options.failure.split(","),
    ...(options.scorer === undefined ? {} : { scorer: options.scorer }),
    ...(options.cluster === undefined ? {} : { cluster: options.cluster }),
  });
  const run = RunId.parse(randomId("run_", 16));
  const at = timestampOf(context.now());
  const tries = report.attempts.map((attempt) => triedOf(attempt, at));
  const sealed = sealRun({ run, permit: null, suite: suite.name, failure }, tries, {
    salt: () => toBase64(randomBytes(32)),
    hasher: nodePrimitives,
  });
  const { model, safeguards, policy } = configurationOf(session.state, plan, "candidate");
  const digests = { model, safeguards, policy, suite: suiteDigest, grader: graderDigest(suite) };
  const body = declaredBody(report, sealed, {
    run,
    model: options.model,
    digests,
    measure: suite.measure.name,
    file: digestOf(bytes, nodePrimitives),
  });
  const submitted = await submit(session, await signAs(session, "evidence", body), { artefacts: [sealed.bytes] });
  return shown(body, { report, sealed, evidence: submitted.act.digest, ledgerIndex: recordedIndex(submitted) });
}

/** Reports name items by ids of their own, so the sample names the digest of that id. */
function triedOf({ item, epoch, cluster, outcome }: ImportedReport["attempts"][number], at: string): Tried {
  return { item: digestOfValue(item, nodePrimitives), cluster, attempt: epoch, outcome, receipt: null, at, text: null };
}

interface About {
  readonly run: RunId;
  readonly model: Name;
  readonly digests: BodyOf<"evidence">["digests"];
  readonly measure: Name;
  readonly file: Digest;
}

function declaredBody(report: ImportedReport, sealed: Sealed, about: About): BodyOf<"evidence"> {
  const { run, model, digests, measure, file } = about;
  const { failures, trials, clusters, unknown } = sealed.tally;
  return {
    run,
    permit: null,
    basis: "declared",
    model,
    digests,
    measures: [{ name: measure, failures, trials, clusters, unknown }],
    samples: sealed.samples,
    source: { tool: Name.parse(report.tool.name), file },
    flags: report.flags.map((flag) => Name.parse(flag)),
  };
}

interface Imported {
  readonly report: ImportedReport;
  readonly sealed: Sealed;
  readonly evidence: Digest;
  readonly ledgerIndex: number;
}

function shown(body: BodyOf<"evidence">, { report, sealed, evidence, ledgerIndex }: Imported): Answer {
  const { failures, trials, clusters, unknown } = sealed.tally;
  const { estimate, upper } = boundsOf(sealed.tally, confidence);
  const [measure] = body.measures;
  const json = {
    run: body.run,
    permit: null,
    evidence,
    basis: body.basis,
    digests: body.digests,
    measures: [{ name: measure?.name, failures, trials, clusters, unknown, estimate, upper, confidence }],
    flags: body.flags,
    target: report.target,
    task: report.task,
    ledgerIndex,
  };
  const warning =
    report.flags.length === 0 ? "" : `\nRead with care: ${report.flags.map((flag) => wordsOf[flag]).join("; ")}.`;
  return done(
    json,
    `${report.task.name} on ${report.target.model}: ${failures} of ${trials} attempts failed in ${clusters} units, ${unknown} unknown.` +
      `\nDeclared: the file says so; nothing of it was measured here.${warning}\nEvidence ${evidence}`,
  );
}

const wordsOf = {
  subset: "only a part of the dataset was run",
  "early-stopping": "the run was stopped early",
  dirty: "the code that ran it had uncommitted changes",
  edited: "scores were edited afterwards",
  invalidated: "samples were invalidated",
  "model-fallbacks": "another model answered some of it",
  "errors-dropped": "samples that ended in an error were left out",
  unscored: "some samples have no score",
  "unmapped-scores": "some scores have no meaning here",
  limited: "some samples hit a limit",
  retried: "some samples were tried again",
  "missing-samples": "samples are missing from the file",
  truncated: "the file is cut",
} as const satisfies Record<Flag, string>;
