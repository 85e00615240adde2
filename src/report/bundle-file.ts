// The file that a bundle is: read strictly, so that nothing stands in it that nobody checks, and no two readers see two files.
import { z } from "zod";
import { parseJson } from "../proof/canonical.ts";
import { Opening } from "../proof/digest.ts";
import { Failure } from "../terms/failure.ts";
import { Digest, ProposalId, Timestamp } from "../terms/ids.ts";

export const bundleBytesMax = 512 * 1024 * 1024;

const limits = { bytesMax: bundleBytesMax, depthMax: 16, partsMax: 50_000_000 } as const;

const Base64 = z.string().regex(/^[A-Za-z0-9+/]*={0,2}$/);

export const Bundle = z.strictObject({
  format: z.literal("headgate-bundle/1"),
  proposal: ProposalId,
  firstRoot: Digest,
  batch: z.strictObject({
    from: z.number().int().nonnegative(),
    records: z.array(z.strictObject({ leaf: Base64, envelope: Base64 })),
    checkpoint: z.string(),
  }),
  /** Documents and samples that the acts name, by digest. */
  artefacts: z.record(Digest, Base64),
  openings: z.array(Opening),
  /** Self-contained receipts of the exchanges under every permit that the judgement pools. */
  receipts: z.array(z.string()),
  /** How the gate came out for whoever saved the file; compared with how it comes out for whoever verifies it. */
  judged: z.strictObject({ at: Timestamp, judgement: z.record(z.string(), z.unknown()) }).optional(),
});
export type Bundle = z.infer<typeof Bundle>;

/** Fails with request_invalid. */
export function parseBundle(bytes: Uint8Array): Bundle {
  const result = Bundle.safeParse(parseJson(bytes, limits));
  if (result.success) return result.data;
  throw new Failure("request_invalid", "This is not a bundle that this version of headgate reads.", {
    cause: result.error,
  });
}
