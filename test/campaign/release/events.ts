// What happens in a sequence, drawn from a seed: people who do their work, people who cut corners, and people who write the ledger past the
// desk. Each event puts acts before the desk or into the ledger, or moves the clock.
import { type Player, digestOfLabel as digest, idOf } from "../../../src/acts/fixtures.ts";
import type { Release } from "../../../src/acts/bodies.ts";
import { holdsOn, latestCertificate } from "../../../src/acts/state.ts";
import type { Act } from "../../../src/acts/statement.ts";
import { draftRelease } from "../../../src/gates/draft.ts";
import { type CertificateId, IncidentId, Instant, type Name, timestampOf } from "../../../src/terms/ids.ts";
import type { Chance } from "../../fuzz/seeded.ts";
import { type Play, control, dayMs, digestsOf, documentsOf, invitationFor, organisationOf, sign } from "./play.ts";
import {
  callers,
  cast,
  newcomers,
  planDocument,
  stages,
  suite,
  freshGateways,
  invitationKeyOf,
} from "./stage-plans.ts";
import { run } from "./runs.ts";
import {
  type Scene,
  type Signing,
  board,
  candidateOf,
  clockOf,
  everybody,
  minuteMs,
  owners,
  say,
  signing,
} from "./scene.ts";

export function apply(scene: Scene, options: Signing = signing(scene, [cast.ada, cast.cy, cast.pat])): void {
  const { model, versions, chance } = scene;
  const latest = versions.get(model) ?? 0;
  // Mostly something new; now and then what was there before, or the same under the other plan.
  const number = chance.oneIn(3) ? chance.below(latest + 1) : latest + 1;
  versions.set(model, Math.max(latest, number));
  say(scene, documentsOf(model, { number, plan: chance.oneIn(2) ? "plain" : "strict" }), options);
}

export function withdraw(scene: Scene, options = signing(scene, [cast.ash, cast.cy])): void {
  const all = [...scene.play.state.evidence.values()];
  if (all.length > 0)
    say(
      scene,
      { verb: "withdrawal", body: { evidence: scene.chance.pick(all).body.run, reason: digest("reason") } },
      options,
    );
}

/** The release that a client writes down for a stage, as the plan has it; undefined where nothing is applied. */
export function drafted(
  { play, model }: Scene,
  stage: (typeof stages)[number],
  answers: Release["answers"] = [],
): Release | undefined {
  const plan = planDocument(candidateOf(play, "ReleasePlan", model));
  if (plan === undefined) return undefined;
  const number = play.count;
  return draftRelease({
    state: play.state,
    plan,
    stage,
    at: play.now,
    ids: { proposal: idOf.proposal(`${number}`), certificate: idOf.certificate(`${number}`) },
    reason: digest("reason"),
    identityBasis: "declared",
    suites: [suite],
    answers,
  });
}

/** Somebody changes a release before it is proposed: mostly in a way that the desk should see. */
function bent({ play, chance, model }: Scene, release: Release): Release {
  const other = digestsOf(model, { number: 0, plan: "plain" });
  const old = latestCertificate(play.state, model)?.release;
  return chance.pick<Release>([
    { ...release, stage: "limited" },
    { ...release, notAfter: timestampOf(Instant.parse(play.now + 90 * dayMs)) },
    { ...release, digests: { ...release.digests, evidence: release.digests.evidence.slice(1) } },
    { ...release, digests: { ...release.digests, safeguards: other.safeguards } },
    { ...release, digests: { ...release.digests, plan: other.plan } },
    { ...release, digests: { ...release.digests, suites: [], graders: [] } },
    { ...release, conditions: {} },
    { ...release, oneSigner: !release.oneSigner },
    { ...release, trustVersion: release.trustVersion + 1 },
    { ...release, serial: release.serial + 1 },
    { ...release, answers: heldBy(play, model) },
    { ...release, audience: release.audience.map((one) => ({ ...one, types: [...one.types, callers[3].type] })) },
    { ...release, certificate: old?.certificate ?? release.certificate },
  ]);
}

function heldBy({ state }: Play, model: Name): Release["answers"] {
  return holdsOn(state, model).map((held) => held.hold);
}

function someRelease(scene: Scene): Release | undefined {
  const { play, chance, model } = scene;
  const held = heldBy(play, model);
  // Often the stage that it is at: a renewal, or a resume.
  const now = stages.find((stage) => stage === latestCertificate(play.state, model)?.release.stage);
  const stage = now !== undefined && chance.oneIn(2) ? now : chance.pick(stages);
  const release = drafted(scene, stage, chance.oneIn(3) ? [] : held);
  return release === undefined || !chance.oneIn(5) ? release : bent(scene, release);
}

