// Whether a policy waits for people that there are not: then what it says of review is enforced as a block.
import type { State } from "../acts/state.ts";
import type { UsagePolicy } from "../policy/policy-document.ts";

export const noReviewer =
  "Nobody of role reviewer is admitted, so what the policy keeps for a person is blocked. Run: headgate person invite --role reviewer";

export function lacksReviewer({ persons }: State, policies: readonly Pick<UsagePolicy, "review">[]): boolean {
  if (policies.every(({ review }) => review === undefined)) return false;
  return ![...persons.values()].some(({ role, suspended }) => role === "reviewer" && !suspended);
}
