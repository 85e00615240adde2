// The worker that reads a report: the command line's own importers, on a file that stays in this browser.
import { declaredBody, outcomesOf, reportInWords, sealReport } from "../../../../src/evidence/import/declared.ts";
import { readReportFrom } from "../../../../src/evidence/import/read-report.ts";
import { flagInWords } from "../../../../src/evidence/import/record.ts";
import { browserPrimitives } from "../../../../src/proof/browser.ts";
import { Failure } from "../../../../src/terms/failure.ts";
import { transcriptsIn } from "../texts/report-transcripts.ts";
import { pickedFile } from "./picked-file.ts";
import type { ReportJob, ReportResult } from "./report-messages.ts";

addEventListener("message", ({ data }: MessageEvent<ReportJob>) => {
  void answer(data);
});

async function answer(job: ReportJob): Promise<void> {
  try {
    const result = await resultOf(job);
    postMessage(result);
  } catch (error) {
    const known = error instanceof Failure ? error : undefined;
    const failed: ReportResult = {
      kind: "failed",
      code: known?.code ?? "request_invalid",
      message: known?.message ?? "This file could not be read. Is it whole?",
    };
    postMessage(failed);
  }
}

async function resultOf(job: ReportJob): Promise<ReportResult> {
  const source = pickedFile(job.file);
  if (job.kind === "transcripts") {
    return { kind: "transcripts", file: await source.digest(), turns: await transcriptsIn(source) };
  }
  const { hits, asked, suite, run, at, model, digests } = job;
  const hitLog = hits === undefined ? undefined : pickedFile(hits);
  const report = await readReportFrom(source, { ...asked, hitLog }, browserPrimitives);
  const sealed = sealReport(report, { run, suite, at }, browserPrimitives);
  return {
    kind: "read",
    body: declaredBody(report, sealed, { run, model, digests, measure: suite.measure.name }),
    sealed: sealed.bytes,
    said: reportInWords({ ...report, flags: [] }, sealed),
    flags: report.flags.map((flag) => flagInWords(flag)),
    outcomes: outcomesOf(report),
    clustersFailed: sealed.tally.clustersFailed,
  };
}
