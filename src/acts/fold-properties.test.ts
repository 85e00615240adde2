// Over random ledgers, written by people of whom none need be honest, the fold opens nothing that the table forbids. What
// it may open is said a second time below, by a deliberately naive oracle that reads nothing but the entries themselves and
// asks of each person, certificate and hold in the folded state: show me the signatures.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { GlassId, type HoldId, Name, type PublicKey } from "../terms/ids.ts";
import type { OpenStage } from "../terms/stage.ts";
import type { BodyOf, Release, Root, Verb } from "./bodies.ts";
import {
  type Player,
  type Signed,
  type Spoken,
  type World,
  ada,
  bo,
  configurationOf,
  digestOfLabel,
  documentsOf,
  evidenceOf,
  floors,
  idOf,
  inDays,
  invitationOf,
  join,
  oneTimeKeyOf,
  permitOf,
  playerOf,
  releaseOf,
  servers,
  signOffOf,
  signerOf,
  worldOfOne,
} from "./fixtures.ts";
import { foldAct } from "./fold.ts";
import {
  type BreakGlass,
  type Certificate,
  type Person,
  type State,
  emptyState,
  holdsOn,
  latestCertificate,
} from "./state.ts";
import type { Act } from "./statement.ts";

const seed = 20_260_101;
const reason = digestOfLabel("reason");
const models = [Name.parse("small"), Name.parse("large")];
const stages: readonly OpenStage[] = ["internal", "trusted", "limited"];
/** `limited` takes two owners, in two lines: the form in which one owner could pass for two. */
const strictFloors: Root["floors"] = {
  ...floors,
  limited: [
    { role: "owner", count: 1 },
    { role: "owner", count: 1 },
    { role: "safety", count: 1 },
  ],
};
const cast: readonly Player[] = [
  ada,
  bo,
  playerOf("Cy", "owner"),
  playerOf("Dee", "safety"),
  playerOf("Eve", "auditor"),
  playerOf("Pat", "policy"),
];

// ── The oracle ──────────────────────────────────────────────────────────────────────────────────────────────────────

/** A ledger, and what the fold made of it. Everything below asks `entries` to bear out what `state` claims. */
interface Claim {
  readonly entries: readonly Act[];
  readonly state: State;
}

function of<V extends Verb>(act: Act | undefined, verb: V): Act<V> | undefined {
  return act?.predicate.verb === verb ? narrowed(act, verb) : undefined;
}

function narrowed<V extends Verb>(act: Act, verb: V): Act<V> | undefined {
  return isOf(act, verb) ? act : undefined;
}

function isOf<V extends Verb>(act: Act, verb: V): act is Act<V> {
  return act.predicate.verb === verb;
}

function persons({ state }: Claim): readonly Person[] {
  return [...state.persons.values()];
}

/** Where an owner in good standing suspended this person; Infinity where nobody did. */
function suspendedAt(claim: Claim, person: Person): number {
  const at = claim.entries.findIndex((act, index) => {
    const target = of(act, "suspend")?.predicate.body.target;
    const isTheirs = target?.kind === "person" && target.person === person.person && index > person.admitted;
    return isTheirs && soleSigner(claim, act, index)?.role === "owner";
  });
  return at < 0 ? Infinity : at;
}

/** The one person in good standing at `index` who signed `act`, and nobody with them. */
function soleSigner(claim: Claim, act: Act, index: number): Person | undefined {
  const [signer] = standingSigners(claim, act, index);
  return act.signers.length === 1 ? signer : undefined;
}

function standingSigners(claim: Claim, act: Act, index: number): readonly Person[] {
  return persons(claim).filter(
    (person) => act.signers.includes(person.key) && person.admitted < index && !isSuspendedBefore(claim, person, index),
  );
}

function isSuspendedBefore(claim: Claim, person: Person, index: number): boolean {
  return suspendedAt({ ...claim, entries: claim.entries.slice(0, index) }, person) < index;
}

/** How many signatures an admission or a root change takes at `index`. */
function needed(claim: Claim, index: number): number {
  return persons(claim).filter(({ admitted }) => admitted < index).length >= 2 ? 2 : 1;
}

