// The fold itself: who may say which verb, for which ledger, when, and once; and that a refused entry changes nothing.
import assert from "node:assert/strict";
import { test } from "node:test";
import { DeploymentId, Instant, Name } from "../terms/ids.ts";
import { Role } from "../terms/role.ts";
import { authority } from "./authority.ts";
import type { Release, Verb } from "./bodies.ts";
import {
  type Player,
  type Signed,
  type Spoken,
  type World,
  ada,
  bo,
  callerKeyOf,
  configurationOf,
  digestOfLabel,
  documentsOf,
  emptyWorld,
  evidenceOf,
  idOf,
  inDays,
  invitationOf,
  join,
  joinFrom,
  mandateOf,
  oneTimeKeyOf,
  openModel,
  organisationOf,
  permitOf,
  playerOf,
  releaseOf,
  reviewOf,
  servers,
  signOffOf,
  verdictOn,
  worldOfOne,
  worldOfTwo,
} from "./fixtures.ts";
import { ageMinutesMax, clockAheadMinutesMax, foldAct, judgeAct } from "./fold.ts";
import { emptyState } from "./state.ts";

const small = Name.parse("small");
const one = configurationOf("one");
const reason = digestOfLabel("reason");
const hold = { hold: idOf.hold("one"), scope: { kind: "everything" }, reason } as const;

/** Who may say what, written down a second time from the plan of record, not from the code. */
const expected: Readonly<Partial<Record<Verb, readonly Role[]>>> = {
  suspend: ["owner", "access"],
  organisation: ["owner", "access"],
  key: ["owner", "access"],
  document: ["owner", "policy"],
  mandate: ["owner", "assurance"],
  permit: ["owner", "assurance", "evaluator"],
  evidence: ["owner", "assurance", "evaluator"],
  fact: ["owner", "assurance", "evaluator"],
  withdrawal: ["owner", "assurance", "evaluator"],
  proposal: ["owner", "safety"],
  certificate: ["owner"],
  hold: Role.options.filter((role) => role !== "auditor"),
  restriction: Role.options.filter((role) => role !== "auditor"),
  widen: ["owner", "safety"],
  narrow: Role.options.filter((role) => role !== "auditor"),
  reading: ["reviewer"],
  review: ["reviewer"],
};

interface Stage {
  readonly world: World;
  readonly players: readonly Player[];
  readonly spoken: readonly Omit<Spoken<Verb>, "by">[];
}