export function propose(scene: Scene): void {
  const release = someRelease(scene);
  if (release === undefined) return;
  // Who is of safety may propose a plain resume, which is not played here.
  const options = signing(scene, owners);
  const isResume =
    release.answers.length > 0 && (options.by ?? []).some((one) => "role" in one && one.role === "safety");
  if (!isResume) say(scene, { verb: "proposal", body: { release } }, options);
}

export interface Word extends Signing {
  readonly verdict: "for" | "against" | "recused";
  readonly player: Player;
}

function pending({ play, model, chance }: Scene): Act | undefined {
  const all = play.entries.filter(
    ({ predicate }) => predicate.verb === "proposal" && predicate.body.release.model === model,
  );
  return all.length === 0 ? undefined : all[Math.max(0, all.length - 1 - chance.below(3))];
}

export function signOff(scene: Scene, { predicate, body: release }: Act, { verdict, player, ...how }: Word): boolean {
  if (predicate.verb !== "proposal") return false;
  const { proposal } = predicate.body.release;
  const body = { proposal, release, verdict, role: player.role, reason: digest("reason") };
  return say(scene, { verb: "sign-off", body }, { ...how, by: [player] });
}

function word(scene: Scene): void {
  const { chance } = scene;
  const proposal = pending(scene);
  if (proposal === undefined) return;
  const verdict = chance.oneIn(5) ? chance.pick(["against", "recused"] as const) : "for";
  const how = chance.oneIn(6) ? "ledger" : "desk";
  signOff(scene, proposal, { verdict, player: chance.pick(everybody), aheadMs: clockOf(scene), how });
}

function advance(scene: Scene): void {
  const proposal = pending(scene);
  if (proposal?.predicate.verb !== "proposal") return;
  const { release } = proposal.predicate.body;
  const edited = scene.chance.oneIn(6) ? bent(scene, release) : release;
  say(scene, { verb: "certificate", body: { release: edited } }, signing(scene, owners));
}

/** A whole decision, by some of the board, now and then with something between, and now and then by two boards at once. */
function decide(scene: Scene): void {
  const { chance } = scene;
  const proposals = Array.from({ length: chance.oneIn(4) ? 2 : 1 }, () => proposed(scene)).filter(
    (act) => act !== undefined,
  );
  if (chance.oneIn(4)) events[chance.pick(between)](scene);
  for (const proposal of proposals) signTogether(scene, proposal);
  if (chance.oneIn(5)) events[chance.pick(between)](scene);
  for (const { predicate } of proposals) {
    const how = chance.oneIn(6) ? "ledger" : "desk";
    if (predicate.verb === "proposal")
      say(scene, { verb: "certificate", body: predicate.body }, { by: [cast.cy], how });
  }
}

function proposed(scene: Scene): Act | undefined {
  const { play, chance, put } = scene;
  const release = someRelease(scene);
  if (release === undefined) return undefined;
  play.now = Instant.parse(play.now + 1000);
  const act = sign(play, { verb: "proposal", body: { release } }, { by: [cast.cy] });
  return put(act, chance.oneIn(8) ? "ledger" : "desk") ? act : undefined;
}

function signTogether(scene: Scene, proposal: Act): void {
  const { chance } = scene;
  const isAlone = proposal.predicate.verb === "proposal" && proposal.predicate.body.release.oneSigner;
  // All of them, or just as many as it may take: then it hangs on each.
  const just = [chance.pick([cast.ada, cast.cy]), chance.pick([cast.bo, cast.dee]), cast.ash];
  for (const player of isAlone ? [cast.cy] : chance.oneIn(2) ? just : board)
    if (!chance.oneIn(12)) signOff(scene, proposal, { verdict: chance.oneIn(20) ? "against" : "for", player });
}

/** Evidence and decision in order, so that much gets far. */
function earn(scene: Scene): void {
  run(scene, "clean", { by: [cast.ash] });
  if (scene.chance.oneIn(2))
    say(
      scene,
      { verb: "fact", body: { fact: { kind: "drill", attempts: 30, opened: 0, unfinished: 0 }, model: null } },
      { by: [cast.ash] },
    );
  decide(scene);
}

/** Evidence of now beside whatever else has grown old meanwhile. */
function later(scene: Scene): void {
  const { play, chance } = scene;
  play.now = Instant.parse(play.now + chance.pick([9, 13, 16]) * dayMs);
  run(scene, "clean", { by: [cast.ash] });
  decide(scene);
}

