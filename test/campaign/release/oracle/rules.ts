// Which acts count: by whom they are signed, when, and what each verb asks.
import type { Release, Verb } from "../../../../src/acts/bodies.ts";
import type { Act } from "../../../../src/acts/statement.ts";
import { ledgerRootAt, stages } from "../stage-plans.ts";
import {
  type Held,
  type Of,
  type Oracle,
  type Proposed,
  type Somebody,
  backers,
  day,
  endsIt,
  hour,
  isAbout,
  isOn,
  minute,
  rank,
  severities,
  signersOf,
} from "./memory.ts";

const onDuty = ["owner", "safety", "assurance", "policy", "access", "evaluator", "reviewer"];

/** Who signs what, by the table of docs/threat-model.md; the verbs that are not here are looked at below. */
const signedBy: Readonly<Record<string, readonly string[]>> = {
  suspend: ["owner", "access"],
  organisation: ["owner", "access"],
  key: ["owner", "access"],
  document: ["owner", "policy", "evaluator"],
  permit: ["owner", "assurance", "evaluator"],
  evidence: ["owner", "assurance", "evaluator"],
  proposal: ["owner"],
  "sign-off": onDuty,
  certificate: ["owner"],
  hold: onDuty,
  restriction: onDuty,
  widen: ["owner", "safety"],
  narrow: onDuty,
  fact: onDuty,
  withdrawal: ["owner", "assurance", "evaluator"],
};
const byControlToo = new Set<Verb>(["hold", "narrow", "lapse"]);
const neverTooOld = new Set<Verb>(["proposal", "suspend", "hold", "restriction", "narrow", "withdrawal", "receipts"]);
const liesForDays = new Set<Verb>(["root", "invite"]);

function onlyCloses({ verb, body }: Act["predicate"]): boolean {
  if (verb === "sign-off") return body.verdict === "against";
  if (verb === "fact") return body.fact.kind === "incident" && body.fact.state === "open";
  return ["suspend", "hold", "restriction", "narrow", "lapse", "withdrawal"].includes(verb);
}

/** Whether the desk records it at `now`; without a clock, whether it counts where it stands in the ledger. */
export function counts(oracle: Oracle, act: Act, now?: number): boolean {
  const { predicate } = act;
  if (oracle.heard.has(act.digest)) return false;
  if (!onlyCloses(predicate) && !(hasSeenThis(oracle, predicate) && (now === undefined || isInTime(predicate, now))))
    return false;
  return isSignedRight(oracle, act) && isAllowed(oracle, act);
}

/** Whoever saw another ledger than this one signed for that one. */
function hasSeenThis({ index }: Oracle, { seen }: Act["predicate"]): boolean {
  return seen === null || (seen.size <= index && seen.root === ledgerRootAt(seen.size));
}

function isInTime({ verb, at }: Act["predicate"], now: number): boolean {
  const age = now - Date.parse(at);
  if (age < -10 * minute) return false;
  return neverTooOld.has(verb) || age <= (liesForDays.has(verb) ? 7 * day : hour);
}

function isSignedRight(oracle: Oracle, act: Act): boolean {
  const { verb } = act.predicate;
  if (verb === "root" || verb === "admit" || verb === "receipts") return true;
  if (byControlToo.has(verb) && act.signers.length === 1 && act.signers[0] === oracle.root?.body.control) return true;
  const signers = signersOf(oracle, act);
  if (signers === undefined) return false;
  if (verb === "invite") return areInviters(oracle, signers);
  return signers.length === 1 && signers.every(({ role }) => signedBy[verb]?.includes(role) === true);
}

function areInviters(oracle: Oracle, signers: readonly Somebody[]): boolean {
  const needed = oracle.people.size > 1 ? 2 : 1;
  const isOwned = signers.some(({ role }) => role === "owner");
  return signers.length >= needed && isOwned && signers.every(({ role }) => role !== "auditor");
}

type Allowed<V extends Verb> = (oracle: Oracle, act: Act<V>) => boolean;

