// The pass of a request: a short-lived note signed by an active person's key. Who may read is decided in src/control/reader.ts.
import { openPass } from "../acts/pass.ts";
import type { Person, State } from "../acts/state.ts";
import type { Primitives } from "../proof/primitives.ts";
import type { Instant, PublicKey } from "../terms/ids.ts";

export interface Reading {
  readonly authorization: string | undefined;
  readonly method: string;
  /** Path with query, as it was asked. */
  readonly path: string;
}

const scheme = "Headgate ";

interface Given {
  readonly at: Instant;
  readonly primitives: Primitives;
}

export function hasPass({ authorization }: Reading): boolean {
  return authorization?.startsWith(scheme) === true;
}

/** The active person whose pass the request bears, or undefined where there is none that is good for it. */
export async function bearerOf(state: State, reading: Reading, given: Given): Promise<Person | undefined> {
  return (await signedBy(state, reading, given))?.person;
}

/** The same, with the key that signed it. */
export async function signedBy(
  state: State,
  reading: Reading,
  given: Given,
): Promise<{ readonly person: Person; readonly key: PublicKey } | undefined> {
  const text = hasPass(reading) ? (reading.authorization ?? "").slice(scheme.length) : "";
  const pass = text === "" ? undefined : await openPass(text, { method: reading.method, path: reading.path, ...given });
  if (pass === undefined || pass.deployment !== state.deployment) return undefined;
  const id = state.personByKey.get(pass.signer);
  const person = id === undefined ? undefined : state.persons.get(id);
  return person?.suspended === false ? { person, key: pass.signer } : undefined;
}
