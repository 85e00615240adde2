// Evaluators outside the operator: what they were given to run, and that what they bring and find is theirs. The operator gives a
// mandate, once; permits, suites of their own and evidence are then the evaluator's, and nobody else writes over them.
import { type Digest, type Name, type PersonId, type Timestamp, instantOf } from "../../terms/ids.ts";
import type { BodyOf, Mandate, Permit } from "../bodies.ts";
import { type Refusal, type Rule, author, change, refuse } from "../rule.ts";
import type { GivenMandate, Person, State } from "../state.ts";

/** Suites of one outside organisation, all versions counted: each may be megabytes, and none is ever dropped. */
const ownVersionsMax = 64;

/** A mandate is for an engagement, not for good. */
const mandateDaysMax = 366;

export const giveMandate: Rule<"mandate"> = (state, act, context) => {
  const { body, at } = act.predicate;
  const person = state.persons.get(body.person);
  if (person === undefined || person.suspended) return refuse("not_found", "There is no such person here.");
  if (person.role !== "evaluator" || person.affiliation === undefined) {
    return refuse("statement_invalid", "A mandate is for an evaluator of another organisation than the operator.");
  }
  const from = Math.max(instantOf(at), instantOf(body.notBefore));
  const life = instantOf(body.notAfter) - from;
  if (life <= 0 || life > mandateDaysMax * 86_400_000)
    return refuse("statement_invalid", `A mandate ends within ${mandateDaysMax} days of its beginning.`);
  if (state.documents.get("Model")?.has(body.model) !== true)
    return refuse("not_found", `Nobody applied a model "${body.model}".`);
  const unknown = body.suites.find((suite) => state.documents.get("Suite")?.has(suite) !== true);
  if (unknown !== undefined) return refuse("not_found", `Nobody applied a suite "${unknown}".`);
  const given = { ...body, act: act.digest, by: author(context).person, at, index: context.index };
  return change(() => {
    state.mandates.set(act.digest, given);
  });
};

/** From then on nothing is permitted under it, and gateways refuse what was permitted; what was answered until then can be sealed. */
export const endMandate: Rule<"withdrawal"> = (state, act, context) => {
  const { body, at } = act.predicate;
  const known = "mandate" in body ? state.mandates.get(body.mandate) : undefined;
  if (known === undefined) return refuse("not_found", "There is no such mandate.");
  const { person, role } = author(context);
  if (role === "evaluator" && known.person !== person)
    return refuse("authority_missing", "A mandate is withdrawn by owner or assurance, or given back by its holder.");
  const withdrawn = known.withdrawn ?? { by: person, at, index: context.index };
  return change(() => {
    state.mandates.set(known.act, { ...known, withdrawn });
  });
};

/** What somebody would run, and when they say so. */
interface Wish extends Pick<Permit, "model" | "tokens" | "notAfter"> {
  readonly suite: Digest;
  readonly at: Timestamp;
}

/** Why a mandate does not let its holder run this, in words; undefined where it does. */
export function unfit(state: State, mandate: GivenMandate, wish: Wish): string | undefined {
  if (mandate.withdrawn !== undefined) return "it was withdrawn";
  if (wish.model !== mandate.model) return `it is for ${mandate.model}`;
  if (wish.at < mandate.notBefore) return `it begins ${mandate.notBefore}`;
  if (wish.notAfter > mandate.notAfter) return `it ends ${mandate.notAfter}`;
  if (!isOfIts(state, mandate, wish.suite)) {
    const own = mandate.ownSuites === true ? " and suites of your own" : "";
    return `it is for ${mandate.suites.length === 0 ? "no suite of others" : mandate.suites.join(", ")}${own}`;
  }
  const left = mandate.tokens - tokensUnder(state, mandate.act);
  return wish.tokens > left
    ? `${left} of its ${mandate.tokens} tokens are left, and this takes ${wish.tokens}`
    : undefined;
}

/** Tokens that the permits under a mandate were given. */
export function tokensUnder({ permits }: Pick<State, "permits">, mandate: Digest): number {
  const under = [...permits.values()].filter((permit) => permit.mandate === mandate);
  return under.reduce((sum, { tokens }) => sum + tokens, 0);
}

