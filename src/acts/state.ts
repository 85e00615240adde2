// What the ledger says, folded. Only src/acts/fold.ts changes it, and only after a rule has decided purely that it may.
// Nothing opens by absence: holds, suspensions and withdrawals are entries here, and taking one away needs another entry.
import type { Network } from "../terms/network.ts";
import type { Severity } from "../terms/severity.ts";
import type { Role } from "../terms/role.ts";
import type {
  CertificateId,
  DeploymentId,
  Digest,
  HoldId,
  IncidentId,
  KeyId,
  Name,
  PermitId,
  PersonId,
  ProposalId,
  PublicKey,
  ReviewId,
  Timestamp,
} from "../terms/ids.ts";
import type {
  BodyOf,
  DocumentKind,
  EvidenceBody,
  Grant,
  HoldScope,
  Limit,
  Mandate,
  Permit,
  Release,
  ReleaseScope,
  Root,
} from "./bodies.ts";
import { isOnModel } from "./hold-scope.ts";
import type { Limits } from "./limits.ts";

/** A key that signs for a person. */
export interface PersonKey {
  readonly key: PublicKey;
  /** Ledger index of the act that brought it, and when that was, as it says. */
  readonly index: number;
  readonly at: Timestamp;
  /** As its maker says, or because nobody but browsers asked for it. */
  readonly madeIn?: "browser";
}

export interface Person {
  readonly person: PersonId;
  readonly role: Role;
  /** The one they were admitted with; whether it still signs for them, `keys` says. */
  readonly key: PublicKey;
  readonly keys: readonly PersonKey[];
  readonly name: Digest;
  /** The organisation outside the operator that they were admitted as belonging to. */
  readonly affiliation?: Name;
  /** Present where they run only what a mandate lets them. */
  readonly mandated?: true;
  /** Ledger index of the act that admitted them: who came after a proposal cannot sign it. */
  readonly admitted: number;
  readonly suspended: boolean;
}

export interface Invitation extends BodyOf<"invite"> {
  /** The distinct persons who stood behind it. */
  readonly signers: readonly PersonId[];
  /** Present where keys of browsers alone signed it. */
  readonly askedIn?: "browser";
  readonly spent: boolean;
}

/** `until`: ledger index of the act that wrote it otherwise. */
export interface Former extends Pick<BodyOf<"organisation">, "type"> {
  readonly country: string | null;
  readonly until: number;
}

export interface Organisation {
  readonly organisation: Name;
  readonly type: Name;
  /** Where it is registered; null where its statement does not say. */
  readonly country: string | null;
  /** What it was before, and up to where in the ledger: a hold that reached it then reaches it now. */
  readonly earlier: readonly Former[];
  readonly document: Digest;
  readonly grants: readonly Grant[];
  /** Over all its keys and models together. */
  readonly limits: Limits;
  /** When it was last written or suspended, as its signer says. */
  readonly at: Timestamp;
  readonly suspended: boolean;
  /** Ledger index of what suspended it last. */
  readonly stopped?: number;
}

/** One secret of a key. All secrets of a key agree but in their end, `ending` and `isLatest`. */
export interface CallerKey {
  readonly key: KeyId;
  readonly organisation: Name;
  readonly ending: string | null;
  readonly notAfter: Timestamp | null;
  /** Where it may be used from; null for anywhere. */
  readonly networks: readonly Network[] | null;
  readonly limits: Limits;
  /** When the key was first written, as its signer says. */
  readonly made: Timestamp;
  /** When the key was last written or suspended, as its signer says. */
  readonly at: Timestamp;
  readonly standing: "active" | "suspended" | "revoked";
  /** Ledger index of what suspended it last. */
  readonly stopped?: number;
  /** False for a secret that a rotation ends. */
  readonly isLatest: boolean;
}

type Verdict = BodyOf<"sign-off">["verdict"];

export interface SignOff {
  readonly person: PersonId;
  readonly role: Role;
  /** `recused`: they step back, and say nothing of it. */
  readonly verdict: Verdict;
  readonly at: Timestamp;
  readonly reason: Digest;
  readonly index: number;
  /** Present where none of the keys that signed it was anything but a browser's. */
  readonly madeIn?: "browser";
}

export interface Proposal {
  readonly release: Release;
  readonly digest: Digest;
  readonly by: PersonId;
  readonly at: Timestamp;
  readonly index: number;
  /** One a person, the latest. */
  readonly signOffs: ReadonlyMap<PersonId, SignOff>;
  readonly certified: boolean;
}

export interface Certificate {
  readonly release: Release;
  readonly by: PersonId;
  readonly at: Timestamp;
  readonly index: number;
}

export interface Hold {
  readonly hold: HoldId;
  readonly scope: ReleaseScope;
  readonly at: Timestamp;
  readonly reason: Digest;
  readonly index: number;
}

