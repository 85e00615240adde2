// A hold signed with this browser's key, by itself: what there is of the ledger need not be there yet.
import type { HoldScope } from "../../src/acts/bodies.ts";
import { signStatement } from "../../src/acts/statement.ts";
import { browserPrimitives } from "../../src/proof/browser.ts";
import type { Opening } from "../../src/proof/digest.ts";
import { toBase64 } from "../../src/proof/encoding.ts";
import { HoldId, type Timestamp } from "../../src/terms/ids.ts";
import { type BrowserKey, signerOf } from "./browser-key.ts";
import { committed, freshId } from "./fresh.ts";
import { readTrust } from "./trust.ts";

interface Wish {
  readonly scope: HoldScope;
  readonly reason: string;
  readonly at: Timestamp;
}

export interface SignedHold {
  readonly hold: HoldId;
  /** Base64. */
  readonly envelope: string;
  readonly opening: Opening;
}

export async function signHold(key: BrowserKey, { scope, reason, at }: Wish): Promise<SignedHold> {
  const { opening, digest } = committed(reason);
  const hold = HoldId.parse(freshId("hold_", 16));
  const trust = await readTrust(key.deployment).catch(() => undefined);
  const statement = {
    deployment: key.deployment,
    verb: "hold",
    body: { hold, scope, reason: digest },
    nonce: freshId("", 32),
    at,
    seen: trust?.checkpoint ?? null,
  } as const;
  const envelope = await signStatement(statement, [signerOf(key)], browserPrimitives);
  return { hold, envelope: toBase64(envelope), opening };
}
