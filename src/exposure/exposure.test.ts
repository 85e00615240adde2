// Who may reach what, over states that real statements made.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type Configuration,
  ada,
  bo,
  callerKeyOf,
  certify,
  configurationOf,
  digestOfLabel,
  documentsOf,
  idOf,
  joinFrom,
  mandateOf,
  openModel,
  organisationOf,
  permitOf,
  playerOf,
  releaseOf,
  join,
  type World,
  worldOfTwo,
} from "../acts/fixtures.ts";
import { Instant, Name, timestampOf } from "../terms/ids.ts";
import { Network } from "../terms/network.ts";
import type { OpenStage } from "../terms/stage.ts";
import { type EarlyHold, type Exposure, expose, reachableModels, standing } from "./exposure.ts";

const small = Name.parse("small");
const hash = digestOfLabel("a caller's secret");
const configuration: Configuration = configurationOf("one");

async function openWorld(stage: "trusted" | "limited" = "trusted"): Promise<World> {
  const world = await worldOfTwo();
  await openModel(world, { model: small, stage, configuration });
  await world.say({ verb: "organisation", body: organisationOf(world, { model: small, stage: "trusted" }), by: [ada] });
  await world.say({ verb: "key", body: callerKeyOf(hash), by: [ada] });
  return world;
}

function asked(world: World, early: Parameters<typeof expose>[2]["early"] = []): Exposure {
  return expose(world.state, { hash, model: small, from: undefined }, { at: world.now(), early });
}

function word(exposure: Exposure): string {
  return exposure.kind === "refused" ? `${exposure.code}:${String(exposure.reason)}` : exposure.kind;
}

test("a key with a grant at the stage that is out is served, and an unknown one is not", async () => {
  const world = await openWorld();
  assert.equal(word(asked(world)), "open");
  const stranger = { hash: digestOfLabel("another secret"), model: small, from: undefined };
  assert.equal(word(expose(world.state, stranger, { at: world.now(), early: [] })), "key_unknown:null");
  assert.deepEqual(reachableModels(world.state, { hash, from: undefined }, { at: world.now(), early: [] }), [small]);
});

test("a model that is out less far than the grant is withheld from it", async () => {
  const world = await worldOfTwo();
  await openModel(world, { model: small, stage: "evaluators", configuration });
  await world.say({ verb: "organisation", body: organisationOf(world, { model: small, stage: "trusted" }), by: [ada] });
  await world.say({ verb: "key", body: callerKeyOf(hash), by: [ada] });
  assert.equal(word(asked(world)), "stage_closed:withheld");
});

test("an organisation of a type that the certificate does not name for its stage is withheld from", async () => {
  const world = await openWorld();
  const acme = organisationOf(world, { model: small, stage: "trusted" });
  await world.say({ verb: "organisation", body: { ...acme, type: Name.parse("press") }, by: [ada] });
  assert.equal(word(asked(world)), "stage_closed:withheld");
});

test("a grant ends by itself, to the millisecond, however long the certificate is valid", async () => {
  const world = await openWorld();
  const { grants, ...acme } = organisationOf(world, { model: small, stage: "trusted" });
  const end = world.now() + 60_000;
  const short = grants.map((grant) => ({ ...grant, notAfter: timestampOf(Instant.parse(end)) }));
  await world.say({ verb: "organisation", body: { ...acme, grants: short }, by: [ada] });
  const at = (ms: number): string =>
    word(expose(world.state, { hash, model: small, from: undefined }, { at: Instant.parse(ms), early: [] }));
  assert.deepEqual([at(end - 1), at(end)], ["open", "agreement_missing:null"]);
});

test("a key without a grant for a model learns no more than that there is none", async () => {
  const world = await openWorld();
  const other = Name.parse("other");
  await world.say({ verb: "document", body: documentsOf(other, configurationOf("two")), by: [ada] });
  for (const model of [other, Name.parse("nowhere")]) {
    assert.equal(
      word(expose(world.state, { hash, model, from: undefined }, { at: world.now(), early: [] })),
      "model_unknown:null",
    );
  }
});

