// Who may do what, as data. The same table is judged in the control plane, the gateway, the offline verifier and the
// browser; docs/threat-model.md argues from it. `loosens` marks acts that take effect only once the ledger holds them;
// the others are tightenings, which one person may do and which take effect at once.
import type { Role } from "../terms/role.ts";
import type { Verb } from "./bodies.ts";
import type { AnyPredicate } from "./statement.ts";
import { takesTwo } from "./two-person-permits.ts";

const anyoneButAuditor: readonly Role[] = ["owner", "safety", "assurance", "policy", "access", "evaluator", "reviewer"];

export interface Authority {
  /**
   * persons: signed by one person whose role is listed; a permit that takes two, by another one as well (two-person-permits.ts).
   * pair: the same, and by two distinct persons as soon as two were ever admitted; the second may hold any role but auditor.
   * seats: signed by one person of each of these roles, and by nobody else.
   * root, invitation, gateway, control: the signers are named by the trust root or by the act itself; see src/acts/rules/.
   */
  readonly by: "persons" | "pair" | "seats" | "root" | "invitation" | "gateway" | "control";
  readonly roles: readonly Role[];
  readonly loosens: boolean;
}

export const authority = {
  root: { by: "root", roles: ["owner"], loosens: true },
  invite: { by: "pair", roles: ["owner"], loosens: true },
  admit: { by: "invitation", roles: [], loosens: true },
  suspend: { by: "persons", roles: ["owner", "access"], loosens: false },
  organisation: { by: "persons", roles: ["owner", "access"], loosens: true },
  key: { by: "persons", roles: ["owner", "access"], loosens: true },
  /** Evaluators only suites of their own, under a mandate: src/acts/rules/mandate.ts. */
  document: { by: "persons", roles: ["owner", "policy", "evaluator"], loosens: true },
  mandate: { by: "persons", roles: ["owner", "assurance"], loosens: true },
  permit: { by: "persons", roles: ["owner", "assurance", "evaluator"], loosens: true },
  evidence: { by: "persons", roles: ["owner", "assurance", "evaluator"], loosens: true },
  proposal: { by: "persons", roles: ["owner", "safety"], loosens: false },
  "sign-off": { by: "persons", roles: anyoneButAuditor, loosens: true },
  certificate: { by: "persons", roles: ["owner"], loosens: true },
  hold: { by: "persons", roles: anyoneButAuditor, loosens: false },
  restriction: { by: "persons", roles: anyoneButAuditor, loosens: false },
  "break-glass": { by: "seats", roles: ["owner", "safety"], loosens: true },
  widen: { by: "persons", roles: ["owner", "safety"], loosens: true },
  narrow: { by: "persons", roles: anyoneButAuditor, loosens: false },
  /** By the control plane, of a certificate that was signed to lapse: src/acts/rules/lapse.ts. */
  lapse: { by: "control", roles: [], loosens: false },
  fact: { by: "persons", roles: anyoneButAuditor, loosens: true },
  withdrawal: { by: "persons", roles: ["owner", "assurance", "evaluator"], loosens: false },
  receipts: { by: "gateway", roles: [], loosens: false },
  lost: { by: "gateway", roles: [], loosens: false },
  reading: { by: "persons", roles: ["reviewer"], loosens: true },
  review: { by: "persons", roles: ["reviewer"], loosens: true },
} as const satisfies Record<Verb, Authority>;

export const anyRoleButAuditor: readonly Role[] = anyoneButAuditor;

/** Whether several people sign this statement, so that it may lie for days until the last of them did. */
export function gathersSignatures(predicate: AnyPredicate): boolean {
  const { by }: Authority = authority[predicate.verb];
  if (predicate.verb === "invite" && predicate.body.furtherKey === true) return false;
  return by === "pair" || by === "seats" || by === "root" || (predicate.verb === "permit" && takesTwo(predicate.body));
}

const stopVerbs: ReadonlySet<Verb> = new Set<Verb>(["suspend", "hold", "restriction", "narrow", "lapse", "withdrawal"]);

/**
 * Whether an act can only close. Such acts are for bad days: they are refused neither for the ledger their signer saw
 * nor for the clock they were dated by, because whoever showed a false ledger could otherwise stop the stopping.
 */
export function isStop(predicate: AnyPredicate): boolean {
  if (predicate.verb === "sign-off") return predicate.body.verdict === "against";
  if (predicate.verb === "fact") return predicate.body.fact.kind === "incident" && predicate.body.fact.state === "open";
  return stopVerbs.has(predicate.verb);
}
