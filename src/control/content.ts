// What comes with a statement beside its envelope: openings of its commitments and the content it names by digest. Each is
// checked against the statement, so that nothing else is ever kept.
import { promisify } from "node:util";
import { gunzip as gunzipCallback } from "node:zlib";
import type { BodyOf, Verb } from "../acts/bodies.ts";
import type { Act } from "../acts/statement.ts";
import { openDocument } from "../documents/kinds.ts";
import { unpackedBytesMax, unpackedRatioMax } from "./contract.ts";
import { type Opening, commit, digestOf } from "../proof/digest.ts";
import { fromBase64 } from "../proof/encoding.ts";
import type { Hasher } from "../proof/primitives.ts";
import { Failure } from "../terms/failure.ts";
import type { Digest } from "../terms/ids.ts";

export interface Content {
  readonly openings: ReadonlyMap<Digest, Opening>;
  readonly artefacts: ReadonlyMap<Digest, Uint8Array>;
}

export const noContent: Content = { openings: new Map(), artefacts: new Map() };

interface Sent {
  readonly openings: readonly Opening[];
  readonly artefacts: readonly string[];
  readonly packed?: string | undefined;
}

/** Content as it came, by digest. Fails with request_invalid on bad base64, and on what is packed too well to be content. */
export async function contentOf({ openings, artefacts, packed }: Sent, hasher: Hasher): Promise<Content> {
  const sent = artefacts.map((text) => bytesOf(text));
  if (packed !== undefined) sent.push(await unpacked(bytesOf(packed)));
  return {
    openings: new Map(openings.map((opening) => [commit(opening, hasher), opening])),
    artefacts: new Map(sent.map((bytes) => [digestOf(bytes, hasher), bytes])),
  };
}

function bytesOf(text: string): Uint8Array {
  const bytes = fromBase64(text);
  if (bytes === undefined) throw new Failure("request_invalid", "An artefact is not standard base64.");
  return bytes;
}

/** Few bytes that unpack to many would take memory that nobody counted; away from the thread that serves. */
async function unpacked(bytes: Uint8Array): Promise<Uint8Array> {
  const maxOutputLength = Math.min(unpackedBytesMax, bytes.length * unpackedRatioMax);
  try {
    return new Uint8Array(await gunzip(bytes, { maxOutputLength }));
  } catch (cause) {
    throw new Failure(
      "request_invalid",
      `The packed artefact is no gzip, or unpacks to more than ${unpackedRatioMax} times its size or ${unpackedBytesMax} bytes.`,
      { cause },
    );
  }
}

const gunzip = promisify(gunzipCallback);

/** Fails with request_invalid where something came that the statement does not name. */
export function checkContent<V extends Verb>({ predicate }: Act<V>, content: Content): void {
  const { verb, body } = predicate;
  const naming: Naming<V> = names[verb];
  const { commitments: committed = [], artefacts = [] } = naming(body);
  const commitments = new Set(committed);
  const stray = [...content.openings.keys()].find((commitment) => !commitments.has(commitment));
  if (stray !== undefined) {
    throw new Failure("request_invalid", "A text came with this statement that it does not commit to. Sign it anew.");
  }
  const named = new Set(artefacts);
  for (const digest of named) for (const inner of itemsIn(content.artefacts.get(digest))) named.add(inner);
  const unnamed = [...content.artefacts.keys()].find((digest) => !named.has(digest));
  if (unnamed === undefined) return;
  throw new Failure("request_invalid", `Content came that the statement does not name (${unnamed}).`, {
    detail: { digest: unnamed },
  });
}

/** What the body of a statement names: commitments to texts, and content by digest. */
interface Names {
  readonly commitments?: readonly Digest[];
  readonly artefacts?: readonly Digest[];
}
type Naming<V extends Verb> = (body: BodyOf<V>) => Names;

const nothing = (): Names => ({});
const reason = (body: { readonly reason: Digest }): Names => ({ commitments: [body.reason] });
const releaseReason = (body: BodyOf<"proposal">): Names => ({ commitments: [body.release.reason] });

const names: { readonly [V in Verb]: Naming<V> } = {
  root: ({ firstOwner }) => (firstOwner === null ? {} : { commitments: [firstOwner.name] }),
  invite: ({ name }) => ({ commitments: [name] }),
  admit: nothing,
  suspend: reason,
  organisation: ({ document }) => ({ artefacts: [document] }),
  key: nothing,
  document: ({ documents }) => ({ artefacts: documents.map(({ digest }) => digest) }),
  mandate: nothing,
  permit: nothing,
  evidence: ({ samples, source }) => ({
    artefacts: source === null ? [samples.artefact] : [samples.artefact, source.file],
  }),
  proposal: releaseReason,
  "sign-off": reason,
  certificate: releaseReason,
  hold: reason,
  restriction: reason,
  "break-glass": reason,
  widen: reason,
  lapse: nothing,
  narrow: reason,
  fact: ({ fact }) => ("summary" in fact ? { commitments: [fact.summary] } : {}),
  withdrawal: reason,
  receipts: nothing,
  lost: nothing,
  reading: nothing,
  review: nothing,
};

/** The items that a suite document names, and its calibration set. */
function itemsIn(bytes: Uint8Array | undefined): readonly Digest[] {
  if (bytes === undefined) return [];
  try {
    const document = openDocument(bytes);
    if (document.kind !== "Suite" || document.content === undefined) return [];
    const { digest, calibration } = document.content;
    return calibration === undefined ? [digest] : [digest, calibration];
  } catch {
    // Not a document: whether it should have been one is decided by src/control/examine.ts.
    return [];
  }
}
