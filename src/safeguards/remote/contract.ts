// The contract of `service@1`: one POST with the texts of a request, one answer with what was found in them.
// docs/safeguards-of-your-own.md states it for those who write such a service; `guard conform` checks it.
import { z } from "zod";
import { Category } from "../../terms/finding.ts";
import type { ServiceEntry } from "./remote-document.ts";
import { type RemoteAnswer, type RemoteFinding, type ShownText, type Speaker, bandAt, bearer } from "./question.ts";

/** Stands in every request and has to stand in every answer. */
const contractVersion = "headgate-safeguard/1";

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
  .refine(({ text, span }) => span === undefined || text !== undefined)
  .refine(({ span }) => span === undefined || span[0] <= span[1]);
type ContractFinding = z.infer<typeof ContractFinding>;

/** Nothing else may stand in it: a field that is not known here may be one that was to stop something. */
const ContractAnswer = z.strictObject({
  contract: z.literal(contractVersion),
  findings: z.array(ContractFinding).max(findingsMax),
});

/** The body of a question. */
function contractBody(texts: readonly ShownText[]): object {
  return { contract: contractVersion, surface: "input", texts };
}

export function contractSpeaker(entry: ServiceEntry): Speaker {
  const views = new Set(entry.views);
  return {
    path: "",
    headers: bearer,
    question: (all) => {
      const texts = all.filter(({ view }) => views.has(view));
      return { body: contractBody(texts), tokens: 0, read: (answer) => readContract(answer, { entry, texts }) };
    },
  };
}

interface Asked {
  readonly entry: ServiceEntry;
  readonly texts: readonly ShownText[];
}

/** Undefined for what the contract does not admit: another version, a category that was not declared, a place that is not there. */
function readContract(answer: unknown, asked: Asked): RemoteAnswer | undefined {
  const read = ContractAnswer.safeParse(answer).data;
  if (read?.findings.every((finding) => isAdmitted(finding, asked)) !== true) return undefined;
  return { findings: read.findings.flatMap((finding) => findingOf(finding, asked)) };
}

function isAdmitted({ category, text, span }: ContractFinding, { entry, texts }: Asked): boolean {
  if (!entry.judges.includes(category)) return false;
  if (text === undefined) return true;
  const shown = texts[text];
  return shown !== undefined && (span?.[1] ?? 0) <= shown.text.length;
}

function findingOf({ category, score, text, span }: ContractFinding, { entry, texts }: Asked): RemoteFinding[] {
  const band = bandAt(score, entry);
  if (band === undefined) return [];
  if (text === undefined) return [{ category, score, band }];
  return [{ category, score, band, place: { text, span: span ?? [0, texts[text]?.text.length ?? 0] } }];
}
