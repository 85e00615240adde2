// Statements in words, for people who are about to sign or read them. Made from the opened act and the folded state,
// never from a server's summary. A new verb does not compile until it has words.
import { signerIdOf } from "../proof/digest.ts";
import type { Hasher } from "../proof/primitives.ts";
import type { Digest } from "../terms/ids.ts";
import { modeOf } from "../terms/stage.ts";
import type { BodyOf, Limit, Mandate, Release, Verb } from "./bodies.ts";
import { endedInWords, keptInWords, percentInWords, servedInWords, watchInWords } from "./condition-words.ts";
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
  return `${sentenceOf(act, state)}${detailOf(act.predicate, state)} Signed by ${signers.join(", ")} at ${act.predicate.at}.`;
}

/** What is too long for a list, and has to be seen by whoever signs. */
function detailOf(said: Said<Verb>, state: State): string {
  if (isSaid(said, "root")) return changesIn(said.body, state);
  return isSaid(said, "organisation") ? grantsIn(said.body, state) : "";
}

interface Said<V extends Verb> {
  readonly verb: V;
  readonly body: BodyOf<V>;
}

function isSaid<V extends Verb>(said: Said<Verb>, verb: V): said is Said<V> {
  return said.verb === verb;
}

/** Whoever signs a new root has to see which keys and floors it changes. */
function changesIn(body: BodyOf<"root">, { root }: State): string {
  if (root === undefined) return "";
  const changes = rootChanges(root.body, body);
  return changes.length === 0 ? " It changes nothing." : ` What changes: ${changes.join("; ")}.`;
}

/** Every grant in it, and a suspension that it ends. */
function grantsIn({ organisation, grants, limits }: BodyOf<"organisation">, { organisations }: State): string {
  const each = grants.map(({ model, stage, scopes, notAfter, ...of }) => {
    const more = scopes.length === 0 ? "" : ` with the scopes ${scopes.join(", ")}`;
    return ` ${model} from ${stage} on${more}${limitsInWords(of)}, until ${notAfter}.`;
  });
  const all = limits === undefined ? "" : ` Over all of it together${limitsInWords(limits)}.`;
  const lifted = organisations.get(organisation)?.suspended === true ? " This ENDS ITS SUSPENSION." : "";
  return `${each.join("")}${all}${lifted}`;
}

/** What it does, in a sentence; nothing about who signed it. */
export function sentenceOf({ predicate }: Act, state: State): string {
  return shortWords(predicate.verb, predicate.body, state);
}

/** What a statement of this body would do, before anybody has signed it: all that its signer has to see. */
export function bodyInWords<V extends Verb>(verb: V, body: BodyOf<V>, state: State): string {
  return `${shortWords(verb, body, state)}${detailOf({ verb, body }, state)}`;
}