/** A world where each of the eight roles is somebody's, and one admissible body a verb. */
async function everyRole(): Promise<Stage> {
  const world = await worldOfTwo();
  const others = Role.options.filter((role) => role !== "owner" && role !== "safety");
  const joined = others.map((role) => playerOf(`the ${role}`, role));
  for (const player of joined) await join(world, player, [ada, bo]);
  const outsider = playerOf("the outsider", "evaluator");
  await joinFrom(world, outsider, Name.parse("city-university"));
  await world.say({ verb: "document", body: documentsOf(small, one), by: [ada] });
  const organisation = organisationOf(world, { model: small, stage: "trusted" });
  await world.say({ verb: "organisation", body: organisation, by: [ada] });
  const permit = permitOf(world, small, one);
  await world.say({ verb: "permit", body: permit, by: [ada] });
  const evidence = { ...evidenceOf(permit), run: idOf.run("sealed"), permit: null, basis: "declared" as const };
  await world.say({ verb: "evidence", body: evidence, by: [ada] });
  const release = releaseOf(world, { model: small, stage: "trusted", configuration: one });
  const proposal = await world.say({ verb: "proposal", body: { release }, by: [ada] });
  for (const player of [ada, bo]) {
    await world.say({ verb: "sign-off", body: signOffOf(proposal, player), by: [player] });
  }
  const caller = callerKeyOf(digestOfLabel("another secret"));
  await world.say({ verb: "key", body: caller, by: [ada] });
  const review = reviewOf(world, caller.key);
  const conditions: Release["conditions"] = { share: { by: "key", steps: [0.1, 0.5, 1] } };
  const stepped = Name.parse("stepped");
  const { certificate } = await openModel(world, { model: stepped, stage: "trusted", configuration: one, conditions });
  await world.say({ verb: "widen", body: { certificate, step: 1, reason }, by: [ada] });
  const drill = { kind: "drill", attempts: 1, opened: 0, unfinished: 0 } as const;
  return {
    world,
    players: [ada, bo, ...joined],
    spoken: [
      { verb: "suspend", body: { target: { kind: "organisation", organisation: Name.parse("acme") }, reason } },
      { verb: "organisation", body: organisation },
      { verb: "key", body: callerKeyOf(digestOfLabel("secret")) },
      { verb: "document", body: documentsOf(small, one) },
      { verb: "mandate", body: mandateOf(world, outsider, small) },
      { verb: "permit", body: permitOf(world, small, one) },
      { verb: "evidence", body: evidenceOf(permit) },
      { verb: "fact", body: { fact: drill, model: small } },
      { verb: "withdrawal", body: { evidence: evidence.run, reason } },
      { verb: "proposal", body: { release: { ...release, proposal: idOf.proposal("2") } } },
      { verb: "certificate", body: { release } },
      { verb: "hold", body: hold },
      {
        verb: "restriction",
        body: { hold: hold.hold, model: small, limit: { kind: "output-tokens", max: 9 }, reason },
      },
      { verb: "widen", body: { certificate, step: 2, reason } },
      { verb: "narrow", body: { certificate, step: 0, reason } },
      { verb: "reading", body: { review: review.review } },
      { verb: "review", body: { ...review, verdict: "refuse", reason: "unclear" } },
    ],
  };
}

test("each verb is said by the roles that the plan of record lists, and by no other", async () => {
  const { world, players, spoken } = await everyRole();
  for (const act of spoken) {
    for (const player of players) {
      const verdict = await verdictOn(world, { ...act, by: [player] });
      const may = expected[act.verb]?.includes(player.role) === true;
      const isResumeOnly = act.verb === "proposal" && player.role === "safety";
      const isOwnSuite = act.verb === "document" && player.role === "evaluator";
      if (isOwnSuite) assert.match(verdict, /^authority_missing: Documents are applied by owner or policy/);
      else if (isResumeOnly) assert.match(verdict, /^authority_missing: Only an owner proposes/);
      else if (may) assert.equal(verdict, "admitted", `${player.role} says ${act.verb}`);
      else
        assert.match(
          verdict,
          /^authority_missing: [A-Z][a-z ()-]+ needs (the role [a-z, ]+|any role but auditor)\.$/,
          `${player.role} says ${act.verb}`,
        );
    }
  }
});

test("what takes one person is refused from two, from none, and from one with a stranger", async () => {
  const { world, spoken } = await everyRole();
  for (const act of spoken) {
    assert.match(
      await verdictOn(world, { ...act, by: [ada, bo] }),
      /^statement_invalid: ".*" is signed by exactly one/,
    );
    assert.match(await verdictOn(world, { ...act, by: [servers.gateway] }), /^authority_missing: A signature/);
    assert.match(await verdictOn(world, { ...act, by: [ada, servers.gateway] }), /^authority_missing: A signature/);
  }
});

test("break-glass takes a seat of each role at once", () => {
  const seats = Object.entries(authority).filter(([, { by }]) => by === "seats");
  assert.deepEqual(
    seats.map(([verb, { roles, loosens }]) => [verb, roles, loosens]),
    [["break-glass", ["owner", "safety"], true]],
  );
});

test("the verbs of one person are all in the table above, so that a new one asks for a line", () => {
  const ofPersons = Object.entries(authority).filter(([, { by }]) => by === "persons");
  assert.deepEqual(new Set([...Object.keys(expected), "sign-off"]), new Set(ofPersons.map(([verb]) => verb)));
});

