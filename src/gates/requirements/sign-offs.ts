// Sign-offs by distinct persons in separate roles. A person fills one seat; who signed against, or stepped back, fills none, nor
// does who had a hand in what is signed where the plan says so. A missing sign-off is a plain "not passed": unlike missing
// evidence there is nothing uncertain about it.
import { z } from "zod";
import { type Instant, Name, instantOf } from "../../terms/ids.ts";
import { Quorum, type Role, type Seat } from "../../terms/role.ts";
import { Conflict } from "../conflict.ts";
import type { GateCase, GivenSignOff, RequirementJudgement } from "../judgement.ts";

const seatsMax = 160;

export const SignOffs = z
  .strictObject({
    id: Name,
    signOffs: Quorum.refine(
      (seats) => new Set(seats.map(({ role }) => role)).size === seats.length,
      "a role stands here twice: write it once, with the count",
    ),
    /** A sign-off for it that is older counts no more. */
    maxAgeDays: z.number().int().min(1).max(3660).optional(),
    /** Whose hand was in what: they fill no seat here. */
    notBy: z.array(Conflict).min(1).max(Conflict.options.length).optional(),
    /** Of those who fill the seats so many signed with a key that the ledger does not record as made in a browser. */
    cliKeys: z.number().int().min(1).max(seatsMax).optional(),
  })
  .refine(({ signOffs: seats, cliKeys = 0 }) => cliKeys <= seats.reduce((sum, { count }) => sum + count, 0), {
    message: "more sign-offs from the command line than there are seats",
    path: ["cliKeys"],
  });
export type SignOffs = z.infer<typeof SignOffs>;

type Seated = Pick<GivenSignOff, "person" | "role">;

const dayMs = 86_400_000;

export function judgeSignOffs(requirement: SignOffs, given: Pick<GateCase, "signOffs" | "at">): RequirementJudgement {
  const { maxAgeDays, notBy, cliKeys } = requirement;
  const opposing = new Set(given.signOffs.filter(({ verdict }) => verdict !== "for").map(({ person }) => person));
  const supporting = given.signOffs.filter(({ person }) => !opposing.has(person));
  const left = supporting.filter((one) => fillsSeat(requirement, one, given.at));
  const filled = countByRole(left);
  const seats = requirement.signOffs.map(({ role, count }) => {
    const have = Math.min(count, filled.get(role) ?? 0);
    return { role, count, have, missing: count - have };
  });
  const missing = seats.filter((seat) => seat.missing > 0);
  const fromCli = seatsFilled(
    requirement.signOffs,
    left.filter(({ madeIn }) => madeIn === undefined),
  );
  const isMet = missing.length === 0 && fromCli >= (cliKeys ?? 0);
  const count = (verdict: GivenSignOff["verdict"]): number =>
    given.signOffs.filter((one) => one.verdict === verdict).length;
  const aside = {
    against: count("against"),
    ...(count("recused") === 0 ? {} : { recused: count("recused") }),
    ...(notBy === undefined ? {} : { conflicted: supporting.filter((one) => isConflicted(requirement, one)).length }),
    ...(maxAgeDays === undefined
      ? {}
      : { aged: supporting.filter((one) => isAged(requirement, one, given.at)).length }),
  };
  const words = missing.map(({ role, missing: lacking }) => signOffs(role, lacking));
  const said = missing.length === 0 ? "All seats are filled." : `Still unsigned: ${words.join(", ")}.`;
  const cliWords = fromCli >= (cliKeys ?? 0) ? [] : [fromCommandLine((cliKeys ?? 0) - fromCli)];
  return {
    id: requirement.id,
    kind: "sign-offs",
    verdict: isMet ? "pass" : "fail",
    have: {
      ...Object.fromEntries(seats.map(({ role, have }) => [role, have])),
      ...(cliKeys === undefined ? {} : { cliKeys: Math.min(cliKeys, fromCli) }),
      ...aside,
    },
    need: {
      ...Object.fromEntries(seats.map(({ role, count: needed }) => [role, needed])),
      ...(maxAgeDays === undefined ? {} : { maxAgeDays }),
      ...(notBy === undefined ? {} : { notBy: notBy.join(", ") }),
      ...(cliKeys === undefined ? {} : { cliKeys }),
    },
    why: [`${said}${asideInWords(aside, requirement)}`, ...cliWords.map(asSentence)].join(" "),
    stillToShow: isMet ? null : [...words, ...cliWords].join(", "),
  };
}

/** Whether a sign-off for it counts towards the seats of the requirement. */
export function fillsSeat(requirement: SignOffs, one: GivenSignOff, at: Instant): boolean {
  return !isConflicted(requirement, one) && !isAged(requirement, one, at);
}

function isConflicted({ notBy = [] }: SignOffs, { conflicts = [] }: GivenSignOff): boolean {
  return conflicts.some((conflict) => notBy.includes(conflict));
}

/** One of which nobody says when it was given is as old as can be. */
function isAged({ maxAgeDays }: SignOffs, { at: given }: GivenSignOff, at: Instant): boolean {
  return maxAgeDays !== undefined && (given === undefined || at - instantOf(given) > maxAgeDays * dayMs);
}

/** How many seats they fill together. */
export function seatsFilled(seats: Quorum, filling: readonly Seated[]): number {
  const counts = countByRole(filling);
  return seats.reduce((sum, { role, count }) => sum + Math.min(count, counts.get(role) ?? 0), 0);
}

function fromCommandLine(count: number): string {
  const which = count === 1 ? "one of the sign-offs" : `${count} of the sign-offs`;
  return `${which} must come from a key kept at the command line: \`headgate release sign …\``;
}

function asSentence(words: string): string {
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;
}

/** How many distinct persons there are in each role; a person's last role counts. */
function countByRole(given: readonly Seated[]): ReadonlyMap<Role, number> {
  const roles = new Map(given.map(({ person, role }) => [person, role]));
  const counts = new Map<Role, number>();
  for (const role of roles.values()) counts.set(role, (counts.get(role) ?? 0) + 1);
  return counts;
}

interface Aside {
  readonly against: number;
  readonly recused?: number;
  readonly conflicted?: number;
  readonly aged?: number;
}

function asideInWords(
  { against, recused = 0, conflicted = 0, aged = 0 }: Aside,
  { maxAgeDays, notBy = [] }: SignOffs,
): string {
  const said = [
    [against, `${against} signed against`],
    [recused, `${recused} stepped back`],
    [conflicted, `${conflicted} had a hand in it and fills no seat (${notBy.join(", ")})`],
    [aged, `${aged} signed more than ${maxAgeDays} days ago`],
  ] as const;
  return said.flatMap(([count, words]) => (count === 0 ? [] : [` ${words}.`])).join("");
}

function signOffs(role: Seat["role"], count: number): string {
  return count === 1 ? `${role} sign-off` : `${count} ${role} sign-offs`;
}
