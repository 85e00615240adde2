import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  type World,
  ada,
  bo,
  certify,
  configurationOf as digestsOf,
  digestOfLabel,
  documentsOf,
  evidenceOf,
  permitOf,
  worldOfOne,
  worldOfTwo,
} from "../acts/fixtures.ts";
import type { Release } from "../acts/bodies.ts";
import { Failure } from "../terms/failure.ts";
import { CertificateId, HoldId, Name, ProposalId } from "../terms/ids.ts";
import type { OpenStage } from "../terms/stage.ts";
import { type DraftWish, draftRelease, missingSignOffs, releaseProblems, seatsOf, stageOf } from "./draft.ts";
import { ReleasePlan } from "./plan-document.ts";

const small = Name.parse("small");
const configuration = digestsOf("one");
const suites = [{ name: Name.parse("misuse-core"), suite: configuration.suite, grader: configuration.grader }];

const plan = ReleasePlan.parse({
  kind: "ReleasePlan",
  model: "small",
  safeguards: "default",
  policy: "default",
  stages: [
    {
      stage: "trusted",
      audience: { types: ["partner"] },
      requires: [
        { id: "misuse", suite: "misuse-core", measure: "misuse-success", upper: 0.2, confidence: 0.95 },
        { id: "board", signOffs: [{ role: "owner", count: 1 }] },
      ],
      certificate: { validDays: 30 },
    },
    {
      stage: "internal",
      audience: { types: ["internal"] },
      requires: [{ id: "board", signOffs: [{ role: "owner", count: 1 }] }],
      certificate: { validDays: 7 },
    },
  ],
});

function draft(world: World, stage: OpenStage, more: Partial<DraftWish> = {}): Release {
  return draftRelease({
    state: world.state,
    plan,
    stage,
    at: world.now(),
    ids: {
      proposal: ProposalId.parse(`prop_${world.entries.length.toString(16).padStart(16, "0")}`),
      certificate: CertificateId.parse(`cert_${world.entries.length.toString(16).padStart(16, "0")}`),
    },
    reason: digestOfLabel("reason"),
    identityBasis: "declared",
    suites,
    ...more,
  });
}

function problems(world: World, release: Release): readonly string[] {
  const index = world.entries.length;
  return releaseProblems(release, { state: world.state, plan, identityBasis: "declared", suites, index });
}

async function applied(world: World): Promise<World> {
  await world.say({ verb: "document", body: documentsOf(small, configuration), by: [ada] });
  return world;
}

describe("draftRelease", () => {
  test("binds what was applied, in a form that the plan and the rules admit", async () => {
    const world = await applied(await worldOfTwo());
    const release = draft(world, "trusted");
    assert.deepEqual(problems(world, release), []);
    assert.deepEqual(release.audience, [
      { stage: "internal", types: ["internal"] },
      { stage: "trusted", types: ["partner"] },
    ]);
    assert.equal(Date.parse(release.notAfter) - Date.parse(release.notBefore), 30 * 86_400_000);
    assert.equal(Date.parse(release.decideBy) - Date.parse(release.notBefore), 14 * 86_400_000);
    assert.equal(release.oneSigner, false);
    await certify(world, release, [ada, bo]);
    const renewal = draft(world, "trusted");
    assert.deepEqual([renewal.serial, renewal.replaces], [2, release.certificate]);
  });

  test("internal by one owner is marked one signer, decided before it ends", async () => {
    const world = await applied(await worldOfOne());
    const release = draft(world, "internal");
    assert.equal(release.oneSigner, true);
    assert.equal(release.decideBy, release.notAfter);
    await certify(world, release, [ada]);
  });

  test("a resume proposes what the certificate pins, no longer than it, and takes two", async () => {
    const world = await applied(await worldOfTwo());
    const first = draft(world, "internal");
    await certify(world, first, [ada]);
    world.wait(86_400_000);
    const hold = HoldId.parse("hold_0123456789abcdef");
    const body = { hold, scope: { kind: "model", model: small }, reason: digestOfLabel("stop") } as const;
    await world.say({ verb: "hold", body, by: [bo] });
    await world.say({ verb: "document", body: documentsOf(small, digestsOf("two")), by: [ada] });
    const release = draft(world, "internal", { slot: "in-force", answers: [hold] });
    assert.equal(release.digests.model, first.digests.model);
    assert.equal(release.notAfter, first.notAfter);
    assert.equal(release.oneSigner, false);
  });

  test("names all evidence that counts, and a proposal that leaves some out is not the plan's", async () => {
    const world = await applied(await worldOfTwo());
    const permit = permitOf(world, small, configuration);
    await world.say({ verb: "permit", body: permit, by: [ada] });
    const evidence = await world.say({ verb: "evidence", body: evidenceOf(permit), by: [ada] });
    const release = draft(world, "trusted");
    assert.deepEqual(release.digests.evidence, [evidence.digest]);
    const without = { ...release, digests: { ...release.digests, evidence: [] } };
    assert.match(problems(world, without)[0] ?? "", /leaves out evidence/);
  });

  test("says observe exactly where the plan's stage does, and the floor of the stage still stands", async () => {
    const world = await applied(await worldOfTwo());
    const stages = plan.stages.map((stage) => ({ ...stage, mode: "observe" as const }));
    const observing = { ...plan, stages };
    const release = draft(world, "trusted", { plan: observing });
    assert.equal(release.mode, "observe");
    assert.equal("mode" in draft(world, "trusted"), false);
    const index = world.entries.length;
    const facts = { state: world.state, identityBasis: "declared", suites, index } as const;
    assert.deepEqual(releaseProblems(release, { ...facts, plan: observing }), []);
    assert.deepEqual(releaseProblems(release, { ...facts, plan }), ["Its mode is not the plan's."]);
    const enforcing = draft(world, "trusted");
    assert.deepEqual(releaseProblems(enforcing, { ...facts, plan: observing }), ["Its mode is not the plan's."]);
    await assert.rejects(certify(world, release, [ada]), /safety/);
  });

  test("a stage or suite that is not there fails with what there is", async () => {
    const world = await applied(await worldOfTwo());
    assert.throws(() => draft(world, "general"), isNotFound);
    assert.throws(() => draft(world, "trusted", { suites: [] }), isNotFound);
  });
});

