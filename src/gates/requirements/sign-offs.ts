// Sign-offs by distinct persons in separate roles. A person fills one seat; who signed against fills none. A missing
// sign-off is a plain "not passed": unlike missing evidence there is nothing uncertain about it.
import { z } from "zod";
import type { PersonId } from "../../terms/ids.ts";
import { Name } from "../../terms/ids.ts";
import { Quorum, type Role } from "../../terms/role.ts";
import type { GateCase, GivenSignOff, RequirementJudgement } from "../judgement.ts";

export const SignOffs = z.strictObject({
  id: Name,
  signOffs: Quorum.refine(
    (seats) => new Set(seats.map(({ role }) => role)).size === seats.length,
    "a role stands here twice: write it once, with the count",
  ),
});
export type SignOffs = z.infer<typeof SignOffs>;

export function judgeSignOffs(requirement: SignOffs, given: GateCase): RequirementJudgement {
  const filled = supportersByRole(given.signOffs);
  const seats = requirement.signOffs.map(({ role, count }) => {
    const have = Math.min(count, filled.get(role) ?? 0);
    return { role, count, have, missing: count - have };
  });
  const missing = seats.filter((seat) => seat.missing > 0);
  const against = new Set(given.signOffs.filter(({ verdict }) => verdict === "against").map(({ person }) => person));
  const dissent = against.size > 0 ? ` ${against.size} signed against.` : "";
  const words = missing.map(({ role, missing: count }) => signOffs(role, count));
  return {
    id: requirement.id,
    kind: "sign-offs",
    verdict: missing.length === 0 ? "pass" : "fail",
    have: { ...Object.fromEntries(seats.map(({ role, have }) => [role, have])), against: against.size },
    need: Object.fromEntries(seats.map(({ role, count }) => [role, count])),
    why: missing.length === 0 ? `All seats are filled.${dissent}` : `Still unsigned: ${words.join(", ")}.${dissent}`,
    stillToShow: missing.length === 0 ? null : words.join(", "),
  };
}

/** How many distinct persons stand behind it in each role; a person's last role counts, and one "against" removes them. */
function supportersByRole(given: readonly GivenSignOff[]): ReadonlyMap<Role, number> {
  const against = new Set(given.filter(({ verdict }) => verdict === "against").map(({ person }) => person));
  const roles = new Map<PersonId, Role>();
  for (const { person, role } of given) if (!against.has(person)) roles.set(person, role);
  const counts = new Map<Role, number>();
  for (const role of roles.values()) counts.set(role, (counts.get(role) ?? 0) + 1);
  return counts;
}

function signOffs(role: Role, count: number): string {
  return count === 1 ? `${role} sign-off` : `${count} ${role} sign-offs`;
}
