// Gives a report to a worker of its own, which ends with its answer, or where it takes too long.
import { Failure, type FailureCode, httpStatus } from "../../../../src/terms/failure.ts";
import type { ReportJob, ReportResult } from "./report-messages.ts";
// oxlint-disable-next-line import/default -- the build makes its address
import workerAddress from "./report-worker.ts?worker&url";

const jobMsMax = 10 * 60_000;

/** Fails with request_invalid, naming what is wrong in the file and where. */
export async function inReportWorker(job: ReportJob): Promise<Exclude<ReportResult, { kind: "failed" }>> {
  const worker = new Worker(workerAddress, { type: "module" });
  const stop = new AbortController();
  try {
    return await new Promise((resolve, reject) => {
      const { signal } = stop;
      const timer = setTimeout(() => {
        reject(new Failure("request_invalid", "Reading this file took too long. Import it with headgate eval import."));
      }, jobMsMax);
      signal.addEventListener("abort", () => {
        clearTimeout(timer);
      });
      worker.addEventListener(
        "message",
        ({ data }: MessageEvent<ReportResult>) => {
          if (data.kind === "failed") reject(new Failure(codeOf(data.code), data.message));
          else resolve(data);
        },
        { signal },
      );
      worker.addEventListener(
        "error",
        () => {
          reject(
            new Failure(
              "request_invalid",
              "This browser could not read the file: it ran out of memory, or has no worker.",
            ),
          );
        },
        { signal },
      );
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker, not a window
      worker.postMessage(job);
    });
  } finally {
    stop.abort();
    worker.terminate();
  }
}

function codeOf(code: string): FailureCode {
  return isCode(code) ? code : "request_invalid";
}

function isCode(code: string): code is FailureCode {
  return Object.hasOwn(httpStatus, code);
}
