// Roles as people say them.
import type { Role } from "../../src/terms/role.ts";

const names: Readonly<Record<string, string>> = {
  owner: "an owner",
  safety: "somebody from safety",
  assurance: "somebody from assurance",
  policy: "somebody from policy",
  access: "somebody from access",
  evaluator: "an evaluator",
  reviewer: "a reviewer",
  auditor: "an auditor",
};

/** What somebody of the role is here for: src/acts/authority.ts has the whole of it. */
export const roleDoes = {
  owner: "Admits people, gives out keys, proposes stages and advances what everybody signed.",
  safety: "Signs for or against a stage as safety, proposes to reopen, holds and restricts.",
  assurance: "Runs and records evidence, signs for or against a stage as assurance, holds and restricts.",
  policy: "Writes documents, signs for or against a stage as policy, holds and restricts.",
  access: "Admits organisations and gives out keys, signs for or against a stage, holds and restricts.",
  evaluator: "Runs and records evidence, holds and restricts.",
  reviewer: "Decides about requests that wait for a person, holds and restricts.",
  auditor: "Reads everything, and changes nothing.",
} as const satisfies Readonly<Record<Role, string>>;

/** Everybody who may sign but an auditor. */
const anybodyCount = 7;

/** "an owner and somebody from safety": what a proposal still lacks the sign-off of. */
export function lackingInWords(needs: readonly string[]): string {
  return needs.map(lackInWords).join(" and ");
}

function lackInWords(need: string): string {
  if (need === "person") return "a second person";
  return need === "command-line"
    ? "one of its signers by a key kept at the command line (headgate release sign)"
    : rolesInWords([need]);
}

/** "an owner or somebody from safety". */
export function rolesInWords(roles: readonly string[]): string {
  if (roles.length >= anybodyCount) return "anybody but an auditor";
  return roles.map((role) => names[role] ?? role).join(" or ");
}
