// The cases that a policy was written for came out as their author expects, by exactly the policy and the safeguards that are to be
// released. Of each file of cases the last report counts, so that none that failed vanishes behind another file. It measures nothing:
// which cases there are, somebody chose.
import { z } from "zod";
import { Digest, Name, type Timestamp, instantOf } from "../../terms/ids.ts";
import type { GateCase, RequirementJudgement } from "../judgement.ts";
import { TierNumber } from "../tier-number.ts";
import { wording } from "../wording.ts";

export const PolicyTests = z.strictObject({
  id: Name,
  /** Cases that there have to be, at least. */
  policyTests: z.number().int().min(1).max(1_000_000),
  /** The file of cases, by the digest of its bytes. Absent: any of that many cases, and none that failed. */
  cases: Digest.optional(),
  /** How long ago they may have been run, at most. Absent: as long as policy and safeguards are the same. */
  testedWithinDays: z.number().int().min(1).max(3660).optional(),
  tier: TierNumber.optional(),
});
export type PolicyTests = z.infer<typeof PolicyTests>;

const dayMs = 86_400_000;

export function judgePolicyTests(
  requirement: PolicyTests,
  given: Pick<GateCase, "facts" | "digests" | "at">,
): RequirementJudgement {
  const { id, policyTests, cases, testedWithinDays } = requirement;
  const { policy, safeguards } = given.digests;
  const reports = given.facts
    .flatMap(({ fact, at }) => (fact.kind === "policy-test" ? [{ ...fact, at }] : []))
    .filter(
      (fact) =>
        fact.policy === policy && fact.safeguards === safeguards && (cases === undefined || fact.cases === cases),
    );
  const lasts = [...new Map(reports.map((report) => [report.cases, report])).values()];
  const isRecent = ({ at }: { readonly at: Timestamp }): boolean => {
    const days = (given.at - instantOf(at)) / dayMs;
    return days >= 0 && (testedWithinDays === undefined || days <= testedWithinDays);
  };
  const isEnough = (report: (typeof reports)[number]): boolean => isRecent(report) && report.total >= policyTests;
  const last = lasts.find(({ failed }) => failed > 0) ?? lasts.find(isEnough) ?? reports.at(-1);
  const need = {
    policyTests,
    ...(cases === undefined ? {} : { cases }),
    ...(testedWithinDays === undefined ? {} : { testedWithinDays }),
  };
  const recent = testedWithinDays === undefined ? "" : ` within the last ${testedWithinDays} days`;
  const still = `${wording(policyTests, "case")} or more, all as expected${recent}, by this policy and these safeguards: headgate policy test CASES.jsonl --documents FOLDER --record`;
  const common = { id, kind: "policy-tests", need } as const;
  if (last === undefined)
    return {
      ...common,
      verdict: "inconclusive",
      have: { cases: null },
      why: "No policy tests of this policy with these safeguards are on record.",
      stillToShow: still,
    };
  const { total, failed, at } = last;
  const verdict = failed > 0 ? "fail" : isEnough(last) ? "pass" : "inconclusive";
  const wayOut = failed > 0 && cases === undefined ? `; ${otherCases(last.cases)}` : "";
  return {
    ...common,
    verdict,
    have: { total, failed, tested: at },
    why: `${total - failed} of ${wording(total, "case")} came out as expected, at ${at}.`,
    stillToShow: verdict === "pass" ? null : `${still}${wayOut}`,
  };
}

/** Whoever mends the cases and not the policy has another file, and the one that failed still stands. */
function otherCases(failed: Digest): string {
  return `the cases that failed are ${failed}, and no other file answers for them: where it is they that were wrong, name the file that counts as \`cases\` in the release plan`;
}
