// What a run is to be, written down as its permit before anything is asked: which trials, by which rule they end, and what they
// are to show. What the release plan asks of the suite is what is registered, unless something stricter is said.
import type { Permit } from "../../acts/bodies.ts";
import { secretBytes, secretKeyOf } from "../../acts/secret-key.ts";
import { noSafeguards } from "../../acts/two-person-permits.ts";
import { checkSharedTraining } from "../../evidence/graders/guard-overlap.ts";
import { graderDigest } from "../../evidence/graders/grader-digest.ts";
import { graderAtOnce } from "../../evidence/graders/registry.ts";
import { openSuite } from "../../evidence/suite.ts";
import type { Suite } from "../../evidence/suite-document.ts";
import { configurationOf } from "../../gates/draft.ts";
import type { ReleasePlan } from "../../gates/plan-document.ts";
import { nodePrimitives, randomBytes, randomId } from "../../proof/node.ts";
import { trainedOn } from "../../safeguards/trained-on.ts";
import { Failure } from "../../terms/failure.ts";
import { type Digest, Instant, type Name, PermitId, RunId, timestampOf } from "../../terms/ids.ts";
import { modesFor } from "../../terms/safeguard-mode.ts";
import { OpenStage } from "../../terms/stage.ts";
import { candidateDigest, candidatePlan, safeguardsOf, suiteOf } from "../candidate.ts";
import { mandateFor } from "./mandate.ts";
import { askedItems, attemptsBefore, nextProbe } from "./probe.ts";
import type { PlanOptions } from "./options.ts";
import { type Budgeted, adaptiveOf, tokensOf } from "./run-budget.ts";
import { triesThatFit } from "./run-size.ts";
import { type Session, artefact } from "../session.ts";
import type { Call } from "../verb.ts";

export type LoadedDocument = Budgeted;

export interface PlannedPermit {
  readonly permit: Permit;
  /** The one-time secret that the runner calls with. */
  readonly secret: string;
  readonly suite: LoadedDocument;
}

/** Fails with not_found where the model, the suite or the requirement is not there. */
export async function planRun(call: Call<PlanOptions>, session: Session, name: Name): Promise<PlannedPermit> {
  const { options } = call;
  if (options.model === undefined) throw new Failure("request_invalid", "Say which model: --model NAME.");
  if (options.probe !== undefined) return planProbe(call, session, { model: options.model, suite: name });
  const { plan } = await candidatePlan(session, options.model);
  const suiteDigest = candidateDigest(session, "Suite", name);
  const suite = await loadedSuite(session, suiteDigest);
  if (options.bare) checkBare(options);
  // What is made without safeguards shows nothing that a release plan asks for.
  const claim = options.bare
    ? { confidence: options.confidence ?? confidenceDefault }
    : claimOf(plan, suite.document, options);
  checkRule(suite.document, options, claim);
  const { model, safeguards, policy } = configurationOf(session.state, plan, options.slot);
  const grader = graderDigest(suite.document, nodePrimitives);
  if (!options.bare) {
    await tellStages(call, { session, safeguards, suite });
    await tellUnknownTraining(call, { session, safeguards, suite });
  }
  const adaptive = adaptiveOf(suite, options.attempts);
  const { content } = suite.loaded;
  checkSize(suite, options.attempts);
  const tokens = tokensOf(suite, options.attempts);
  const { secret, ...made } = newPermit(call, session);
  const { notAfter } = made;
  const permit: Permit = {
    ...made,
    model: options.model,
    slot: options.slot,
    ...(options.stage === undefined ? {} : { stage: options.stage }),
    digests: { model, safeguards: options.bare ? noSafeguards : safeguards, policy, suite: suiteDigest, grader },
    items: { root: content.root, count: content.count },
    attempts: options.attempts,
    tokens,
    ...(options.bare ? { bare: true } : {}),
    ...(adaptive === undefined ? {} : { adaptive }),
    ...mandateFor(session, { model: options.model, suite: suiteDigest, tokens, notAfter }),
    analysis: {
      measure: suite.document.measure.name,
      rule: options.rule,
      trials: content.count * options.attempts,
      ...claim,
    },
  };
  return { permit, secret, suite };
}

type Made = Pick<Permit, "permit" | "run" | "hash" | "notAfter"> & Pick<PlannedPermit, "secret">;

