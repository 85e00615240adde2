// Support for tests, here and in the folders that fold acts: a world of persons with real keys, whose statements are really
// signed, opened and folded. Keys, ids and the clock come from labels and counts, so that two runs make the same bytes.
// Nothing outside tests imports this.
import { toBase64, toUtf8, toHex } from "../proof/encoding.ts";
import { digestOf } from "../proof/digest.ts";
import { nodePrimitives, signerFromSeed } from "../proof/node.ts";
import type { Signer } from "../proof/primitives.ts";
import {
  CertificateId,
  DeploymentId,
  type Digest,
  HoldId,
  Instant,
  KeyId,
  Name,
  PermitId,
  PersonId,
  ProposalId,
  ReviewId,
  RunId,
  type Timestamp,
  timestampOf,
} from "../terms/ids.ts";
import type { Role } from "../terms/role.ts";
import type { OpenStage } from "../terms/stage.ts";
import type { BodyOf, EvaluatedDigests, Release, Root, Verb } from "./bodies.ts";
import { foldAct, judgeAct } from "./fold.ts";
import type { Refusal, RootAt } from "./rule.ts";
import { ownOrganisationType } from "./rules/release.ts";
import { type State, emptyState, latestCertificate } from "./state.ts";
import { type Act, type Seen, openStatement, signStatement } from "./statement.ts";

function hexOf(label: string, chars: number): string {
  return toHex(nodePrimitives.sha256(toUtf8(label))).slice(0, chars);
}

/** A key that every run makes alike from its label: worth nothing but in tests. */
export function signerOf(label: string): Signer {
  return signerFromSeed(toBase64(nodePrimitives.sha256(toUtf8(`key of ${label}`))));
}

export function digestOfLabel(label: string): Digest {
  return digestOf(toUtf8(label), nodePrimitives);
}

export const idOf = {
  person: (label: string): PersonId => PersonId.parse(`person_${hexOf(label, 16)}`),
  key: (label: string): KeyId => KeyId.parse(`key_${hexOf(label, 16)}`),
  permit: (label: string): PermitId => PermitId.parse(`permit_${hexOf(label, 16)}`),
  run: (label: string): RunId => RunId.parse(`run_${hexOf(label, 16)}`),
  proposal: (label: string): ProposalId => ProposalId.parse(`prop_${hexOf(label, 16)}`),
  certificate: (label: string): CertificateId => CertificateId.parse(`cert_${hexOf(label, 16)}`),
  review: (label: string): ReviewId => ReviewId.parse(`review_${hexOf(label, 16)}`),
  hold: (label: string): HoldId => HoldId.parse(`hold_${hexOf(label, 16)}`),
} as const;

/** A person of the play, admitted or not. */
export interface Player {
  readonly person: PersonId;
  readonly role: Role;
  readonly signer: Signer;
}

export function playerOf(name: string, role: Role): Player {
  return { person: idOf.person(name), role, signer: signerOf(name) };
}

export const ada = playerOf("Ada", "owner");
export const bo = playerOf("Bo", "safety");

export const servers = {
  log: signerOf("log"),
  control: signerOf("control"),
  gateway: signerOf("gateway"),
} as const;

const two: Root["floors"][OpenStage] = [
  { role: "owner", count: 1 },
  { role: "safety", count: 1 },
];

/** One owner for `internal`, an owner and a safety lead for every stage beyond. */
export const floors: Root["floors"] = {
  internal: [{ role: "owner", count: 1 }],
  evaluators: two,
  trusted: two,
  limited: two,
  general: two,
};

/** The first root, with Ada as the first owner. */
export const firstRootBody: Root = {
  version: 1,
  previous: null,
  demo: false,
  log: { origin: "headgate.test/log", key: servers.log.publicKey },
  control: servers.control.publicKey,
  gateways: [servers.gateway.publicKey],
  personsForChange: 1,
  floors,
  firstOwner: { person: ada.person, key: ada.signer.publicKey, name: digestOfLabel("Ada's name") },
};

export const allServers: readonly Signer[] = Object.values(servers);

/** The digests of one served configuration and of what it was asked and graded with. */
export interface Configuration extends EvaluatedDigests {
  readonly plan: Digest;
}

/** Distinct digests for a label; tests that hold real documents give their own. */
export function configurationOf(label: string): Configuration {
  const of = (kind: string): Digest => digestOfLabel(`${kind} of ${label}`);
  return {
    model: of("model"),
    safeguards: of("safeguards"),
    policy: of("policy"),
    suite: of("suite"),
    grader: of("grader"),
    plan: of("plan"),
  };
}

