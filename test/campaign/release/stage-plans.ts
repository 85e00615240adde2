// What the board of the play agreed on, said twice: as the documents that the gate reads, and in the few words that the oracle reads.
// Whoever changes the one changes the other.
import {
  digestOfLabel,
  firstRootBody,
  oneTimeKeyOf,
  playerOf,
  signerOf,
  type Player,
} from "../../../src/acts/fixtures.ts";
import type { Share } from "../../../src/acts/conditions.ts";
import { ReleasePlan } from "../../../src/gates/plan-document.ts";
import type { SuiteFacts } from "../../../src/gates/assess.ts";
import { type Digest, Name } from "../../../src/terms/ids.ts";
import type { Signer } from "../../../src/proof/primitives.ts";
import type { Role } from "../../../src/terms/role.ts";

/** Two safety leads and two owners, so that one of each may go and the board still stands. */
export const cast = {
  ada: playerOf("Ada", "owner"),
  cy: playerOf("Cy", "owner"),
  bo: playerOf("Bo", "safety"),
  dee: playerOf("Dee", "safety"),
  ash: playerOf("Ash", "assurance"),
  pat: playerOf("Pat", "policy"),
  eve: playerOf("Eve", "auditor"),
} as const satisfies Record<string, Player>;
/** Who comes in later, if at all. */
export const newcomers: readonly Player[] = [playerOf("Nell", "safety"), playerOf("Max", "owner")];
/** Keys that are made once: making one costs as much as an act. */
const oneTimeKeys = new Map(
  [...Object.values(cast), ...newcomers].map((player) => [player.person, oneTimeKeyOf(player)] as const),
);
export const freshGateways: readonly Signer[] = Array.from({ length: 8 }, (_, at) => signerOf(`gateway ${at}`));

export function invitationKeyOf(player: Player): Signer {
  return oneTimeKeys.get(player.person) ?? oneTimeKeyOf(player);
}

/** Second keys of people who have one already: nobody admitted these. */
export const secondKeys: readonly Player[] = [cast.ada, cast.bo].map(({ person, role }, at) => ({
  ...playerOf(`second key ${at}`, role),
  person,
}));

export const models: readonly Name[] = ["small", "large"].map((name) => Name.parse(name));
export const stages = ["internal", "trusted", "limited"] as const;
export type PlayStage = (typeof stages)[number];

export const suite: SuiteFacts = {
  name: Name.parse("core"),
  suite: digestOfLabel("suite"),
  grader: digestOfLabel("grader"),
  measure: Name.parse("misuse-success"),
  failure: "served-and-harmful",
  items: Array.from({ length: 20 }, (_, at) => ({ id: digestOfLabel(`item ${at}`), cluster: `${at}` })),
};

/** Callers: their organisation's type, and the stage that each was granted, at every model. */
export const callers = [
  { organisation: Name.parse("house"), type: Name.parse("internal"), stage: "internal" },
  { organisation: Name.parse("acme"), type: Name.parse("partner"), stage: "trusted" },
  { organisation: Name.parse("zeta"), type: Name.parse("partner"), stage: "trusted" },
  { organisation: Name.parse("press"), type: Name.parse("press"), stage: "trusted" },
  { organisation: Name.parse("beta"), type: Name.parse("developer"), stage: "limited" },
  { organisation: Name.parse("gamma"), type: Name.parse("developer"), stage: "limited" },
] as const;
export type Caller = (typeof callers)[number];

const secretHashes = new Map(
  callers.map(({ organisation }) => [organisation, digestOfLabel(`secret of ${organisation}`)] as const),
);

export function secretHashOf({ organisation }: Pick<Caller, "organisation">): Digest {
  return secretHashes.get(organisation) ?? digestOfLabel("nobody's secret");
}

/** What a stage takes, in words that need no gate. */
export interface StageTerms {
  readonly types: readonly string[];
  readonly seats: readonly Role[];
  /** Of twenty items of which each is tried, none may have failed: one gives 21.6 % at the most, and the limit is 20 %. */
  readonly clean: boolean;
  readonly maxAgeDays?: number;
  readonly drillWithinDays?: number;
  readonly noIncident?: "medium";
  readonly share?: Share;
  readonly endsOnIncident?: "high";
  readonly endsOnFailedGate?: "fail" | "not-pass";
  readonly validDays: number;
}

