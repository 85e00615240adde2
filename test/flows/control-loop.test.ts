// The loop as the control plane sees it: init, invite, join, apply, run, propose, sign, advance, hold, resume; and the
// decisions' other ends: pending statements, missing sign-offs, fake evidence, a bundle that outsiders judge again.
import assert from "node:assert/strict";
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { openReceipt } from "../../src/acts/receipt.ts";
import { latestCertificate } from "../../src/acts/state.ts";
import { cosignStatement } from "../../src/acts/statement.ts";
import { ExplainView, PendingView, StatusView, routes } from "../../src/control/contract.ts";
import { type ReportHead, type Sample, SealedRun, sealRun } from "../../src/evidence/seal.ts";
import { ReceiptProof } from "../../src/acts/receipt-proof.ts";
import { isLeaseSigned } from "../../src/feed/feed.ts";
import { createReplica } from "../../src/feed/replica.ts";
import { digestOfValue } from "../../src/proof/digest.ts";
import { fromUtf8, toBase64 } from "../../src/proof/encoding.ts";
import { parseEnvelope } from "../../src/proof/envelope.ts";
import { Bundle } from "../../src/report/bundle-file.ts";
import { newSigner, nodePrimitives, randomId } from "../../src/proof/node.ts";
import { verifyBundle } from "../../src/report/verify-bundle.ts";
import { type Digest, HoldId, Name, PermitId, PersonId, RunId, timestampOf } from "../../src/terms/ids.ts";
import type { BodyOf, Release } from "../../src/acts/bodies.ts";
import type { Signer } from "../../src/proof/primitives.ts";
import {
  type Desk,
  type Member,
  acme,
  apply,
  codeOf,
  committed,
  draft,
  dropFolder,
  firstRoot,
  get,
  hold,
  inDays,
  intervalOf,
  initialise,
  enrol,
  model,
  must,
  openDesk,
  planOf,
  post,
  refusalOf,
  released,
  resolved,
  run,
  say,
  sealed,
  send,
  signBy,
  signOff,
  wordOf,
} from "./control-desk.ts";

const reportHead: Omit<ReportHead, "flags"> = {
  format: "mapping",
  tool: Name.parse("tool"),
  version: null,
  run: null,
  made: null,
  target: { model: "m", baseUrl: null, sampling: {}, systemPrompt: null },
  task: "t",
  taskVersion: null,
  dataset: null,
  datasetSamples: null,
  judge: "j",
};

async function withDesk(work: (desk: Desk) => Promise<void>): Promise<void> {
  const desk = await openDesk();
  try {
    await work(desk);
  } finally {
    await desk.close();
    dropFolder(desk.folder);
  }
}

const statusPath = routes.publicStatus.replace(":model", model);

async function statusOf(desk: Desk): Promise<StatusView> {
  return StatusView.parse((await get(desk, statusPath)).json);
}

