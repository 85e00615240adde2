// The checks that people are shown agree with the decision that callers meet: the first that refuses is what `expose` says.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type World,
  ada,
  bo,
  callerKeyOf,
  configurationOf,
  digestOfLabel,
  idOf,
  openModel,
  organisationOf,
  worldOfTwo,
} from "../acts/fixtures.ts";
import type { BodyOf, Release } from "../acts/bodies.ts";
import { nodePrimitives } from "../proof/node.ts";
import { Instant, Name } from "../terms/ids.ts";
import { Network } from "../terms/network.ts";
import { type Check, checkNames, checksOf } from "./checks.ts";
import { type Asked, expose } from "./exposure.ts";

const small = Name.parse("small");
const hash = digestOfLabel("a caller's secret");
const configuration = configurationOf("one");
const partner = Name.parse("partner");
const audience: Release["audience"] = [
  { stage: "trusted", types: [partner] },
  { stage: "limited", types: [partner] },
];

interface Play {
  readonly conditions?: Release["conditions"];
  readonly organisation?: Partial<BodyOf<"organisation">>;
  readonly key?: Partial<BodyOf<"key">>;
  readonly after?: (world: World) => Promise<unknown>;
  readonly asked?: { readonly from?: string; readonly format?: Asked["format"]; readonly inDays?: number };
  readonly stage?: "trusted" | "limited";
}

async function worldOf({ conditions = {}, organisation, key, after, stage = "limited" }: Play): Promise<World> {
  const world = await worldOfTwo();
  await openModel(world, {
    model: small,
    stage,
    configuration,
    conditions,
    audience: audience.slice(0, stage === "trusted" ? 1 : 2),
  });
  const body = { ...organisationOf(world, { model: small, stage: "limited" }), ...organisation };
  await world.say({ verb: "organisation", body, by: [ada] });
  await world.say({ verb: "key", body: { ...callerKeyOf(hash), ...key }, by: [ada] });
  await after?.(world);
  return world;
}

interface Seen {
  readonly first: string;
  readonly exposed: string;
  readonly checks: readonly Check[];
}

async function seen(play: Play): Promise<Seen> {
  const world = await worldOf(play);
  const key = world.state.keys.get(hash);
  assert.ok(key !== undefined);
  const { from, format = "chat", inDays: days = 0 } = play.asked ?? {};
  const moment = { at: Instant.parse(world.now() + days * 86_400_000), early: [], hasher: nodePrimitives };
  const checks = checksOf(world.state, { key, model: small, from, format }, moment);
  const exposure = expose(world.state, { hash, model: small, from, format }, moment);
  const refusing = checks.find(({ verdict }) => verdict === "refuses");
  return {
    first: refusing === undefined ? "open" : `${refusing.code}:${String(refusing.reason)}`,
    exposed: exposure.kind === "refused" ? `${exposure.code}:${String(exposure.reason)}` : exposure.kind,
    checks,
  };
}

const hold =
  (scope: BodyOf<"hold">["scope"]) =>
  async (world: World): Promise<unknown> =>
    world.say({ verb: "hold", body: { hold: idOf.hold("one"), scope, reason: digestOfLabel("why") }, by: [bo] });
const suspend =
  (target: BodyOf<"suspend">["target"]) =>
  async (world: World): Promise<unknown> =>
    world.say({ verb: "suspend", body: { target, reason: digestOfLabel("why") }, by: [ada] });
const acme = Name.parse("acme");

const plays: readonly (readonly [name: string, wanted: string, play: Play])[] = [
  ["", "open", {}],
  ["organisation", "key_suspended:null", { after: suspend({ kind: "organisation", organisation: acme }) }],
  ["key", "key_suspended:null", { after: suspend({ kind: "key", key: idOf.key(hash) }) }],
  [
    "network",
    "key_suspended:network",
    { key: { networks: [Network.parse("192.0.2.0/24")] }, asked: { from: "198.51.100.1" } },
  ],
  ["grant", "model_unknown:null", { organisation: { grants: [] } }],
  ["agreement", "agreement_missing:null", { asked: { inDays: 200 } }],
  ["hold", "stage_closed:held", { after: hold({ kind: "model", model: small }) }],
  ["certificate", "stage_closed:expired", { asked: { inDays: 40 } }],
  ["caller-hold", "stage_closed:held", { after: hold({ kind: "organisation-type", type: partner }) }],
  ["stage", "stage_closed:withheld", { stage: "trusted" }],
  ["audience", "stage_closed:withheld", { organisation: { type: Name.parse("press") } }],
  ["share", "stage_closed:share", { conditions: { share: { by: "organisation", steps: [0.0001, 1] } } }],
  ["country", "stage_closed:country", { conditions: { countries: ["FR"] } }],
  ["surface", "stage_closed:surface", { conditions: { surfaces: ["embeddings"] } }],
  ["hours", "stage_closed:hours", { conditions: { hours: [{ days: ["mon"], from: "00:00", to: "00:01" }] } }],
];

for (const [name, wanted, play] of plays) {
  test(`the first check that refuses is what a caller meets: ${name === "" ? "none" : name}`, async () => {
    const { first, exposed, checks } = await seen(play);
    assert.equal(exposed, wanted);
    assert.equal(first, wanted);
    assert.equal(checks.find(({ verdict }) => verdict === "refuses")?.name ?? "", name);
    assert.deepEqual(
      checks.map((check) => check.name),
      checkNames,
    );
  });
}

test("a key that only certain networks may use says nothing of them where nobody says from where it is asked", async () => {
  const { checks } = await seen({ key: { networks: [Network.parse("192.0.2.0/24")] } });
  assert.equal(checks.find(({ name }) => name === "network")?.verdict, "not-asked");
});

test("checks behind the first that refuses are answered, too", async () => {
  const { checks } = await seen({
    after: suspend({ kind: "key", key: idOf.key(hash) }),
    conditions: { countries: ["FR"] },
  });
  const refusing = checks.filter(({ verdict }) => verdict === "refuses").map(({ name }) => name);
  assert.deepEqual(refusing, ["key", "country"]);
});

test("hours say when it opens next, within the life of the certificate", async () => {
  const { checks } = await seen({ conditions: { hours: [{ days: ["mon"], from: "00:00", to: "00:01" }] } });
  const found = checks.find(({ name }) => name === "hours")?.opensAt;
  assert.equal(new Date(found ?? 0).getUTCDay(), 1);
});