function hold(scene: Scene): void {
  const { play, chance, model } = scene;
  const id = idOf.hold(`hold ${chance.below(4)}`);
  const scope = chance.pick([
    { kind: "everything" },
    { kind: "model", model },
    { kind: "stage", model, stage: chance.pick(stages) },
    { kind: "organisation", organisation: chance.pick(callers).organisation },
    { kind: "organisation-type", type: chance.pick(callers).type },
    { kind: "country", country: "NZ" },
  ] as const);
  const options = signing(scene, [...board, cast.pat]);
  const body = { hold: id, scope, reason: digest(`reason ${play.count}`) };
  // Some reach the gateway before the ledger.
  if (chance.oneIn(4)) play.early.push({ hold: id, scope });
  say(scene, { verb: "hold", body }, chance.oneIn(5) ? { ...options, by: [control] } : options);
}

/** Mostly the one that counts. */
function someCertificate({ play, chance, model }: Scene): CertificateId | undefined {
  const all = play.state.certificates.get(model) ?? [];
  return (chance.oneIn(4) && all.length > 0 ? chance.pick(all) : all.at(-1))?.release.certificate;
}

function step(scene: Scene, verb: "widen" | "narrow"): void {
  const { play, chance } = scene;
  const certificate = someCertificate(scene);
  if (certificate === undefined) return;
  const now = play.state.steps.get(certificate)?.step ?? 0;
  const to = chance.oneIn(5) ? chance.below(4) : Math.max(0, now + (verb === "widen" ? 1 : -1));
  say(
    scene,
    { verb, body: { certificate, step: to, reason: digest("reason") } },
    signing(scene, verb === "widen" ? [...owners, cast.bo] : board),
  );
}

/** The control plane judged the gate again and says that it passes no more; now and then a person says so. */
function lapse(scene: Scene): void {
  const { chance } = scene;
  const certificate = someCertificate(scene);
  if (certificate === undefined) return;
  const body = { certificate, verdict: chance.pick(["fail", "inconclusive"] as const), requirements: [] };
  const options = signing(scene, board);
  say(scene, { verb: "lapse", body }, chance.oneIn(4) ? options : { ...options, by: [control] });
}

function incident(scene: Scene): void {
  const { chance, model } = scene;
  const number = chance.below(3);
  const body = {
    fact: {
      kind: "incident",
      incident: IncidentId.parse(`inc_${String(number).padStart(16, "0")}`),
      severity: chance.pick(["low", "medium", "high", "critical"] as const),
      state: chance.oneIn(2) ? "open" : "closed",
      summary: digest("summary"),
    },
    model: number === 0 ? null : model,
  } as const;
  say(scene, { verb: "fact", body }, signing(scene, [...board, cast.pat]));
}

function suspendSomebody(scene: Scene): void {
  const { chance } = scene;
  // Cy, Dee and Ash stay, so that a board can be found.
  const { person } = chance.pick([cast.ada, cast.bo, cast.pat, cast.eve, ...newcomers]);
  const isOrganisation = chance.oneIn(4);
  const target = isOrganisation
    ? ({ kind: "organisation", organisation: chance.pick(callers).organisation } as const)
    : ({ kind: "person", person } as const);
  say(scene, { verb: "suspend", body: { target, reason: digest("reason") } }, signing(scene, owners));
}

/** Somebody new comes in: by two who may, or by one, or by a key of somebody else. */
function comeIn(scene: Scene): void {
  const { play, chance } = scene;
  const comer = chance.pick(newcomers);
  const inviters = chance.oneIn(4) ? [cast.cy] : [cast.cy, chance.pick(board.slice(2))];
  say(scene, { verb: "invite", body: invitationFor(play, comer) }, { by: inviters, aheadMs: clockOf(scene) });
  const invitation = play.said.at(-1)?.digest ?? digest("none");
  if (chance.oneIn(5)) play.now = Instant.parse(play.now + 8 * dayMs);
  const by = chance.oneIn(5) ? [comer] : [invitationKeyOf(comer), comer.signer];
  const body = { person: comer.person, key: comer.signer.publicKey, invitation };
  say(scene, { verb: "admit", body }, { by });
}

