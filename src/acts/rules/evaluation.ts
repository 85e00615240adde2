// Documents, evidence, and the gateways' receipt intervals. Permits have a file of their own, permit.ts.
import type { Name, PublicKey } from "../../terms/ids.ts";
import type { BodyOf, Permit } from "../bodies.ts";
import { type Context, type Refusal, type Rule, author, change, refuse } from "../rule.ts";
import type { Applied, State } from "../state.ts";
import type { Act } from "../statement.ts";
import { endMandate, notTheirDocuments, notTheirRun } from "./mandate.ts";
import { noSafeguards } from "../two-person-permits.ts";

export const applyDocuments: Rule<"document"> = (state, act, context) => {
  const { body, at } = act.predicate;
  const { documents } = body;
  const places = documents.map(({ kind, name }) => `${kind}/${name}`);
  if (new Set(places).size !== places.length)
    return refuse("statement_invalid", "A document is named twice in one act.");
  if (documents.some(({ digest }) => digest === noSafeguards))
    return refuse("statement_invalid", "This digest says that there are no safeguards; no document has it.");
  const by = author(context);
  const refusal = notTheirDocuments(state, body, { by, at });
  if (refusal !== undefined) return refusal;
  const of = by.role === "evaluator" && by.affiliation !== undefined ? { of: by.affiliation } : {};
  return change(() => {
    for (const { kind, name, digest } of documents) {
      const ofKind: Map<Name, Applied> = state.documents.get(kind) ?? new Map<Name, Applied>();
      const before = ofKind.get(name);
      const all = new Set(before?.all).add(digest);
      // Whose it was it stays, whoever of theirs applies it.
      const whose = before?.of === undefined ? of : { of: before.of };
      const authors = new Map(before?.by).set(digest, new Set(before?.by.get(digest)).add(by.person));
      ofKind.set(name, { candidate: digest, since: at, all, by: authors, ...whose });
      state.documents.set(kind, ofKind);
    }
  });
};

/** Whether a document of this kind and digest was ever applied, under whatever name. */
export function isApplied(
  state: State,
  kind: "Safeguards" | "UsagePolicy" | "Suite",
  digest: Permit["digests"]["model"],
): boolean {
  return [...(state.documents.get(kind)?.values() ?? [])].some((applied) => applied.all.has(digest));
}

export const giveEvidence: Rule<"evidence"> = (state, act, context) => {
  const { body, at } = act.predicate;
  if ([...state.evidence.values()].some((known) => known.body.run === body.run)) {
    return refuse("conflict", "This run is sealed already; a run is sealed once.");
  }
  const impossible = body.measures.find((measure) => measure.failures + measure.unknown > measure.trials);
  if (impossible !== undefined)
    return refuse("statement_invalid", `Measure "${impossible.name}" counts more outcomes than trials.`);
  const { person, role } = author(context);
  const record = change(() => {
    state.evidence.set(act.digest, {
      act: act.digest,
      body,
      by: person,
      role,
      at,
      index: context.index,
      withdrawn: false,
    });
  });
  if (body.permit === null) {
    if (body.basis !== "declared") return refuse("statement_invalid", "Evidence measured here names its permit.");
    // Else whoever likes seals a run away from those who were permitted it.
    const isPermitted = [...state.permits.values()].some(({ run }) => run === body.run);
    return isPermitted ? refuse("conflict", "This run has a permit; its evidence names it.") : record;
  }
  const permit = state.permits.get(body.permit);
  if (permit === undefined) return refuse("not_found", "The evidence names a permit that is not in the ledger.");
  const refusal = notTheirRun(state, person, permit.by);
  if (refusal !== undefined) return refusal;
  const isBound =
    body.basis === "measured-here" &&
    permit.run === body.run &&
    permit.model === body.model &&
    Object.entries(permit.digests).every(([name, digest]) =>
      Object.entries(body.digests).some(([n, d]) => n === name && d === digest),
    );
  return isBound
    ? record
    : refuse("statement_invalid", "The evidence differs from its permit in run, model or digests.");
};

export const withdraw: Rule<"withdrawal"> = (state, act, context) => {
  const { body } = act.predicate;
  if ("mandate" in body) return endMandate(state, act, context);
  const found = [...state.evidence.values()].find((known) => known.body.run === body.evidence);
  if (found === undefined) return refuse("not_found", "There is no evidence of this run.");
  const { person } = author(context);
  // Their own word ends the matter; whoever else took it back before or does after has only taken it out of use.
  const withdrawnBy = person === found.by ? person : (found.withdrawnBy ?? person);
  return change(() => {
    state.evidence.set(found.act, { ...found, withdrawn: true, withdrawnBy });
  });
};

/** Gap-free: an interval continues the numbers of the one before it, or it is refused. */
export const recordReceipts: Rule<"receipts"> = (state, act, context) => {
  const { body, at } = act.predicate;
  const refusal = notTheirNext(state, act, context);
  if (refusal !== undefined) return refusal;
  return change(() => {
    state.intervals.set(body.gateway, { interval: body.interval, next: body.first + body.count, root: body.root, at });
    for (const { permit, count } of body.permits) countExchanges(state, permit, count);
  });
};

/**
 * A lost range continues the numbers too. Which exchanges they were nobody knows: they count, unaccounted for, under every
 * permit that was not over when the gateway last handed something over, so that nobody gains by losing them.
 */
export const recordLost: Rule<"lost"> = (state, act, context) => {
  const { body, at } = act.predicate;
  const refusal = notTheirNext(state, act, context);
  if (refusal !== undefined) return refusal;
  const { gateway, first, count, spool, interval } = body;
  const since = state.intervals.get(gateway)?.at ?? "";
  const open = [...state.permits.values()].filter(({ notAfter }) => notAfter > since);
  return change(() => {
    state.intervals.set(gateway, { interval, next: first + count, root: act.body, at });
    state.lost.push({ gateway, first, count, spool, at, index: context.index });
    for (const { permit } of open) countExchanges(state, permit, count);
  });
};

function countExchanges(state: State, permit: Permit["permit"], count: number): void {
  state.permitExchanges.set(permit, (state.permitExchanges.get(permit) ?? 0) + count);
}

function notTheirNext(state: State, act: Act<"receipts"> | Act<"lost">, context: Context): Refusal | undefined {
  const { body } = act.predicate;
  const isOwn = act.signers.length === 1 && act.signers[0] === body.gateway && context.persons.length === 0;
  if (!isOwn) return refuse("authority_missing", "Receipts are signed by the gateway that gave them.");
  if (state.root?.body.gateways.includes(body.gateway) !== true) {
    return refuse("authority_missing", "This gateway is not in the trust root.");
  }
  const expected = nextInterval(state, body.gateway);
  if (body.interval === expected.interval && body.first === expected.first && body.previous === expected.previous)
    return undefined;
  const { interval, first } = expected;
  return refuse("conflict", `The next interval of this gateway is ${interval}, from receipt ${first} on.`);
}

/** Where a gateway's next interval continues. */
export function nextInterval(
  state: State,
  gateway: PublicKey,
): Pick<BodyOf<"receipts">, "interval" | "first" | "previous"> {
  const last = state.intervals.get(gateway);
  if (last === undefined) return { interval: 1, first: 1, previous: null };
  return { interval: last.interval + 1, first: last.next, previous: last.root };
}
