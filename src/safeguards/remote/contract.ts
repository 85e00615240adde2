// The contract of `service@1`: one POST with the texts of a request, one answer with what was found in them.
// docs/safeguards-of-your-own.md states it for those who write such a service; `guard conform` checks it.
import { z } from "zod";
import { Category } from "../../terms/finding.ts";
import type { ServiceEntry } from "./remote-document.ts";
import {
  type RemoteAnswer,
  type RemoteFinding,
  type ShownText,
  type Speaker,
  bandAt,
  bearer,
  tokensAbout,
} from "./question.ts";

/** Stands in every request and has to stand in every answer. */
export const contractVersion = "headgate-safeguard/1";

const findingsMax = 256;

const Offset = z.number().int().min(0);

const ContractFinding = z
  .strictObject({
    category: Category,
    score: z.number().min(0).max(1),
    /** Which of the texts, from 0; without it, all of them. */
    text: Offset.optional(),
    /** Where in that text, in UTF-16 units. */
    span: z.tuple([Offset, Offset]).optional(),
  })
  .refine(({ text, span }) => span === undefined || text !== undefined, "a span without the text that it is in")
  .refine(({ span }) => span === undefined || span[0] <= span[1], "a span that ends before it begins");
type ContractFinding = z.infer<typeof ContractFinding>;

/** Nothing else may stand in it: a field that is not known here may be one that was to stop something. */
const ContractAnswer = z.strictObject({
  contract: z.literal(contractVersion),
  findings: z.array(ContractFinding).max(findingsMax),
});

/** The body of a question. */
export function contractBody(texts: readonly ShownText[]): object {
  return { contract: contractVersion, surface: "input", texts };
}

export function contractSpeaker(entry: ServiceEntry): Speaker {
  const views = new Set(entry.views);
  return {
    path: "",
    headers: bearer,
    question: (all) => {
      const texts = all.filter(({ view }) => views.has(view));
      return {
        body: contractBody(texts),
        tokens: tokensAbout(texts.reduce((sum, { text }) => sum + text.length, 0)),
        read: (answer) => {
          const read = readContract(answer, { entry, texts });
          return typeof read === "string" ? undefined : read;
        },
      };
    },
  };
}

interface Asked {
  readonly entry: ServiceEntry;
  readonly texts: readonly ShownText[];
}

/** What it says; or, in words, what about it the contract does not admit. */
export function readContract(answer: unknown, asked: Asked): RemoteAnswer | string {
  if (answer === undefined) return "it is not JSON in UTF-8, names a key twice in one object, or nests too deep";
  const read = ContractAnswer.safeParse(answer);
  if (!read.success) {
    const [issue] = read.error.issues;
    const path = issue?.path.join(".") ?? "";
    return `${path === "" ? "" : `${path}: `}${issue?.message ?? "it is something else"}`;
  }
  for (const finding of read.data.findings) {
    const fault = faultOf(finding, asked);
    if (fault !== undefined) return fault;
  }
  return { findings: read.data.findings.flatMap((finding) => findingOf(finding, asked)) };
}

function faultOf({ category, text, span }: ContractFinding, { entry, texts }: Asked): string | undefined {
  if (!entry.judges.includes(category)) return `it finds ${category}, which the entry does not declare`;
  if (text === undefined) return undefined;
  const shown = texts[text];
  if (shown === undefined) return `it finds something in text ${text} of ${texts.length}`;
  const end = span?.[1] ?? 0;
  return end > shown.text.length ? `a span ends at ${end} in a text of ${shown.text.length} UTF-16 units` : undefined;
}

function findingOf({ category, score, text, span }: ContractFinding, { entry, texts }: Asked): RemoteFinding[] {
  const band = bandAt(score, entry);
  if (band === undefined) return [];
  if (text === undefined) return [{ category, score, band }];
  return [{ category, score, band, place: { text, span: span ?? [0, texts[text]?.text.length ?? 0] } }];
}
