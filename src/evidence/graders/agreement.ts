// How far graders agree, and on which answers they do not: from what stands in the sealed run alone. Two judges of a panel are one pair;
// of people it is the two who marked the same answers. A third, who is asked only where two differ, is in no kappa.
import { type AgreementTable, type Kappa, cohensKappa } from "../../statistics/kappa.ts";
import { type Said, isPerson, judgeName } from "./combine.ts";
import type { DeclaredGrader } from "./grader-document.ts";
import { GraderVerdict } from "./grader.ts";

export interface GraderAgreement extends Kappa {
  readonly one: string;
  readonly other: string;
  /** How often the one said what its row says, and the other what the column says; in the order of `words`. */
  readonly words: readonly GraderVerdict[];
  readonly table: AgreementTable;
}

/** Undefined where no two graders say something of the same answers. */
export function agreementOfGraders(
  graded: readonly (readonly Said[])[],
  grader: DeclaredGrader,
  confidence: number,
): GraderAgreement | undefined {
  if ("judge" in grader) return undefined;
  const [one, other] = "panel" in grader ? grader.panel.judges.map(judgeName) : ["one person", "another"];
  const pairs = graded.flatMap((said) => {
    const pair = "panel" in grader ? [one, other].map((name) => said.find(({ by }) => by === name)) : twoPersons(said);
    const [first, second] = pair.map((each) => each?.verdict);
    return first === undefined || second === undefined ? [] : [{ first, second }];
  });
  if (pairs.length === 0 || one === undefined || other === undefined) return undefined;
  const table = GraderVerdict.options.map((row) =>
    GraderVerdict.options.map(
      (column) => pairs.filter(({ first, second }) => first === row && second === column).length,
    ),
  );
  return { one, other, words: GraderVerdict.options, table, ...cohensKappa(table, confidence) };
}

/** The first two who marked it; who of them is called the first does not hang on who came first. */
function twoPersons(said: readonly Said[]): readonly Said[] {
  const [one, other] = said.filter(isPerson);
  if (one === undefined || other === undefined) return [];
  return one.by < other.by ? [one, other] : [other, one];
}

/** Whether not all say the same. */
export function differ(said: readonly Said[]): boolean {
  return new Set(said.map(({ verdict }) => verdict)).size > 1;
}
