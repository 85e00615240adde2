// Break-glass: who may, over what, for how long, what ends it, and what it takes before the model goes on in order.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Exposure, expose } from "./exposure.ts";
import { GlassId, type HoldId, IncidentId, Name, type Timestamp, timestampOf, toInstant } from "../terms/ids.ts";
import type { BodyOf, HoldScope, Release } from "../acts/bodies.ts";
import {
  type Player,
  type World,
  ada,
  bo,
  callerKeyOf,
  certify,
  configurationOf,
  digestOfLabel,
  evidenceOf,
  idOf,
  inDays,
  join,
  openModel,
  organisationOf,
  permitOf,
  playerOf,
  releaseOf,
  servers,
  verdictOn,
  worldOfTwo,
} from "../acts/fixtures.ts";
import { ageMinutesMax, judgeAct } from "../acts/fold.ts";
import { latestCertificate } from "../acts/state.ts";

const small = Name.parse("small");
const configuration = configurationOf("one");
const hash = digestOfLabel("a caller's secret");
const reason = digestOfLabel("a reason");
const cy = playerOf("Cy", "assurance");
const dee = playerOf("Dee", "owner");
const hour = 1 / 24;

interface Held {
  readonly world: World;
  readonly hold: HoldId;
}

async function heldWorld(conditions: Release["conditions"] = {}, more: Partial<Release> = {}): Promise<Held> {
  const world = await worldOfTwo();
  for (const player of [cy, dee]) await join(world, player, [ada, bo]);
  await openModel(world, { model: small, stage: "trusted", configuration, conditions, ...more });
  await world.say({ verb: "organisation", body: organisationOf(world, { model: small, stage: "trusted" }), by: [ada] });
  await world.say({ verb: "key", body: callerKeyOf(hash), by: [ada] });
  return { world, hold: await holdIt(world, cy) };
}

async function holdIt(world: World, by: Player, scope: HoldScope = { kind: "model", model: small }): Promise<HoldId> {
  const hold = idOf.hold(`hold ${world.entries.length}`);
  await world.say({ verb: "hold", body: { hold, scope, reason }, by: [by] });
  return hold;
}

type Body = BodyOf<"break-glass">;

function glassIn(world: World): Body["glass"] {
  return GlassId.parse(`glass_${String(world.entries.length).padStart(16, "0")}`);
}

function bodyOf({ world, hold }: Held, changes: Partial<Body> = {}): Body {
  const { certificate = idOf.certificate("none") } = latestCertificate(world.state, small)?.release ?? {};
  const notAfter = inDays(world, hour);
  return { glass: glassIn(world), model: small, certificate, holds: [hold], notAfter, reason, ...changes };
}

async function shatter(held: Held, changes: Partial<Body> = {}): Promise<Body> {
  const body = bodyOf(held, changes);
  await held.world.say({ verb: "break-glass", body, by: [ada, bo] });
  return body;
}

async function verdict(held: Held, changes: Partial<Body> = {}, by: readonly Player[] = [ada, bo]): Promise<string> {
  return verdictOn(held.world, { verb: "break-glass", body: bodyOf(held, changes), by });
}

function reviewOf({ glass }: Pick<Body, "glass">, model: Name | null = small): BodyOf<"fact"> {
  return { fact: { kind: "break-glass-review", glass, finding: "justified", summary: reason }, model };
}

async function review(world: World, body: Body): Promise<void> {
  await world.say({ verb: "fact", body: reviewOf(body), by: [cy] });
}

const direct = { hold: idOf.hold("direct"), scope: { kind: "model", model: small } } as const;

function asked({ world }: Held, early: Parameters<typeof expose>[2]["early"] = []): Exposure {
  return expose(world.state, { hash, model: small, from: undefined }, { at: world.now(), early });
}

function word(exposure: Exposure): string {
  if (exposure.kind === "refused") return `${exposure.code}:${String(exposure.reason)}`;
  return exposure.kind === "open" && exposure.glass !== undefined ? "open under glass" : exposure.kind;
}