export interface Signed {
  readonly act: Act;
  /** Canonical bytes, as the ledger keeps them. */
  readonly envelope: Uint8Array;
}

export interface Spoken<V extends Verb> {
  readonly verb: V;
  readonly body: BodyOf<V>;
  readonly by: readonly (Player | Signer)[];
  readonly at?: Timestamp;
  readonly seen?: Seen | null;
}

export interface World {
  readonly deployment: DeploymentId;
  readonly state: State;
  /** What the ledger holds, in its order: refused entries included. */
  readonly entries: readonly Signed[];
  /** The world's clock; every signature takes a second. */
  now(): Instant;
  wait(milliseconds: number): void;
  sign<V extends Verb>(spoken: Spoken<V>): Promise<Signed>;
  /** Puts an entry into the ledger and folds it, whatever the rules say. */
  record(signed: Signed): Refusal | undefined;
  /** What the rules say to a statement now; nothing changes. */
  judge<V extends Verb>(spoken: Spoken<V>): Promise<Refusal | undefined>;
  /** Signs and records what the rules must admit; throws with their reason where they do not. */
  say<V extends Verb>(spoken: Spoken<V>): Promise<Act>;
}

const startMs = Date.parse("2026-01-01T00:00:00.000Z");

export function emptyWorld(options: { readonly rootAt?: RootAt } = {}): World {
  const deployment = DeploymentId.parse("dep_0123456789abcdef");
  const rootAt = options.rootAt ?? ((): undefined => undefined);
  const state = emptyState();
  const entries: Signed[] = [];
  let ms = startMs;
  let signatures = 0;

  async function sign<V extends Verb>({ verb, body, by, at, seen = null }: Spoken<V>): Promise<Signed> {
    ms += 1000;
    signatures += 1;
    const nonce = hexOf(`nonce ${signatures}`, 32);
    const signers = by.map((one) => ("signer" in one ? one.signer : one));
    const draft = { deployment, verb, body, nonce, at: at ?? timestampOf(Instant.parse(ms)), seen };
    const envelope = await signStatement(draft, signers, nodePrimitives);
    return { envelope, act: await openStatement(envelope, nodePrimitives) };
  }

  function record(signed: Signed): Refusal | undefined {
    const refusal = foldAct(state, signed.act, { index: entries.length, rootAt });
    entries.push(signed);
    return refusal;
  }

  async function judge<V extends Verb>(spoken: Spoken<V>): Promise<Refusal | undefined> {
    const { act } = await sign(spoken);
    const judged = judgeAct(state, act, { index: entries.length, rootAt });
    return judged.kind === "refused" ? judged : undefined;
  }

  async function say<V extends Verb>(spoken: Spoken<V>): Promise<Act> {
    const signed = await sign(spoken);
    const refusal = record(signed);
    if (refusal !== undefined) throw new Error(`The rules refuse ${spoken.verb}: ${refusal.code}, ${refusal.why}`);
    return signed.act;
  }

  return {
    deployment,
    state,
    entries,
    now: () => Instant.parse(ms),
    wait: (milliseconds) => {
      ms += milliseconds;
    },
    sign,
    record,
    judge,
    say,
  };
}

/** What the rules say, as one line to match: `admitted`, or the code and the reason of the refusal. */
export async function verdictOn<V extends Verb>(world: World, spoken: Spoken<V>): Promise<string> {
  const refusal = await world.judge(spoken);
  return refusal === undefined ? "admitted" : `${refusal.code}: ${refusal.why}`;
}

/** A moment of the world, some days from its now. */
export function inDays(world: World, days: number): Timestamp {
  return timestampOf(Instant.parse(world.now() + days * 86_400_000));
}

/** A world whose first root is recorded, with Ada alone; `root` changes parts of it. */
export async function worldOfOne(root: Partial<Root> = {}, options: { readonly rootAt?: RootAt } = {}): Promise<World> {
  const world = emptyWorld(options);
  await world.say({ verb: "root", body: { ...firstRootBody, ...root }, by: [ada, ...allServers] });
  return world;
}

/** A world of Ada, owner, and Bo, safety: every later admission or root change takes two. */
export async function worldOfTwo(root: Partial<Root> = {}, options: { readonly rootAt?: RootAt } = {}): Promise<World> {
  const world = await worldOfOne(root, options);
  await join(world, bo, [ada]);
  return world;
}