function checkPerson(claim: Claim, person: Person): void {
  assert.equal(person.suspended, suspendedAt(claim, person) < Infinity, "nobody is suspended or let back in unseen");
  if (person.admitted === 0) {
    assert.equal(of(claim.entries[0], "root")?.predicate.body.firstOwner?.key, person.key);
    return;
  }
  const admission = of(claim.entries[person.admitted], "admit");
  assert.ok(admission !== undefined, "who came in came in by an admission");
  const { body, at } = admission.predicate;
  const invitation = claim.entries.find((act) => act.digest === body.invitation);
  const invited = (invitation === undefined ? undefined : of(invitation, "invite"))?.predicate.body;
  assert.ok(invitation !== undefined && invited !== undefined, "an admission names an invitation");
  assert.deepEqual(
    [body.person, body.key, invited.person, invited.role],
    [person.person, person.key, body.person, person.role],
  );
  assert.deepEqual(new Set(admission.signers), new Set<PublicKey>([invited.key, person.key]));
  assert.ok(at <= invited.notAfter, "no invitation outlives its end");
  const places = claim.entries.slice(0, person.admitted).flatMap((act, index) => (act === invitation ? [index] : []));
  assert.ok(
    places.some((index) => isInvited(claim, person, index)),
    "an owner, and as many persons in good standing as it takes, stand behind it",
  );
}

/** Whether those who signed the invitation at `index` could, and could still when the person came in. */
function isInvited(claim: Claim, person: Person, index: number): boolean {
  const invitation = claim.entries[index];
  assert.ok(invitation !== undefined);
  const inviters = standingSigners(claim, invitation, index).filter(
    (inviter) => inviter.role !== "auditor" && !isSuspendedBefore(claim, inviter, person.admitted),
  );
  return inviters.length >= needed(claim, person.admitted) && inviters.some(({ role }) => role === "owner");
}

/** Whose last word on the proposal at `from`, before `to`, is a sign-off of its very bytes. */
function consents(claim: Claim, person: Person, { from, to }: { readonly from: number; readonly to: number }): boolean {
  const proposal = claim.entries[from];
  const heard = claim.entries.slice(from + 1, to);
  const words = heard.flatMap((act, index) => {
    const word = of(act, "sign-off");
    const isFirst = heard.findIndex(({ digest }) => digest === act.digest) === index;
    const isTheirs = word?.signers.length === 1 && word.signers[0] === person.key && isFirst;
    return word !== undefined && isTheirs && word.predicate.body.release === proposal?.body ? [word.predicate] : [];
  });
  const refusal = words.findLastIndex(({ body }) => body.verdict === "against");
  const before = words.slice(0, refusal + 1).map(({ at }) => at);
  return words
    .slice(refusal + 1)
    .some(({ body, at }) => body.role === person.role && before.every((earlier) => at > earlier));
}

function checkCertificate(claim: Claim, certificate: Certificate): void {
  const { index: to, release } = certificate;
  const act = of(claim.entries[to], "certificate");
  assert.ok(act !== undefined, "a certificate is an entry");
  assert.deepEqual(act.predicate.body.release, release);
  assert.equal(soleSigner(claim, act, to)?.role, "owner", "an owner in good standing certified");
  const from = claim.state.proposals.get(release.proposal)?.index ?? to;
  const proposal = of(claim.entries[from], "proposal");
  assert.ok(proposal?.body === act.body && from < to, "the very bytes were proposed");
  const proposer = soleSigner(claim, proposal, from)?.role;
  assert.ok(proposer === "owner" || proposer === "safety", "by someone who may");
  const signers = persons(claim).filter(
    (person) =>
      person.role !== "auditor" &&
      person.admitted < from &&
      !isSuspendedBefore(claim, person, to) &&
      consents(claim, person, { from, to }),
  );
  checkQuorum(claim, certificate, signers);
  assert.ok(isDocumented(claim, release, from), "model and plan were applied before");
  for (const evidence of release.digests.evidence) assert.ok(stands(claim, evidence, to), "its evidence stands");
}

function checkQuorum(claim: Claim, { release, index }: Certificate, signers: readonly Person[]): void {
  const root = claim.entries
    .slice(0, index)
    .findLast((act) => isOf(act, "root") && act.predicate.body.version === release.trustVersion);
  const floor = (root === undefined ? undefined : of(root, "root"))?.predicate.body.floors[release.stage];
  assert.ok(floor !== undefined, "the root it names is there, with a floor");
  for (const role of new Set(floor.map((seat) => seat.role))) {
    const seats = floor.filter((seat) => seat.role === role).reduce((sum, seat) => sum + seat.count, 0);
    const filled = signers.filter((person) => person.role === role).length;
    assert.ok(filled >= seats, `${release.stage} takes ${seats} of ${role}, and ${filled} signed`);
  }
  const isEnding = release.answers.length > 0 || release.lifts !== undefined;
  const least = release.stage !== "internal" || (isEnding && needed(claim, index) === 2) ? 2 : 1;
  assert.ok(signers.length >= least, "nobody alone opens beyond internal, answers a hold or lifts a restriction");
  assert.equal(release.oneSigner, signers.length === 1, "the mark is true");
}

