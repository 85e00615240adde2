// The trust root and the persons under it. Version N+1 of the root needs the thresholds of N and of N+1 and the
// signature of every key it brings in; a person comes in by an invitation that admitted persons signed, and proves
// possession of the one-time key and of the key that is to be theirs.
import { type PublicKey, instantOf } from "../../terms/ids.ts";
import { OpenStage } from "../../terms/stage.ts";
import { anyRoleButAuditor } from "../authority.ts";
import type { Root } from "../bodies.ts";
import { type Change, type Context, type Refusal, type Rule, author, change, refuse } from "../rule.ts";
import type { Invitation, Person, State } from "../state.ts";
import type { Act } from "../statement.ts";
import { admitKey, askedIn, inviteKey, keyOf, takeKeyAway } from "./person-keys.ts";
import { stopKey, stopOrganisation } from "./programme.ts";

/** An invitation code that nobody used is worth nothing after this. */
export const invitationDaysMax = 30;

/** How many admitted persons an admission or a change of the root takes now. */
export function personsNeeded(state: State): number {
  return state.pairSeen ? 2 : 1;
}

export const changeRoot: Rule<"root"> = (state, act, context) => {
  const { body } = act.predicate;
  const keys = serverKeys(body);
  if (new Set(keys).size !== keys.length)
    return refuse("statement_invalid", "Each key in a root has one job; two are the same.");
  const weak = OpenStage.options.find((stage) => stage !== "internal" && isAloneEnough(body, stage));
  if (weak !== undefined) {
    return refuse("statement_invalid", `The floor of stage ${weak} takes persons in at least two separate roles.`);
  }
  return state.root === undefined ? firstRoot(state, act, context) : nextRoot(state, act, context);
};

/** Only `internal` may be opened by one person, or by persons who all sit in the same seat. */
function isAloneEnough(body: Root, stage: OpenStage): boolean {
  return new Set(body.floors[stage].map((seat) => seat.role)).size < 2;
}

function firstRoot(state: State, act: Act<"root">, context: Context): Refusal | Change {
  const { body, deployment } = act.predicate;
  const owner = body.firstOwner;
  if (body.version !== 1 || body.previous !== null || owner === null || context.index !== 0) {
    return refuse("statement_invalid", "The first root is version 1, at index 0, and names the first owner.");
  }
  if (serverKeys(body).includes(owner.key))
    return refuse("statement_invalid", "The first owner's key is the owner's alone; a server has its own.");
  if (!sameKeys(act.signers, [owner.key, ...serverKeys(body)])) {
    return refuse("quorum_missing", "The first root is signed by the first owner and by every key it names.");
  }
  return change(() => {
    state.deployment = deployment;
    state.root = { body, digest: act.digest, index: context.index };
    state.firstRoot = act.digest;
    state.persons.set(owner.person, {
      person: owner.person,
      role: "owner",
      key: owner.key,
      keys: [{ key: owner.key, index: context.index, at: act.predicate.at }],
      name: owner.name,
      admitted: context.index,
      suspended: false,
    });
    state.personByKey.set(owner.key, owner.person);
  });
}

function nextRoot(state: State, act: Act<"root">, context: Context): Refusal | Change {
  const { body } = act.predicate;
  const old = state.root;
  if (old === undefined) throw new Error("nextRoot needs a root");
  const continues = body.version === old.body.version + 1 && body.previous === old.digest && body.firstOwner === null;
  if (!continues)
    return refuse("conflict", `The next root is version ${old.body.version + 1} and names the root before it.`);
  if (body.log.origin !== old.body.log.origin || body.demo !== old.body.demo) {
    return refuse("statement_invalid", "A root change keeps the log's origin and the demo mark.");
  }
  if (keysInUse(state, newKeys(old.body, body)))
    return refuse("conflict", "A new server key already belongs to someone.");
  if (!sameKeys(context.strangers, newKeys(old.body, body))) {
    return refuse(
      "quorum_missing",
      "Every new key in a root signs it, to prove possession; nobody else outside signs.",
    );
  }
  const needed = Math.max(old.body.personsForChange, body.personsForChange, personsNeeded(state));
  if (!context.persons.every((person) => anyRoleButAuditor.includes(person.role)))
    return refuse("authority_missing", "An auditor reads; a root change is signed by the other roles.");
  if (context.persons.length < needed || !context.persons.some((person) => person.role === "owner")) {
    return refuse("quorum_missing", `This root change takes ${needed} person(s), an owner among them.`, ["person"]);
  }
  return change(() => {
    state.root = { body, digest: act.digest, index: context.index };
  });
}

function serverKeys(body: Root): readonly PublicKey[] {
  return [body.log.key, body.control, ...body.gateways];
}

function newKeys(old: Root, next: Root): readonly PublicKey[] {
  const known = new Set(serverKeys(old));
  return serverKeys(next).filter((key) => !known.has(key));
}

function keysInUse(state: State, keys: readonly PublicKey[]): boolean {
  const invited = new Set([...state.invitations.values()].map((invitation) => invitation.key));
  return keys.some((key) => state.personByKey.has(key) || state.keysGone.has(key) || invited.has(key));
}

