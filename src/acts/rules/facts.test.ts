// What the world reports: who may state what, how an incident goes, and what it ends.
import assert from "node:assert/strict";
import { test } from "node:test";
import { IncidentId, Name } from "../../terms/ids.ts";
import type { Severity } from "../../terms/severity.ts";
import { standing } from "../../exposure/exposure.ts";
import { isStop } from "../authority.ts";
import type { BodyOf, Verb } from "../bodies.ts";
import {
  type Player,
  type Spoken,
  type Wanted,
  type World,
  ada,
  bo,
  certify,
  configurationOf,
  digestOfLabel,
  join,
  openModel,
  playerOf,
  releaseOf,
  signOffOf,
  verdictOn,
  worldOfTwo,
} from "../fixtures.ts";

const small = Name.parse("small");
const inc = IncidentId.parse("inc_00000000000000aa");
const trusted: Wanted = {
  model: small,
  stage: "trusted",
  configuration: configurationOf("one"),
  conditions: { endsOnIncident: "high" },
};
const [pia, otto, eve] = [playerOf("Pia", "policy"), playerOf("Otto", "auditor"), playerOf("Eve", "evaluator")];

async function opened(wanted: Wanted = trusted): Promise<World> {
  const world = await worldOfTwo();
  for (const player of [pia, otto, eve]) await join(world, player, [ada, bo]);
  await openModel(world, wanted);
  return world;
}

async function said<V extends Verb>(world: World, spoken: Spoken<V>): Promise<string> {
  const verdict = await verdictOn(world, spoken);
  if (verdict !== "admitted") return verdict.replace(/:.*/s, "");
  await world.say(spoken);
  return "recorded";
}

interface Incident {
  readonly severity?: Severity;
  readonly state?: "open" | "closed";
  readonly by?: Player;
  readonly model?: Name | null;
  readonly incident?: IncidentId;
}

async function incident(
  world: World,
  { severity = "high", state = "open", by = bo, model = small, incident: id = inc }: Incident = {},
): Promise<string> {
  const fact = { kind: "incident", incident: id, severity, state, summary: digestOfLabel("what") } as const;
  return said(world, { verb: "fact", body: { fact, model }, by: [by] });
}

function standsAt(world: World): string {
  const now = standing(world.state, small, { at: world.now(), early: [] });
  return now.kind === "open" ? now.stage : now.reason;
}

test("an incident as bad as the certificate says ends it for good; closing the incident reopens nothing", async () => {
  const world = await opened();
  assert.equal(await incident(world, { severity: "medium", by: pia }), "recorded");
  assert.equal(standsAt(world), "trusted");
  assert.equal(await incident(world, { severity: "high", by: pia }), "recorded");
  assert.equal(standsAt(world), "incident");
  assert.equal(await incident(world, { state: "closed", by: bo }), "recorded");
  assert.equal(standsAt(world), "incident");
  await certify(world, releaseOf(world, trusted), [ada, bo]);
  assert.equal(standsAt(world), "trusted");
});

test("one about all models ends every certificate that says so, and none that does not", async () => {
  const other = Name.parse("other");
  const world = await opened();
  await openModel(world, { ...trusted, model: other, conditions: {} });
  assert.equal(await incident(world, { model: null, severity: "critical" }), "recorded");
  assert.equal(standsAt(world), "incident");
  assert.equal(standing(world.state, other, { at: world.now(), early: [] }).kind, "open");
});

test("while one is open, and after one since the proposal, nothing is certified that it would end", async () => {
  const world = await opened();
  const release = releaseOf(world, trusted);
  const proposal = await world.say({ verb: "proposal", body: { release }, by: [ada] });
  for (const player of [ada, bo])
    await world.say({ verb: "sign-off", body: signOffOf(proposal, player), by: [player] });
  const certificate = async (): Promise<string> =>
    verdictOn(world, { verb: "certificate", body: { release }, by: [ada] });
  assert.equal(await incident(world), "recorded");
  assert.match(await certificate(), /^conflict: inc_00000000000000aa \(high\) is open/);
  assert.equal(await incident(world, { state: "closed", severity: "low" }), "recorded");
  assert.match(
    await certificate(),
    /^conflict: .* was opened since this was proposed/,
    "ended, it is as bad as it was",
  );
});

