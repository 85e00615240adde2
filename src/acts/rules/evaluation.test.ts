// Documents, permits, evidence, withdrawals, facts and receipt intervals: what is recorded, and what is refused.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Name } from "../../terms/ids.ts";
import type { BodyOf } from "../bodies.ts";
import {
  type Configuration,
  type Spoken,
  type World,
  ada,
  bo,
  callerKeyOf,
  configurationOf,
  digestOfLabel,
  documentsOf,
  evidenceOf,
  idOf,
  inDays,
  join,
  permitOf,
  playerOf,
  servers,
  signerOf,
  verdictOn,
  worldOfTwo,
} from "../fixtures.ts";
import { isApplied, nextInterval } from "./evaluation.ts";
import { permitDaysMax } from "./permit.ts";

const small = Name.parse("small");
const one = configurationOf("one");

async function worldWithDocuments(): Promise<World> {
  const world = await worldOfTwo();
  await world.say({ verb: "document", body: documentsOf(small, one), by: [ada] });
  return world;
}

test("a document becomes the candidate, and those before it stay known", async () => {
  const world = await worldWithDocuments();
  const two = configurationOf("two");
  await world.say({ verb: "document", body: documentsOf(small, two), by: [ada] });
  const models = world.state.documents.get("Model")?.get(small);
  assert.equal(models?.candidate, two.model);
  assert.deepEqual(models?.all, new Set([one.model, two.model]));
  assert.equal(isApplied(world.state, "Safeguards", one.safeguards), true);
  assert.equal(isApplied(world.state, "Safeguards", one.policy), false);
});

test("one act names a document once", async () => {
  const world = await worldOfTwo();
  const { documents } = documentsOf(small, one);
  const body = { documents: [...documents, ...documents] };
  assert.match(
    await verdictOn(world, { verb: "document", body, by: [ada] }),
    /^statement_invalid: A document is named twice/,
  );
});

async function permitVerdict(world: World, changes: Partial<BodyOf<"permit">>): Promise<string> {
  return verdictOn(world, { verb: "permit", body: { ...permitOf(world, small, one), ...changes }, by: [ada] });
}

test("a permit is recorded with who made it and when", async () => {
  const world = await worldWithDocuments();
  const body = permitOf(world, small, one);
  const act = await world.say({ verb: "permit", body, by: [ada] });
  const permit = world.state.permits.get(body.permit);
  assert.equal(permit?.by, ada.person);
  assert.equal(permit?.at, act.predicate.at);
  assert.equal(world.state.permitByHash.get(body.hash), body.permit);
});

test("a permit's id and secret are new, and it ends within its bound", async () => {
  const world = await worldWithDocuments();
  const body = permitOf(world, small, one);
  await world.say({ verb: "permit", body, by: [ada] });
  assert.match(await permitVerdict(world, { permit: body.permit }), /^conflict: This permit exists/);
  assert.match(await permitVerdict(world, { hash: body.hash }), /^conflict: This key is in use/);
  assert.match(await permitVerdict(world, { notAfter: inDays(world, -1) }), /^statement_invalid: A permit ends within/);
  const late = inDays(world, permitDaysMax + 1);
  assert.match(await permitVerdict(world, { notAfter: late }), /^statement_invalid: A permit ends within/);
});

test("a permit names documents that were applied, the model under its own name", async () => {
  const world = await worldWithDocuments();
  const other = digestOfLabel("never applied");
  const expected = { model: "model", safeguards: "safeguards document", policy: "usage policy", suite: "suite" };
  const { plan: _, ...digests } = one;
  for (const [field, word] of Object.entries(expected)) {
    const verdict = await permitVerdict(world, { digests: { ...digests, [field]: other } });
    assert.equal(verdict, `not_found: The permit names a ${word} that nobody applied.`);
  }
  assert.match(await permitVerdict(world, { model: Name.parse("other") }), /^not_found: The permit names a model/);
});

interface Run {
  readonly world: World;
  readonly permit: BodyOf<"permit">;
}

async function permitted(configuration: Configuration = one): Promise<Run> {
  const world = await worldWithDocuments();
  const permit = permitOf(world, small, configuration);
  await world.say({ verb: "permit", body: permit, by: [ada] });
  return { world, permit };
}

async function evidenceVerdict({ world, permit }: Run, changes: Partial<BodyOf<"evidence">>): Promise<string> {
  return verdictOn(world, { verb: "evidence", body: { ...evidenceOf(permit), ...changes }, by: [ada] });
}

