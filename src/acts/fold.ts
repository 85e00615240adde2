// The fold: one act after another, in ledger order, onto the state. `judgeAct` decides and changes nothing; `foldAct`
// makes the change. The control plane asks `judgeAct` before it appends; gateway, CLI and verifiers fold what they get,
// and an entry that the rules refuse changes nothing, whoever wrote it into the ledger.
import { type Instant, type PublicKey, instantOf } from "../terms/ids.ts";
import type { Role } from "../terms/role.ts";
import { type Authority, anyRoleButAuditor, authority, gathersSignatures, isStop } from "./authority.ts";
import { neededFor } from "./authority-words.ts";
import type { Verb } from "./bodies.ts";
import { type Change, type Context, type Refusal, type RootAt, type Rule, refuse } from "./rule.ts";
import { applyDocuments, giveEvidence, recordLost, recordReceipts, withdraw } from "./rules/evaluation.ts";
import { breakGlass } from "./rules/break-glass.ts";
import { giveMandate } from "./rules/mandate.ts";
import { permitRun } from "./rules/permit.ts";
import { lapse } from "./rules/lapse.ts";
import { recordFact } from "./rules/facts.ts";
import { admitPerson, changeRoot, invitePerson, suspend } from "./rules/people.ts";
import { writeKey, grantOrganisation } from "./rules/programme.ts";
import { decideReview, readReview, takesBack } from "./rules/review.ts";
import { certify, hold, propose, signOff } from "./rules/release.ts";
import { restrict } from "./rules/restriction.ts";
import { narrow, widen } from "./rules/share.ts";
import type { Person, State } from "./state.ts";
import type { Act, AnyPredicate } from "./statement.ts";
import { takesTwo } from "./two-person-permits.ts";

const rules: { readonly [V in Verb]: Rule<V> } = {
  root: changeRoot,
  invite: invitePerson,
  admit: admitPerson,
  suspend,
  organisation: grantOrganisation,
  key: writeKey,
  document: applyDocuments,
  mandate: giveMandate,
  permit: permitRun,
  evidence: giveEvidence,
  proposal: propose,
  "sign-off": signOff,
  certificate: certify,
  hold,
  restriction: restrict,
  "break-glass": breakGlass,
  widen,
  narrow,
  lapse,
  fact: recordFact,
  withdrawal: withdraw,
  receipts: recordReceipts,
  lost: recordLost,
  reading: readReview,
  review: decideReview,
};

export interface Place {
  /** Ledger index of the act. */
  readonly index: number;
  /** Root of the ledger at an earlier size, to check what a signer says they saw; undefined when it is not known. */
  readonly rootAt: RootAt;
  /**
   * The judge's clock, for an act that is about to be recorded: one dated far from it is refused, so that nobody keeps a
   * statement in a drawer, or dates one back past a deadline. Absent when recorded history is folded.
   */
  readonly now?: Instant;
}

/** How far ahead of the judge's clock a signer's may run, in minutes. */
export const clockAheadMinutesMax = 10;
/** How old an act may be when it is recorded, in minutes: one signer's or an emergency's, and one that gathers signatures. */
export const ageMinutesMax = { alone: 60, together: 7 * 24 * 60 } as const;

/** Decides whether the rules admit `act` at `place`. Changes nothing. */
export function judgeAct(state: State, act: Act, place: Place): Refusal | Change {
  const { predicate } = act;
  if (state.root === undefined && predicate.verb !== "root") {
    return refuse("statement_invalid", "The first act of a ledger is its trust root.");
  }
  if (state.deployment !== undefined && state.deployment !== predicate.deployment) {
    return refuse("statement_invalid", "This statement was signed for another deployment.");
  }
  if (state.acts.has(act.digest)) return refuse("conflict", "This very statement is already recorded.");
  const isStopping = isStop(predicate) || takesBack(state, predicate);
  const misplaced = isStopping ? undefined : (checkSeen(predicate, place) ?? checkDate(predicate, place.now));
  if (misplaced !== undefined) return misplaced;
  const context = contextOf(state, act.signers, place.index);
  return checkAuthority(state, predicate, context) ?? applyRule(state, act, context);
}

/** Folds one act in. Returns the refusal, if the rules refuse it; the state is then as it was, but for the anomaly. */
export function foldAct(state: State, act: Act, place: Place): Refusal | undefined {
  const judged = judgeAct(state, act, place);
  if (judged.kind === "refused") {
    state.anomalies.push({ index: place.index, why: judged.why });
    return judged;
  }
  const unseen = checkSeen(act.predicate, place);
  if (unseen !== undefined) state.anomalies.push({ index: place.index, why: unseen.why });
  judged.commit();
  state.acts.add(act.digest);
  return undefined;
}

function checkSeen(predicate: AnyPredicate, place: Place): Refusal | undefined {
  if (predicate.seen === null) return undefined;
  const { size, root } = predicate.seen;
  if (size <= place.index && place.rootAt(size) === root) return undefined;
  return refuse("conflict", "The signer last saw another ledger than this one. Someone is showing two histories.");
}

