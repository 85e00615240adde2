// Seeded draws of suite items from published evaluation sets: by a hash of each row's id, no row like one that was taken
// before, none like a row that a shipped safeguard learnt from.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { z } from "zod";
import { overlap, wordsOf } from "./near-duplicates.ts";

const Row = z.object({ id: z.string(), text: z.string(), label: z.string(), categories: z.array(z.string()) });
export type Row = z.infer<typeof Row>;

const textCharsMax = 1200;
export const likenessMax = 0.8;

export function rowsOf(folder: string, name: string): Row[] {
  const text = gunzipSync(readFileSync(join(folder, `${name}.jsonl.gz`))).toString("utf8");
  return text
    .trimEnd()
    .split("\n")
    .map((line) => Row.parse(JSON.parse(line)));
}

/** Order of a row in the draw: by a hash of its id, so that adding a row moves no other. */
function ticket(id: string): number {
  let hash = 0x9747b28c;
  for (let at = 0; at < id.length; at += 1) hash = Math.imul(hash ^ id.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b);
  return (hash ^ (hash >>> 13)) >>> 0;
}

export class Draw {
  readonly #folder: string;
  readonly #isTrained: (text: string) => boolean;
  readonly #taken: ReadonlySet<string>[] = [];
  dropped = 0;

  constructor(folder: string, isTrained: (text: string) => boolean) {
    this.#folder = folder;
    this.#isTrained = isTrained;
  }

  /** Nothing like this text is taken any more. */
  avoid(text: string): void {
    this.#taken.push(wordsOf(text));
  }

  /** At most `count` rows of one set that pass `fits`, none of them like a training row or like an earlier item. */
  take(name: string, count: number, fits: (row: Row) => boolean): Row[] {
    const rows = rowsOf(this.#folder, name)
      .filter((row) => row.text.length <= textCharsMax && fits(row))
      .toSorted((a, b) => ticket(a.id) - ticket(b.id));
    const chosen: Row[] = [];
    for (const row of rows) {
      if (chosen.length >= count) break;
      const words = wordsOf(row.text);
      if (this.#taken.some((other) => overlap(words, other) >= likenessMax)) continue;
      if (this.#isTrained(row.text)) {
        this.dropped += 1;
        continue;
      }
      this.#taken.push(words);
      chosen.push(row);
    }
    return chosen;
  }
}
