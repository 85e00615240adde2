// One dishonest owner alone against the rules. Ada signs anything, with her own key and with any number she makes up; Bo is
// honest: he holds, refuses, and signs off one release that he read. Whatever Ada does with that, and in whatever order the
// ledger takes it, nothing opens beyond `internal` but that release, and nobody joins.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { Name } from "../terms/ids.ts";
import { OpenStage, compareStages } from "../terms/stage.ts";
import type { BodyOf, Release, Root, Verb } from "./bodies.ts";
import {
  type Player,
  type Signed,
  type Spoken,
  type World,
  ada,
  allServers,
  bo,
  configurationOf,
  digestOfLabel,
  documentsOf,
  idOf,
  inDays,
  invitationOf,
  oneTimeKeyOf,
  playerOf,
  releaseOf,
  servers,
  signOffOf,
  signerOf,
  worldOfTwo,
} from "./fixtures.ts";
import { type Certificate, holdsOn } from "./state.ts";
import type { Act } from "./statement.ts";

const small = Name.parse("small");
const one = configurationOf("one");
const reason = digestOfLabel("reason");
/** Ada's other keys: persons nobody admitted, an owner and a safety lead among them. */
const puppets = [playerOf("Mallory", "safety"), playerOf("Trudy", "owner")];

/** Ada and Bo, one model; Bo holds it and then signs the one release he read, which answers his first hold. */
interface Game {
  readonly world: World;
  readonly honest: Act;
  /** Holds of Bo's that no release he signed answers. */
  readonly standing: readonly BodyOf<"hold">["hold"][];
}

async function gameOf(): Promise<Game> {
  const world = await worldOfTwo();
  await world.say({ verb: "document", body: documentsOf(small, one), by: [ada] });
  const hold = { hold: idOf.hold("answered"), scope: { kind: "model", model: small }, reason } as const;
  await world.say({ verb: "hold", body: hold, by: [bo] });
  const release = releaseOf(world, { model: small, stage: "trusted", configuration: one, answers: [hold.hold] });
  const honest = await world.say({ verb: "proposal", body: { release }, by: [ada] });
  await world.say({ verb: "sign-off", body: signOffOf(honest, bo), by: [bo] });
  const second = { hold: idOf.hold("standing"), scope: { kind: "model", model: Name.parse("other") }, reason } as const;
  await world.say({ verb: "hold", body: second, by: [bo] });
  return { world, honest, standing: [second.hold] };
}

const some = fc.noBias(fc.nat({ max: 10_000 }));

/** Mostly the first, and now and then another: so that most lies are about one thing. */
function mostly<T>(usual: T, ...others: readonly T[]): fc.Arbitrary<T> {
  const rest = others.map((value) => ({ weight: 1, arbitrary: fc.constant(value) }));
  return fc.oneof({ weight: 4 * others.length, arbitrary: fc.constant(usual) }, ...rest);
}

/** Any release Ada can think of: internal, and something wrong with it. */
const lies = fc.noBias(
  fc.record({
    model: mostly(small, Name.parse("other")),
    stage: mostly<OpenStage>("internal", "evaluators", "trusted", "general"),
    audienceStage: mostly<OpenStage | undefined>(undefined, ...OpenStage.options),
    types: mostly<readonly string[]>(["internal"], ["partner"], ["internal", "partner"]),
    oneSigner: mostly(true, false),
    trustVersion: mostly(1, 2),
    serialAhead: mostly(0, 1),
    reuse: mostly<"none" | "proposal" | "certificate">("none", "proposal", "certificate"),
    answers: mostly<"none" | "all" | "future">("none", "all", "future"),
  }),
);
type Lie = typeof lies extends fc.Arbitrary<infer T> ? T : never;

