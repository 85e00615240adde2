// A gateway whose feed comes over a network: it serves as it does beside its control plane, closes when the network goes,
// goes on when it is back, and believes nobody in between. The other end answers gateways of the trust root, and each message
// once.
import assert from "node:assert/strict";
import { type TestContext, describe, test } from "node:test";
import type { BodyOf } from "../../src/acts/bodies.ts";
import { digestOfLabel, idOf, servers } from "../../src/acts/fixtures.ts";
import type { Feed } from "../../src/feed/feed.ts";
import type { RemoteFeed } from "../../src/feed/remote-feed.ts";
import { newSigner } from "../../src/proof/node.ts";
import { failureCode } from "../../src/terms/failure.ts";
import { type Network, networkTo } from "./feed-network.ts";
import { type GatewayWorld, bo, codeOf, openGatewayWorld, said, small, until } from "./gateway-world.ts";

interface Far {
  readonly world: GatewayWorld;
  readonly network: Network;
}

async function far(t: TestContext, leaseMs = 900): Promise<Far> {
  let network: Network | undefined;
  const between = async (feed: Feed): Promise<Feed> => {
    network = await networkTo(feed);
    return network.remote();
  };
  const world = await openGatewayWorld({ leaseMs, between });
  const made = network ?? assert.fail("a network lies between");
  t.after(async () => {
    await world.close();
    await made.close();
  });
  return { world, network: made };
}

const serves = async ({ world }: Far): Promise<boolean> => (await world.ask(said("hello"))).status === 200;
const fails = (code: string) => (error: unknown) => failureCode(error) === code;
const nonce = "ab".repeat(16);

const hold: BodyOf<"hold"> = {
  hold: idOf.hold("h"),
  scope: { kind: "model", model: small },
  reason: digestOfLabel("x"),
};

describe("a gateway over a network", () => {
  test("serves, hands its receipts over, and is held as soon as the ledger has it", async (t) => {
    const at = await far(t, 3000);
    await until(async () => serves(at));
    await until(() => at.world.drained.length === 1);
    const act = await at.world.world.say({ verb: "hold", body: hold, by: [bo] });
    await at.world.append();
    await until(() => at.world.gateway().gateway.follower.state.acts.has(act.digest));
    assert.equal(await codeOf(await at.world.ask(said("x"))), "stage_closed:held");
  });

  test("says how it stands, within bounds", async (t) => {
    const heard: unknown[] = [];
    let remote: RemoteFeed | undefined;
    let network: Network | undefined;
    const between = async (feed: Feed): Promise<Feed> => {
      network = await networkTo({
        ...feed,
        reportLive: async (report) => {
          heard.push(report);
        },
      });
      remote = network.remote();
      return remote;
    };
    const world = await openGatewayWorld({ between });
    t.after(async () => {
      await world.close();
      await network?.close();
    });
    assert.ok(remote !== undefined);
    const now = { exchanges: 0, receiptsWaiting: 0, leaseMs: 900, closed: null };
    const report = { seconds: 10, verdicts: { served: 3 }, halfMs: 12, mostMs: 40, upstream: [], unjudged: 0, now };
    await remote.reportLive(report);
    assert.deepEqual(heard, [report]);
    const words = Object.fromEntries(Array.from({ length: 33 }, (_, at) => [`v${at}`, 1]));
    await assert.rejects(remote.reportLive({ ...report, verdicts: words }));
    assert.equal(heard.length, 1);
  });

  test("closes with its lease when the network is cut, and goes on when it is back", async (t) => {
    const at = await far(t);
    await until(async () => serves(at));
    at.network.cut();
    await until(() => at.world.gateway().gateway.follower.closure() === "lease");
    assert.equal(await codeOf(await at.world.ask(said("x"))), "gateway_closed:lease");
    at.network.mend();
    await until(() => at.world.gateway().gateway.follower.closure() === undefined);
    await until(async () => serves(at));
    await until(() => at.world.drained.length >= 2);
  });

  test("goes on in a new session when the control plane was started anew", async (t) => {
    const at = await far(t);
    at.network.restart();
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await until(async () => serves(at));
    await until(() => at.world.drained.length >= 1);
  });

  test("is not served a feed from before what it saw", async (t) => {
    const at = await far(t);
    const old = at.network.asked.length;
    assert.ok(old > 0);
    await at.world.world.say({ verb: "hold", body: hold, by: [bo] });
    await at.world.publish();
    assert.equal(await codeOf(await at.world.ask(said("x"))), "stage_closed:held");
    const size = at.world.ledger.head().size;
    // From now on whoever is in between delivers the ledger as it was before the hold, in answer to everything.
    const { switches } = at.world;
    switches.tamperBatch = async () => {
      const entries = await at.world.ledger.entries(0, size - 1);
      const records = entries.map(({ leaf, envelope }) => ({ leaf, envelope }));
      return { from: 0, records, checkpoint: await at.world.ledger.checkpointAt(size - 1) };
    };
    await at.world.restart("close");
    await until(async () => (await codeOf(await at.world.ask(said("x")))) === "gateway_closed:behind-mark");
  });

  test("takes no answer that somebody in between changed, kept, or signed with another key", async (t) => {
    const at = await far(t);
    const lies: Network["tamper"][] = [
      (_url, answer) => {
        answer.body = Buffer.from(answer.body.toString().replace(/"size":\d+/, '"size":1'));
      },
      (_url, answer) => {
        answer.headers = { "content-type": "application/json" };
      },
      (_url, answer) => {
        answer.headers["headgate-signature"] = Buffer.alloc(64).toString("base64");
      },
    ];
    const remote = at.network.remote();
    remote.trust?.(servers.control.publicKey);
    await remote.renew(nonce);
    for (const lie of lies) {
      at.network.tamper = (url, answer) => {
        if (url.endsWith("/renew")) lie(url, answer);
      };
      await assert.rejects(remote.renew(nonce), fails("signature_invalid"));
    }
    let kept: { body: Buffer; headers: Record<string, string> } | undefined;
    at.network.tamper = (url, answer) => {
      if (!url.endsWith("/usageToday")) return;
      kept ??= { ...answer };
      Object.assign(answer, kept);
    };
    assert.deepEqual(await remote.usageToday(), []);
    await assert.rejects(remote.usageToday(), fails("signature_invalid"));
    const other = at.network.remote();
    other.trust?.(newSigner().signer.publicKey);
    await assert.rejects(other.renew(nonce), fails("signature_invalid"));
  });
});