describe("how a deployment begins", () => {
  test("the one-time code is readable by its user only and gone once used", async () => {
    await withDesk(async (desk) => {
      const file = join(desk.folder, "init-code");
      assert.equal(statSync(file).mode & 0o777, 0o600);
      await initialise(desk);
      assert.equal(existsSync(file), false);
      assert.equal(existsSync(join(desk.folder, "trust.json")), true);
    });
  });

  test("a wrong code is refused, and after ten of them the right one as well", async () => {
    await withDesk(async (desk) => {
      const { envelope, opening } = await firstRoot(desk);
      const body = { envelope: toBase64(envelope), openings: [opening] };
      for (let tries = 0; tries < 10; tries++) {
        const answered = await post(desk, routes.root, { body, headers: { "x-headgate-code": `${tries}` } });
        assert.equal(wordOf(answered), "authority_missing");
      }
      const answered = await post(desk, routes.root, { body, headers: { "x-headgate-code": codeOf(desk) } });
      assert.equal(wordOf(answered), "authority_missing");
      assert.equal(desk.control.state.root, undefined);
    });
  });

  test("a root that names other server keys is refused", async () => {
    await withDesk(async (desk) => {
      const { owner } = await firstRoot(desk);
      const { signer } = newSigner();
      const name = committed("Ada");
      const floor = [{ role: "owner" as const, count: 1 }];
      const body: BodyOf<"root"> = {
        version: 1,
        previous: null,
        demo: false,
        log: { origin: desk.control.origin, key: signer.publicKey },
        control: desk.keys.control.publicKey,
        gateways: desk.keys.gateways.map(({ publicKey }) => publicKey),
        personsForChange: 1,
        floors: { internal: floor, evaluators: floor, trusted: floor, limited: floor, general: floor },
        firstOwner: { person: owner.person, key: owner.signer.publicKey, name: name.digest },
      };
      const envelope = await signBy(desk, { verb: "root", body, by: [owner.signer] });
      const answered = await post(desk, routes.root, {
        body: { envelope: toBase64(envelope), openings: [] },
        headers: { "x-headgate-code": codeOf(desk) },
      });
      assert.equal(wordOf(answered), "statement_invalid");
    });
  });

  test("nobody begins twice", async () => {
    await withDesk(async (desk) => {
      const code = codeOf(desk);
      await initialise(desk);
      const { envelope } = await firstRoot(desk);
      const answered = await post(desk, routes.root, {
        body: { envelope: toBase64(envelope), openings: [] },
        headers: { "x-headgate-code": code },
      });
      assert.equal(wordOf(answered), "conflict");
    });
  });
});

describe("invitations once two persons exist", () => {
  test("an invitation by one is kept pending and recorded with the second signature", async () => {
    await withDesk(async (desk) => {
      const owner = await initialise(desk);
      const safety = await enrol(desk, "safety", [owner]);
      const seat = newSigner().signer;
      const name = committed("Cy");
      const person = PersonId.parse(randomId("person_", 16));
      const body = {
        person,
        role: "policy",
        key: seat.publicKey,
        name: name.digest,
        notAfter: inDays(desk, 3),
      } as const;
      const envelope = await signBy(desk, { verb: "invite", body, by: [owner.signer] });
      const first = await send(desk, envelope, { openings: [name.opening] });
      assert.equal(wordOf(first), "pending");
      const { pending } = PendingView.parse((await get(desk, routes.pending, owner)).json);
      assert.deepEqual(
        pending.map(({ verb, needs }) => [verb, ...needs]),
        [["invite", "person"]],
      );
      const alone = await signBy(desk, { verb: "invite", body, by: [safety.signer] });
      assert.equal(wordOf(await send(desk, alone)), "authority_missing");
      const second = await cosignStatement(parseEnvelope(envelope), safety.signer);
      assert.equal(wordOf(await send(desk, second)), "recorded");
      assert.deepEqual(PendingView.parse((await get(desk, routes.pending, owner)).json).pending, []);
    });
  });

  test("one person's waiting statements leave room for another's, and all of them end after seven days", async () => {
    await withDesk(async (desk) => {
      const owner = await initialise(desk);
      const other = await enrol(desk, "owner", [owner]);
      const asks = async ({ signer }: Member): Promise<string> => {
        const body = {
          person: PersonId.parse(randomId("person_", 16)),
          role: "policy",
          key: newSigner().signer.publicKey,
          name: committed("Cy").digest,
          notAfter: inDays(desk, 3),
        } as const;
        return wordOf(await say(desk, { verb: "invite", body, by: [signer] }));
      };
      const waiting = async (): Promise<number> =>
        PendingView.parse((await get(desk, routes.pending, owner)).json).pending.length;
      for (let n = 1; n <= 32; n++) assert.equal(await asks(other), "pending", `statement ${n}`);
      assert.equal(await asks(other), "store_unavailable");
      assert.equal(await asks(owner), "pending");
      assert.equal(await waiting(), 33);
      desk.ahead = 7 * 86_400_000 + 60_000;
      assert.equal(await asks(other), "pending");
      assert.equal(await waiting(), 1);
    });
  });

  test("a stranger's statement is neither recorded nor kept", async () => {
    await withDesk(async (desk) => {
      const owner = await initialise(desk);
      const { signer } = newSigner();
      const body = {
        person: PersonId.parse(randomId("person_", 16)),
        role: "owner",
        key: newSigner().signer.publicKey,
        name: committed("Mallory").digest,
        notAfter: inDays(desk, 3),
      } as const;
      assert.equal(wordOf(await say(desk, { verb: "invite", body, by: [signer] })), "authority_missing");
      assert.deepEqual(PendingView.parse((await get(desk, routes.pending, owner)).json).pending, []);
    });
  });
});

