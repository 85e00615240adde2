// Judges one row of a file without a server: what `headgate guard scan` prints for it. The same chain and policy as the
// gateway's, plus the raw scores, which the gateway never shows to callers.
import { z } from "zod";
import { Category, type Finding, type Inspection, type Surface, type Verdict } from "../terms/finding.ts";
import type { Chain } from "./chain.ts";
import type { Safeguard } from "./safeguard.ts";

/** One line of the input; other fields are ignored. */
export const ScanRow = z.object({ id: z.union([z.string(), z.number()]), text: z.string() });
export type ScanRow = z.infer<typeof ScanRow>;

type ShownFinding = Pick<Finding, "category" | "score" | "band" | "span" | "pattern">;

export interface ScanResult {
  readonly id: string | number;
  readonly verdict: Verdict["kind"];
  readonly cause?: string;
  readonly scores: Readonly<Partial<Record<Category, number>>>;
  readonly findings: readonly ShownFinding[];
}

export interface Scanner {
  readonly chain: Chain;
  /** Whose scores are shown: those of each category are the highest over all of them. */
  readonly safeguards: readonly Safeguard[];
  readonly decide: (inspection: Inspection) => Verdict;
  readonly surface: Surface;
}

/** The verdict on one row, with scores and findings to four digits. Never throws for what a text holds. */
export async function scan(row: ScanRow, scanner: Scanner): Promise<ScanResult> {
  const { chain, surface } = scanner;
  const inspection = surface === "input" ? await chain.inspectInput([row.text]) : chain.inspectOutput(row.text);
  const verdict = scanner.decide(inspection);
  return {
    id: row.id,
    verdict: verdict.kind,
    ...(verdict.kind === "unknown" ? { cause: verdict.cause } : {}),
    scores: inspection.kind === "unknown" ? {} : await scoresOf(row.text, scanner),
    findings: inspection.kind === "unknown" ? [] : inspection.findings.map(shown),
  };
}

async function scoresOf(text: string, scanner: Scanner): Promise<Partial<Record<Category, number>>> {
  const all = await Promise.all(scanner.safeguards.map((safeguard) => safeguard.scores(text, scanner.surface)));
  return Object.fromEntries(
    Category.options.map((category) => [category, rounded(Math.max(...all.map((scores) => scores[category])))]),
  );
}

function shown({ category, score, band, span, pattern }: Finding): ShownFinding {
  return { category, score: rounded(score), band, span, ...(pattern === undefined ? {} : { pattern }) };
}

function rounded(score: number): number {
  return Math.round(score * 10_000) / 10_000;
}
