// Evidence that is taken back: what was certified on it closes, and its exchanges stay on record as unknown.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { restingOn } from "../../src/cli/eval/withdraw.ts";
import { StatusView, routes } from "../../src/control/contract.ts";
import {
  type Desk,
  type Member,
  committed,
  dropFolder,
  get,
  model,
  must,
  openDesk,
  released,
  say,
} from "./control-desk.ts";

let desk: Desk;
let owner: Member;
let safety: Member;

before(async () => {
  desk = await openDesk();
  ({ owner, safety } = await released(desk));
});
after(async () => {
  await desk.close();
  dropFolder(desk.folder);
});

async function statusNow(): Promise<StatusView> {
  return StatusView.parse((await get(desk, routes.status.replace(":model", model), owner)).json);
}

describe("withdrawn evidence", () => {
  test("safety cannot take evidence back; an owner can, and the model that rests on it lapses at once", async () => {
    const [evidence] = [...desk.control.state.evidence.values()];
    assert.ok(evidence !== undefined);
    assert.deepEqual(restingOn(desk.control.state, evidence), [model]);
    assert.equal((await statusNow()).stage, "trusted");
    const { digest: reason, opening } = committed("The grader was wrong.");
    const body = { evidence: evidence.body.run, reason };
    const refused = await say(desk, { verb: "withdrawal", body, by: [safety.signer] });
    assert.notEqual(refused.status, 200);
    assert.equal((await statusNow()).stage, "trusted");
    await must(desk, { verb: "withdrawal", body, by: [owner.signer] }, { openings: [opening] });
    const now = await statusNow();
    assert.deepEqual([now.stage, now.closed], ["withheld", "lapsed"]);
  });

  test("its exchanges are not gone with it: the requirement is open again, and every try of the run is unknown", async () => {
    const [misuse] = (await statusNow()).requirements;
    assert.equal(misuse?.verdict, "inconclusive");
    assert.match(misuse.why, /unknown/);
  });
});
