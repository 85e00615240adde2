// An organisation as it is typed, and the document that it means: the form's own judgement is that of `headgate apply`.
import { OrganisationDocument } from "../../../src/acts/organisation-document.ts";
import type { OrganisationView } from "../../../src/control/contract-organisations.ts";
import type { Digest } from "../../../src/terms/ids.ts";
import type { OpenStage } from "../../../src/terms/stage.ts";

/** What somebody began with: null where there was nothing. */
export interface Base {
  readonly digest: Digest | null;
  readonly content: OrganisationDocument | null;
}

export interface TypedGrant {
  /** Of the row, for as long as it is shown. */
  readonly id: string;
  readonly model: string;
  readonly stage: OpenStage;
  readonly scopes: string;
  readonly requestsPerMinute: string;
  readonly tokensPerDay: string;
  readonly expiresInDays: string;
  /** What the form has no field for, kept as it was. */
  readonly rest: object;
}

export interface TypedOrganisation {
  readonly name: string;
  readonly type: string;
  readonly country: string;
  readonly purpose: string;
  readonly grants: readonly TypedGrant[];
  readonly rest: object;
}

export const freshGrant = (): TypedGrant => ({
  id: crypto.randomUUID(),
  model: "",
  stage: "trusted",
  scopes: "",
  requestsPerMinute: "60",
  tokensPerDay: "1000000",
  expiresInDays: "180",
  rest: {},
});

export function typedFrom(known: OrganisationView | undefined): TypedOrganisation {
  const content = known?.document.content;
  if (content === null || content === undefined) {
    const { organisation: name = "", type = "", country } = known ?? {};
    return { name, type, country: country ?? "", purpose: "", grants: [freshGrant()], rest: {} };
  }
  const { kind: _, name, type, country, purpose, grants, ...rest } = content;
  return {
    name,
    type,
    country,
    purpose,
    rest,
    grants: grants.map(({ model, stage, scopes, requestsPerMinute, tokensPerDay, expiresInDays, ...more }) => ({
      id: crypto.randomUUID(),
      model,
      stage,
      scopes: scopes.join(", "),
      requestsPerMinute: String(requestsPerMinute),
      tokensPerDay: String(tokensPerDay),
      expiresInDays: String(expiresInDays),
      rest: more,
    })),
  };
}

export type ParsedOrganisation =
  | { readonly kind: "right"; readonly document: OrganisationDocument }
  /** By the field's path: `grants.0.model`. */
  | { readonly kind: "wrong"; readonly at: Readonly<Record<string, string>> };

export function parsedOrganisation({
  name,
  type,
  country,
  purpose,
  grants,
  rest,
}: TypedOrganisation): ParsedOrganisation {
  const parsed = OrganisationDocument.safeParse({
    ...rest,
    kind: "Organisation",
    name: name.trim(),
    type: type.trim(),
    country: country.trim().toUpperCase(),
    purpose: purpose.trim(),
    grants: grants.map((grant) => ({
      ...grant.rest,
      model: grant.model.trim(),
      stage: grant.stage,
      scopes: listOf(grant.scopes),
      requestsPerMinute: numberOf(grant.requestsPerMinute),
      tokensPerDay: numberOf(grant.tokensPerDay),
      expiresInDays: numberOf(grant.expiresInDays),
    })),
  });
  if (parsed.success) return { kind: "right", document: parsed.data };
  const at = Object.fromEntries(parsed.error.issues.map(({ path, message }) => [path.join("."), message]));
  return { kind: "wrong", at };
}

function listOf(text: string): readonly string[] {
  return text
    .split(",")
    .map((one) => one.trim())
    .filter((one) => one !== "");
}

/** What is no number stays a text, and is refused as one. */
function numberOf(text: string): number | string {
  const trimmed = text.trim().replaceAll(",", "");
  return /^\d+$/.test(trimmed) ? Number(trimmed) : text;
}
