// The kinds of document, in one table: name in YAML, and the type that parses it. The type lives with its noun; a new
// kind is one line here. A document is named by the digest of its canonical JSON, defaults filled in.
import { z } from "zod";
import { OrganisationDocument } from "../acts/organisation-document.ts";
import { Suite } from "../evidence/suite-document.ts";
import { ReleasePlan } from "../gates/plan-document.ts";
import { UsagePolicy } from "../policy/policy-document.ts";
import { parseJson } from "../proof/canonical.ts";
import { Safeguards } from "../safeguards/safeguards-document.ts";
import { Failure } from "../terms/failure.ts";
import type { Name } from "../terms/ids.ts";
import { ModelDocument } from "../upstream/model-document.ts";

export const documentTypes = {
  Model: ModelDocument,
  Organisation: OrganisationDocument,
  Suite,
  Safeguards,
  UsagePolicy,
  ReleasePlan,
} as const;

export const AnyKind = z.enum(["Model", "Organisation", "Suite", "Safeguards", "UsagePolicy", "ReleasePlan"]);
export type AnyKind = z.infer<typeof AnyKind>;

export type AnyDocument = ModelDocument | OrganisationDocument | Suite | Safeguards | UsagePolicy | ReleasePlan;

/** Bytes of a document in its canonical form. */
const documentBytesMax = 1024 * 1024;

/** A plan is named by its model; everything else has a name of its own. */
export function nameOf(document: AnyDocument): Name {
  return document.kind === "ReleasePlan" ? document.model : document.name;
}

const AnyDocumentType = z.union([ModelDocument, OrganisationDocument, Suite, Safeguards, UsagePolicy, ReleasePlan]);

/** The document in an artefact. Fails with document_invalid; the digest is the caller's to have checked. */
export function openDocument(bytes: Uint8Array): AnyDocument {
  const value = parseJson(bytes, { bytesMax: documentBytesMax, depthMax: 32, code: "document_invalid" });
  const parsed = AnyDocumentType.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new Failure("document_invalid", "This artefact is not a document Headgate knows. Apply it again.", {
    cause: parsed.error,
  });
}