const share: Share = { by: "organisation", steps: [0.4, 0.7, 1] };

export type PlanName = "plain" | "strict";
export const terms: Readonly<Record<PlanName, Readonly<Record<PlayStage, StageTerms>>>> = {
  plain: {
    internal: { types: ["internal"], seats: ["owner"], clean: false, validDays: 30 },
    trusted: { types: ["partner"], seats: ["owner", "safety"], clean: true, validDays: 20 },
    limited: { types: ["developer"], seats: ["owner", "safety", "assurance"], clean: true, share, validDays: 10 },
  },
  strict: {
    internal: { types: ["internal"], seats: ["owner"], clean: false, validDays: 30, endsOnIncident: "high" },
    trusted: {
      types: ["partner"],
      seats: ["owner", "safety"],
      clean: true,
      maxAgeDays: 12,
      noIncident: "medium",
      endsOnIncident: "high",
      endsOnFailedGate: "not-pass",
      validDays: 20,
    },
    limited: {
      types: ["developer", "press"],
      seats: ["owner", "safety", "safety"],
      clean: true,
      maxAgeDays: 12,
      drillWithinDays: 15,
      noIncident: "medium",
      share,
      endsOnIncident: "high",
      endsOnFailedGate: "fail",
      validDays: 10,
    },
  },
};
export const planNames: readonly PlanName[] = ["plain", "strict"];

export function planDigest(model: Name, plan: PlanName): Digest {
  return digestOfLabel(`plan ${plan} of ${model}`);
}

const documents = new Map(
  models.flatMap((model) => planNames.map((plan) => [planDigest(model, plan), documentOf(model, plan)] as const)),
);

/** Undefined where it is no plan of the play. */
export function planDocument(digest: Digest): ReleasePlan | undefined {
  return documents.get(digest);
}

function documentOf(model: Name, plan: PlanName): ReleasePlan {
  return ReleasePlan.parse({
    kind: "ReleasePlan",
    model,
    safeguards: "default",
    policy: "default",
    stages: stages.map((stage) => ({
      stage,
      audience: { types: terms[plan][stage].types },
      requires: requirementsOf(terms[plan][stage]),
      conditions: conditionsOf(terms[plan][stage]),
      certificate: { validDays: terms[plan][stage].validDays },
    })),
  });
}

function requirementsOf(of: StageTerms): readonly object[] {
  const { seats, clean, maxAgeDays, drillWithinDays, noIncident } = of;
  const roles = [...new Set(seats)];
  const board = roles.map((role) => ({ role, count: seats.filter((each) => each === role).length }));
  return [
    { id: "board", signOffs: board },
    ...(clean ? [{ id: "misuse", suite: suite.name, measure: suite.measure, upper: 0.2, confidence: 0.95 }] : []),
    ...(maxAgeDays === undefined ? [] : [{ id: "age", maxAgeDays }]),
    ...(drillWithinDays === undefined ? [] : [{ id: "drill", drillWithinDays }]),
    ...(noIncident === undefined ? [] : [{ id: "quiet", noIncident }]),
  ];
}

export function conditionsOf({ share: steps, endsOnIncident, endsOnFailedGate }: StageTerms): object {
  return {
    ...(steps === undefined ? {} : { share: steps }),
    ...(endsOnIncident === undefined ? {} : { endsOnIncident }),
    ...(endsOnFailedGate === undefined ? {} : { endsOnFailedGate }),
  };
}

/** What the trust root asks for, whatever a plan says. */
export const floors = firstRootBody.floors;

const roots: Digest[] = [];

/** The ledger's root at a size: every sequence has the same, which no act depends on but by what its signer has seen. */
export function ledgerRootAt(size: number): Digest {
  return (roots[size] ??= digestOfLabel(`root at ${size}`));
}
