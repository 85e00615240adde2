// What outsiders see of the deployment itself: the people and their roles, the trust root, what stands against models, how long
// things are kept, and where each setting of the server comes from. Nothing here can be set over the network, and no value that
// is a secret is here.
import { z } from "zod";
import { Limit, Root } from "../acts/bodies.ts";
import { Digest, GlassId, HoldId, IncidentId, Name, PersonId, Timestamp } from "../terms/ids.ts";
import { Role } from "../terms/role.ts";
import { Severity } from "../terms/severity.ts";

export const settingsRoutes = {
  settings: "/api/v1/settings",
  people: "/api/v1/people",
  trust: "/api/v1/trust",
  standing: "/api/v1/standing",
} as const;

export const SettingView = z.object({
  /** As it is set in the environment. */
  name: z.string(),
  /** Null where it is a secret, or nothing is set and there is no usual value. */
  value: z.string().nullable(),
  isSecret: z.boolean(),
  /** environment: set for this process; file: read from a file of the data folder; usual: nobody set it. */
  source: z.enum(["environment", "file", "usual"]),
});
export type SettingView = z.infer<typeof SettingView>;

/** How long a kind of thing is kept. `days` null: for good. */
const KeptView = z.object({
  what: z.enum([
    "ledger",
    "receipts",
    "documents",
    "usage",
    "refusals",
    "observed",
    "webhook-messages",
    "watch-samples",
  ]),
  days: z.number().nullable(),
});

/** `GET settings`. */
export const SettingsView = z.object({
  version: z.string(),
  demo: z.boolean(),
  settings: z.array(SettingView),
  kept: z.array(KeptView),
  /** What policies in use say of the texts that wait for a person, in days after the decision. */
  reviewTexts: z.array(z.object({ policy: Name, retentionDays: z.number() })),
});
export type SettingsView = z.infer<typeof SettingsView>;

/** People in one answer. */
export const peopleMax = 500;

const PersonView = z.object({
  person: PersonId,
  /** Null where it was erased. */
  name: z.string().nullable(),
  role: Role,
  affiliation: Name.nullable(),
  suspended: z.boolean(),
  /** Entry of the ledger that admitted them. */
  admitted: z.number().int(),
});

/** `GET people`: who was admitted, and who is invited. */
export const PeopleView = z.object({
  people: z.array(PersonView),
  invited: z.array(
    z.object({
      invitation: Digest,
      person: PersonId,
      name: z.string().nullable(),
      role: Role,
      affiliation: Name.nullable(),
      notAfter: Timestamp,
    }),
  ),
  /** Two persons were admitted once: every further invitation takes two. */
  takesTwo: z.boolean(),
});
export type PeopleView = z.infer<typeof PeopleView>;

/** `GET trust`: the trust root in force. */
export const TrustView = z.object({ digest: Digest, firstRoot: Digest, ledgerIndex: z.number().int(), root: Root });
export type TrustView = z.infer<typeof TrustView>;

/** `GET standing`: what stands against models now. */
export const StandingView = z.object({
  holds: z.array(z.object({ hold: HoldId, at: Timestamp, scope: z.string(), models: z.array(Name) })),
  restrictions: z.array(z.object({ restriction: HoldId, model: Name, limit: Limit, at: Timestamp })),
  incidents: z.array(z.object({ incident: IncidentId, model: Name.nullable(), severity: Severity, at: Timestamp })),
  breakGlasses: z.array(
    z.object({ glass: GlassId, model: Name, until: Timestamp, open: z.boolean(), reviewed: z.boolean() }),
  ),
});
export type StandingView = z.infer<typeof StandingView>;
