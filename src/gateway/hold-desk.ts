// Hands envelopes of holds over to the ledger, again and again until it takes them. The holds are in force meanwhile. Each
// is kept in a file of its own, so that a restart does not leave a hold in force that the ledger never hears of.
import { mkdir, open, readFile, readdir, rm } from "node:fs/promises";
import path from "node:path";
import { envelopeBytesMax } from "../acts/statement.ts";
import type { Feed } from "../feed/feed.ts";
import { failureCode } from "../terms/failure.ts";
import type { Digest } from "../terms/ids.ts";
import { troubleIn } from "../terms/trouble.ts";
import { within } from "./within.ts";

/** Envelopes that wait for the ledger; the mark holds them in force however long that takes. */
const waitingMax = 256;
const retryMs = 1000;
const deliverMsMax = 10_000;

export interface HoldDesk {
  readonly deliver: (act: Digest, envelope: Uint8Array) => void;
  readonly close: () => void;
}

export interface HoldDeskOptions {
  readonly feed: Feed;
  readonly folder: string;
  readonly report: (event: string, detail: Readonly<Record<string, string | number>>) => void;
}

/** Hands envelopes to the ledger, again and again until it takes them, or says for good that it will not. */
export async function openHoldDesk({ feed, folder, report }: HoldDeskOptions): Promise<HoldDesk> {
  const waiting = await leftovers(folder);
  let isBusy = false;

  async function deliverOne(file: string, envelope: Uint8Array): Promise<void> {
    try {
      await within(feed.recordHold(envelope), deliverMsMax, "The ledger's word on a hold");
    } catch (error) {
      // The ledger is away: the timer asks again. Refused for good: it stays in force here, and the operator is told.
      const code = failureCode(error);
      if (code === undefined || !refusals.has(code)) return;
      report("hold", { why: code });
    }
    waiting.delete(file);
    await rm(path.join(folder, file), { force: true });
  }

  async function handOver(): Promise<void> {
    if (isBusy || waiting.size === 0) return;
    isBusy = true;
    try {
      // Each by itself: one that the ledger does not take must not keep the others back.
      await Promise.all([...waiting].map(async ([file, envelope]) => deliverOne(file, envelope)));
    } catch (error) {
      report("hold", { why: troubleIn(error) });
    } finally {
      isBusy = false;
    }
  }

  const timer = setInterval(() => void handOver(), retryMs);
  return {
    deliver: (act, envelope) => {
      const file = `${act.slice("sha256:".length)}.json`;
      if (waiting.has(file)) return;
      if (waiting.size >= waitingMax) {
        // In force by the mark all the same; only the ledger does not hear of it from here.
        report("hold", { why: "too many envelopes wait for the ledger" });
        return;
      }
      waiting.set(file, envelope);
      // At once, whatever others wait for: the control plane tells all other gateways before it asks the store.
      void deliverOne(file, envelope).catch((error: unknown) => {
        report("hold", { why: troubleIn(error) });
      });
      keep(folder, file, envelope)
        .then(async () => (waiting.has(file) ? undefined : rm(path.join(folder, file), { force: true })))
        .catch(() => {
          report("hold", { why: "an envelope could not be kept for the ledger" });
        });
    },
    close: () => {
      clearInterval(timer);
    },
  };
}

/** Answers of the ledger that asking again does not change. */
const refusals: ReadonlySet<string> = new Set(["statement_invalid", "signature_invalid", "authority_missing"]);

async function keep(folder: string, file: string, envelope: Uint8Array): Promise<void> {
  const handle = await open(path.join(folder, file), "w", 0o600);
  try {
    await handle.writeFile(envelope);
    await handle.datasync();
  } finally {
    await handle.close();
  }
}

async function leftovers(folder: string): Promise<Map<string, Uint8Array>> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const names = (await readdir(folder)).filter((name) => /^[0-9a-f]{64}\.json$/.test(name)).slice(0, waitingMax);
  const kept = await Promise.all(names.map(async (name) => [name, await readFile(path.join(folder, name))] as const));
  return new Map(kept.filter(([, bytes]) => bytes.length > 0 && bytes.length <= envelopeBytesMax));
}
