// A verdict in words: what, for which category, or why nothing is known.
import type { VerdictView } from "../../../src/control/contract-policy.ts";
import { words } from "../../words/words.ts";

export function verdictWords({ kind, category, cause }: VerdictView): string {
  const { result, causes } = words.tryText;
  const about = category === null ? undefined : result.for(words.policy.category[category]);
  const why = cause === null ? undefined : result.cause(causes[cause]);
  return [result.verdict[kind], about, why].filter((part) => part !== undefined).join(" ");
}
