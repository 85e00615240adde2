// What a release's countries, surfaces and hours shut out: callers of the stage that was opened, and nobody else.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { BodyOf, Release } from "../acts/bodies.ts";
import {
  type World,
  ada,
  bo,
  callerKeyOf,
  certify,
  configurationOf,
  digestOfLabel,
  idOf,
  inDays,
  openModel,
  organisationOf,
  permitOf,
  releaseOf,
  worldOfTwo,
} from "../acts/fixtures.ts";
import { latestCertificate } from "../acts/state.ts";
import { GlassId, Instant, Name, timestampOf } from "../terms/ids.ts";
import { type Asked, type Exposure, expose, reachableModels } from "./exposure.ts";

const small = Name.parse("small");
const hash = digestOfLabel("a caller's secret");
const permitHash = digestOfLabel("a permit's secret");
const configuration = configurationOf("one");
const partner = Name.parse("partner");
const audience: Release["audience"] = [
  { stage: "trusted", types: [partner] },
  { stage: "limited", types: [partner] },
];

interface Opened {
  readonly stage?: "trusted" | "limited";
  readonly country?: BodyOf<"organisation">["country"];
}

async function openTo(conditions: Release["conditions"], { stage = "limited", country }: Opened = {}): Promise<World> {
  const world = await worldOfTwo();
  await openModel(world, { model: small, stage: "limited", configuration, conditions, audience });
  const body = organisationOf(world, { model: small, stage });
  await world.say({
    verb: "organisation",
    body: { ...body, ...(country === undefined ? {} : { country }) },
    by: [ada],
  });
  await world.say({ verb: "key", body: callerKeyOf(hash), by: [ada] });
  return world;
}

function ask(world: World, at: Instant = world.now(), format: Asked["format"] = "chat"): Exposure {
  return expose(world.state, { hash, model: small, from: undefined, format }, { at, early: [] });
}

function word(exposure: Exposure): string {
  return exposure.kind === "refused" ? `${exposure.code}:${String(exposure.reason)}` : exposure.kind;
}

test("an organisation that is registered elsewhere, or says nothing of where, is not served by a stage of certain countries", async () => {
  const countries: Release["conditions"] = { countries: ["DE", "FR"] };
  assert.equal(word(ask(await openTo(countries, { country: "FR" }))), "open");
  assert.equal(word(ask(await openTo(countries, { country: "US" }))), "stage_closed:country");
  assert.equal(word(ask(await openTo(countries))), "stage_closed:country");
  assert.equal(word(ask(await openTo({}, { country: "US" }))), "open");
});

test("a format that is not among the surfaces is refused, and so is one that nobody names", async () => {
  const world = await openTo({ surfaces: ["chat", "embeddings"] });
  const over = (format: Asked["format"]): string => word(ask(world, world.now(), format));
  assert.equal(over("chat"), "open");
  assert.equal(over("embeddings"), "open");
  assert.equal(over("messages"), "stage_closed:surface");
  assert.equal(over("responses"), "stage_closed:surface");
  const unnamed = { hash, model: small, from: undefined };
  assert.equal(word(expose(world.state, unnamed, { at: world.now(), early: [] })), "stage_closed:surface");
  assert.deepEqual(reachableModels(world.state, { hash, from: undefined }, { at: world.now(), early: [] }), [small]);
});

const everyDay = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;
const hourMs = 3_600_000;

/** Open each day from `from` to `to` hours after now. */
function hoursFrom(world: World, from: number, to: number): Release["conditions"]["hours"] {
  const time = (hours: number): string => timestampOf(Instant.parse(world.now() + hours * hourMs)).slice(11, 16);
  return [{ days: [...everyDay], from: time(from), to: time(to) }];
}

async function openFor(hours: Release["conditions"]["hours"], more: Partial<Release> = {}): Promise<World> {
  const world = await openTo({});
  const wanted = { model: small, stage: "limited", configuration, audience, conditions: { hours }, ...more } as const;
  await certify(world, releaseOf(world, wanted), [ada, bo]);
  return world;
}

test("outside its hours a stage is closed, says when it opens, and opens then to the millisecond", async () => {
  const world = await openFor(hoursFrom(await openTo({}), 3, 5));
  const closed = ask(world);
  assert.equal(word(closed), "stage_closed:hours");
  const next = closed.kind === "refused" ? closed.opensAt : undefined;
  assert.ok(next !== undefined && next > world.now() && next < world.now() + 4 * hourMs);
  assert.equal(word(ask(world, Instant.parse(next - 1))), "stage_closed:hours");
  assert.equal(word(ask(world, next)), "open");
  assert.equal(word(ask(world, Instant.parse(next + 2 * hourMs - 1))), "open");
  assert.equal(word(ask(world, Instant.parse(next + 2 * hourMs))), "stage_closed:hours");
});

test("a stage whose certificate ends before its next hours names none", async () => {
  const first = await openTo({});
  const world = await openFor(hoursFrom(first, 3, 5), {
    notAfter: inDays(first, 2 / 24),
    decideBy: inDays(first, 1 / 24),
  });
  const closed = ask(world);
  assert.equal(word(closed), "stage_closed:hours");
  assert.equal(closed.kind === "refused" ? closed.opensAt : 0, undefined);
});

test("whoever waits for the hours is then served: what else shuts a caller out is told first", async () => {
  const world = await openTo(
    { countries: ["DE"], surfaces: ["chat"], hours: hoursFrom(await openTo({}), 3, 5) },
    { country: "DE" },
  );
  assert.equal(word(ask(world)), "stage_closed:hours");
  assert.equal(word(ask(world, world.now(), "messages")), "stage_closed:surface");
});

const narrow = async (): Promise<Release["conditions"]> => ({
  countries: ["DE"],
  surfaces: ["embeddings"],
  hours: hoursFrom(await openTo({}), 3, 5),
});

test("who has the model from a narrower stage is bound by none of them, and neither is a run under a permit", async () => {
  const world = await openTo(await narrow(), { stage: "trusted" });
  assert.equal(word(ask(world)), "open");
  await world.say({ verb: "permit", body: { ...permitOf(world, small, configuration), hash: permitHash }, by: [ada] });
  const permit = { hash: permitHash, model: small, from: undefined, format: "chat" } as const;
  assert.equal(word(expose(world.state, permit, { at: world.now(), early: [] })), "permit");
});

test("a break-glass goes on over holds and over none of the conditions", async () => {
  const world = await openTo({ surfaces: ["chat"], countries: ["DE"] }, { country: "DE" });
  const hold = idOf.hold("night");
  const reason = digestOfLabel("why");
  await world.say({ verb: "hold", body: { hold, scope: { kind: "model", model: small }, reason }, by: [bo] });
  assert.equal(word(ask(world)), "stage_closed:held");
  const { certificate = idOf.certificate("none") } = latestCertificate(world.state, small)?.release ?? {};
  const glass = GlassId.parse("glass_00000000000000aa");
  const body = { glass, model: small, certificate, holds: [hold], notAfter: inDays(world, 1 / 24), reason };
  await world.say({ verb: "break-glass", body, by: [ada, bo] });
  assert.equal(word(ask(world)), "open");
  assert.equal(word(ask(world, world.now(), "messages")), "stage_closed:surface");
});
