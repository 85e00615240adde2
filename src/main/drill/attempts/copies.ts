// Attempts by whoever can change the clock or the files of the server, but has none of the keys. Each is tried on a copy
// of its own; an untouched copy has to open, or the attempt shows nothing.
import { copyFileSync, rmSync } from "node:fs";
import path from "node:path";
import { openMark } from "../../../gateway/mark.ts";
import { Failure } from "../../../terms/failure.ts";
import { type Attempt, type Outcome, Unfinished, judgeKnock, stopped } from "../attempt.ts";
import { type Gate, copyGate, knock, openGate } from "../gate.ts";
import type { Ground } from "../ground.ts";
import { deleteHold, editArtefacts, insertForgedKey } from "../meddling.ts";

interface Copy {
  readonly name: string;
  /** Which folder is copied. */
  readonly from: string;
  readonly clockShiftMs?: number;
  /** What is done to the copy before it is started; a secret that it returns is knocked with. */
  readonly meddle?: (data: string) => Promise<string | undefined> | undefined;
}

/** Codes a server refuses to start with when its files are not those it wrote. */
const wontStart: ReadonlySet<string> = new Set([
  "mark_ahead",
  "fork_detected",
  "proof_invalid",
  "signature_invalid",
  "clock_behind",
  "trust_unknown",
]);

/** Starts a copy and knocks; a copy that refuses to start serves nobody. */
async function tryCopy(ground: Ground, copy: Copy, expected: readonly string[]): Promise<Outcome> {
  const folder = await copyGate(copy.from, ground.freshFolder(copy.name));
  const secret = (await copy.meddle?.(path.join(folder, "data"))) ?? ground.caller;
  const { ports: _ports, ...options } = ground.options;
  let gate: Gate;
  try {
    gate = await openGate(folder, { ...options, clockShiftMs: copy.clockShiftMs ?? 0 });
  } catch (error) {
    if (!(error instanceof Failure) || !wontStart.has(error.code)) throw error;
    return stopped(`the server does not start: ${error.code}`);
  }
  try {
    return judgeKnock(await knock(gate, { secret }), expected);
  } finally {
    await gate.close();
  }
}

const dayMs = 86_400_000;

/** A copy that has to open: if it does not, closed doors show nothing. */
async function mustOpen(ground: Ground, copy: Copy): Promise<void> {
  const { opened: isOpen, how } = await tryCopy(ground, copy, ["gateway_closed", "stage_closed"]);
  if (!isOpen) throw new Unfinished(`the untouched copy does not open either: ${how}`);
}

const expiredCertificate: Attempt = {
  name: "expired-certificate",
  attempted: "The server runs on for 40 days with a certificate of 30; after one day it still has to open.",
  make: async (ground) => {
    await mustOpen(ground, { name: "next-day", from: ground.openFolder, clockShiftMs: dayMs });
    const copy = { name: "expired", from: ground.openFolder, clockShiftMs: 40 * dayMs };
    return tryCopy(ground, copy, ["stage_closed:expired"]);
  },
};

/** Less than the ledger minds, in milliseconds. */
const setBackMs = 45_000;

const clockSetBack: Attempt = {
  name: "clock-set-back",
  attempted: "The clock is set to 45 seconds before what was served at last: less than the ledger minds.",
  make: async (ground) => {
    // By the mark, not by the clock of now: on a busy machine it may be longer than that since anything was served.
    const begun = Date.now();
    const clockShiftMs = (await latestServed(ground.openFolder)) - setBackMs - begun;
    const outcome = await tryCopy(ground, { name: "set-back", from: ground.openFolder, clockShiftMs }, [
      "gateway_closed:clock",
    ]);
    if (outcome.opened && Date.now() - begun >= setBackMs)
      throw new Unfinished("the copy took so long to start that its clock was right again");
    return outcome;
  },
};

async function latestServed(folder: string): Promise<number> {
  const mark = await openMark(path.join(folder, "data", "mark"));
  const { latest } = mark.content();
  await mark.close();
  return latest;
}

const forgedRow: Attempt = {
  name: "forged-row",
  attempted:
    "A statement that gives the attacker a key is written into the database, with leaf, tile and head made to fit.",
  make: async (ground) => {
    let secret: string | undefined;
    const meddle = async (data: string): Promise<string | undefined> => {
      secret = await insertForgedKey(data, ground.owner);
      return secret;
    };
    return tryCopy(ground, { name: "forged-row", from: ground.openFolder, meddle }, ["key_unknown"]);
  },
};

const stillHeld = ["stage_closed:held", "gateway_closed:behind-mark"];

async function cutAtHold(data: string): Promise<undefined> {
  deleteHold(data);
}

async function loosenDocuments(data: string): Promise<undefined> {
  if (editArtefacts(data) === 0) throw new Unfinished("there was nothing to edit");
}

const deletedHold: Attempt = {
  name: "deleted-hold-row",
  attempted: "The hold and all that came after it are deleted from the database, and the head is set back to fit.",
  make: async (ground) => {
    const copy = { name: "deleted-hold", from: ground.heldFolder, meddle: cutAtHold };
    return tryCopy(ground, copy, stillHeld);
  },
};

const olderDatabase: Attempt = {
  name: "older-database",
  attempted: "The database is replaced by a copy from before the hold.",
  make: async (ground) => {
    await mustOpen(ground, { name: "untouched", from: ground.openFolder });
    const meddle = async (data: string): Promise<undefined> => {
      for (const end of ["-wal", "-shm"]) rmSync(path.join(data, `headgate.db${end}`), { force: true });
      copyFileSync(path.join(ground.openFolder, "data", "headgate.db"), path.join(data, "headgate.db"));
    };
    return tryCopy(ground, { name: "older-database", from: ground.heldFolder, meddle }, stillHeld);
  },
};

const editedSafeguards: Attempt = {
  name: "edited-safeguards",
  attempted: "The certified safeguards and policy are edited in the database to let everything pass.",
  make: async (ground) => {
    const copy = { name: "edited-safeguards", from: ground.openFolder, meddle: loosenDocuments };
    return tryCopy(ground, copy, ["stage_closed:changed", "gateway_closed:"]);
  },
};

export const copyAttempts: readonly Attempt[] = [
  expiredCertificate,
  clockSetBack,
  forgedRow,
  deletedHold,
  olderDatabase,
  editedSafeguards,
];
