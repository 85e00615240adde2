// What the ledger is looked through by, kept from the fold: of each entry its verb, its moment and how many receipts it logs, and
// which entries name which terms. It begins anew with each start, and grows by 13 bytes an entry beside its bounded terms.
import { type Verb, bodies } from "../acts/bodies.ts";
import type { Certificate, State } from "../acts/state.ts";
import type { Act, AnyPredicate } from "../acts/statement.ts";
import { signerIdOf } from "../proof/digest.ts";
import type { Hasher } from "../proof/primitives.ts";
import { Digest, type Instant, type Name, instantOf, toInstant } from "../terms/ids.ts";
import { createTerms } from "./ledger-terms.ts";

/** One entry, or intervals of receipts that follow one another with no act between them. */
export interface Found {
  readonly first: number;
  readonly last: number;
  readonly verb: Verb;
  /** Of the first and of the last, as their signers say. */
  readonly from: Instant;
  readonly to: Instant;
  /** Receipts that they log. */
  readonly receipts: number;
}

export interface Sought {
  /** Only entries before this one. */
  readonly before: number;
  /** Empty: all of them. */
  readonly verbs: readonly Verb[];
  /** Milliseconds since 1970, both included. */
  readonly since: number;
  readonly until: number;
  readonly limit: number;
  /** Only these, newest first; undefined: all. */
  readonly among: readonly number[] | undefined;
}

interface FoundPage {
  readonly found: readonly Found[];
  /** What `before` is for the next page; null where there is none. */
  readonly next: number | null;
}

export interface LedgerIndex {
  readonly add: (index: number, act: Act, state: State) => void;
  readonly size: () => number;
  readonly verbOf: (index: number) => Verb | undefined;
  /** Newest first. Entries that name a term, exactly. */
  readonly naming: (term: string) => readonly number[];
  /** The first entry whose terms are known. */
  readonly termsFrom: () => number;
  readonly page: (sought: Sought) => FoundPage;
}

export interface IndexOptions {
  readonly hasher: Hasher;
  readonly seeds: readonly [number, number];
}

/** Entries that one page looks at, at most; the next goes on from there. */
const lookedAtMax = 1_000_000;
/** Terms of one entry, at most. */
const termsMax = 1_024;

const verbs = Object.keys(bodies).filter((text) => isVerb(text));

export function isVerb(text: string): text is Verb {
  return Object.hasOwn(bodies, text);
}

export function createLedgerIndex({ hasher, seeds }: IndexOptions): LedgerIndex {
  const terms = createTerms({ seeds });
  const columns = createColumns();
  return {
    add: (index, act, state) => {
      const { predicate } = act;
      const receipts = predicate.verb === "receipts" ? predicate.body.count : 0;
      columns.add({ verb: verbs.indexOf(predicate.verb), at: instantOf(predicate.at), receipts });
      terms.add(index, termsOf(act, state, hasher));
    },
    size: columns.size,
    verbOf: (index) => (index < columns.size() ? verbs[columns.at(index).verb] : undefined),
    naming: terms.entriesOf,
    termsFrom: terms.from,
    page: (sought) => pageOf(columns, sought),
  };
}

/** Every entry, where nothing narrows it. */
export const everything: Omit<Sought, "limit"> = {
  before: Number.MAX_SAFE_INTEGER,
  verbs: [],
  since: 0,
  until: Number.MAX_SAFE_INTEGER,
  among: undefined,
};

const Id = /^(?:dep|person|key|permit|run|prop|cert|hold|glass|inc|review)_[0-9a-f]{16}$/;
const Term = /^(?:[a-z0-9][a-z0-9._-]{0,62}|sha256:[0-9a-f]{64}|[A-Za-z0-9+/]{43}=)$/;

/** Everything that the entry names, its own act's digest and its signers included. Of an interval only the permits: it has nothing else to be found by. */
function termsOf(act: Act, state: State, hasher: Hasher): ReadonlySet<string> {
  const { predicate, signers } = act;
  const found = new Set<string>();
  if (predicate.verb === "receipts") {
    for (const { permit } of predicate.body.permits) found.add(permit);
    return found;
  }
  found.add(act.digest).add(act.body).add(act.envelope);
  for (const signer of signers) {
    found.add(signer).add(signerIdOf(signer, hasher));
    const person = state.personByKey.get(signer);
    if (person !== undefined) found.add(person);
  }
  for (const name of modelsOf(act, state)) found.add(name);
  collect(predicate.body, found);
  return found;
}

function collect(value: unknown, found: Set<string>): void {
  if (found.size >= termsMax) return;
  if (typeof value === "string") {
    if (Id.test(value) || Term.test(value)) found.add(value);
  } else if (typeof value === "object" && value !== null) {
    for (const inner of Object.values(value)) collect(inner, found);
  }
}

