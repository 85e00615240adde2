// The steps of a certificate's share: who takes them, one at a time, and what a next certificate makes of them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { IncidentId, Name } from "../../terms/ids.ts";
import { type Release, type Verb } from "../bodies.ts";
import { Conditions } from "../conditions.ts";
import {
  type Spoken,
  type Wanted,
  type World,
  ada,
  bo,
  certify,
  configurationOf,
  digestOfLabel,
  idOf,
  join,
  openModel,
  playerOf,
  releaseOf,
  servers,
  verdictOn,
  worldOfTwo,
} from "../fixtures.ts";
import { latestCertificate } from "../state.ts";
import { periodOf, shareNow } from "./share.ts";

const small = Name.parse("small");
const one = configurationOf("one");
const conditions: Release["conditions"] = { share: { by: "organisation", steps: [0.01, 0.05, 0.25, 1] } };
const limited: Wanted = { model: small, stage: "limited", configuration: one, conditions };
const reason = digestOfLabel("why");

async function opened(wanted: Wanted = limited): Promise<World> {
  const world = await worldOfTwo();
  await openModel(world, wanted);
  return world;
}

function releaseNow({ state }: World): Release {
  const release = latestCertificate(state, small)?.release;
  assert.ok(release !== undefined);
  return release;
}

const open = (world: World): number => shareNow(world.state, releaseNow(world));

type By = Spoken<"widen">["by"][number];

/** Says it, and how it went: `recorded`, or the code it was refused with. */
async function step(
  world: World,
  verb: "widen" | "narrow",
  { to, by = ada }: { to: number; by?: By },
): Promise<string> {
  return said(world, { verb, body: { certificate: releaseNow(world).certificate, step: to, reason }, by: [by] });
}

async function said<V extends Verb>(world: World, spoken: Spoken<V>): Promise<string> {
  const verdict = await verdictOn(world, spoken);
  if (verdict !== "admitted") return verdict.replace(/:.*/, "");
  await world.say(spoken);
  return "recorded";
}

test("a stage opens at the first step, is widened one at a time as it was signed, and no further", async () => {
  const world = await opened();
  assert.equal(open(world), 0.01);
  assert.equal(await step(world, "widen", { to: 2 }), "conflict");
  for (const [to, part] of [
    [1, 0.05],
    [2, 0.25],
    [3, 1],
  ] as const) {
    assert.equal(await step(world, "widen", { to, by: to === 2 ? bo : ada }), "recorded");
    assert.equal(open(world), part);
  }
  assert.equal(await step(world, "widen", { to: 4 }), "conflict");
  assert.equal(await step(world, "widen", { to: 3 }), "conflict");
});

test("going back takes anybody but an auditor, or the server itself, which never widens", async () => {
  const world = await opened();
  const [policy, auditor] = [playerOf("Pia", "policy"), playerOf("Otto", "auditor")];
  await join(world, policy, [ada, bo]);
  await join(world, auditor, [ada, bo]);
  for (const to of [1, 2]) await step(world, "widen", { to });
  assert.equal(await step(world, "widen", { to: 3, by: policy }), "authority_missing");
  assert.equal(await step(world, "widen", { to: 3, by: servers.control }), "authority_missing");
  assert.equal(await step(world, "narrow", { to: 1, by: auditor }), "authority_missing");
  assert.equal(await step(world, "narrow", { to: 2, by: policy }), "conflict");
  assert.equal(await step(world, "narrow", { to: 1, by: policy }), "recorded");
  assert.equal(await step(world, "narrow", { to: 0, by: servers.control }), "recorded");
  assert.equal(open(world), 0.01);
});

/** What the next certificate is open to, after two steps of the one before. */
async function openAfter(next: Partial<Wanted>, before?: (world: World) => Promise<void>): Promise<number> {
  const world = await opened();
  for (const to of [1, 2]) await step(world, "widen", { to });
  await before?.(world);
  if (next.configuration === undefined) await certify(world, releaseOf(world, { ...limited, ...next }), [ada, bo]);
  else await openModel(world, { ...limited, ...next });
  return open(world);
}

test("a renewal goes on where the one before stood; another model or safeguard, an answered hold, other steps, hours, countries and surfaces begin anew", async () => {
  assert.equal(await openAfter({}), 0.25);
  assert.equal(await openAfter({ configuration: configurationOf("two") }), 0.01);
  assert.equal(await openAfter({ conditions: { share: { by: "key", steps: [0.01, 0.05, 0.25, 1] } } }), 0.01);
  const more: readonly Partial<Release["conditions"]>[] = [
    { countries: ["DE"] },
    { surfaces: ["chat"] },
    { hours: [{ days: ["mon"], from: "08:00", to: "18:00" }] },
  ];
  for (const added of more) assert.equal(await openAfter({ conditions: { ...conditions, ...added } }), 0.01);
  const hold = idOf.hold("night");
  const held = async (world: World): Promise<void> => {
    const scope = { kind: "model", model: small } as const;
    await world.say({ verb: "hold", body: { hold, scope, reason }, by: [bo] });
  };
  assert.equal(await openAfter({ answers: [hold] }, held), 0.01);
});

function typed(...types: readonly string[]): Partial<Wanted> {
  return { audience: [{ stage: "limited", types: types.map((type) => Name.parse(type)) }] };
}

