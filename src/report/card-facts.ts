// What a release card tells, read off a bundle that was examined: the decision, its evidence, what was not shown, who signed, and
// what would end it. Sentences and figures, no markup; the same in the server's language and in a browser that checks it.
import type { Release } from "../acts/bodies.ts";
import { endedInWords, keptInWords, servedInWords, watchInWords } from "../acts/condition-words.ts";
import { breakGlassHours } from "../acts/rules/break-glass.ts";
import {
  type BreakGlass,
  type Certificate,
  type SignOff,
  type State,
  holdsOn,
  latestCertificate,
} from "../acts/state.ts";
import type { Judgement, RequirementJudgement } from "../gates/judgement.ts";
import { commit } from "../proof/digest.ts";
import type { Primitives } from "../proof/primitives.ts";
import { percent } from "../statistics/share.ts";
import type { Digest } from "../terms/ids.ts";
import { stageInWords } from "../terms/stage.ts";
import type { BundleLike } from "./bundle-parts.ts";
import type { Examined } from "./verify-bundle.ts";

/** A measure with its bounds, as it is drawn. */
export interface Measured {
  readonly name: string;
  readonly failures: number;
  readonly trials: number;
  readonly unknown: number;
  readonly estimate: number;
  readonly lower: number;
  readonly upper: number;
  readonly limit: number;
  readonly confidence: number;
}

export interface CardFacts {
  readonly title: string;
  /** What was decided, a sentence each. */
  readonly decided: readonly string[];
  readonly verdict: Judgement["verdict"];
  readonly requirements: readonly Pick<RequirementJudgement, "id" | "verdict" | "why" | "stillToShow">[];
  readonly measures: readonly Measured[];
  readonly notShown: readonly string[];
  readonly signed: readonly {
    readonly role: string;
    readonly person: string;
    readonly said: string;
    readonly at: string;
    readonly reason: string;
  }[];
  readonly signing: readonly string[];
  readonly ends: readonly string[];
  /** What the record says of it since. */
  readonly since: readonly string[];
  readonly names: readonly (readonly [string, string])[];
}

export interface Told {
  readonly bundle: BundleLike;
  readonly examined: Examined;
  readonly primitives: Primitives;
}

/** Undefined where the ledger or the judgement could not be read at all: then there is nothing to tell. */
export function cardFacts({ bundle, examined, primitives }: Told): CardFacts | undefined {
  const { decided, now, verification } = examined;
  const { judgement } = verification;
  if (decided === undefined || now === undefined || judgement === null) return undefined;
  const { proposal, certificate, before } = decided;
  const { release } = proposal;
  const texts = new Map(bundle.openings.map((opening) => [commit(opening, primitives), opening.text]));
  const isOut = certificate !== undefined;
  const where = `${release.model} ${isOut ? "at" : "for"} stage ${stageInWords(release)}`;
  return {
    title: isOut ? `${where}: released` : `${where}: proposed, NOT RELEASED`,
    decided: decision(release, certificate, texts),
    verdict: judgement.verdict,
    requirements: judgement.requirements,
    measures: judgement.requirements.flatMap(measuredIn),
    notShown: [...openPoints(judgement, release), ...never],
    signed: [...proposal.signOffs.values()].map((one) => signature(one, texts)),
    signing: signingSentences(before, { release, certificate, refused: now.anomalies.length }),
    ends: endings(release),
    since: sinceThen(now, release),
    names: namesOf(bundle, now, release),
  };
}

type Texts = ReadonlyMap<Digest, string>;

