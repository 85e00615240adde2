// What somebody typed into the search of the ledger, as the entries it means: each word is an entry's number, a digest, an id, a
// key, a name, a receipt, a verb, or a part of a person's name. All words must fit; a word that is nothing finds nothing.
import type { Verb } from "../acts/bodies.ts";
import { openReceipt } from "../acts/receipt.ts";
import { intervalOf, intervalOfReceipt } from "../evidence/receipt-store.ts";
import { findAct, findStatement } from "../ledger/ledger-store.ts";
import { Digest, ReceiptId } from "../terms/ids.ts";
import type { Core } from "./core.ts";
import { isVerb } from "./ledger-index.ts";
import { findOpenings } from "./opening-store.ts";

/** Words of one search. */
const searchWordsMax = 8;

/** Persons whose names are looked through. */
const personsMax = 300;

export interface Searched {
  /** Newest first; undefined where every entry fits. */
  readonly among: readonly number[] | undefined;
  readonly verbs: readonly Verb[];
}

type Searching = Pick<Core, "database" | "index" | "replica" | "options">;

export async function searched(text: string, core: Searching): Promise<Searched> {
  const words = text
    .trim()
    .split(/\s+/)
    .filter((word) => word !== "");
  const verbs = words.filter((word) => isVerb(word));
  const others = words.filter((word) => !isVerb(word)).slice(0, searchWordsMax);
  if (others.length === 0) return { among: undefined, verbs };
  const sets = [];
  for (const word of others) sets.push(await entriesOf(word, core));
  return { among: inAll(sets), verbs };
}

/** In all of the sets, newest first. */
function inAll([first = new Set(), ...rest]: readonly ReadonlySet<number>[]): readonly number[] {
  return [...first].filter((entry) => rest.every((set) => set.has(entry))).toSorted((one, other) => other - one);
}

async function entriesOf(word: string, core: Searching): Promise<ReadonlySet<number>> {
  const size = core.replica.size();
  const entries = new Set(core.index.naming(word));
  const add = (entry: number | undefined): void => {
    if (entry !== undefined && entry < size) entries.add(entry);
  };
  if (/^\d{1,15}$/.test(word)) add(Number(word));
  const digest = Digest.safeParse(/^[0-9a-f]{64}$/.test(word) ? `sha256:${word}` : word);
  if (digest.success) for (const entry of await namingDigest(digest.data, core)) add(entry);
  const receipt = ReceiptId.safeParse(word);
  if (receipt.success) add(await intervalOfReceipt(core.database, receipt.data));
  if (word.startsWith("hgr1.")) add(await entryOfText(word, core));
  if (entries.size === 0) for (const person of await personsNamed(word, core)) core.index.naming(person).forEach(add);
  return entries;
}

/** Of an act, its envelope, a receipt, or anything that statements name. */
async function namingDigest(digest: Digest, { database, index }: Searching): Promise<readonly number[]> {
  const [act, statement, interval] = [
    await findAct(database, digest),
    await findStatement(database, digest),
    await intervalOf(database, digest),
  ];
  const found = [act?.index, statement, interval?.ledgerIndex, ...index.naming(digest)];
  return found.filter((entry) => entry !== undefined);
}

/** The interval of a receipt in its own words; undefined for what is none, or is not logged yet. */
async function entryOfText(text: string, { database, options }: Searching): Promise<number | undefined> {
  const receipt = await openReceipt(text, options.primitives).catch(() => undefined);
  if (receipt === undefined) return undefined;
  return (await intervalOf(database, receipt.digest))?.ledgerIndex;
}

async function personsNamed(word: string, { database, replica, options }: Searching): Promise<readonly string[]> {
  const wanted = word.toLowerCase();
  const persons = [...replica.state.persons.values()].slice(0, personsMax);
  const found: string[] = [];
  for (const { person, name } of persons) {
    const [opening] = await findOpenings(database, [name], options.primitives);
    if (opening?.text.toLowerCase().includes(wanted) === true) found.push(person);
  }
  return found;
}