/** A hold on an organisation or a key, which suspended it; it ends as any suspension does. */
interface HeldCaller {
  readonly hold: HoldId;
  readonly scope: Exclude<HoldScope, ReleaseScope>;
  readonly at: Timestamp;
  readonly index: number;
}

export interface Restriction {
  readonly hold: HoldId;
  readonly model: Name;
  readonly limit: Limit;
  readonly at: Timestamp;
  readonly index: number;
}

/** A restriction that a certificate lifted. */
interface Lifted extends Restriction {
  readonly by: CertificateId;
  /** Ledger index of that certificate. */
  readonly until: number;
}

export interface Evidence {
  readonly act: Digest;
  readonly body: EvidenceBody;
  readonly by: PersonId;
  readonly role: Role;
  readonly at: Timestamp;
  readonly index: number;
  readonly withdrawn: boolean;
  /** Who took it back. */
  readonly withdrawnBy?: PersonId;
}

export type GivenPermit = Permit & {
  readonly by: PersonId;
  /** Who agreed to it, where it takes two. */
  readonly second?: PersonId;
  readonly at: Timestamp;
  readonly index: number;
};

/** What the operator lets an evaluator outside run. */
export interface GivenMandate extends Mandate {
  /** Present once it was withdrawn: it lets nobody do anything from there on. */
  readonly withdrawn?: { readonly by: PersonId; readonly at: Timestamp; readonly index: number };
  readonly act: Digest;
  readonly by: PersonId;
  readonly at: Timestamp;
  readonly index: number;
}

export interface Applied {
  /** The organisation outside the operator whose suite it is; nobody else writes it. */
  readonly of?: Name;
  readonly candidate: Digest;
  /** When that one was applied last. */
  readonly since: Timestamp;
  readonly all: ReadonlySet<Digest>;
  /** Who applied each of them. */
  readonly by: ReadonlyMap<string, ReadonlySet<PersonId>>;
}

export interface Incident {
  readonly incident: IncidentId;
  /** Null: it is about all models. */
  readonly model: Name | null;
  readonly severity: Severity;
  readonly state: "open" | "closed";
  /** When it was opened. */
  readonly at: Timestamp;
  /** Commitment to what was said of it last. */
  readonly summary: Digest;
  /** Of what was said of it last. */
  readonly index: number;
}

/** Where a certificate's share stands. */
interface TakenStep {
  readonly step: number;
  readonly at: Timestamp;
  readonly index: number;
  /** Steps up and down that were taken so far, this one included. */
  readonly taken: number;
  /** The live measure that the server stepped back for; null where a person took the step. */
  readonly watch: Name | null;
}

/** By what a certificate lapsed. */
export interface Lapsed extends Omit<BodyOf<"lapse">, "certificate"> {
  readonly at: Timestamp;
  readonly index: number;
}

/** What goes on, or went on, over holds. */
export interface BreakGlass extends BodyOf<"break-glass"> {
  readonly signers: readonly PersonId[];
  readonly at: Timestamp;
  readonly index: number;
  /** The hold that ended it before its time. */
  readonly ended?: { readonly hold: HoldId; readonly at: Timestamp; readonly index: number };
  readonly review?: {
    readonly by: PersonId;
    readonly finding: "justified" | "unjustified";
    readonly at: Timestamp;
    readonly index: number;
  };
}

interface Fact {
  readonly body: BodyOf<"fact">;
  readonly at: Timestamp;
  readonly index: number;
}

/** Where a gateway's count stands. */
interface LastInterval {
  readonly interval: number;
  readonly next: number;
  /** Root of its last interval, or the digest of the body that says it was lost. */
  readonly root: Digest;
  readonly at: Timestamp;
}

interface LostRange {
  readonly gateway: PublicKey;
  readonly first: number;
  readonly count: number;
  readonly spool: Digest;
  readonly at: Timestamp;
  readonly index: number;
}

/** What a reviewer decided. */
export interface ReviewDecision extends BodyOf<"review"> {
  readonly by: PersonId;
  readonly at: Timestamp;
  readonly index: number;
}

/** That somebody was shown the text of a review. */
interface Reading {
  readonly person: PersonId;
  readonly at: Timestamp;
}

/** How many reviews there were, by the last word on each; they are counted for good and kept for as long as they matter. */
interface Reviewed {
  read: number;
  allow: number;
  refuse: number;
  /** Of samples of a watch, whose verdicts decide on no request. */
  labels: number;
  /** When those that are over were last dropped, in hours. */
  droppedHour: number;
}

/** An entry the ledger holds and the rules refuse: it changes nothing and is shown as an anomaly. */
interface Anomaly {
  readonly index: number;
  readonly why: string;
}