function decision(release: Release, certificate: Certificate | undefined, texts: Texts): readonly string[] {
  const { conditions, audience, notBefore, notAfter, answers, lifts = [] } = release;
  const types = audience.map(({ stage, types: of }) => `${of.join(", ")} (granted it from stage ${stage} on)`);
  const { share, limits } = conditions;
  const reason = texts.get(release.reason);
  return [
    certificate === undefined
      ? "Nothing was let out by this: it was proposed, and no certificate was given."
      : `Certificate ${release.certificate} was given at ${certificate.at}.`,
    `It is for organisations of type ${types.join("; ")}.`,
    share === undefined
      ? "It is for all of them at once."
      : `It opens by steps: to ${share.steps.map((part) => percent(part)).join(", then ")} of them, counted by ${share.by}${watchInWords(share.watch)}.`,
    ...(share?.watch === undefined
      ? []
      : ["Where a watched limit is exceeded the server goes back by itself; it widens nothing by itself."]),
    ...(limits === undefined || Object.keys(limits).length === 0
      ? []
      : [
          `Over all callers together: ${Object.entries(limits)
            .map(([name, value]) => limitSentence(name, value))
            .join(", ")}.`,
        ]),
    ...servedInWords(conditions).map((words) => `Who was granted it at stage ${release.stage} is served ${words}.`),
    ...keptInWords(conditions.retention),
    `It holds from ${notBefore} to ${notAfter}.`,
    ...(release.mode === "observe"
      ? ["OBSERVE MODE: its safeguards stop nothing; they only record what they would have stopped."]
      : []),
    ...(answers.length === 0 ? [] : [`It answers the holds ${answers.join(", ")}.`]),
    ...(lifts.length === 0 ? [] : [`It lifts the restrictions ${lifts.join(", ")}.`]),
    ...(reason === undefined ? [] : [`The reason given: ${reason}`]),
  ];
}

function limitSentence(name: string, value: number | undefined): string {
  return `${name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)} ${value}`;
}

/** A requirement that has counts, bounds and a limit on one rate. */
function measuredIn({ id, have, need }: RequirementJudgement): readonly Measured[] {
  const { failures, trials, unknown, estimate, lower, upper } = have;
  const { upper: limit, confidence } = need;
  const all = { failures, trials, unknown, estimate, lower, upper, limit, confidence };
  const known = new Map(
    Object.entries(all).flatMap(([name, of]) => (typeof of === "number" ? [[name, of] as const] : [])),
  );
  if (known.size !== Object.keys(all).length) return [];
  const of = (name: keyof typeof all): number => known.get(name) ?? 0;
  return [
    {
      name: `${id}: ${String(need["measure"])} on ${String(need["suite"])}`,
      failures: of("failures"),
      trials: of("trials"),
      unknown: of("unknown"),
      estimate: of("estimate"),
      lower: of("lower"),
      upper: of("upper"),
      limit: of("limit"),
      confidence: of("confidence"),
    },
  ];
}

/** What this very decision leaves open. */
function openPoints({ requirements }: Judgement, release: Release): readonly string[] {
  const identity = {
    measured: "",
    vendor: "Which model answers is the vendor's word: its weights were not measured.",
    declared: "Which model answers is only declared: its weights were not measured.",
  }[release.identityBasis];
  return [
    ...requirements
      .filter(({ verdict }) => verdict !== "pass")
      .map(({ id, verdict, why }) => `${id}: ${verdict === "not-asked" ? "not asked" : verdict}. ${why}`),
    ...requirements
      .filter(({ have }) => typeof have["unknown"] === "number" && have["unknown"] > 0)
      .map(
        ({ id, have }) =>
          `${id}: of ${String(have["unknown"])} trials nobody can say how they ended; each counts as failed.`,
      ),
    ...(identity === "" ? [] : [identity]),
    ...(release.oneSigner ? ["One person alone stands behind it."] : []),
  ];
}

/** What no record of this kind shows. */
const never = [
  "Keys signed, not people: two signatures show two keys, not that two people looked.",
  "A bound holds for prompts like its suite's, not for attackers who adapt to it.",
  "This shows what passed through one gate, not that the model has no other door.",
  "Nobody outside has countersigned this log: that others are shown the same one, only comparing shows.",
] as const;

/** What a sign-off says, where the one who stepped back has said nothing for or against. */
const said = { for: "for", against: "AGAINST", recused: "stepped back" } as const;

function signature({ role, person, verdict, at, reason }: SignOff, texts: Texts): CardFacts["signed"][number] {
  return {
    role,
    person,
    said: said[verdict],
    at,
    reason: texts.get(reason) ?? "(not shown here)",
  };
}

interface Signing {
  readonly release: Release;
  readonly certificate: Certificate | undefined;
  readonly refused: number;
}

