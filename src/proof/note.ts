// Signed notes, C2SP signed-note v1.0.0: a text, an empty line, and signature lines that each name a key.
//
//   example.com/log
//   15
//   rKbDipCvhuX1GZ7g5BBe8sA6BbJ7ja/1nk427v383cs=
//
//   — example.com/log M9e0luh4jTG+…
//
// A signature by an unknown key is ignored; one by a known key that does not fit makes the whole note void.
import { z } from "zod";
import { Failure } from "../terms/failure.ts";
import { PublicKey } from "../terms/ids.ts";
import { concatBytes, equalBytes, fromBase64, fromHex, fromUtf8, toBase64, toHex, toUtf8 } from "./encoding.ts";
import { publicKeyBytes, type Hasher, type Primitives, type Signer } from "./primitives.ts";
import { rawPublicKey } from "./digest.ts";
import { isStrongPublicKey } from "./ed25519.ts";

const noteBytesMax = 65_536;
const noteSignaturesMax = 100;

/** Printable ASCII without space and plus: narrower than the specification, where readers differ on what a space is. */
const KeyName = z.string().regex(/^[!-*,-~]{1,255}$/);

/** Who a note may be signed by: an Ed25519 key under a name. */
export interface Verifier {
  readonly name: string;
  readonly publicKey: PublicKey;
}

export interface NoteSigner {
  readonly name: string;
  readonly signer: Signer;
}

export interface Note {
  /** Ends in a line feed; this is what is signed. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

interface NoteSignature {
  readonly name: string;
  /** Four bytes. */
  readonly keyHash: Uint8Array;
  readonly signature: Uint8Array;
}

export interface OpenedNote {
  readonly text: string;
  /** The verifiers, of those given, whose signatures stand under the text: at least one. */
  readonly signedBy: readonly Verifier[];
}

/** `name+hash+key`, the text a log is known by. */
export function formatVerifierKey(verifier: Verifier, hasher: Hasher): string {
  return `${verifier.name}+${toHex(keyHashOf(verifier, hasher))}+${toBase64(typedKey(verifier))}`;
}

/** Fails with proof_invalid unless the text names an Ed25519 key whose hash is its own. */
export function parseVerifierKey(text: string, hasher: Hasher): Verifier {
  // The key's base64 may hold a plus as well: only the first two divide.
  const match = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/.exec(text);
  const [, name = "", hash = "", key = ""] = match ?? [];
  const typed = fromBase64(key);
  if (!KeyName.safeParse(name).success || typed?.length !== 1 + publicKeyBytes || typed[0] !== ed25519) {
    throw new Failure("proof_invalid", "A verifier key is name+hash+key, for an Ed25519 key.");
  }
  const verifier: Verifier = { name, publicKey: PublicKey.parse(toBase64(typed.slice(1))) };
  const isOwnHash = equalBytes(keyHashOf(verifier, hasher), fromHex(hash) ?? new Uint8Array(0));
  if (!isOwnHash || !isStrongPublicKey(typed.slice(1))) {
    throw new Failure("proof_invalid", "The hash in this verifier key does not belong to its key.");
  }
  return verifier;
}

const ed25519 = 0x01;

function typedKey(verifier: Verifier): Uint8Array {
  return concatBytes([new Uint8Array([ed25519]), rawPublicKey(verifier.publicKey)]);
}

function keyHashOf(verifier: Verifier, hasher: Hasher): Uint8Array {
  return hasher.sha256(concatBytes([toUtf8(`${verifier.name}\n`), typedKey(verifier)])).slice(0, 4);
}

/** The bytes of a note over `text`, signed by all of `signers` in this order. Fails with proof_invalid on an unfit text. */
export async function signNote(text: string, signers: readonly NoteSigner[], hasher: Hasher): Promise<Uint8Array> {
  if (!isNoteText(text)) throw new Failure("proof_invalid", "A note is lines of text, each ended by a line feed.");
  const message = toUtf8(text);
  const lines = await Promise.all(
    signers.map(async ({ name, signer }) => {
      const hash = keyHashOf({ name: KeyName.parse(name), publicKey: signer.publicKey }, hasher);
      return `${signatureMark}${name} ${toBase64(concatBytes([hash, await signer.sign(message)]))}\n`;
    }),
  );
  return toUtf8(`${text}\n${lines.join("")}`);
}

const signatureMark = "\u2014 ";

/** No control character but the line feed, and a line feed at the end. */
function isNoteText(text: string): boolean {
  return text.endsWith("\n") && text.isWellFormed() && toUtf8(text).every((byte) => byte >= 0x20 || byte === 0x0a);
}

/**
 * The text and who signed it. Fails with proof_invalid on the form, with signature_invalid when a signature of a known
 * key does not fit or when no known key signed.
 */
export async function openNote(
  bytes: Uint8Array,
  verifiers: readonly Verifier[],
  primitives: Primitives,
): Promise<OpenedNote> {
  const note = parseNote(bytes);
  const message = toUtf8(note.text);
  const signedBy: Verifier[] = [];
  for (const verifier of verifiers) {
    const own = note.signatures.filter((signature) => isBy(verifier, signature, primitives));
    for (const { signature } of own) {
      const fits = await primitives.verify(rawPublicKey(verifier.publicKey), message, signature);
      if (!fits) throw new Failure("signature_invalid", `The signature of ${verifier.name} does not fit the note.`);
    }
    if (own.length > 0) signedBy.push(verifier);
  }
  if (signedBy.length === 0) throw new Failure("signature_invalid", "No known key has signed this note.");
  return { text: note.text, signedBy };
}

function isBy(verifier: Verifier, signature: NoteSignature, hasher: Hasher): boolean {
  return signature.name === verifier.name && equalBytes(signature.keyHash, keyHashOf(verifier, hasher));
}

/** Text and signature lines, nothing checked but their form. Fails with proof_invalid. */
export function parseNote(bytes: Uint8Array): Note {
  const whole = bytes.length > noteBytesMax ? undefined : fromUtf8(bytes);
  // The last empty line divides: the text may hold empty lines, signature lines never do.
  const cut = whole?.lastIndexOf("\n\n") ?? -1;
  if (whole === undefined || cut < 0 || !isNoteText(whole)) {
    throw new Failure("proof_invalid", "This is not a signed note.");
  }
  const lines = whole
    .slice(cut + 2)
    .split("\n")
    .slice(0, -1);
  if (lines.length < 1 || lines.length > noteSignaturesMax) {
    throw new Failure("proof_invalid", `A signed note has 1 to ${noteSignaturesMax} signatures.`);
  }
  return { text: whole.slice(0, cut + 1), signatures: lines.map(parseSignatureLine) };
}

function parseSignatureLine(line: string): NoteSignature {
  const [name = "", encoded = "", ...rest] = line.slice(signatureMark.length).split(" ");
  const bytes = fromBase64(encoded);
  const isForm = line.startsWith(signatureMark) && rest.length === 0 && name !== "" && !name.includes("+");
  if (!isForm || bytes === undefined || bytes.length <= keyHashBytes) {
    throw new Failure("proof_invalid", "A signature line of this note is malformed.");
  }
  return { name, keyHash: bytes.slice(0, keyHashBytes), signature: bytes.slice(keyHashBytes) };
}

const keyHashBytes = 4;
