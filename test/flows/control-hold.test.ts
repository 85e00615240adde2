// Holds over real HTTP: what one would cut, those that stand, and how long one took until the last exchange had ended.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { HoldScope } from "../../src/acts/bodies.ts";
import { HoldEffectView, HoldPreviewView, HoldsView, holdRoutes } from "../../src/control/contract-hold.ts";
import { newSigner, randomId } from "../../src/proof/node.ts";
import { HoldId, KeyId } from "../../src/terms/ids.ts";
import type { Running } from "../../src/terms/running.ts";
import {
  type Desk,
  type Member,
  acme,
  committed,
  dropFolder,
  get,
  model,
  must,
  openDesk,
  refusalOf,
  released,
  say,
  wordOf,
} from "./control-desk.ts";

const noReason = committed("none").digest;
const key = KeyId.parse("key_0123456789abcdef");
let desk: Desk;
let owner: Member;
let underWay: Running[] = [];
/** How often it was asked what is under way. */
let looks = 0;

before(async () => {
  desk = await openDesk({
    control: {
      running: async () => {
        looks += 1;
        return Promise.resolve([{ gateway: "gateway", running: underWay }]);
      },
    },
  });
  ({ owner } = await released(desk));
});
after(async () => {
  await desk.close();
  dropFolder(desk.folder);
});

async function preview(query: Record<string, string>): Promise<HoldPreviewView> {
  const answered = await get(desk, `${holdRoutes.holdPreview}?${new URLSearchParams(query).toString()}`, owner);
  assert.equal(answered.status, 200, JSON.stringify(answered.json));
  return HoldPreviewView.parse(answered.json);
}

async function hold(scope: HoldScope): Promise<HoldId> {
  const reason = committed("drill");
  const id = HoldId.parse(randomId("hold_", 16));
  const body = { hold: id, scope, reason: reason.digest };
  await must(desk, { verb: "hold", body, by: [owner.signer] }, { openings: [reason.opening] });
  return id;
}

async function effect(id: HoldId): Promise<HoldEffectView> {
  const answered = await get(desk, holdRoutes.holdEffect.replace(":hold", id), owner);
  assert.equal(answered.status, 200, JSON.stringify(answered.json));
  return HoldEffectView.parse(answered.json);
}

const acmes: Running = { model, stage: "trusted", organisation: acme, key, count: 3 };
const permits: Running = { model, stage: null, organisation: null, key: null, count: 2 };

test("a preview counts what each scope would end, and nothing else", async () => {
  underWay = [acmes, permits];
  const cases: readonly [Record<string, string>, number][] = [
    [{ kind: "everything" }, 5],
    [{ kind: "model", model }, 5],
    [{ kind: "model", model: "another" }, 0],
    [{ kind: "stage", model, stage: "trusted" }, 3],
    [{ kind: "stage", model, stage: "general" }, 0],
    [{ kind: "organisation", organisation: acme }, 3],
    [{ kind: "organisation-type", type: "partner" }, 3],
    [{ kind: "organisation-type", type: "press" }, 0],
    [{ kind: "scope", scope: "cyber-defence" }, 0],
  ];
  for (const [query, running] of cases)
    assert.equal((await preview(query)).gateways[0]?.running, running, JSON.stringify(query));
  const all = await preview({ kind: "everything" });
  assert.deepEqual(all.models, [{ model, stage: "trusted", open: true }]);
  assert.equal(all.organisations, 1);
});

test("what is no scope is refused, and nobody previews without a pass", async () => {
  for (const query of ["kind=universe", "kind=model", "kind=everything&extra=1", "kind="]) {
    const answered = await get(desk, `${holdRoutes.holdPreview}?${query}`, owner);
    assert.equal(refusalOf(answered).code, "request_invalid", query);
  }
  assert.equal((await get(desk, `${holdRoutes.holdPreview}?kind=everything`)).status, 401);
  assert.equal((await get(desk, holdRoutes.holds)).status, 401);
});

test("what the rules refuse as a hold is not measured: anybody can send it", async () => {
  const looked = looks;
  const body = { hold: HoldId.parse(randomId("hold_", 16)), scope: { kind: "everything" }, reason: noReason } as const;
  assert.equal(wordOf(await say(desk, { verb: "hold", body, by: [newSigner().signer] })), "authority_missing");
  assert.equal(looks, looked);
});

test("what a hold took is measured until the gateway had it and the last exchange had ended, and it stands", async () => {
  underWay = [acmes];
  const gone = new AbortController();
  const feed = desk.control.connect(gone.signal, desk.keys.gateways[0]?.publicKey);
  // A gateway that follows, a little late.
  const following = (async () => {
    for (let from = desk.control.head().size; !gone.signal.aborted; from += 1) {
      await feed.next(from, gone.signal).catch(() => undefined);
      await sleep(40);
    }
  })();
  const id = await hold({ kind: "everything" });
  const at = await effect(id);
  assert.equal(at.gateways[0]?.before, 3);
  assert.equal(at.doneMs, null, "exchanges still run");
  underWay = [];
  let seen = at;
  while (seen.doneMs === null && !seen.givenUp) seen = await effect(id);
  gone.abort();
  await following;
  const [gateway] = seen.gateways;
  assert.ok(seen.doneMs !== null && gateway?.foldedMs !== null && gateway?.endedMs !== null);
  assert.ok(seen.doneMs >= (gateway?.endedMs ?? Infinity) - 1, "the later of both counts");
  assert.equal(seen.index, desk.control.head().size - 1);
  const { holds, choices } = HoldsView.parse((await get(desk, holdRoutes.holds, owner)).json);
  assert.deepEqual(
    holds.map((one) => [one.hold, one.scope.kind, one.models]),
    [[id, "everything", [model]]],
  );
  assert.deepEqual(choices.types, ["partner"]);
});

test("nothing is known of a hold that did not come here", async () => {
  const answered = await get(desk, holdRoutes.holdEffect.replace(":hold", "hold_0123456789abcdef"), owner);
  assert.equal(refusalOf(answered).code, "not_found");
});
