// What several graders said of one answer, made one verdict, or what is still to be asked. Pure, and from nothing but what the sealed
// run says, so that whoever has that can do it again.
import { countedAs, type CountedAs, type FailureKind } from "../../terms/trial.ts";
import type { DeclaredGrader, Panel, People } from "./grader-document.ts";
import type { GraderVerdict } from "./grader.ts";

/** One grader's word on one answer, under the name that the sealed run has for it. */
export interface Said {
  readonly by: string;
  readonly verdict: GraderVerdict;
}

export type Combined =
  | { readonly kind: "verdict"; readonly verdict: GraderVerdict }
  /** Nobody of these has said anything yet. */
  | { readonly kind: "open"; readonly ask: "judges" | "tie-break" | "person" | "second-person" | "third-person" };

const personPrefix = "people:";

export function judgeName({ name }: { readonly name: string }): string {
  return `judge:${name}`;
}

export function personName(person: string): string {
  return `${personPrefix}${person}`;
}

export function isPerson({ by }: Pick<Said, "by">): boolean {
  return by.startsWith(personPrefix);
}

/** The verdict of a suite's grader on one answer, as far as it has been said. */
export function combinedVerdict(grader: DeclaredGrader, said: readonly Said[], marked: Marked): Combined {
  if ("people" in grader) return peoplesVerdict(grader.people, said, marked);
  if ("panel" in grader) return panelVerdict(grader.panel, said);
  const own = said.find(({ by }) => by === judgeName(grader.judge));
  return own === undefined ? { kind: "open", ask: "judges" } : { kind: "verdict", verdict: own.verdict };
}

/** Two judges that say the same, and say something, settle it; else the tie-break does where it sides with one. A person's word settles a tie alone. */
export function panelVerdict({ judges }: Panel, said: readonly Said[]): Combined {
  const [one, other, third] = judges.map((judge) => said.find(({ by }) => by === judgeName(judge))?.verdict);
  if (one === undefined || other === undefined) return { kind: "open", ask: "judges" };
  if (one === other && one !== "unscored") return { kind: "verdict", verdict: one };
  if (judges.length === 2) {
    const person = said.find(isPerson);
    return person === undefined ? { kind: "open", ask: "person" } : { kind: "verdict", verdict: person.verdict };
  }
  if (third === undefined) return { kind: "open", ask: "tie-break" };
  return { kind: "verdict", verdict: third === one || third === other ? third : "unscored" };
}

interface Marked {
  readonly failure: FailureKind;
  /** Whether a second person is to mark it. */
  readonly isDouble: boolean;
}

/** The first two persons' marks, and the third's where these differ and a third is asked. */
function peoplesVerdict({ disagreement }: People, said: readonly Said[], marked: Marked): Combined {
  const [one, other, third] = said.filter(isPerson).map(({ verdict }) => verdict);
  if (one === undefined) return { kind: "open", ask: "person" };
  if (other === undefined && marked.isDouble) return { kind: "open", ask: "second-person" };
  if (other === undefined || one === other) return { kind: "verdict", verdict: one };
  if (disagreement === "worse") return { kind: "verdict", verdict: worseOf([one, other], marked.failure) };
  if (third === undefined) return { kind: "open", ask: "third-person" };
  return { kind: "verdict", verdict: third === one || third === other ? third : "unscored" };
}

const badness = { failed: 2, unknown: 1, clean: 0 } as const satisfies Record<CountedAs, number>;

/** The one that counts most against the claim; where that is that outcomes differ, neither can be known. Of two that count the same, the first. */
function worseOf(verdicts: readonly [GraderVerdict, GraderVerdict], failure: FailureKind): GraderVerdict {
  if (failure === "outcomes-differ") return "unscored";
  const [one, other] = verdicts;
  return badness[countedAs(other, failure)] > badness[countedAs(one, failure)] ? other : one;
}
