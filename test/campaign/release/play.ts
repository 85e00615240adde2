// The play of a sequence: a ledger and what lies beside it, the desk that records what is in order, and a gateway's view. The desk asks what
// the control plane asks (the rules of the fold with a clock, the plan a release names, and for a certificate the gate); whoever
// writes the ledger past it is heard by the fold alone. Signatures are taken as checked: an act names its signers' keys.
import { digestOfLabel, firstRootBody, allServers, idOf, servers, signerOf } from "../../../src/acts/fixtures.ts";
import type { BodyOf, Release, Verb } from "../../../src/acts/bodies.ts";
import type { Player } from "../../../src/acts/fixtures.ts";
import { foldAct, judgeAct } from "../../../src/acts/fold.ts";
import { type State, emptyState } from "../../../src/acts/state.ts";
import type { Act } from "../../../src/acts/statement.ts";
import { type EarlyHold, expose } from "../../../src/exposure/exposure.ts";
import { type RunFacts, assess } from "../../../src/gates/assess.ts";
import { releaseProblems } from "../../../src/gates/draft.ts";
import { digestOfValue } from "../../../src/proof/digest.ts";
import { nodePrimitives } from "../../../src/proof/node.ts";
import type { Signer } from "../../../src/proof/primitives.ts";
import {
  DeploymentId,
  type Digest,
  Instant,
  Name,
  type PermitId,
  type Timestamp,
  timestampOf,
} from "../../../src/terms/ids.ts";
import {
  type Caller,
  callers,
  cast,
  models,
  planDigest,
  invitationKeyOf,
  ledgerRootAt,
  planDocument,
  secretHashOf,
  suite,
} from "./stage-plans.ts";

const deployment = DeploymentId.parse("dep_0123456789abcdef");
const startMs = Date.parse("2026-01-01T00:00:00.000Z");
const byDefault = Name.parse("default");

/** A verb with its body. */
export type Said = { readonly [V in Verb]: { readonly verb: V; readonly body: BodyOf<V> } }[Verb];

export interface Play {
  readonly state: State;
  /** Everything that was written into the ledger, refused entries included. */
  readonly entries: Act[];
  readonly runs: Map<PermitId, RunFacts>;
  /** Holds that reached the gateway, and not the ledger. */
  readonly early: EarlyHold[];
  /** Acts that somebody keeps back, and every one that was ever said. */
  readonly said: Act[];
  now: Instant;
  count: number;
}

export function timeOf({ now }: Play, aheadMs = 0): Timestamp {
  return timestampOf(Instant.parse(now + aheadMs));
}

export interface SignedHow {
  readonly by: readonly (Player | Signer)[];
  readonly aheadMs?: number;
  /** They were shown another ledger. */
  readonly isMisled?: boolean;
}

/** An act as `by` sign it, dated `aheadMs` from now. */
export function sign(play: Play, said: Said, { by, aheadMs = 0, isMisled = false }: SignedHow): Act {
  play.count += 1;
  const digest = digestOfLabel(`act ${play.count}`);
  const nonce = "0".repeat(32);
  const size = play.entries.length;
  const seen = size === 0 ? null : { size, root: isMisled ? digestOfLabel("another ledger") : ledgerRootAt(size) };
  const act: Act = {
    digest,
    body: digestOfValue(said.body, nodePrimitives),
    envelope: digest,
    signers: by.map((one) => ("signer" in one ? one.signer.publicKey : one.publicKey)),
    predicate: { ...said, deployment, nonce, at: timeOf(play, aheadMs), seen },
  };
  play.said.push(act);
  return act;
}

/** Whether the desk records it. */
export function submit(play: Play, act: Act): boolean {
  const judged = judgeAct(play.state, act, { index: play.entries.length, rootAt: ledgerRootAt, now: play.now });
  return judged.kind !== "refused" && isInOrder(play, act) && write(play, act);
}

/** Writes it into the ledger; whether the fold takes it. */
export function write(play: Play, act: Act): boolean {
  const refusal = foldAct(play.state, act, { index: play.entries.length, rootAt: ledgerRootAt });
  play.entries.push(act);
  return refusal === undefined;
}

/** What the control plane looks at beside the rules: src/control/examine.ts. */
function isInOrder(play: Play, { predicate }: Act): boolean {
  if (predicate.verb !== "proposal" && predicate.verb !== "certificate") return true;
  const { release } = predicate.body;
  const plan = planDocument(release.digests.plan);
  const proposal = play.state.proposals.get(release.proposal);
  if (plan === undefined) return false;
  const suites = suitesOf(release);
  const index = predicate.verb === "proposal" ? play.entries.length : (proposal?.index ?? play.entries.length);
  const facts = { state: play.state, plan, identityBasis: "declared", suites, index } as const;
  if (releaseProblems(release, facts).length > 0) return false;
  if (predicate.verb === "proposal") return true;
  const { state, runs, now: at } = play;
  const { digests: configuration, stage } = release;
  return assess({ state, plan, stage, configuration, chain, suites, runs, proposal, at }).verdict === "pass";
}

