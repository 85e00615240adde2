// Which tool wrote a report, and what it says: one way in for all of them. The file's first bytes tell, unless the person
// says; a mapping is only used where one is given.
import type { Hasher } from "../../proof/primitives.ts";
import { Failure } from "../../terms/failure.ts";
import type { Digest } from "../../terms/ids.ts";
import { garakReport, readGarak, readHitLog } from "./garak.ts";
import { readInspectArchive, readInspectJson } from "./inspect-log.ts";
import { inspectReport } from "./inspect.ts";
import { type MappingDocument, mappedReport } from "./mapping.ts";
import { promptfooReport, readPromptfoo } from "./promptfoo.ts";
import { type Reading, type Report, checkDistinct } from "./record.ts";
import type { Source } from "./source.ts";

export interface Asked extends Reading {
  readonly format?: "inspect" | "promptfoo" | "garak" | undefined;
  readonly mapping?: MappingDocument | undefined;
  /** A garak hit log, to compare. */
  readonly hitLog?: Source | undefined;
}

export interface ReadReport extends Report {
  readonly file: Digest;
}

/** Reads a report of any known tool. Fails with request_invalid, saying what is wrong and where. */
export async function readReportFrom(source: Source, asked: Asked, hasher: Hasher): Promise<ReadReport> {
  try {
    return await readAll(source, asked, hasher);
  } catch (cause) {
    if (!(cause instanceof Failure)) throw cause;
    // Messages name ids and entries as the file has them, and the file may be anybody's.
    throw new Failure(cause.code, cause.message.replaceAll(/\p{C}/gu, " "), { cause });
  }
}

async function readAll(source: Source, asked: Asked, hasher: Hasher): Promise<ReadReport> {
  const file = await source.digest();
  const report = await reportOf(source, asked, hasher);
  await source.checkUnchanged();
  if (report.attempts.length === 0) throw new Failure("request_invalid", `${source.path} holds no attempts.`);
  checkDistinct(report.attempts, source.path);
  return { ...report, file };
}

async function reportOf(source: Source, asked: Asked, hasher: Hasher): Promise<Report> {
  if (asked.mapping !== undefined) return mappedReport(source, asked.mapping);
  const head = await source.read(0, Math.min(source.size, headBytes));
  const isArchive = head[0] === 0x50 && head[1] === 0x4b;
  switch (asked.format ?? formatOf(head, isArchive)) {
    case "inspect": {
      const log = isArchive ? await readInspectArchive(source, asked) : await readInspectJson(source, asked);
      return inspectReport(log, asked, hasher);
    }
    case "promptfoo":
      return promptfooReport(await readPromptfoo(source, asked, hasher), asked);
    case "garak":
      return garakReport(
        await readGarak(source, hasher),
        asked,
        asked.hitLog === undefined ? undefined : await readHitLog(asked.hitLog),
      );
    case undefined:
      throw new Failure(
        "request_invalid",
        `${source.path} is no Inspect log, promptfoo result or garak report that is known here. Say --format, or describe it by --map FILE.`,
      );
  }
}

const headBytes = 64 * 1024;

function formatOf(head: Uint8Array, isArchive: boolean): Asked["format"] {
  if (isArchive) return "inspect";
  const text = new TextDecoder("latin1").decode(head);
  const firstLine = text.split("\n", 1)[0] ?? "";
  if (/"entry_type"\s*:/.test(firstLine) || /"attempt_id"\s*:.*"detector"\s*:/.test(firstLine)) return "garak";
  if (/"eval_id"\s*:|^\s*\{\s*"version"\s*:\s*2\b/.test(text)) return "inspect";
  if (/"evalId"\s*:|"promptIdx"\s*:|"gradingResult"\s*:|"promptId"\s*:/.test(text)) return "promptfoo";
  return undefined;
}
