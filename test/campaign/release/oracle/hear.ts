// What an act that counts changes in what the oracle knows.
import type { Release, Verb } from "../../../../src/acts/bodies.ts";
import type { Act } from "../../../../src/acts/statement.ts";
import { type Of, type Oracle, endsIt, same } from "./memory.ts";
import { counts, withdrawnRun } from "./rules.ts";

/** Hears an act that was written into the ledger, and says whether it counted. */
export function hear(oracle: Oracle, act: Act): boolean {
  const isHeard = counts(oracle, act);
  if (isHeard) {
    take(oracle, act);
    oracle.heard.add(act.digest);
  }
  oracle.index += 1;
  return isHeard;
}

type Taken<V extends Verb> = (oracle: Oracle, act: Act<V>) => void;

const taken: { readonly [V in Verb]?: Taken<V> } = {
  root: (oracle, act) => {
    takeRoot(oracle, act);
  },
  invite: ({ invited }, { digest, signers, predicate: { body } }) => {
    invited.set(digest, { body, by: signers, spent: false });
  },
  admit: (oracle, { predicate }) => {
    takeIn(oracle, predicate);
  },
  suspend: (oracle, { predicate }) => {
    takeOut(oracle, predicate);
  },
  organisation: ({ organisations }, { predicate: { body, at } }) => {
    organisations.set(body.organisation, { type: body.type, at, out: false, stopped: -1 });
  },
  document: ({ applied }, { predicate: { body } }) => {
    for (const { kind, name, digest } of body.documents) applied.add(`${kind}/${name}/${digest}`).add(digest);
  },
  permit: ({ permits }, { signers: [by = ""], predicate: { body, at } }) => {
    permits.set(body.permit, { ...body, by, since: at });
  },
  receipts: (oracle, { predicate }) => {
    takeReceipts(oracle, predicate);
  },
  evidence: ({ sealed, index }, { digest, predicate: { body } }) => {
    sealed.push({ act: digest, said: body, at: index, back: false });
  },
  withdrawal: ({ sealed }, { predicate }) => {
    for (const one of sealed) one.back ||= one.said.run === withdrawnRun(predicate);
  },
  proposal: (
    { proposed, index },
    {
      body,
      predicate: {
        body: { release },
      },
    },
  ) => {
    proposed.set(release.proposal, { release, body, at: index, words: new Map(), certified: false });
  },
  "sign-off": (oracle, act) => {
    takeWord(oracle, act);
  },
  certificate: (oracle, { predicate: { body } }) => {
    takeCertificate(oracle, body.release);
  },
  hold: (oracle, { predicate }) => {
    takeHold(oracle, predicate);
  },
  restriction: (oracle) => {
    oracle.restrictions += 1;
  },
  widen: ({ step }, { predicate: { body } }) => {
    step.set(body.certificate, body.step);
  },
  narrow: ({ step }, { predicate: { body } }) => {
    step.set(body.certificate, body.step);
  },
  lapse: ({ lapsed, over }, { predicate: { body } }) => {
    lapsed.add(body.certificate);
    over.add(body.certificate);
  },
  fact: (oracle, { predicate }) => {
    takeFact(oracle, predicate);
  },
};

function take<V extends Verb>(oracle: Oracle, act: Act<V>): void {
  const how: Taken<V> | undefined = taken[act.predicate.verb];
  how?.(oracle, act);
}

function takeRoot(oracle: Oracle, act: Act<"root">): void {
  const { body } = act.predicate;
  oracle.root = { body, act: act.digest };
  const { firstOwner } = body;
  if (firstOwner !== null)
    oracle.people.set(firstOwner.key, { person: firstOwner.person, role: "owner", since: 0, out: false });
}

function takeIn(oracle: Oracle, { body }: Of<"admit">): void {
  const invitation = oracle.invited.get(body.invitation);
  if (invitation === undefined) return;
  invitation.spent = true;
  oracle.people.set(body.key, { person: body.person, role: invitation.body.role, since: oracle.index, out: false });
}

