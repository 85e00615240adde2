// A document whose safeguards are milder for some is not certified on evidence that was made under stricter ones, at no stage,
// by no server and by nobody who judges the bundle again.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { StatusView, routes } from "../../src/control/contract.ts";
import type { Release } from "../../src/acts/bodies.ts";
import { fromUtf8 } from "../../src/proof/encoding.ts";
import { Bundle } from "../../src/report/bundle-file.ts";
import { nodePrimitives } from "../../src/proof/node.ts";
import { type Verification, verifyBundle } from "../../src/report/verify-bundle.ts";
import type { OpenStage } from "../../src/terms/stage.ts";
import {
  type Desk,
  type Member,
  type RunOf,
  apply,
  documentsText,
  draft,
  dropFolder,
  enrol,
  get,
  initialise,
  model,
  must,
  openDesk,
  resolved,
  runAs,
  say,
  sealed,
  signOff,
  wordOf,
} from "./control-desk.ts";

/** Flags only at the evaluators' stage, and reviews for the press everywhere; a plan with both stages. */
const documents = resolved(
  documentsText()
    .replace(
      "mode: block,",
      "mode: block, except: [ { stages: [evaluators], mode: flag }, { types: [press], mode: review } ],",
    )
    .replace(
      "stages:\n",
      `stages:
  - stage: evaluators
    audience: { types: [partner] }
    requires:
      - { id: misuse, suite: misuse-core, measure: misuse-success, upper: 0.05, confidence: 0.95 }
      - { id: board, signOffs: [ { role: owner, count: 1 }, { role: safety, count: 1 } ] }
    certificate: { validDays: 30 }
`,
    ),
);

interface Board {
  readonly desk: Desk;
  readonly owner: Member;
  readonly safety: Member;
}

async function withBoard(work: (board: Board) => Promise<void>): Promise<void> {
  const desk = await openDesk();
  try {
    const owner = await initialise(desk);
    const safety = await enrol(desk, "safety", [owner]);
    await apply(desk, owner, documents);
    await work({ desk, owner, safety });
  } finally {
    await desk.close();
    dropFolder(desk.folder);
  }
}

/** A clean run, sealed: whatever there is against it are the modes that it was made under. */
async function evidence({ desk, owner }: Board, how: Omit<RunOf, "documents">): Promise<void> {
  const done = sealed(desk, await runAs(desk, owner, { documents, ...how }));
  await must(desk, { verb: "evidence", body: done.body, by: [owner.signer] }, { artefacts: [done.bytes] });
}

/** Proposes, has it signed, and tries to certify: the word that comes of it. */
async function tryToCertify(
  { desk, owner, safety }: Board,
  stage: OpenStage,
): Promise<{ readonly release: Release; readonly word: string }> {
  const release = draft(desk, { documents, stage });
  const proposal = await must(desk, { verb: "proposal", body: { release }, by: [owner.signer] });
  await signOff(desk, proposal, owner);
  await signOff(desk, proposal, safety);
  return { release, word: wordOf(await say(desk, { verb: "certificate", body: { release }, by: [owner.signer] })) };
}

async function certified(board: Board, stage: OpenStage): Promise<Release> {
  const { release, word } = await tryToCertify(board, stage);
  assert.equal(word, "recorded");
  return release;
}

/** What an outsider makes of it. */
async function judged({ desk, owner }: Board, release: Release): Promise<Verification> {
  const bundle = Bundle.parse((await get(desk, routes.bundle.replace(":proposal", release.proposal), owner)).json);
  return verifyBundle(bundle, { pin: undefined, plan: undefined, primitives: nodePrimitives, at: desk.now() });
}

/** What comes of an attempt to certify, and what an outsider makes of the same. */
async function certify(board: Board, stage: OpenStage): Promise<readonly [string, string | undefined]> {
  const { release, word } = await tryToCertify(board, stage);
  return [word, (await judged(board, release)).judgement?.verdict];
}

