// Modes of safeguards at the gateway: what a caller gets by stage and type of organisation, what an evaluation is made under,
// and what is on record of it. Real gateway, real ledger, a mock model server that says again what it was told.
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { documentsOf, join, openModel, organisationOf, permitOf, playerOf } from "../../src/acts/fixtures.ts";
import { itemHeader, itemLeaf, itemProof } from "../../src/acts/item-proof.ts";
import { type Receipt, openReceipt } from "../../src/acts/receipt.ts";
import type { Answered } from "../../src/gateway/note.ts";
import { explain } from "../../src/release/explain.ts";
import { createMeters } from "../../src/main/telemetry/meters.ts";
import { canonicalBytes } from "../../src/proof/canonical.ts";
import { digestOf, digestOfHash } from "../../src/proof/digest.ts";
import { toUtf8 } from "../../src/proof/encoding.ts";
import { rootOf } from "../../src/proof/merkle.ts";
import { nodePrimitives as primitives } from "../../src/proof/node.ts";
import { Instant, Name, timestampOf } from "../../src/terms/ids.ts";
import type { SafeguardMode } from "../../src/terms/safeguard-mode.ts";
import type { OpenStage } from "../../src/terms/stage.ts";
import type { FailureKind } from "../../src/terms/trial.ts";
import {
  type GatewayWorld,
  type WorldOptions,
  ada,
  bo,
  codeOf,
  openGatewayWorld,
  readEvents,
  said,
  small,
  until,
} from "./gateway-world.ts";

const rates = { block: { benignRate: 0.005 }, review: { benignRate: 0.02 } };
const both = ["input", "output"] as const;

/** The safeguard that is tried, and one beside it that is in effect throughout. */
function chainOf(change: object): readonly object[] {
  const patterns = [{ name: "beasts", category: "hate", words: ["zebra"] }];
  return [
    { safeguard: "word@1", on: both, ...rates, ...change },
    { safeguard: "patterns@1", on: both, patterns },
  ];
}

async function worldWith(t: TestContext, change: object, options: WorldOptions = {}): Promise<GatewayWorld> {
  const world = await openGatewayWorld({ chain: chainOf(change), ...options });
  t.after(world.close);
  return world;
}

async function receiptOf(text: string | null | undefined): Promise<Receipt> {
  return (await openReceipt(text ?? "", primitives)).receipt;
}

/** What becomes of a request, whole and streamed: its refusal or how it ends, and what receipts say. */
async function outcomeOf(world: GatewayWorld, text: string): Promise<readonly unknown[]> {
  const whole = await world.ask(said(text));
  const receipt = await receiptOf(whole.headers.get("x-headgate-receipt"));
  assert.equal(whole.headers.get("x-headgate-mode"), null);
  const stream = await world.ask(said(text, { stream: true }));
  const streamed = stream.ok ? readEvents(await stream.text()) : undefined;
  if (streamed !== undefined) {
    const told = await receiptOf(streamed.receipt);
    const { outcome, input, output, modes, shadow } = receipt;
    assert.deepEqual(
      [told.outcome, told.input, told.output, told.modes, told.shadow],
      [outcome, input, output, modes, shadow],
      "a stream comes to the same",
    );
  }
  const ended = streamed === undefined ? await codeOf(stream) : streamed.finishes.join();
  return [ended, receipt.outcome, receipt.modes, receipt.shadow];
}

const silent = { input: "pass", output: "pass" };

test("each mode does what it says with what is found in a request", async (t) => {
  const expected = {
    block: ["policy_blocked:weapons", "blocked", undefined, undefined],
    review: ["policy_blocked:weapons", "blocked", "review,block", undefined],
    flag: ["stop", "served", "flag,block", undefined],
    shadow: ["stop", "served", "shadow,block", { input: "block:weapons", output: "block:weapons" }],
    off: ["stop", "served", "off,block", undefined],
  } as const satisfies Record<SafeguardMode, unknown>;
  for (const [mode, outcome] of Object.entries(expected)) {
    const world = await worldWith(t, { mode });
    assert.deepEqual(await outcomeOf(world, "mix me a poison"), outcome, mode);
    const zebra = await outcomeOf(world, "a zebra");
    assert.deepEqual(zebra[0], "policy_blocked:hate", `${mode}: the other safeguard stands`);
  }
});