/** What in a body names one thing that other entries may name as well. */
export function namedIn(body: unknown): { readonly ids: readonly string[]; readonly digests: readonly Digest[] } {
  const found = new Set<string>();
  collect(body, found);
  const all = [...found];
  return {
    ids: all.filter((text) => Id.test(text) && !/^(?:dep|person)_/.test(text)),
    digests: all.flatMap((text) => Digest.safeParse(text).data ?? []),
  };
}

/** The models that an act is about, named or not. */
export function modelsOf({ predicate }: Pick<Act, "predicate">, state: State): readonly Name[] {
  const { body } = predicate;
  if ("model" in body && body.model !== null) return [body.model];
  if ("scope" in body && "model" in body.scope) return [body.scope.model];
  if (predicate.verb === "proposal" || predicate.verb === "certificate") return [predicate.body.release.model];
  return named(modelBehind(predicate, state));
}

function modelBehind({ verb, body }: AnyPredicate, { proposals, certificates, mandates }: State): Name | undefined {
  if (verb === "sign-off") return proposals.get(body.proposal)?.release.model;
  if (verb === "withdrawal") return "mandate" in body ? mandates.get(body.mandate)?.model : undefined;
  if (!("certificate" in body)) return undefined;
  const isIts = ({ release }: Certificate): boolean => release.certificate === body.certificate;
  return [...certificates].find(([, all]) => all.some(isIts))?.[0];
}

function named(name: Name | undefined): readonly Name[] {
  return name === undefined ? [] : [name];
}

interface Row {
  /** Its place in `verbs`. */
  readonly verb: number;
  readonly at: number;
  readonly receipts: number;
}

interface Columns {
  readonly add: (row: Row) => void;
  readonly at: (index: number) => Row;
  readonly size: () => number;
}

function createColumns(): Columns {
  let verb = new Uint8Array(1_024);
  let at = new Float64Array(1_024);
  let receipts = new Uint32Array(1_024);
  let size = 0;
  function grow(): void {
    const [verbBefore, atBefore, receiptsBefore] = [verb, at, receipts];
    verb = new Uint8Array(2 * size);
    at = new Float64Array(2 * size);
    receipts = new Uint32Array(2 * size);
    verb.set(verbBefore);
    at.set(atBefore);
    receipts.set(receiptsBefore);
  }
  return {
    add: (row) => {
      if (size === verb.length) grow();
      verb[size] = row.verb;
      at[size] = row.at;
      receipts[size] = row.receipts;
      size += 1;
    },
    at: (index) => ({ verb: verb[index] ?? 0, at: at[index] ?? 0, receipts: receipts[index] ?? 0 }),
    size: () => size,
  };
}

function pageOf(columns: Columns, sought: Sought): FoundPage {
  const { limit, among } = sought;
  const before = Math.min(sought.before, columns.size());
  // Where somebody looks for intervals, or for what names something, each entry stands by itself.
  const isFolding = among === undefined && !sought.verbs.includes("receipts");
  const found: Found[] = [];
  let looked = 0;
  for (const index of among?.filter((entry) => entry < before) ?? descending(before)) {
    if (looked === lookedAtMax) return { found, next: index + 1 };
    looked += 1;
    const one = foundAt(columns, index);
    if (!isSought(one, sought)) continue;
    const open = found.at(-1);
    const joined = isFolding ? joinedWith(open, one) : undefined;
    if (joined !== undefined) found[found.length - 1] = joined;
    else if (found.push(one) > limit) return { found: found.slice(0, limit), next: open?.first ?? null };
  }
  return { found, next: null };
}

/** Intervals with the one just before them; undefined where they are not both of receipts, or something is between. */
function joinedWith(open: Found | undefined, one: Found): Found | undefined {
  if (open?.verb !== "receipts" || one.verb !== "receipts" || open.first !== one.last + 1) return undefined;
  return { ...open, first: one.first, from: one.from, receipts: open.receipts + one.receipts };
}

function* descending(from: number): Generator<number, void, void> {
  for (let index = from - 1; index >= 0; index -= 1) yield index;
}

function foundAt(columns: Columns, index: number): Found {
  const { verb, at, receipts } = columns.at(index);
  const moment = toInstant(at);
  return { first: index, last: index, verb: verbs[verb] ?? "lost", from: moment, to: moment, receipts };
}

function isSought({ verb, from }: Found, sought: Sought): boolean {
  const isVerbSought = sought.verbs.length === 0 || sought.verbs.includes(verb);
  return isVerbSought && from >= sought.since && from <= sought.until;
}