/** What each verb asks beside its signatures. A verb that no event puts is not here. */
const allowed: { readonly [V in Verb]?: Allowed<V> } = {
  root: (oracle, act) => isNextRoot(oracle, act),
  invite: (oracle, { predicate: { body } }) => !someone(oracle, body.person) && !isTaken(oracle, body.key),
  admit: (oracle, act) => isInvited(oracle, act),
  suspend: (oracle, act) => maySuspend(oracle, act),
  organisation: (oracle, { predicate }) => isNewer(oracle, predicate),
  key: ({ organisations }, { predicate: { body } }) => organisations.has(body.organisation),
  document: () => true,
  restriction: () => true,
  permit: (oracle, { predicate }) => mayRun(oracle, predicate),
  receipts: (oracle, act) => isNextInterval(oracle, act),
  evidence: (oracle, { predicate }) => isOfItsRun(oracle, predicate),
  withdrawal: ({ sealed }, { predicate }) => sealed.some(({ said }) => said.run === withdrawnRun(predicate)),
  proposal: (oracle, { predicate }) => mayStand(oracle, predicate),
  "sign-off": (oracle, act) => maySignOff(oracle, act),
  certificate: (oracle, act) => mayCertify(oracle, act),
  hold: ({ organisations }, { predicate: { body } }) =>
    body.scope.kind !== "organisation" || organisations.has(body.scope.organisation),
  widen: (oracle, { predicate: { body } }) => mayStep(oracle, body, 1),
  narrow: (oracle, { predicate: { body } }) => mayStep(oracle, body, -1),
  lapse: (oracle, { predicate }) => mayLapse(oracle, predicate),
  fact: (oracle, act) => mayReport(oracle, act),
};

function isAllowed<V extends Verb>(oracle: Oracle, act: Act<V>): boolean {
  const rule: Allowed<V> | undefined = allowed[act.predicate.verb];
  if (rule === undefined) throw new Error(`the oracle has never heard of ${act.predicate.verb}`);
  return rule(oracle, act);
}

function someone({ people }: Oracle, person: string): boolean {
  return [...people.values()].some((one) => one.person === person);
}

function isTaken({ people, invited, root }: Oracle, key: string): boolean {
  const servers: readonly string[] =
    root === undefined ? [] : [root.body.log.key, root.body.control, ...root.body.gateways];
  return people.has(key) || servers.includes(key) || [...invited.values()].some(({ body }) => body.key === key);
}

function isNextRoot(oracle: Oracle, act: Act<"root">): boolean {
  const { body } = act.predicate;
  const old = oracle.root;
  if (old === undefined) return oracle.index === 0 && body.version === 1;
  const keys = [body.log.key, body.control, ...body.gateways];
  const known = new Set([old.body.log.key, old.body.control, ...old.body.gateways]);
  const fresh = keys.filter((key) => !known.has(key));
  const areFloorsWide = Object.entries(body.floors).every(
    ([stage, seats]) => stage === "internal" || new Set(seats.map(({ role }) => role)).size >= 2,
  );
  const follows = body.version === old.body.version + 1 && body.previous === old.act && body.firstOwner === null;
  const isEachOnce = new Set(keys).size === keys.length && fresh.every((key) => !isTaken(oracle, key));
  return follows && isEachOnce && areFloorsWide && isRootSigned(oracle, act, fresh);
}

/** By every key that comes in, and by two persons of whom one is an owner and none an auditor. */
function isRootSigned({ people }: Oracle, { signers }: Act, fresh: readonly string[]): boolean {
  const roles = signers.map((key) => people.get(key)).flatMap((one) => (one?.out === false ? [one.role] : []));
  const others = new Set<string>(signers.filter((key) => people.get(key)?.out !== false));
  const isProven = others.size === fresh.length && fresh.every((key) => others.has(key));
  return isProven && roles.length >= 2 && roles.includes("owner") && !roles.includes("auditor");
}

function isInvited(oracle: Oracle, act: Act<"admit">): boolean {
  const { body, at } = act.predicate;
  const invitation = oracle.invited.get(body.invitation);
  if (invitation === undefined || invitation.spent || at > invitation.body.notAfter) return false;
  if (body.person !== invitation.body.person || someone(oracle, body.person) || isTaken(oracle, body.key)) return false;
  const keys: readonly string[] = [invitation.body.key, body.key];
  const isBoth = act.signers.length === 2 && keys.every((key) => act.signers.some((signer) => signer === key));
  const standing = invitation.by.map((key) => oracle.people.get(key)).filter((one) => one?.out === false);
  const needed = oracle.people.size > 1 ? 2 : 1;
  return isBoth && standing.length >= needed && standing.some((one) => one?.role === "owner");
}

/** What a withdrawal of evidence takes back; the play has no other. */
export function withdrawnRun({ body }: Of<"withdrawal">): string | undefined {
  return "evidence" in body ? body.evidence : undefined;
}