function isDocumented(claim: Claim, { model, digests }: Release, before: number): boolean {
  const wanted = [
    ["Model", digests.model],
    ["ReleasePlan", digests.plan],
  ] as const;
  return wanted.every(([kind, digest]) =>
    claim.entries.slice(0, before).some((act, index) => {
      const role = soleSigner(claim, act, index)?.role;
      const documents = of(act, "document")?.predicate.body.documents ?? [];
      const isThere = documents.some((one) => one.kind === kind && one.name === model && one.digest === digest);
      return isThere && (role === "owner" || role === "policy");
    }),
  );
}

function stands(claim: Claim, evidence: Act["digest"], before: number): boolean {
  const given = claim.state.evidence.get(evidence)?.index ?? before;
  assert.ok(given < before && claim.entries[given]?.digest === evidence);
  const run = of(claim.entries[given], "evidence")?.predicate.body.run;
  const withdrawn = claim.entries.slice(0, before).some((act, index) => {
    const body = of(act, "withdrawal")?.predicate.body;
    const isIt = index > given && body !== undefined && "evidence" in body && body.evidence === run;
    return isIt && soleSigner(claim, act, index)?.role === "owner";
  });
  return run !== undefined && given < before && !withdrawn;
}

/**
 * Every hold that somebody entitled signed holds on, but where a certificate names it that was proposed after it. Said
 * again in the very same bytes it is the same hold, and answered is answered.
 */
function checkHolds(claim: Claim): void {
  const said = new Set<Act["digest"]>();
  for (const [index, act] of claim.entries.entries()) {
    const body = of(act, "hold")?.predicate.body;
    if (body === undefined || said.has(act.digest) || !mayHold(claim, act, index)) continue;
    said.add(act.digest);
    const { scope } = body;
    const held = models.filter((model) => scope.kind === "everything" || ("model" in scope && scope.model === model));
    for (const model of held) {
      const isAnswered = isNamed(claim, { hold: body.hold, index, model }, "answers");
      const isHeld = holdsOn(claim.state, model).some(({ hold }) => hold === body.hold);
      assert.ok(isHeld || isAnswered, "a hold vanished without a certificate that names it");
    }
  }
}

/** Every restriction that somebody entitled signed stands, but where a certificate lifts it that was proposed after it. */
function checkRestrictions(claim: Claim): void {
  const said = new Set<Act["digest"]>();
  for (const [index, act] of claim.entries.entries()) {
    const body = of(act, "restriction")?.predicate.body;
    const role = soleSigner(claim, act, index)?.role;
    if (body === undefined || said.has(act.digest) || role === undefined || role === "auditor") continue;
    said.add(act.digest);
    const isLifted = isNamed(claim, { ...body, index }, "lifts");
    assert.ok(claim.state.restrictions.has(act.digest) || isLifted, "a restriction vanished unlifted");
  }
  for (const digest of claim.state.restrictions.keys()) assert.ok(said.has(digest), "nobody placed it");
}

function mayHold(claim: Claim, act: Act, index: number): boolean {
  const role = soleSigner(claim, act, index)?.role;
  const isControl = act.signers.length === 1 && act.signers[0] === servers.control.publicKey;
  return isControl || (role !== undefined && role !== "auditor");
}

function isNamed(
  { entries, state }: Claim,
  held: { readonly hold: HoldId; readonly index: number; readonly model: Name },
  by: "answers" | "lifts",
): boolean {
  return (state.certificates.get(held.model) ?? []).some(({ release, index }) => {
    const proposed = state.proposals.get(release.proposal)?.index ?? 0;
    const isIt = entries[proposed]?.body === entries[index]?.body;
    return isIt && proposed > held.index && release[by]?.includes(held.hold) === true;
  });
}

/** The last time that somebody entitled placed a hold of this id before `to`. */
function placedBefore(claim: Claim, id: HoldId, to: number): number {
  return claim.entries
    .slice(0, to)
    .findLastIndex((act, index) => of(act, "hold")?.predicate.body.hold === id && mayHold(claim, act, index));
}

/**
 * Who goes on over holds are an owner and somebody from safety, both there before each of them, with the certificate that
 * counted, for a day at the most; and until a third person has said what they found, nothing of the model is certified.
 */
function checkGlasses(claim: Claim): void {
  for (const all of claim.state.glasses.values())
    for (const [place, one] of all.entries()) {
      const signers = checkGlass(claim, one);
      checkReviewed(claim, { ...one, signers, next: all[place + 1]?.index ?? Infinity });
    }
}

