// The keys that texts for reviewers are sealed to: one a day, in files beside the server's other keys (0600). Destroying a
// day's key is how its texts are erased wherever a copy of them lies: in free pages of the database, in a backup.
import {
  existsSync,
  fsyncSync,
  openSync,
  closeSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import path from "node:path";
import type { SealingKeys } from "../control/review-desk.ts";
import { newSealingPair, publicKeyOf } from "../feed/hpke.ts";
import { SealingKey } from "../feed/reviews.ts";
import { fromBase64, toBase64 } from "../proof/encoding.ts";
import { Failure } from "../terms/failure.ts";
import { type Instant, timestampOf, toInstant } from "../terms/ids.ts";

const dayMs = 86_400_000;
/** For how long a gateway may go on sealing to what it was told. */
const toldMs = 3_600_000;

const filePattern = /^sealing-(\d{4}-\d{2}-\d{2})\.key$/;

interface Kept {
  readonly day: string;
  readonly file: string;
  readonly publicKey: SealingKey;
  readonly key: Uint8Array;
}

export function openSealingKeys(folder: string, clock: () => Instant): SealingKeys {
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => filePattern.test(name)) : [];
  const kept = new Map(names.map((name) => readKey(path.join(folder, name))).map((one) => [one.day, one]));
  return {
    current: () => {
      const now = clock();
      const day = dayOf(now);
      const known = kept.get(day) ?? makeKey(path.join(folder, `sealing-${day}.key`));
      kept.set(day, known);
      return { key: known.publicKey, notAfter: timestampOf(toInstant(now + toldMs)) };
    },
    find: (key) => [...kept.values()].find(({ publicKey }) => publicKey === key)?.key,
    destroy: (needed) => {
      const yesterday = dayOf(toInstant(Math.max(0, clock() - dayMs)));
      for (const { day, file, publicKey } of kept.values()) {
        if (day >= yesterday || needed.has(publicKey)) continue;
        overwrite(file);
        kept.delete(day);
      }
    },
  };
}

function dayOf(at: Instant): string {
  return timestampOf(at).slice(0, 10);
}

function makeKey(file: string): Kept {
  const { key } = newSealingPair();
  const handle = openSync(file, "wx", 0o600);
  try {
    writeSync(handle, `${toBase64(key)}\n`);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  return keptOf(file, key);
}

function readKey(file: string): Kept {
  const key = fromBase64(readFileSync(file, "utf8").trim());
  if (key?.length === 32) return keptOf(file, key);
  throw new Failure(
    "configuration_invalid",
    `${file} is no sealing key. Restore it, or remove it with what it sealed.`,
  );
}

function keptOf(file: string, key: Uint8Array): Kept {
  const day = filePattern.exec(path.basename(file))?.[1] ?? "";
  return { day, file, key, publicKey: SealingKey.parse(toBase64(publicKeyOf(key))) };
}

/** As far as a file system lets a program: what a disk or a snapshot of it keeps is beyond this. */
function overwrite(file: string): void {
  const { size } = statSync(file);
  const handle = openSync(file, "r+");
  try {
    writeSync(handle, new Uint8Array(size), 0, size, 0);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  rmSync(file);
}
