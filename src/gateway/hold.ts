// Holds that come to the gateway directly, without store or control plane: checked here, on the mark, in force, and only
// then answered. The envelope is handed to the ledger as soon as somebody takes it.
import { timestampOf } from "../terms/ids.ts";
import type { Gateway } from "./gateway.ts";

export interface HeldAnswer {
  readonly hold: string;
  readonly heldAt: string;
}

export async function takeHold(envelope: Uint8Array, gateway: Gateway): Promise<HeldAnswer> {
  const { hold, at } = await gateway.follower.takeHold(envelope);
  gateway.live.recheck();
  gateway.holdDesk.deliver(envelope);
  return { hold, heldAt: timestampOf(at) };
}
