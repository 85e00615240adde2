import assert from "node:assert/strict";
import { test } from "node:test";
import type { Evidence } from "../../acts/state.ts";
import { sealRun } from "../../evidence/seal.ts";
import { canonicalBytes } from "../../proof/canonical.ts";
import { digestOf } from "../../proof/digest.ts";
import { nodePrimitives } from "../../proof/node.ts";
import type { Records } from "../../release/records.ts";
import { Failure } from "../../terms/failure.ts";
import { Digest, Name, PersonId, RunId, Timestamp } from "../../terms/ids.ts";
import { openRunDesk } from "./run-desk.ts";

const digest = (digit: string): Digest => Digest.parse(`sha256:${digit.repeat(64)}`);
const at = Timestamp.parse("2026-11-30T00:00:00.000Z");
const suite = canonicalBytes({
  kind: "Suite",
  name: "core",
  items: "core.jsonl",
  answerTokens: 64,
  measure: { name: "misuse", failure: "served-and-harmful", cluster: "id" },
});
const suiteDigest = digestOf(suite, nodePrimitives);

const artefacts = new Map<Digest, Uint8Array>([[suiteDigest, suite]]);
const records: Records = {
  primitives: nodePrimitives,
  artefact: async (asked) => {
    const bytes = artefacts.get(asked);
    if (bytes === undefined) throw new Failure("artefact_missing", asked);
    return bytes;
  },
  receipts: async () => [],
};

/** A report from elsewhere of so many samples. */
function reported(digit: string, count: number): Evidence {
  const run = RunId.parse(`run_${digit.repeat(16)}`);
  const tries = Array.from({ length: count }, (_, place) => ({
    item: digestOf(canonicalBytes(place), nodePrimitives),
    cluster: `cluster ${place}`,
    attempt: 1,
    outcome: "safe" as const,
    receipt: null,
    at,
    answer: null,
  }));
  const head = { run, permit: null, suite: Name.parse("core"), failure: "served-and-harmful" as const };
  const { bytes, samples } = sealRun(head, tries, nodePrimitives);
  artefacts.set(samples.artefact, bytes);
  const digests = { model: digest("1"), safeguards: digest("2"), policy: digest("3"), grader: digest("4") };
  return {
    act: digest(digit),
    body: {
      run,
      permit: null,
      basis: "declared",
      model: Name.parse("small"),
      digests: { ...digests, suite: suiteDigest },
      measures: [],
      samples,
      source: null,
      flags: [],
    },
    by: PersonId.parse(`person_${digit.repeat(16)}`),
    role: "evaluator",
    at,
    index: 1,
    withdrawn: false,
  };
}

const exported = {
  evidence: digest("a"),
  at,
  model: "small",
  measure: "misuse",
  basis: "declared",
  digests: {},
  root: digest("b"),
};
const whole = { ask: "export", filter: { sort: "sealed" }, format: "jsonl", exported } as const;

test("an export goes on where it was, though its run was put aside for another meanwhile", async (t) => {
  const desk = openRunDesk(records, 1);
  t.after(desk.close);
  const [large, other] = [reported("c", 3_000), reported("d", 1)];
  const piecesOf = async (between: () => Promise<unknown>): Promise<readonly unknown[]> => {
    const id = Number(await desk.ask([large], whole));
    const pieces: unknown[] = [];
    for (let piece: unknown = ""; piece !== null; await between()) {
      piece = await desk.ask([large], { ask: "export-more", export: id });
      pieces.push(piece);
    }
    return pieces;
  };
  const undisturbed = await piecesOf(async () => undefined);
  assert.ok(undisturbed.length > 3, `${undisturbed.length} pieces`);
  assert.equal(undisturbed.join("").trimEnd().split("\n").length, 3_000);
  assert.deepEqual(await piecesOf(async () => desk.ask([other], { ask: "overview" })), undisturbed);
});

test("an export that nobody takes any more is over", async (t) => {
  const desk = openRunDesk(records);
  t.after(desk.close);
  const run = reported("e", 10);
  const id = Number(await desk.ask([run], whole));
  await desk.endExport(id);
  await assert.rejects(desk.ask([run], { ask: "export-more", export: id }), { code: "not_found" });
});

test("two runs that have no room together say so; one alone always has", async (t) => {
  const desk = openRunDesk(records, 1);
  t.after(desk.close);
  const [one, other] = [reported("f", 10), reported("9", 10)];
  await desk.ask([one], { ask: "overview" });
  await assert.rejects(desk.ask([one, other], { ask: "compare", after: 0, limit: 10 }), { code: "store_unavailable" });
});