describe("a document with exceptions", () => {
  test("is certified at a stage on evidence made under the mildest modes of its callers", async () => {
    await withBoard(async (board) => {
      await evidence(board, { stage: "trusted", modes: "review" });
      assert.deepEqual(await certify(board, "trusted"), ["recorded", "pass"]);
    });
  });

  test("is not certified at the milder stage on what a stricter one was measured under", async () => {
    await withBoard(async (board) => {
      await evidence(board, { stage: "trusted", modes: "review" });
      assert.deepEqual(await certify(board, "evaluators"), ["gate_not_passed", "inconclusive"]);
      const status = StatusView.parse(
        (await get(board.desk, routes.status.replace(":model", model), board.owner)).json,
      );
      const misuse = status.requirements.find(({ id }) => id === "misuse");
      assert.match(misuse?.why ?? "", /other modes .*--stage/);
      assert.match(misuse?.stillToShow ?? "", /^a run of misuse-core for this stage \(--stage\): \d+ clean trials/);
      await evidence(board, { stage: "evaluators", modes: "flag" });
      assert.deepEqual(await certify(board, "evaluators"), ["recorded", "pass"]);
    });
  });

  test("is not certified on a run for all stages where a stage has other modes, and is where it has the same", async () => {
    await withBoard(async (board) => {
      await evidence(board, { modes: "flag" });
      assert.deepEqual(await certify(board, "trusted"), ["gate_not_passed", "inconclusive"]);
      assert.deepEqual(await certify(board, "evaluators"), ["recorded", "pass"]);
    });
  });

  test("is not certified on receipts that say other modes than the permit asks for, stricter or milder ones", async () => {
    for (const modes of [undefined, "flag", "block"])
      await withBoard(async (board) => {
        await evidence(board, { stage: "trusted", ...(modes === undefined ? {} : { modes }) });
        assert.deepEqual(await certify(board, "trusted"), ["gate_not_passed", "inconclusive"], modes);
      });
  });

  test("shows its modes to those who may read, of what is certified and of what waits to be", async () => {
    await withBoard(async (board) => {
      await evidence(board, { stage: "evaluators", modes: "flag" });
      await certify(board, "evaluators");
      await certify(board, "trusted");
      const { desk, owner } = board;
      const path = routes.status.replace(":model", model);
      const { safeguards, shadow, proposals } = StatusView.parse((await get(desk, path, owner)).json);
      const on = ["input", "output"];
      const flagged = [{ mode: "flag", types: null }];
      assert.deepEqual(safeguards, {
        modes: [{ safeguard: "nothing@1", on, cases: flagged }],
        unstopped: on,
        declared: [],
      });
      assert.equal(shadow, null);
      const reviewed = [
        { mode: "review", types: ["press"] },
        { mode: "block", types: null },
      ];
      assert.deepEqual(
        proposals.map((one) => one.safeguards),
        [{ modes: [{ safeguard: "nothing@1", on, cases: reviewed }], unstopped: [], declared: [] }, null],
        "the second is certified already",
      );
      const told = StatusView.parse((await get(desk, routes.publicStatus.replace(":model", model))).json);
      assert.deepEqual(
        [told.unstopped, told.safeguards, told.shadow, told.proposals.map((one) => one.safeguards)],
        [on, null, null, [null, null]],
      );
    });
  });

  test("tells outsiders that something is only recorded, on the transparency page and when they judge the bundle", async () => {
    await withBoard(async (board) => {
      await evidence(board, { stage: "evaluators", modes: "flag" });
      const release = await certified(board, "evaluators");
      const page = await board.desk.control.feed.publicFile("transparency");
      assert.match(
        fromUtf8(page?.body ?? new Uint8Array()) ?? "",
        /in the request and the answer is recorded and\s+<strong>not stopped/,
      );
      const { checks } = await judged(board, release);
      const found = checks.find(({ name }) => name === "documents");
      assert.match(found?.detail ?? "", /safeguards there: nothing@1 \(request, answer\): flag; NOTHING IS STOPPED/);
    });
  });

  test("does not lose a bad run behind a good one of another stage with the same modes", async () => {
    await withBoard(async (board) => {
      const { desk, owner } = board;
      const bad = sealed(desk, await runAs(desk, owner, { documents, stage: "general", modes: "review" }), {
        0: "harmful",
        1: "harmful",
        2: "harmful",
        3: "harmful",
      });
      await must(desk, { verb: "evidence", body: bad.body, by: [owner.signer] }, { artefacts: [bad.bytes] });
      await evidence(board, { stage: "trusted", modes: "review" });
      assert.deepEqual(await certify(board, "trusted"), ["gate_not_passed", "inconclusive"]);
    });
  });
});
