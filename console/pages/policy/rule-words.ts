// The rules of a policy and the entries of a chain as people read them: one line a rule, the same on every page and in a difference.
import type { RulesSlot } from "../../../src/control/contract-policy.ts";
import type { CategoryRule, UsagePolicy } from "../../../src/policy/policy-document.ts";
import { Category, type Surface } from "../../../src/terms/finding.ts";
import { words } from "../../words/words.ts";

type Safeguards = RulesSlot["safeguards"]["document"];
/** One safeguard of a chain, as its document declares it. */
export type ChainEntry = Safeguards["chain"][number];

export function treatWords(rule: CategoryRule): string {
  const { rules } = words.policy;
  switch (rule.treat) {
    case "prohibited":
      return rules.prohibited;
    case "restricted":
      return rules.restricted(rule.scope);
    case "allowed":
      return rules.allowed;
  }
}

export function actionWords(rule: CategoryRule, side: Surface, policy: UsagePolicy): string {
  const { does, lifted } = words.policy.rules;
  const action = rule[side];
  const waits = side === "output" ? does.answerReview : policy.review === undefined ? does.reviewAlone : does.review;
  const said = action === "review" ? waits : does[action];
  return rule.treat === "restricted" ? `${said}${lifted}` : said;
}

export function unnamedIn(policy: UsagePolicy): readonly Category[] {
  const named = new Set(policy.categories.map(({ category }) => category));
  return Category.options.filter((category) => !named.has(category));
}

export function moreWords({
  review,
  rewordings,
  tell,
}: UsagePolicy): Readonly<Record<"review" | "rewordings" | "tell", string>> {
  const { more } = words.policy;
  return {
    review:
      review === undefined ? more.noReview : more.review(review.expiresHours, review.perKeyMax, review.retentionDays),
    rewordings:
      rewordings === undefined ? more.noRewordings : more.rewordings(rewordings.after, rewordings.withinHours),
    tell: tell === undefined ? more.noTell : more.tell,
  };
}

export function entryName(entry: ChainEntry): string {
  return "url" in entry ? `${entry.safeguard} ${entry.name}` : entry.safeguard;
}

export function sidesWords({ on }: ChainEntry): string {
  const { chain } = words.policy;
  if (on.length === 2) return chain.both;
  return on.includes("input") ? chain.requests : chain.answers;
}

export function exceptWords({ except = [] }: ChainEntry): readonly string[] {
  const { chain } = words.policy;
  return except.map(({ mode, stages, types }) =>
    chain.exception(chain.modes[mode], stages?.join(", "), types?.join(", ")),
  );
}

/** At what it stops: rates, patterns, rules, or scores of what is asked elsewhere. */
export function stopsWords(entry: ChainEntry): readonly string[] {
  const { chain } = words.policy;
  if ("url" in entry) {
    const ask = entry.ask === "always" ? chain.always : chain.inDoubt;
    return [chain.remote(originOf(entry.url), ask)];
  }
  if ("patterns" in entry) return [chain.patterns(entry.patterns.length)];
  if ("rules" in entry) return [chain.structure(entry.rules.map(({ rule }) => rule).join(", "))];
  return [chain.rates(entry.block.benignRate, entry.review.benignRate), ...(entry.categories ?? []).map(limitWords)];
}

type Limits = NonNullable<Extract<ChainEntry, { block: { benignRate: number } }>["categories"]>[number];

function limitWords({ category, on, block, review }: Limits): string {
  const { chain, category: names, side: sides } = words.policy;
  const [only] = on ?? [];
  const parts = [
    block === undefined ? undefined : chain.rateBlock(block.benignRate),
    review === undefined ? undefined : chain.rateReview(review.benignRate),
  ].filter((part) => part !== undefined);
  const side = only === undefined || on?.length === 2 ? "" : chain.rateSide(sides[only]);
  return chain.rateOf(names[category], side, parts.join(", "));
}

function originOf(url: string): string {
  return URL.parse(url)?.origin ?? "";
}

export function chainWords({ chain }: Safeguards): string {
  const { modes } = words.policy.chain;
  return chain
    .map((entry) =>
      [entryName(entry), sidesWords(entry), modes[entry.mode], ...stopsWords(entry), ...exceptWords(entry)].join("; "),
    )
    .join("\n");
}

export function streamWords({ stream }: Safeguards): string {
  return words.policy.chain.stream(stream.windowChars, stream.holdBackChars);
}
