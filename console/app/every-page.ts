// Every page of what a list is narrowed to, one after another: what is saved is what was asked, whatever is shown.
import { Failure } from "../../src/terms/failure.ts";
import { words } from "../words/words.ts";

/** Rows of one saved file. */
const rowsMax = 100_000;

interface OnePage<Row, Place> {
  readonly rows: readonly Row[];
  /** Where the next one begins; null where there is none. */
  readonly next: Place | null;
}

/** Fails as the server refuses, and with request_invalid where there are more than one file takes. */
export async function everyPage<Row, Place>(
  readPage: (place: Place | undefined) => Promise<OnePage<Row, Place>>,
): Promise<readonly Row[]> {
  const all: Row[] = [];
  let place: Place | undefined;
  for (;;) {
    const { rows, next } = await readPage(place);
    all.push(...rows);
    if (next === null) return all;
    if (all.length >= rowsMax) throw new Failure("request_invalid", words.parts.table.tooMany(rowsMax));
    place = next;
  }
}
