// Who is in a share: the right part of callers, the same ones at each wider step, nobody where it cannot be told.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type World,
  ada,
  bo,
  callerKeyOf,
  configurationOf,
  digestOfLabel,
  openModel,
  organisationOf,
  worldOfTwo,
} from "../acts/fixtures.ts";
import type { Release } from "../acts/bodies.ts";
import { nodePrimitives } from "../proof/node.ts";
import { KeyId, Name } from "../terms/ids.ts";
import type { OpenStage } from "../terms/stage.ts";
import { type Exposure, expose } from "./exposure.ts";
import { placeOf } from "./share.ts";

const small = Name.parse("small");
const hash = digestOfLabel("a caller's secret");
const share = { by: "organisation", steps: [0.01, 0.05, 0.25, 1] } as const;

function placeOfName(
  name: string,
  { by = "organisation", stage = "limited" }: { by?: "organisation" | "key"; stage?: OpenStage } = {},
): number {
  const placed = { model: small, stage, organisation: Name.parse(name), key: KeyId.parse("key_00000000000000aa") };
  return placeOf({ by, steps: [...share.steps] }, placed, nodePrimitives);
}

test("places of many callers are spread evenly, and differ from stage to stage", () => {
  const places = Array.from({ length: 20_000 }, (_, at) => placeOfName(`org-${at}`));
  assert.ok(places.every((place) => place >= 0 && place < 1));
  for (const part of share.steps) {
    const within = places.filter((place) => place < part).length / places.length;
    // Five standard deviations.
    assert.ok(
      Math.abs(within - part) < 5 * Math.sqrt((part * (1 - part)) / places.length) + 1e-12,
      `${part}: ${within}`,
    );
  }
  assert.notEqual(placeOfName("acme"), placeOfName("acme", { stage: "general" }));
  assert.equal(
    placeOfName("acme", { by: "key" }),
    placeOfName("other", { by: "key" }),
    "by key the organisation is no matter",
  );
});

async function openTo(stage: "trusted" | "limited", organisation: Name): Promise<World> {
  const world = await worldOfTwo();
  const type = Name.parse("partner");
  const audience = [
    { stage: "trusted", types: [type] },
    { stage: "limited", types: [type] },
  ] as const;
  const conditions: Release["conditions"] = { share: { ...share, steps: [...share.steps] } };
  const configuration = configurationOf("one");
  await openModel(world, {
    model: small,
    stage: "limited",
    configuration,
    conditions,
    audience: audience.map((one) => ({ stage: one.stage, types: [...one.types] })),
  });
  const body = { ...organisationOf(world, { model: small, stage }), organisation };
  await world.say({ verb: "organisation", body, by: [ada] });
  await world.say({ verb: "key", body: { ...callerKeyOf(hash), organisation }, by: [ada] });
  return world;
}

function asked(world: World, hasher?: typeof nodePrimitives): string {
  const moment = { at: world.now(), early: [], ...(hasher === undefined ? {} : { hasher }) };
  const exposure: Exposure = expose(world.state, { hash, model: small, from: undefined }, moment);
  return exposure.kind === "refused" ? `${exposure.code}:${String(exposure.reason)}` : exposure.kind;
}

async function widen(world: World, step: number): Promise<void> {
  const [certificate] = [...world.state.certificates.values()].flat();
  assert.ok(certificate !== undefined);
  const body = { certificate: certificate.release.certificate, step, reason: digestOfLabel("why") };
  await world.say({ verb: "widen", body, by: [bo] });
}

/** An organisation whose place lies between two parts. */
function nameBetween(from: number, to: number): Name {
  for (let at = 0; ; at += 1) {
    const place = placeOfName(`acme-${at}`);
    if (place >= from && place < to) return Name.parse(`acme-${at}`);
  }
}

test("who is out is refused with the reason, is in at the step that reaches them, and stays in", async () => {
  const world = await openTo("limited", nameBetween(0.05, 0.25));
  assert.equal(asked(world, nodePrimitives), "stage_closed:share");
  await widen(world, 1);
  assert.equal(asked(world, nodePrimitives), "stage_closed:share");
  await widen(world, 2);
  assert.equal(asked(world, nodePrimitives), "open");
  assert.equal(asked(world), "stage_closed:share", "where nothing can be hashed, nobody is in");
  await widen(world, 3);
  assert.equal(asked(world, nodePrimitives), "open");
});

test("an organisation of the first part is in from the start; those of a narrower stage are in whatever the share", async () => {
  assert.equal(asked(await openTo("limited", nameBetween(0, 0.01)), nodePrimitives), "open");
  assert.equal(asked(await openTo("trusted", nameBetween(0.9, 1)), nodePrimitives), "open");
});