function isOfIts({ documents, persons }: State, { suites, ownSuites, person }: Mandate, suite: Digest): boolean {
  const house = persons.get(person)?.affiliation;
  return [...(documents.get("Suite") ?? [])].some(
    ([name, applied]) =>
      applied.all.has(suite) &&
      (suites.includes(name) || (ownSuites === true && applied.of !== undefined && applied.of === house)),
  );
}

/** Whether the one who signs a permit may run it, as far as mandates go. */
export function outsideMandate(
  state: State,
  permit: Permit,
  { by, at }: { readonly by: Person; readonly at: Timestamp },
): Refusal | undefined {
  if (permit.mandate === undefined) {
    if (by.mandated !== true) return undefined;
    return refuse(
      "authority_missing",
      "An evaluator outside the operator runs what a mandate lets them, and names it.",
    );
  }
  const mandate = state.mandates.get(permit.mandate);
  if (mandate === undefined || mandate.person !== by.person)
    return refuse("authority_missing", "The permit names a mandate that is not its signer's.");
  const why = unfit(state, mandate, { ...permit, suite: permit.digests.suite, at });
  return why === undefined ? undefined : refuse("authority_missing", `The mandate does not let this be run: ${why}.`);
}

/** Whether a person may apply these documents, as far as suites of evaluators outside go. */
export function notTheirDocuments(
  state: State,
  { documents }: BodyOf<"document">,
  { by, at }: { readonly by: Person; readonly at: Timestamp },
): Refusal | undefined {
  const suites = state.documents.get("Suite");
  const others = documents.find(({ kind, name }) => {
    const of = kind === "Suite" ? suites?.get(name)?.of : undefined;
    return of !== undefined && of !== by.affiliation;
  });
  if (others !== undefined)
    return refuse("authority_missing", `The suite ${others.name} is an outside evaluator's: nobody else writes it.`);
  return by.role === "evaluator" ? notOwnSuites(state, documents, { by, at }) : undefined;
}

function notOwnSuites(
  state: State,
  documents: BodyOf<"document">["documents"],
  { by, at }: { readonly by: Person; readonly at: Timestamp },
): Refusal | undefined {
  const mayBring = [...state.mandates.values()].some(
    ({ person, ownSuites, withdrawn, notBefore, notAfter }) =>
      person === by.person && ownSuites === true && withdrawn === undefined && notBefore <= at && at <= notAfter,
  );
  if (by.affiliation === undefined || !mayBring) {
    return refuse(
      "authority_missing",
      "Documents are applied by owner or policy. An evaluator outside brings suites of their own under a mandate that says so.",
    );
  }
  const prefix = ownPrefix(by.affiliation);
  const wrong = documents.find(({ kind, name }) => kind !== "Suite" || !name.startsWith(prefix));
  if (wrong !== undefined)
    return refuse("authority_missing", `An evaluator's own documents are suites, and their names begin with ${prefix}`);
  const applied = [...(state.documents.get("Suite")?.values() ?? [])].filter(({ of }) => of === by.affiliation);
  const versions = applied.reduce((sum, { all }) => sum + all.size, documents.length);
  if (versions > ownVersionsMax)
    return refuse(
      "conflict",
      `An outside organisation has at most ${ownVersionsMax} suites here, all versions counted.`,
    );
  const taken = documents.find(({ name }) => {
    const known = state.documents.get("Suite")?.get(name);
    return known !== undefined && known.of !== by.affiliation;
  });
  return taken === undefined
    ? undefined
    : refuse("conflict", `The suite ${taken.name} is the operator's. Take another name.`);
}

/** What the names of an outside organisation's suites begin with. */
function ownPrefix(affiliation: Name): string {
  return `${affiliation}.`;
}

/** Evidence of a run that an evaluator outside permitted is theirs to give: whoever sealed it first would have replaced it. */
export function notTheirRun(
  { persons }: Pick<State, "persons">,
  by: PersonId,
  permittedBy: PersonId,
): Refusal | undefined {
  if (by === permittedBy || persons.get(permittedBy)?.affiliation === undefined) return undefined;
  return refuse(
    "authority_missing",
    "This run is an outside evaluator's: its evidence is signed by them and nobody else.",
  );
}
