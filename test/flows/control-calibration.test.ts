// A suite that pins a calibration set, and a plan whose limit has to hold with the grader's errors in it: evidence says how often the
// grader errs, the control plane counts it again, and outsiders do too.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { BodyOf, Calibration } from "../../src/acts/bodies.ts";
import { routes } from "../../src/control/contract.ts";
import { toBase64 } from "../../src/proof/encoding.ts";
import { Bundle } from "../../src/report/bundle-file.ts";
import { nodePrimitives } from "../../src/proof/node.ts";
import { verifyBundle } from "../../src/report/verify-bundle.ts";
import {
  type Desk,
  type Member,
  apply,
  documentsText,
  draft,
  dropFolder,
  enrol,
  get,
  initialise,
  must,
  openDesk,
  refusalOf,
  resolved,
  run,
  say,
  sealed,
  signOff,
} from "./control-desk.ts";

const documents = resolved(
  documentsText()
    .replace("items: misuse-core.jsonl", "items: misuse-core.jsonl\ncalibration: answers.jsonl")
    .replace("upper: 0.05, confidence: 0.95", "upper: 0.1, confidence: 0.95, corrected: true"),
);

interface Around {
  readonly desk: Desk;
  readonly owner: Member;
  readonly safety: Member;
  readonly done: { readonly body: BodyOf<"evidence">; readonly bytes: Uint8Array };
  readonly calibration: Calibration;
}

/** Up to a run that is sealed and not yet evidence. */
async function withRun(work: (around: Around) => Promise<void>): Promise<void> {
  const desk = await openDesk();
  try {
    const owner = await initialise(desk);
    const safety = await enrol(desk, "safety", [owner]);
    await apply(desk, owner, documents);
    const suite = documents.find(({ kind }) => kind === "Suite")?.document;
    assert.ok(suite?.kind === "Suite" && suite.content?.calibration !== undefined);
    const calibration: Calibration = {
      set: suite.content.calibration,
      sensitivity: { hits: 39, of: 40 },
      specificity: { hits: 40, of: 40 },
    };
    await work({ desk, owner, safety, done: sealed(desk, await run(desk, owner, documents)), calibration });
  } finally {
    await desk.close();
    dropFolder(desk.folder);
  }
}

test("evidence that states another calibration than its grader has on the suite's set is refused", async () => {
  await withRun(async ({ desk, owner, done, calibration }) => {
    const wrong: readonly Calibration[] = [
      { ...calibration, sensitivity: { hits: 40, of: 40 } },
      { ...calibration, sensitivity: { hits: 39, of: 39 } },
      { ...calibration, specificity: { hits: 39, of: 40 } },
      { ...calibration, set: done.body.digests.suite },
    ];
    for (const one of wrong) {
      const body = { ...done.body, grading: { calibration: one } };
      const said = await say(desk, { verb: "evidence", body, by: [owner.signer] }, { artefacts: [done.bytes] });
      assert.match(refusalOf(said).message, /calibration set of misuse-core/);
    }
  });
});

test("with corrected a gate passes on evidence that states its calibration, which outsiders count again, and not without", async () => {
  await withRun(async ({ desk, owner, safety, done, calibration }) => {
    const body = { ...done.body, grading: { calibration } };
    await must(desk, { verb: "evidence", body, by: [owner.signer] }, { artefacts: [done.bytes] });
    const release = draft(desk, { documents });
    const proposal = await must(desk, { verb: "proposal", body: { release }, by: [owner.signer] });
    await signOff(desk, proposal, owner);
    await signOff(desk, proposal, safety);
    await must(desk, { verb: "certificate", body: { release }, by: [owner.signer] });
    const path = routes.publicBundle.replace(":proposal", release.proposal);
    const bundle = Bundle.parse((await get(desk, path)).json);
    assert.ok(calibration.set in bundle.artefacts);
    const options = { pin: desk.control.state.firstRoot, plan: undefined, primitives: nodePrimitives, at: desk.now() };
    const verified = await verifyBundle(bundle, options);
    assert.equal(verified.firstDifference, null);
    const [bound] = verified.judgement?.requirements ?? [];
    assert.match(bound?.why ?? "", /as graded: at most 4.87 %; with what the grader may have missed at most 6.87 %/);
    const artefacts = { ...bundle.artefacts, [calibration.set]: toBase64(new Uint8Array([1])) };
    assert.equal((await verifyBundle({ ...bundle, artefacts }, options)).ok, false);
  });
  await withRun(async ({ desk, owner, safety, done }) => {
    await must(desk, { verb: "evidence", body: done.body, by: [owner.signer] }, { artefacts: [done.bytes] });
    const release = draft(desk, { documents });
    const proposal = await must(desk, { verb: "proposal", body: { release }, by: [owner.signer] });
    await signOff(desk, proposal, owner);
    await signOff(desk, proposal, safety);
    const said = await say(desk, { verb: "certificate", body: { release }, by: [owner.signer] });
    assert.match(refusalOf(said).message, /how often the grader of misuse-core errs/);
  });
});