test("a certificate ends by itself, to the millisecond", async () => {
  const world = await openWorld();
  const now = standing(world.state, small, { at: world.now(), early: [] });
  assert.equal(now.kind, "open");
  const end = Date.parse(world.state.certificates.get(small)?.at(-1)?.release.notAfter ?? "");
  const at = (ms: number): string => {
    const then = standing(world.state, small, { at: Instant.parse(ms), early: [] });
    return then.kind === "open" ? "open" : then.reason;
  };
  assert.equal(at(end - 1), "open");
  assert.equal(at(end), "expired");
});

test("a hold in the ledger, or one that came directly, closes the model to keys and permits alike", async () => {
  const world = await openWorld();
  const permit = permitOf(world, small, configuration);
  await world.say({ verb: "permit", body: permit, by: [ada] });
  const direct = [{ hold: idOf.hold("direct"), scope: { kind: "everything" } }] as const;
  const byPermit = { hash: permit.hash, model: small, from: undefined };
  assert.equal(word(expose(world.state, byPermit, { at: world.now(), early: [] })), "permit");
  assert.equal(word(asked(world, direct)), "stage_closed:held");
  assert.equal(word(expose(world.state, byPermit, { at: world.now(), early: direct })), "stage_closed:held");
  const body = {
    hold: idOf.hold("one"),
    scope: { kind: "model", model: small },
    reason: digestOfLabel("why"),
  } as const;
  await world.say({ verb: "hold", body, by: [bo] });
  assert.equal(word(asked(world)), "stage_closed:held");
});

test("a held stage closes the model to who was granted it from there on, and to no narrower grant nor permit", async () => {
  const world = await openWorld();
  const permit = permitOf(world, small, configuration);
  await world.say({ verb: "permit", body: permit, by: [ada] });
  const stageFrom = (stage: OpenStage): EarlyHold[] => [
    { hold: idOf.hold("direct"), scope: { kind: "stage", model: small, stage } },
  ];
  for (const stage of ["internal", "evaluators", "trusted"] as const) {
    assert.equal(word(asked(world, stageFrom(stage))), "stage_closed:held");
  }
  for (const stage of ["limited", "general"] as const) assert.equal(word(asked(world, stageFrom(stage))), "open");
  const byPermit = { hash: permit.hash, model: small, from: undefined };
  const moment = { at: world.now(), early: stageFrom("internal") };
  assert.equal(word(expose(world.state, byPermit, moment)), "permit");
  assert.equal(standing(world.state, small, moment).kind, "open", "the model itself is not closed");
  const scope = { kind: "stage", model: small, stage: "trusted" } as const;
  const body = { hold: idOf.hold("in the ledger"), scope, reason: digestOfLabel("why") };
  await world.say({ verb: "hold", body, by: [bo] });
  assert.equal(word(asked(world)), "stage_closed:held");
});

test("a direct hold on a key or its organisation stops the key, and no other one", async () => {
  const world = await openWorld();
  const { key } = callerKeyOf(hash);
  const early = (scope: EarlyHold["scope"]): string => word(asked(world, [{ hold: idOf.hold("direct"), scope }]));
  assert.equal(early({ kind: "key", key }), "key_suspended:null");
  assert.equal(early({ kind: "organisation", organisation: Name.parse("acme") }), "key_suspended:null");
  assert.equal(early({ kind: "key", key: idOf.key("another") }), "open");
  assert.equal(early({ kind: "organisation", organisation: Name.parse("another") }), "open");
});

test("a suspended key, and a key of a suspended organisation, are refused", async () => {
  const world = await openWorld();
  const reason = digestOfLabel("why");
  const target = { kind: "organisation", organisation: Name.parse("acme") } as const;
  await world.say({ verb: "suspend", body: { target, reason }, by: [ada] });
  assert.equal(word(asked(world)), "key_suspended:null");
});

