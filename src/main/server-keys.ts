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
  /** One a gateway process; the first is the one that there always is. */
  readonly gateways: readonly [Signer, ...Signer[]];
}

export interface KeysWanted {
  readonly isInitialised: boolean;
  readonly gateways: number;
}

export function openServerKeys(folder: string, { isInitialised, gateways }: KeysWanted): ServerKeys {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const open = (name: string): Signer => openKey(path.join(folder, `${name}.key`), isInitialised);
  const further = Array.from({ length: gateways - 1 }, (_, at) => open(gatewayKeyName(at + 1)));
  return { log: open("log"), control: open("control"), gateways: [open(gatewayKeyName(0)), ...further] };
}

/** Name of the key of the gateway process at this place, counted from 0. */
export function gatewayKeyName(at: number): string {
  return at === 0 ? "gateway" : `gateway-${at + 1}`;
}

/** Makes the key of a gateway on its own, on the machine that it stays on. Fails with conflict where there is one. */
export function makeGatewayKey(folder: string, name: string): Signer {
  const file = path.join(folder, `${name}.key`);
  if (existsSync(file))
    throw new Failure("conflict", `${file} is there already. Its public half is in: headgate root show`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return openKey(file, false);
}

/** The key of a gateway on its own: the trust root has to name it before it is of any use, so it is not made in passing. */
export function openGatewayKey(folder: string, name: string): Signer {
  return openKey(path.join(folder, `${name}.key`), true);
}

function openKey(file: string, isInitialised: boolean): Signer {
  if (existsSync(file)) {
    chmodSync(file, 0o600);
    return signerFromSeed(readFileSync(file, "utf8").trim());
  }
  if (isInitialised) {
    throw new Failure(
      "configuration_invalid",
      `The server key ${file} is missing. Restore it; HEADGATE_KEYS names its folder. A further gateway's key is made by: headgate root propose --add-gateway FILE, or where that gateway runs: headgate gateway --new-key`,
    );
  }
  const { signer, seed } = newSigner();
  writeFileSync(file, `${seed}\n`, { mode: 0o600, flag: "wx" });
  return signer;
}