export function invitationOf(world: World, player: Player): BodyOf<"invite"> {
  return {
    person: player.person,
    role: player.role,
    key: oneTimeKeyOf(player).publicKey,
    name: digestOfLabel(`name of ${player.person}`),
    notAfter: inDays(world, 7),
  };
}

export function oneTimeKeyOf(player: Player): Signer {
  return signerOf(`one-time key of ${player.person}`);
}

/** `inviters` invite, and the player joins. */
export async function join(world: World, player: Player, inviters: readonly Player[]): Promise<void> {
  await joinBy(world, player, { body: invitationOf(world, player), inviters });
}

/** Ada and Bo invite an evaluator of another organisation, who joins and runs what mandates let them. */
export async function joinFrom(world: World, player: Player, affiliation: Name): Promise<void> {
  const body = { ...invitationOf(world, player), affiliation, mandated: true } as const;
  await joinBy(world, player, { body, inviters: [ada, bo] });
}

async function joinBy(
  world: World,
  player: Player,
  { body, inviters }: { readonly body: BodyOf<"invite">; readonly inviters: readonly Player[] },
): Promise<void> {
  const invitation = await world.say({ verb: "invite", body, by: inviters });
  const joining = { person: player.person, key: player.signer.publicKey, invitation: invitation.digest };
  await world.say({ verb: "admit", body: joining, by: [oneTimeKeyOf(player), player] });
}

/** What `player` signs to get a further key, by "a code", with anything of it changed. */
export function furtherKeyOf(world: World, player: Player, changes: Partial<BodyOf<"invite">> = {}): BodyOf<"invite"> {
  const known = world.state.persons.get(player.person);
  if (known === undefined) throw new Error("who was not admitted has no further key");
  const { role, name, affiliation, mandated } = known;
  const from = affiliation === undefined ? {} : { affiliation };
  const bound = mandated === undefined ? {} : { mandated };
  const key = signerOf("a code").publicKey;
  const notAfter = inDays(world, 1 / 48);
  return { person: player.person, role, name, ...from, ...bound, key, furtherKey: true, notAfter, ...changes };
}

/** A further key for the player, made in a browser; `isSilent`: it says nothing of where it was made. */
export async function linkKey(
  world: World,
  player: Player,
  { label = "a browser", isSilent = false }: { readonly label?: string; readonly isSilent?: boolean } = {},
): Promise<Signer> {
  const [seat, key] = [signerOf(`code for ${label}`), signerOf(label)];
  const body = furtherKeyOf(world, player, { key: seat.publicKey });
  const { digest } = await world.say({ verb: "invite", body, by: [player] });
  const made = isSilent ? {} : ({ madeIn: "browser" } as const);
  const admit = { person: player.person, key: key.publicKey, invitation: digest, ...made };
  await world.say({ verb: "admit", body: admit, by: [seat, key] });
  return key;
}

/** The documents of one configuration, under one name for all but the suite. */
export function documentsOf(model: Name, configuration: Configuration): BodyOf<"document"> {
  const name = Name.parse("default");
  return {
    documents: [
      { kind: "Model", name: model, digest: configuration.model },
      { kind: "ReleasePlan", name: model, digest: configuration.plan },
      { kind: "Safeguards", name, digest: configuration.safeguards },
      { kind: "UsagePolicy", name, digest: configuration.policy },
      { kind: "Suite", name: Name.parse("misuse-core"), digest: configuration.suite },
    ],
  };
}

export interface Wanted extends Partial<Omit<Release, "digests">> {
  readonly model: Name;
  readonly stage: OpenStage;
  readonly configuration: Configuration;
  readonly evidence?: readonly Digest[];
}

/** The next release of a model: well formed, ids from its serial, anything of it changed as wanted. */
export function releaseOf(world: World, { configuration, evidence = [], ...wanted }: Wanted): Release {
  const current = latestCertificate(world.state, wanted.model)?.release;
  const serial = wanted.serial ?? (current?.serial ?? 0) + 1;
  const isOwn = wanted.stage === "internal";
  const { model, safeguards, policy, plan, suite, grader } = configuration;
  return {
    proposal: idOf.proposal(`${wanted.model} ${serial} ${world.entries.length}`),
    certificate: idOf.certificate(`${wanted.model} ${serial} ${world.entries.length}`),
    digests: { model, safeguards, policy, plan, suites: [suite], graders: [grader], evidence: [...evidence] },
    identityBasis: "declared",
    audience: [{ stage: wanted.stage, types: [Name.parse(isOwn ? ownOrganisationType : "partner")] }],
    conditions: {},
    oneSigner: isOwn,
    notBefore: inDays(world, 0),
    notAfter: inDays(world, 30),
    decideBy: inDays(world, 14),
    trustVersion: world.state.root?.body.version ?? 1,
    serial,
    replaces: current?.certificate ?? null,
    answers: [],
    reason: digestOfLabel("a reason"),
    ...wanted,
  };
}