test("a permit under a mandate falls with it, used or not, and no other does", async () => {
  const world = await worldOfTwo();
  await world.say({ verb: "document", body: documentsOf(small, configuration), by: [ada] });
  const eve = playerOf("Eve", "evaluator");
  await joinFrom(world, eve, Name.parse("city-university"));
  const [mandate, other] = [
    await world.say({ verb: "mandate", body: mandateOf(world, eve, small), by: [ada] }),
    await world.say({ verb: "mandate", body: { ...mandateOf(world, eve, small), tokens: 200_000 }, by: [ada] }),
  ];
  const permits = [mandate, other].map(({ digest }, at) => ({
    ...permitOf(world, small, configuration),
    permit: idOf.permit(`${at}`),
    run: idOf.run(`${at}`),
    hash: digestOfLabel(`${at}`),
    mandate: digest,
  }));
  for (const body of permits) await world.say({ verb: "permit", body, by: [eve] });
  const words = (): readonly string[] =>
    permits.map(({ hash: of }) =>
      word(expose(world.state, { hash: of, model: small, from: undefined }, { at: world.now(), early: [] })),
    );
  assert.deepEqual(words(), ["permit", "permit"]);
  const reason = digestOfLabel("reason");
  await world.say({ verb: "withdrawal", body: { mandate: mandate.digest, reason }, by: [ada] });
  assert.deepEqual(words(), ["key_suspended:null", "permit"]);
});

test("a permit ends with its time, is not in force before it, and falls with the person who made it", async () => {
  const world = await openWorld();
  const cy = playerOf("Cy", "assurance");
  await join(world, cy, [ada, bo]);
  const permit = permitOf(world, small, configuration);
  await world.say({ verb: "permit", body: permit, by: [cy] });
  const at = (instant: number): string =>
    word(
      expose(
        world.state,
        { hash: permit.hash, model: small, from: undefined },
        { at: Instant.parse(instant), early: [] },
      ),
    );
  assert.equal(at(world.now()), "permit");
  assert.equal(at(Date.parse(permit.notAfter)), "key_suspended:null");
  assert.equal(at(world.now() - 3_600_000), "key_suspended:null");
  const target = { kind: "person", person: cy.person } as const;
  await world.say({ verb: "suspend", body: { target, reason: digestOfLabel("why") }, by: [ada] });
  assert.equal(at(world.now()), "key_suspended:null");
});

test("a key with networks is refused from anywhere else, and where nobody knows from where", async () => {
  const world = await openWorld();
  const networks = [Network.parse("192.0.2.0/24"), Network.parse("2001:db8::/32")];
  await world.say({ verb: "key", body: { ...callerKeyOf(hash), networks, anew: { kind: "change" } }, by: [ada] });
  const from = (address: string | undefined): string =>
    word(expose(world.state, { hash, model: small, from: address }, { at: world.now(), early: [] }));
  assert.equal(from("192.0.2.77"), "open");
  assert.equal(from("::ffff:192.0.2.77"), "open");
  assert.equal(from("2001:db8::1"), "open");
  for (const address of ["192.0.3.1", "::1", "", undefined]) assert.equal(from(address), "key_suspended:network");
});

test("an old secret works until its rotation's overlap is over, to the millisecond, and the new one goes on", async () => {
  const world = await openWorld();
  const fresh = digestOfLabel("a new secret");
  const until = timestampOf(Instant.parse(world.now() + 60_000));
  const body = { ...callerKeyOf(hash), hash: fresh, anew: { kind: "rotation", until } } as const;
  await world.say({ verb: "key", body, by: [ada] });
  const at = (secret: typeof hash, ms: number): string =>
    word(expose(world.state, { hash: secret, model: small, from: undefined }, { at: Instant.parse(ms), early: [] }));
  const end = Date.parse(until);
  assert.deepEqual([at(hash, end - 1), at(hash, end)], ["open", "key_suspended:null"]);
  assert.deepEqual([at(fresh, end - 1), at(fresh, end)], ["open", "open"]);
});

type Acme = ReturnType<typeof organisationOf>;

async function openTo(parts: Partial<Acme>): Promise<{ world: World; write: (more: Partial<Acme>) => Promise<void> }> {
  const world = await openWorld();
  const write = async (more: Partial<Acme>): Promise<void> => {
    const body = { ...organisationOf(world, { model: small, stage: "trusted" }), ...parts, ...more };
    await world.say({ verb: "organisation", body, by: [ada] });
  };
  await write({});
  return { world, write };
}