function maySuspend(oracle: Oracle, act: Act<"suspend">): boolean {
  const {
    body: { target },
  } = act.predicate;
  if (target.kind === "organisation") return oracle.organisations.has(target.organisation);
  if (target.kind === "key") throw new Error("no key is suspended in the play");
  return someone(oracle, target.person) && signersOf(oracle, act)?.[0]?.role === "owner";
}

/** Signed after the stop: by its date, or because its signer has seen the ledger with the stop in it. */
function isNewer({ organisations }: Oracle, { body, at, seen }: Of<"organisation">): boolean {
  const known = organisations.get(body.organisation);
  return known?.out !== true || at > known.at || (seen !== null && seen.size > known.stopped);
}

function mayRun(oracle: Oracle, { body, at }: Of<"permit">): boolean {
  const life = Date.parse(body.notAfter) - Date.parse(at);
  const isNew = ![...oracle.permits.values()].some(
    (one) => one.permit === body.permit || one.run === body.run || one.hash === body.hash,
  );
  const { model, safeguards, policy } = body.digests;
  return (
    isNew && life > 0 && life <= 7 * day && areApplied(oracle, [`Model/${body.model}/${model}`, safeguards, policy])
  );
}

function areApplied({ applied }: Oracle, wanted: readonly string[]): boolean {
  return wanted.every((one) => applied.has(one));
}

function isNextInterval({ interval, root }: Oracle, act: Act<"receipts">): boolean {
  const { body } = act.predicate;
  const isTheirs =
    act.signers.length === 1 && act.signers[0] === body.gateway && root?.body.gateways.includes(body.gateway) === true;
  return (
    isTheirs && body.interval === interval.number + 1 && body.first === interval.next && body.previous === interval.root
  );
}

function isOfItsRun({ permits, sealed }: Oracle, { body }: Of<"evidence">): boolean {
  const permit = body.permit === null ? undefined : permits.get(body.permit);
  if (permit === undefined || sealed.some(({ said }) => said.run === body.run)) return false;
  return (
    permit.run === body.run &&
    permit.model === body.model &&
    JSON.stringify(permit.digests) === JSON.stringify(body.digests)
  );
}

/** A proposal that may stand in the ledger. */
function mayStand(oracle: Oracle, { body: { release }, at }: Of<"proposal">): boolean {
  const { model, answers, trustVersion, notBefore, notAfter, decideBy } = release;
  const isTimely = notBefore < notAfter && at <= decideBy && decideBy <= notAfter;
  const areHolds = answers.every((id) => isHeldBy(oracle.holds.get(id)?.scopes ?? [], model));
  const isOfThisRoot = trustVersion === oracle.root?.body.version;
  return (
    isFree(oracle, release) && isTimely && isWithin(release) && areHolds && isOfThisRoot && stands(oracle, release)
  );
}

/** Nobody has its ids yet. */
function isFree({ proposed, certified }: Oracle, { proposal, certificate }: Release): boolean {
  const areTaken = [...certified.values()].flat().some((one) => one.certificate === certificate);
  return !proposed.has(proposal) && !areTaken;
}

/** It reaches no further than its stage, and one signer's no further than one's own people. */
function isWithin({ stage, audience, oneSigner }: Release): boolean {
  const isOwn = audience.every(({ types }) => types.every((type) => type === "internal"));
  const reaches = audience.every((one) => rank(stages, one.stage) <= rank(stages, stage));
  return reaches && (!oneSigner || (stage === "internal" && isOwn));
}

/** A hold that names a model is on that one, any other on all. */
function isHeldBy(scopes: Held["scopes"], model: string): boolean {
  return scopes.length > 0 && scopes.every((scope) => !("model" in scope) || scope.model === model);
}

/** Its documents were applied, and all its evidence is about them and was not taken back. */
function stands(oracle: Oracle, { model, digests }: Release): boolean {
  const documents = [
    `Model/${model}/${digests.model}`,
    `ReleasePlan/${model}/${digests.plan}`,
    digests.safeguards,
    digests.policy,
  ];
  const isBorne = digests.evidence.every((act) => {
    const found = oracle.sealed.find((one) => one.act === act);
    return found !== undefined && !found.back && found.said.model === model && isAbout(found.said.digests, digests);
  });
  return isBorne && areApplied(oracle, documents);
}