/** What is new of every permit. */
function newPermit({ options, context }: Call<PlanOptions>, { profile }: Session): Made {
  const { secret, hash } = secretKeyOf(randomBytes(secretBytes), profile.demo, nodePrimitives);
  const notAfter = timestampOf(Instant.parse(context.now() + options.hours * 3_600_000));
  return {
    permit: PermitId.parse(randomId("permit_", 16)),
    run: RunId.parse(randomId("run_", 16)),
    hash,
    notAfter,
    secret,
  };
}

/** The next probe of what is certified: nothing of it is chosen but when. */
async function planProbe(
  call: Call<PlanOptions>,
  session: Session,
  named: { readonly model: Name; readonly suite: Name },
): Promise<PlannedPermit> {
  checkSettled(call.options);
  const { probe, release, measure, suite: digest } = nextProbe(session, { ...named, watch: call.options.probe });
  const suite = await loadedSuite(session, digest);
  const attempts = attemptsBefore(session, release, digest);
  const asked = askedItems(session, { probe }, suite.loaded.items);
  const { content } = suite.loaded;
  const { model, safeguards, policy } = release.digests;
  const tokens = tokensOf({ ...suite, loaded: { ...suite.loaded, items: asked } }, attempts);
  const { secret, ...made } = newPermit(call, session);
  const permit: Permit = {
    ...made,
    model: named.model,
    slot: "in-force",
    stage: release.stage,
    digests: { model, safeguards, policy, suite: digest, grader: graderDigest(suite.document, nodePrimitives) },
    items: { root: content.root, count: content.count },
    attempts,
    tokens,
    probe,
    ...mandateFor(session, { model: named.model, suite: digest, tokens, notAfter: made.notAfter }),
    analysis: {
      measure: suite.document.measure.name,
      rule: "fixed",
      trials: asked.length * attempts,
      confidence: 1 - measure.alpha,
      limit: measure.limit,
    },
  };
  return { permit, secret, suite };
}

/** What the plan and the certificate say of a probe nobody says again. */
function checkSettled({ bare, stage, limit, requirement, confidence, rule, attempts }: PlanOptions): void {
  const isSaid = bare || rule !== "fixed" || attempts !== 1;
  if (!isSaid && [stage, limit, requirement, confidence].every((one) => one === undefined)) return;
  throw new Failure(
    "request_invalid",
    "What a probe asks follows from the certificate: --probe goes with none of --stage, --limit, --requirement, --confidence, --rule, --attempts and --bare.",
  );
}

/** Attempts whose samples fit one piece of evidence: what could not be sealed is not begun. */
const attemptsMax = 100_000;

function checkSize(suite: LoadedDocument, attempts: number): void {
  const { length: items } = suite.loaded.items;
  const most = Math.min(attemptsMax, triesThatFit(suite));
  if (items * attempts <= most) return;
  const fewer = Math.floor(most / items);
  const mend = fewer === 0 ? "Apply the suite in parts" : `Take --attempts ${fewer} at the most, or apply it in parts`;
  throw new Failure(
    "request_invalid",
    `${items} items with ${attempts} attempts on each are ${items * attempts}, and one sealed run of ${suite.document.name} holds ${most}. ${mend}. Nothing was asked.`,
  );
}

/** The plan as JSON shows it. */
export function planIn(permit: Permit): object {
  const { model, slot, stage, digests, items, attempts, tokens, bare, adaptive, probe, notAfter, analysis } = permit;
  return {
    model,
    slot,
    ...(stage === undefined ? {} : { stage }),
    digests,
    items: items.count,
    attempts,
    tokens,
    ...(bare === undefined ? {} : { bare }),
    ...(adaptive === undefined ? {} : { adaptive }),
    ...(probe === undefined ? {} : { probe }),
    notAfter,
    analysis,
  };
}

/** The plan as a board reads it. */
export function planInWords(permit: Permit): string {
  const { model, slot, items, attempts, bare, adaptive, probe, tokens, notAfter, analysis } = permit;
  const { measure, rule, trials, confidence, limit, requirement } = analysis;
  const each = attempts === 1 ? "" : `, ${attempts} attempts on each`;
  const ending =
    rule === "fixed"
      ? `all ${trials} trials, and then the bound`
      : `at most ${trials} trials, in the order of their leaves, ended whenever it is shown`;
  const shows =
    limit === undefined
      ? `${measure} is to be bounded at ${100 * confidence} % confidence; no limit is registered`
      : `to show: ${measure} at most ${Number((100 * limit).toPrecision(6))} % at ${100 * confidence} % confidence`;
  const what = requirement === undefined ? "" : `, for the requirement ${requirement}`;
  const how = `${bare === true ? ", WITHOUT SAFEGUARDS" : ""}${adaptive === undefined ? "" : `, up to ${adaptive.turns} requests an attempt`}`;
  const drawn = probe === undefined ? "" : `Probe ${probe.number} of ${probe.watch}, drawn from `;
  return `${drawn}${items.count} items on ${model} (${slot})${each}${how}: ${ending}; ${shows}${what}. At most ${tokens} tokens, until ${notAfter}.`;
}