function checkGlass(claim: Claim, { glass, model, certificate, holds, index }: BreakGlass): readonly Person[] {
  const act = of(claim.entries[index], "break-glass");
  assert.ok(act !== undefined && act.predicate.body.glass === glass, "it is an entry");
  const signers = standingSigners(claim, act, index);
  assert.deepEqual(signers.map(({ role }) => role).toSorted(), ["owner", "safety"]);
  assert.equal(act.signers.length, 2, "and nobody else");
  const { at, body } = act.predicate;
  assert.ok(Date.parse(body.notAfter) - Date.parse(at) <= 24 * 3_600_000 && body.notAfter > at);
  const counted = claim.state.certificates.get(model)?.findLast((one) => one.index < index)?.release;
  assert.ok(counted?.certificate === certificate && body.notAfter <= counted.notAfter);
  for (const hold of holds) {
    const placed = placedBefore(claim, hold, index);
    assert.ok(placed >= 0 && signers.every(({ admitted }) => admitted < placed), "nobody came in after the hold");
  }
  return signers;
}

type Opened = Pick<BreakGlass, "glass" | "index"> & { readonly signers: readonly Person[] };

function checkReviewed(claim: Claim, opened: Opened & Pick<BreakGlass, "model"> & { readonly next: number }): void {
  const reviewed = reviewOf(claim, opened);
  const certificates = claim.state.certificates.get(opened.model) ?? [];
  const next = Math.min(certificates.find((one) => one.index > opened.index)?.index ?? Infinity, opened.next);
  assert.ok(next === Infinity || (reviewed >= 0 && reviewed < next), "nothing before it was reviewed");
}

function reviewOf(claim: Claim, { glass, index, signers }: Opened): number {
  return claim.entries.findIndex((act, at) => {
    const fact = of(act, "fact")?.predicate.body.fact;
    if (at <= index || fact?.kind !== "break-glass-review" || fact.glass !== glass) return false;
    const by = soleSigner(claim, act, at);
    return by !== undefined && !signers.some(({ person }) => person === by.person);
  });
}

function checkAll(claim: Claim): void {
  const { state } = claim;
  assert.equal(state.pairSeen, state.persons.size >= 2);
  for (const person of persons(claim)) checkPerson(claim, person);
  for (const list of state.certificates.values()) {
    for (const [at, certificate] of list.entries()) {
      assert.equal(certificate.release.serial, at + 1);
      assert.equal(certificate.release.replaces, list[at - 1]?.release.certificate ?? null);
      checkCertificate(claim, certificate);
    }
  }
  checkHolds(claim);
  checkRestrictions(claim);
  checkGlasses(claim);
}

/** What one entry may do to root and persons: nothing of them ever goes, and once there were two it takes two. */
function checkStep(claim: Claim, before: { readonly version: number; readonly persons: number }): void {
  const index = claim.entries.length - 1;
  const act = claim.entries[index];
  const version = claim.state.root?.body.version ?? 0;
  assert.ok(act !== undefined && claim.state.persons.size - before.persons <= 1 && version - before.version <= 1);
  assert.ok(claim.state.persons.size >= before.persons && version >= before.version);
  if (version === before.version || index === 0) return;
  const signers = standingSigners(claim, act, index).filter(({ role }) => role !== "auditor");
  assert.ok(signers.length >= needed(claim, index), "a root change takes two as soon as there were two");
  assert.ok(signers.some(({ role }) => role === "owner"));
}

/** Folds a ledger entry by entry, and asks the oracle after each. */
function foldWatched(entries: readonly Act[]): State {
  const state = emptyState();
  for (const [index, act] of entries.entries()) {
    const before = { version: state.root?.body.version ?? 0, persons: state.persons.size };
    foldAct(state, act, { index, rootAt: () => undefined });
    const claim = { entries: entries.slice(0, index + 1), state };
    checkStep(claim, before);
    if (hasMoved(act)) checkAll(claim);
  }
  checkAll({ entries, state });
  return state;
}

/** Verbs after which the oracle looks at everything again; the others leave what it looks at as it was. */
function hasMoved({ predicate: { verb } }: Act): boolean {
  return ["admit", "certificate", "hold", "restriction", "break-glass", "suspend", "root"].includes(verb);
}

function fold(entries: readonly Act[]): State {
  const state = emptyState();
  for (const [index, act] of entries.entries()) foldAct(state, act, { index, rootAt: () => undefined });
  return state;
}

// ── Random ledgers ──────────────────────────────────────────────────────────────────────────────────────────────────

interface Move {
  readonly kind: MoveKind;
  /** Who acts, and whom or what they act on: indices, taken modulo what there is. */
  readonly who: number;
  readonly what: number;
  readonly also: number;
  readonly how: "plainly" | "together" | "by a stranger" | "with a stranger" | "kept back";
}

