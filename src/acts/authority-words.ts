// Who may sign a kind of statement, in words: what the rules refuse with, and what a page says in place of a control, is one sentence.
import type { Role } from "../terms/role.ts";
import { type Authority, anyRoleButAuditor, authority } from "./authority.ts";
import type { Verb } from "./bodies.ts";

const doing: Readonly<Record<Verb, string>> = {
  root: "Changing the trust root",
  invite: "Inviting people",
  admit: "Joining",
  suspend: "Suspending",
  organisation: "Granting and editing organisations",
  key: "Making and changing keys",
  document: "Applying documents",
  mandate: "Giving a mandate",
  permit: "Permitting a run",
  evidence: "Recording evidence",
  proposal: "Proposing a release",
  "sign-off": "Signing off",
  certificate: "Advancing a release",
  hold: "Holding",
  restriction: "Restricting",
  "break-glass": "Going on over a hold",
  widen: "Widening a share",
  narrow: "Narrowing a share",
  lapse: "Letting a certificate lapse",
  fact: "Stating a fact",
  withdrawal: "Withdrawing",
  receipts: "Logging receipts",
  lost: "Logging lost receipts",
  reading: "Reading what waits for a reviewer",
  review: "Deciding what waits for a reviewer",
};

/** Where not everything that is said by a verb is for the same roles. */
export interface Narrower {
  readonly roles: readonly Role[];
  /** Of facts: which. */
  readonly of?: string;
}

/** "Suspending needs the role owner or access." */
export function neededFor(verb: Verb, { roles, of }: Narrower = { roles: rolesOf(verb) }): string {
  return `${doing[verb]}${of === undefined ? "" : ` (${of})`} needs ${rolesNeeded(roles)}.`;
}

export function rolesOf(verb: Verb): readonly Role[] {
  const { roles }: Authority = authority[verb];
  return roles;
}

function rolesNeeded(roles: readonly Role[]): string {
  if (roles.length >= anyRoleButAuditor.length) return "any role but auditor";
  return `the role ${roles.join(", ").replace(/, (?=[a-z]+$)/u, " or ")}`;
}
