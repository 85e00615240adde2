// Zeros over all that a file holds, as far as a file system lets a program: what a disk or a snapshot of it keeps is beyond this.
import { fstatSync, fsyncSync, writeSync } from "node:fs";

/** Of a file that is open for reading and writing; its name may be gone already. */
export function writeOver(handle: number): void {
  const zeros = new Uint8Array(64 * 1024);
  const { size } = fstatSync(handle);
  for (let at = 0; at < size; at += zeros.length) {
    writeSync(handle, zeros, 0, Math.min(zeros.length, size - at), at);
  }
  fsyncSync(handle);
}
