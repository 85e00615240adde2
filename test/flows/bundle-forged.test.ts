// A real decision's bundle, and the same with one byte changed: in every part of it, whatever the part is. None of them verifies.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { parseBundle } from "../../src/report/bundle-file.ts";
import { nodePrimitives } from "../../src/proof/node.ts";
import { type VerifyOptions, verifyBundle } from "../../src/report/verify-bundle.ts";
import { Failure } from "../../src/terms/failure.ts";
import { chanceOf } from "../fuzz/seeded.ts";
import { type Desk, dropFolder, openDesk, released } from "./control-desk.ts";
import { savedBundle } from "./decided-bundle.ts";

const seed = 20261130;

let desk: Desk;
let bytes: Uint8Array;

before(async () => {
  desk = await openDesk();
  const { owner, release } = await released(desk);
  bytes = await savedBundle(desk, release, owner);
});

after(async () => {
  await desk.close();
  dropFolder(desk.folder);
});

function options(): VerifyOptions {
  return { pin: desk.control.state.firstRoot, plan: undefined, primitives: nodePrimitives, at: desk.now() };
}

async function isAccepted(forged: Uint8Array): Promise<boolean> {
  try {
    return (await verifyBundle(parseBundle(forged), options())).ok;
  } catch (error) {
    if (error instanceof Failure) return false;
    throw error;
  }
}

/** Every text, number and mark of the file that is JSON: from where to where in its bytes. */
function partsOf(json: Uint8Array): readonly (readonly [number, number])[] {
  const text = Buffer.from(json).toString("latin1");
  return [...text.matchAll(/"(?:[^"\\]|\\.)*"|[^"\s]/g)].map(({ index, 0: part }) => [index, index + part.length]);
}

describe("a bundle of a real decision", () => {
  test("verifies, every step of it, with the reasons of who signed and the receipts behind the evidence", async () => {
    const bundle = parseBundle(bytes);
    const { checks, firstDifference } = await verifyBundle(bundle, options());
    assert.equal(firstDifference, null);
    assert.deepEqual(
      checks.map(({ name }) => name),
      ["ledger", "decision", "parts", "documents", "judgement", "gate"],
    );
    assert.ok(bundle.receipts.length > 0 && bundle.openings.length > 0);
  });

  test("does not verify with one byte of any of its parts changed", async (t) => {
    const chance = chanceOf(seed);
    const parts = partsOf(bytes);
    for (const [from, to] of parts) {
      const forged = bytes.slice();
      const at = from + chance.below(to - from);
      forged[at] = (forged[at] ?? 0) ^ (1 << chance.below(8));
      const part = Buffer.from(bytes.subarray(from, Math.min(to, from + 60))).toString();
      assert.equal(await isAccepted(forged), false, `byte ${at} changed, in ${part}`);
    }
    t.diagnostic(`${parts.length} parts of ${bytes.length} bytes, one byte of each changed: none of them verified`);
  });
});
