// Observe mode at the control plane: opened by what the stage takes, said wherever the stage is, and added up from receipts
// for those who may read.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import type { Release } from "../../src/acts/bodies.ts";
import { StatusView } from "../../src/control/contract.ts";
import { parseDocuments } from "../../src/documents/parse.ts";
import { fromUtf8 } from "../../src/proof/encoding.ts";
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
  model,
  must,
  openDesk,
  refusalOf,
  resolved,
  run,
  sealed,
  send,
  signBy,
  signOff,
  wordOf,
} from "./control-desk.ts";
import { servedInterval } from "./served-interval.ts";

const documents = resolved(documentsText().replace("  - stage: trusted\n", "  - stage: trusted\n    mode: observe\n"));
const desk = await openDesk();
after(async () => {
  await desk.close();
  dropFolder(desk.folder);
});
const { owner, safety, release } = await observed();

async function observed(): Promise<{ readonly owner: Member; readonly safety: Member; readonly release: Release }> {
  const ada = await initialise(desk);
  const bo = await enrol(desk, "safety", [ada]);
  await apply(desk, ada, documents);
  const done = sealed(desk, await run(desk, ada, documents));
  await must(desk, { verb: "evidence", body: done.body, by: [ada.signer] }, { artefacts: [done.bytes] });
  return { owner: ada, safety: bo, release: draft(desk, { documents }) };
}

async function statusOf(of: Desk, path: string, reader?: Member): Promise<StatusView> {
  return StatusView.parse((await get(of, path, reader)).json);
}

test("a stage that the plan observes is not opened to enforce, nor by fewer than its floor", async () => {
  const { mode: _mode, ...enforcing } = release;
  const envelope = await signBy(desk, { verb: "proposal", body: { release: enforcing }, by: [owner.signer] });
  assert.match(refusalOf(await send(desk, envelope)).message, /mode is not the plan's/);
  const proposal = await must(desk, { verb: "proposal", body: { release }, by: [owner.signer] });
  await signOff(desk, proposal, owner);
  const early = await signBy(desk, { verb: "certificate", body: { release }, by: [owner.signer] });
  assert.match(wordOf(await send(desk, early)), /quorum_missing|gate_not_passed/);
  await signOff(desk, proposal, safety);
  await must(desk, { verb: "certificate", body: { release }, by: [owner.signer] });
});

test("receipts add up once, by what would have stopped them, for people with a pass and nobody else", async () => {
  const interval = await servedInterval(desk, release, [
    {},
    {},
    { would: "blocked", input: "block:cyber" },
    { would: "blocked", output: "unknown:failed" },
    { outcome: "cut", would: "cut", output: "none" },
    { outcome: "refused", would: "refused", input: "none", output: "none", why: "quota_exhausted" },
  ]);
  await desk.control.feed.recordInterval(interval.envelope, interval.drained);
  await desk.control.feed.recordInterval(interval.envelope, interval.drained);
  const { certified, observed: sum } = await statusOf(desk, `/api/v1/models/${model}/status`, owner);
  assert.equal(certified?.mode, "observe");
  const by = [
    { side: "input", verdict: "block:cyber", count: 1 },
    { side: "output", verdict: "unknown:failed", count: 1 },
  ];
  assert.deepEqual(sum, { hours: 24, exchanges: 5, stopped: 2, by });
  const told = await statusOf(desk, `/api/v1/public/models/${model}/status`);
  assert.deepEqual([told.certified?.mode, told.observed], ["observe", null]);
});

test("the transparency page says that safeguards only observe, and no volumes", async () => {
  const page = fromUtf8((await desk.control.feed.publicFile("transparency"))?.body ?? new Uint8Array());
  assert.match(page ?? "", /observe mode/);
  const json = fromUtf8((await desk.control.feed.publicFile("transparency.json"))?.body ?? new Uint8Array());
  assert.match(json ?? "", /"mode":"observe"/);
  assert.match(json ?? "", /"observed":null/);
});

test("the example is a plan that observes at every stage", () => {
  const folder = join(import.meta.dirname, "../../examples/observe");
  const files = readdirSync(folder).map((path) => ({ path, text: readFileSync(join(folder, path), "utf8") }));
  const parsed = parseDocuments(files).map(({ document }) => document);
  assert.deepEqual(parsed.map(({ kind }) => kind).toSorted(), [
    "Model",
    "Organisation",
    "ReleasePlan",
    "Safeguards",
    "UsagePolicy",
  ]);
  const modes = parsed.flatMap((one) => (one.kind === "ReleasePlan" ? one.stages.map(({ mode }) => mode) : []));
  assert.deepEqual(modes, ["observe", "observe"]);
});
