// Policy as a pure decision: what a chain of safeguards found, one usage policy, and who asks, to one verdict.
// The strictest finding wins; a category that the policy does not name is prohibited; unknown stays unknown.
import type { Category, Finding, Inspection, Surface, Verdict } from "../terms/finding.ts";
import type { Action, CategoryRule, UsagePolicy } from "./policy-document.ts";

/** Who asks, as far as policy cares: the scopes of the caller's grant, and the side of the exchange. */
export interface Caller {
  readonly scopes: readonly string[];
  readonly surface: Surface;
}

const passed: Verdict = { kind: "pass" };

/** The verdict on one inspection. Never `pass` for an inspection that is unknown. */
export function decide(inspection: Inspection, policy: UsagePolicy, caller: Caller): Verdict {
  if (inspection.kind === "unknown") return { kind: "unknown", cause: inspection.cause };
  let verdict = passed;
  for (const finding of inspection.findings) {
    const answer = verdictOf(finding, ruleOf(policy, finding.category), caller);
    if (strictness[answer.kind] > strictness[verdict.kind]) verdict = answer;
  }
  return verdict;
}

/** The categories that a person has to look at before an inspection with the verdict `review` may pass, without repeats. */
export function reviewedIn(inspection: Inspection, policy: UsagePolicy, caller: Caller): readonly Category[] {
  if (inspection.kind === "unknown") return [];
  const reviewed = inspection.findings.filter(
    (finding) => verdictOf(finding, ruleOf(policy, finding.category), caller).kind === "review",
  );
  return [...new Set(reviewed.map(({ category }) => category))];
}

/** The categories of what goes on flagged, without repeats: what is redacted is among them. */
export function flaggedIn(inspection: Inspection, policy: UsagePolicy, caller: Caller): readonly Category[] {
  if (inspection.kind === "unknown") return [];
  const flagged = inspection.findings.filter(
    (finding) => verdictOf(finding, ruleOf(policy, finding.category), caller).kind === "flag",
  );
  return [...new Set(flagged.map(({ category }) => category))];
}

/** What has to be taken out of an answer that its verdict lets through: nothing of categories that policy lets pass or only flags. */
export function redactedIn(inspection: Inspection, policy: UsagePolicy, caller: Caller): readonly Finding[] {
  if (inspection.kind === "unknown") return [];
  return inspection.findings.filter(({ band, category }) => {
    return band === "redact" && doesStop(actionOf(ruleOf(policy, category), caller));
  });
}

/** What policy makes of one finding, and by which rule. */
export interface Ruling {
  readonly rule: CategoryRule;
  /** Whether the policy names the category; one that it does not name is prohibited. */
  readonly isNamed: boolean;
  /** Whether a scope of the caller lifts it. */
  readonly isLifted: boolean;
  readonly verdict: Verdict;
}

/** For people: what `decide` does with this finding by itself. */
export function rulingOn(finding: Finding, policy: UsagePolicy, caller: Caller): Ruling {
  const rule = ruleOf(policy, finding.category);
  return {
    rule,
    isNamed: policy.categories.includes(rule),
    isLifted: isLifted(rule, caller),
    verdict: verdictOf(finding, rule, caller),
  };
}

/** The stricter of two verdicts, the first where they are equally strict. */
export function stricter(a: Verdict, b: Verdict): Verdict {
  return strictness[b.kind] > strictness[a.kind] ? b : a;
}

const strictness = { pass: 0, flag: 1, review: 2, block: 3, unknown: 4 } as const satisfies Record<
  Verdict["kind"],
  number
>;

function ruleOf(policy: UsagePolicy, category: Category): CategoryRule {
  const named = policy.categories.find((rule) => rule.category === category);
  return named ?? { category, treat: "prohibited", input: "block", output: "block" };
}

function verdictOf(finding: Finding, rule: CategoryRule, caller: Caller): Verdict {
  const most = actionOfBand[caller.surface][finding.band];
  const action = milder(actionOf(rule, caller), finding.mode === "review" ? milder(most, "review") : most);
  return action === "pass" ? passed : { kind: action, category: finding.category };
}

function actionOf(rule: CategoryRule, caller: Caller): Action {
  return isLifted(rule, caller) ? "flag" : rule[caller.surface];
}

function isLifted(rule: CategoryRule, { scopes }: Caller): boolean {
  return rule.treat === "restricted" && scopes.includes(rule.scope);
}

/** The most that a finding of a band may do, however strict the policy. What was redacted is recorded, and lets the rest through. */
const actionOfBand = {
  input: { clear: "pass", flag: "flag", redact: "block", review: "review", block: "block" },
  output: { clear: "pass", flag: "flag", redact: "flag", review: "review", block: "block" },
} as const satisfies Record<Surface, Record<Finding["band"], Action>>;

function doesStop(action: Action): boolean {
  return strictness[action] > strictness.flag;
}

function milder(a: Action, b: Action): Action {
  return strictness[a] < strictness[b] ? a : b;
}
