// Who may read: the bearer of a fresh pass signed by an active person's key. A pass reads, and lets a large body in; what a
// body then does, its own signatures decide.
import { openPass } from "../acts/pass.ts";
import type { Person, State } from "../acts/state.ts";
import type { Primitives } from "../proof/primitives.ts";
import { Failure } from "../terms/failure.ts";
import type { Instant } from "../terms/ids.ts";

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

/** The person who reads. Fails with session_missing, without saying which part of a pass was wrong. */
export async function readerOf(state: State, reading: Reading, given: Given): Promise<Person> {
  const person = await bearerOf(state, reading, given);
  if (person !== undefined) return person;
  throw new Failure(
    "session_missing",
    "Reading this takes a profile of an admitted person: --profile FILE. Check this machine's clock, too: a pass lives a minute.",
  );
}

/** The active person whose pass the request bears, or undefined where there is none that is good for it. */
export async function bearerOf(state: State, reading: Reading, given: Given): Promise<Person | undefined> {
  const text = reading.authorization?.startsWith(scheme) === true ? reading.authorization.slice(scheme.length) : "";
  const pass = text === "" ? undefined : await openPass(text, { method: reading.method, path: reading.path, ...given });
  const id = pass === undefined ? undefined : state.personByKey.get(pass.signer);
  const person = id === undefined ? undefined : state.persons.get(id);
  return person?.suspended === false && pass?.deployment === state.deployment ? person : undefined;
}
