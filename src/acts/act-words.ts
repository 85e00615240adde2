// Statements in words, for people who are about to sign or read them. Made from the opened act and the folded state,
// never from a server's summary. A new verb does not compile until it has words.
import { signerIdOf } from "../proof/digest.ts";
import type { Hasher } from "../proof/primitives.ts";
import type { Digest } from "../terms/ids.ts";
import { modeOf } from "../terms/stage.ts";
import type { BodyOf, Limit, Mandate, Release, Verb } from "./bodies.ts";
import { servedInWords } from "./condition-words.ts";
import type { Share } from "./conditions.ts";
import { scopeInWords } from "./hold-scope.ts";
import type { Limits } from "./limits.ts";
import { rootChanges } from "./root-words.ts";
import type { State } from "./state.ts";
import type { Act } from "./statement.ts";

type Words = { readonly [V in Verb]: (body: BodyOf<V>, state: State) => string };

/** One sentence: what the act does, and who has signed it so far. */
export function describeAct(act: Act, state: State, hasher: Hasher): string {
  const signers = act.signers.map((key) => {
    const id = state.personByKey.get(key);
    const person = id === undefined ? undefined : state.persons.get(id);
    return person === undefined ? signerIdOf(key, hasher) : `${person.person} (${person.role})`;
  });
  return `${sentenceOf(act, state)}${changesIn(act, state)} Signed by ${signers.join(", ")} at ${act.predicate.at}.`;
}

/** Whoever signs a new root has to see which keys and floors it changes. */
function changesIn({ predicate }: Act, { root }: State): string {
  if (predicate.verb !== "root" || root === undefined) return "";
  const changes = rootChanges(root.body, predicate.body);
  return changes.length === 0 ? " It changes nothing." : ` What changes: ${changes.join("; ")}.`;
}

/** What it does, in a sentence; nothing about who signed it. */
export function sentenceOf({ predicate }: Act, state: State): string {
  return bodyInWords(predicate.verb, predicate.body, state);
}

/** What a statement of this body would do, before anybody has signed it. */
export function bodyInWords<V extends Verb>(verb: V, body: BodyOf<V>, state: State): string {
  const words: Words[V] = wordsOf[verb];
  return words(body, state);
}

const wordsOf: Words = {
  root: (body) =>
    `Makes version ${body.version} of the trust root: ${body.gateways.length} gateway key(s), ${body.personsForChange} person(s) to change it, floors ${floors(body.floors)}.`,
  invite: (body) =>
    body.furtherKey === true
      ? `Asks for a further key of ${body.person} (${body.role}), by a code that ends at ${body.notAfter}.`
      : `Invites ${body.person} as ${body.role}${body.affiliation === undefined ? "" : `, of ${body.affiliation}, outside the operator`}, until ${body.notAfter}.`,
  admit: ({ person, madeIn }, { persons }) =>
    persons.has(person)
      ? `Brings ${person} a further key${madeIn === undefined ? "" : `, made in a ${madeIn}`}.`
      : `Admits ${person} by an invitation${madeIn === undefined ? "" : `, with a key made in a ${madeIn}`}.`,
  suspend: (body) => `Suspends ${targetOf(body.target)}.`,
  organisation: (body) =>
    `Writes organisation ${body.organisation} (${body.type}, ${body.country ?? "no country"}) with ${body.grants.length} grant(s).`,
  key: keyInWords,
  document: (body) => `Applies ${body.documents.map(({ kind, name }) => `${kind} ${name}`).join(", ")} as candidates.`,
  mandate: (body) => `Lets ${body.person}, from outside, run ${mandateInWords(body)}.`,
  permit: permitInWords,
  evidence: (body) => `Gives the evidence of run ${body.run} on ${body.model}.`,
  proposal: (body) => `Proposes: ${releaseInWords(body.release)}`,
  "sign-off": (body) =>
    body.verdict === "recused"
      ? `Steps back from proposal ${body.proposal} as ${body.role}.`
      : `Signs ${body.verdict} proposal ${body.proposal} as ${body.role}.`,
  certificate: (body) => `Certifies: ${releaseInWords(body.release)}`,
  hold: ({ scope, session }) =>
    `Holds ${scopeInWords(scope)}${session === undefined ? "" : `, as ${session.person} asked in ${session.session}`}.`,
  restriction: (body) => `Restricts ${body.model}: ${limitInWords(body.limit)}.`,
  "break-glass": (body) =>
    `BREAKS THE GLASS: goes on with ${body.certificate} of ${body.model} OVER ${body.holds.join(", ")}, until ${body.notAfter}.`,
  widen: (body) => `Widens ${body.certificate} to step ${body.step + 1}.`,
  narrow: (body) =>
    `Narrows ${body.certificate} to step ${body.step + 1}${body.watch === undefined ? "" : `: live measure ${body.watch} exceeded its limit`}.`,
  fact: ({ fact, model }) => `States a fact about ${model ?? "all models"}: ${factInWords(fact)}.`,
  withdrawal: (body) =>
    "mandate" in body ? `Withdraws the mandate ${body.mandate}.` : `Withdraws the evidence of run ${body.evidence}.`,
  receipts: (body) => `Logs ${body.count} receipts of interval ${body.interval}.`,
  reading: (body) => `Reads the text of ${body.review}.`,
  review: (body) =>
    body.sample === undefined
      ? `Decides ${body.review} of ${body.key} on ${body.model}: ${body.verdict} (${body.reason}), for ${body.categories.join(", ")}, until ${body.notAfter}.`
      : `Labels ${body.review} on ${body.model} for live measure ${body.sample.watch}: ${body.verdict} (${body.reason}).`,
  lapse: (body) =>
    `Lets ${body.certificate} lapse: its gate is ${body.verdict} now (${body.requirements.join(", ") || "it could not be judged"}).`,
  lost: (body) => `Says that ${body.count} receipts, from number ${body.first} on, were lost.`,
};

