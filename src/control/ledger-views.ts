// Entries of the ledger for people: a sentence, who signed, what else names the same. An entry that the store no longer gives as it
// was recorded is shown as that, and keeps nobody from reading the others.
import { sentenceOf } from "../acts/act-words.ts";
import { type Act, openStatement } from "../acts/statement.ts";
import { toBase64 } from "../proof/encoding.ts";
import { Failure } from "../terms/failure.ts";
import { PersonId, type PublicKey, timestampOf } from "../terms/ids.ts";
import type { LedgerEntryView, LedgerRow, LedgerView } from "./contract-ledger.ts";
import type { Core } from "./core.ts";
import { type Found, type Sought, everything, modelsOf, namedIn } from "./ledger-index.ts";
import { findOpenings } from "./opening-store.ts";

type Reading = Pick<Core, "database" | "index" | "ledger" | "replica" | "options" | "writer">;

/** Entries beside one that name what it names. */
const relatedMax = 40;
/** Openings of one entry. */
const openingsMax = 20;

export interface Asked extends Sought {
  readonly matches: number | null;
}

export async function ledgerView(core: Reading, asked: Asked): Promise<LedgerView> {
  const { found, next } = core.index.page(asked);
  const rows = await rowsOf(core, found);
  return {
    size: core.index.size(),
    rows,
    next,
    searchedFrom: core.index.termsFrom(),
    matches: asked.matches,
    people: await peopleIn(core, rows),
  };
}

export async function rowsOf(core: Reading, found: readonly Found[]): Promise<LedgerRow[]> {
  const rows: LedgerRow[] = [];
  for (const one of found) rows.push(await rowOf(core, one));
  return rows;
}

async function rowOf(core: Reading, { first, last, verb, from, to, receipts }: Found): Promise<LedgerRow> {
  const { state } = core.replica;
  const act = await actAt(core, last);
  const folded = `Log ${receipts} receipts in ${last - first + 1} intervals.`;
  return {
    first,
    last,
    verb,
    from: timestampOf(from),
    to: timestampOf(to),
    receipts,
    words: act === undefined ? null : first < last ? folded : sentenceOf(act, state),
    act: act?.digest ?? null,
    models: act === undefined ? [] : [...modelsOf(act, state)],
    signers: act === undefined ? [] : act.signers.map((key) => signerView(core, key)),
    refused: state.anomalies.find(({ index }) => index === last)?.why ?? null,
  };
}

/** Undefined where the store gives another entry than was recorded, or none. */
async function actAt({ ledger, options }: Reading, index: number): Promise<Act | undefined> {
  try {
    const [entry] = await ledger.entries(index, 1);
    return entry === undefined ? undefined : await openStatement(entry.envelope, options.primitives);
  } catch (error) {
    if (error instanceof Failure && error.code !== "store_unavailable") return undefined;
    throw error;
  }
}

function signerView({ replica }: Reading, key: PublicKey): LedgerRow["signers"][number] {
  const { state } = replica;
  const person = state.personByKey.get(key) ?? null;
  const role = person === null ? null : (state.persons.get(person)?.role ?? null);
  return { key, person, role, server: serverOf(state.root?.body, key) };
}

function serverOf(
  root:
    | {
        readonly log: { readonly key: PublicKey };
        readonly control: PublicKey;
        readonly gateways: readonly PublicKey[];
      }
    | undefined,
  key: PublicKey,
): LedgerRow["signers"][number]["server"] {
  if (root === undefined) return null;
  if (root.log.key === key) return "log";
  if (root.control === key) return "control";
  return root.gateways.includes(key) ? "gateway" : null;
}

/** Everybody whom the rows name, with the names that are kept. */
async function peopleIn(core: Reading, rows: readonly LedgerRow[]): Promise<LedgerView["people"]> {
  const said = rows.flatMap(({ words, signers }) => [
    ...(words?.match(/person_[0-9a-f]{16}/g) ?? []),
    ...signers.flatMap(({ person }) => (person === null ? [] : [person])),
  ]);
  const people: LedgerView["people"] = [];
  for (const text of new Set(said)) {
    const id = PersonId.parse(text);
    const person = core.replica.state.persons.get(id);
    if (person === undefined) continue;
    const [opening] = await findOpenings(core.database, [person.name], core.options.primitives);
    people.push({ person: id, role: person.role, name: opening?.text ?? null });
  }
  return people;
}

/** Fails with not_found, and with fork_detected where the store lost the entry. */
export async function entryView(core: Reading, index: number, from: number | undefined): Promise<LedgerEntryView> {
  const { ledger } = core;
  const { size, checkpoint } = ledger.head();
  if (index >= size) throw new Failure("not_found", `The ledger has ${size} entries, 0 to ${size - 1}.`);
  const [entry] = await ledger.entries(index, 1);
  if (entry === undefined) throw new Failure("fork_detected", `Ledger entry ${index} is missing.`);
  return {
    index,
    size,
    leaf: toBase64(entry.leaf),
    envelope: toBase64(entry.envelope),
    inclusion: (await ledger.inclusionProof(index, size)).map(toBase64),
    checkpoint,
    growth: await growthFrom(core, from, size),
    ...(await aroundEntry(core, index)),
  };
}

/** Null where nobody asked, or from a size that this ledger never had: whoever asked sees that it is another one. */
async function growthFrom(
  { ledger }: Reading,
  from: number | undefined,
  size: number,
): Promise<LedgerEntryView["growth"]> {
  if (from === undefined || from < 1 || from > size) return null;
  return { from, path: (await ledger.consistencyProof(from, size)).map(toBase64) };
}

async function aroundEntry(
  core: Reading,
  index: number,
): Promise<Pick<LedgerEntryView, "refused" | "signers" | "people" | "openings" | "related">> {
  const act = await actAt(core, index);
  const own = await rowsOf(core, core.index.page({ ...everything, among: [index], limit: 1 }).found);
  const related = act === undefined ? [] : await rowsOf(core, relatedTo(core, act, index));
  return {
    refused: own[0]?.refused ?? null,
    signers: own[0]?.signers ?? [],
    people: await peopleIn(core, [...own, ...related]),
    openings: act === undefined ? [] : [...(await openingsIn(core, act))],
    related,
  };
}

/** What names this act, what it names, and what names the same, newest first. */
function relatedTo({ index: known, writer }: Reading, act: Act, index: number): readonly Found[] {
  const { ids, digests } = act.predicate.verb === "receipts" ? nothing : namedIn(act.predicate.body);
  const entries = new Set([act.digest, ...ids].flatMap((term) => known.naming(term)));
  for (const digest of digests) {
    const named = writer.indexOf(digest);
    if (named !== undefined) entries.add(named);
  }
  entries.delete(index);
  const among = [...entries].toSorted((one, other) => other - one);
  return known.page({ ...everything, among, limit: relatedMax }).found;
}

const nothing = { ids: [], digests: [] } as const;

async function openingsIn({ database, options }: Reading, { predicate }: Act): ReturnType<typeof findOpenings> {
  if (predicate.verb === "receipts") return [];
  return findOpenings(database, namedIn(predicate.body).digests.slice(0, openingsMax), options.primitives);
}
