// What the one who is here may sign, by their role, from the table that the rules judge by. Where nobody is signed in everything is
// offered: the act itself then says how to come to a key.
import { type Narrower, neededFor, rolesOf } from "../../src/acts/authority-words.ts";
import type { Verb } from "../../src/acts/bodies.ts";
import type { Role } from "../../src/terms/role.ts";
import { useSession } from "../app/session.tsx";
import { words } from "../words/words.ts";
import { useSigner } from "./signer.ts";

/** The role in which the one who is here would sign. */
export function useRole(): Role | undefined {
  const [signer, session] = [useSigner(), useSession()];
  return signer?.role ?? (session?.kind === "person" ? session.role : undefined);
}

/** Why somebody of this role may not, in the words of the rules; undefined where they may. */
export function whyNot(
  role: Role | undefined,
  verb: Verb,
  narrower: Narrower = { roles: rolesOf(verb) },
): string | undefined {
  if (role === undefined) return words.release.acts.noSigner;
  return narrower.roles.includes(role) ? undefined : neededFor(verb, narrower);
}

export function useMay(): (verb: Verb) => boolean {
  const role = useRole();
  return (verb) => role === undefined || rolesOf(verb).includes(role);
}