/** A play in progress: the world, and the statements that somebody keeps back. */
interface Play {
  readonly world: World;
  readonly drawer: Signed[];
  readonly move: Move;
  readonly actor: Player;
  readonly other: Player;
  readonly model: Name;
}

function pick<T>(list: readonly T[], index: number): T | undefined {
  return list.length === 0 ? undefined : list[index % list.length];
}

function actsOf<V extends Verb>(world: World, verb: V): readonly Act<V>[] {
  return world.entries.flatMap(({ act }) => of(act, verb) ?? []);
}

/** Signs as the move says, and puts the statement into the ledger or into the drawer. */
async function put<V extends Verb>(play: Play, verb: V, body: BodyOf<V>): Promise<void> {
  const { world, drawer, move } = play;
  const signed = await world.sign({ verb, body, by: signersOf(play) });
  if (move.how === "kept back") drawer.push(signed);
  else world.record(signed);
}

function signersOf({ move, actor, other }: Play): Spoken<Verb>["by"] {
  switch (move.how) {
    case "plainly":
    case "kept back":
      return [actor];
    case "together":
      return [...new Set([actor, other])];
    case "by a stranger":
      return [signerOf("a stranger")];
    case "with a stranger":
      return [actor, signerOf("a stranger")];
  }
}

const steps = {
  invite: async (play) => put(play, "invite", invitationOf(play.world, pick(cast, play.move.what) ?? bo)),
  join: async ({ world, move }) => joinBy(world, move),
  welcome: async (play) => {
    await put(
      { ...play, move: { ...play.move, how: "together" }, actor: ada },
      "invite",
      invitationOf(play.world, pick(cast, play.move.what) ?? bo),
    );
    await joinBy(play.world, { ...play.move, what: actsOf(play.world, "invite").length - 1 });
  },
  suspend: async (play) => {
    const target = { kind: "person", person: play.other.person } as const;
    const actor = play.move.what % 3 > 0 ? ada : play.actor;
    await put({ ...play, actor }, "suspend", { target, reason: digestOfLabel("reason") });
  },
  document: async (play) => put(play, "document", documentsOf(play.model, configurationOf(play.model))),
  seal: async (play) => put(play, "evidence", declared(play.world, play.model)),
  withdraw: async (play) => {
    const evidence = pick(actsOf(play.world, "evidence"), play.move.what)?.predicate.body.run ?? idOf.run("none");
    await put(play, "withdrawal", { evidence, reason: digestOfLabel("reason") });
  },
  propose: async (play) => put(play, "proposal", { release: releaseBy(play) }),
  word: async (play) => {
    const proposal = pick(actsOf(play.world, "proposal"), play.move.what);
    const verdict = play.move.also % 4 === 0 ? "against" : "for";
    if (proposal !== undefined) await put(play, "sign-off", signOffOf(proposal, play.actor, verdict));
  },
  certify: async (play) => {
    const release = pick(actsOf(play.world, "proposal"), play.move.what)?.predicate.body.release;
    const edited = play.move.also % 5 === 0 ? { stage: "limited" as const } : {};
    if (release !== undefined) await put(play, "certificate", { release: { ...release, ...edited } });
  },
  hold: async (play) => put(play, "hold", holdOf(play)),
  shatter: async (play) => shatter(play),
  look: async (play) => look(play),
  /** Two at a time, so that one may be named and the other not. */
  restrict: async (play) => {
    const { move } = play;
    for (const also of [move.also, move.also + 1]) {
      await put(play, "restriction", restrictionOf({ ...play, move: { ...move, also } }));
    }
  },
  root: async (play) => {
    const how = play.move.how === "plainly" ? "together" : play.move.how;
    const isOwners = play.move.also % 3 > 0;
    const next = nextRoot(play);
    await put({ ...play, move: { ...play.move, how }, actor: isOwners ? ada : play.actor }, "root", next);
  },
  decide: async (play) => decide(play),
  replay: async ({ world, move }) => {
    const again = pick(world.entries, move.what);
    if (again !== undefined) world.record(again);
  },
  late: async ({ world, drawer, move }) => {
    const [kept] = drawer.splice(move.what % Math.max(drawer.length, 1), 1);
    if (kept !== undefined) world.record(kept);
  },
  wait: async ({ world, move }) => world.wait((move.also % 10) * 86_400_000),
} as const satisfies Record<string, (play: Play) => Promise<void>>;

type MoveKind = keyof typeof steps;

