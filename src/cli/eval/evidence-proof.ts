// What is kept beside the profile of every piece of evidence that its person signed: the statement as it was offered, before it was
// sent, the samples behind it, and, once it is recorded, the way from it to a head that the log's key signed. With these it
// can be shown to anybody that the evidence stands in the ledger, or that a ledger of the same log leaves it out.
import { join } from "node:path";
import { z } from "zod";
import { openStatement } from "../../acts/statement.ts";
import { parseJson } from "../../proof/canonical.ts";
import { fromBase64, toBase64 } from "../../proof/encoding.ts";
import { inclusionProof, leafHash } from "../../proof/merkle.ts";
import { nodePrimitives } from "../../proof/node.ts";
import { Failure, failureCode } from "../../terms/failure.ts";
import { Digest, PublicKey, RunId, Timestamp } from "../../terms/ids.ts";
import { readBounded, replaceFile } from "../files.ts";
import { LedgerProof } from "../../acts/ledger-proof.ts";
import { readProfile } from "../profile.ts";
import {
  type Identity,
  type Replayed,
  type Session,
  type Submitted,
  recordedIndex,
  replayed,
  submit,
} from "../session.ts";

export const KeptEvidence = z.strictObject({
  format: z.literal("headgate-evidence-proof/1"),
  run: RunId,
  /** Act digest of the statement. */
  evidence: Digest,
  /** When it was signed. */
  at: Timestamp,
  /** The signed statement, base64. */
  envelope: z.string().max(131_072),
  /** Whose signature is on the log's heads. */
  log: z.strictObject({ origin: z.string().max(256), key: PublicKey }),
  /** Null until it was recorded. */
  proof: LedgerProof.nullable(),
});
export type KeptEvidence = z.infer<typeof KeptEvidence>;

const keptBytesMax = 262_144;

type Place = Pick<Identity, "path">;

function pathOf({ path }: Place, run: RunId, ending: "json" | "samples"): string {
  return join(`${path}.evidence`, `${run}.${ending}`);
}

/**
 * Offers signed evidence with its samples. The statement and the samples are on disk before they leave, and the proof once they
 * are recorded: nothing that was signed here is only there.
 */
export async function submitEvidence(session: Session, envelope: Uint8Array, samples: Uint8Array): Promise<Submitted> {
  const log = session.state.root?.body.log;
  const { digest, predicate } = await openStatement(envelope, nodePrimitives);
  if (predicate.verb !== "evidence" || log === undefined)
    throw new Failure("statement_invalid", "This is no evidence.");
  const { run } = predicate.body;
  const kept = {
    format: "headgate-evidence-proof/1",
    run,
    evidence: digest,
    at: predicate.at,
    envelope: toBase64(envelope),
    log,
  } as const;
  // Of commitments, and no texts.
  replaceFile(pathOf(session, run, "samples"), Buffer.from(samples).toString("utf8"));
  keep(session, { ...kept, proof: null });
  const submitted = await submit(session, envelope, { artefacts: [samples] });
  await keepProof(session, { ...kept, proof: null }, recordedIndex(submitted));
  return submitted;
}

/** The proof of what was recorded before, where it is not kept yet: the server had gone away, or the command was killed. */
export async function completeProof(session: Session, run: RunId, index: number): Promise<void> {
  const kept = keptEvidence(session, run);
  if (kept?.proof === null) await keepProof(session, kept, index);
}

async function keepProof(session: Session, kept: KeptEvidence, index: number): Promise<void> {
  try {
    const proof = proofIn(await replayed({ ...session, profile: readProfile(session.path) }), index);
    keep(session, { ...kept, proof });
  } catch (error) {
    // Recorded it is all the same; `eval run --resume` completes what is kept.
    if (failureCode(error) !== "server_unreachable") throw error;
  }
}

function keep(place: Place, kept: KeptEvidence): void {
  replaceFile(pathOf(place, kept.run, "json"), `${JSON.stringify(kept)}\n`);
}

export function keptEvidence(place: Place, run: RunId): KeptEvidence | undefined {
  const path = pathOf(place, run, "json");
  const file = readBounded(path, keptBytesMax);
  if (file === undefined) return undefined;
  const value = parseJson(file.bytes, { bytesMax: keptBytesMax, depthMax: 5, code: "proof_invalid" });
  const kept = KeptEvidence.safeParse(value);
  if (kept.success && kept.data.run === run) return kept.data;
  throw new Failure("proof_invalid", `${path} is not what \`headgate\` kept there. Bring it back from your copy.`);
}

/** The way from the entry at `index` to the head of the ledger. Fails with proof_invalid where there is no such entry. */
export function proofIn({ replica, batches }: Replayed, index: number): LedgerProof {
  const records = batches.flatMap((batch) => batch.records);
  const leaf = records[index]?.leaf;
  const checkpoint = replica.checkpoint();
  if (leaf === undefined || checkpoint === undefined)
    throw new Failure("proof_invalid", `The ledger that is shown has no entry ${index}.`);
  const hashes = records.map((record) => leafHash(record.leaf, nodePrimitives));
  return {
    format: "headgate-ledger-proof/1",
    kind: "inclusion",
    index,
    leaf: toBase64(leaf),
    path: inclusionProof(hashes, index, nodePrimitives).map(toBase64),
    checkpoint,
  };
}

export function envelopeIn({ envelope }: KeptEvidence): Uint8Array {
  const bytes = fromBase64(envelope);
  if (bytes === undefined) throw new Failure("proof_invalid", "What was kept of the evidence is no statement.");
  return bytes;
}
