// What every safeguard is to the rest of the program: a name, the digest of what decides, and an inspection that either
// says what it found or why it cannot know.
import type { Category, Inspection, Surface } from "../terms/finding.ts";
import type { Digest } from "../terms/ids.ts";
import type { Provenance, RequestText } from "../terms/provenance.ts";
import type { WindowShape } from "./windows.ts";

/** The two bands of one chain entry, as shares of the benign reference stream. */
interface Rates {
  readonly block: number;
  readonly review: number;
}

/** Scores past which a finding is in the review band and in the block band, per category that can be found. */
export interface Thresholds {
  readonly review: Readonly<Partial<Record<Category, number>>>;
  readonly block: Readonly<Partial<Record<Category, number>>>;
}

export type Scores = Readonly<Record<Category, number>>;

/** The rest of an inspection. */
export type Settle = () => Promise<Inspection>;

/** A text of a request, and where it begins in all of them joined. */
export interface PlacedText extends RequestText {
  readonly at: number;
}

export interface Safeguard {
  readonly name: string;
  readonly version: number;
  /** SHA-256 of all that a decision depends on but this code: the weight file, or the patterns. */
  readonly digest: Digest;
  /** Longer text is not judged: `inspect` answers unknown, cause too-long. In UTF-16 units. */
  readonly maxChars: number;
  /** The sides that it can judge, where those are not both. */
  readonly surfaces?: readonly Surface[];
  /** Whether it may take so long for a short text that other work should get a turn meanwhile. */
  readonly isSlow?: boolean;
  /** Whether it looks for what is written, also where that is encoded and says something else. */
  readonly readsAsWritten?: boolean;
  /** Whether it finds in answers what is to be redacted: its reader then tells of every such find, each once, in order. */
  readonly redacts?: boolean;
  /** Failure configuration_invalid for a rate outside the calibrated range. */
  readonly thresholds: (rates: Rates, surface: Surface) => Thresholds;
  /**
   * The highest score of each category over all windows of `text`, 0 to 1; 0 where a first look was enough. Nothing said of who
   * wrote it, it is a user's.
   */
  readonly scores: (text: string, surface: Surface, provenance?: Provenance) => Promise<Scores>;
  /** Of requests only where there is no `inspectRequest`: throws there. */
  readonly inspect: (text: string, surface: Surface, thresholds: Thresholds) => Inspection;
  /**
   * For safeguards that look at requests twice: the first look, with stops between pieces of a long text at which other
   * work may be done. What it gives finishes the inspection, away from this thread, in turn with other callers'.
   */
  readonly inspectRequest?: (text: string, thresholds: Thresholds, caller: string) => Generator<void, Settle, void>;
  /**
   * For safeguards of requests that judge a text by who wrote it, in place of what else inspects requests, with stops as well. They are not asked
   * about texts joined: nobody wrote those.
   */
  readonly inspectWritten?: (said: RequestText, thresholds: Thresholds) => Generator<void, Inspection, void>;
  /**
   * For safeguards that look at how the texts of a request follow each other, besides: asked once, with all of them, each with the place
   * where it begins among them; spans count there. Cost: linear.
   */
  readonly inspectConversation?: (texts: readonly PlacedText[]) => Inspection;
  /** For safeguards that read an answer as it grows, each stretch once; others are asked about every window by `inspect`. */
  readonly openAnswer?: (thresholds: Thresholds, shape: WindowShape) => AnswerReader;
}

/** Reads one answer from its start on. */
export interface AnswerReader {
  /** What is found in the window that the next stretch ends, with spans in the whole answer. `isEnd`: the answer ends too. */
  readonly read: (stretch: string, isEnd: boolean) => Inspection;
  /**
   * What `read` gives of stretches that follow each other in `text`, from its start to each of `ends`: for readers that can do
   * that faster than one by one.
   */
  readonly readAll?: (text: string, ends: readonly number[], isEnd: boolean) => readonly Inspection[];
}

/** What a reader finds in the windows that the next stretches end, cut from `text` at `ends`. */
export function readStretches(
  reader: AnswerReader,
  { text, ends, isEnd }: { readonly text: string; readonly ends: readonly number[]; readonly isEnd: boolean },
): readonly Inspection[] {
  if (reader.readAll !== undefined && ends.length > 1) return reader.readAll(text, ends, isEnd);
  let start = 0;
  return ends.map((end) => {
    const stretch = text.slice(start, end);
    start = end;
    return reader.read(stretch, isEnd && end === text.length);
  });
}
