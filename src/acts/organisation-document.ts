// The Organisation document: who is let in, for what purpose, and how far. The act carries what the gateway decides on and
// the digest of this document; the purpose is for people and stays in the document (src/acts/bodies.ts).
import { z } from "zod";
import { Name } from "../terms/ids.ts";
import { OpenStage } from "../terms/stage.ts";
import { Limits, limitFields } from "./limits.ts";

/** Longest life of a grant, in days; it is renewed by applying the document again. */
const grantDaysMax = 730;

const GrantWish = z.strictObject({
  model: Name,
  /** The stage this organisation takes part in. */
  stage: OpenStage,
  scopes: z.array(Name).max(32).default([]),
  requestsPerMinute: limitFields.requestsPerMinute.default(60),
  tokensPerMinute: limitFields.tokensPerMinute.optional(),
  tokensPerDay: limitFields.tokensPerDay.default(1_000_000),
  exchanges: limitFields.exchanges.optional(),
  expiresInDays: z.number().int().min(1).max(grantDaysMax).default(180),
});

export const OrganisationDocument = z.strictObject({
  kind: z.literal("Organisation"),
  name: Name,
  /** What the audience of a stage names: partner, evaluator, academic, public, … */
  type: Name,
  /** ISO 3166-1 alpha-2; the act leaves out a code that is none. */
  country: z.string().regex(/^[A-Z]{2}$/, "a country is two capital letters, for example DE"),
  purpose: z.string().min(1).max(2000),
  grants: z
    .array(GrantWish)
    .max(256)
    .refine((grants) => new Set(grants.map((grant) => grant.model)).size === grants.length, "a model is granted twice"),
  /** Over all keys and models together, beside what each grant says. */
  limits: Limits.optional(),
});
export type OrganisationDocument = z.infer<typeof OrganisationDocument>;