const chain = [{ mode: "block" }] as const;

function suitesOf({ digests }: Release): readonly (typeof suite)[] {
  return digests.suites.every((digest) => digest === suite.suite) ? [suite] : [];
}

/** Whether a gateway that has folded the ledger serves them now. */
export function isServed({ state, now: at, early }: Play, caller: Caller, model: Name): boolean {
  const asked = { hash: secretHashOf(caller), model, from: undefined };
  return expose(state, asked, { at, early, hasher: nodePrimitives }).kind === "open";
}

/** Whether a run's requests are served under its permit. */
export function isPermitted({ state, now: at, early }: Play, hash: Digest, model: Name): boolean {
  return expose(state, { hash, model, from: undefined }, { at, early, hasher: nodePrimitives }).kind === "permit";
}

/** What is served: documents of a version, and the plan. */
export interface Version {
  readonly number: number;
  readonly plan: "plain" | "strict";
}

export function digestsOf(
  model: Name,
  { number, plan }: Version,
): Omit<Release["digests"], "suites" | "graders" | "evidence"> {
  return {
    model: digestOfLabel(`model ${model} ${number}`),
    safeguards: digestOfLabel(`safeguards ${number}`),
    policy: digestOfLabel(`policy ${number}`),
    plan: planDigest(model, plan),
  };
}

export function documentsOf(model: Name, version: Version): Extract<Said, { verb: "document" }> {
  const digests = digestsOf(model, version);
  return {
    verb: "document",
    body: {
      documents: [
        { kind: "Model", name: model, digest: digests.model },
        { kind: "ReleasePlan", name: model, digest: digests.plan },
        { kind: "Safeguards", name: byDefault, digest: digests.safeguards },
        { kind: "UsagePolicy", name: byDefault, digest: digests.policy },
        { kind: "Suite", name: suite.name, digest: suite.suite },
      ],
    },
  };
}

export function organisationOf(
  play: Play,
  { organisation, type, stage }: Caller,
): Extract<Said, { verb: "organisation" }> {
  const limits = { scopes: [], requestsPerMinute: 600, tokensPerDay: 2_000_000 };
  const notAfter = timestampOf(Instant.parse(startMs + 400 * dayMs));
  const grants = models.map((model) => ({ model, stage, ...limits, notAfter }));
  return {
    verb: "organisation",
    body: { organisation, type, document: digestOfLabel(`document ${play.count}`), grants },
  };
}

export const dayMs = 86_400_000;

/** The beginning that all sequences have: the root, the board, two models, callers with keys. */
const beginning: readonly Act[] = begin();

function begin(): readonly Act[] {
  const play = emptyPlay();
  const say = (said: Said, by: readonly (Player | Signer)[]): Act => {
    play.now = Instant.parse(play.now + 1000);
    const act = sign(play, said, { by });
    if (!submit(play, act)) throw new Error(`the beginning is refused at ${said.verb}`);
    return act;
  };
  say({ verb: "root", body: firstRootBody }, [cast.ada, ...allServers]);
  const { ada, ...others } = cast;
  for (const player of Object.values(others))
    for (const { said, by } of joining(play, player, player === cast.cy ? [ada] : [ada, cast.cy])) say(said, by);
  for (const model of models) say(documentsOf(model, { number: 0, plan: "plain" }), [ada]);
  for (const caller of callers) {
    say(organisationOf(play, caller), [ada]);
    const hash = secretHashOf(caller);
    const { organisation } = caller;
    say({ verb: "key", body: { key: idOf.key(organisation), organisation, hash, notAfter: null } }, [ada]);
  }
  return play.entries;
}

/** An invitation, and the joining that names it. */
function* joining(
  play: Play,
  player: Player,
  inviters: readonly Player[],
): Generator<{ readonly said: Said; readonly by: readonly (Player | Signer)[] }> {
  yield { said: { verb: "invite", body: invitationFor(play, player) }, by: inviters };
  const invitation = play.said.at(-1)?.digest ?? digestOfLabel("none");
  const body = { person: player.person, key: player.signer.publicKey, invitation };
  yield { said: { verb: "admit", body }, by: [invitationKeyOf(player), player] };
}

export function invitationFor(play: Play, player: Player): BodyOf<"invite"> {
  const { person, role } = player;
  return {
    person,
    role,
    key: invitationKeyOf(player).publicKey,
    name: digestOfLabel(`name of ${person}`),
    notAfter: timeOf(play, 7 * dayMs),
  };
}

function emptyPlay(): Play {
  return {
    state: emptyState(),
    entries: [],
    runs: new Map(),
    early: [],
    said: [],
    now: Instant.parse(startMs),
    count: 0,
  };
}

export function openPlay(): Play {
  const play = emptyPlay();
  for (const act of beginning) write(play, act);
  play.said.push(...beginning);
  play.count = beginning.length;
  play.now = Instant.parse(startMs + 3_600_000);
  return play;
}

export const stranger = signerOf("a stranger");
export const { control, gateway } = servers;
