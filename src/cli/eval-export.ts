// `headgate eval export`: a piece of evidence as a file for other tools. The record has no texts, so what leaves is
// outcomes, receipts and commitments; --texts adds prompts and answers, on the machine and for the user that ran it, from
// the file beside the run, each checked against its commitment. Whoever erased that file has nothing left to export.
import { join } from "node:path";
import { z } from "zod";
import type { Evidence } from "../acts/state.ts";
import {
  type Exported,
  type ExportedItem,
  answersOf,
  csvLines,
  inspectLog,
  jsonLines,
} from "../evidence/export-run.ts";
import { type SealedRun, openSealed } from "../evidence/seal.ts";
import { openSuite } from "../evidence/suite.ts";
import { Opening, commit } from "../proof/digest.ts";
import { nodePrimitives } from "../proof/node.ts";
import { Failure } from "../terms/failure.ts";
import { type Digest, RunId } from "../terms/ids.ts";
import { type Answer, done } from "./answer.ts";
import { suiteOf } from "./candidate.ts";
import type { Context } from "./context.ts";
import { evidenceCalled } from "./eval-withdraw.ts";
import { createFileOf, readBounded } from "./files.ts";
import { type Session, artefact, openSession } from "./session.ts";
import { type Call, argument } from "./verb.ts";

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
  const exported = await exportedOf(session, evidence, texts ? call.context : undefined);
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

async function exportedOf(
  session: Session,
  { act, at, body }: Evidence,
  texts: Context | undefined,
): Promise<Exported> {
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
    answers: texts === undefined ? undefined : answersBeside(run, texts),
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

/** Bytes of the answers of one run that are read at all. */
const openingsBytesMax = 400 * 1024 * 1024;

const Openings = z.object({ run: RunId, openings: z.array(Opening) });

function answersBeside(run: SealedRun, { stateFolder }: Context): Exported["answers"] {
  const path = join(stateFolder, "runs", `${run.run}.jsonl.openings.json`);
  const file = readBounded(path, openingsBytesMax);
  if (file === undefined)
    throw new Failure(
      "not_found",
      `There are no answers of ${run.run} here (${path}): they stay on the machine, and with the user, that ran it, until they are erased. Leave out --texts.`,
    );
  const parsed = Openings.safeParse(jsonIn(file.bytes));
  if (!parsed.success || parsed.data.run !== run.run) throw new Failure("request_invalid", `${path} is damaged.`);
  const opened = parsed.data.openings.map((opening) => ({
    commitment: commit(opening, nodePrimitives),
    text: opening.text,
  }));
  return answersOf(run, opened);
}

function jsonIn(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch {
    return undefined;
  }
}
