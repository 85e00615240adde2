// `headgate eval import`: a report made elsewhere becomes evidence with basis `declared`: what the file says, with the
// file's digest, and flags for what a reader must know of it. What it comes to is shown before it is signed, and sealed
// with it. The file itself stays here: it holds prompts and answers.
import { parse } from "yaml";
import type { BodyOf } from "../../acts/bodies.ts";
import { valueAt } from "../../documents/parse.ts";
import { graderDigest } from "../../evidence/graders/grader-digest.ts";
import { MappingDocument } from "../../evidence/import/mapping.ts";
import { declaredBody, outcomesOf, reportInWords, sealReport } from "../../evidence/import/declared.ts";
import { readReport } from "../../evidence/import/read-file.ts";
import type { ReadReport } from "../../evidence/import/read-report.ts";
import type { Sealed } from "../../evidence/seal.ts";
import type { Suite } from "../../evidence/suite-document.ts";
import { configurationOf } from "../../gates/draft.ts";
import { fromUtf8 } from "../../proof/encoding.ts";
import { nodePrimitives, randomId } from "../../proof/node.ts";
import { boundsOf } from "../../statistics/measure.ts";
import { Failure } from "../../terms/failure.ts";
import { type Digest, type Name, RunId, timestampOf } from "../../terms/ids.ts";
import { type Answer, done } from "../answer.ts";
import { candidateDigest, candidatePlan, suiteOf } from "../candidate.ts";
import type { ImportOptions } from "./options.ts";
import { readNeeded } from "../files.ts";
import { issueInWords } from "../issue-words.ts";
import { submitEvidence } from "./evidence-proof.ts";
import { type Session, openSession, recordedIndex, signAs } from "../session.ts";
import { type Call, argument, sameProfile } from "../verb.ts";

const confidence = 0.95;
const mappingBytesMax = 64 * 1024;

export async function importReport(call: Call<ImportOptions>): Promise<Answer> {
  const { options, base, context } = call;
  const session = await openSession(base, context);
  const { plan } = await candidatePlan(session, options.model);
  const suiteDigest = candidateDigest(session, "Suite", options.suite);
  const suite = await namedSuite(session, suiteDigest, options.measure);
  const report = await readReport(argument(call, 0), askedOf(options, suite), nodePrimitives);
  const run = RunId.parse(randomId("run_", 16));
  const sealed = sealReport(report, { run, suite, at: timestampOf(context.now()) }, nodePrimitives);
  const { model, safeguards, policy } = configurationOf(session.state, plan, "candidate");
  const digests = { model, safeguards, policy, suite: suiteDigest, grader: graderDigest(suite, nodePrimitives) };
  const body = declaredBody(report, sealed, { run, model: options.model, digests, measure: suite.measure.name });
  const seen: Seen = { body, report, sealed };
  if (options.look) return done(jsonOf(seen), `${inWords(seen)}\nNothing was sealed (--look).`);
  // Whoever vouches sees what for, before their key signs it.
  if (!base.json) context.tell(`${inWords(seen)}\nYou vouch for it by signing, as ${session.profile.person}.\n`);
  const submitted = await submitEvidence(session, await signAs(session, "evidence", body), sealed.bytes);
  const evidence = submitted.act.digest;
  const json = { ...jsonOf(seen), evidence, ledgerIndex: recordedIndex(submitted) };
  const words = `Declared: the file says so; nothing of it was measured here.\nEvidence ${evidence}`;
  return done(json, words, `headgate eval show ${run}${sameProfile(base)}`);
}

async function namedSuite(session: Session, digest: Digest, measure: Name): Promise<Suite> {
  const suite = await suiteOf(session, digest);
  if (suite.measure.name === measure) return suite;
  throw new Failure("request_invalid", `Suite ${suite.name} gives the measure ${suite.measure.name}, not ${measure}.`);
}

function askedOf(options: ImportOptions, suite: Suite): Parameters<typeof readReport>[1] {
  const { failure, map } = options;
  if (failure === undefined && map === undefined)
    throw new Failure(
      "request_invalid",
      "Say what is a failure: --failure I (Inspect), --failure fail (promptfoo), --failure hit (garak); for any other file --map FILE.",
    );
  if (failure !== undefined && map !== undefined)
    throw new Failure(
      "request_invalid",
      "--failure goes without --map: the mapping says which value is which outcome.",
    );
  if (failure !== undefined && !["served-and-harmful", "refused"].includes(suite.measure.failure))
    throw new Failure(
      "request_invalid",
      `Suite ${suite.name} measures ${suite.measure.failure}: use --map, which says which value is which outcome.`,
    );
  return {
    failed: suite.measure.failure === "refused" ? "refused" : "harmful",
    failure: failure?.split(",") ?? [],
    format: options.format,
    scorer: options.scorer,
    cluster: options.cluster,
    category: options.category,
    target: options.target,
    hitLog: options.hitlog,
    mapping: map === undefined ? undefined : mappingFrom(map),
  };
}

function mappingFrom(path: string): MappingDocument {
  const text = fromUtf8(readNeeded(path, mappingBytesMax));
  let value: unknown;
  try {
    value = parse(text ?? "", { maxAliasCount: 0 });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.split("\n", 1)[0] : "is not YAML";
    throw new Failure("document_invalid", `${path}: ${why}`, { cause });
  }
  const parsed = MappingDocument.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = issue === undefined || issue.path.length === 0 ? "" : `${issue.path.join(".")}: `;
  throw new Failure(
    "document_invalid",
    `${path}: ${field}${issueInWords(issue, valueAt(value, issue?.path ?? []))}. docs/evidence-from-elsewhere.md shows a whole mapping.`,
  );
}

interface Seen {
  readonly body: BodyOf<"evidence">;
  readonly report: ReadReport;
  readonly sealed: Sealed;
}

function inWords({ report, sealed }: Seen): string {
  return reportInWords(report, sealed).join("\n");
}

function jsonOf({ body, report, sealed }: Seen): Readonly<Record<string, unknown>> {
  const { failures, trials, clusters, unknown } = sealed.tally;
  const { estimate, upper } = boundsOf(sealed.tally, confidence);
  const { target, task, taskVersion, ...head } = report.head;
  return {
    run: body.run,
    permit: null,
    basis: body.basis,
    digests: body.digests,
    measures: [{ name: body.measures[0]?.name, failures, trials, clusters, unknown, estimate, upper, confidence }],
    outcomes: outcomesOf(report),
    flags: body.flags,
    told: report.told,
    source: { ...body.source, ...head },
    target,
    task: { name: task, version: taskVersion },
  };
}