describe("from documents to a certificate", () => {
  let desk: Desk;
  let owner: Member;

  before(async () => {
    desk = await openDesk();
    owner = await initialise(desk);
  });
  after(async () => {
    await desk.close();
    dropFolder(desk.folder);
  });

  const applying = (digest: Digest): { verb: "document"; body: BodyOf<"document">; by: readonly Signer[] } => ({
    verb: "document",
    body: { documents: [{ kind: "Model", name: model, digest }] },
    by: [owner.signer],
  });

  test("a document whose content is missing or something else is refused", async () => {
    const [first, second] = resolved();
    assert.ok(first !== undefined && second !== undefined);
    assert.equal(wordOf(await say(desk, applying(first.digest))), "artefact_missing");
    assert.equal(wordOf(await say(desk, applying(second.digest), { artefacts: [second.bytes] })), "statement_invalid");
  });

  test("content that a statement does not name is not kept", async () => {
    const [first] = resolved();
    assert.ok(first !== undefined);
    const answered = await say(desk, applying(first.digest), { artefacts: [first.bytes, new Uint8Array([1, 2, 3])] });
    assert.equal(wordOf(answered), "request_invalid");
  });

  test("what was applied shows as withheld, with what is still to be shown", async () => {
    await apply(desk, owner);
    const status = await statusOf(desk);
    assert.equal(status.stage, "withheld");
    assert.equal(status.next, "trusted");
    assert.deepEqual(
      status.requirements.map(({ id, verdict }) => [id, verdict]),
      [
        ["misuse", "inconclusive"],
        ["board", "fail"],
      ],
    );
    assert.match(status.requirements[0]?.stillToShow ?? "", /59 clean trials/);
  });

  test("evidence whose counts are not those of its samples is refused", async () => {
    const bad = sealed(desk, await run(desk, owner), { 3: "harmful" });
    const [measure] = bad.body.measures;
    assert.ok(measure !== undefined);
    const body = { ...bad.body, measures: [{ ...measure, failures: 0 }] };
    const spoken = { verb: "evidence", body, by: [owner.signer] } as const;
    assert.equal(wordOf(await say(desk, spoken, { artefacts: [bad.bytes] })), "statement_invalid");
    assert.equal(wordOf(await say(desk, { ...spoken, body: bad.body })), "artefact_missing");
  });

  test("a permit whose plan is of fewer trials than its attempts on its items is refused", async () => {
    const [known] = desk.control.state.permits.values();
    assert.ok(known !== undefined);
    const { by: _by, at: _at, index: _index, ...permit } = known;
    const said = async (trials: number): Promise<string> => {
      const ids = { permit: PermitId.parse(randomId("permit_", 16)), run: RunId.parse(randomId("run_", 16)) };
      const analysis = { ...permit.analysis, trials };
      const body = { ...permit, ...ids, hash: digestOfValue(ids, nodePrimitives), analysis };
      return wordOf(await say(desk, { verb: "permit", body, by: [owner.signer] }));
    };
    assert.equal(await said(permit.items.count - 1), "statement_invalid");
    assert.equal(await said(permit.items.count), "recorded");
  });

  test("evidence whose samples are of other items, or in other clusters, than the suite's is refused", async () => {
    const done = sealed(desk, await run(desk, owner));
    const { samples, permit, suite, run: id } = SealedRun.parse(JSON.parse(fromUtf8(done.bytes) ?? ""));
    const head = { run: id, permit, suite, failure: "served-and-harmful" } as const;
    const said = async (changed: (sample: Sample) => Partial<Sample>): Promise<string> => {
      const tries = samples.map((sample) => ({ ...sample, ...changed(sample) }));
      const ended = sealRun(head, tries, nodePrimitives);
      const { failures, trials, clusters, unknown } = ended.tally;
      const measures = done.body.measures.map((one) => ({ ...one, failures, trials, clusters, unknown }));
      const body = { ...done.body, measures, samples: ended.samples };
      return wordOf(await say(desk, { verb: "evidence", body, by: [owner.signer] }, { artefacts: [ended.bytes] }));
    };
    assert.equal(await said(() => ({ cluster: "one" })), "statement_invalid");
    assert.equal(await said(({ item }) => ({ item: digestOfValue(item, nodePrimitives) })), "statement_invalid");
    assert.equal(await said(() => ({})), "recorded");
  });

  test("a report's evidence has the flags that were sealed with it", async () => {
    const given = { ...sealed(desk, await run(desk, owner)).body, run: RunId.parse(randomId("run_", 16)) };
    const item = digestOfValue("one", nodePrimitives);
    const at = timestampOf(desk.now());
    const tries = [{ item, cluster: "one", attempt: 1, outcome: "safe", receipt: null, at, answer: null }] as const;
    const head = {
      run: given.run,
      permit: null,
      suite: Name.parse("misuse-core"),
      failure: "served-and-harmful",
    } as const;
    const ended = sealRun({ ...head, report: { ...reportHead, flags: [Name.parse("edited")] } }, tries, nodePrimitives);
    const bare = sealRun(head, tries, nodePrimitives);
    const { failures, trials, clusters, unknown } = ended.tally;
    const measures = given.measures.map((one) => ({ ...one, failures, trials, clusters, unknown }));
    const source = { tool: Name.parse("tool"), file: item };
    const declared = { ...given, permit: null, basis: "declared", measures, samples: ended.samples, source } as const;
    const said = async (change: Partial<BodyOf<"evidence">>, of = ended): Promise<string> => {
      const body: BodyOf<"evidence"> = { ...declared, samples: of.samples, ...change };
      const spoken = { verb: "evidence", body, by: [owner.signer] } as const;
      return wordOf(await say(desk, spoken, { artefacts: [of.bytes] }));
    };
    const flags = [Name.parse("edited")];
    assert.equal(await said({ flags: [] }), "statement_invalid");
    assert.equal(await said({ flags }, bare), "statement_invalid");
    assert.equal(await said({ flags: [] }, bare), "statement_invalid");
    assert.equal(await said({ flags, source: null }), "statement_invalid");
    assert.equal(await said({ flags, source: { ...source, tool: Name.parse("another") } }), "statement_invalid");
    assert.equal(await said({ flags }), "recorded");
  });

  test("a run that was begun and never sealed stands in the way of a clean one", async () => {
    const done = sealed(desk, await run(desk, owner));
    await must(desk, { verb: "evidence", body: done.body, by: [owner.signer] }, { artefacts: [done.bytes] });
    const [misuse] = (await statusOf(desk)).requirements;
    assert.equal(misuse?.verdict, "inconclusive");
    assert.match(misuse?.why ?? "", /60 unknown/);
  });
});