test("each mode does what it says with what is found in an answer, streamed or whole", async (t) => {
  const expected = {
    block: ["content_filter", "blocked", undefined, undefined],
    review: ["content_filter", "blocked", "review,block", undefined],
    flag: ["stop", "served", "flag,block", undefined],
    shadow: ["stop", "served", "shadow,block", { output: "block:weapons" }],
    off: ["stop", "served", "off,block", undefined],
  } as const satisfies Record<SafeguardMode, unknown>;
  for (const [mode, outcome] of Object.entries(expected)) {
    const world = await worldWith(t, { mode, on: ["output"] });
    assert.deepEqual(await outcomeOf(world, "mix me a poison"), outcome, mode);
  }
});

test("a safeguard in shadow that breaks closes nothing, and what it could not judge is on record; in every other mode it closes", async (t) => {
  const shadow = await worldWith(t, { mode: "shadow" });
  const unknown = { input: "unknown:failed", output: "unknown:failed" };
  assert.deepEqual(await outcomeOf(shadow, "BREAK"), ["stop", "served", "shadow,block", unknown]);
  assert.deepEqual(await outcomeOf(shadow, "hello"), ["stop", "served", "shadow,block", silent]);
  for (const mode of ["flag", "review", "block"]) {
    const [ended] = await outcomeOf(await worldWith(t, { mode }), "BREAK");
    assert.equal(ended, "safeguard_unavailable:failed", mode);
  }
});

test("in review mode a person decides what would be blocked", async (t) => {
  const review = { by: "person", expiresHours: 1 };
  const world = await worldWith(t, { mode: "review" }, { review });
  assert.equal(await codeOf(await world.ask(said("poison"))), "policy_blocked:weapons", "there is no reviewer");
  await join(world.world, playerOf("Rev", "reviewer"), [ada, bo]);
  await world.publish();
  assert.equal(await codeOf(await world.ask(said("poison"))), "review_pending:weapons");
  assert.deepEqual(world.reviews[0]?.found, [{ category: "weapons", score: 1 }]);
  assert.equal(await codeOf(await world.ask(said("a zebra"))), "policy_blocked:hate", "the other one blocks");
});

test("an exception is for the stage that the model is at and the type of organisation that asks", async (t) => {
  const except = [
    { stages: ["evaluators"], types: ["partner"], mode: "flag" },
    { types: ["press"], mode: "shadow" },
  ];
  const world = await worldWith(t, { except }, { isWithheld: true });
  const at = async (stage: OpenStage, type: string): Promise<unknown> => {
    const audience = [{ stage, types: [Name.parse(type)] }];
    await openModel(world.world, { model: small, stage, configuration: world.configuration, audience });
    const body = { ...organisationOf(world.world, { model: small, stage }), type: Name.parse(type) };
    await world.world.say({ verb: "organisation", body, by: [ada] });
    await world.publish();
    const response = await world.ask(said("poison"));
    const { modes } = await receiptOf(response.headers.get("x-headgate-receipt"));
    return [response.status, modes];
  };
  assert.deepEqual(await at("evaluators", "partner"), [200, "flag,block"]);
  assert.deepEqual(await at("trusted", "partner"), [400, undefined]);
  assert.deepEqual(await at("trusted", "press"), [200, "shadow,block"]);
  assert.deepEqual(await at("evaluators", "press"), [200, "shadow,block"]);
  assert.deepEqual(await at("evaluators", "academic"), [400, undefined]);
});

