// The format of OpenAI's moderation endpoint: a score from 0 to 1 for each of its categories, for each text. Scores of
// categories that the declared table does not know are no answer once they would stop something.
import { z } from "zod";
import type { ModerationEntry } from "./remote-document.ts";
import { type RemoteFinding, type Speaker, bandAt, bearer, tokensAbout } from "./question.ts";

const textsMax = 1_024;

const ModerationAnswer = z.looseObject({
  results: z
    .array(
      z.looseObject({
        categories: z.record(z.string().max(64), z.boolean()),
        category_scores: z.record(z.string().max(64), z.number().min(0).max(1)),
      }),
    )
    .max(textsMax),
});

export function moderationSpeaker(entry: ModerationEntry): Speaker {
  return {
    path: "/moderations",
    headers: bearer,
    question: (texts) => {
      // One text is the request as a whole: what is harmless in pieces may not be so together.
      const all = texts.map(({ text }) => text);
      const input = all.length > 1 ? [...all, all.join("\n\n")] : all;
      return {
        body: { model: entry.model, input },
        tokens: tokensAbout(input.reduce((sum, text) => sum + text.length, 0)),
        read: (answer) => {
          const results = ModerationAnswer.safeParse(answer).data?.results;
          if (results?.length !== input.length) return undefined;
          const found = results.map((result, at) =>
            findingsIn(result, { entry, at: at < texts.length ? at : undefined, length: input[at]?.length ?? 0 }),
          );
          return found.some((one) => one === undefined) ? undefined : { findings: found.flatMap((one) => one ?? []) };
        },
      };
    },
  };
}

interface Result {
  readonly categories: Readonly<Record<string, boolean>>;
  readonly category_scores: Readonly<Record<string, number>>;
}

interface Place {
  readonly entry: ModerationEntry;
  /** Which of the texts; undefined for all of them together. */
  readonly at: number | undefined;
  readonly length: number;
}

function findingsIn(result: Result, { entry, at, length }: Place): readonly RemoteFinding[] | undefined {
  const scores = new Map(Object.entries(result.category_scores));
  const known = new Map(entry.table.map(({ theirs, ours }) => [theirs, ours]));
  if ([...known].some(([theirs, ours]) => ours !== "none" && !scores.has(theirs))) return undefined;
  const findings: RemoteFinding[] = [];
  for (const [theirs, score] of scores) {
    const ours = known.get(theirs);
    const band = bandAt(score, entry);
    const isStopped = band !== undefined || result.categories[theirs] === true;
    if (ours === undefined && isStopped) return undefined;
    if (ours === undefined || ours === "none" || band === undefined) continue;
    findings.push({
      category: ours,
      score,
      band,
      ...(at === undefined ? {} : { place: { text: at, span: [0, length] } }),
    });
  }
  return findings;
}