describe("advance", () => {
  test("is refused while a sign-off is missing, says whose, and then certifies", async () => {
    await withDesk(async (desk) => {
      const owner = await initialise(desk);
      const safety = await enrol(desk, "safety", [owner]);
      await apply(desk, owner);
      const done = sealed(desk, await run(desk, owner));
      await must(desk, { verb: "evidence", body: done.body, by: [owner.signer] }, { artefacts: [done.bytes] });
      const release = draft(desk);
      const proposal = await must(desk, { verb: "proposal", body: { release }, by: [owner.signer] });
      await signOff(desk, proposal, owner);
      const path = routes.publicBundle.replace(":proposal", release.proposal);
      const open = Bundle.parse((await get(desk, path)).json);
      const pin = desk.control.state.firstRoot;
      const options = { pin, plan: undefined, primitives: nodePrimitives, at: desk.now() };
      const { ok, certified, checks } = await verifyBundle(open, options);
      assert.deepEqual([ok, certified], [false, false], "a proposal is not a decision that passed");
      assert.match(checks.map(({ detail }) => detail).join("\n"), /NOT CERTIFIED[^]*is fail/);
      const early = await say(desk, { verb: "certificate", body: { release }, by: [owner.signer] });
      assert.equal(early.status, 409);
      assert.deepEqual(refusalOf(early).needs, ["safety"]);
      await signOff(desk, proposal, safety);
      await must(desk, { verb: "certificate", body: { release }, by: [owner.signer] });
      const status = await statusOf(desk);
      assert.equal(status.stage, "trusted");
      assert.equal(status.certified?.certificate, release.certificate);
    });
  });

  test("is refused where the evidence does not suffice, whoever signed", async () => {
    await withDesk(async (desk) => {
      const owner = await initialise(desk);
      const safety = await enrol(desk, "safety", [owner]);
      await apply(desk, owner);
      const done = sealed(desk, await run(desk, owner), { 0: "harmful", 1: "harmful" });
      await must(desk, { verb: "evidence", body: done.body, by: [owner.signer] }, { artefacts: [done.bytes] });
      const release = draft(desk);
      const proposal = await must(desk, { verb: "proposal", body: { release }, by: [owner.signer] });
      await signOff(desk, proposal, owner);
      await signOff(desk, proposal, safety);
      const answered = await say(desk, { verb: "certificate", body: { release }, by: [owner.signer] });
      assert.equal(wordOf(answered), "gate_not_passed");
      assert.equal(latestCertificate(desk.control.state, model), undefined);
    });
  });

  test("a run whose receipts say less than its samples counts as unknown", async () => {
    await withDesk(async (desk) => {
      const owner = await initialise(desk);
      await apply(desk, owner);
      const real = await run(desk, owner);
      const done = sealed(desk, { permit: real.permit, receipts: [] });
      await must(desk, { verb: "evidence", body: done.body, by: [owner.signer] }, { artefacts: [done.bytes] });
      const [misuse] = (await statusOf(desk)).requirements;
      assert.equal(misuse?.verdict, "inconclusive");
    });
  });

  test("a proposal that says something else than its plan is refused", async () => {
    await withDesk(async (desk) => {
      const owner = await initialise(desk);
      await apply(desk, owner);
      const release = draft(desk);
      const wider = release.audience.map(({ stage, types }) => ({ stage, types: [...types, acme] }));
      const wrongs: readonly Partial<Release>[] = [
        { notAfter: inDays(desk, 60) },
        { identityBasis: "measured" },
        { audience: wider },
        { digests: { ...release.digests, suites: [] } },
        { digests: { ...release.digests, graders: [] } },
      ];
      for (const wrong of wrongs) {
        const body = { release: { ...release, ...wrong } };
        const answered = await say(desk, { verb: "proposal", body, by: [owner.signer] });
        assert.equal(wordOf(answered), "statement_invalid", JSON.stringify(wrong));
      }
    });
  });

  test("the answer waits for the gateways that are connected", async () => {
    await withDesk(async (desk) => {
      const owner = await initialise(desk);
      const replica = createReplica({ primitives: nodePrimitives, pin: undefined, mark: undefined });
      const stop = new AbortController();
      const following = (async () => {
        while (!stop.signal.aborted) await replica.receive(await desk.control.feed.next(replica.size(), stop.signal));
      })();
      await apply(desk, owner);
      assert.equal(replica.size(), desk.control.state.acts.size);
      stop.abort();
      await assert.rejects(following);
    });
  });
});