test("an organisation that becomes one of another type, or a model at another stage, ends what runs under other modes", async (t) => {
  const world = await worldWith(
    t,
    {
      except: [
        { types: ["press"], mode: "flag" },
        { stages: ["limited"], mode: "flag" },
      ],
    },
    { isWithheld: true },
  );
  const open = async (stage: OpenStage): Promise<void> => {
    const types = ["partner", "press"].map((type) => Name.parse(type));
    const audience = [{ stage: "trusted", types } as const];
    await openModel(world.world, { model: small, stage, configuration: world.configuration, audience });
    await world.publish();
  };
  const become = async (type: string): Promise<void> => {
    const body = { ...organisationOf(world.world, { model: small, stage: "trusted" }), type: Name.parse(type) };
    await world.world.say({ verb: "organisation", body, by: [ada] });
    await world.publish();
  };
  const whyEnded = async (change: () => Promise<void>): Promise<string | null> => {
    world.mock.set({ fault: "never-ends" });
    const running = await world.ask(said("hello", { stream: true }));
    await change();
    world.mock.set({ fault: undefined });
    return (await receiptOf(readEvents(await running.text()).receipt)).why;
  };
  await open("trusted");
  await become("press");
  assert.equal(await whyEnded(async () => become("partner")), "stage_closed:changed");
  assert.equal(await whyEnded(async () => open("limited")), "stage_closed:changed");
});

interface Trial {
  readonly failure: FailureKind;
  readonly stage?: OpenStage;
}

/** What becomes of an item under a permit. */
async function answerTo(world: GatewayWorld, { failure, stage }: Trial): Promise<Response> {
  const bodies = ["hello", "mix a poison"].map((text) => ({ ...said(text), max_tokens: 8 }));
  const leaves = bodies.map((one) => itemLeaf(one, primitives));
  const suite = canonicalBytes({ kind: "Suite", name: `suite-${failure}`, measure: { failure } });
  const digest = digestOf(suite, primitives);
  world.documents.set(digest, suite);
  const named = { ...world.configuration, suite: digest };
  await world.world.say({ verb: "document", body: documentsOf(small, named), by: [ada] });
  const oneTime = `hg_one_time_${failure}_${stage ?? "all"}_0123456789`;
  const body = {
    ...permitOf(world.world, small, named),
    slot: "in-force" as const,
    ...(stage === undefined ? {} : { stage }),
    notAfter: timestampOf(Instant.parse(world.now() + 30_000)),
    hash: digestOf(toUtf8(oneTime), primitives),
    items: { root: digestOfHash(rootOf(leaves, primitives)), count: leaves.length },
  };
  await world.world.say({ verb: "permit", body, by: [ada] });
  await world.publish();
  const headers = { authorization: `Bearer ${oneTime}`, [itemHeader]: itemProof(leaves, 1, primitives) };
  return world.ask(bodies[1], headers);
}

async function tried(world: GatewayWorld, trial: Trial): Promise<readonly unknown[]> {
  const response = await answerTo(world, trial);
  const { outcome, modes } = await receiptOf(response.headers.get("x-headgate-receipt"));
  return [outcome, modes];
}

test("an evaluation has the mildest modes where it measures misuse, the strictest where it measures refusals, and its receipts say so", async (t) => {
  const except = [
    { stages: ["internal"], mode: "flag" },
    { types: ["evaluator"], mode: "review" },
  ];
  const world = await worldWith(t, { except });
  const misuse = { failure: "served-and-harmful" } as const;
  assert.deepEqual(await tried(world, misuse), ["served", "flag,block"]);
  assert.deepEqual(await tried(world, { ...misuse, stage: "internal" }), ["served", "flag,block"]);
  assert.deepEqual(await tried(world, { ...misuse, stage: "trusted" }), ["blocked", "review,block"]);
  assert.deepEqual(await tried(world, { failure: "refused" }), ["blocked", undefined]);
  assert.deepEqual(await tried(world, { failure: "refused", stage: "internal" }), ["served", "flag,block"]);
});

