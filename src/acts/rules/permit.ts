// Permits: what a run may ask, of what, how often and until when. One stands in the ledger before the first sample is sent, so a
// bad run cannot vanish: its exchanges are counted in the interval entries. Which take two persons: two-person-permits.ts.
import { instantOf } from "../../terms/ids.ts";
import { authority } from "../authority.ts";
import type { Permit } from "../bodies.ts";
import { type Context, type Refusal, type Rule, author, change, refuse } from "../rule.ts";
import type { Person, State } from "../state.ts";
import type { Act } from "../statement.ts";
import { noSafeguards, secondSeat, standsInSlot, takesTwo } from "../two-person-permits.ts";
import { isApplied } from "./evaluation.ts";
import { outsideMandate } from "./mandate.ts";
import { wrongProbe } from "./probe.ts";

/** A permit is for one run, not for a season. */
export const permitDaysMax = 7;

/** Requests that one turn may take, those that got no answer included. */
const sendsPerTurnMax = 4;

export const permitRun: Rule<"permit"> = (state, act, context) => {
  const { body, at } = act.predicate;
  const taken = takenBefore(state, body);
  if (taken !== undefined) return refuse("conflict", taken);
  const life = instantOf(body.notAfter) - instantOf(at);
  if (life <= 0 || life > permitDaysMax * 86_400_000) {
    return refuse("statement_invalid", `A permit ends within ${permitDaysMax} days of being made.`);
  }
  const unknown = unknownDocument(state, body);
  if (unknown !== undefined) return refuse("not_found", `The permit names a ${unknown} that nobody applied.`);
  const wrongly = wrongProbe(state, body, at);
  if (wrongly !== undefined) return refuse("conflict", wrongly);
  if (!takesTwo(body)) {
    const by = author(context);
    return (
      outsideMandate(state, body, { by, at }) ??
      change(() => {
        give(state, body, { by, at, index: context.index });
      })
    );
  }
  const wrong = wrongBounds(state, body);
  if (wrong !== undefined) return refuse("statement_invalid", wrong);
  const seats = seatsOf(act, context);
  if ("kind" in seats) return seats;
  return (
    outsideMandate(state, body, { by: seats.by, at }) ??
    change(() => {
      give(state, body, { ...seats, at, index: context.index });
    })
  );
};

/** What of a permit is another one's already, in words. */
function takenBefore({ permits, permitByHash, keys, evidence }: State, body: Permit): string | undefined {
  if (permits.has(body.permit)) return "This permit exists already.";
  if (permitByHash.has(body.hash) || keys.has(body.hash)) return "This key is in use already.";
  // A run is sealed once: who took another one's id would seal theirs in its place.
  const isTaken =
    [...permits.values()].some(({ run }) => run === body.run) ||
    [...evidence.values()].some(({ body: { run } }) => run === body.run);
  return isTaken ? "This run's id is another run's." : undefined;
}

interface Given {
  readonly by: Person;
  readonly second?: Person;
  readonly at: Act<"permit">["predicate"]["at"];
  readonly index: number;
}

function give(state: State, body: Permit, { by, second, at, index }: Given): void {
  const persons = { by: by.person, ...(second === undefined ? {} : { second: second.person }) };
  state.permits.set(body.permit, { ...body, ...persons, at, index });
  state.permitByHash.set(body.hash, body.permit);
}

function unknownDocument(state: State, { digests, model, bare }: Permit): string | undefined {
  if (state.documents.get("Model")?.get(model)?.all.has(digests.model) !== true) return "model";
  if (bare !== true && !isApplied(state, "Safeguards", digests.safeguards)) return "safeguards document";
  if (!isApplied(state, "UsagePolicy", digests.policy)) return "usage policy";
  if (!isApplied(state, "Suite", digests.suite)) return "suite";
  return undefined;
}

function wrongBounds(state: State, permit: Permit): string | undefined {
  const { bare, digests, stage, adaptive, attempts } = permit;
  if (bare === true && digests.safeguards !== noSafeguards)
    return "A permit without safeguards names none: its digest of safeguards is the one that says so.";
  if (bare === true && stage !== undefined) return "Without safeguards there are no modes of a stage.";
  if (adaptive !== undefined && adaptive.requests > permit.items.count * attempts * adaptive.turns * sendsPerTurnMax)
    return "The permit allows more requests than its attempts can make.";
  if (!standsInSlot(state, permit)) return `What the permit names does not stand in the slot ${permit.slot}.`;
  return undefined;
}

interface Seats {
  readonly by: Person;
  readonly second: Person;
}

/**
 * Who permits the run and who agrees to it: two persons in two roles, both admitted in the ledger that the statement names as seen,
 * so that nobody is brought in for a permit that is already written. Whether there are two is checked before.
 */
function seatsOf(act: Act<"permit">, { persons }: Context): Seats | Refusal {
  const { seen } = act.predicate;
  if (seen === null || persons.some(({ admitted }) => admitted >= seen.size)) {
    return refuse("authority_missing", "Whoever signs this permit was admitted before it was written.");
  }
  const [one, other] = persons;
  if (one === undefined || other === undefined) return refuse("quorum_missing", "This permit takes two persons.", []);
  if (one.role === other.role) return refuse("authority_missing", "The two who sign this permit have different roles.");
  const inOrder = [
    { by: one, second: other },
    { by: other, second: one },
  ].find(({ by, second }) => mayPermit(by) && secondSeat.includes(second.role));
  return inOrder ?? refuse("authority_missing", `The second signature is by one of: ${secondSeat.join(", ")}.`);
}

function mayPermit({ role }: Person): boolean {
  return authority.permit.roles.some((known) => known === role);
}