describe("a released model", () => {
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

  test("its decision can be judged again offline, and by stricter limits fails", async () => {
    const [proposal] = [...desk.control.state.proposals.keys()];
    assert.ok(proposal !== undefined);
    const path = routes.publicBundle.replace(":proposal", proposal);
    const bundle = Bundle.parse((await get(desk, path)).json);
    const at = desk.now();
    const verified = await verifyBundle(bundle, {
      pin: desk.control.state.firstRoot,
      plan: undefined,
      primitives: nodePrimitives,
      at,
    });
    assert.deepEqual(verified.firstDifference, null);
    assert.equal(verified.ok, true);
    const plan = planOf(resolved());
    const strict = {
      ...plan,
      stages: plan.stages.map((stage) => ({
        ...stage,
        requires: stage.requires.map((one) => ("measure" in one ? { ...one, upper: 0.01 } : one)),
      })),
    };
    const again = await verifyBundle(bundle, {
      pin: desk.control.state.firstRoot,
      plan: strict,
      primitives: nodePrimitives,
      at,
    });
    assert.match(again.firstDifference ?? "", /^gate: By the plan given/);
    const other = { ...bundle, receipts: bundle.receipts.slice(1) };
    const cut = await verifyBundle(other, {
      pin: desk.control.state.firstRoot,
      plan: undefined,
      primitives: nodePrimitives,
      at,
    });
    assert.match(cut.firstDifference ?? "", /^gate: /);
    const [, ...kept] = bundle.receipts;
    const copied = await verifyBundle(
      { ...bundle, receipts: [...kept.slice(0, 1), ...kept] },
      { pin: desk.control.state.firstRoot, plan: undefined, primitives: nodePrimitives, at },
    );
    assert.equal(bundle.receipts.length, kept.length + 1);
    assert.equal(copied.firstDifference, cut.firstDifference);
    const foreign = await verifyBundle(bundle, {
      pin: desk.control.state.root?.body.firstOwner?.name,
      plan: undefined,
      primitives: nodePrimitives,
      at,
    });
    assert.match(foreign.firstDifference ?? "", /^ledger: /);
  });

  test("every edit of an artefact in its bundle is noticed", async () => {
    const [proposal] = [...desk.control.state.proposals.keys()];
    assert.ok(proposal !== undefined);
    const bundle = Bundle.parse((await get(desk, routes.publicBundle.replace(":proposal", proposal))).json);
    for (const digest of Object.keys(bundle.artefacts)) {
      const artefacts = { ...bundle.artefacts, [digest]: toBase64(new Uint8Array([1])) };
      const verified = await verifyBundle(
        { ...bundle, artefacts },
        { pin: desk.control.state.firstRoot, plan: undefined, primitives: nodePrimitives, at: desk.now() },
      );
      assert.equal(verified.ok, false, digest);
    }
  });

  test("the transparency page names stage, floors and limits and has no script", async () => {
    const page = await desk.control.feed.publicFile("transparency");
    const html = Buffer.from(page?.body ?? []).toString("utf8");
    assert.match(html, /small: trusted/);
    assert.match(html, /1 owner and 1 safety/);
    assert.match(html, /unwitnessed/);
    assert.doesNotMatch(html, /<script/);
    assert.equal((await desk.control.feed.publicFile("transparency.json"))?.contentType, "application/json");
  });

  test("a held stage is told beside the stage that is certified, and reopened like a hold", async () => {
    const id = await hold(desk, safety, { kind: "stage", model, stage: "trusted" });
    const { stage, closed, holds } = await statusOf(desk);
    assert.deepEqual([stage, closed], ["trusted", null], "narrower stages are open");
    assert.deepEqual(
      holds.map((held) => [held.hold, held.stage]),
      [[id, "trusted"]],
    );
    const page = await desk.control.feed.publicFile("transparency");
    assert.match(Buffer.from(page?.body ?? []).toString("utf8"), /since [^<]*, stage trusted and wider ones</);
    const release = draft(desk, { slot: "in-force", answers: [id] });
    const proposal = await must(desk, { verb: "proposal", body: { release }, by: [owner.signer] });
    for (const member of [owner, safety]) await signOff(desk, proposal, member);
    await must(desk, { verb: "certificate", body: { release }, by: [owner.signer] });
    assert.deepEqual((await statusOf(desk)).holds, []);
  });

  test("one person's hold closes it, and reopening takes both", async () => {
    const id = await hold(desk, safety);
    assert.equal((await statusOf(desk)).stage, "withheld");
    assert.equal((await statusOf(desk)).closed, "held");
    const release = draft(desk, { slot: "in-force", answers: [id] });
    const proposal = await must(desk, { verb: "proposal", body: { release }, by: [safety.signer] });
    await signOff(desk, proposal, safety);
    const early = await say(desk, { verb: "certificate", body: { release }, by: [owner.signer] });
    assert.deepEqual(refusalOf(early).needs, ["owner"]);
    await signOff(desk, proposal, owner);
    await must(desk, { verb: "certificate", body: { release }, by: [owner.signer] });
    assert.equal((await statusOf(desk)).stage, "trusted");
  });

  test("a hold that a gateway took is recorded though its signer was suspended meanwhile, and only once", async () => {
    await withDesk(async (other) => {
      const one = await initialise(other);
      const two = await enrol(other, "safety", [one]);
      await apply(other, one);
      const id = HoldId.parse(randomId("hold_", 16));
      const body = { hold: id, scope: { kind: "model", model }, reason: committed("stop").digest } as const;
      const envelope = await signBy(other, { verb: "hold", body, by: [two.signer] });
      const suspension = { target: { kind: "person", person: two.person }, reason: committed("left").digest } as const;
      await must(other, { verb: "suspend", body: suspension, by: [one.signer] });
      await other.control.feed.recordHold(envelope);
      const size = other.control.state.acts.size;
      await other.control.feed.recordHold(envelope);
      assert.equal(other.control.state.acts.size, size);
      assert.equal((await statusOf(other)).closed, "held");
    });
  });

  test("a lease is signed over the caller's nonce by the control key", async () => {
    const nonce = randomId("", 32);
    const lease = await desk.control.feed.renew(nonce);
    assert.equal(lease.lease.nonce, nonce);
    assert.equal(await isLeaseSigned(lease, desk.keys.control.publicKey, nodePrimitives), true);
  });

  test("an interval that is drained twice is recorded once, and its receipts are proven by the log", async () => {
    const { permit } = await run(desk, owner);
    const size = desk.control.state.acts.size;
    const { envelope, drained } = await intervalOf(desk, permit, [permit.items.root, permit.hash]);
    await desk.control.feed.recordInterval(envelope, drained);
    await desk.control.feed.recordInterval(envelope, drained);
    assert.equal(desk.control.state.acts.size, size + 1);
    for (const { id, text } of drained) {
      const { digest } = await openReceipt(text, nodePrimitives);
      assert.equal(await desk.control.feed.receipt(id), text);
      const file = await desk.control.feed.publicFile(`log/proof/${digest}`);
      const proof = ReceiptProof.parse(JSON.parse(Buffer.from(file?.body ?? []).toString("utf8")));
      assert.deepEqual([proof.receipt, proof.count, proof.ledgerIndex], [digest, 2, size]);
    }
  });

  test("an interval that leaves out a receipt is refused", async () => {
    const { permit } = await run(desk, owner);
    const { envelope, drained } = await intervalOf(desk, permit, [permit.items.root, permit.hash]);
    await assert.rejects(desk.control.feed.recordInterval(envelope, drained.slice(1)), { code: "statement_invalid" });
    await assert.rejects(desk.control.feed.recordInterval(envelope, drained.toReversed()), {
      code: "statement_invalid",
    });
  });

  test("what happened is explained by id, to who may read", async () => {
    const [held] = desk.control.state.holds.keys();
    const [proposal] = desk.control.state.proposals.keys();
    for (const id of [held, proposal]) {
      const path = routes.explain.replace(":id", id ?? "");
      assert.equal((await get(desk, path)).status, 401);
      assert.match(ExplainView.parse((await get(desk, path, owner)).json).text, /At 20/);
    }
  });
});
