// `headgate eval export`: a piece of evidence as a file for other tools. The record has no texts, so what leaves is
// outcomes, receipts and commitments; --texts adds prompts and answers, on the machine and for the user that ran it, from
// the run's file, each checked against its commitment. Of a run whose texts were erased there is nothing left to export.
import { z } from "zod";
import type { Evidence } from "../../acts/state.ts";
import {
  type Exported,
  type ExportedItem,
  answersOf,
  csvLines,
  inspectLog,
  jsonLines,
} from "../../evidence/export-run.ts";
import { type SealedRun, openSealed } from "../../evidence/seal.ts";
import { openSuite } from "../../evidence/suite.ts";
import { commit } from "../../proof/digest.ts";
import { nodePrimitives } from "../../proof/node.ts";
import type { Digest } from "../../terms/ids.ts";
import { type Answer, done } from "../answer.ts";
import { suiteOf } from "../candidate.ts";
import { evidenceCalled } from "./withdraw.ts";
import { createFileOf } from "../files.ts";
import { keptOpenings } from "./kept-texts.ts";
import { type Session, artefact, openSession } from "../session.ts";
import { type Call, argument } from "../verb.ts";

export const ExportOptions = z.object({
  format: z.enum(["inspect", "jsonl", "csv"]),
  out: z.string().min(1),
  texts: z.boolean().default(false),
});

const writers = { inspect: inspectLog, jsonl: jsonLines, csv: csvLines } as const;

export async function exportRun(call: Call<z.infer<typeof ExportOptions>>): Promise<Answer> {
  const { format, out, texts } = call.options;
  const session = await openSession(call.base, call.context);
  const evidence = evidenceCalled(session.state, argument(call, 0));
  const exported = await exportedOf(session, evidence, texts);
  createFileOf(out, writers[format](exported));
  const samples = exported.run.samples.length;
  const json = {
    run: evidence.body.run,
    evidence: evidence.act,
    format,
    out,
    samples,
    texts,
    answers: exported.answers?.size ?? 0,
  };
  return done(
    json,
    `${samples} tries of ${evidence.body.run} are in ${out}${texts ? ", with their texts: keep it as you keep those" : ", without texts"}.`,
  );
}

async function exportedOf(session: Session, { act, at, body }: Evidence, texts: boolean): Promise<Exported> {
  const suite = await suiteOf(session, body.digests.suite);
  const run = openSealed(await artefact(session, body.samples.artefact), body.samples, nodePrimitives);
  const { model, safeguards, policy, grader } = body.digests;
  return {
    run,
    evidence: act,
    at,
    model: body.model,
    measure: suite.measure.name,
    failure: suite.measure.failure,
    basis: body.basis,
    digests: { model, safeguards, policy, suite: body.digests.suite, grader },
    root: body.samples.root,
    items: body.permit === null ? new Map() : await itemsOf(session, suite),
    answers: texts ? answersBeside(session, run) : undefined,
  };
}

async function itemsOf(
  session: Session,
  suite: Awaited<ReturnType<typeof suiteOf>>,
): Promise<ReadonlyMap<Digest, ExportedItem>> {
  if (suite.content === undefined) return new Map();
  const { items } = openSuite(suite, await artefact(session, suite.content.digest), nodePrimitives);
  return new Map(
    items.map(({ leaf, id, category, attack, body }) => [leaf, { id, category, attack, messages: body.messages }]),
  );
}

function answersBeside(session: Session, run: SealedRun): Exported["answers"] {
  const opened = Array.from(keptOpenings(session, run.run), (opening) => ({
    commitment: commit(opening, nodePrimitives),
    text: opening.text,
  }));
  return answersOf(run, opened);
}