/** A new version of the trust root, half of the time with something missing. */
function rotate(scene: Scene): void {
  const { play, chance } = scene;
  const { root } = play.state;
  if (root === undefined) return;
  const fresh = chance.pick(freshGateways);
  const body = {
    ...root.body,
    version: root.body.version + 1,
    previous: root.digest,
    firstOwner: null,
    gateways: [...root.body.gateways.slice(0, 3), fresh.publicKey],
  };
  const whole = [cast.cy, cast.dee, fresh];
  const [by, said] = chance.pick([
    [whole, body],
    [whole, body],
    [whole, body],
    [[cast.cy, cast.dee], body],
    [[cast.cy, fresh], body],
    [[cast.dee, cast.ash, fresh], body],
    [[cast.cy, cast.eve, fresh], body],
    [whole, { ...body, version: body.version + 1 }],
    [whole, { ...body, previous: digest("another root") }],
    [whole, { ...body, floors: { ...body.floors, limited: [{ role: "owner", count: 2 }] } }],
  ] as const);
  say(
    scene,
    { verb: "root", body: { ...said, floors: { ...said.floors, limited: [...said.floors.limited] } } },
    { by, how: chance.oneIn(4) ? "ledger" : "desk" },
  );
}

/** What somebody kept, or saw, is put again: the very same act. */
function replay({ play, chance, put }: Scene): void {
  put(chance.pick(play.said), chance.oneIn(2) ? "desk" : "ledger");
}

/** Somebody signs now and keeps it: it is put by a later replay. */
function keepBack(scene: Scene): void {
  const kept: Scene = { ...scene, put: () => false };
  events[scene.chance.pick(["hold", "advance", "word", "widen", "apply"] as const)](kept);
}

function wait({ play, chance }: Scene): void {
  play.now = Instant.parse(play.now + chance.pick([minuteMs, 60 * minuteMs, dayMs, 4 * dayMs, 11 * dayMs, 16 * dayMs]));
  // What came directly has reached the ledger by then, or was never recorded.
  if (chance.oneIn(2)) play.early.length = 0;
}

export const events = {
  apply: (scene) => {
    apply(scene);
  },
  run: (scene) => {
    const outcome = scene.chance.pick(["clean", "clean", "bad", "unscored", "unsealed", "unasked"] as const);
    run(scene, outcome, signing(scene, [cast.ash, cast.ada]));
  },
  withdraw: (scene) => {
    withdraw(scene);
  },
  propose,
  word,
  advance,
  decide,
  earn,
  later,
  hold,
  restrict: (scene) => {
    const { play, model } = scene;
    const body = {
      hold: idOf.hold(`hold ${scene.chance.below(4)}`),
      model,
      limit: { kind: "output-tokens", max: 1 + play.count },
      reason: digest("reason"),
    } as const;
    say(scene, { verb: "restriction", body }, signing(scene, board));
  },
  widen: (scene) => {
    step(scene, "widen");
  },
  narrow: (scene) => {
    step(scene, "narrow");
  },
  lapse,
  incident,
  drill: (scene) => {
    const opened = scene.chance.oneIn(4) ? 1 : 0;
    const fact = { kind: "drill", attempts: 30, opened, unfinished: scene.chance.oneIn(5) ? 1 : 0 } as const;
    say(scene, { verb: "fact", body: { fact, model: null } }, signing(scene, [cast.ash, cast.cy]));
  },
  suspend: suspendSomebody,
  comeIn,
  reinstate: (scene) => {
    say(scene, organisationOf(scene.play, scene.chance.pick(callers)), signing(scene, owners));
  },
  rotate,
  replay,
  keepBack,
  wait,
} as const satisfies Record<string, (scene: Scene) => void>;

export type EventName = keyof typeof events;

/** What may happen between a proposal and its sign-offs, or between those and the certificate. */
const between = [
  "hold",
  "withdraw",
  "suspend",
  "comeIn",
  "rotate",
  "lapse",
  "incident",
  "apply",
  "run",
  "wait",
  "word",
  "replay",
] as const;

/** How often each happens. */
const weights: Readonly<Record<EventName, number>> = {
  apply: 2,
  run: 2,
  withdraw: 1,
  propose: 2,
  word: 3,
  advance: 3,
  decide: 4,
  earn: 6,
  later: 2,
  hold: 3,
  restrict: 1,
  widen: 3,
  narrow: 1,
  lapse: 1,
  incident: 2,
  drill: 1,
  suspend: 1,
  comeIn: 1,
  reinstate: 1,
  rotate: 1,
  replay: 3,
  keepBack: 1,
  wait: 3,
};

const drawn: readonly EventName[] = Object.keys(events).flatMap((name) =>
  isEvent(name) ? Array.from({ length: weights[name] }, () => name) : [],
);

function isEvent(name: string): name is EventName {
  return name in events;
}

export function someEvent(chance: Chance): EventName {
  return chance.pick(drawn);
}