test("an owner and safety together go on over a hold, for as long as they said, and whoever is served is told", async () => {
  const held = await heldWorld();
  assert.equal(word(asked(held)), "stage_closed:held");
  await shatter(held);
  assert.equal(word(asked(held)), "open under glass");
  assert.equal(word(asked(held, [direct])), "stage_closed:held", "a hold that came directly");
  const others = { hold: idOf.hold("of others"), scope: { kind: "scope", scope: Name.parse("biology") } } as const;
  assert.equal(word(asked(held, [others])), "stage_closed:held", "it ends by any that reaches the model");
  held.world.wait(3_600_000);
  assert.equal(word(asked(held)), "stage_closed:held");
});

test("it takes one owner and one person of safety, no fewer, no others, and nobody with them", async () => {
  const held = await heldWorld();
  assert.match(await verdict(held, {}, [ada]), /^quorum_missing: .*missing: safety/);
  assert.match(await verdict(held, {}, [bo]), /^quorum_missing: .*missing: owner/);
  assert.match(
    await verdict(held, {}, [ada, dee]),
    /^statement_invalid: "break-glass" is signed by one person of each/,
  );
  assert.match(await verdict(held, {}, [ada, bo, dee]), /^statement_invalid/);
  assert.match(await verdict(held, {}, [ada, cy]), /^authority_missing/);
  assert.match(await verdict(held, {}, [ada, bo, cy]), /^authority_missing/);
  const stranger = { verb: "break-glass", body: bodyOf(held), by: [ada, servers.control] } as const;
  assert.match(await verdictOn(held.world, stranger), /^authority_missing: A signature/);
});

test("who was admitted after the hold does not open over it, and neither does who was suspended", async () => {
  const held = await heldWorld();
  const late = playerOf("Lee", "safety");
  await join(held.world, late, [ada, bo]);
  assert.match(await verdict(held, {}, [ada, late]), /^authority_missing: Who was admitted after a hold/);
  assert.equal(await verdict(held), "admitted");
  const suspended = { target: { kind: "person", person: bo.person }, reason } as const;
  await held.world.say({ verb: "suspend", body: suspended, by: [ada] });
  assert.match(await verdict(held), /^authority_missing: A signature/);
});

test("it falls with whoever signed it", async () => {
  const held = await heldWorld();
  await shatter(held);
  const suspended = { target: { kind: "person", person: bo.person }, reason } as const;
  await held.world.say({ verb: "suspend", body: suspended, by: [dee] });
  assert.equal(word(asked(held)), "stage_closed:held");
});

test("it lasts as long as the certificate's conditions let it: four hours where they say nothing, not at all at 0", async () => {
  const usual = await heldWorld();
  assert.equal(await verdict(usual, { notAfter: inDays(usual.world, 4 * hour) }), "admitted");
  assert.match(
    await verdict(usual, { notAfter: inDays(usual.world, 5 * hour) }),
    /^statement_invalid: .* within 4 hours/,
  );
  assert.match(await verdict(usual, { notAfter: inDays(usual.world, 0) }), /^statement_invalid/);
  const whole = await heldWorld({ breakGlassHours: 24 });
  assert.equal(await verdict(whole, { notAfter: inDays(whole.world, 1) }), "admitted");
  assert.match(await verdict(whole, { notAfter: inDays(whole.world, 1 + hour) }), /within 24 hours/);
  const none = await heldWorld({ breakGlassHours: 0 });
  assert.match(await verdict(none), /^authority_missing: The certificate does not let/);
});

test("it names the certificate that counts, and never outlasts it", async () => {
  const held = await heldWorld({}, {});
  assert.match(await verdict(held, { certificate: idOf.certificate("another") }), /^not_found/);
  assert.match(await verdict(held, { model: Name.parse("large") }), /^not_found/);
  const end = Date.parse(latestCertificate(held.world.state, small)?.release.notAfter ?? "");
  held.world.wait(end - held.world.now() - 1_800_000);
  assert.match(await verdict(held), /^statement_invalid: It goes on only while its certificate stands/);
  await shatter(held, { notAfter: timestampOf(toInstant(end)) });
  held.world.wait(1_790_000);
  assert.equal(word(asked(held)), "open under glass");
  held.world.wait(20_000);
  assert.match(word(asked(held)), /^stage_closed/);
  const over = await heldWorld();
  over.world.wait(40 * 86_400_000);
  assert.match(await verdict(over), /^statement_invalid: It goes on only while/);
});

