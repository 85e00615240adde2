// The form of a rule: it looks at the state and an act, decides without changing anything, and returns either a refusal
// or the change to make. Refusals carry the failure code that the control plane answers with.
import type { FailureCode } from "../terms/failure.ts";
import type { Digest, PublicKey } from "../terms/ids.ts";
import type { Role } from "../terms/role.ts";
import type { Verb } from "./bodies.ts";
import type { Person, State } from "./state.ts";
import type { Act } from "./statement.ts";

export interface Refusal {
  readonly kind: "refused";
  readonly code: Extract<
    FailureCode,
    "statement_invalid" | "authority_missing" | "quorum_missing" | "conflict" | "not_found"
  >;
  readonly why: string;
  /** Roles (or "person") that still have to sign, for `quorum_missing`. */
  readonly needs: readonly (Role | "person")[];
}

export interface Change {
  readonly kind: "change";
  readonly commit: () => void;
}

export interface Context {
  /** Ledger index the act has or would get. */
  readonly index: number;
  /** The active persons among the signers, each once however many of their keys signed, in the order of the signatures. */
  readonly persons: readonly Person[];
  /** Signing keys that belong to no active person. */
  readonly strangers: readonly PublicKey[];
}

export type Rule<V extends Verb> = (state: State, act: Act<V>, context: Context) => Refusal | Change;

export function refuse(code: Refusal["code"], why: string, needs: Refusal["needs"] = []): Refusal {
  return { kind: "refused", code, why, needs };
}

export function change(commit: () => void): Change {
  return { kind: "change", commit };
}

/** The one person who signed an act that takes one; rules of `persons` verbs run only after that was checked. */
export function author(context: Context): Person {
  const [person] = context.persons;
  if (person === undefined) throw new Error("a rule for persons ran without a person");
  return person;
}

export type RootAt = (size: number) => Digest | undefined;
