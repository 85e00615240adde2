// Attempts by whoever sits between control plane and gateway: a gateway whose leases are not what the control key signed
// for it must close by itself. Each is tried on a gateway of its own, over a genuine feed with one thing changed.
import { mkdirSync } from "node:fs";
import path from "node:path";
import { type SignedLease, signLease } from "../../../feed/feed.ts";
import { openGateway } from "../../../gateway/open.ts";
import { newSigner, randomBytes } from "../../../proof/node.ts";
import { Failure } from "../../../terms/failure.ts";
import { timestampOf } from "../../../terms/ids.ts";
import { openGatewayKey } from "../../server-keys.ts";
import { ask } from "../../talk.ts";
import { type Attempt, type Outcome, Unfinished, judgeKnock } from "../attempt.ts";
import { type Knock, plainBody, shiftedClock } from "../gate.ts";
import type { Ground } from "../ground.ts";

type Renew = (nonce: string) => Promise<SignedLease>;

interface Between {
  readonly name: string;
  /** What the gateway gets where it asks for a lease; `genuine` is what the control plane would give it. */
  readonly renew: (genuine: Renew) => Renew;
}

/** What these gateways record is nobody's business. */
async function noLedger(): Promise<void> {
  throw new Failure("store_unavailable", "The drill keeps no record of this gateway.");
}

function isOpen({ reply }: Knock): boolean {
  return reply.status === 200;
}

/** A gateway is given this long to take what it gets for a lease. */
const settleMs = 1_000;

async function knockAt(ground: Ground, between: Between): Promise<Knock> {
  const { gate, options, seams } = ground;
  const feed = gate.serving.control.connect();
  const folder = ground.freshFolder(`gateway-${between.name}`);
  mkdirSync(folder, { recursive: true });
  const { server, close } = await openGateway({
    feed: {
      ...feed,
      renew: between.renew(async (nonce) => feed.renew(nonce)),
      recordInterval: noLedger,
      recordHold: noLedger,
      recordUsage: noLedger,
    },
    pin: gate.serving.control.state.firstRoot,
    // The one the trust root names: another has no share of any limit.
    signer: openGatewayKey(path.join(gate.folder, "keys"), "gateway"),
    folder,
    registry: options.registry,
    openUpstream: gate.upstream.open,
    clock: shiftedClock(0),
    primitives: seams.primitives,
    randomBytes,
    contact: "the drill",
    hosts: [],
    report: () => undefined,
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  try {
    const address = server.address();
    if (typeof address !== "object" || address === null) throw new Unfinished("the gateway did not listen");
    const dataPlane = `http://127.0.0.1:${address.port}`;
    const before = gate.upstream.asked();
    const end = performance.now() + settleMs;
    for (;;) {
      const reply = await ask({ dataPlane, secret: ground.caller }, plainBody);
      const came = { reply, asked: gate.upstream.asked() - before };
      if (isOpen(came) || performance.now() >= end) return came;
      await new Promise((resolve) => {
        setTimeout(resolve, 50);
      });
    }
  } finally {
    await close();
  }
}

/** Tries for as long as a gateway needs to open; with genuine leases it has to. */
async function tryLeases(ground: Ground, between: Between): Promise<Outcome> {
  const honest = await knockAt(ground, { name: `${between.name}-control`, renew: (genuine) => genuine });
  if (!isOpen(honest)) {
    throw new Unfinished(`a gateway with genuine leases does not open either: ${honest.reply.code ?? "no code"}`);
  }
  return judgeKnock(await knockAt(ground, between), ["gateway_closed:lease"]);
}

const forgedLease: Attempt = {
  name: "forged-lease",
  attempted: "A gateway cut off from the control plane gets leases signed by another key.",
  make: async (ground) => {
    const stranger = newSigner().signer;
    const renew: Between["renew"] = () => async (nonce) =>
      signLease({ nonce, at: timestampOf(shiftedClock(0).now()), leaseMs: 60_000, size: 1 }, stranger);
    return tryLeases(ground, { name: "forged-lease", renew });
  },
};

const replayedLease: Attempt = {
  name: "replayed-lease",
  attempted: "A gateway cut off from the control plane gets a genuine lease that answered an earlier question.",
  make: async (ground) => {
    const old = await ground.gate.serving.control.feed.renew("0".repeat(32));
    return tryLeases(ground, { name: "replayed-lease", renew: () => async () => old });
  },
};

export const leaseAttempts: readonly Attempt[] = [forgedLease, replayedLease];
