// `GET /api/v1/needs`: what needs the person who asks, and what needs somebody: one list, the most urgent first, as facts that the
// reader puts into words. With the first run's five steps, as the ledger ticks them.
import { z } from "zod";
import {
  CertificateId,
  Digest,
  GlassId,
  HoldId,
  IncidentId,
  KeyId,
  Name,
  PersonId,
  ProposalId,
  PublicKey,
  Timestamp,
} from "../terms/ids.ts";
import { Limit } from "../acts/bodies.ts";
import { Role } from "../terms/role.ts";
import { Severity } from "../terms/severity.ts";
import { OpenStage } from "../terms/stage.ts";

export const needsRoutes = { needs: "/api/v1/needs" } as const;

/** Rows in one answer; `left` says how many more there are. */
export const needsMax = 200;

const proposal = { proposal: ProposalId, stage: OpenStage, decideBy: Timestamp };
const ending = { notAfter: Timestamp, endsInDays: z.number().int().nonnegative() };

/** What there is to do, by kind. */
const Matter = z.discriminatedUnion("kind", [
  /** Sign, refuse or step back: it lacks the sign-off of `needs`. */
  z.object({ kind: z.literal("sign"), ...proposal, needs: z.array(z.string()).readonly() }),
  /** Signed by all; `verdict` is that of its gate where that is known. */
  z.object({
    kind: z.literal("advance"),
    ...proposal,
    verdict: z.enum(["pass", "fail", "inconclusive"]).nullable(),
  }),
  z.object({ kind: z.literal("cosign"), act: Digest, verb: z.string(), needs: z.array(z.string()).readonly() }),
  z.object({
    kind: z.literal("gate-turned"),
    certificate: CertificateId,
    stage: OpenStage,
    verdict: z.enum(["fail", "inconclusive"]),
    requirements: z.array(z.string()).readonly(),
  }),
  z.object({
    kind: z.literal("lapsed"),
    certificate: CertificateId,
    stage: OpenStage,
    verdict: z.enum(["fail", "inconclusive"]).nullable(),
    requirements: z.array(z.string()).readonly(),
  }),
  z.object({ kind: z.literal("expired"), certificate: CertificateId, stage: OpenStage, ...ending }),
  z.object({ kind: z.literal("certificate-ends"), certificate: CertificateId, stage: OpenStage, ...ending }),
  z.object({ kind: z.literal("grant-ends"), organisation: Name, stage: OpenStage, ...ending }),
  z.object({ kind: z.literal("key-ends"), organisation: Name, key: KeyId, ...ending }),
  z.object({ kind: z.literal("hold"), hold: HoldId, callers: z.string().nullable(), stage: OpenStage.nullable() }),
  z.object({ kind: z.literal("restriction"), restriction: HoldId, limit: Limit, reviewDue: z.boolean() }),
  z.object({ kind: z.literal("break-glass"), glass: GlassId, open: z.boolean(), until: Timestamp }),
  z.object({ kind: z.literal("incident"), incident: IncidentId, severity: Severity }),
  z.object({ kind: z.literal("reviews"), count: z.number().int() }),
  z.object({
    kind: z.literal("gateway"),
    key: PublicKey,
    name: z.string().nullable(),
    connected: z.boolean(),
    behind: z.number().int().nullable(),
  }),
  /** What a watch says: `blind` where it sees nothing. */
  z.object({
    kind: z.literal("canary"),
    verdict: z.enum(["may-widen", "rolled-back", "exceeded", "blind"]),
    step: z.number().int(),
    steps: z.number().int(),
    cause: z.string().nullable(),
  }),
  z.object({ kind: z.literal("webhook"), name: z.string(), waiting: z.number().int(), failing: z.string().nullable() }),
  /** Of the last 15 minutes: `server` is that of the model of this name, `safeguard` as in the seconds of `GET live`. */
  z.object({ kind: z.literal("upstream-fails"), server: z.string(), count: z.number().int() }),
  z.object({ kind: z.literal("unjudged"), safeguard: z.string(), count: z.number().int() }),
]);

export const Urgency = z.enum(["now", "soon", "later"]);
export type Urgency = z.infer<typeof Urgency>;

const Need = z.object({
  /** The same for the same matter each time it is asked. */
  id: z.string(),
  urgency: Urgency,
  /** Whether the person who asks can do it; else `who` says which roles can. */
  mine: z.boolean(),
  who: z.array(Role).readonly(),
  model: Name.nullable(),
  since: Timestamp.nullable(),
  /** When it is too late, where there is such a time. */
  due: Timestamp.nullable(),
  matter: Matter,
});
export type Need = z.infer<typeof Need>;

/** A step of the first run; `entry` is the ledger entry that ticked it, null where it is not ticked or not an entry's doing. */
const FirstStep = z.object({ done: z.boolean(), entry: z.number().int().nullable() });

export const NeedsView = z.object({
  me: z.object({ person: PersonId, role: Role }),
  needs: z.array(Need).max(needsMax),
  left: z.number().int().nonnegative(),
  /** What comes next by itself; null where nothing does. */
  next: z
    .object({
      kind: z.enum(["decide-by", "certificate-ends", "grant-ends", "key-ends"]),
      model: Name.nullable(),
      organisation: Name.nullable(),
      at: Timestamp,
    })
    .nullable(),
  firstRun: z.object({
    /** The model that the steps are about; null while there is none. */
    model: Name.nullable(),
    connected: FirstStep,
    evidence: FirstStep,
    signed: FirstStep,
    certified: FirstStep,
    served: FirstStep,
  }),
  models: z.array(z.object({ model: Name, stage: z.string(), closed: z.string().nullable() })),
  ledgerSize: z.number().int(),
});
export type NeedsView = z.infer<typeof NeedsView>;
