// For how long a requirement has waited and on whom, from the times in the ledger alone; and what is told when a certificate lapses.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type World,
  ada,
  bo,
  configurationOf,
  digestOfLabel,
  documentsOf,
  openModel,
  releaseOf,
  servers,
  signOffOf,
  worldOfTwo,
} from "../acts/fixtures.ts";
import type { RequirementJudgement } from "../gates/judgement.ts";
import { ReleasePlan } from "../gates/plan-document.ts";
import { Instant, Name, instantOf } from "../terms/ids.ts";
import { announcementOf } from "./announcements.ts";
import { type Waiting, waitingOf } from "./waiting.ts";

const small = Name.parse("small");
const one = configurationOf("one");
const dayMs = 86_400_000;
const plan = ReleasePlan.parse({
  kind: "ReleasePlan",
  model: "small",
  safeguards: "default",
  policy: "default",
  stages: [
    {
      stage: "trusted",
      audience: { types: ["partner"] },
      requires: [{ id: "board", signOffs: [{ role: "owner", count: 1 }] }],
      certificate: { validDays: 30 },
    },
  ],
});

function judged(change: Partial<RequirementJudgement>): RequirementJudgement {
  const common = { id: "one", why: "", stillToShow: "more", have: {}, need: {} } as const;
  return { ...common, kind: "drilled", verdict: "inconclusive", ...change };
}

function waiting(world: World, change: Partial<RequirementJudgement>, days: number): Waiting | null {
  const proposal = [...world.state.proposals.values()].at(-1);
  const at = Instant.parse(world.now() + days * dayMs);
  return waitingOf(judged(change), { state: world.state, plan, proposal, at });
}

test("where only a sign-off at the command line is missing, it waits on whoever has a seat", async () => {
  const world = await worldOfTwo();
  await openModel(world, { model: small, stage: "trusted", configuration: one });
  const [have, need] = [
    { owner: 1, safety: 1, cliKeys: 0 },
    { owner: 1, safety: 1, cliKeys: 1 },
  ];
  assert.deepEqual(waiting(world, { kind: "sign-offs", verdict: "fail", have, need }, 1)?.on, ["owner", "safety"]);
});

test("days count from what moved last, and name the roles that can move it", async () => {
  const world = await worldOfTwo();
  assert.equal(waiting(world, {}, 3), null, "nothing was applied");
  await world.say({ verb: "document", body: documentsOf(small, one), by: [ada] });
  const drilled = waiting(world, {}, 3.9);
  assert.deepEqual([drilled?.days, drilled?.on], [3, ["owner", "assurance", "evaluator"]]);
  world.wait(10 * dayMs);
  assert.equal(waiting(world, {}, 0)?.days, 10);
  const fact = { kind: "drill", attempts: 1, opened: 1, unfinished: 0 } as const;
  await world.say({ verb: "fact", body: { fact, model: null }, by: [ada] });
  assert.equal(waiting(world, {}, 2)?.days, 2, "a drill was made since");
  assert.equal(waiting(world, { kind: "measure-bound" }, 2)?.days, 12, "and no run");
  world.wait(5 * dayMs);
  await world.say({ verb: "fact", body: { fact, model: Name.parse("another") }, by: [ada] });
  assert.equal(waiting(world, {}, 0)?.days, 5, "a drill of another model moves nothing here");
});

test("what passes, or is not asked, waits for nobody; sign-offs wait on the roles that are missing", async () => {
  const world = await worldOfTwo();
  await world.say({ verb: "document", body: documentsOf(small, one), by: [ada] });
  for (const verdict of ["pass", "not-asked"] as const) assert.equal(waiting(world, { verdict }, 9), null);
  const board = {
    kind: "sign-offs",
    verdict: "fail",
    have: { owner: 1, safety: 0 },
    need: { owner: 1, safety: 1 },
  } as const;
  assert.deepEqual(waiting(world, board, 4)?.on, ["owner"], "nothing was proposed");
  world.wait(5 * dayMs);
  const release = releaseOf(world, { model: small, stage: "trusted", configuration: one });
  const act = await world.say({ verb: "proposal", body: { release }, by: [ada] });
  await world.say({ verb: "sign-off", body: signOffOf(act, ada), by: [ada] });
  const { on, days, since } = waiting(world, board, 1) ?? {};
  assert.deepEqual([on, days], [["safety"], 1]);
  assert.equal(since, act.predicate.at);
  assert.ok(instantOf(act.predicate.at) < world.now());
});

test("a lapse is told with its model and requirements, and a recusal as what it is", async () => {
  const world = await worldOfTwo();
  const { certificate } = await openModel(world, {
    model: small,
    stage: "trusted",
    configuration: one,
    conditions: { endsOnFailedGate: "not-pass" },
  });
  const requirements = [Name.parse("misuse")];
  const body = { certificate, verdict: "inconclusive", requirements } as const;
  const lapse = await world.say({ verb: "lapse", body: { ...body, requirements }, by: [servers.control] });
  const told = announcementOf(lapse, 7, world.state);
  assert.equal(told?.type, "certificate.lapsed");
  assert.deepEqual(told?.data, { model: small, ...body, act: lapse.digest, entry: 7 });
  const release = releaseOf(world, { model: small, stage: "trusted", configuration: one });
  const proposal = await world.say({ verb: "proposal", body: { release }, by: [ada] });
  const back = { ...signOffOf(proposal, bo), verdict: "recused", reason: digestOfLabel("kin") } as const;
  const recusal = await world.say({ verb: "sign-off", body: back, by: [bo] });
  assert.equal(announcementOf(recusal, 9, world.state)?.data["verdict"], "recused");
});