test("evidence measured here is bound to its permit in run, model and every digest", async () => {
  const run = await permitted();
  assert.equal(await evidenceVerdict(run, {}), "admitted");
  const differs = /^statement_invalid: The evidence differs from its permit/;
  assert.match(await evidenceVerdict(run, { run: idOf.run("other") }), differs);
  assert.match(await evidenceVerdict(run, { model: Name.parse("other") }), differs);
  assert.match(await evidenceVerdict(run, { basis: "declared" }), differs);
  for (const field of ["model", "safeguards", "policy", "suite", "grader"]) {
    const digests = { ...run.permit.digests, [field]: digestOfLabel("another") };
    assert.match(await evidenceVerdict(run, { digests }), differs, field);
  }
});

test("evidence without a permit is declared, and no permit is made up", async () => {
  const run = await permitted();
  const elsewhere = { permit: null, basis: "declared", run: idOf.run("elsewhere") } as const;
  assert.equal(await evidenceVerdict(run, elsewhere), "admitted");
  assert.match(await evidenceVerdict(run, { permit: null }), /^statement_invalid: Evidence measured here names its/);
  assert.match(await evidenceVerdict(run, { permit: idOf.permit("none") }), /^not_found: The evidence names a permit/);
});

test("a run's id is of one permit, and nobody seals it by a report or under another permit", async () => {
  const run = await permitted();
  const again = { permit: null, basis: "declared" } as const;
  assert.match(await evidenceVerdict(run, again), /^conflict: This run has a permit/);
  assert.match(await permitVerdict(run.world, { run: run.permit.run }), /^conflict: This run's id is another run's/);
  const report = { ...evidenceOf(run.permit), ...again, run: idOf.run("report") };
  await run.world.say({ verb: "evidence", body: report, by: [ada] });
  assert.match(await permitVerdict(run.world, { run: report.run }), /^conflict: This run's id is another run's/);
});

test("a measure counts no more outcomes than trials", async () => {
  const run = await permitted();
  const [measure] = evidenceOf(run.permit).measures;
  assert.ok(measure !== undefined);
  const measures = [{ ...measure, failures: 150, unknown: 51 }];
  assert.match(await evidenceVerdict(run, { measures }), /^statement_invalid: Measure "misuse-success" counts more/);
});

test("a run is sealed once, and stays sealed when it is withdrawn", async () => {
  const run = await permitted();
  const act = await run.world.say({ verb: "evidence", body: evidenceOf(run.permit), by: [ada] });
  assert.equal(run.world.state.evidence.get(act.digest)?.by, ada.person);
  assert.match(await evidenceVerdict(run, { flags: [Name.parse("subset")] }), /^conflict: This run is sealed already/);
  const body = { evidence: run.permit.run, reason: digestOfLabel("reason") };
  await run.world.say({ verb: "withdrawal", body, by: [ada] });
  assert.equal(run.world.state.evidence.get(act.digest)?.withdrawn, true);
  assert.match(await evidenceVerdict(run, {}), /^conflict: This run is sealed already/);
});

test("a withdrawal names a run that was sealed", async () => {
  const { world } = await permitted();
  const body = { evidence: idOf.run("none"), reason: digestOfLabel("reason") };
  assert.match(await verdictOn(world, { verb: "withdrawal", body, by: [ada] }), /^not_found: There is no evidence/);
});

test("an evaluator permits and gives evidence, and safety does neither", async () => {
  const { world, permit } = await permitted();
  const val = playerOf("Val", "evaluator");
  await join(world, val, [ada, bo]);
  assert.equal(await verdictOn(world, { verb: "evidence", body: evidenceOf(permit), by: [val] }), "admitted");
  assert.match(await verdictOn(world, { verb: "evidence", body: evidenceOf(permit), by: [bo] }), /^authority_missing/);
});

test("a fact is recorded in the order of the ledger", async () => {
  const world = await worldOfTwo();
  for (const attempts of [12, 13]) {
    const body = { fact: { kind: "drill", attempts, opened: 0, unfinished: 0 }, model: null } as const;
    await world.say({ verb: "fact", body, by: [ada] });
  }
  assert.deepEqual(
    world.state.facts.map(({ body: { fact } }) => fact.kind === "drill" && fact.attempts),
    [12, 13],
  );
});

