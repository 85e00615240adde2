// How far the ledger had gone, kept beside the server's keys as well: whoever puts back an older data folder as a whole puts
// back its mark too, and only what lies elsewhere can tell. It is written when the ledger has grown and at the end; where the
// keys folder cannot be written, nothing is kept there.
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { z } from "zod";
import type { Mark } from "../ledger/load.ts";
import { Failure } from "../terms/failure.ts";
import { Digest } from "../terms/ids.ts";

const Seen = z.strictObject({ size: z.number().int().positive(), root: Digest });

function fileIn(keys: string): string {
  return path.join(keys, "seen.json");
}

/** Undefined where nothing was kept. Fails with configuration_invalid where it cannot be read. */
export function readSeen(keys: string): Mark | undefined {
  const file = fileIn(keys);
  if (!existsSync(file)) return undefined;
  try {
    return Seen.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch (cause) {
    const message = `${file} is damaged. It says how far the ledger had gone; bring it back from a copy of the keys folder.`;
    throw new Failure("configuration_invalid", message, { cause });
  }
}

/** How often it is looked at whether the ledger has grown, in milliseconds. */
const lookMs = 10_000;

/** Writes it when the ledger has grown, and at the end. */
export function keepSeen(keys: string, head: () => Mark): { readonly close: () => void } {
  let written = 0;
  const keep = (): void => {
    const now = head();
    if (now.size > written && writeSeen(keys, now)) written = now.size;
  };
  const timer = setInterval(keep, lookMs);
  timer.unref();
  return {
    close: () => {
      clearInterval(timer);
      keep();
    },
  };
}

/** Whether it could be written. */
function writeSeen(keys: string, seen: Mark): boolean {
  const file = fileIn(keys);
  try {
    writeFileSync(`${file}.new`, `${JSON.stringify({ size: seen.size, root: seen.root })}\n`, { mode: 0o600 });
    renameSync(`${file}.new`, file);
    return true;
  } catch {
    return false;
  }
}

/** The one that says more. */
export function furthest(marks: readonly (Mark | undefined)[]): Mark | undefined {
  return marks
    .filter((mark) => mark !== undefined)
    .toSorted((one, other) => other.size - one.size)
    .at(0);
}
