// Shares of limits: together the limit, whoever comes, goes or starts anew.
import assert from "node:assert/strict";
import { test } from "node:test";
import { emptyState } from "../acts/state.ts";
import type { Grant, Root } from "../acts/bodies.ts";
import { idOf } from "../acts/fixtures.ts";
import type { UsageCount } from "../feed/feed.ts";
import { newSigner } from "../proof/node.ts";
import { Digest, Instant, Name, type PublicKey } from "../terms/ids.ts";
import { openDividedQuotas, partOf, shareOf } from "./divided-quotas.ts";
import type { Quotas } from "./quota.ts";

const noon = Instant.parse(20_000 * 86_400_000 + 43_200_000);
const model = Name.parse("small");
const organisation = Name.parse("acme");
const key = idOf.key("k");
const keys = Array.from({ length: 4 }, () => newSigner().signer.publicKey);

test("the parts of a limit are the limit, whatever the number of gateways, and none is smaller than the least", () => {
  for (const limit of [0, 1, 2, 3, 7, 60, 20_000, 1_000_003]) {
    for (let of = 1; of <= 64; of++) {
      for (const least of [1, 8_192]) {
        const parts = Array.from({ length: of }, (_, place) => partOf(limit, { place, of }, least));
        const sum = parts.reduce((one, other) => one + other, 0);
        assert.equal(sum, limit);
        const smallest = Math.min(...parts.filter((part) => part > 0));
        assert.ok(smallest >= Math.min(least, limit));
      }
    }
  }
});

test("one gateway alone has everything, one of several its place, one that is not named nothing", () => {
  const [one, other, third] = keys;
  assert.ok(one !== undefined && other !== undefined && third !== undefined);
  assert.equal(partOf(5, shareOf(undefined, one)), 5);
  assert.equal(partOf(5, shareOf([one], one)), 5);
  assert.equal(partOf(5, shareOf([one, other], one)), 3);
  assert.equal(partOf(5, shareOf([one, other], other)), 2);
  assert.equal(partOf(5, shareOf([one, other], third)), 0);
});

/** A gateway, and what its feed says was used today. */
async function gatewayOf(own: PublicKey, world: { gateways: readonly PublicKey[]; used: readonly UsageCount[] }) {
  const state = emptyState();
  const listeners: (() => void)[] = [];
  const follow = (): void => {
    const body: Root = { ...blankRoot, gateways: [...world.gateways] };
    state.root = { body, digest: body.previous ?? digest, index: 0 };
    for (const listener of listeners) listener();
  };
  follow();
  const quotas = await openDividedQuotas({
    feed: { usageToday: async () => world.used },
    follower: {
      state,
      onChange: (listener) => {
        listeners.push(listener);
      },
    },
    clock: { now: () => noon, monotonic: () => 0 },
    own,
    report: () => undefined,
  });
  return { quotas, follow };
}

const digest = Digest.parse(`sha256:${"0".repeat(64)}`);
const [first] = keys;
assert.ok(first !== undefined);
const blankRoot: Root = {
  version: 1,
  previous: null,
  firstOwner: null,
  demo: false,
  log: { origin: "headgate/test", key: first },
  control: first,
  gateways: [first],
  personsForChange: 1,
  floors: { internal: [], evaluators: [], trusted: [], limited: [], general: [] },
};

function grantOf(more: Partial<Grant>): Grant {
  const notAfter = "2100-01-01T00:00:00.000Z";
  return { model, stage: "trusted", scopes: [], requestsPerMinute: 1_000, tokensPerDay: 1_000_000, notAfter, ...more };
}

/** How many calls of this size it takes until it refuses. */
function taken(quotas: Quotas, grant: Grant, tokens: number): number {
  const limits = { key: { exchanges: 100_000 }, organisation: {}, model: {} };
  for (let count = 0; ; count++) {
    const answer = quotas.reserve({ key, organisation, grant, limits, tokens, at: noon });
    if (answer.kind !== "reserved") return count;
  }
}

test("every limit of a grant is divided, and together they are the grant's", async () => {
  const wanted: readonly (readonly [Partial<Grant>, number, number])[] = [
    [{ requestsPerMinute: 10 }, 1, 10],
    [{ exchanges: 7 }, 1, 7],
    [{ tokensPerMinute: 40_000 }, 1_000, 40],
    [{ tokensPerDay: 80_000 }, 1_000, 80],
    // Too small for four: one gateway has it, and a call that needs nearly all of it is served there.
    [{ tokensPerDay: 9_000 }, 9_000, 1],
  ];
  for (const [more, tokens, sum] of wanted) {
    const world = { gateways: keys, used: [] };
    const counts = [];
    for (const own of keys) counts.push(taken((await gatewayOf(own, world)).quotas, grantOf(more), tokens));
    assert.equal(
      counts.reduce((one, other) => one + other, 0),
      sum,
      JSON.stringify([more, counts]),
    );
  }
});

test("a gateway that has all of a limit again counts what those that went had used of it", async () => {
  const [own, other] = keys;
  assert.ok(own !== undefined && other !== undefined);
  const world: { gateways: readonly PublicKey[]; used: readonly UsageCount[] } = { gateways: [own, other], used: [] };
  const { quotas, follow } = await gatewayOf(own, world);
  world.gateways = [own];
  world.used = [{ organisation, key, model, tokens: 60_000, requests: 60 }];
  follow();
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(taken(quotas, grantOf({ tokensPerDay: 100_000 }), 1_000), 40);
});