function sameKeys(left: readonly PublicKey[], right: readonly PublicKey[]): boolean {
  const expected = new Set(right);
  return left.length === expected.size && left.every((key) => expected.has(key));
}

export const invitePerson: Rule<"invite"> = (state, act, context) => {
  const { body, at } = act.predicate;
  if (!isFreeKey(state, body.key)) return refuse("conflict", "The one-time key is in use already.");
  if (body.furtherKey === true) return inviteKey(state, act, context);
  if (state.persons.has(body.person)) return refuse("conflict", "This person is already admitted.");
  const life = instantOf(body.notAfter) - instantOf(at);
  if (life <= 0 || life > invitationDaysMax * 86_400_000)
    return refuse("statement_invalid", `An invitation ends within ${invitationDaysMax} days of being made.`);
  if (!state.pairSeen && body.role === "auditor")
    return refuse("conflict", "Invite someone first who can sign with you: from then on every invitation takes two.");
  if (body.mandated === true && (body.role !== "evaluator" || body.affiliation === undefined))
    return refuse("statement_invalid", "Mandates are for evaluators of another organisation than the operator.");
  const signers = context.persons.map(({ person }) => person);
  return change(() => {
    state.invitations.set(act.digest, { ...body, signers, ...askedIn(act, context.persons), spent: false });
  });
};

export const admitPerson: Rule<"admit"> = (state, act, context) => {
  const { body, at } = act.predicate;
  const invitation = state.invitations.get(body.invitation);
  if (invitation === undefined)
    return refuse(
      "not_found",
      "This invitation is not in the ledger: it still waits for a second signature (headgate cosign), or is of another deployment.",
    );
  const over = isOver(invitation, at);
  if (over !== undefined) return over;
  const isFurther = invitation.furtherKey === true;
  if (body.person !== invitation.person || state.persons.has(body.person) !== isFurther) {
    return refuse("statement_invalid", "This invitation is for another person, or the person was admitted meanwhile.");
  }
  if (body.key === invitation.key || !isFreeKey(state, body.key)) {
    return refuse("conflict", "A person's key is new and their own; make another one.");
  }
  if (!sameKeys(context.strangers, [invitation.key, body.key]) || context.persons.length > 0) {
    return refuse("quorum_missing", "Joining is signed by the one-time key and by the new key, and by nobody else.");
  }
  if (isFurther) return admitKey(state, act, { invitation, index: context.index });
  const standing = standingInviters(state, invitation);
  if (standing.length < personsNeeded(state) || !standing.some((person) => person.role === "owner")) {
    return refuse(
      "quorum_missing",
      "Since it was written another person was admitted, or a signer suspended. Invite again, with all it takes now.",
      ["person"],
    );
  }
  return change(() => admit(state, { act, index: context.index, invitation }));
};

function isOver({ spent, notAfter }: Invitation, at: string): Refusal | undefined {
  if (spent) return refuse("conflict", "This invitation was used already; it works once. Ask for a new one.");
  return at > notAfter ? refuse("authority_missing", "This invitation has expired. Ask for a new one.") : undefined;
}

function standingInviters(state: State, invitation: Invitation): readonly Person[] {
  return invitation.signers
    .map((person) => state.persons.get(person))
    .filter((person) => person !== undefined)
    .filter((person) => !person.suspended);
}

interface Admission {
  readonly act: Act<"admit">;
  readonly index: number;
  readonly invitation: Invitation;
}

function admit(state: State, { act, index, invitation }: Admission): void {
  const { body } = act.predicate;
  const { affiliation, mandated } = invitation;
  state.persons.set(body.person, {
    person: body.person,
    role: invitation.role,
    key: body.key,
    keys: [keyOf(act, { invitation, index })],
    name: invitation.name,
    ...(affiliation === undefined ? {} : { affiliation }),
    ...(mandated === undefined ? {} : { mandated }),
    admitted: index,
    suspended: false,
  });
  state.personByKey.set(body.key, body.person);
  state.invitations.set(body.invitation, { ...invitation, spent: true });
  state.pairSeen = true;
}

/** A key that is nobody's: not a person's, not a server's, not an invitation's. One key, one job. */
function isFreeKey(state: State, key: PublicKey): boolean {
  const root = state.root?.body;
  const invited = [...state.invitations.values()].some((invitation) => invitation.key === key);
  const isTaken = invited || state.personByKey.has(key) || state.keysGone.has(key);
  return !isTaken && (root === undefined || !serverKeys(root).includes(key));
}

export const suspend: Rule<"suspend"> = (state, act, context) => {
  const { body, at } = act.predicate;
  const { target } = body;
  switch (target.kind) {
    case "person": {
      const person = state.persons.get(target.person);
      if (person === undefined) return refuse("not_found", "There is no such person.");
      if (author(context).role !== "owner") return refuse("authority_missing", "Suspending a person takes an owner.");
      return change(() => {
        state.persons.set(target.person, { ...person, suspended: true });
      });
    }
    case "person-key":
      return takeKeyAway(state, target, author(context));
    case "organisation":
      return stopOrganisation(state, target.organisation, { at, index: context.index });
    case "key":
      return stopKey(state, { key: target.key, forGood: target.forGood === true }, { at, index: context.index });
  }
};
