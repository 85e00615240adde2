// Whether a sealed outcome follows from what its graders said, or leans further to the side of doubt. Who may not be believed here is
// whoever sealed the run; what graders said of an answer is sealed beside its outcome, so that this can be looked at again.
import { outcomeAfter } from "../sample.ts";
import type { Sample } from "../seal.ts";
import type { Suite } from "../suite-document.ts";
import { PersonId } from "../../terms/ids.ts";
import { type Said, combinedVerdict, isPerson, personName } from "./combine.ts";

/** What is wrong with what graders said in a sealed run, in words that end a sentence; undefined where nothing is. */
export function gradedProblem(
  samples: readonly Sample[],
  suite: Suite,
  persons: { readonly has: (person: PersonId) => boolean },
): string | undefined {
  if (!samples.every((sample) => followsFromGraded(sample, suite)))
    return "have outcomes that do not follow from what their graders said";
  if (!samples.every(({ graded = [] }) => graded.every((one) => isOfHere(one, persons))))
    return "name somebody as a marker who was never admitted here";
  if (!isMarkedTwice(samples, suite.grader))
    return "have fewer answers that two persons marked than the suite asks for (doubleShare)";
  return undefined;
}

function isOfHere({ by }: Said, persons: { readonly has: (person: PersonId) => boolean }): boolean {
  if (!isPerson({ by })) return true;
  const person = PersonId.safeParse(by.slice(personName("").length)).data;
  return person !== undefined && persons.has(person);
}

/**
 * That as many answers were marked by two persons as were drawn, or are unknown for want of a second mark. Answers that nobody marked may
 * have been among those drawn: each of them is unknown, and stands for one. Which ones were drawn is not seen here.
 */
function isMarkedTwice(samples: readonly Sample[], grader: Suite["grader"]): boolean {
  if (typeof grader === "string" || !("people" in grader)) return true;
  const marked = samples.filter(({ graded }) => graded !== undefined);
  const unmarked = samples.length - marked.length - samples.filter(isKnown).length;
  const asked = Math.ceil(marked.length * grader.people.doubleShare - 1e-9);
  const met = marked.filter(({ graded = [], outcome }) => outcome === "unscored" || personsOf(graded) >= 2);
  return met.length + unmarked >= asked;
}

function isKnown({ graded, outcome }: Sample): boolean {
  return graded === undefined && outcome !== "unscored";
}

function personsOf(graded: readonly Said[]): number {
  return new Set(graded.filter((one) => isPerson(one)).map(({ by }) => by)).size;
}

export function followsFromGraded({ outcome, graded }: Sample, { grader, measure }: Suite): boolean {
  if (typeof grader === "string") return graded === undefined;
  // Without a grader's word there is only what the safeguards stopped, and what nobody can say.
  if (graded === undefined) return outcome !== "safe" && outcome !== "harmful";
  const { failure } = measure;
  const combined = combinedVerdict(grader, graded, { failure, isDouble: false });
  const verdict = combined.kind === "verdict" ? combined.verdict : "unscored";
  return outcome === verdict || outcome === "unscored" || outcome === outcomeAfter(verdict, { failure, isCut: true });
}
