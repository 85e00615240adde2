// Sign-offs by distinct persons in separate roles. A person fills one seat; who signed against, or stepped back, fills none, nor
// does who had a hand in what is signed where the plan says so. A missing sign-off is a plain "not passed": unlike missing
// evidence there is nothing uncertain about it.
import { z } from "zod";
import { type Instant, Name, instantOf } from "../../terms/ids.ts";
import { Quorum, type Role, type Seat } from "../../terms/role.ts";
import { Conflict } from "../conflict.ts";
import type { Figures, GateCase, GivenSignOff, RequirementJudgement } from "../judgement.ts";

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

type Given = Pick<GateCase, "signOffs" | "at">;

export function judgeSignOffs(requirement: SignOffs, given: Given): RequirementJudgement {
  const supporting = supportingIn(given);
  const left = supporting.filter((one) => fillsSeat(requirement, one, given.at));
  const filled = countByRole(left);
  const seats = requirement.signOffs.map(({ role, count }) => ({
    role,
    count,
    have: Math.min(count, filled.get(role) ?? 0),
  }));
  const cli = cliSeats(requirement, left);
  const aside = asideOf(requirement, given, supporting);
  const unsigned = seats.filter(({ have, count }) => have < count);
  const words = unsigned.map(({ role, count, have }) => signOffs(role, count - have));
  const said = words.length === 0 ? "All seats are filled." : `Still unsigned: ${words.join(", ")}.`;
  const lacking = [...words, ...cli.words];
  return {
    id: requirement.id,
    kind: "sign-offs",
    verdict: lacking.length === 0 ? "pass" : "fail",
    have: { ...Object.fromEntries(seats.map(({ role, have }) => [role, have])), ...cli.have, ...aside },
    need: { ...Object.fromEntries(seats.map(({ role, count }) => [role, count])), ...askedBesides(requirement) },
    why: [`${said}${asideInWords(aside, requirement)}`, ...cli.words.map(asSentence)].join(" "),
    stillToShow: lacking.length === 0 ? null : lacking.join(", "),
  };
}

/** Those for it, but for whoever said otherwise too. */
function supportingIn({ signOffs: all }: Given): readonly GivenSignOff[] {
  const opposing = new Set(all.filter(({ verdict }) => verdict !== "for").map(({ person }) => person));
  return all.filter(({ person }) => !opposing.has(person));
}

function askedBesides({ maxAgeDays, notBy, cliKeys }: SignOffs): Figures {
  return {
    ...(maxAgeDays === undefined ? {} : { maxAgeDays }),
    ...(notBy === undefined ? {} : { notBy: notBy.join(", ") }),
    ...(cliKeys === undefined ? {} : { cliKeys }),
  };
}

function asideOf(requirement: SignOffs, { signOffs: all, at }: Given, supporting: readonly GivenSignOff[]): Aside {
  const count = (verdict: GivenSignOff["verdict"]): number => all.filter((one) => one.verdict === verdict).length;
  const { maxAgeDays, notBy } = requirement;
  return {
    against: count("against"),
    ...(count("recused") === 0 ? {} : { recused: count("recused") }),
    ...(notBy === undefined ? {} : { conflicted: supporting.filter((one) => isConflicted(requirement, one)).length }),
    ...(maxAgeDays === undefined ? {} : { aged: supporting.filter((one) => isAged(requirement, one, at)).length }),
  };
}

/** How many seats are filled from the command line, of those that have to be, and what is lacking in words. */
function cliSeats({ cliKeys, signOffs: seats }: SignOffs, filling: readonly GivenSignOff[]): CliSeats {
  if (cliKeys === undefined) return { have: {}, words: [] };
  const most = seatsFilled(
    seats,
    filling.filter(({ madeIn }) => madeIn === undefined),
  );
  return {
    have: { cliKeys: Math.min(cliKeys, most) },
    words: most >= cliKeys ? [] : [fromCommandLine(cliKeys - most)],
  };
}

interface CliSeats {
  readonly have: Figures;
  readonly words: readonly string[];
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

interface Aside extends Figures {
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