test("a renewal for a type of organisation that was not in before begins at the first step, one for fewer goes on", async () => {
  assert.equal(await openAfter(typed("partner", "public")), 0.01);
  const world = await opened({ ...limited, ...typed("partner", "public") });
  for (const to of [1, 2]) await step(world, "widen", { to });
  await certify(world, releaseOf(world, { ...limited, ...typed("partner") }), [ada, bo]);
  assert.equal(open(world), 0.25);
});

test("after an incident that ended a certificate the next one begins at the first step, on the same conditions", async () => {
  const ending: Wanted = { ...limited, conditions: { ...conditions, endsOnIncident: "high" } };
  const world = await opened(ending);
  for (const to of [1, 2]) await step(world, "widen", { to });
  const incident = IncidentId.parse("inc_00000000000000aa");
  for (const state of ["open", "closed"] as const) {
    const fact = { kind: "incident", incident, severity: "high", state, summary: reason } as const;
    await world.say({ verb: "fact", body: { fact, model: small }, by: [ada] });
  }
  await certify(world, releaseOf(world, ending), [ada, bo]);
  assert.equal(open(world), 0.01);
});

test("a certificate without steps has none to take, nor has one that was replaced", async () => {
  const world = await opened({ ...limited, conditions: {} });
  assert.equal(open(world), 1);
  assert.equal(await step(world, "widen", { to: 1 }), "not_found");
  const stepped = await opened();
  const old = releaseNow(stepped).certificate;
  await certify(stepped, releaseOf(stepped, limited), [ada, bo]);
  const body = { certificate: old, step: 1, reason };
  assert.equal(await said(stepped, { verb: "widen", body, by: [ada] }), "not_found");
});

test("safety proposes to resume on the same steps only", async () => {
  const world = await opened();
  const hold = idOf.hold("night");
  await world.say({ verb: "hold", body: { hold, scope: { kind: "model", model: small }, reason }, by: [bo] });
  const resumed = { ...limited, answers: [hold], notAfter: releaseNow(world).notAfter };
  const proposed = async (wanted: Wanted): Promise<string> =>
    said(world, { verb: "proposal", body: { release: releaseOf(world, wanted) }, by: [bo] });
  assert.equal(await proposed({ ...resumed, conditions: {} }), "authority_missing");
  assert.equal(await proposed(resumed), "recorded");
});

const misuse = Name.parse("misuse");
const watch = {
  measures: [{ id: misuse, measure: "safeguard-failures", limit: 0.01, alpha: 0.05, exchangesMin: 10 }],
} as const;
const watched: Wanted = {
  ...limited,
  conditions: { share: { by: "organisation", steps: [0.01, 0.05, 1], watch: { measures: [...watch.measures] } } },
};

test("a step back in a watch's name is the server's, and of a measure that was signed; each step begins a period", async () => {
  const world = await opened(watched);
  const period = (): readonly unknown[] => {
    const latest = latestCertificate(world.state, small);
    assert.ok(latest !== undefined);
    const { number, watch: cause, index } = periodOf(world.state, latest);
    return [number, cause, index === latest.index];
  };
  assert.deepEqual(period(), [1, null, true]);
  for (const to of [1, 2]) await step(world, "widen", { to });
  assert.deepEqual(period(), [3, null, false]);
  const back = async (id: string, by: By, to = 1): Promise<string> => {
    const { certificate } = releaseNow(world);
    return said(world, { verb: "narrow", body: { certificate, step: to, reason, watch: Name.parse(id) }, by: [by] });
  };
  assert.equal(await back("misuse", ada), "authority_missing");
  assert.equal(await back("another", servers.control), "statement_invalid");
  assert.equal(await back("misuse", servers.control), "recorded");
  assert.deepEqual(period(), [4, misuse, false]);
  assert.equal(await back("misuse", servers.control), "conflict", "another control plane was first");
  await certify(world, releaseOf(world, watched), [ada, bo]);
  assert.deepEqual(period(), [4, misuse, false], "a renewal carries its period");
  await step(world, "narrow", { to: 0 });
  assert.deepEqual(period(), [5, null, false]);
});

const isGood = (given: unknown): boolean => Conditions.safeParse(given).success;

test("a watch stands on steps, names each measure once, and says what labels need", () => {
  const [measure] = watch.measures;
  const share = { by: "key", steps: [0.5, 1] };
  const sampled = { ...measure, measure: "confirmed-misuse", sample: 0.1, perOrganisationPerHour: 1, labelHours: 1 };
  const labels = { by: "reviewers" };
  const withMeasures = (...measures: readonly object[]): unknown => ({ share: { ...share, watch: { measures } } });
  assert.equal(isGood(withMeasures(measure, { ...sampled, id: "other", labels })), true);
  assert.equal(isGood({ watch: { measures: [measure] } }), false, "a stage without steps");
  for (const bad of [
    [],
    [measure, measure],
    [sampled],
    [{ ...sampled, labels: { by: "nobody" } }],
    [{ ...sampled, labels, sample: 0 }],
    [{ ...sampled, labels: { ...labels, sensitivity: 0.4 } }],
    [{ ...measure, limit: 1 }],
    [{ ...measure, alpha: 0.3 }],
    [{ ...measure, sample: 0.1 }],
    [{ ...measure, measure: "mood" }],
  ])
    assert.equal(isGood(withMeasures(...bad)), false, JSON.stringify(bad));
});

test("steps grow, and are parts of a whole", () => {
  for (const steps of [[0.5], [0.5, 0.5], [0.5, 0.1], [0, 1], [0.5, 1.5]]) {
    assert.equal(Conditions.safeParse({ share: { by: "key", steps } }).success, false, steps.join());
  }
});