function declared(world: World, model: Name): BodyOf<"evidence"> {
  return { ...evidenceOf(permitOf(world, model, configurationOf(model))), permit: null, basis: "declared" };
}

/** Somebody joins by some invitation there is, with their key or, now and then, another's. */
async function joinBy(world: World, { what, also, how }: Move): Promise<void> {
  const invitation = pick(actsOf(world, "invite"), what);
  if (invitation === undefined) return;
  const invited = cast.find(({ person }) => person === invitation.predicate.body.person) ?? ada;
  const comer = also % 6 === 0 ? (pick(cast, also) ?? bo) : invited;
  const body = { person: invited.person, key: comer.signer.publicKey, invitation: invitation.digest };
  const by = how === "by a stranger" ? [comer] : [...new Set([oneTimeKeyOf(invited), comer.signer])];
  world.record(await world.sign({ verb: "admit", body, by }));
}

function holdOf({ model, move: { what, also, who } }: Play): BodyOf<"hold"> {
  // Few ids, so that they collide, as an attacker would have them.
  const hold = idOf.hold(`hold ${also % 3}`);
  const scope = what % 3 === 0 ? ({ kind: "everything" } as const) : ({ kind: "model", model } as const);
  return { hold, scope, reason: digestOfLabel(`reason ${who}`) };
}

/** By Ada and somebody of safety, mostly, over what holds the model; now and then by others, over others, for longer. */
async function shatter(play: Play): Promise<void> {
  const { world, model, move } = play;
  const certificate = latestCertificate(world.state, model)?.release.certificate;
  if (certificate === undefined) return;
  if (move.what % 3 > 0) world.record(await world.sign({ verb: "hold", body: holdOf(play), by: [ada] }));
  const standing = holdsOn(world.state, model).map(({ hold }) => hold);
  const holds = move.also % 6 === 0 || standing.length === 0 ? [idOf.hold("hold 0")] : standing;
  const glass = GlassId.parse(`glass_${String(world.entries.length).padStart(16, "0")}`);
  const hours = [1, 3, 4, 30][move.who % 4] ?? 1;
  const body = { glass, model, certificate, holds, notAfter: inDays(world, hours / 24), reason };
  const safety = cast.find(({ role, person }) => role === "safety" && world.state.persons.has(person)) ?? bo;
  const isOrderly = move.also % 4 !== 1;
  const pair = isOrderly ? { actor: ada, other: safety, move: { ...move, how: "together" as const } } : {};
  await put({ ...play, ...pair }, "break-glass", body);
  if (move.who % 3 > 0) world.wait(3_600_000 * hours + 60_000);
  const third = cast.find((one) => one !== ada && one !== safety && world.state.persons.has(one.person));
  if (move.what % 4 > 0) await look({ ...play, actor: third ?? bo, move: { ...move, how: "plainly" } });
}

/** Somebody says what they found of what nobody has reviewed, whoever they are. */
async function look(play: Play): Promise<void> {
  const open = [...play.world.state.glasses.values()].flat().find(({ review }) => review === undefined);
  if (open === undefined) return;
  const fact = { kind: "break-glass-review", glass: open.glass, finding: "justified", summary: reason } as const;
  await put(play, "fact", { fact, model: open.model });
}

function restrictionOf({ model, move: { what, also, who } }: Play): BodyOf<"restriction"> {
  // Of the same few ids as holds.
  const hold = idOf.hold(`hold ${also % 3}`);
  return { hold, model, limit: { kind: "output-tokens", max: 1 + what }, reason: digestOfLabel(`reason ${who}`) };
}

function nextRoot({ world, move: { also } }: Play): BodyOf<"root"> {
  const { root } = world.state;
  assert.ok(root !== undefined);
  const { body, digest } = root;
  const limited = also % 2 === 0 ? floors.limited : strictFloors.limited;
  return {
    ...body,
    version: body.version + 1,
    previous: digest,
    firstOwner: null,
    floors: { ...body.floors, limited },
  };
}

function releaseBy({ world, model, move: { what, also } }: Play): Release {
  const evidence = actsOf(world, "evidence").filter((act) => act.predicate.body.model === model && also % 2 === 0);
  const release = releaseOf(world, {
    model,
    stage: pick(stages, what) ?? "internal",
    configuration: configurationOf(model),
    evidence: evidence.map(({ digest }) => digest),
    answers: also % 4 === 0 ? [] : holdsOn(world.state, model).map(({ hold }) => hold),
    notAfter: inDays(world, 20 + (also % 10)),
  });
  const lifting = also % 3 > 0 ? { ...release, ...liftIn(world, model, what) } : release;
  return also % 7 === 0 ? { ...lifting, oneSigner: !lifting.oneSigner } : lifting;
}

