import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { signCheckpoint } from "../proof/checkpoint.ts";
import { digestOf, digestOfHash } from "../proof/digest.ts";
import { toUtf8 } from "../proof/encoding.ts";
import { formatLeaf } from "../proof/leaf.ts";
import { leafHash, rootOf } from "../proof/merkle.ts";
import { newSigner, nodePrimitives, signerFromSeed } from "../proof/node.ts";
import { failureCode } from "../terms/failure.ts";
import { type KnownLog, LedgerProof, checkLedgerProof, proveEntry, proveGrowth } from "./ledger-proof.ts";

const signer = signerFromSeed("AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=");
const key = { name: "test/log", publicKey: signer.publicKey };

function leafAt(index: number): Uint8Array {
  return formatLeaf(digestOf(toUtf8(`act ${index}`), nodePrimitives), "hold");
}

async function logOf(size: number): Promise<KnownLog> {
  const leaves = Array.from({ length: size }, (_, index) => leafHash(leafAt(index), nodePrimitives));
  const root = rootOf(leaves, nodePrimitives);
  return {
    rootAt: (at) => digestOfHash(rootOf(leaves.slice(0, at), nodePrimitives)),
    leaves,
    checkpoint: await signCheckpoint({ origin: key.name, size, root }, signer, nodePrimitives),
  };
}

async function isAccepted(proof: unknown): Promise<boolean> {
  const parsed = LedgerProof.safeParse(proof);
  if (!parsed.success) return false;
  return checkLedgerProof(parsed.data, key, nodePrimitives).then(
    () => true,
    (error: unknown) => {
      assert.ok(["proof_invalid", "signature_invalid"].includes(String(failureCode(error))), String(error));
      return false;
    },
  );
}

describe("a proof about the ledger", () => {
  test("every entry of every small ledger is proven, with its verb, and in no other place", async () => {
    for (const size of [1, 2, 3, 7, 8]) {
      const log = await logOf(size);
      for (let index = 0; index < size; index++) {
        const proof = proveEntry(log, { index, leaf: leafAt(index) }, nodePrimitives);
        const { entry, head } = await checkLedgerProof(proof, key, nodePrimitives);
        assert.deepEqual([entry?.index, entry?.verb, head.size], [index, "hold", size]);
        assert.equal(await isAccepted({ ...proof, index: index + 1 }), false);
      }
    }
  });

  test("growth is proven between any two sizes, and never the other way round", async () => {
    const log = await logOf(7);
    for (let from = 1; from <= 7; from++) {
      for (let to = from; to <= 7; to++) {
        const proof = proveGrowth(log, { from, to }, nodePrimitives);
        const { trees } = await checkLedgerProof(proof, key, nodePrimitives);
        assert.deepEqual(
          trees.map(({ size }) => size),
          [from, to, 7],
        );
        if (proof.kind === "consistency" && from < to)
          assert.equal(await isAccepted({ ...proof, from: proof.to, to: proof.from }), false);
      }
    }
  });

  test("one character changed anywhere in a proof is noticed", async () => {
    const log = await logOf(7);
    const proofs = [
      proveEntry(log, { index: 4, leaf: leafAt(4) }, nodePrimitives),
      proveGrowth(log, { from: 3, to: 6 }, nodePrimitives),
    ];
    for (const proof of proofs) {
      const text = JSON.stringify(proof);
      for (let at = 0; at < text.length; at++) {
        const changed = `${text.slice(0, at)}${text[at] === "0" ? "1" : "0"}${text.slice(at + 1)}`;
        assert.equal(await isAccepted(jsonOf(changed)), false, `${at}: ${changed}`);
      }
    }
  });

  test("a head that another key signed is not accepted", async () => {
    const log = await logOf(3);
    const root = rootOf(log.leaves, nodePrimitives);
    const other = newSigner().signer;
    const checkpoint = await signCheckpoint({ origin: key.name, size: 3, root }, other, nodePrimitives);
    const proof = proveEntry({ ...log, checkpoint }, { index: 1, leaf: leafAt(1) }, nodePrimitives);
    assert.equal(await isAccepted(proof), false);
  });
});

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
