// What outsiders see of the access programme: organisations, their grants and keys, use and refusals, and what a key would get
// now. No secret and no hash of one is here. Days are UTC's; "today" is the running one.
import { z } from "zod";
import { Limits } from "../acts/limits.ts";
import { OrganisationDocument } from "../acts/organisation-document.ts";
import { FormatName } from "../terms/format-name.ts";
import { Digest, KeyId, Name, Timestamp } from "../terms/ids.ts";
import { OpenStage, Stage } from "../terms/stage.ts";

export const organisationRoutes = {
  organisations: "/api/v1/organisations",
  organisation: "/api/v1/organisations/:organisation",
  why: "/api/v1/organisations/:organisation/why",
} as const;

/** Organisations in one answer, at the most and where nobody says. */
const organisationsPageMax = 200;
const organisationsPage = 50;

const OrganisationSort = z.enum(["name", "type", "country", "ends", "used", "seen"]);

/** What can be asked of the list, as it stands in a query string and in a page's address. */
export const OrganisationsQuery = z.strictObject({
  /** Part of a name, of any case. */
  q: z.string().trim().max(100).default(""),
  type: Name.optional(),
  country: z
    .string()
    .regex(/^[A-Z]{2}$/)
    .optional(),
  state: z.enum(["all", "active", "suspended", "ending", "ended"]).default("all"),
  sort: OrganisationSort.default("name"),
  order: z.enum(["up", "down"]).default("up"),
  /** The last organisation of the page before. */
  after: Name.optional(),
  limit: z.coerce.number().int().min(1).max(organisationsPageMax).default(organisationsPage),
});
export type OrganisationsQuery = z.infer<typeof OrganisationsQuery>;

export const Used = z.object({ tokens: z.number().int().nonnegative(), requests: z.number().int().nonnegative() });
export type Used = z.infer<typeof Used>;

/** A day, and nothing finer: use is counted by days. */
const Day = z.string().regex(/^\d{4}-\d{2}-\d{2}$/);

export const GrantView = z.object({
  model: Name,
  stage: OpenStage,
  scopes: z.array(Name),
  requestsPerMinute: z.number(),
  tokensPerMinute: z.number().nullable(),
  tokensPerDay: z.number(),
  exchanges: z.number().nullable(),
  notAfter: Timestamp,
  /** Whole days that are left; 0 on the last one and after the end. */
  endsInDays: z.number().int().nonnegative(),
  /** The nearest warning that is due, in days before the end; 0: it has ended. */
  endDue: z.literal([0, 1, 7, 14, 30]).nullable(),
  today: Used,
});
export type GrantView = z.infer<typeof GrantView>;

export const OrganisationSummary = z.object({
  organisation: Name,
  type: Name,
  country: z.string().nullable(),
  /** Of its document; null where that is not kept here. */
  purpose: z.string().nullable(),
  suspended: z.boolean(),
  grants: z.array(GrantView),
  /** Keys that work now, and all that it ever had. */
  keys: z.object({ active: z.number().int(), all: z.number().int() }),
  today: Used,
  /** The largest part of a daily limit that is used: 0.5 is half of it. Null where it has none. */
  usedPart: z.number().nullable(),
  /** The last day on which a key of it was used, of the last 92. */
  lastSeen: Day.nullable(),
});
export type OrganisationSummary = z.infer<typeof OrganisationSummary>;

/** `GET organisations`: `total` fit what was asked, whatever the page. */
export const OrganisationsView = z.object({
  organisations: z.array(OrganisationSummary),
  total: z.number().int().nonnegative(),
  /** What the next page comes after; null on the last one. */
  next: Name.nullable(),
  types: z.array(Name),
});
export type OrganisationsView = z.infer<typeof OrganisationsView>;

const KeyState = z.enum(["active", "ending", "expired", "suspended", "revoked"]);

export const KeyView = z.object({
  key: KeyId,
  state: KeyState,
  made: Timestamp,
  notAfter: Timestamp.nullable(),
  networks: z.array(z.string()).nullable(),
  limits: Limits,
  lastUsed: Day.nullable(),
  /** Every secret it had, oldest first. */
  secrets: z.array(z.object({ ending: z.string().nullable(), state: KeyState, notAfter: Timestamp.nullable() })),
});
export type KeyView = z.infer<typeof KeyView>;

/** Days of use that are shown. */
export const usageDays = 30;

const RefusalDay = z.object({ day: Day, code: z.string(), reason: z.string().nullable(), count: z.number().int() });
const UsageDay = Used.extend({ day: Day, model: Name });

/** Of the last `usageDays` days; days and models of which nothing is known are left out. */
export const UsageView = z.object({
  from: Day,
  to: Day,
  used: z.array(UsageDay),
  refusals: z.array(RefusalDay.extend({ sentence: z.string() })),
});
export type UsageView = z.infer<typeof UsageView>;

/** Keys in one answer; who has more sees the newest. */
export const keysMax = 500;

/** `GET organisation`. */
export const OrganisationView = OrganisationSummary.extend({
  /** Over all its keys and models together. */
  limits: Limits,
  document: z.object({ digest: Digest, content: OrganisationDocument.nullable() }),
  /** When it was last written or suspended. */
  at: Timestamp,
  keyList: z.array(KeyView),
  usage: UsageView,
});
export type OrganisationView = z.infer<typeof OrganisationView>;

/** What is asked by `why`: the key and the model, and where and how it asks, as far as somebody says. */
export const WhyQuery = z.strictObject({
  key: KeyId,
  model: Name,
  from: z.union([z.ipv4(), z.ipv6()]).optional(),
  format: FormatName.optional(),
});

/** A check as people read it. */
export const CheckView = z.object({
  name: z.string(),
  verdict: z.enum(["passes", "refuses", "not-asked"]),
  /** Where it refuses, what the caller is told. */
  code: z.string().nullable(),
  reason: z.string().nullable(),
  sentence: z.string().nullable(),
  opensAt: Timestamp.nullable(),
});

export type CheckView = z.infer<typeof CheckView>;

/** `GET why`: `answer` is what a caller would get at `at`, as far as the control plane decides it. */
export const WhyView = z.object({
  organisation: Name,
  key: KeyId,
  model: Name,
  at: Timestamp,
  stage: Stage,
  answer: z.discriminatedUnion("kind", [
    z.object({ kind: z.literal("open") }),
    z.object({
      kind: z.literal("refused"),
      check: z.string(),
      status: z.number().int(),
      code: z.string(),
      reason: z.string().nullable(),
      sentence: z.string(),
    }),
  ]),
  checks: z.array(CheckView),
  /** Daily limits that meet in the request, with what of each is used. A gateway counts; these are the sums it told. */
  limits: z.array(z.object({ of: z.enum(["key", "grant", "organisation"]), limit: z.number(), used: z.number() })),
});
export type WhyView = z.infer<typeof WhyView>;