export async function loadedSuite(session: Session, digest: Digest): Promise<LoadedDocument> {
  const document = await suiteOf(session, digest);
  if (document.content === undefined) throw new Failure("document_invalid", "This suite has no items. Apply it again.");
  const bytes = await artefact(session, document.content.digest);
  return { document, loaded: openSuite(document, bytes, nodePrimitives) };
}

/** A run without safeguards is for comparison: it is for no stage, no limit and no requirement. */
function checkBare({ stage, limit, requirement, rule }: PlanOptions): void {
  if (stage === undefined && limit === undefined && requirement === undefined && rule === "fixed") return;
  throw new Failure(
    "request_invalid",
    "A run without safeguards is made to compare with: --bare goes with none of --stage, --limit, --requirement and --rule.",
  );
}

type Claim = Pick<Permit["analysis"], "confidence" | "limit" | "requirement">;

const confidenceDefault = 0.95;

/** The strictest that the release plan asks of this suite's measure, or of the one requirement that is named. */
function claimOf(plan: ReleasePlan, { name, measure }: Suite, options: PlanOptions): Claim {
  const asked = plan.stages
    .flatMap(({ requires }) => requires)
    .flatMap((one) => ("upper" in one && one.suite === name && one.measure === measure.name ? [one] : []))
    .filter(({ id }) => options.requirement === undefined || id === options.requirement);
  if (options.requirement !== undefined && asked.length === 0) {
    throw new Failure(
      "not_found",
      `The release plan of ${plan.model} has no requirement "${options.requirement}" of ${measure.name} on ${name}.`,
    );
  }
  const confidences = asked.map(({ confidence }) => confidence);
  const limit = options.limit ?? (asked.length === 0 ? undefined : Math.min(...asked.map(({ upper }) => upper)));
  const ids = [...new Set(asked.map(({ id }) => id))];
  const [id] = ids;
  return {
    confidence: options.confidence ?? (confidences.length === 0 ? confidenceDefault : Math.max(...confidences)),
    ...(limit === undefined ? {} : { limit }),
    ...(id === undefined || ids.length > 1 ? {} : { requirement: id }),
  };
}

function checkRule(suite: Suite, { rule }: PlanOptions, { limit }: Claim): void {
  if (rule === "fixed") return;
  if (limit === undefined) {
    throw new Failure(
      "request_invalid",
      "A run that may stop at any time says beforehand which limit it is to show: --limit RATE. The release plan asks for none.",
    );
  }
  if (graderAtOnce(suite, nodePrimitives) !== undefined) return;
  throw new Failure(
    "request_invalid",
    `What ${suite.name} comes to is known only after it was graded, so a run of it cannot stop when it is shown. Leave out --rule.`,
  );
}

/** Fails with conflict where the grader shares weights or training rows with a safeguard of the run. */
async function tellUnknownTraining(
  { context, base }: Call<PlanOptions>,
  about: { readonly session: Session; readonly safeguards: Digest; readonly suite: LoadedDocument },
): Promise<void> {
  const { chain } = await safeguardsOf(about.session, about.safeguards);
  const unknown = checkSharedTraining(about.suite.document, chain, trainedOn);
  if (unknown.length === 0 || base.json) return;
  context.tell(
    `Nobody here knows what ${unknown.join(", ")} was trained on, so that it may share rows with the grader of ${about.suite.document.name}.\n`,
  );
}

/** Where modes differ between stages, a run that names none is of all of them together, and may be of use at none. */
async function tellStages(
  { options, context, base }: Call<PlanOptions>,
  about: { readonly session: Session; readonly safeguards: Digest; readonly suite: LoadedDocument },
): Promise<void> {
  if (options.stage !== undefined) return;
  const { chain } = await safeguardsOf(about.session, about.safeguards);
  const { failure } = about.suite.document.measure;
  const words = (stage?: OpenStage): string => modesFor(chain, { kind: "evaluation", failure, stage }).join();
  const others = OpenStage.options.filter((stage) => words(stage) !== words());
  if (others.length === 0 || base.json) return;
  context.tell(
    `The safeguards' modes differ between stages. This run is made under those of all stages together and counts for none of: ${others.join(", ")}. For one of them: --stage STAGE.\n`,
  );
}