function signingSentences(before: State, { release, certificate, refused }: Signing): readonly string[] {
  const floor = (before.root?.body.floors[release.stage] ?? []).map(({ role, count }) => `${count} ${role}`);
  const roles = [...before.persons.values()].filter(({ suspended }) => !suspended).map(({ role }) => role);
  const counts = [...Map.groupBy(roles, (role) => role)].map(([role, all]) => `${all.length} ${role}`);
  return [
    `Whatever a plan says, the trust root asks for ${floor.join(" and ")} at this stage.`,
    `Admitted then: ${counts.join(", ")}.`,
    ...(certificate === undefined ? [] : [`The certificate itself was signed by ${certificate.by}.`]),
    `${refused} entries of this record were refused by its rules and changed nothing.`,
  ];
}

function overHolds(release: Release): string {
  const hours = breakGlassHours(release);
  return hours === 0
    ? ""
    : `, but for ${hours} hours at a time at the most: so long an owner and somebody from safety may go on over it (break-glass), where no further hold ends that`;
}

function endings(release: Release): readonly string[] {
  const { notAfter, conditions, digests } = release;
  const { endsOnIncident, endsOnFailedGate } = conditions;
  return [
    `It ends by itself at ${notAfter}, whoever forgets it.`,
    `Any one admitted person but an auditor can hold it, at once; to go on after a hold takes a new decision${overHolds(release)}.`,
    ...(endsOnIncident === undefined
      ? ["No incident ends it by itself; one that is open may keep the next decision from passing."]
      : endedInWords({ endsOnIncident })),
    ...(endsOnFailedGate === undefined
      ? ["It does not end where its gate, judged again, passes no more."]
      : endedInWords({ endsOnFailedGate })),
    "Any other model, safeguards or usage policy than the ones named below is not served under it.",
    ...(digests.evidence.length === 0 ? [] : ["It lapses once any evidence that it rests on is withdrawn."]),
  ];
}

function sinceThen(now: State, release: Release): readonly string[] {
  const latest = latestCertificate(now, release.model)?.release;
  const holds = holdsOn(now, release.model).map(({ hold, at }) => `${hold} at ${at}`);
  const ended = now.ended.get(release.certificate);
  const lapsed = release.digests.evidence.some((act) => now.evidence.get(act)?.withdrawn === true);
  const told = [
    ...(latest === undefined || latest.certificate === release.certificate
      ? []
      : [`Another certificate counts now: ${latest.certificate}, for stage ${stageInWords(latest)}.`]),
    ...(holds.length === 0 ? [] : [`Held: ${holds.join(", ")}.`]),
    ...(now.glasses.get(release.model) ?? [])
      .filter((one) => one.certificate === release.certificate)
      .map(glassSentence),
    ...(ended === undefined ? [] : [`Ended by ${ended}.`]),
    ...(now.lapsed.has(release.certificate) ? ["Lapsed: its gate, judged again, passed no more."] : []),
    ...(lapsed ? ["Lapsed: evidence that it rests on was withdrawn."] : []),
  ];
  return told.length === 0 ? ["Nothing in this record has ended or held it since."] : told;
}

function glassSentence({ glass, holds, at, notAfter, ended, review }: BreakGlass): string {
  const found = review === undefined ? "Nobody has reviewed that here" : `A third person found it ${review.finding}`;
  return `Gone on with over ${holds.join(", ")} from ${at} to ${ended?.at ?? notAfter} (${glass}). ${found}.`;
}

function namesOf(bundle: BundleLike, now: State, { digests, certificate }: Release): CardFacts["names"] {
  const { model, safeguards, policy, plan, suites, evidence } = digests;
  return [
    ["Proposal", bundle.proposal],
    ["Certificate", certificate],
    ["First trust root", bundle.firstRoot],
    ["Deployment", now.deployment ?? ""],
    ["Ledger", `${bundle.batch.records.length} entries, ${now.root?.body.log.origin ?? ""}`],
    ["Model", model],
    ["Safeguards", safeguards],
    ["Usage policy", policy],
    ["Release plan", plan],
    ...suites.map((digest) => ["Suite", digest] as const),
    ...evidence.map((digest) => ["Evidence", digest] as const),
  ];
}
