// Which texts are shown, and those that a person opened from their own machine: kept by this page alone, gone with it.
import { useCallback, useMemo, useState } from "react";
import type { EvidenceRunView } from "../../../../src/control/contract-evidence.ts";
import type { Transcripts } from "./transcripts.ts";

export interface Texts {
  readonly isShown: (number: number) => boolean;
  readonly areAllShown: boolean;
  readonly showAll: (areShown: boolean) => void;
  readonly showOne: (number: number) => void;
  /** Answers by the commitment that each opens. */
  readonly answers: ReadonlyMap<string, string>;
  /** Of a report that was opened here: what was said in each attempt. */
  readonly transcripts: Transcripts | undefined;
  readonly isReading: boolean;
  readonly failure: unknown;
  readonly open: (files: readonly File[]) => void;
  readonly forget: () => void;
}

const none: ReadonlyMap<string, string> = new Map();

export function useTexts({ source, row: { run } }: EvidenceRunView): Texts {
  const [areAllShown, showAll] = useState(false);
  const [shown, setShown] = useState<ReadonlySet<number>>(new Set());
  const [answers, setAnswers] = useState(none);
  const [transcripts, setTranscripts] = useState<Transcripts | undefined>();
  const [isReading, setReading] = useState(false);
  const [failure, setFailure] = useState<unknown>();
  const open = useCallback(
    (files: readonly File[]) => {
      setReading(true);
      setFailure(undefined);
      const reading = async (): Promise<void> => {
        const { opened } = await import("./opened.ts");
        const found = await opened(files, { source, run });
        if (found.kind === "answers") setAnswers(found.answers);
        else setTranscripts(found.transcripts);
      };
      reading()
        .catch(setFailure)
        .finally(() => {
          setReading(false);
        });
    },
    [source, run],
  );
  return useMemo(
    () => ({
      isShown: (number) => areAllShown || shown.has(number),
      areAllShown,
      showAll: (are) => {
        showAll(are);
        setShown(new Set());
      },
      showOne: (number) => {
        setShown(new Set([...shown, number]));
      },
      answers,
      transcripts,
      isReading,
      failure,
      open,
      forget: () => {
        setAnswers(none);
        setTranscripts(undefined);
      },
    }),
    [areAllShown, shown, answers, transcripts, isReading, failure, open],
  );
}