function checkDate(predicate: AnyPredicate, now: Instant | undefined): Refusal | undefined {
  if (now === undefined) return undefined;
  const { verb, at } = predicate;
  const minutes = (now - instantOf(at)) / 60_000;
  if (minutes < -clockAheadMinutesMax) {
    return refuse("conflict", "This statement is dated in the future. Set the signer's clock and sign again.");
  }
  const rule: Authority = authority[verb];
  const mayLie = gathersSignatures(predicate) && rule.by !== "seats";
  const minutesMax = mayLie ? ageMinutesMax.together : ageMinutesMax.alone;
  if (!rule.loosens || minutes <= minutesMax) return undefined;
  return refuse("conflict", "This statement was signed too long ago to be recorded now. Sign a new one.");
}

function contextOf(state: State, signers: readonly PublicKey[], index: number): Context {
  const persons = new Map<Person["person"], Person>();
  const strangers: PublicKey[] = [];
  for (const signer of signers) {
    const id = state.personByKey.get(signer);
    const person = id === undefined ? undefined : state.persons.get(id);
    if (person === undefined || person.suspended) strangers.push(signer);
    else persons.set(person.person, person);
  }
  return { index, persons: [...persons.values()], strangers };
}

/** Roles and numbers of signers. What the act itself demands of its signers is the rule's part. */
function checkAuthority(state: State, predicate: AnyPredicate, context: Context): Refusal | undefined {
  const { verb } = predicate;
  const rule: Authority = authority[verb];
  if (isAboutOwnKeys(predicate, context)) return undefined;
  switch (rule.by) {
    case "root":
    case "invitation":
    case "gateway":
    case "control":
      return undefined;
    case "persons":
      return predicate.verb === "permit" && takesTwo(predicate.body)
        ? checkSecond(verb, context)
        : checkPersons(state, verb, context);
    case "pair":
      return checkPair(state, verb, context);
    case "seats":
      return checkSeats(verb, context);
  }
}

/** What everybody does about their own keys alone, whatever their role: ask for a further one, and take one away. */
function isAboutOwnKeys(predicate: AnyPredicate, { persons, strangers }: Context): boolean {
  const [person, ...others] = persons;
  if (person === undefined || others.length > 0 || strangers.length > 0) return false;
  if (predicate.verb === "invite") return predicate.body.furtherKey === true && predicate.body.person === person.person;
  if (predicate.verb !== "suspend") return false;
  const { target } = predicate.body;
  return target.kind === "person-key" && target.person === person.person;
}

function checkPersons(state: State, verb: Verb, context: Context): Refusal | undefined {
  const [stranger] = context.strangers;
  const byControl =
    (verb === "hold" || verb === "narrow") && stranger !== undefined && stranger === state.root?.body.control;
  if (byControl && context.strangers.length === 1 && context.persons.length === 0) return undefined;
  const { roles }: Authority = authority[verb];
  if (context.strangers.length > 0) return unknownSigner();
  if (context.persons.length !== 1) return refuse("statement_invalid", `"${verb}" is signed by exactly one person.`);
  return context.persons.some((person) => roles.includes(person.role)) ? undefined : wrongRole(verb, roles);
}

function checkPair(state: State, verb: Verb, context: Context): Refusal | undefined {
  const { roles }: Authority = authority[verb];
  if (context.strangers.length > 0) return unknownSigner();
  if (!context.persons.some((person) => roles.includes(person.role))) return wrongRole(verb, roles);
  if (!context.persons.every((person) => anyRoleButAuditor.includes(person.role)))
    return wrongRole(verb, anyRoleButAuditor);
  return checkTwo(state, context);
}

/** Of what one person may not do alone however few there are. */
function checkSecond(verb: Verb, context: Context): Refusal | undefined {
  const { roles }: Authority = authority[verb];
  if (context.strangers.length > 0) return unknownSigner();
  if (!context.persons.some((person) => roles.includes(person.role))) return wrongRole(verb, roles);
  if (context.persons.length > 2) return refuse("statement_invalid", "This is signed by exactly two persons.");
  if (context.persons.length === 2) return undefined;
  return refuse("quorum_missing", "This permit takes a second person, in another role.", ["person"]);
}

/** One of each role: two persons in two roles are two persons. */
function checkSeats(verb: Verb, { persons, strangers }: Context): Refusal | undefined {
  const { roles }: Authority = authority[verb];
  if (strangers.length > 0) return unknownSigner();
  if (!persons.every(({ role }) => roles.includes(role))) return wrongRole(verb, roles);
  if (new Set(persons.map(({ role }) => role)).size < persons.length)
    return refuse("statement_invalid", `"${verb}" is signed by one person of each role: ${roles.join(", ")}.`);
  const missing = roles.filter((role) => !persons.some((person) => person.role === role));
  if (missing.length === 0) return undefined;
  return refuse("quorum_missing", `"${verb}" takes ${roles.join(" and ")}; missing: ${missing.join(", ")}.`, missing);
}

function checkTwo(state: State, context: Context): Refusal | undefined {
  if (!state.pairSeen || context.persons.length >= 2) return undefined;
  return refuse("quorum_missing", "Since a second person was admitted, this takes the signatures of two persons.", [
    "person",
  ]);
}

function unknownSigner(): Refusal {
  return refuse(
    "authority_missing",
    "A signature on this statement is by nobody who was admitted, or by someone suspended.",
  );
}

function wrongRole(verb: Verb, roles: readonly Role[]): Refusal {
  return refuse("authority_missing", neededFor(verb, { roles }));
}

function applyRule<V extends Verb>(state: State, act: Act<V>, context: Context): Refusal | Change {
  const rule: Rule<V> = rules[act.predicate.verb];
  return rule(state, act, context);
}
