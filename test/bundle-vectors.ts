// Bundles from fixed keys, for verifiers of bundles: decisions that were made rightly or wrongly, and what was changed in right ones.
// `scripts/make-bundle-vectors.ts` writes them to formats/bundles; a test makes them again and shows them to both verifiers.
import { idOf } from "../src/acts/fixtures.ts";
import { z } from "zod";
import type { Bundle } from "../src/report/bundle-file.ts";
import { type Story, told, why } from "./bundle-decisions.ts";
import { furtherStories } from "./bundle-kinds.ts";
import { usualStories } from "./bundle-stories.ts";

export const stories: Readonly<Record<string, Story>> = { ...usualStories, ...furtherStories };

/** One thing changed in a bundle that passes: at a place of its JSON something else. */
interface Forged {
  /** The bundle; `passes`, where nothing is said. */
  readonly of?: string;
  readonly name: string;
  readonly at: readonly (string | number)[];
  readonly put?: unknown;
  /** In place of `put`: the base64 there with the lowest bit of this byte turned. */
  readonly byte?: number;
}

export interface Vectors {
  readonly bundles: Readonly<Record<string, Bundle>>;
  readonly forged: readonly Forged[];
}

export async function makeVectors(): Promise<Vectors> {
  const bundles: Record<string, Bundle> = {};
  for (const [name, story] of Object.entries(stories)) bundles[name] = await told(story);
  const { passes } = bundles;
  if (passes === undefined) throw new Error("there is nothing to forge");
  const further = Object.entries(furtherStories).filter(([, { exit }]) => exit === 0);
  return { bundles, forged: [...forgeries(passes), ...further.flatMap(([name]) => forgeriesOf(name, bundles[name]))] };
}

/** The bundle with one thing changed. */
export function forge(bundle: Bundle, { at, put, byte }: Forged): unknown {
  return changed(bundle, at, (there) => (byte === undefined ? put : other(z.string().parse(there), byte)));
}

function changed(value: unknown, [first, ...rest]: Forged["at"], make: (there: unknown) => unknown): unknown {
  if (first === undefined) return make(value);
  if (Array.isArray(value)) return value.map((one: unknown, at) => (at === first ? changed(one, rest, make) : one));
  const members = Object.entries(typeof value === "object" && value !== null ? value : {});
  return Object.fromEntries(members.map(([name, one]) => [name, name === first ? changed(one, rest, make) : one]));
}

/** Another byte at the place given, of base64. */
function other(text: string, at: number): string {
  const bytes = Buffer.from(text, "base64");
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  return bytes.toString("base64");
}

function forgeries({ batch, artefacts, openings, receipts, judged }: Bundle): readonly Forged[] {
  const { records, checkpoint } = batch;
  const changedAt = (name: string, at: Forged["at"], put: unknown): Forged => ({ name, at, put });
  const entries = records.flatMap((_, at) => [
    { name: `a byte of leaf ${at}`, at: ["batch", "records", at, "leaf"], byte: 40 },
    { name: `a byte of envelope ${at}`, at: ["batch", "records", at, "envelope"], byte: 300 },
  ]);
  const documents = Object.keys(artefacts).map((digest, at) => ({
    name: `a byte of document ${at}`,
    at: ["artefacts", digest],
    byte: 5,
  }));
  const [opening] = openings;
  const [one = "", two = "", ...more] = receipts;
  const last = records.at(-1);
  if (opening === undefined || last === undefined || judged === undefined) throw new Error("there is nothing to forge");
  return [
    ...entries,
    ...documents,
    changedAt("the first trust root", ["firstRoot"], why),
    changedAt("another proposal", ["proposal"], idOf.proposal("another")),
    changedAt("the last entry left out", ["batch", "records"], records.slice(0, -1)),
    changedAt("an entry twice", ["batch", "records"], [...records, last]),
    changedAt(
      "two entries in another order",
      ["batch", "records"],
      [...records.slice(0, 2), ...records.slice(2).toReversed()],
    ),
    changedAt("a digit of the checkpoint's size", ["batch", "checkpoint"], checkpoint.replace(/\n\d+\n/, "\n9\n")),
    changedAt("a byte of the checkpoint's signature", ["batch", "checkpoint"], `${other64(checkpoint)}\n`),
    changedAt("the text of an opening", ["openings", 0, "text"], "It held, thrice."),
    changedAt("the salt of an opening", ["openings", 0, "salt"], other(opening.salt, 3)),
    changedAt("a document left out", ["artefacts"], Object.fromEntries(Object.entries(artefacts).slice(1))),
    changedAt("a receipt left out", ["receipts"], receipts.slice(1)),
    changedAt("a receipt twice in place of another", ["receipts"], [two, two, ...more]),
    changedAt("a letter of a receipt", ["receipts", 0], letterApart(one)),
    changedAt(
      "a letter of a receipt's signature",
      ["receipts", 0],
      `${one.slice(0, -40)}${one.at(-40) === "A" ? "B" : "A"}${one.slice(-39)}`,
    ),
    changedAt("the time it was judged at", ["judged", "at"], "2026-01-01T00:00:00.000Z"),
    changedAt("the judgement", ["judged", "judgement", "verdict"], "fail"),
    changedAt("a verdict of the judgement", ["judged", "judgement", "requirements", 0, "verdict"], "inconclusive"),
    changedAt("a bound of the judgement", ["judged", "judgement", "requirements", 0, "have", "upper"], 0.2),
  ];
}

/** The last signature of a note, without its line feed, with a bit changed. */
function other64(note: string): string {
  const cut = note.lastIndexOf(" ") + 1;
  return note.slice(0, cut) + other(note.slice(cut).trimEnd(), 20);
}

/** Of what only some decisions have: a byte of every statement and document of it, of its receipts, and of each figure that it states. */
function forgeriesOf(of: string, bundle: Bundle | undefined): readonly Forged[] {
  if (bundle?.judged === undefined) throw new Error(`there is nothing to forge in ${of}`);
  const { requirements } = Judged.parse(bundle.judged.judgement);
  const parts: readonly Forged[] = [
    ...bundle.batch.records.slice(asAnywhere).map((_, at) => ({
      name: `a byte of envelope ${at + asAnywhere}`,
      at: ["batch", "records", at + asAnywhere, "envelope"],
      byte: 300,
    })),
    ...Object.keys(bundle.artefacts).map((digest, at) => ({
      name: `a byte of document ${at}`,
      at: ["artefacts", digest],
      byte: 5,
    })),
    ...bundle.receipts.slice(-1).map((text) => ({
      name: "a letter of the last receipt",
      at: ["receipts", bundle.receipts.length - 1],
      put: letterApart(text),
    })),
    ...requirements.flatMap(({ id, have }, at) =>
      Object.entries(have).map(([figure, value]) => ({
        name: `${figure} of ${id}`,
        at: ["judged", "judgement", "requirements", at, "have", figure],
        put: typeof value === "number" ? value + 1 : `${JSON.stringify(value)}.`,
      })),
    ),
  ];
  return parts.map((one) => ({ ...one, of, name: `${of}: ${one.name}` }));
}

/** Statements with which every ledger here begins: root, two admissions' parts, documents. */
const asAnywhere = 4;

const Judged = z.looseObject({
  requirements: z.array(z.looseObject({ id: z.string(), have: z.record(z.string(), z.unknown()) })),
});

function letterApart(text: string): string {
  return `${text.slice(0, 60)}${text[60] === "A" ? "B" : "A"}${text.slice(61)}`;
}