function shortWords<V extends Verb>(verb: V, body: BodyOf<V>, state: State): string {
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
  suspend: (body, state) => `Suspends ${targetOf(body.target, state)}.`,
  organisation: (body) =>
    `Writes organisation ${body.organisation} (${body.type}, ${body.country ?? "no country"}) with ${body.grants.length} grant(s).`,
  key: keyInWords,
  document: (body) => `Applies ${body.documents.map(({ kind, name }) => `${kind} ${name}`).join(", ")} as candidates.`,
  mandate: (body) => `Lets ${body.person}, from outside, run ${mandateInWords(body)}.`,
  permit: permitInWords,
  evidence: (body) => `Gives the evidence of run ${body.run} on ${body.model}.`,
  proposal: (body, state) => `Proposes: ${releaseInWords(body.release, state)}`,
  "sign-off": (body) =>
    body.verdict === "recused"
      ? `Steps back from proposal ${body.proposal} as ${body.role}.`
      : `Signs ${body.verdict} proposal ${body.proposal} as ${body.role}.`,
  certificate: (body, state) => `Certifies: ${releaseInWords(body.release, state)}`,
  hold: ({ scope, session }) =>
    `Holds ${scopeInWords(scope)}${session === undefined ? "" : `, as ${session.person} asked in ${session.session}`}.`,
  restriction: (body) => `Restricts ${body.model}: ${limitInWords(body.limit)}.`,
  "break-glass": (body) =>
    `BREAKS THE GLASS: goes on with ${body.certificate} of ${body.model} OVER ${body.holds.join(", ")}, until ${body.notAfter}.`,
  widen: (body, state) => `Widens ${stepInWords(body, state)}.`,
  narrow: (body, state) =>
    `Narrows ${stepInWords(body, state)}${body.watch === undefined ? "" : `: live measure ${body.watch} exceeded its limit`}.`,
  fact: ({ fact, model }) => `States a fact about ${model ?? "all models"}: ${factInWords(fact)}.`,
  withdrawal: withdrawnInWords,
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

function targetOf(target: Act<"suspend">["predicate"]["body"]["target"], { persons, keys }: State): string {
  switch (target.kind) {
    case "person": {
      const role = persons.get(target.person)?.role;
      return `${target.person}${role === undefined ? "" : `, ${role}`}`;
    }
    case "person-key":
      return `for good one key of ${target.person}, ${target.key}`;
    case "organisation":
      return `organisation ${target.organisation}`;
    case "key": {
      const whose = [...keys.values()].find(({ key }) => key === target.key)?.organisation;
      return `${target.key}${whose === undefined ? "" : ` of organisation ${whose}`}${target.forGood === true ? " for good" : ""}`;
    }
  }
}

/** A step as what it comes to, where the state knows its certificate. */
function stepInWords({ certificate, step }: BodyOf<"widen">, { certificates }: State): string {
  const release = [...certificates.values()].flat().find((one) => one.release.certificate === certificate)?.release;
  const part = release?.conditions.share?.steps[step];
  const what =
    release === undefined || part === undefined
      ? ""
      : `: ${release.model} to ${percentInWords(part)} of its ${release.conditions.share?.by}s at ${release.stage}`;
  return `${certificate} to step ${step + 1}${what}`;
}

function withdrawnInWords(body: BodyOf<"withdrawal">, state: State): string {
  if ("mandate" in body) return `Withdraws the mandate ${body.mandate}.`;
  const known = [...state.evidence.values()].find((one) => one.body.run === body.evidence);
  const what =
    known === undefined
      ? ""
      : ` on ${known.body.model}, of ${suiteInWords(known.body.digests.suite, state)}, that ${known.by} gave`;
  return `Withdraws the evidence of run ${body.evidence}${what}.`;
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

/** What a release binds, as a person should read it before signing; `state` knows the holds that it names by no more than their ids. */
export function releaseInWords(release: Release, state: State): string {
  const { digests, audience } = release;
  const types = audience.map((one) => `${one.types.join(", ")} (granted it from ${one.stage} on)`).join("; ");
  const who = `organisations of type ${types}`;
  const holds = release.answers.length === 0 ? "" : `, answering ${answeredInWords(release, state)}`;
  const lifts = release.lifts === undefined ? "" : `, LIFTING ${liftedInWords(release.lifts, state)}`;
  const alone = release.oneSigner ? ", marked as one signer's" : "";
  const { conditions, stage } = release;
  const served = servedInWords(conditions).map((words) => `, at ${stage} served ${words}`);
  const limits = `${shareInWords(conditions.share)}${served.join("")}${limitsInWords(conditions.limits)}`;
  const mode = modeOf(release) === "observe" ? " in OBSERVE mode (safeguards stop nothing)" : "";
  return (
    `${release.model} at stage ${release.stage}${mode} for ${who}${limits}, from ${release.notBefore} to ${release.notAfter}${holds}${lifts}${alone}; ` +
    `model ${digests.model} (${release.identityBasis}), safeguards ${digests.safeguards}, policy ${digests.policy}, ` +
    `plan ${digests.plan}, ${digests.evidence.length} piece(s) of evidence.${[...keptInWords(conditions.retention), ...endedInWords(conditions)].map((words) => ` ${words}`).join("")}`
  );
}

/** Holds by what they hold: an id says nothing to whoever reopens. */
function answeredInWords({ answers }: Release, { holds }: State): string {
  return answers
    .map((id) => {
      const known = holds.get(id);
      return known === undefined ? id : `${id} (on ${scopeInWords(known.scope)})`;
    })
    .join(", ");
}

function liftedInWords(lifts: NonNullable<Release["lifts"]>, { restrictions }: State): string {
  const all = [...restrictions.values()];
  return lifts
    .map((id) => {
      const limits = all.filter(({ hold }) => hold === id).map(({ limit }) => limitInWords(limit));
      return limits.length === 0 ? id : `${id} (${limits.join("; ")})`;
    })
    .join(", ");
}
