// A folder for the time of some work, gone when that is over, and also where the process ends in the middle of it.
import { rmSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";

export interface Scratch {
  readonly folder: string;
  readonly close: () => void;
}

/** `prefix` is a path; the folder's name begins with its last part. */
export async function openScratch(prefix: string): Promise<Scratch> {
  const folder = await mkdtemp(prefix);
  const close = (): void => {
    process.off("exit", close);
    rmSync(folder, { recursive: true, force: true });
  };
  process.once("exit", close);
  return { folder, close };
}
