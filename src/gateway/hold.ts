// Holds that come to the gateway directly, without store or control plane: checked here, in force at once, and answered
// once they stand in the mark. The envelope is handed to the ledger as soon as somebody takes it.
import { Failure } from "../terms/failure.ts";
import { timestampOf } from "../terms/ids.ts";
import type { Gateway } from "./gateway.ts";

export interface HeldAnswer {
  readonly hold: string;
  readonly heldAt: string;
}

export async function takeHold(envelope: Uint8Array, gateway: Gateway): Promise<HeldAnswer> {
  const { hold, act, at, written } = await gateway.follower.takeHold(envelope);
  gateway.live.recheck();
  // Whatever the disk says: it is in force here, and the ledger can keep it.
  gateway.holdDesk.deliver(act, envelope);
  try {
    await written;
  } catch (cause) {
    throw new Failure(
      "disk_full",
      "The hold is in force here and on its way to the ledger, but the mark could not be written. Send it again.",
      { cause },
    );
  }
  return { hold, heldAt: timestampOf(at) };
}