test("anybody but an auditor opens one, those who answer for it end it, and it only gets worse", async () => {
  const world = await opened();
  assert.equal(await incident(world, { by: otto }), "authority_missing");
  assert.equal(await incident(world, { by: eve }), "recorded");
  assert.equal(await incident(world, { by: eve }), "conflict");
  assert.equal(await incident(world, { severity: "low", by: ada }), "conflict");
  assert.equal(await incident(world, { model: null, severity: "critical" }), "conflict", "it is about another model");
  assert.equal(await incident(world, { severity: "critical" }), "recorded");
  for (const by of [pia, eve]) assert.equal(await incident(world, { state: "closed", by }), "authority_missing");
  assert.equal(await incident(world, { state: "closed" }), "recorded");
  assert.equal(await incident(world, { state: "closed" }), "not_found");
  assert.equal(await incident(world, { severity: "critical" }), "conflict", "what comes after is another incident");
});

test("opening one can only close, so that it counts whatever its signer's clock says; ending one can not", async () => {
  const world = await opened();
  const stops = async (state: "open" | "closed"): Promise<boolean> => {
    const fact = { kind: "incident", incident: inc, severity: "high", state, summary: digestOfLabel("x") } as const;
    const { predicate } = await world.say({ verb: "fact", body: { fact, model: small }, by: [bo] });
    return isStop(predicate);
  };
  assert.equal(await stops("open"), true);
  assert.equal(await stops("closed"), false);
});

test("each kind of fact is stated by its roles", async () => {
  const world = await opened();
  const facts: readonly (readonly [BodyOf<"fact">["fact"], readonly Player[]])[] = [
    [{ kind: "drill", attempts: 1, opened: 0, unfinished: 0 }, [ada, eve]],
    [{ kind: "consultation", name: Name.parse("summer"), state: "open" }, [ada, pia]],
    [{ kind: "publication", name: Name.parse("access"), document: digestOfLabel("bytes") }, [ada, pia]],
  ];
  for (const [fact, may] of facts) {
    for (const player of [ada, bo, pia, otto, eve]) {
      const verdict = await verdictOn(world, { verb: "fact", body: { fact, model: null }, by: [player] });
      if (may.includes(player)) assert.equal(verdict, "admitted", `${player.role} states ${fact.kind}`);
      else assert.match(verdict, /^authority_missing/, `${player.role} states ${fact.kind}`);
    }
  }
});

test("policy tests are stated by owner, assurance and policy, of documents that were applied, and count to something", async () => {
  const world = await opened();
  const { policy, safeguards } = configurationOf("one");
  const tested = {
    kind: "policy-test",
    policy,
    safeguards,
    cases: digestOfLabel("cases"),
    total: 20,
    failed: 1,
  } as const;
  const state = async (fact: BodyOf<"fact">["fact"], by: Player): Promise<string> =>
    said(world, { verb: "fact", body: { fact, model: null }, by: [by] });
  assert.equal(await state(tested, pia), "recorded");
  for (const player of [bo, eve, otto])
    assert.equal(await state({ ...tested, total: 21 }, player), "authority_missing");
  assert.equal(await state({ ...tested, failed: 21 }, pia), "statement_invalid");
  assert.equal(await state({ ...tested, total: 0, failed: 0 }, pia), "statement_invalid");
  assert.equal(await state({ ...tested, policy: digestOfLabel("nobody's") }, pia), "not_found");
  assert.equal(await state({ ...tested, safeguards: digestOfLabel("nobody's") }, pia), "not_found");
});
