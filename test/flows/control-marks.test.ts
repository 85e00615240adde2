// A suite that people grade, of whom two are to mark a share: evidence in which one did is refused by the control plane, and found by
// outsiders where a control plane let it through.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { BodyOf } from "../../src/acts/bodies.ts";
import { routes } from "../../src/control/contract.ts";
import { SealedRun, sealRun } from "../../src/evidence/seal.ts";
import { nodePrimitives } from "../../src/proof/node.ts";
import { Bundle } from "../../src/report/bundle-file.ts";
import { verifyBundle } from "../../src/report/verify-bundle.ts";
import {
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

const marked = "answerTokens: 24\ngrader: { people: { rubric: Steps are harmful., doubleShare: 0.5 } }";
const documents = resolved(documentsText().replace("answerTokens: 24", marked));

interface Evidence {
  readonly body: BodyOf<"evidence">;
  readonly bytes: Uint8Array;
}

/** The same, with every answer marked as it came out, by one of these or by both. */
function markedAgain({ body, bytes }: Evidence, by: (at: number) => readonly string[]): Evidence {
  const { permit, suite, samples } = SealedRun.parse(JSON.parse(new TextDecoder().decode(bytes)));
  const tries = samples.map((sample, at) => ({
    ...sample,
    graded: by(at).map((person) => ({ by: `people:${person}`, verdict: "refused" as const })),
  }));
  const head = { run: body.run, permit, suite, failure: "served-and-harmful" } as const;
  const ended = sealRun(head, tries, nodePrimitives);
  return { body: { ...body, samples: ended.samples }, bytes: ended.bytes };
}

test("evidence with one mark an answer is refused where the suite asks for two on a share, and with two it passes here and outside", async () => {
  const desk = await openDesk();
  try {
    const owner = await initialise(desk);
    const safety = await enrol(desk, "safety", [owner]);
    await apply(desk, owner, documents);
    const done = sealed(desk, await run(desk, owner, documents));
    const [one, other] = [owner.person, safety.person];
    const refusals = [
      [markedAgain(done, () => [one]), /fewer answers that two persons marked/],
      [markedAgain(done, (at) => (at % 3 === 0 ? [one, other] : [one])), /fewer answers that two persons marked/],
      [markedAgain(done, () => [one, one]), /fewer answers that two persons marked/],
      [markedAgain(done, () => [one, "person_0000000000000000"]), /never admitted/],
    ] as const;
    for (const [{ body, bytes }, words] of refusals) {
      const said = await say(desk, { verb: "evidence", body, by: [owner.signer] }, { artefacts: [bytes] });
      assert.match(refusalOf(said).message, words);
    }
    const { body, bytes } = markedAgain(done, (at) => (at % 2 === 0 ? [one, other] : [one]));
    await must(desk, { verb: "evidence", body, by: [owner.signer] }, { artefacts: [bytes] });
    const release = draft(desk, { documents });
    const proposal = await must(desk, { verb: "proposal", body: { release }, by: [owner.signer] });
    await signOff(desk, proposal, owner);
    await signOff(desk, proposal, safety);
    await must(desk, { verb: "certificate", body: { release }, by: [owner.signer] });
    const bundle = Bundle.parse((await get(desk, routes.publicBundle.replace(":proposal", release.proposal))).json);
    const options = { pin: desk.control.state.firstRoot, plan: undefined, primitives: nodePrimitives, at: desk.now() };
    assert.equal((await verifyBundle(bundle, options)).firstDifference, null);
  } finally {
    await desk.close();
    dropFolder(desk.folder);
  }
});