test("what an incident ends or withdrawn evidence lapses is not gone on with, before or meanwhile", async () => {
  const held = await heldWorld({ endsOnIncident: "high" });
  const incident = (severity: "medium" | "high", state: "open" | "closed"): BodyOf<"fact"> => ({
    fact: { kind: "incident", incident: IncidentId.parse("inc_0123456789abcdef"), severity, state, summary: reason },
    model: small,
  });
  await held.world.say({ verb: "fact", body: incident("medium", "open"), by: [cy] });
  await shatter(held);
  assert.equal(word(asked(held)), "open under glass", "an incident that ends nothing");
  await held.world.say({ verb: "fact", body: incident("high", "open"), by: [cy] });
  assert.equal(word(asked(held)), "stage_closed:incident");
  await holdIt(held.world, cy);
  await review(held.world, latestGlass(held.world));
  assert.match(await verdict(held), /^conflict: inc_.* ends this certificate/);
  await held.world.say({ verb: "fact", body: incident("high", "closed"), by: [cy] });
  assert.match(await verdict(held), /^conflict: inc_.* ends this certificate/, "for good");

  const lapsing = await worldOfTwo();
  const body = { ...evidenceOf(permitOf(lapsing, small, configuration)), permit: null, basis: "declared" } as const;
  const sealed = await lapsing.say({ verb: "evidence", body, by: [ada] });
  await openModel(lapsing, { model: small, stage: "trusted", configuration, evidence: [sealed.digest] });
  const hold = await holdIt(lapsing, bo);
  assert.equal(await verdict({ world: lapsing, hold }), "admitted");
  await lapsing.say({ verb: "withdrawal", body: { evidence: body.run, reason }, by: [ada] });
  assert.match(await verdict({ world: lapsing, hold }), /^conflict: The certificate lapsed/);
});

function latestGlass(world: World): Body {
  const last = world.state.glasses.get(small)?.at(-1);
  assert.ok(last !== undefined);
  return last;
}

test("it goes on over the holds that it names and no other, and only over those that stand", async () => {
  const held = await heldWorld();
  const other = await holdIt(held.world, bo, { kind: "everything" });
  await shatter(held);
  assert.equal(word(asked(held)), "stage_closed:held", "one of two");
  const both = await heldWorld();
  const second = await holdIt(both.world, bo, { kind: "organisation-type", type: Name.parse("partner") });
  await shatter(both, { holds: [both.hold, second] });
  assert.equal(word(asked(both)), "open under glass");
  assert.match(await verdict(await heldWorld(), { holds: [other] }), /^not_found/);
  const elsewhere = await heldWorld();
  const far = await holdIt(elsewhere.world, bo, { kind: "model", model: Name.parse("large") });
  assert.match(await verdict(elsewhere, { holds: [far] }), /^not_found/);
});

test("permits stay held", async () => {
  const held = await heldWorld();
  const permit = permitOf(held.world, small, configuration);
  await held.world.say({ verb: "permit", body: permit, by: [ada] });
  await shatter(held);
  const byPermit = { hash: permit.hash, model: small, from: undefined };
  const now = expose(held.world.state, byPermit, { at: held.world.now(), early: [] });
  assert.equal(word(now), "stage_closed:held");
});

test("any further hold that reaches the model ends it, whoever places it, the same one again included; others do not", async () => {
  const scopes: readonly HoldScope[] = [
    { kind: "model", model: small },
    { kind: "stage", model: small, stage: "general" },
    { kind: "everything" },
    { kind: "country", country: "DE" },
    { kind: "scope", scope: Name.parse("cyber-defence") },
  ];
  for (const scope of scopes) {
    const held = await heldWorld();
    await shatter(held);
    await holdIt(held.world, cy, scope);
    assert.equal(word(asked(held)), "stage_closed:held", scope.kind);
  }
  const again = await heldWorld();
  await shatter(again);
  const body = { hold: again.hold, scope: { kind: "model", model: small }, reason } as const;
  await again.world.say({ verb: "hold", body, by: [servers.control] });
  assert.equal(word(asked(again)), "stage_closed:held");
  const other = await heldWorld();
  await shatter(other);
  await holdIt(other.world, cy, { kind: "model", model: Name.parse("large") });
  assert.equal(word(asked(other)), "open under glass");
});

async function resume({ world, hold }: Held): Promise<string> {
  const release = releaseOf(world, { model: small, stage: "trusted", configuration, answers: [hold] });
  try {
    await certify(world, release, [ada, bo]);
    return "certified";
  } catch (error) {
    return String(error);
  }
}

