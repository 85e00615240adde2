// The server's own keys: log, control, gateway. Made once, each in a file that only this user can read, and never made
// again where a deployment exists: a missing key is an error, not a reason to make another.
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { newSigner, signerFromSeed } from "../proof/node.ts";
import type { Signer } from "../proof/primitives.ts";
import { Failure } from "../terms/failure.ts";

export interface ServerKeys {
  readonly log: Signer;
  readonly control: Signer;
  readonly gateway: Signer;
}

export function openServerKeys(folder: string, isInitialised: boolean): ServerKeys {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const open = (name: string): Signer => openKey(path.join(folder, `${name}.key`), isInitialised);
  return { log: open("log"), control: open("control"), gateway: open("gateway") };
}

function openKey(file: string, isInitialised: boolean): Signer {
  if (existsSync(file)) {
    chmodSync(file, 0o600);
    return signerFromSeed(readFileSync(file, "utf8").trim());
  }
  if (isInitialised) {
    throw new Failure(
      "configuration_invalid",
      `The server key ${file} is missing. Restore it; HEADGATE_KEYS names its folder.`,
    );
  }
  const { signer, seed } = newSigner();
  writeFileSync(file, `${seed}\n`, { mode: 0o600, flag: "wx" });
  return signer;
}
