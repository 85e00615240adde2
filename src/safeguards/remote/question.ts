// What a safeguard that is asked over HTTP is asked, and what it may answer, whatever it speaks.
import type { Band, Category, Span } from "../../terms/finding.ts";

/** A text of a request as it is shown. Lone surrogates are replaced, unit for unit, so that every server can read it. */
export interface ShownText {
  readonly text: string;
  /** As it was written, without a disguise of its letters, or as something in it reads decoded. */
  readonly view: "written" | "normalised" | "decoded";
}

/** What was found, where in which of the texts; without a place it is in all of them. */
export interface RemoteFinding {
  readonly category: Category;
  readonly score: number;
  readonly band: Exclude<Band, "clear" | "flag">;
  readonly place?: { readonly text: number; readonly span: Span };
}

export interface RemoteAnswer {
  readonly findings: readonly RemoteFinding[];
  /** Prompt and answer, where the server counts them. */
  readonly tokens?: number | undefined;
}

export interface Question {
  readonly body: object;
  /** Of prompt and answer, about, until the server has counted. */
  readonly tokens: number;
  /** From the JSON of a 200; undefined for what is no answer to this question. */
  readonly read: (answer: unknown) => RemoteAnswer | undefined;
}

export interface Speaker {
  /** After the path of the entry's address. */
  readonly path: string;
  readonly headers: (key: string | undefined) => Readonly<Record<string, string>>;
  readonly question: (texts: readonly ShownText[]) => Question;
}

/** The band of a score under two thresholds; undefined below both. */
export function bandAt(
  score: number,
  { block, review }: { readonly block: { readonly score: number }; readonly review: { readonly score: number } },
): RemoteFinding["band"] | undefined {
  if (score >= block.score) return "block";
  return score >= review.score ? "review" : undefined;
}

export function bearer(key: string | undefined): Readonly<Record<string, string>> {
  return key === undefined ? {} : { authorization: `Bearer ${key}` };
}

/** About as many tokens as so many characters are, rather more than less. */
export function tokensAbout(chars: number): number {
  return Math.ceil(chars / 3);
}