function takeOut(oracle: Oracle, { body: { target }, at }: Of<"suspend">): void {
  if (target.kind === "organisation") closeOrganisation(oracle, target.organisation, at);
  if (target.kind !== "person") return;
  for (const one of oracle.people.values()) one.out ||= one.person === target.person;
}

function closeOrganisation({ organisations, index }: Oracle, name: string, at: string): void {
  const known = organisations.get(name);
  if (known === undefined) return;
  organisations.set(name, { ...known, out: true, at: known.at > at ? known.at : at, stopped: index });
}

function takeReceipts(oracle: Oracle, { body }: Of<"receipts">): void {
  oracle.interval = { number: body.interval, next: body.first + body.count, root: body.root };
  for (const { permit, count } of body.permits)
    oracle.exchanges.set(permit, (oracle.exchanges.get(permit) ?? 0) + count);
}

function takeWord(oracle: Oracle, act: Act<"sign-off">): void {
  const { body, at } = act.predicate;
  const who = oracle.people.get(act.signers[0] ?? "");
  const words = oracle.proposed.get(body.proposal)?.words;
  if (who === undefined || words === undefined) return;
  const earlier = words.get(who.person)?.at ?? at;
  words.set(who.person, {
    verdict: body.verdict,
    role: who.role,
    at: earlier > at ? earlier : at,
    index: oracle.index,
  });
}

function takeCertificate(oracle: Oracle, release: Release): void {
  const all = oracle.certified.get(release.model) ?? [];
  const before = all.at(-1);
  oracle.certified.set(release.model, [...all, release]);
  const proposal = oracle.proposed.get(release.proposal);
  if (proposal !== undefined) proposal.certified = true;
  for (const id of release.answers) oracle.holds.get(id)?.answeredFor.add(release.model);
  const step = before === undefined ? undefined : oracle.step.get(before.certificate);
  if (before === undefined || step === undefined || !goesOn(oracle, before, release)) return;
  oracle.step.set(release.certificate, step);
}

/** A renewal of the same thing for nobody else, which answers nothing, stays at the step that was reached. */
function goesOn({ over }: Oracle, before: Release, release: Release): boolean {
  const isSame =
    before.stage === release.stage &&
    (["model", "safeguards", "policy"] as const).every((name) => before.digests[name] === release.digests[name]) &&
    same(before.conditions.share, release.conditions.share);
  const isForNoOthers = typesOf(release).every((type) => typesOf(before).includes(type));
  return isSame && isForNoOthers && release.answers.length === 0 && !over.has(before.certificate);
}

function typesOf({ audience, stage }: Release): readonly string[] {
  return audience.find((one) => one.stage === stage)?.types ?? [];
}

function takeHold(oracle: Oracle, { body: { hold, scope }, at }: Of<"hold">): void {
  if (scope.kind === "organisation") {
    closeOrganisation(oracle, scope.organisation, at);
    return;
  }
  // Two of one id that hold different things hold everything.
  const before = oracle.holds.get(hold)?.scopes ?? [];
  const isOther = before.some((one) => !same(one, scope));
  oracle.holds.set(hold, {
    id: hold,
    at: oracle.index,
    scopes: [isOther ? { kind: "everything" } : scope],
    answeredFor: new Set(),
  });
}

function takeFact(oracle: Oracle, { body: { fact, model }, at }: Of<"fact">): void {
  if (fact.kind === "drill")
    oracle.drill = { at, good: fact.opened === 0 && fact.unfinished === 0 && fact.attempts > 0 };
  if (fact.kind !== "incident") return;
  const known = oracle.troubles.get(fact.incident);
  const isOpen = fact.state === "open";
  const severity = isOpen ? fact.severity : (known?.severity ?? fact.severity);
  oracle.troubles.set(fact.incident, { model, severity, open: isOpen, last: oracle.index });
  if (isOpen) endBy(oracle, model, severity);
}

/** Ends the certificates that say that such an incident ends them. */
function endBy({ certified, over }: Oracle, model: string | null, severity: string): void {
  for (const [name, all] of certified) {
    const last = all.at(-1);
    if (last !== undefined && (model === null || model === name) && endsIt(last, severity)) over.add(last.certificate);
  }
}