export interface State {
  deployment: DeploymentId | undefined;
  root: { readonly body: Root; readonly digest: Digest; readonly index: number } | undefined;
  firstRoot: Digest | undefined;
  /** Once two persons were admitted, every further admission or root change needs two, for ever. */
  pairSeen: boolean;
  readonly acts: Set<Digest>;
  readonly persons: Map<PersonId, Person>;
  readonly personByKey: Map<PublicKey, PersonId>;
  /** Keys that were taken away from a person: nobody's, for ever. */
  readonly keysGone: Set<PublicKey>;
  readonly invitations: Map<Digest, Invitation>;
  readonly organisations: Map<Name, Organisation>;
  /** By the SHA-256 of the secret. */
  readonly keys: Map<Digest, CallerKey>;
  /** The secrets of each key, first one first. */
  readonly keySecrets: Map<KeyId, readonly Digest[]>;
  readonly documents: Map<DocumentKind, Map<Name, Applied>>;
  /** By act digest. */
  readonly mandates: Map<Digest, GivenMandate>;
  readonly permits: Map<PermitId, GivenPermit>;
  readonly permitByHash: Map<Digest, PermitId>;
  readonly permitExchanges: Map<PermitId, number>;
  readonly evidence: Map<Digest, Evidence>;
  readonly proposals: Map<ProposalId, Proposal>;
  /** Per model, every certificate in ledger order; the last has the highest serial. */
  readonly certificates: Map<Name, readonly Certificate[]>;
  readonly holds: Map<HoldId, Hold>;
  /** Which models a hold no longer holds, by the certificate that answered it. */
  readonly answered: Map<HoldId, Map<Name, CertificateId>>;
  /** By act digest: no one can take an id before somebody else's. */
  readonly heldCallers: Map<Digest, HeldCaller>;
  /** In force, by act digest. */
  readonly restrictions: Map<Digest, Restriction>;
  readonly lifted: Map<Digest, Lifted>;
  /** Per model, in ledger order: each was reviewed before the next one. */
  readonly glasses: Map<Name, readonly BreakGlass[]>;
  /** Of certificates with a share, the steps that are taken; the first where none is here. */
  readonly steps: Map<CertificateId, TakenStep>;
  readonly incidents: Map<IncidentId, Incident>;
  /** Certificates that an incident ended, and which. */
  readonly ended: Map<CertificateId, IncidentId>;
  /** Certificates whose gate passes no more, where they were signed to lapse then. */
  readonly lapsed: Map<CertificateId, Lapsed>;
  readonly facts: Fact[];
  readonly intervals: Map<PublicKey, LastInterval>;
  /** Ranges of receipts that a gateway's spool did not give back, in ledger order. */
  readonly lost: LostRange[];
  /** The last word on each review, until a day after its end. */
  readonly reviews: Map<ReviewId, ReviewDecision>;
  /** The review of each request that was decided last. */
  readonly reviewOf: Map<Digest, ReviewId>;
  readonly readings: Map<ReviewId, readonly Reading[]>;
  readonly reviewed: Reviewed;
  readonly anomalies: Anomaly[];
}

export function emptyState(): State {
  return {
    deployment: undefined,
    root: undefined,
    firstRoot: undefined,
    pairSeen: false,
    acts: new Set(),
    persons: new Map(),
    personByKey: new Map(),
    keysGone: new Set(),
    invitations: new Map(),
    organisations: new Map(),
    keys: new Map(),
    keySecrets: new Map(),
    documents: new Map(),
    mandates: new Map(),
    permits: new Map(),
    permitByHash: new Map(),
    permitExchanges: new Map(),
    evidence: new Map(),
    proposals: new Map(),
    certificates: new Map(),
    holds: new Map(),
    answered: new Map(),
    heldCallers: new Map(),
    restrictions: new Map(),
    lifted: new Map(),
    glasses: new Map(),
    steps: new Map(),
    incidents: new Map(),
    ended: new Map(),
    lapsed: new Map(),
    facts: [],
    intervals: new Map(),
    lost: [],
    reviews: new Map(),
    reviewOf: new Map(),
    readings: new Map(),
    reviewed: { read: 0, allow: 0, refuse: 0, labels: 0, droppedHour: 0 },
    anomalies: [],
  };
}

/** The certificate that counts: the one with the highest serial, valid or not. */
export function latestCertificate(state: State, model: Name): Certificate | undefined {
  return state.certificates.get(model)?.at(-1);
}

/** Holds on a model, or on a stage of it, that no certificate has answered. */
export function holdsOn(state: State, model: Name): readonly Hold[] {
  if (state.holds.size === 0) return [];
  return [...state.holds.values()].filter(
    (hold) => isOnModel(hold.scope, model) && state.answered.get(hold.hold)?.has(model) !== true,
  );
}

/** The last word on a request, whichever of its reviews it was about. */
export function lastDecision({ reviews, reviewOf }: State, request: Digest): ReviewDecision | undefined {
  const id = reviewOf.get(request);
  return id === undefined ? undefined : reviews.get(id);
}

/** Whether a decision lets a request through: whoever is suspended has allowed nothing. */
export function isAllowance({ persons }: State, { verdict, by }: ReviewDecision): boolean {
  return verdict === "allow" && persons.get(by)?.suspended === false;
}
