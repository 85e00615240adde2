// What passes between a page and the worker that reads reports. The file goes in; what comes out holds no text of it, but where a person
// asked to read its transcripts.
import type { BodyOf } from "../../../../src/acts/bodies.ts";
import type { Asked } from "../../../../src/evidence/import/read-report.ts";
import type { Suite } from "../../../../src/evidence/suite-document.ts";
import type { Digest, Name, RunId, Timestamp } from "../../../../src/terms/ids.ts";
import type { TrialOutcome } from "../../../../src/terms/trial.ts";
import type { Transcripts } from "../texts/transcripts.ts";

export type ReportJob =
  | {
      readonly kind: "read";
      readonly file: File;
      readonly hits: File | undefined;
      readonly asked: Omit<Asked, "hitLog" | "mapping">;
      readonly suite: Suite;
      readonly run: RunId;
      readonly at: Timestamp;
      readonly model: Name;
      readonly digests: BodyOf<"evidence">["digests"];
    }
  | { readonly kind: "transcripts"; readonly file: File };

export interface ReadResult {
  readonly kind: "read";
  readonly body: BodyOf<"evidence">;
  /** What is sealed and sent: outcomes and digests. */
  readonly sealed: Uint8Array;
  /** What whoever vouches is shown. */
  readonly said: readonly string[];
  readonly flags: readonly string[];
  readonly outcomes: Readonly<Partial<Record<TrialOutcome, number>>>;
  readonly clustersFailed: number;
}

export type ReportResult =
  | ReadResult
  | { readonly kind: "transcripts"; readonly file: Digest; readonly turns: Transcripts["turns"] }
  | { readonly kind: "failed"; readonly code: string; readonly message: string };