test("a sign-off is by everybody but the auditor, each in their own role", async () => {
  const { world, players } = await everyRole();
  const release = releaseOf(world, { model: small, stage: "trusted", configuration: one });
  const proposal = await world.say({ verb: "proposal", body: { release }, by: [ada] });
  for (const player of players) {
    const verdict = await verdictOn(world, { verb: "sign-off", body: signOffOf(proposal, player), by: [player] });
    if (player.role === "auditor")
      assert.match(verdict, /^authority_missing: Signing off needs any role but auditor\.$/);
    else assert.equal(verdict, "admitted", player.role);
  }
});

test("nothing is admitted before the trust root, and nothing of another deployment after it", async () => {
  assert.match(
    await verdictOn(emptyWorld(), { verb: "hold", body: hold, by: [ada] }),
    /^statement_invalid: The first act of a ledger/,
  );
  const world = await worldOfOne();
  world.state.deployment = DeploymentId.parse("dep_ffffffffffffffff");
  assert.match(
    await verdictOn(world, { verb: "hold", body: hold, by: [ada] }),
    /^statement_invalid: This statement was signed for another/,
  );
});

function placeAt(index: number): { readonly index: number; readonly rootAt: () => undefined } {
  return { index, rootAt: () => undefined };
}

test("a statement counts once: replayed, it is refused and noted", async () => {
  const world = await worldOfTwo();
  const signed = await world.sign({ verb: "hold", body: hold, by: [ada] });
  assert.equal(world.record(signed), undefined);
  assert.equal(world.record(signed)?.code, "conflict");
  assert.equal(world.state.anomalies.length, 1);
});

test("a refused entry changes nothing but the list of anomalies", async () => {
  const world = await worldOfTwo();
  const before = structuredClone({ ...world.state, anomalies: [] });
  world.record(await world.sign({ verb: "hold", body: hold, by: [servers.gateway] }));
  assert.deepEqual({ ...world.state, anomalies: [] }, before);
  assert.deepEqual(
    world.state.anomalies.map(({ index }) => index),
    [world.entries.length - 1],
  );
});

test("judging changes nothing", async () => {
  const { world, spoken } = await everyRole();
  const before = structuredClone(world.state);
  for (const act of spoken) await world.judge({ ...act, by: [ada] });
  assert.deepEqual(world.state, before);
});

const known = digestOfLabel("the root at size 1");
const rootAt = (size: number): typeof known | undefined => (size === 1 ? known : undefined);

test("what opens is refused when its signer saw another ledger, or one that is still to come", async () => {
  const world = await worldOfTwo({}, { rootAt });
  const body = documentsOf(small, one);
  const refused = /^conflict: The signer last saw another ledger/;
  for (const seen of [
    { size: 1, root: digestOfLabel("a fork") },
    { size: 2, root: known },
    { size: 99, root: known },
  ]) {
    assert.match(await verdictOn(world, { verb: "document", body, by: [ada], seen }), refused);
  }
  const seen = { size: 1, root: known };
  assert.equal(await verdictOn(world, { verb: "document", body, by: [ada], seen }), "admitted");
});

test("what only closes is admitted whatever ledger its signer was shown, and the fork is noted", async () => {
  const { world, spoken } = await everyRole();
  const seen = { size: 99, root: digestOfLabel("a fork") };
  const stops = spoken.filter(({ verb }) => ["hold", "suspend", "restriction", "withdrawal"].includes(verb));
  assert.equal(stops.length, 4);
  for (const act of stops) await world.say({ ...act, by: [ada], seen });
  assert.equal(world.state.anomalies.length, 4);
});

test("a refusal to sign off is heard whatever ledger its signer was shown", async () => {
  const world = await worldOfTwo();
  await world.say({ verb: "document", body: documentsOf(small, one), by: [ada] });
  const release = releaseOf(world, { model: small, stage: "trusted", configuration: one });
  const proposal = await world.say({ verb: "proposal", body: { release }, by: [ada] });
  const seen = { size: 99, root: digestOfLabel("a fork") };
  const against = { verb: "sign-off", body: signOffOf(proposal, bo, "against"), by: [bo], seen } as const;
  assert.equal(await verdictOn(world, against), "admitted");
  assert.match(await verdictOn(world, { ...against, body: signOffOf(proposal, bo) }), /^conflict: The signer last saw/);
});