function maySignOff(oracle: Oracle, act: Act<"sign-off">): boolean {
  const { body, at } = act.predicate;
  const proposal = oracle.proposed.get(body.proposal);
  const [who] = signersOf(oracle, act) ?? [];
  if (proposal === undefined || who === undefined || body.release !== proposal.body || body.role !== who.role)
    return false;
  if (who.since >= proposal.at || proposal.certified) return false;
  return body.verdict === "against" || isTimelyWord(proposal, { who, verdict: body.verdict, at });
}

interface Word {
  readonly who: Somebody;
  readonly verdict: string;
  readonly at: string;
}

/** Stepping back is heard after the time to decide, unless it takes back a refusal. */
function isTimelyWord({ words, release }: Proposed, { who, verdict, at }: Word): boolean {
  const earlier = words.get(who.person);
  if (earlier !== undefined && at <= earlier.at) return false;
  return at <= release.decideBy || (verdict === "recused" && earlier?.verdict !== "against");
}

function mayCertify(oracle: Oracle, act: Act<"certificate">): boolean {
  const { body, at } = act.predicate;
  const { release } = body;
  const proposal = oracle.proposed.get(release.proposal);
  if (proposal === undefined || proposal.body !== act.body || proposal.certified) return false;
  const isTimely =
    at <= release.decideBy && at <= release.notAfter && release.trustVersion === oracle.root?.body.version;
  const isHeldSince = release.answers.some((id) => (oracle.holds.get(id)?.at ?? 0) > proposal.at);
  const isUndisturbed = isTimely && !isHeldSince && !isTroubled(oracle, proposal);
  return isUndisturbed && isNext(oracle, release) && stands(oracle, release) && isBacked(oracle, proposal);
}

/** Follows the certificate that counts, whoever else was proposed beside it. */
function isNext({ certified }: Oracle, { model, serial, replaces }: Release): boolean {
  const last = certified.get(model)?.at(-1);
  return serial === (last?.serial ?? 0) + 1 && replaces === (last?.certificate ?? null);
}

/** An incident that would end it is open, or was said something of since it was proposed. */
function isTroubled({ troubles }: Oracle, { release, at }: Proposed): boolean {
  return [...troubles.values()].some(
    (one) => isOn(one, release.model) && endsIt(release, one.severity) && (one.open || one.last > at),
  );
}

/** Enough people of the roles that the root asks for stand behind it, and as many as it says. */
function isBacked(oracle: Oracle, proposal: Proposed): boolean {
  const { release } = proposal;
  const roles = backers(oracle, proposal);
  const floor = oracle.root?.body.floors[release.stage] ?? [];
  const isMet = floor.every(({ role, count }) => roles.filter((one) => one === role).length >= count);
  const least = release.answers.length > 0 ? 2 : 1;
  return isMet && roles.length >= least && (roles.length === 1) === release.oneSigner;
}

/** The release that counts for its model. */
function inForce({ certified }: Oracle, certificate: string): Release | undefined {
  return [...certified.values()].map((all) => all.at(-1)).find((one) => one?.certificate === certificate);
}

/** What was signed to end by a gate that fails, or by one of which nobody can tell, ends so, once. */
function mayLapse(oracle: Oracle, { body: { certificate, verdict } }: Of<"lapse">): boolean {
  const ends = inForce(oracle, certificate)?.conditions.endsOnFailedGate;
  return (ends === "not-pass" || ends === verdict) && !oracle.lapsed.has(certificate);
}

function mayStep(oracle: Oracle, { certificate, step }: Of<"widen">["body"], direction: 1 | -1): boolean {
  const share = inForce(oracle, certificate)?.conditions.share;
  const now = oracle.step.get(certificate) ?? 0;
  if (share === undefined) return false;
  return direction === 1 ? step === now + 1 && step < share.steps.length : step < now;
}

function mayReport(oracle: Oracle, act: Act<"fact">): boolean {
  const { fact, model } = act.predicate.body;
  const role = signersOf(oracle, act)?.[0]?.role ?? "";
  if (fact.kind === "drill") return ["owner", "assurance", "evaluator"].includes(role);
  if (fact.kind !== "incident") throw new Error(`the oracle has never heard of ${fact.kind}`);
  const known = oracle.troubles.get(fact.incident);
  if (known === undefined) return fact.state === "open";
  if (known.model !== model || !known.open) return false;
  if (fact.state === "closed") return ["owner", "safety", "assurance"].includes(role);
  return rank(severities, fact.severity) > rank(severities, known.severity);
}
