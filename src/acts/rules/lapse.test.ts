// A certificate that lapses because its gate passes no more: who says so, of which certificates, and that it is for good.
import assert from "node:assert/strict";
import { test } from "node:test";
import { standing } from "../../exposure/exposure.ts";
import { Name } from "../../terms/ids.ts";
import { isStop } from "../authority.ts";
import type { BodyOf, Release } from "../bodies.ts";
import {
  type Player,
  type Wanted,
  type World,
  ada,
  bo,
  configurationOf,
  idOf,
  openModel,
  servers,
  verdictOn,
  worldOfTwo,
} from "../fixtures.ts";
import { latestCertificate } from "../state.ts";

const small = Name.parse("small");
const wanted = (endsOnFailedGate?: "fail" | "not-pass"): Wanted => ({
  model: small,
  stage: "trusted",
  configuration: configurationOf("one"),
  conditions: endsOnFailedGate === undefined ? {} : { endsOnFailedGate },
});

async function opened(ends?: "fail" | "not-pass"): Promise<World> {
  const world = await worldOfTwo();
  await openModel(world, wanted(ends));
  return world;
}

function now({ state }: World): Release {
  const release = latestCertificate(state, small)?.release;
  assert.ok(release !== undefined);
  return release;
}

type By = Player | (typeof servers)["control"];

async function lapsed(
  world: World,
  change: Partial<BodyOf<"lapse">> = {},
  by: readonly By[] = [servers.control],
): Promise<string> {
  const body = {
    certificate: now(world).certificate,
    verdict: "fail" as const,
    requirements: [Name.parse("misuse")],
    ...change,
  };
  const verdict = await verdictOn(world, { verb: "lapse", body, by });
  if (verdict !== "admitted") return verdict.replace(/:.*/s, "");
  await world.say({ verb: "lapse", body, by });
  return "recorded";
}

const closed = (world: World): string => {
  const found = standing(world.state, small, { at: world.now(), early: [] });
  return found.kind === "open" ? "open" : found.reason;
};

test("the control plane lets lapse what was signed to lapse, once, and gateways close by it", async () => {
  const world = await opened("fail");
  assert.equal(closed(world), "open");
  assert.equal(await lapsed(world), "recorded");
  assert.equal(closed(world), "lapsed");
  assert.equal(await lapsed(world), "conflict", "a second time says nothing new");
});

test("what was not signed to lapse does not, and an inconclusive gate ends only what says so", async () => {
  assert.equal(await lapsed(await opened()), "statement_invalid");
  assert.equal(await lapsed(await opened("fail"), { verdict: "inconclusive" }), "statement_invalid");
  assert.equal(await lapsed(await opened("not-pass"), { verdict: "inconclusive" }), "recorded");
});

test("nobody but the control plane says it, and it says it of nothing but the certificate that counts", async () => {
  const world = await opened("fail");
  for (const by of [[ada], [bo], [ada, servers.control], [servers.gateway], [servers.log]] as const)
    assert.equal(await lapsed(world, {}, by), "authority_missing");
  assert.equal(await lapsed(world, { certificate: idOf.certificate("another") }), "not_found");
  const before = now(world).certificate;
  await openModel(world, wanted("fail"));
  assert.equal(await lapsed(world, { certificate: before }), "not_found", "another one took its place");
  assert.equal(closed(world), "open");
});

test("only a certificate after it opens the model again", async () => {
  const world = await opened("fail");
  await lapsed(world);
  await openModel(world, wanted("fail"));
  assert.equal(closed(world), "open");
});

test("it is a stop: neither the signer's clock nor the ledger they saw keeps it from being recorded", async () => {
  const world = await opened("fail");
  const body = { certificate: now(world).certificate, verdict: "fail" as const, requirements: [] };
  const { act } = await world.sign({ verb: "lapse", body, by: [servers.control] });
  assert.equal(isStop(act.predicate), true);
});