/** One of them: what is not named stands. */
function liftIn({ state }: World, model: Name, what: number): Pick<Release, "lifts"> {
  const placed = [...state.restrictions.values()].filter((known) => known.model === model);
  const lifted = pick(placed, what);
  return lifted === undefined ? {} : { lifts: [lifted.hold] };
}

/** A whole decision at once, by some of the cast and with some steps left out: so that much gets far. */
async function decide(play: Play): Promise<void> {
  const { world, move, actor, model } = play;
  const isAlone = move.who % 4 === 0 && (move.what % 5 === 0 || holdsOn(world.state, model).length === 0);
  const stage: OpenStage = isAlone && move.also % 4 !== 0 ? "internal" : (pick(stages, move.what) ?? "trusted");
  const type = Name.parse(isAlone ? "internal" : "partner");
  const release = { ...releaseBy(play), stage, oneSigner: isAlone, audience: [{ stage, types: [type] }] };
  const body = { release };
  const proposal = await world.sign({ verb: "proposal", body, by: [move.also % 9 === 1 ? actor : ada] });
  world.record(proposal);
  // Somebody comes in between a proposal and its signatures, and signs along.
  if (move.also % 3 === 0) await steps.welcome(play);
  for (const [at, player] of (isAlone ? [ada] : boardOf(play)).entries()) {
    const word = wordOf(proposal.act, player, move.what + at);
    world.record(await world.sign({ verb: "sign-off", body: word, by: [player] }));
  }
  await put({ ...play, actor: ada }, "certificate", body);
}

/** Mostly for, and of the very bytes. */
function wordOf(proposal: Act, player: Player, chance: number): BodyOf<"sign-off"> {
  const word = signOffOf(proposal, player, chance % 11 === 0 ? "against" : "for");
  return chance % 7 === 0 ? { ...word, release: digestOfLabel("other bytes") } : word;
}

/** Who signs a decision: those admitted, now and then with others, now and then with one left out. */
function boardOf({ world, move: { also } }: Play): readonly Player[] {
  const here = also % 5 === 0 ? cast : cast.filter(({ person }) => world.state.persons.has(person));
  return here.filter((_, at) => (also + at) % 8 !== 7);
}

/** Even: drawn towards zero, as usual, everybody would be Ada and all of them alike. */
const some = fc.noBias(fc.nat({ max: 1000 }));

function weighed<T>(...choices: readonly (readonly [number, T])[]): fc.Arbitrary<T> {
  return fc.oneof(...choices.map(([weight, value]) => ({ weight, arbitrary: fc.constant(value) })));
}

const move: fc.Arbitrary<Move> = fc.record({
  kind: weighed<MoveKind>(
    [10, "decide"],
    [3, "welcome"],
    [3, "word"],
    [3, "certify"],
    [3, "root"],
    [4, "hold"],
    [4, "restrict"],
    [3, "shatter"],
    [2, "look"],
    [2, "propose"],
    [2, "replay"],
    [2, "late"],
    [1, "invite"],
    [1, "join"],
    [1, "document"],
    [1, "seal"],
    [1, "withdraw"],
    [1, "suspend"],
    [1, "wait"],
  ),
  who: some,
  what: some,
  also: some,
  how: weighed<Move["how"]>(
    [8, "plainly"],
    [4, "together"],
    [1, "by a stranger"],
    [1, "with a stranger"],
    [2, "kept back"],
  ),
});

const scenario = fc.noBias(
  fc.record({
    list: fc.array(move, { minLength: 8, maxLength: 24, size: "max" }),
    /** How many of the cast are there from the start, Ada included. */
    crew: fc.integer({ min: 1, max: 5 }),
    /** Where the ledger is meddled with afterwards. */
    cuts: fc.array(fc.tuple(some, some), { minLength: 1, maxLength: 3 }),
  }),
);

async function ledgerOf(list: readonly Move[], crew: number): Promise<World> {
  const world = await worldOfOne({ floors: strictFloors });
  for (const [at, player] of cast.slice(1, crew).entries()) await join(world, player, at === 0 ? [ada] : [ada, bo]);
  for (const model of models) {
    await world.say({ verb: "document", body: documentsOf(model, configurationOf(model)), by: [ada] });
  }
  const drawer: Signed[] = [];
  for (const one of list) {
    // Mostly those who are in good standing act: what they do goes furthest.
    const standing = cast.filter(({ person }) => world.state.persons.get(person)?.suspended === false);
    const [actor = ada, other = bo] = [one.who, one.also].map((at) =>
      pick([...standing, ...standing, ...standing, ...cast], at),
    );
    const model = pick(models, one.what) ?? Name.parse("small");
    await steps[one.kind]({ world, drawer, move: one, actor, other, model });
  }
  return world;
}