function permitInWords(body: BodyOf<"permit">, state: State): string {
  const { run, items, digests, model, slot, stage, attempts, tokens, bare, adaptive, notAfter } = body;
  const how = [
    ...(bare === true ? ["WITHOUT SAFEGUARDS"] : []),
    ...(adaptive === undefined
      ? []
      : [
          `with requests that nobody has read before, written as it goes on (at most ${adaptive.turns} an attempt, ${adaptive.requests} in all)`,
        ]),
  ].map((words) => `, ${words}`);
  const where = `${model} (${slot}${stage === undefined ? "" : `, as at ${stage}`})`;
  return `Permits run ${run} of ${items.count} items of ${suiteInWords(digests.suite, state)}, ${attempts} time(s) each, on ${where}${how.join("")}, at most ${tokens} tokens, until ${notAfter}.`;
}

/** A suite by the name it was applied under, and which version of it. */
function suiteInWords(digest: Digest, { documents }: State): string {
  const named = [...(documents.get("Suite") ?? [])].find(([, { all }]) => all.has(digest));
  if (named === undefined) return `a suite that nobody applied here (${digest})`;
  const [name, { candidate, of }] = named;
  const whose = of === undefined ? "" : ` of ${of}`;
  return `suite ${name}${whose} (${candidate === digest ? "" : "NOT its newest version, "}${digest})`;
}

function factInWords(fact: Act<"fact">["predicate"]["body"]["fact"]): string {
  switch (fact.kind) {
    case "break-glass-review":
      return `${fact.glass} was found ${fact.finding}`;
    case "drill":
      if (fact.hold !== undefined)
        return `a drill of the brake over ${fact.attempts} streams at ${fact.hold.gateways} gateway(s): the last byte came ${fact.hold.milliseconds} ms after the order, and ${fact.opened} did not end`;
      return `a drill of ${fact.attempts} attempts, of which ${fact.opened} opened something`;
    case "incident":
      return `incident ${fact.incident} (${fact.severity}) is ${fact.state}`;
    case "consultation":
      return `the consultation ${fact.name} is ${fact.state}`;
    case "publication":
      return `${fact.name} was published as ${fact.document}`;
    case "policy-test":
      return `${fact.total} policy tests of ${fact.policy} with ${fact.safeguards}, of which ${fact.failed} came out otherwise`;
  }
}

/** What a mandate lets its holder run. */
export function mandateInWords({ model, suites, ownSuites, tokens, notBefore, notAfter }: Mandate): string {
  const what = [...suites, ...(ownSuites === true ? ["suites of their own"] : [])].join(", ");
  return `${what} on ${model}, ${tokens} tokens in all, from ${notBefore} to ${notAfter}`;
}

/** What a restriction says. */
export function limitInWords(limit: Limit): string {
  return limit.kind === "output-tokens"
    ? `answers have at most ${limit.max} tokens`
    : `category ${limit.category} is prohibited`;
}

