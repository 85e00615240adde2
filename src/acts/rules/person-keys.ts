// Keys of persons besides the one that they were admitted with: a browser's, a second machine's. Whoever was admitted invites themself, as
// the very person they are, alone; the code it makes brings one key. However many sign for a person, they are one person, in one seat.
import { instantOf } from "../../terms/ids.ts";
import { type Change, type Context, type Refusal, change, refuse } from "../rule.ts";
import type { BodyOf } from "../bodies.ts";
import type { Invitation, Person, PersonKey, State } from "../state.ts";
import type { Act } from "../statement.ts";

/** Keys of one person, with codes that may yet bring one. */
export const keysOfPersonMax = 8;
/** A code for a further key is worth nothing after this. */
const furtherKeyMinutesMax = 60;

/** The part of `invite` that asks for a further key of its own signer. That the one-time key is free was asked before. */
export function inviteKey(state: State, act: Act<"invite">, { persons }: Context): Refusal | Change {
  const { digest, predicate } = act;
  const { body, at } = predicate;
  const [person, ...others] = persons;
  if (person?.person !== body.person || others.length > 0)
    return refuse("authority_missing", "A further key is asked for by the person that it is for, alone.");
  const life = instantOf(body.notAfter) - instantOf(at);
  if (life <= 0 || life > furtherKeyMinutesMax * 60_000)
    return refuse("statement_invalid", `A code for a further key ends within ${furtherKeyMinutesMax} minutes.`);
  if (!isSame(person, body))
    return refuse("statement_invalid", "A further key brings nothing but a key: role, name and affiliation stay.");
  const open = [...state.invitations.values()].filter((one) => isOpenFor(one, person) && one.notAfter > at).length;
  if (person.keys.length + open >= keysOfPersonMax)
    return refuse(
      "conflict",
      `A person has at most ${keysOfPersonMax} keys, open codes included. Take one away first.`,
    );
  return change(() => {
    state.invitations.set(digest, { ...body, signers: [person.person], ...askedIn(act, persons), spent: false });
  });
}

function isSame(person: Person, body: BodyOf<"invite">): boolean {
  const { role, name, affiliation, mandated } = body;
  return (
    role === person.role && name === person.name && affiliation === person.affiliation && mandated === person.mandated
  );
}

function isOpenFor(invitation: Invitation, { person }: Pick<Person, "person">): boolean {
  return invitation.furtherKey === true && invitation.person === person && !invitation.spent;
}

/** The part of `admit` that answers such an invitation; that it is there, open and signed by both keys was asked before. */
export function admitKey(
  state: State,
  act: Act<"admit">,
  { invitation, index }: { readonly invitation: Invitation; readonly index: number },
): Refusal | Change {
  const { body } = act.predicate;
  const person = state.persons.get(body.person);
  if (person === undefined || person.suspended)
    return refuse("authority_missing", "The person who asked for this key was suspended since.");
  if (person.keys.length >= keysOfPersonMax)
    return refuse("conflict", `A person has at most ${keysOfPersonMax} keys. Take one away first.`);
  return change(() => {
    state.persons.set(person.person, { ...person, keys: [...person.keys, keyOf(act, { invitation, index })] });
    state.personByKey.set(body.key, person.person);
    state.invitations.set(body.invitation, { ...invitation, spent: true });
  });
}

export function keyOf(
  { predicate: { body, at } }: Pick<Act<"admit">, "predicate">,
  { invitation, index }: Admitted,
): PersonKey {
  const where = body.madeIn ?? invitation.askedIn;
  return { key: body.key, index, at, ...(where === undefined ? {} : { madeIn: where }) };
}

interface Admitted {
  readonly invitation: Pick<Invitation, "askedIn">;
  readonly index: number;
}

/** Whether no key of these persons signed but browsers'. */
export function areBrowsers(persons: readonly Person[], { signers }: Pick<Act, "signers">): boolean {
  const keys = persons.flatMap((person) => person.keys);
  return keys.every(({ key, madeIn }) => madeIn === "browser" || !signers.includes(key));
}

/** What browsers alone asked for is no more than a browser's: whoever has their keys could else make a key that passes for another. */
export function askedIn(act: Pick<Act, "signers">, persons: readonly Person[]): Pick<Invitation, "askedIn"> {
  return areBrowsers(persons, act) ? { askedIn: "browser" } : {};
}

/**
 * Takes a key away, for good, and with it whatever codes for further keys are open: it may have made them. What it signed before stays
 * signed.
 */
export function takeKeyAway(
  state: State,
  target: { readonly person: Person["person"]; readonly key: Person["key"] },
  by: Person,
): Refusal | Change {
  const person = state.persons.get(target.person);
  if (person === undefined || !person.keys.some(({ key }) => key === target.key))
    return refuse("not_found", "This person has no such key.");
  if (by.person !== person.person && by.role !== "owner")
    return refuse("authority_missing", "A key is taken away by the person whose it is, or by an owner.");
  if (person.keys.length === 1)
    return refuse("conflict", "This is the person's only key. Make another one first, or have the person suspended.");
  return change(() => {
    state.persons.set(person.person, { ...person, keys: person.keys.filter(({ key }) => key !== target.key) });
    state.personByKey.delete(target.key);
    state.keysGone.add(target.key);
    for (const [digest, invitation] of state.invitations) {
      if (isOpenFor(invitation, person)) state.invitations.set(digest, { ...invitation, spent: true });
    }
  });
}