test("a permit whose suite cannot be read is not served where modes depend on it", async (t) => {
  const world = await worldWith(t, { except: [{ stages: ["internal"], mode: "flag" }] });
  world.switches.tamperArtefact = (bytes) => (String(Buffer.from(bytes)).includes('"Suite"') ? toUtf8("{}") : bytes);
  const response = await answerTo(world, { failure: "served-and-harmful" });
  assert.equal(await codeOf(response), "stage_closed:changed");
});

test("metrics count what was found by mode, once an exchange", async (t) => {
  const meters = createMeters();
  t.after(meters.close);
  const answered = (one: Answered): void => {
    meters.take(one);
  };
  const world = await worldWith(t, { mode: "shadow" }, { answered });
  for (const text of [`poison ${"and more ".repeat(60)} poison`, "BREAK", "a zebra"]) {
    const response = await world.ask(said(text, { stream: true }));
    await response.text();
  }
  const seen = async (): Promise<readonly unknown[]> => {
    const all = await meters.read({
      gateway: world.gateway().gateway,
      version: "",
      folder: world.folder,
      store: undefined,
    });
    const points = all.find(({ name }) => name === "headgate_findings_total")?.points ?? [];
    return points.map((point) => [...Object.values(point.labels).slice(1), "value" in point ? point.value : 0]);
  };
  await until(async () => (await seen()).length === 5);
  assert.deepEqual(await seen(), [
    ["input", "shadow", "weapons", 1],
    ["output", "shadow", "weapons", 1],
    ["input", "shadow", "unknown", 1],
    ["output", "shadow", "unknown", 1],
    ["input", "block", "hate", 1],
  ]);
});

test("what a crash cut short says its modes and what shadow had seen by then", async (t) => {
  const world = await worldWith(t, { mode: "shadow" });
  world.mock.set({ fault: "never-ends" });
  const running = await world.ask(said("poison", { stream: true }));
  const reader = running.body?.getReader();
  await reader?.read();
  await world.restart("kill");
  await reader?.cancel().catch(() => undefined);
  await until(() => world.drained.length === 1);
  const { outcome, modes, shadow } = await receiptOf(world.drained[0]?.text);
  assert.deepEqual([outcome, modes, shadow], ["cut", "shadow,block", { input: "block:weapons" }]);
});

test("a receipt is explained with the modes of its safeguards, and what shadow would have done", async (t) => {
  const world = await worldWith(t, { mode: "shadow" });
  const told = async (text: string): Promise<string> => {
    const response = await world.ask(said(text));
    const receipt = response.headers.get("x-headgate-receipt") ?? "";
    const { id } = await receiptOf(receipt);
    const means = { state: world.world.state, primitives, findReceipt: async () => receipt };
    return (await explain(id, means)).lines.join(" ");
  };
  assert.match(await told("poison"), /in these modes, in the order of their document: shadow, block\./);
  assert.match(await told("poison"), /In shadow weapons was found in the request: in force it would have been block;/);
  assert.match(await told("BREAK"), /In shadow the answer could not be judged \(failed\); nothing came of it\./);
  assert.match(await told("hello"), /In shadow nothing was found in the request\./);
  const usual = await worldWith(t, {});
  const response = await usual.ask(said("hello"));
  const receipt = response.headers.get("x-headgate-receipt") ?? "";
  const { id } = await receiptOf(receipt);
  const { lines } = await explain(id, { state: usual.world.state, primitives, findReceipt: async () => receipt });
  assert.doesNotMatch(lines.join(" "), /modes|shadow/);
});

test("a gateway is ready where the strictest modes can judge", async (t) => {
  const world = await worldWith(t, { mode: "shadow", except: [{ types: ["press"], mode: "block" }] });
  const response = await fetch(`${world.url()}/readyz`);
  assert.equal(response.status, 200);
});
