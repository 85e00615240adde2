// The gateways of the trust root, and how far each has come, as this server saw it.
import type { Replica } from "../feed/replica.ts";
import type { Instant, PublicKey } from "../terms/ids.ts";
import type { FeedServer } from "./feed-server.ts";

export interface GatewayHere {
  /** Of its key file where that lies with this server; null for one that runs elsewhere. */
  readonly name: string | null;
  readonly key: PublicKey;
  readonly connected: boolean;
  /** Entries that it has verified, and when it asked last; undefined where it was never seen since this server started. */
  readonly has: number | undefined;
  readonly lastAsked: Instant | undefined;
}

interface Around {
  readonly replica: Pick<Replica, "state">;
  readonly feeds: Pick<FeedServer, "seen">;
  /** Whose keys lie with this server. */
  readonly options: { readonly signers: { readonly gateways: readonly { readonly publicKey: PublicKey }[] } };
}

export function gatewaysHere({ replica, feeds, options }: Around): GatewayHere[] {
  const seen = new Map(feeds.seen().map((one) => [one.gateway, one]));
  return (replica.state.root?.body.gateways ?? []).map((key) => {
    const one = seen.get(key);
    const own = options.signers.gateways.findIndex(({ publicKey }) => publicKey === key);
    return {
      key,
      name: own < 0 ? null : own === 0 ? "gateway" : `gateway-${own + 1}`,
      connected: one?.isConnected === true,
      has: one?.has,
      lastAsked: one?.lastAsked,
    };
  });
}