test("nothing of the model is certified, widened or opened so again before a third person reviewed it", async () => {
  const held = await heldWorld({ share: { by: "key", steps: [0.5, 1] } });
  const { world } = held;
  const step = { certificate: bodyOf(held).certificate, step: 1, reason };
  assert.equal(await verdictOn(world, { verb: "widen", body: step, by: [ada] }), "admitted");
  const body = await shatter(held);
  const says = async (by: Player, model: Name | null = small): Promise<string> =>
    verdictOn(world, { verb: "fact", body: reviewOf(body, model), by: [by] });
  assert.match(await says(cy), /^conflict: .* goes on until/, "while it goes on");
  world.wait(3_700_000);
  assert.match(await resume(held), /nobody has reviewed it/);
  assert.match(await verdictOn(world, { verb: "widen", body: step, by: [ada] }), /^conflict: .*nobody has reviewed it/);
  assert.match(await verdict(held), /^conflict: .*nobody has reviewed it/);
  for (const by of [ada, bo]) assert.match(await says(by), /^authority_missing: Who opened does not review/);
  const late = playerOf("Lee", "owner");
  await join(world, late, [ada, bo]);
  assert.match(await says(late), /^authority_missing: Who was admitted after it was opened/);
  assert.match(await says(cy, null), /^not_found/);
  assert.match(await says(cy, Name.parse("large")), /^not_found/);
  await review(world, body);
  assert.match(await says(dee), /^conflict: .* was reviewed already/);
  assert.equal(await resume(held), "certified");
  assert.equal(word(asked(held)), "open");
});

test("a hold ends it for review too, and where nobody else is left a later person reviews", async () => {
  const world = await worldOfTwo();
  await openModel(world, { model: small, stage: "trusted", configuration });
  const held = { world, hold: await holdIt(world, bo) };
  const body = await shatter(held);
  await holdIt(world, bo);
  await join(world, cy, [ada, bo]);
  assert.equal(await verdictOn(world, { verb: "fact", body: reviewOf(body), by: [cy] }), "admitted");
});

test("over one hold all of them together end a day after the first began", async () => {
  const held = await heldWorld({ breakGlassHours: 24 });
  const { world } = held;
  const day = inDays(world, 1);
  const first = await shatter(held, { notAfter: inDays(world, 20 * hour) });
  world.wait(20 * 3_600_000);
  await review(world, first);
  assert.match(
    await verdict(held, { notAfter: inDays(world, 5 * hour) }),
    /^conflict: These holds were overridden before/,
  );
  const second = await shatter(held, { notAfter: day });
  world.wait(5 * 3_600_000);
  await review(world, second);
  assert.match(await verdict(held), /^conflict: These holds were overridden before/);
  const fresh = await holdIt(world, cy);
  assert.match(await verdict(held, { holds: [held.hold, fresh] }), /^conflict/);
  assert.equal(await verdict(held, { holds: [fresh] }), "admitted", "and leaves the older hold in force");
});

test("it is not replayed, not kept in a drawer for more than an hour, and not dated ahead", async () => {
  const held = await heldWorld();
  const { world } = held;
  const signed = await world.sign({ verb: "break-glass", body: bodyOf(held), by: [ada, bo] });
  const after = (minutes: number): string => {
    const now = toInstant(Date.parse(signed.act.predicate.at) + minutes * 60_000);
    const judged = judgeAct(world.state, signed.act, { index: world.entries.length, rootAt: () => undefined, now });
    return judged.kind === "refused" ? judged.why : "admitted";
  };
  assert.equal(after(ageMinutesMax.alone), "admitted");
  assert.match(after(ageMinutesMax.alone + 1), /^This statement was signed too long ago/);
  assert.match(after(-11), /^This statement is dated in the future/);
  assert.equal(world.record(signed), undefined);
  assert.equal(world.record(signed)?.code, "conflict");
  const ahead = await heldWorld();
  const at: Timestamp = inDays(ahead.world, 2);
  const body = bodyOf(ahead, { notAfter: inDays(ahead.world, 2 + hour) });
  await ahead.world.say({ verb: "break-glass", body, by: [ada, bo], at });
  assert.equal(word(asked(ahead)), "stage_closed:held", "a gateway goes by its own clock, whatever was recorded");
});
