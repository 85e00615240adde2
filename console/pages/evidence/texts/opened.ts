// Opens what a person picked: of a run its answers, each checked against what was sealed; of a report the very file that was signed for.
import type { EvidenceRunView } from "../../../../src/control/contract-evidence.ts";
import { Failure } from "../../../../src/terms/failure.ts";
import type { RunId } from "../../../../src/terms/ids.ts";
import { words } from "../../../words/words.ts";
import { inReportWorker } from "../upload/report-job.ts";
import { answersIn } from "./text-file.ts";
import type { Transcripts } from "./transcripts.ts";

type Opened =
  | { readonly kind: "answers"; readonly answers: ReadonlyMap<string, string> }
  | { readonly kind: "report"; readonly transcripts: Transcripts };

interface Of {
  readonly source: EvidenceRunView["source"];
  readonly run: RunId;
}

export async function opened(files: readonly File[], { source, run }: Of): Promise<Opened> {
  const [file] = files;
  if (file === undefined) throw new Failure("request_invalid", words.evidence.sample.notKnown);
  if (source !== null) {
    const found = await inReportWorker({ kind: "transcripts", file });
    if (found.kind !== "transcripts" || found.file !== source.file)
      throw new Failure("proof_invalid", words.evidence.sample.otherReport);
    return { kind: "report", transcripts: { name: file.name, turns: found.turns } };
  }
  return { kind: "answers", answers: await answersIn(files, run) };
}
