// Judges one row of a file without a server: what `headgate guard scan` prints for it. The same chain and policy as the
// gateway's, plus the raw scores, which the gateway never shows to callers.
import { z } from "zod";
import {
  Category,
  type Finding,
  type Inspection,
  type Look,
  type Surface,
  type Verdict,
  lets,
} from "../terms/finding.ts";
import { Provenance, type RequestText } from "../terms/provenance.ts";
import type { Chain } from "./chain.ts";
import { whole } from "./inspections.ts";
import { disguiseOf } from "./disguise.ts";
import type { Safeguard } from "./safeguard.ts";
import { readWhole } from "./stream/stream-guard.ts";

/** One line of the input; other fields are ignored. */
export const ScanRow = z.object({
  id: z.union([z.string(), z.number()]),
  text: z.string(),
  /** Who wrote it, of requests: `data` is what a tool or a document gave. */
  provenance: Provenance.optional(),
  /** The answer to it, which is judged in its place where answers are. */
  response: z.string().optional(),
});
export type ScanRow = z.infer<typeof ScanRow>;

type ShownFinding = Pick<Finding, "category" | "score" | "band" | "span" | "pattern" | "mode" | "basis"> & {
  /** Which safeguard, where it was asked over HTTP. */
  readonly detector?: string;
};

export interface ScanResult {
  readonly id: string | number;
  readonly verdict: Verdict["kind"];
  readonly cause?: string;
  readonly scores: Readonly<Partial<Record<Category, number>>>;
  /** The share of the text's characters that stood for others, showed nothing, or spelled words out. */
  readonly disguise: number;
  readonly findings: readonly ShownFinding[];
  /** What safeguards in shadow would have done. */
  readonly shadow?: Pick<ScanResult, "verdict" | "cause" | "findings">;
  /** Of an answer out of which something has to be taken, and which is not stopped: as it would be sent. */
  readonly redacted?: string;
}

export interface Scanner {
  readonly chain: Chain;
  /** Whose scores are shown: those of each category are the highest over all of them. */
  readonly safeguards: readonly Safeguard[];
  readonly decide: (inspection: Inspection) => Verdict;
  /** What has to be taken out of an answer that its verdict lets through. */
  readonly redacts: (inspection: Inspection) => readonly Finding[];
  readonly surface: Surface;
  /** Whether texts are JSON, as the arguments of a call and an answer by a schema are, so that their escapes are undone. */
  readonly isJson: boolean;
  /** All that the gateway has read of a request that says this text; the text itself first. */
  readonly textsOf: (said: RequestText) => readonly RequestText[];
}

/** The verdict on one row, with scores and findings to four digits. Never throws for what a text holds. */
export async function scan(row: ScanRow, scanner: Scanner): Promise<ScanResult> {
  const { chain, surface } = scanner;
  const judged = surface === "input" ? row.text : (row.response ?? row.text);
  const said = { text: judged, provenance: row.provenance ?? "user" } as const;
  const texts = surface === "input" ? scanner.textsOf(said) : [said];
  const { inspection, sent } =
    surface === "input"
      ? { inspection: await whole(await chain.inspectInput(texts)), sent: undefined }
      : readWhole(chain, judged, {
          outputCharsMax: charsMax(scanner),
          isJson: scanner.isJson,
          redacts: scanner.redacts,
        });
  const { shadow } = inspection;
  return {
    id: row.id,
    ...saidOf(inspection, scanner),
    scores: inspection.kind === "unknown" ? {} : await scoresOf(texts, inspection.findings, scanner),
    disguise: rounded(disguiseOf(judged)),
    findings: shownOf(inspection, judged),
    ...(shadow === undefined ? {} : { shadow: { ...saidOf(shadow, scanner), findings: shownOf(shadow, judged) } }),
    ...(sent?.replacements !== undefined && lets(scanner.decide(inspection)) ? { redacted: sent.text } : {}),
  };
}

function saidOf(look: Look, { decide }: Scanner): Pick<ScanResult, "verdict" | "cause"> {
  const verdict = decide(look);
  return { verdict: verdict.kind, ...(verdict.kind === "unknown" ? { cause: verdict.cause } : {}) };
}

function shownOf(look: Look, text: string): readonly ShownFinding[] {
  return look.kind === "unknown" ? [] : look.findings.map((finding) => shown(finding, text));
}

function charsMax({ chain }: Scanner): number {
  return Math.min(...chain.safeguards.map((safeguard) => safeguard.maxChars));
}

/** Of the texts as they stand; a finding may be of what one reads as decoded. */
async function scoresOf(
  texts: readonly RequestText[],
  findings: readonly Finding[],
  { safeguards, surface }: Scanner,
): Promise<Partial<Record<Category, number>>> {
  const looks = safeguards.flatMap((safeguard) =>
    texts.map(({ text, provenance }) => safeguard.scores(text, surface, provenance)),
  );
  const all = await Promise.all(looks);
  const highestOf = (category: Category): number => {
    const found = findings.filter((finding) => finding.category === category);
    return Math.max(...all.map((scores) => scores[category]), ...found.map(({ score }) => score));
  };
  return Object.fromEntries(Category.options.map((category) => [category, rounded(highestOf(category))]));
}

/** What was found in the words of a text that is JSON, or in text and words together, is somewhere in that text. */
function shown(
  { category, score, band, span, pattern, mode, basis, detector }: Finding,
  { length }: string,
): ShownFinding {
  const where = span[1] <= length ? span : ([0, length] as const);
  return {
    category,
    score: rounded(score),
    band,
    span: where,
    ...(pattern === undefined ? {} : { pattern }),
    ...(mode === undefined ? {} : { mode }),
    ...(basis === undefined ? {} : { basis, detector }),
  };
}

function rounded(score: number): number {
  return Math.round(score * 10_000) / 10_000;
}
