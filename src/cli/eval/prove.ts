// `headgate eval prove`: that a piece of evidence stands in the ledger, or that it was left out of what is shown now or of a bundle,
// from what its signer kept and nothing else. The proof it prints is one that anybody checks with `ledger verify --proof`.
import { z } from "zod";
import { batchOf } from "../../feed/catch-up.ts";
import type { Evidence } from "../../acts/state.ts";
import { type Seen, openStatement } from "../../acts/statement.ts";
import { bundleBytesMax, parseBundle } from "../../report/bundle-file.ts";
import { type Replica, createReplica } from "../../feed/replica.ts";
import { digestOf } from "../../proof/digest.ts";
import { nodePrimitives } from "../../proof/node.ts";
import { Failure, failureCode } from "../../terms/failure.ts";
import { type Digest, RunId } from "../../terms/ids.ts";
import { type Answer, done, inconclusive, notPassed } from "../answer.ts";
import { evidenceCalled } from "./withdraw.ts";
import { type KeptEvidence, envelopeIn, keptEvidence, proofIn } from "./evidence-proof.ts";
import { readNeeded, replaceFile } from "../files.ts";
import { type LedgerProof, checkLedgerProof } from "../../acts/ledger-proof.ts";
import { type Identity, type Replayed, identify, replayCache, shownLedger } from "../session.ts";
import { type Call, argument, parsed } from "../verb.ts";

export const ProveEvidenceOptions = z.object({
  bundle: z.string().min(1).optional(),
  out: z.string().min(1).optional(),
});
type ProveCall = Call<z.infer<typeof ProveEvidenceOptions>>;

export async function proveEvidence(call: ProveCall): Promise<Answer> {
  const run = parsed(RunId, argument(call, 0), "The run");
  const identity = identify(call.base, call.context);
  const kept = keptEvidence(identity, run);
  const shown = await shownNow(identity, call);
  if (kept?.proof === null) return notRecorded(kept, shown);
  const claim = kept === undefined ? fromLedger(shown, run) : await fromKept(kept);
  if (call.options.out !== undefined) replaceFile(call.options.out, `${JSON.stringify(claim.proof)}\n`);
  return answerOf(claim, shown, call);
}

/** The ledger that is compared with; `none` where no server answers, with what was seen last. */
interface Shown {
  readonly kind: "server" | "bundle" | "none";
  readonly ledger: Replayed;
  readonly words: string;
}

async function shownNow(identity: Identity, { options }: ProveCall): Promise<Shown> {
  if (options.bundle !== undefined) {
    return { kind: "bundle", ledger: await bundled(identity, options.bundle), words: options.bundle };
  }
  try {
    return { kind: "server", ledger: await shownLedger(identity), words: "the ledger that the server shows" };
  } catch (error) {
    if (failureCode(error) !== "server_unreachable") throw error;
    return { kind: "none", ledger: await replayCache(identity), words: "what was seen last" };
  }
}

/** The ledger of a bundle, under the trust root that the profile pins. */
async function bundled({ profile }: Identity, path: string): Promise<Replayed> {
  const bundle = parseBundle(readNeeded(path, bundleBytesMax));
  const replica: Replica = createReplica({ primitives: nodePrimitives, pin: profile.root, mark: undefined });
  const batch = batchOf(bundle.batch);
  await replica.receive(batch);
  return { replica, batches: [batch] };
}

interface Claim {
  readonly run: RunId;
  readonly evidence: Digest;
  readonly index: number;
  readonly head: Seen;
  readonly proof: LedgerProof;
}

/** Checks what was kept: the statement, the entry that names it, and the way to a head that the log signed. */
async function fromKept(kept: KeptEvidence): Promise<Claim> {
  const { proof, run, log } = kept;
  if (proof === null) throw new Failure("proof_invalid", `${run} was signed and never recorded.`);
  const envelope = envelopeIn(kept);
  const act = await openStatement(envelope, nodePrimitives);
  const key = { name: log.origin, publicKey: log.key };
  const { head, entry } = await checkLedgerProof(proof, key, nodePrimitives);
  const isIt = act.digest === kept.evidence && entry?.statement === digestOf(envelope, nodePrimitives);
  if (isIt && entry !== undefined) return { run, evidence: act.digest, index: entry.index, head, proof };
  throw new Failure(
    "proof_invalid",
    "What was kept of this evidence does not fit together. Bring it back from your copy.",
  );
}

/** Evidence that somebody else signed, or on another machine: as the ledger has it. */
function fromLedger(shown: Shown, run: RunId): Claim {
  const { act, index } = evidenceCalled(shown.ledger.replica.state, run);
  const { replica } = shown.ledger;
  return { run, evidence: act, index, head: headOf(replica), proof: proofIn(shown.ledger, index) };
}

function headOf(replica: Replica): Seen {
  return { size: replica.size(), root: replica.root() };
}

/** Signed here, and not taken by the server, or not shown: the permit and its exchanges are in the ledger all the same. */
function notRecorded({ run, evidence, at }: KeptEvidence, shown: Shown): Answer {
  const json = { run, evidence, signed: at, stands: false };
  const found = sealedIn(shown.ledger.replica.state.evidence.values(), run);
  if (found !== undefined) {
    const words = `${run} is in the ledger as ${found.act}, entry ${found.index}; its proof was not kept.`;
    return notPassed({ ...json, stands: true, index: found.index }, words, `headgate eval run --resume ${run}`);
  }
  return notPassed(
    json,
    `${run} was signed on ${at} and is not in the ledger. Its permit is, and what was asked under it counts as unknown. What was signed is kept beside your profile and can be shown to anybody; that it was offered is your word.`,
    `headgate eval run --resume ${run} offers it again`,
  );
}

function sealedIn(evidence: Iterable<Evidence>, run: RunId): Evidence | undefined {
  return [...evidence].find(({ body }) => body.run === run);
}

function answerOf(claim: Claim, shown: Shown, { options: { out } }: ProveCall): Answer {
  const { run, evidence, index, head } = claim;
  const json = { run, evidence, index, head };
  const signed = `${run} stands as entry ${index} in the ledger of ${head.size} entries that the log signed`;
  const written = out === undefined ? "" : ` The proof is in ${out}.`;
  if (shown.kind === "none") {
    const words = `${signed}. No server answers, so that this was compared with nothing newer.${written}`;
    return inconclusive({ ...json, stands: null, shown: null }, words);
  }
  const { replica } = shown.ledger;
  const now = headOf(replica);
  if (now.size < head.size && shown.kind === "bundle") {
    const words = `${signed}, and ${shown.words} has only ${now.size}: it is of before, or cut.${written}`;
    return inconclusive({ ...json, stands: null, shown: now }, words);
  }
  if (replica.rootAt(head.size) !== head.root) {
    const how = now.size < head.size ? `was cut to ${now.size}` : "has another history";
    const words = `LEFT OUT: ${signed}, and ${shown.words}, which the same log signed, ${how}. Both heads together show it.${written}`;
    return notPassed({ ...json, stands: false, shown: now }, words, showing);
  }
  const known = sealedIn(replica.state.evidence.values(), run);
  const taken = known?.withdrawn === true ? ` It was withdrawn by ${known.withdrawnBy ?? "somebody"}.` : "";
  return done(
    { ...json, stands: true, shown: now },
    `${signed}, and in ${shown.words}, of ${now.size}.${taken}${written}`,
  );
}

const showing =
  "show others the proof (--out FILE) and the ledger that leaves it out; they check with headgate ledger verify";
