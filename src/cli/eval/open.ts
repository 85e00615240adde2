// `headgate eval open`: one sample of a run as a file for an auditor: request, answer, receipt, and the proof that these are
// what was sealed. Nothing else of the run leaves. Made on the machine, and with the profile, that keeps the run's texts.
import { z } from "zod";
import type { Evidence } from "../../acts/state.ts";
import { BatchView, routes } from "../../control/contract.ts";
import { openedSampleBytesMax, sampleLeaf, writeOpenedSample } from "../../evidence/opened-sample.ts";
import type { Sample } from "../../evidence/seal.ts";
import { leafOver } from "../../evidence/suite.ts";
import { type Opening, commit } from "../../proof/digest.ts";
import { nodePrimitives } from "../../proof/node.ts";
import { Failure } from "../../terms/failure.ts";
import { type Answer, done } from "../answer.ts";
import { createFile } from "../files.ts";
import { keptOpenings, keptReceipt } from "./kept-texts.ts";
import { checkLog, readEntry } from "../ledger/check.ts";
import { type LedgerProof, proveEntry } from "../../acts/ledger-proof.ts";
import { publicLog } from "../ledger/prove.ts";
import { type OpenedRun, openedRunCalled } from "./opened-run.ts";
import { type Session, artefact, openSession } from "../session.ts";
import { trustFileHere, trustFor } from "../ledger/trust.ts";
import { type Call, argument } from "../verb.ts";

export const OpenOptions = z.object({
  item: z.string().min(1),
  attempt: z.coerce.number().int().min(0).max(1000).optional(),
  out: z.string().min(1),
});
type OpenCall = Call<z.infer<typeof OpenOptions>>;

export async function openSample(call: OpenCall): Promise<Answer> {
  const { options, base, context } = call;
  const session = await openSession(base, context);
  const run = await openedRunCalled(session, session.state, argument(call, 0));
  const asked = askedSample(run, options);
  const { sample, itemIndex } = asked;
  const item = run.items[itemIndex];
  if (item === undefined) throw new Failure("not_found", `${options.item} is no item of this suite.`);
  const bytes = writeOpenedSample(
    {
      evidence: { envelope: await envelopeOf(session, run.evidence), proof: await ledgerProof(call, run.evidence) },
      sample,
      samples: { hashes: run.samples.map((one) => sampleLeaf(one, nodePrimitives)), index: asked.index },
      opening: openingOf(session, run, sample),
      receipt: sample.receipt === null ? null : keptReceipt(session, run.evidence.body.run, sample.receipt),
      item: {
        id: item.id,
        body: leafOver(item, run.suite, nodePrimitives),
        items: { hashes: run.items.map(({ leafHash }) => leafHash), index: itemIndex },
      },
      suite: await artefact(session, run.evidence.body.digests.suite),
    },
    nodePrimitives,
  );
  if (bytes.length > openedSampleBytesMax) {
    throw new Failure("request_invalid", `This sample takes ${bytes.length} bytes, more than verifiers read.`);
  }
  createFile(options.out, Buffer.from(bytes).toString("utf8"));
  const json = {
    run: run.evidence.body.run,
    item: item.id,
    attempt: sample.attempt,
    outcome: sample.outcome,
    out: options.out,
  };
  return done(
    json,
    `${item.id}, attempt ${sample.attempt}, is in ${options.out}: the request, the answer and their proof. Whoever has the file reads both.`,
    `whoever has it: headgate verify ${options.out} --trust ${trustFileHere(context)}`,
  );
}

interface AskedSample {
  readonly sample: Sample;
  readonly index: number;
  readonly itemIndex: number;
}

/** The try that counts, of the attempt that was asked for or of the first one. */
function askedSample({ items, samples }: OpenedRun, { item: id, attempt }: OpenCall["options"]): AskedSample {
  const itemIndex = items.findIndex((item) => item.id === id);
  const leaf = items[itemIndex]?.leaf;
  if (leaf === undefined) throw new Failure("not_found", `The suite of this run has no item ${id}.`);
  const wanted = attempt ?? samples.find(({ item }) => item === leaf)?.attempt;
  const isWanted = (one: Sample): boolean => one.item === leaf && one.attempt === wanted;
  const answered = samples.findLastIndex((one) => isWanted(one) && one.outcome !== "errored");
  const index = answered < 0 ? samples.findLastIndex(isWanted) : answered;
  const sample = samples[index];
  if (sample === undefined) throw new Failure("not_found", `This run has no attempt ${wanted ?? 1} on ${id}.`);
  return { sample, index, itemIndex };
}

function openingOf(session: Session, { evidence }: OpenedRun, { answer }: Sample): Opening | null {
  if (answer === null) return null;
  for (const opening of keptOpenings(session, evidence.body.run)) {
    if (commit(opening, nodePrimitives) === answer) return opening;
  }
  throw new Failure("not_found", "The answer of this sample is not among the texts that are kept of its run.");
}

async function envelopeOf({ client }: Session, { index }: Evidence): Promise<string> {
  const { records } = await client.get(`${routes.batch}?from=${index}`, BatchView);
  const [record] = records;
  if (record === undefined) throw new Failure("proof_invalid", "The server does not show the evidence statement.");
  return record.envelope;
}

async function ledgerProof({ base, context }: OpenCall, { index }: Evidence): Promise<LedgerProof> {
  const trust = await trustFor(base, { offline: false }, context);
  const log = { ...publicLog(trust, undefined), primitives: nodePrimitives };
  const checked = await checkLog(log, trust.seen);
  return proveEntry(checked, { index, leaf: await readEntry(log, checked, index) }, nodePrimitives);
}
