// A report in a file on a disk: opened, read, and closed again.
import type { Hasher } from "../../proof/primitives.ts";
import { openSource } from "./file-source.ts";
import { type Asked, type ReadReport, readReportFrom } from "./read-report.ts";

/** Bytes of a file that is read at all; memory does not grow with it. */
const reportBytesMax = 16 * 1024 * 1024 * 1024;

export interface AskedOfFile extends Omit<Asked, "hitLog"> {
  /** Path of a garak hit log, to compare. */
  readonly hitLog?: string | undefined;
}

/** Reads a report of any known tool. Fails with request_invalid, saying what is wrong and where. */
export async function readReport(path: string, asked: AskedOfFile, hasher: Hasher): Promise<ReadReport> {
  const { hitLog, ...rest } = asked;
  const source = await openSource(path, reportBytesMax);
  const hits = hitLog === undefined ? undefined : await openSource(hitLog, reportBytesMax);
  try {
    return await readReportFrom(source, { ...rest, hitLog: hits }, hasher);
  } finally {
    await hits?.close();
    await source.close();
  }
}