describe("releaseProblems", () => {
  test("every departure from the plan has its own sentence", async () => {
    const world = await applied(await worldOfTwo());
    const release = draft(world, "trusted");
    const { digests } = release;
    const departures: readonly (readonly [RegExp, Partial<Release>])[] = [
      [/another model's/, { model: Name.parse("other") }],
      [/no stage/, { stage: "general" }],
      [/audience/, { audience: [{ stage: "trusted", types: [Name.parse("public")] }] }],
      [/longer/, { notAfter: "2027-01-01T00:00:00.000Z" }],
      [/identity basis/, { identityBasis: "measured" }],
      [/suites are not/, { digests: { ...digests, suites: [] } }],
      [/graders are not/, { digests: { ...digests, graders: [] } }],
      [/safeguards were never/, { digests: { ...digests, safeguards: digestOfLabel("lax") } }],
      [/usage policy was never/, { digests: { ...digests, policy: digestOfLabel("lax") } }],
      [/one-signer/, { oneSigner: true }],
      [/mode is not/, { mode: "observe" }],
    ];
    for (const [sentence, departure] of departures) {
      assert.match(problems(world, { ...release, ...departure }).join(" "), sentence);
    }
  });
});

describe("missingSignOffs", () => {
  test("answering a hold lacks a second person where the stage has one seat, and none once two stand behind it", async () => {
    const world = await worldOfTwo();
    const persons = [...world.state.persons.values()];
    const owner = persons.filter(({ role }) => role === "owner");
    const internal = stageOf(plan, "internal");
    const answers = [HoldId.parse("hold_0123456789abcdef")];
    const missing = (signed: typeof persons, holds = answers): readonly string[] =>
      missingSignOffs(world.state, internal, { ends: holds, persons: signed });
    assert.deepEqual(missing([]), ["owner", "person"]);
    assert.deepEqual(missing(owner), ["person"]);
    assert.deepEqual(missing(persons), []);
    assert.deepEqual(missing([], []), ["owner"]);
    const trusted = { ends: answers, persons: [] };
    assert.deepEqual(missingSignOffs(world.state, stageOf(plan, "trusted"), trusted), ["owner", "safety"]);
  });

  test("a sign-off that has to be given at the command line is lacking until somebody of the seats gave theirs there", async () => {
    const world = await worldOfTwo();
    const persons = [...world.state.persons.values()];
    const trusted = stageOf(plan, "trusted");
    const [, board] = trusted.requires;
    assert.ok(board !== undefined);
    const stage = { ...trusted, requires: [trusted.requires[0] ?? board, { ...board, cliKeys: 1 }] };
    const missing = (isFromBrowser: (person: string) => boolean, signed = persons): readonly string[] =>
      missingSignOffs(world.state, stage, { ends: [], persons: signed, isFromBrowser });
    const ownerOf = (person: string): boolean => persons.some((one) => one.person === person && one.role === "owner");
    assert.deepEqual(
      missing(() => false, []),
      ["owner", "safety", "command-line"],
    );
    assert.deepEqual(
      missing(() => false),
      [],
    );
    assert.deepEqual(missing(ownerOf), ["command-line"], "safety fills no seat of this board");
    assert.deepEqual(
      missing((person) => !ownerOf(person)),
      [],
    );
  });

  test("while only one person was ever admitted, one answers a hold", async () => {
    const world = await worldOfOne();
    const answers = [HoldId.parse("hold_0123456789abcdef")];
    const given = { ends: answers, persons: [] };
    assert.deepEqual(missingSignOffs(world.state, stageOf(plan, "internal"), given), ["owner"]);
  });
});

describe("seatsOf", () => {
  test("the larger of plan and floor counts, per role", async () => {
    const world = await worldOfTwo();
    assert.deepEqual(seatsOf(world.state, stageOf(plan, "trusted")), [
      { role: "owner", count: 1 },
      { role: "safety", count: 1 },
    ]);
  });
});

function isNotFound(error: unknown): boolean {
  return error instanceof Failure && error.code === "not_found";
}