describe("the control plane's end", () => {
  test("answers no message twice, and none whose body or call was changed", async (t) => {
    const at = await far(t, 20_000);
    await until(() => at.network.asked.some(({ url }) => url.endsWith("/renew")));
    const seen = at.network.asked.findLast(({ url }) => url.endsWith("/renew")) ?? assert.fail("a lease was asked for");
    assert.equal(await at.network.replay(seen), 409);
    const again = { ...seen.headers, "headgate-number": "900" };
    assert.equal(await at.network.replay({ ...seen, headers: again }), 401);
    assert.equal(await at.network.replay({ ...seen, url: "/feed/v1/usageToday" }), 401);
    const body = Buffer.from(seen.body.toString().replaceAll(/[0-9]/g, "0"));
    assert.ok([401, 409].includes(await at.network.replay({ ...seen, body })));
    assert.equal(await at.network.replay({ ...seen, headers: { host: "x" } }), 401);
    assert.equal(await at.network.replay({ ...seen, url: "/feed/v1/nothing" }), 404);
    assert.equal(await at.network.replay({ ...seen, url: "/" }), 404);
  });

  test("answers no key that the trust root does not name, and no longer one that it stops naming", async (t) => {
    const at = await far(t);
    const stranger = at.network.remote(newSigner().signer);
    stranger.trust?.(servers.control.publicKey);
    await assert.rejects(stranger.renew(nonce), fails("authority_missing"));
    at.network.isGateway.named = () => false;
    await until(() => at.world.gateway().gateway.follower.closure() === "lease");
    assert.equal(await codeOf(await at.world.ask(said("x"))), "gateway_closed:lease");
  });

  test("takes no body of a stranger, however it begins", async (t) => {
    const at = await far(t);
    const response = await fetch(`http://127.0.0.1:${at.network.port()}/feed/v1/recordInterval`, {
      method: "POST",
      body: "x".repeat(1 << 20),
    });
    assert.equal(response.status, 401);
  });
});
