// What a sitting says that left attempts without an answer: why it ended, what refused them, and how to go on.
import type { Permit } from "../../acts/bodies.ts";
import type { Cap } from "../../runner/budget.ts";
import { placeOf } from "../../runner/run-lines.ts";
import type { Try } from "../../runner/run-record.ts";
import { type Answer, inconclusive } from "../answer.ts";
import type { RunOptions } from "./options.ts";
import { type Call, sameProfile } from "../verb.ts";

interface Unfinished {
  readonly permit: Permit;
  readonly open: number;
  readonly results: readonly Try[];
  readonly spent: Cap | undefined;
  readonly isFull: boolean;
}

export function unfinished(
  { permit, open, results, spent, isFull }: Unfinished,
  { base, context }: Call<RunOptions>,
): Answer {
  const refusals = refusalsOf(results);
  const json = {
    run: permit.run,
    permit: permit.permit,
    unanswered: open,
    sealed: false,
    spent: spent ?? null,
    refusals,
  };
  // The line of progress ends here.
  if (context.isWatched) context.tell("\n");
  const full = "The sealed run holds no more tries, so that nothing is tried again: seal it. ";
  const why = isFull ? full : spent === undefined ? "" : `The budget of this sitting is used up (--max-${spent}). `;
  return inconclusive(
    json,
    `${why}${open} attempts have no answer, so ${permit.run} is not sealed.${inWords(refusals)} Until ${permit.notAfter} they can be asked again.`,
    `headgate eval run --resume ${permit.run}${sameProfile(base)}, or with --seal to count them as unknown`,
  );
}

/** Of attempts that have no answer: how many were refused last with which code and reason. */
function refusalsOf(results: readonly Try[]): Readonly<Record<string, number>> {
  const last = new Map(results.map((result) => [placeOf(result), result]));
  const counts: Record<string, number> = {};
  for (const { outcome, code, reason } of last.values()) {
    if (outcome !== "errored" || code === null) continue;
    const name = reason === null ? code : `${code} (${reason})`;
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

function inWords(refusals: Readonly<Record<string, number>>): string {
  const said = Object.entries(refusals).map(([name, count]) => `${count} ${name}`);
  return said.length === 0 ? "" : ` Refused: ${said.join(", ")}; docs/errors.md says what that means.`;
}