function intervalOf(world: World, changes: Partial<BodyOf<"receipts">> = {}): BodyOf<"receipts"> {
  const gateway = servers.gateway.publicKey;
  const next = nextInterval(world.state, gateway);
  return { gateway, ...next, count: 5, root: digestOfLabel(`root ${next.interval}`), permits: [], ...changes };
}

async function intervalVerdict(
  world: World,
  changes: Partial<BodyOf<"receipts">>,
  by: Spoken<"receipts">["by"] = [servers.gateway],
): Promise<string> {
  return verdictOn(world, { verb: "receipts", body: intervalOf(world, changes), by });
}

test("a gateway's intervals continue one another without a gap and count the exchanges of permits", async () => {
  const { world, permit } = await permitted();
  const permits = [{ permit: permit.permit, count: 3 }];
  await world.say({ verb: "receipts", body: intervalOf(world, { permits }), by: [servers.gateway] });
  await world.say({ verb: "receipts", body: intervalOf(world, { permits }), by: [servers.gateway] });
  assert.equal(world.state.permitExchanges.get(permit.permit), 6);
  assert.deepEqual(nextInterval(world.state, servers.gateway.publicKey), {
    interval: 3,
    first: 11,
    previous: digestOfLabel("root 2"),
  });
});

test("an interval that skips, repeats or follows another root is refused", async () => {
  const world = await worldOfTwo();
  await world.say({ verb: "receipts", body: intervalOf(world), by: [servers.gateway] });
  const gap = /^conflict: The next interval of this gateway is 2, from receipt 6 on/;
  for (const changes of [{ interval: 1 }, { interval: 3 }, { first: 7 }, { first: 1 }, { previous: null }]) {
    assert.match(await intervalVerdict(world, changes), gap);
  }
  assert.equal(await intervalVerdict(world, {}), "admitted");
});

test("a lost range continues a gateway's count, and weighs on the permits that were not over", async () => {
  const { world, permit } = await permitted();
  await world.say({ verb: "receipts", body: intervalOf(world), by: [servers.gateway] });
  const gateway = servers.gateway.publicKey;
  const spool = digestOfLabel("a file");
  const body = { ...nextInterval(world.state, gateway), gateway, count: 4, spool };
  for (const wrong of [{ first: 1 }, { interval: 1 }, { previous: null }])
    assert.match(
      await verdictOn(world, { verb: "lost", body: { ...body, ...wrong }, by: [servers.gateway] }),
      /^conflict/,
    );
  assert.match(await verdictOn(world, { verb: "lost", body, by: [ada] }), /^authority_missing/);
  await world.say({ verb: "lost", body, by: [servers.gateway] });
  assert.equal(world.state.permitExchanges.get(permit.permit), 4);
  assert.deepEqual(
    world.state.lost.map(({ first, count }) => [first, count]),
    [[6, 4]],
  );
  const next = nextInterval(world.state, gateway);
  assert.deepEqual([next.interval, next.first], [3, 10]);
  assert.equal(await intervalVerdict(world, {}), "admitted");
});

test("receipts are signed by their gateway alone, and the gateway stands in the root", async () => {
  const world = await worldOfTwo();
  const own = /^authority_missing: Receipts are signed by the gateway that gave them/;
  assert.match(await intervalVerdict(world, {}, [servers.control]), own);
  assert.match(await intervalVerdict(world, {}, [ada]), own);
  assert.match(await intervalVerdict(world, {}, [servers.gateway, ada]), own);
  assert.match(await intervalVerdict(world, { gateway: ada.signer.publicKey }, [ada]), own);
  const stranger = signerOf("another gateway");
  assert.match(
    await intervalVerdict(world, { gateway: stranger.publicKey }, [stranger]),
    /^authority_missing: This gateway is not in the trust root/,
  );
});

test("a caller's key is not a permit: its secret is refused for one", async () => {
  const world = await worldWithDocuments();
  const organisation = {
    organisation: Name.parse("acme"),
    type: Name.parse("partner"),
    document: one.plan,
    grants: [],
  };
  await world.say({ verb: "organisation", body: organisation, by: [ada] });
  const key = callerKeyOf(digestOfLabel("secret"));
  await world.say({ verb: "key", body: key, by: [ada] });
  assert.match(await permitVerdict(world, { hash: key.hash }), /^conflict: This key is in use already/);
});
