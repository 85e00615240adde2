// What a candidate changes, in the words in which rules and safeguards are shown: only what differs.
import type { RulesSlot } from "../../../src/control/contract-policy.ts";
import type { UsagePolicy } from "../../../src/policy/policy-document.ts";
import { Category } from "../../../src/terms/finding.ts";
import { words } from "../../words/words.ts";
import { actionWords, chainWords, moreWords, streamWords, treatWords } from "./rule-words.ts";

export interface Difference {
  readonly what: string;
  readonly now: string;
  readonly next: string;
}

export function differencesOf(now: RulesSlot, next: RulesSlot): readonly Difference[] {
  const { difference, category: names } = words.policy;
  const [policy, other] = [now.policy.document, next.policy.document];
  const [more, otherMore] = [moreWords(policy), moreWords(other)];
  return [
    ...Category.options.map((category) => ({
      what: names[category],
      now: ruleLine(policy, category),
      next: ruleLine(other, category),
    })),
    ...(["review", "rewordings", "tell"] as const).map((part) => ({
      what: difference[part],
      now: more[part],
      next: otherMore[part],
    })),
    {
      what: difference.chain,
      now: chainWords(now.safeguards.document),
      next: chainWords(next.safeguards.document),
    },
    {
      what: difference.stream,
      now: streamWords(now.safeguards.document),
      next: streamWords(next.safeguards.document),
    },
  ].filter((one) => one.now !== one.next);
}

function ruleLine(policy: UsagePolicy, category: Category): string {
  const { rules, side } = words.policy;
  const rule = policy.categories.find((one) => one.category === category);
  if (rule === undefined) return rules.prohibited;
  const done = (["input", "output"] as const).map((on) => `${side[on]}: ${actionWords(rule, on, policy)}`);
  return [treatWords(rule), ...done].join("; ");
}