function releaseFrom({ world, honest }: Game, lie: Lie): Release {
  assert.equal(honest.predicate.verb, "proposal");
  const { proposal, certificate } = honest.predicate.body.release;
  const held = holdsOn(world.state, lie.model).map(({ hold }) => hold);
  const answers = { none: [], all: held, future: [idOf.hold("Bo's next")] }[lie.answers];
  const base = releaseOf(world, { model: lie.model, stage: lie.stage, configuration: one });
  return {
    ...base,
    audience: [{ stage: lie.audienceStage ?? lie.stage, types: lie.types.map((type) => Name.parse(type)) }],
    oneSigner: lie.oneSigner,
    trustVersion: lie.trustVersion,
    serial: base.serial + lie.serialAhead,
    answers,
    proposal: lie.reuse === "proposal" ? proposal : base.proposal,
    certificate: lie.reuse === "certificate" ? certificate : base.certificate,
  };
}

const verbs = [
  "campaign",
  "campaign",
  "campaign",
  "campaign",
  "campaign",
  "honest",
  "invite",
  "join",
  "root",
  "hold",
  "suspend",
  "document",
  "replay",
  "puppet",
  "bo-holds",
] as const;

const trick = fc.record({ verb: fc.constantFrom(...verbs), lie: lies, at: some, days: fc.constantFrom(0, 0, -20, 20) });
type Trick = typeof trick extends fc.Arbitrary<infer T> ? T : never;

async function put<V extends Verb>(world: World, spoken: Spoken<V>): Promise<void> {
  world.record(await world.sign(spoken));
}

const tricks: { readonly [K in (typeof verbs)[number]]: (game: Game, trick: Trick) => Promise<void> } = {
  campaign: async (game, { lie, at, days }) => {
    const { world } = game;
    const body = { release: releaseFrom(game, lie) };
    const proposal = await world.sign({ verb: "proposal", body, by: [ada] });
    world.record(proposal);
    for (const player of [ada, ...puppets]) {
      await put(world, { verb: "sign-off", body: signOffOf(proposal.act, player), by: [player] });
    }
    const forBo = { ...signOffOf(proposal.act, bo), role: at % 2 === 0 ? bo.role : ada.role };
    await put(world, { verb: "sign-off", body: forBo, by: [ada] });
    const by = at % 5 === 0 ? [ada, servers.control] : [ada];
    await put(world, { verb: "certificate", body, by, at: inDays(world, days) });
  },
  honest: async ({ world, honest }, { at, days }) => {
    assert.equal(honest.predicate.verb, "proposal");
    const { release } = honest.predicate.body;
    await put(world, { verb: "sign-off", body: signOffOf(honest, ada), by: [ada] });
    const wider = at % 2 === 0 ? release : { ...release, stage: "general" as const };
    await put(world, { verb: "certificate", body: { release: wider }, by: [ada], at: inDays(world, days) });
  },
  invite: async ({ world }, { at }) => {
    const [puppet] = puppets;
    assert.ok(puppet !== undefined);
    const by: readonly (readonly (Player | typeof servers.log)[])[] = [[ada], [ada, puppet], [ada, servers.control]];
    await put(world, { verb: "invite", body: invitationOf(world, puppet), by: by[at % by.length] ?? [ada] });
  },
  join: async ({ world }, { at }) => {
    const invitations = world.entries.filter(({ act }) => act.predicate.verb === "invite");
    const invitation = invitations[at % invitations.length];
    const [puppet] = puppets;
    if (invitation === undefined || puppet === undefined) return;
    const body = { person: puppet.person, key: puppet.signer.publicKey, invitation: invitation.act.digest };
    await put(world, { verb: "admit", body, by: [oneTimeKeyOf(puppet), puppet] });
  },
  root: async ({ world }, { at }) => {
    const { root } = world.state;
    assert.ok(root !== undefined);
    const key = signerOf("Ada's own gateway");
    const changes: Partial<Root> = at % 2 === 0 ? { personsForChange: 1 } : { gateways: [key.publicKey] };
    const body = { ...root.body, ...changes, version: root.body.version + 1, previous: root.digest, firstOwner: null };
    const by = [[ada], [ada, key], [ada, key, ...allServers]][at % 3] ?? [ada];
    await put(world, { verb: "root", body, by });
  },
  hold: async ({ world }, { at }) => {
    const hold = [idOf.hold("answered"), idOf.hold("standing"), idOf.hold("Bo's next")][at % 3] ?? idOf.hold("x");
    const scope = { kind: "model", model: Name.parse("elsewhere") } as const;
    await put(world, { verb: "hold", body: { hold, scope, reason }, by: [ada] });
  },
  suspend: async ({ world }) =>
    put(world, { verb: "suspend", body: { target: { kind: "person", person: bo.person }, reason }, by: [ada] }),
  document: async ({ world }, { lie }) =>
    put(world, { verb: "document", body: documentsOf(lie.model, one), by: [ada] }),
  replay: async ({ world }, { at }) => {
    const again: Signed | undefined = world.entries[at % world.entries.length];
    if (again !== undefined) world.record(again);
  },
  puppet: async ({ world, honest }, { at }) => {
    const puppet = puppets[at % puppets.length] ?? ada;
    await put(world, { verb: "sign-off", body: { ...signOffOf(honest, bo), role: "safety" }, by: [puppet] });
  },
  "bo-holds": async ({ world }) => {
    const body = { hold: idOf.hold("Bo's next"), scope: { kind: "model", model: small }, reason } as const;
    await put(world, { verb: "hold", body, by: [bo] });
  },
};

