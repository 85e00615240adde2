// An entry checked in this browser, from the bytes up: every signature, what the statement says of itself, the leaf, the way to the
// signed head, the head against the root that this browser pinned, and that the ledger seen here before is its beginning. A step
// that could not be made is `not-checked`, never passed.
import { type Act, openStatement } from "../../../src/acts/statement.ts";
import type { LedgerEntryView } from "../../../src/control/contract-ledger.ts";
import { browserPrimitives } from "../../../src/proof/browser.ts";
import { openCheckpoint } from "../../../src/proof/checkpoint.ts";
import { digestOfHash, hashOfDigest } from "../../../src/proof/digest.ts";
import { fromBase64, toUtf8 } from "../../../src/proof/encoding.ts";
import { openEnvelope } from "../../../src/proof/envelope.ts";
import { parseLeaf } from "../../../src/proof/leaf.ts";
import { leafHash, verifyConsistency, verifyInclusion } from "../../../src/proof/merkle.ts";
import { type Note, type Verifier, parseNote } from "../../../src/proof/note.ts";
import { Failure } from "../../../src/terms/failure.ts";
import { type Trust, rememberSeen } from "../../signing/trust.ts";
import { shortened } from "../../words/format.ts";
import { words } from "../../words/words.ts";
import { type Checks, type Made, type Step, createChecks } from "./checks.ts";

export interface CheckedEntry {
  readonly steps: readonly Step[];
  /** The statement, where its signatures and form hold: what it says may be shown. */
  readonly act: Act | undefined;
}

export interface EntryBytes {
  readonly view: LedgerEntryView;
  /** The ledger's first entry, whose statement says whose signature is on heads. */
  readonly first: Uint8Array;
  readonly trust: Trust;
}

const said = words.ledger.steps;

/** Never rejects: what goes wrong is a step that failed. */
export async function checkEntry({ view, first, trust }: EntryBytes): Promise<CheckedEntry> {
  const { steps, step, after } = createChecks();
  const envelope = fromBase64(view.envelope) ?? new Uint8Array(0);
  const signed = await step(said.signatures.name, async () => {
    const { signers } = await openEnvelope(envelope, browserPrimitives);
    return { value: signers, said: said.signatures.said(signers.length) };
  });
  const act = await after(said.subject.name, signed, async () => {
    const opened = await openStatement(envelope, browserPrimitives);
    return { value: opened, said: said.subject.said(shortened(opened.body)) };
  });
  await after(said.leaf.name, act, async (opened) => {
    const leaf = parseLeaf(bytesOf(view.leaf));
    if (leaf.statement !== opened.envelope || leaf.verb !== opened.predicate.verb) throw wrong(said.leaf.wrong);
    return { value: true, said: said.leaf.said(shortened(leaf.statement)) };
  });
  const log = await step(said.root.name, async () => {
    const root = await openStatement(first, browserPrimitives);
    if (root.predicate.verb !== "root" || root.digest !== trust.root) throw wrong(said.root.wrong);
    const { origin, key } = root.predicate.body.log;
    return { value: { name: origin, publicKey: key }, said: said.root.said[trust.basis](shortened(trust.root)) };
  });
  const head = await after(said.head.name, log, async (key) => checkHead(view, key));
  const stands = await after(said.inclusion.name, head, async (root) => {
    const { index, size } = view;
    const claim = { leafHash: leafHash(bytesOf(view.leaf), browserPrimitives), index, size };
    const path = view.inclusion.map(bytesOf);
    if (!verifyInclusion({ ...claim, path, root }, browserPrimitives)) throw wrong(said.inclusion.wrong);
    return { value: root, said: said.inclusion.said(view.index, view.size, path.length) };
  });
  await checkGrowth({ steps, step, after }, stands, { view, trust });
  steps.push(witnessStep(view.checkpoint));
  return { steps, act };
}

async function checkHead(view: LedgerEntryView, key: Verifier): Promise<Made<Uint8Array>> {
  const { size, root } = await openCheckpoint(toUtf8(view.checkpoint), key, browserPrimitives);
  if (size !== view.size || view.index >= size) throw wrong(said.head.wrong);
  return { value: root, said: said.head.said(size, key.name) };
}

/** That what was seen here before is the beginning; once it is shown, this head is what was seen. */
async function checkGrowth(
  { steps, after }: Checks,
  root: Uint8Array | undefined,
  { view, trust }: Pick<EntryBytes, "view" | "trust">,
): Promise<void> {
  const { checkpoint: before, deployment } = trust;
  if (before === null && root !== undefined) {
    steps.push({ name: said.growth.name, result: "not-checked", said: said.growth.first });
    await rememberSeen(deployment, { size: view.size, root: digestOfHash(root) });
    return;
  }
  await after(said.growth.name, root, async (now) => {
    if (before === null) throw wrong(said.growth.wrong(0));
    if (before.size > view.size) throw wrong(said.growth.shorter(view.size, before.size));
    const path = view.growth?.from === before.size ? view.growth.path.map(bytesOf) : [];
    const sizes = { size1: before.size, root1: hashOfDigest(before.root), size2: view.size, root2: now };
    if (!verifyConsistency({ ...sizes, path }, browserPrimitives)) throw wrong(said.growth.wrong(before.size));
    await rememberSeen(deployment, { size: view.size, root: digestOfHash(now) });
    return { value: true, said: said.growth.said(before.size, view.size) };
  });
}

/** Signatures of others than the log: nobody here knows witnesses' keys, so that they are counted and not checked. */
function witnessStep(checkpoint: string): Step {
  const count = noteOf(checkpoint)?.signatures.length ?? 0;
  const others = Math.max(0, count - 1);
  return { name: said.witnesses.name, result: "not-checked", said: said.witnesses.said(others) };
}

function noteOf(checkpoint: string): Note | undefined {
  try {
    return parseNote(toUtf8(checkpoint));
  } catch {
    return undefined;
  }
}

function wrong(message: string): Failure {
  return new Failure("proof_invalid", message);
}

function bytesOf(base64: string): Uint8Array {
  const bytes = fromBase64(base64);
  if (bytes === undefined) throw wrong(said.notBase64);
  return bytes;
}