/** What a judge with a clock says to an entry, `minutes` after it was signed. */
function verdictAfter(world: World, { act }: Signed, minutes: number): string {
  const now = Instant.parse(Date.parse(act.predicate.at) + minutes * 60_000);
  const judged = judgeAct(world.state, act, { ...placeAt(world.entries.length), now });
  return judged.kind === "refused" ? judged.why : "admitted";
}

test("a judge with a clock refuses what is dated ahead of it", async () => {
  const world = await worldOfTwo();
  const signed = await world.sign({ verb: "document", body: documentsOf(small, one), by: [ada] });
  assert.equal(verdictAfter(world, signed, -clockAheadMinutesMax), "admitted");
  assert.match(verdictAfter(world, signed, -clockAheadMinutesMax - 1), /^This statement is dated in the future/);
});

test("a judge with a clock refuses what lay in a drawer, and waits longer for what gathers signatures", async () => {
  const world = await worldOfTwo();
  const late = /^This statement was signed too long ago/;
  const alone = await world.sign({ verb: "document", body: documentsOf(small, one), by: [ada] });
  assert.equal(verdictAfter(world, alone, ageMinutesMax.alone), "admitted");
  assert.match(verdictAfter(world, alone, ageMinutesMax.alone + 1), late);
  const cy = playerOf("Cy", "owner");
  const invitation = { ...invitationOf(world, cy), notAfter: inDays(world, 20) };
  const together = await world.sign({ verb: "invite", body: invitation, by: [ada, bo] });
  assert.equal(verdictAfter(world, together, ageMinutesMax.together), "admitted");
  assert.match(verdictAfter(world, together, ageMinutesMax.together + 1), late);
  world.record(together);
  const body = { person: cy.person, key: cy.signer.publicKey, invitation: together.act.digest };
  const joining = await world.sign({ verb: "admit", body, by: [oneTimeKeyOf(cy), cy] });
  assert.match(verdictAfter(world, joining, ageMinutesMax.alone + 1), late);
});

test("a stop counts whatever its signer's clock says", async () => {
  const { world, spoken } = await everyRole();
  for (const act of spoken.filter(({ verb }) => ["hold", "suspend", "restriction", "withdrawal"].includes(verb))) {
    const signed = await world.sign({ ...act, by: [ada] });
    for (const minutes of [-1_000_000, 1_000_000]) assert.equal(verdictAfter(world, signed, minutes), "admitted");
  }
});

test("recorded history folds without a clock to the state that was judged with one", async () => {
  const { world } = await everyRole();
  const [judged, folded] = [emptyState(), emptyState()];
  const lateMs = ageMinutesMax.alone * 60_000;
  for (const [index, { act }] of world.entries.entries()) {
    const now = Instant.parse(Date.parse(act.predicate.at) + (index % 2 === 0 ? 0 : lateMs));
    assert.equal(foldAct(judged, act, { ...placeAt(index), now }), undefined);
    assert.equal(foldAct(folded, act, placeAt(index)), undefined);
  }
  assert.equal(folded.acts.size, world.entries.length);
  assert.deepEqual(folded, judged);
});

test("years later the same history folds without a clock, while a judge with one would refuse it", async () => {
  const { world } = await everyRole();
  const state = emptyState();
  const now = Instant.parse(Date.parse("2040-01-01"));
  for (const [index, { act }] of world.entries.entries()) {
    const { loosens }: { readonly loosens: boolean } = authority[act.predicate.verb];
    assert.equal(judgeAct(state, act, { ...placeAt(index), now }).kind, loosens ? "refused" : "change");
    assert.equal(foldAct(state, act, placeAt(index)), undefined);
  }
  assert.deepEqual(state, world.state);
});
