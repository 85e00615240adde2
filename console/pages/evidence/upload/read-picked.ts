// Reads what was picked, as it was asked to: what is applied out of the verified ledger, the file in a worker.
import { Failure } from "../../../../src/terms/failure.ts";
import { type Name, RunId, timestampOf, toInstant } from "../../../../src/terms/ids.ts";
import { freshId } from "../../../signing/fresh.ts";
import { bringUpToDate } from "../../../signing/verified.ts";
import { words } from "../../../words/words.ts";
import { type Applied, appliedFor } from "./applied.ts";
import { inReportWorker } from "./report-job.ts";
import type { ReadResult } from "./report-messages.ts";

export interface Picked {
  readonly file: File;
  readonly hits: File | undefined;
  readonly model: Name;
  readonly suite: Name;
  readonly failure: string;
  readonly scorer: string;
  readonly cluster: string;
  readonly category: string;
  readonly target: string;
}

export interface ReadReport extends Applied {
  readonly result: ReadResult;
  readonly model: Name;
  readonly name: string;
}

/** Fails with request_invalid, naming what is wrong in the file, or as what is applied cannot be read. */
export async function readPicked(picked: Picked): Promise<ReadReport> {
  const { file, hits, model } = picked;
  const { state } = await bringUpToDate();
  const applied = await appliedFor(state, { model, suite: picked.suite });
  const { failure } = applied.suite.measure;
  if (failure !== "served-and-harmful" && failure !== "refused")
    throw new Failure("request_invalid", words.evidence.upload.needMapping);
  const result = await inReportWorker({
    kind: "read",
    file,
    hits,
    asked: {
      failed: failure === "refused" ? "refused" : "harmful",
      failure: [picked.failure],
      ...set("scorer", picked.scorer),
      ...set("cluster", picked.cluster),
      ...set("category", picked.category),
      ...set("target", picked.target),
    },
    suite: applied.suite,
    run: RunId.parse(freshId("run_", 16)),
    at: timestampOf(toInstant(Date.now())),
    model,
    digests: applied.digests,
  });
  if (result.kind !== "read") throw new Failure("request_invalid", words.evidence.sample.notKnown);
  return { ...applied, result, model, name: file.name };
}

function set<K extends string>(name: K, value: string): Partial<Record<K, string>> {
  const made: Partial<Record<K, string>> = {};
  if (value.trim() !== "") made[name] = value.trim();
  return made;
}