function targetOf(target: Act<"suspend">["predicate"]["body"]["target"]): string {
  switch (target.kind) {
    case "person":
      return target.person;
    case "person-key":
      return `for good one key of ${target.person}, ${target.key}`;
    case "organisation":
      return `organisation ${target.organisation}`;
    case "key":
      return `${target.key}${target.forGood === true ? " for good" : ""}`;
  }
}

function keyInWords({ key, organisation, networks, limits, notAfter, anew }: Act<"key">["predicate"]["body"]): string {
  const what = {
    new: `Gives organisation ${organisation} the key ${key}`,
    rotation: `Gives the key ${key} of ${organisation} a new secret`,
    change: `Writes the key ${key} of ${organisation} anew`,
  }[anew?.kind ?? "new"];
  const overlap = anew?.kind === "rotation" ? `; secrets before it end at ${anew.until}` : "";
  const where = networks === undefined ? "" : `, from ${networks.join(", ")} only`;
  return `${what}, ${notAfter === null ? "without an end" : `until ${notAfter}`}${where}${limitsInWords(limits)}${overlap}.`;
}

function limitsInWords(limits: Limits | undefined): string {
  const said = limitLines(limits ?? {});
  return said.length === 0 ? "" : `, at most ${said.join(", ")}`;
}

/** Each limit that is written, as people say it. */
export function limitLines(limits: Limits): readonly string[] {
  const units = {
    requestsPerMinute: "requests a minute",
    tokensPerMinute: "tokens a minute",
    tokensPerDay: "tokens a day",
    exchanges: "exchanges at once",
  } as const;
  return Object.entries(units).flatMap(([name, unit]) => {
    const limit = Object.entries(limits).find(([known]) => known === name)?.[1];
    return limit === undefined ? [] : [`${limit} ${unit}`];
  });
}

function floors(of: Act<"root">["predicate"]["body"]["floors"]): string {
  return Object.entries(of)
    .map(([stage, quorum]) => `${stage}: ${quorum.map(({ role, count }) => `${count} ${role}`).join(" + ")}`)
    .join("; ");
}

function shareInWords(share: Share | undefined): string {
  if (share === undefined) return "";
  const steps = share.steps.map((part) => percentInWords(part)).join(", ");
  return ` by steps, to ${steps} of its ${share.by}s${watchInWords(share.watch)}`;
}

function watchInWords(watch: Share["watch"]): string {
  if (watch === undefined) return "";
  const measures = watch.measures.map(
    ({ id, measure, limit, back }) =>
      `${id} (${measure} over ${percentInWords(limit)}: back to ${back === "one" ? "the step before" : "the first"})`,
  );
  const widen = watch.widen === undefined ? "" : ", widened only once all of them are shown to be kept";
  return `, watched for ${measures.join(", ")}${widen}`;
}

/** A share as people write it. */
export function percentInWords(part: number): string {
  return `${Number((100 * part).toPrecision(4))} %`;
}

/** What a release binds, as a person should read it before signing. */
export function releaseInWords(release: Release): string {
  const { digests, audience } = release;
  const types = audience.map((one) => `${one.types.join(", ")} (granted it from ${one.stage} on)`).join("; ");
  const who = `organisations of type ${types}`;
  const holds = release.answers.length === 0 ? "" : `, answering ${release.answers.join(", ")}`;
  const lifts = release.lifts === undefined ? "" : `, LIFTING ${release.lifts.join(", ")}`;
  const alone = release.oneSigner ? ", marked as one signer's" : "";
  const { conditions, stage } = release;
  const served = servedInWords(conditions).map((words) => `, at ${stage} served ${words}`);
  const limits = `${shareInWords(conditions.share)}${served.join("")}${limitsInWords(conditions.limits)}`;
  const mode = modeOf(release) === "observe" ? " in OBSERVE mode (safeguards stop nothing)" : "";
  return (
    `${release.model} at stage ${release.stage}${mode} for ${who}${limits}, from ${release.notBefore} to ${release.notAfter}${holds}${lifts}${alone}; ` +
    `model ${digests.model} (${release.identityBasis}), safeguards ${digests.safeguards}, policy ${digests.policy}, ` +
    `plan ${digests.plan}, ${digests.evidence.length} piece(s) of evidence.`
  );
}
