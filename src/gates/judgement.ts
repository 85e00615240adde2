// What a gate is given and what it says. Everything here is plain JSON data, so that a bundle can carry both and anyone
// can judge again.
import type { BodyOf, Calibration, EvaluatedDigests, Permit } from "../acts/bodies.ts";
import type { SignOff } from "../acts/state.ts";
import type { Tally } from "../statistics/measure.ts";
import type { PairedCounts } from "../statistics/paired.ts";
import type { Digest, Instant, Name, PermitId, RunId, Timestamp } from "../terms/ids.ts";
import type { OpenStage } from "../terms/stage.ts";
import type { FailureKind } from "../terms/trial.ts";
import type { Deviation } from "./deviation.ts";
import type { Against } from "./against.ts";
import type { Conflict } from "./conflict.ts";

/** pass: shown. fail: shown not to hold, or refused, or not signed. inconclusive: nobody can tell yet. */
export type GateVerdict = "pass" | "fail" | "inconclusive";

type Basis = "measured-here" | "declared";

/** All evidence of one measure under one set of digests, pooled by item. */
export interface PooledMeasure {
  readonly suite: Name;
  readonly measure: Name;
  readonly basis: Basis;
  readonly digests: EvaluatedDigests;
  readonly tally: Tally;
  /** Items of the suite that no permit ever tried; they are part of the unknown ones. */
  readonly untried: number;
  /** Unknown clusters that a further run, or sealing one, can still settle; the other unknown ones stay unknown. */
  readonly open: number;
  /** When the item that was tried least recently was last tried; null where an item never was. */
  readonly oldestTry: Timestamp | null;
  readonly permits: readonly PermitId[];
  /** Present where every plan could be ended at any time: its bounds hold at all times at once. */
  readonly rule?: "sequential";
  /** Of a measured one: its runs, each with its plan and where it left it, in the order of their registration. */
  readonly runs?: readonly RegisteredRun[];
  /** Of a measured one: runs of the same items under another suite's digest; what came out badly in them is counted. */
  readonly elsewhere?: readonly RunId[];
  /** Of a measured one: what the runs of evaluators outside the operator come to by themselves. */
  readonly outsiders?: Outsiders;
  /** Of a declared one: whether who vouched for it was admitted as belonging to another organisation than the operator. */
  readonly outside?: boolean;
  /** Of a declared one that somebody else than its signer took back: it is no evidence for anything, and what it says against stands. */
  readonly againstOnly?: true;
  /** How sure the grader is, where the evidence says: of several statements the worst. */
  readonly calibration?: Calibration;
  /** Answers of one cluster that were graded, at the most. */
  readonly answersMax: number;
  /** Of a measured one: clusters that were tried whole and failed in every attempt, which is what a lower bound may count. */
  readonly wholly?: number;
  /** Present where its safeguards had other modes than callers at the stage get: it says nothing of them. */
  readonly otherModes?: true;
}

/** The released system and another one on the clusters of one suite. */
export interface PairedMeasure {
  readonly suite: Name;
  readonly measure: Name;
  readonly against: Against;
  /** By who fails: of the released one (`onlyOne`) what is unknown failed, of the other it did not. */
  readonly worst: PairedCounts;
  /** The other way round. */
  readonly best: PairedCounts;
  /** Clusters that nobody can tell of one of them, or of both. */
  readonly unknown: number;
}

/** A run as its permit planned it, and the ways in which it went otherwise. */
export interface RegisteredRun {
  readonly permit: PermitId;
  readonly run: RunId;
  readonly plan: Permit["analysis"];
  readonly deviations: readonly Deviation[];
}

interface Outsiders extends Pick<PooledMeasure, "tally" | "rule"> {
  readonly runs: number;
}

/** What the proposal is about; evidence counts only under exactly these. */
export interface ReleasedDigests {
  readonly model: Digest;
  readonly safeguards: Digest;
  readonly policy: Digest;
  readonly suites: readonly {
    readonly name: Name;
    readonly suite: Digest;
    readonly grader: Digest;
    /** What its measure counts, where that is known. */
    readonly failure?: FailureKind;
  }[];
}

/** A sign-off by a person in good standing: the caller leaves out who was suspended or admitted too late. */
export interface GivenSignOff extends Pick<SignOff, "person" | "role" | "verdict" | "madeIn"> {
  readonly at?: Timestamp;
  /** What they had a hand in themselves. */
  readonly conflicts?: readonly Conflict[];
}

/** A logged statement about the world that is about the model or about all, in ledger order. */
export interface GivenFact {
  readonly fact: BodyOf<"fact">["fact"];
  readonly at: Timestamp;
}

/** Which measure a requirement asks for. */
export interface Wanted {
  readonly suite: Name;
  readonly measure: Name;
  /** True where reports from outside count too, not only what was measured through the front door. */
  readonly acceptsDeclared: boolean;
}

/** Everything a stage is judged on, but its plan. */
export interface GateCase {
  readonly digests: ReleasedDigests;
  readonly measures: readonly PooledMeasure[];
  /** Where the plan asks for comparisons. */
  readonly pairs?: readonly PairedMeasure[];
  readonly signOffs: readonly GivenSignOff[];
  readonly facts: readonly GivenFact[];
  readonly at: Instant;
}

/** The case with what the whole stage asks for, for requirements that look across. */
export interface StageCase extends GateCase {
  readonly wanted: readonly Wanted[];
  /** How able the model is taken to be, where the stage asks. */
  readonly tier: TierJudgement | undefined;
}

export type Figures = Readonly<Record<string, string | number | boolean | null>>;

export interface RequirementJudgement {
  readonly id: string;
  readonly kind:
    | "measure-bound"
    | "measure-floor"
    | "comparison"
    | "tier-ceiling"
    | "sign-offs"
    | "evidence-age"
    | "no-incident"
    | "drilled"
    | "consulted"
    | "published"
    | "policy-tests";
  /** not-asked: the plan asks it of abler models only. It is no pass, and has no say. */
  readonly verdict: GateVerdict | "not-asked";
  readonly have: Figures;
  readonly need: Figures;
  readonly why: string;
  /** What would make it pass; null when it does. */
  readonly stillToShow: string | null;
}

/** What one rule of the plan's tiers comes to. `unknown`: no evidence counts, which is as good as reached. */
export interface TierRuleJudgement {
  readonly tier: number;
  readonly suite: Name;
  readonly measure: Name;
  readonly from: number;
  readonly confidence: number;
  readonly verdict: "ruled-out" | "not-ruled-out" | "reached" | "unknown";
  /** One-sided bounds on the rate, unknown clusters able in the upper and unable in the lower one. */
  readonly upper: number;
  readonly lower: number;
  readonly why: string;
}

/** How able the model is taken to be: the highest tier that nothing rules out. */
export interface TierJudgement {
  readonly tier: number;
  readonly rules: readonly TierRuleJudgement[];
}

export interface Judgement {
  readonly stage: OpenStage;
  readonly verdict: GateVerdict;
  /** Present where a requirement of the stage depends on it. */
  readonly tier?: TierJudgement;
  readonly requirements: readonly RequirementJudgement[];
}