async function holdAll(world: World, scope: EarlyHold["scope"]): Promise<EarlyHold["hold"]> {
  const hold = idOf.hold(`hold ${world.entries.length}`);
  await world.say({ verb: "hold", body: { hold, scope, reason: digestOfLabel("a reason") }, by: [bo] });
  return hold;
}

/** Answers it for the model, as a resume does. */
async function answerHold(world: World, hold: EarlyHold["hold"]): Promise<void> {
  await certify(world, releaseOf(world, { model: small, stage: "trusted", configuration, answers: [hold] }), [ada, bo]);
}

test("a hold on a type of organisation stops its callers and no others, until a certificate of the model names it", async () => {
  const { world } = await openTo({});
  const other = { kind: "organisation-type", type: Name.parse("press") } as const;
  await holdAll(world, other);
  assert.equal(word(asked(world, [{ hold: idOf.hold("direct"), scope: other }])), "open");
  const partners = { kind: "organisation-type", type: Name.parse("partner") } as const;
  assert.equal(word(asked(world, [{ hold: idOf.hold("direct"), scope: partners }])), "stage_closed:held");
  const hold = await holdAll(world, partners);
  assert.equal(word(asked(world)), "stage_closed:held");
  assert.equal(
    standing(world.state, small, { at: world.now(), early: [] }).kind,
    "open",
    "the model itself is not held",
  );
  await certify(world, releaseOf(world, { model: small, stage: "trusted", configuration }), [ada, bo]);
  assert.equal(word(asked(world)), "stage_closed:held", "a renewal that does not name it answers nothing");
  await answerHold(world, hold);
  assert.equal(word(asked(world)), "open");
});

test("nobody leaves a hold on a type or a country by being written as of another one", async () => {
  const { world, write } = await openTo({ country: "DE" });
  await write({ country: "AT" });
  const hold = await holdAll(world, { kind: "country", country: "DE" });
  assert.equal(word(asked(world)), "open", "what it was before the hold does not count");
  await write({ country: "DE" });
  assert.equal(word(asked(world)), "stage_closed:held");
  await write({ country: "FR" });
  assert.equal(word(asked(world)), "stage_closed:held");
  await write({ country: "FR", grants: [] });
  await write({ country: "FR" });
  assert.equal(word(asked(world)), "stage_closed:held");
  await answerHold(world, hold);
  assert.equal(word(asked(world)), "open");
  await holdAll(world, { kind: "country", country: "FR" });
  await write({ country: "AT" });
  assert.equal(word(asked(world)), "stage_closed:held", "by the very next entry");
});

test("a hold on a country stops those of which nothing says where they are, until it is said", async () => {
  const { world, write } = await openTo({});
  await holdAll(world, { kind: "country", country: "DE" });
  assert.equal(word(asked(world)), "stage_closed:held");
  await write({ country: "FR" });
  assert.equal(word(asked(world)), "open");
});

test("a held scope lifts nothing, and whoever has it goes on without", async () => {
  const { world, write } = await openTo({});
  const [defence, teaching] = [Name.parse("cyber-defence"), Name.parse("teaching")];
  const [grant] = organisationOf(world, { model: small, stage: "trusted" }).grants;
  assert.ok(grant !== undefined);
  await write({ grants: [{ ...grant, scopes: [defence, teaching] }] });
  const scopes = (): readonly string[] => {
    const now = asked(world);
    return now.kind === "open" ? now.grant.scopes : [];
  };
  assert.deepEqual(scopes(), [defence, teaching]);
  const hold = await holdAll(world, { kind: "scope", scope: defence });
  assert.deepEqual(scopes(), [teaching]);
  await answerHold(world, hold);
  assert.deepEqual(scopes(), [defence, teaching]);
});

test("two holds of one id on different callers hold everything", async () => {
  const { world } = await openTo({ country: "FR" });
  const hold = idOf.hold("twice");
  for (const country of ["DE", "AT"]) {
    const body = { hold, scope: { kind: "country", country }, reason: digestOfLabel("a reason") } as const;
    await world.say({ verb: "hold", body, by: [bo] });
  }
  assert.deepEqual(world.state.holds.get(hold)?.scope, { kind: "everything" });
});
