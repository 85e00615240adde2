// What this browser keeps: keys that cannot be read out, which ledger it trusts and how far it saw it, and the records it
// downloaded. In IndexedDB, by deployment; read by pages and by the worker. What comes out is parsed: it may be of an older console.
import type { z } from "zod";
import { Failure } from "../../src/terms/failure.ts";

const name = "headgate";
const version = 1;

export type StoreName = "keys" | "trust" | "batches";

/** `keys` and `trust` by deployment, `batches` by deployment and first index. */
const keyPaths: Readonly<Record<StoreName, string | string[]>> = {
  keys: "deployment",
  trust: "deployment",
  batches: ["deployment", "from"],
};

async function open(): Promise<IDBDatabase> {
  const asked = indexedDB.open(name, version);
  asked.addEventListener("upgradeneeded", () => {
    for (const [store, keyPath] of Object.entries(keyPaths)) {
      if (!asked.result.objectStoreNames.contains(store)) asked.result.createObjectStore(store, { keyPath });
    }
  });
  return settled(asked);
}

async function settled<T>(asked: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    asked.addEventListener("success", () => {
      resolve(asked.result);
    });
    asked.addEventListener("error", () => {
      const message = "This browser keeps nothing for this page. Allow it to store site data, or use another browser.";
      reject(new Failure("profile_invalid", message, { cause: asked.error }));
    });
  });
}

/** One step on one store; the database is closed after it, so that another page may upgrade it. */
async function within<T>(
  store: StoreName,
  mode: IDBTransactionMode,
  step: (of: IDBObjectStore) => IDBRequest<T>,
): Promise<T> {
  const database = await open();
  try {
    return await settled(step(database.transaction(store, mode).objectStore(store)));
  } finally {
    database.close();
  }
}

/** Undefined where nothing is kept, or nothing that this console understands. */
export async function readKept<T>(store: StoreName, key: IDBValidKey, type: z.ZodType<T>): Promise<T | undefined> {
  return type.safeParse(await within<unknown>(store, "readonly", (of) => of.get(key))).data;
}

export async function listKept<T>(store: StoreName, range: IDBKeyRange, type: z.ZodType<T>): Promise<readonly T[]> {
  const found = await within<unknown[]>(store, "readonly", (of) => of.getAll(range));
  return found.flatMap((one) => type.safeParse(one).data ?? []);
}

export async function keep(store: StoreName, record: object): Promise<void> {
  await within(store, "readwrite", (of) => of.put(record));
}

export async function forget(store: StoreName, key: IDBValidKey | IDBKeyRange): Promise<void> {
  await within(store, "readwrite", (of) => of.delete(key));
}

/** All batches of one deployment. */
export function batchesOf(deployment: string): IDBKeyRange {
  return IDBKeyRange.bound([deployment, 0], [deployment, Number.MAX_SAFE_INTEGER]);
}