function isBeyond({ stage, audience }: Release): boolean {
  const isWide = audience.some((part) => part.types.some((type) => type !== "internal"));
  return compareStages(stage, "internal") > 0 || audience.some((part) => part.stage !== "internal") || isWide;
}

const reached = { certificates: 0, honest: 0, suspended: 0, held: 0 };

test("whatever one owner signs alone, nothing opens beyond internal but the release that the other signed", async () => {
  const property = fc.asyncProperty(fc.array(trick, { minLength: 6, maxLength: 16, size: "max" }), async (list) => {
    const game = await gameOf();
    const { world } = game;
    let held = 0;
    for (const next of list) {
      const isSilenced = next.verb === "bo-holds" && isSuspended(game);
      if (!isSilenced) await tricks[next.verb](game, next);
      if (next.verb === "bo-holds" && !isSilenced) held += 1;
    }
    for (const certificates of world.state.certificates.values()) {
      for (const certificate of certificates) checkCertificate(game, certificate);
    }
    assert.deepEqual(new Set(world.state.persons.keys()), new Set([ada.person, bo.person]));
    assert.equal(world.state.root?.body.version, 1);
    for (const hold of game.standing) assert.equal(world.state.answered.has(hold), false, "Bo's hold stands");
    const holds = holdsOn(world.state, small).map(({ hold }) => hold);
    if (held > 0) assert.ok(holds.includes(idOf.hold("Bo's next")), "what Bo holds is held, whoever took its id");
    reached.suspended += isSuspended(game) ? 1 : 0;
    reached.held += held;
  });
  await fc.assert(property, { seed: 20_260_102, numRuns: 150 });
});

function isSuspended({ world }: Game): boolean {
  return world.state.persons.get(bo.person)?.suspended === true;
}

function checkCertificate({ world, honest }: Game, { release, index }: Certificate): void {
  const isHonest = world.entries[index]?.act.body === honest.body;
  assert.ok(isHonest || !isBeyond(release), "only what Bo signed opens beyond internal");
  assert.ok(isHonest || release.answers.length === 0, "only what Bo signed answers a hold");
  reached.certificates += 1;
  reached.honest += isHonest ? 1 : 0;
}

test("the tricks above reach the doors: certificates alone, the release Bo signed, his holds and his suspension", (context) => {
  const told = JSON.stringify(reached);
  context.diagnostic(told);
  assert.ok(reached.certificates > 50 && reached.honest > 10 && reached.suspended > 30 && reached.held > 30, told);
});