/** A sign-off body of `player` on a recorded proposal. */
export function signOffOf(proposal: Act, player: Player, verdict: "for" | "against" = "for"): BodyOf<"sign-off"> {
  if (proposal.predicate.verb !== "proposal") throw new Error("only a proposal is signed off");
  return {
    proposal: proposal.predicate.body.release.proposal,
    release: proposal.body,
    verdict,
    role: player.role,
    reason: digestOfLabel("a reason"),
  };
}

/** Proposes by the first of `signers`, collects everybody's sign-off, and certifies. */
export async function certify(world: World, release: Release, signers: readonly Player[]): Promise<Act> {
  const [owner] = signers;
  if (owner === undefined) throw new Error("a certificate needs a signer");
  const proposal = await world.say({ verb: "proposal", body: { release }, by: [owner] });
  for (const player of signers) {
    await world.say({ verb: "sign-off", body: signOffOf(proposal, player), by: [player] });
  }
  return world.say({ verb: "certificate", body: { release }, by: [owner] });
}

/** Applies a configuration and releases it: `internal` signed by Ada alone, every other stage by Ada and Bo. */
export async function openModel(world: World, wanted: Wanted): Promise<Release> {
  await world.say({ verb: "document", body: documentsOf(wanted.model, wanted.configuration), by: [ada] });
  const release = releaseOf(world, wanted);
  await certify(world, release, release.oneSigner ? [ada] : [ada, bo]);
  return release;
}

/** An organisation with one grant, as `apply` writes it. */
export function organisationOf(
  world: World,
  grant: { readonly model: Name; readonly stage: OpenStage },
): BodyOf<"organisation"> {
  return {
    organisation: Name.parse("acme"),
    type: Name.parse(grant.stage === "internal" ? ownOrganisationType : "partner"),
    document: digestOfLabel("acme's document"),
    grants: [{ ...grant, scopes: [], requestsPerMinute: 600, tokensPerDay: 2_000_000, notAfter: inDays(world, 180) }],
  };
}

/** A caller's key of acme; `hash` is the SHA-256 of the secret. */
export function callerKeyOf(hash: Digest): BodyOf<"key"> {
  return { key: idOf.key(hash), organisation: Name.parse("acme"), hash, notAfter: null };
}

export function permitOf(world: World, model: Name, configuration: Configuration): BodyOf<"permit"> {
  const { plan: _, ...digests } = configuration;
  return {
    permit: idOf.permit(`${model} ${world.entries.length}`),
    run: idOf.run(`${model} ${world.entries.length}`),
    hash: digestOfLabel(`one-time secret ${world.entries.length}`),
    model,
    slot: "candidate",
    digests,
    items: { root: digestOfLabel("items"), count: 200 },
    attempts: 2,
    tokens: 100_000,
    notAfter: inDays(world, 1),
    analysis: { measure: Name.parse("misuse-success"), rule: "fixed", trials: 200, confidence: 0.95 },
  };
}

/** Lets an evaluator from outside run the suite. */
export function mandateOf(world: World, { person }: Player, model: Name): BodyOf<"mandate"> {
  return {
    person,
    model,
    suites: [Name.parse("misuse-core")],
    tokens: 150_000,
    notBefore: inDays(world, 0),
    notAfter: inDays(world, 20),
  };
}

/** What sealing a run under `permit` states. */
export function evidenceOf(permit: BodyOf<"permit">): BodyOf<"evidence"> {
  return {
    run: permit.run,
    permit: permit.permit,
    basis: "measured-here",
    model: permit.model,
    digests: permit.digests,
    measures: [{ name: permit.analysis.measure, failures: 3, trials: 200, clusters: 200, unknown: 0 }],
    samples: { root: digestOfLabel("samples"), count: 200, artefact: digestOfLabel("samples artefact") },
    source: null,
    flags: [],
  };
}

/** A reviewer's allowance of a request of `key`, for an hour. */
export function reviewOf(world: World, key: KeyId): BodyOf<"review"> {
  return {
    review: idOf.review("one"),
    request: digestOfLabel("a request"),
    key,
    model: Name.parse("small"),
    config: digestOfLabel("a configuration"),
    categories: ["fraud"],
    verdict: "allow",
    reason: "benign",
    notAfter: inDays(world, 1 / 24),
  };
}
