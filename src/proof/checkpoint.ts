// Checkpoints, C2SP tlog-checkpoint v1.0.0: the signed head of a log. The text is `origin`, `size` and base64 `root`, a line
// each; the log signs it with an Ed25519 key whose name is the origin. Extension lines of other logs are read over.
import { Failure } from "../terms/failure.ts";
import { fromBase64, toBase64 } from "./encoding.ts";
import { openNote, signNote, type Verifier } from "./note.ts";
import { hashBytes, type Hasher, type Primitives, type Signer } from "./primitives.ts";

export interface Checkpoint {
  readonly origin: string;
  readonly size: number;
  /** 32 bytes. */
  readonly root: Uint8Array;
}

/** The text that is signed. */
export function formatCheckpoint(checkpoint: Checkpoint): string {
  return `${checkpoint.origin}\n${checkpoint.size}\n${toBase64(checkpoint.root)}\n`;
}

/** Fails with proof_invalid. Sizes go to 2^53 - 1. */
export function parseCheckpoint(text: string): Checkpoint {
  const [origin = "", sizeText = "", rootText = "", ...rest] = text.split("\n");
  const size = /^(0|[1-9][0-9]{0,15})$/.test(sizeText) ? Number(sizeText) : Number.NaN;
  const root = fromBase64(rootText);
  // What follows the last line feed is empty; lines between are extensions, and none of them may be empty.
  const isEnded = rest.length > 0 && rest.findIndex((line) => line === "") === rest.length - 1;
  if (origin === "" || !Number.isSafeInteger(size) || root?.length !== hashBytes || !isEnded) {
    throw new Failure("proof_invalid", "This is not a checkpoint: origin, size and root, a line each.");
  }
  return { origin, size, root };
}

/** The signed note, under the log's own key named by the origin. */
export async function signCheckpoint(checkpoint: Checkpoint, signer: Signer, hasher: Hasher): Promise<Uint8Array> {
  return signNote(formatCheckpoint(checkpoint), [{ name: checkpoint.origin, signer }], hasher);
}

/**
 * The checkpoint of the log that `log` names, its signature checked. Fails with proof_invalid on the form and on another
 * log's origin, with signature_invalid on the signature.
 */
export async function openCheckpoint(bytes: Uint8Array, log: Verifier, primitives: Primitives): Promise<Checkpoint> {
  const { text } = await openNote(bytes, [log], primitives);
  const checkpoint = parseCheckpoint(text);
  if (checkpoint.origin !== log.name) {
    throw new Failure("proof_invalid", `This is a checkpoint of ${checkpoint.origin}, not of ${log.name}.`);
  }
  return checkpoint;
}