// ── The properties ──────────────────────────────────────────────────────────────────────────────────────────────────

/** What the random ledgers reached, all together: a property over ledgers where nothing happens would say nothing. */
const reached = {
  certificates: 0,
  beyond: 0,
  answered: 0,
  lifted: 0,
  glasses: 0,
  reviewed: 0,
  admitted: 0,
  suspended: 0,
  roots: 0,
  refused: 0,
  entries: 0,
};

function tally(state: State, { crew, entries }: { readonly crew: number; readonly entries: number }): void {
  const certificates = [...state.certificates.values()].flat();
  reached.certificates += certificates.length;
  reached.beyond += certificates.filter(({ release }) => release.stage !== "internal").length;
  reached.answered += state.answered.size;
  reached.lifted += state.lifted.size;
  const glasses = [...state.glasses.values()].flat();
  reached.glasses += glasses.length;
  reached.reviewed += glasses.filter(({ review }) => review !== undefined).length;
  reached.admitted += state.persons.size - crew;
  reached.suspended += [...state.persons.values()].filter((person) => person.suspended).length;
  reached.roots += (state.root?.body.version ?? 1) - 1;
  reached.refused += state.anomalies.length;
  reached.entries += entries;
}

/** Models that are open, each with the certificate that opens it. */
function openIn(state: State): readonly string[] {
  return models.flatMap((model) => {
    const release = latestCertificate(state, model)?.release;
    const isLapsed = release?.digests.evidence.some((act) => state.evidence.get(act)?.withdrawn !== false) === true;
    const isOpen = release !== undefined && !isLapsed && holdsOn(state, model).length === 0;
    return isOpen ? [`${model} ${release.certificate}`] : [];
  });
}

/** Verbs whose entries only ever add to what a certificate may rest on. */
const adding: ReadonlySet<Verb> = new Set<Verb>(["document", "permit", "fact"]);

test("over random ledgers every person, certificate and missing hold is borne out by the signatures it takes", async () => {
  const property = fc.asyncProperty(scenario, async ({ list, crew, cuts }) => {
    const world = await ledgerOf(list, crew);
    const entries = world.entries.map(({ act }) => act);
    const state = foldWatched(entries);
    assert.deepEqual(state, world.state);
    tally(state, { crew, entries: entries.length });
    for (const [at, to] of cuts) meddle(entries, at, to);
    dropEach(entries, state);
  });
  await fc.assert(property, { seed, numRuns: 300 });
});

/** Entries dropped, moved and said twice by whoever keeps the ledger: the oracle looks on at every step. */
function meddle(entries: readonly Act[], at: number, to: number): void {
  const from = 1 + (at % (entries.length - 1));
  const moved = entries[from];
  assert.ok(moved !== undefined);
  const rest = entries.toSpliced(from, 1);
  const place = 1 + (to % (rest.length - 1));
  foldWatched(rest.toSpliced(place, 0, moved));
  foldWatched(entries.toSpliced(place, 0, moved));
  foldWatched(entries.toSpliced(place, 1 + (at % 4)));
}

/**
 * Each entry dropped alone. What is asserted: the state of what is left is borne out by what is left, so that nothing opens
 * without its own quorum; every other hold stands; and dropping what only adds opens nothing. What is not: that nothing at
 * all opens. Without a hold, suspension, withdrawal, refusal, a certificate for a lower stage or a root change, what it had
 * closed is as if never closed, and only the root of the tree tells: test/flows/acts-replica.test.ts shows who notices.
 */
function dropEach(entries: readonly Act[], whole: State): void {
  for (let at = 1; at < entries.length; at++) {
    const dropped = entries[at];
    const rest = entries.toSpliced(at, 1);
    const state = fold(rest);
    checkAll({ entries: rest, state });
    if (dropped === undefined || !adding.has(dropped.predicate.verb)) continue;
    const before = new Set(openIn(whole));
    assert.deepEqual(
      openIn(state).filter((open) => !before.has(open)),
      [],
    );
  }
}

test("the random ledgers above reach far: quorums, answered holds, lifted restrictions, late admissions, root changes, refusals", (context) => {
  const told = JSON.stringify(reached);
  context.diagnostic(told);
  assert.ok(reached.certificates > 100 && reached.beyond > 50 && reached.answered > 20 && reached.lifted > 10, told);
  assert.ok(reached.glasses > 15 && reached.reviewed > 3, told);
  assert.ok(reached.admitted > 20 && reached.suspended > 10 && reached.roots > 20 && reached.refused > 500, told);
});
