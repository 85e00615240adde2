// An organisation's own page, over real HTTP: it has what is its own and what its callers are told, and nothing leaks: no other
// organisation, key, receipt, refusal or review, no model that it was not granted.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { z } from "zod";
import { organisationBody } from "../../src/acts/key-bodies.ts";
import { OrganisationDocument } from "../../src/acts/organisation-document.ts";
import { secretKeyOf } from "../../src/acts/secret-key.ts";
import { ledgerRoutes } from "../../src/control/contract-ledger.ts";
import { organisationRoutes } from "../../src/control/contract-organisations.ts";
import { PartnerExplainView, PartnerView, partnerRoutes } from "../../src/control/contract-partner.ts";
import { consoleHeader, sessionRoutes } from "../../src/control/contract-session.ts";
import { type AskedReview, requestDigest, sealText } from "../../src/feed/reviews.ts";
import type { RecentRefusal } from "../../src/release/explain.ts";
import { canonicalBytes } from "../../src/proof/canonical.ts";
import { digestOf } from "../../src/proof/digest.ts";
import { nodePrimitives, randomBytes, randomId } from "../../src/proof/node.ts";
import { KeyId, ReceiptId, ReviewId, timestampOf } from "../../src/terms/ids.ts";
import {
  type Answered,
  type Desk,
  type Member,
  acme,
  dropFolder,
  get,
  hold,
  model,
  must,
  openDesk,
  refusalOf,
  released,
  wordOf,
} from "./control-desk.ts";
import { servedInterval } from "./served-interval.ts";

const ours = KeyId.parse("key_00000000000000a1");
const theirs = KeyId.parse("key_00000000000000b1");
const secret = secretKeyOf(randomBytes(32), false, nodePrimitives);
const other = secretKeyOf(randomBytes(32), false, nodePrimitives);
const refusedId = ReceiptId.parse(randomId("rcpt_", 24));
const theirRefusedId = ReceiptId.parse(randomId("rcpt_", 24));
const strangerId = ReceiptId.parse(randomId("rcpt_", 24));

let desk: Desk;
let owner: Member;
let cookie: string;
let ids: readonly ReceiptId[];

before(async () => {
  desk = await openDesk({ control: { contact: "ada@example.org", recentRefusal: async (id) => refusals.get(id) } });
  const opened = await released(desk);
  ({ owner } = opened);
  const document = OrganisationDocument.parse({
    kind: "Organisation",
    name: "rival",
    type: "partner",
    country: "FR",
    purpose: "What the rival does",
    grants: [{ model, stage: "trusted" }],
  });
  const bytes = canonicalBytes(document);
  const body = organisationBody(document, digestOf(bytes, nodePrimitives), desk.now());
  await must(desk, { verb: "organisation", body, by: [owner.signer] }, { artefacts: [bytes] });
  for (const [key, organisation, { hash }] of [
    [ours, acme, secret],
    [theirs, document.name, other],
  ] as const)
    await must(desk, { verb: "key", body: { key, organisation, hash, notAfter: null }, by: [owner.signer] });
  await desk.control.feed.recordUsage([
    { organisation: acme, key: ours, model, tokens: 700, requests: 3 },
    { organisation: document.name, key: theirs, model, tokens: 987_654, requests: 7_654_321 },
  ]);
  const interval = await servedInterval(desk, opened.release, [
    { key: ours, outcome: "blocked", why: "policy_blocked", input: "block:cyber", by: { input: 0 } },
    { key: theirs, outcome: "refused", why: "quota_exhausted:requests" },
  ]);
  await desk.control.feed.recordInterval(interval.envelope, interval.drained);
  ids = interval.drained.map(({ id }) => id);
  cookie = await signIn(secret.secret);
});
after(async () => {
  await desk.close();
  dropFolder(desk.folder);
});

const refusal = (key: string | null): RecentRefusal => ({
  at: timestampOf(desk.now()),
  route: "chat",
  code: "request_invalid",
  reason: null,
  status: 400,
  key,
  model: null,
});
const refusals = {
  get: (id: ReceiptId): RecentRefusal | undefined =>
    id === refusedId
      ? refusal(ours)
      : id === theirRefusedId
        ? refusal(theirs)
        : id === strangerId
          ? refusal(null)
          : undefined,
};

/** A request of this key that waits for a person; or an exchange that somebody is to label, which its caller does not wait for. */
async function review(key: KeyId, sample?: AskedReview["sample"]): Promise<ReviewId> {
  const { feed } = desk.control;
  const text = { nonce: randomId("", 64), call: "{}" };
  const about = { key, model, config: other.hash };
  const facts = {
    ...about,
    review: ReviewId.parse(randomId("review_", 16)),
    request: requestDigest(text, about, nodePrimitives),
  };
  const asked = {
    facts,
    found: sample === undefined ? [{ category: "fraud" as const, score: 0.5 }] : [],
    ...(sample === undefined ? {} : { sample }),
    at: desk.now(),
    rules: { expiresHours: 2, perKeyMax: 3, retentionDays: 0 },
    sealed: sealText(text, (await feed.sealingKey()).key, facts),
  };
  assert.deepEqual(await feed.recordReview(asked), { kind: "waiting", review: facts.review });
  return facts.review;
}

async function signIn(text: string): Promise<string> {
  const headers = { authorization: `Bearer ${text}` };
  const answer = await fetch(desk.url + sessionRoutes.session, { method: "POST", headers });
  assert.equal(answer.status, 200);
  return (answer.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
}

async function ask(path: string): Promise<Answered> {
  const answer = await fetch(desk.url + path, { headers: { cookie } });
  return { status: answer.status, json: await answer.json() };
}

async function view(): Promise<PartnerView> {
  const { status, json } = await ask(partnerRoutes.partner);
  assert.equal(status, 200, JSON.stringify(json));
  return PartnerView.parse(json);
}

const Interface = z.object({
  paths: z.record(z.string(), z.record(z.string(), z.object({ security: z.unknown().optional() }))),
});
/** As the interface writes a path. */
const templateOf = (path: string): string => path.replaceAll(/:(\w+)/g, "{$1}");
const explainPath = (id: string): string => partnerRoutes.partnerExplain.replace(":id", id);

describe("a partner", () => {
  test("has its models, limits, keys, use and refusals, and whom to ask", async () => {
    const seen = await view();
    assert.deepEqual([seen.organisation, seen.key, seen.contact], [acme, ours, "ada@example.org"]);
    assert.deepEqual(
      seen.models.map((one) => [one.model, one.stage, one.answer.kind]),
      [[model, "trusted", "open"]],
    );
    assert.deepEqual(seen.today, { tokens: 700, requests: 3 });
    assert.deepEqual(
      seen.keys.map(({ key }) => key),
      [ours],
    );
    assert.deepEqual(
      seen.usage.refusals.map(({ code, count }) => [code, count]),
      [["policy_blocked", 1]],
    );
  });

  test("sees nothing of anybody else, no hash, and no word on how it is guarded", async () => {
    const text =
      JSON.stringify((await ask(partnerRoutes.partner)).json) +
      JSON.stringify((await ask(explainPath(ids[0] ?? ""))).json);
    for (const word of ["rival", theirs, "987654", "7654321", secret.hash, other.hash, "purpose", "cyber", "nothing@1"])
      assert.ok(!text.includes(word), word);
  });

  test("has its own requests explained by id, in the words that its caller was told", async () => {
    const { json } = await ask(explainPath(ids[0] ?? ""));
    const seen = PartnerExplainView.parse(json);
    assert.deepEqual([seen.kind, seen.key, seen.outcome, seen.code], ["receipt", ours, "blocked", "policy_blocked"]);
    assert.match(seen.sentence ?? "", /usage policy does not allow/);
    assert.equal(PartnerExplainView.parse((await ask(explainPath(refusedId))).json).kind, "refusal");
    const waits = PartnerExplainView.parse((await ask(explainPath(await review(ours)))).json);
    assert.deepEqual([waits.kind, waits.key, waits.outcome, waits.code], ["review", ours, "waiting", "review_pending"]);
  });

  test("is answered alike about what is somebody else's and what does not exist", async () => {
    const nothing = refusalOf(await ask(explainPath(randomId("rcpt_", 24))));
    assert.equal(nothing.code, "not_found");
    const sample = { watch: model, measure: "over-blocking", receipt: ids[0] ?? strangerId } as const;
    const reviews = [await review(theirs), await review(ours, sample), randomId("review_", 16)];
    const answers = [ids[1] ?? "", theirRefusedId, strangerId, ...reviews, "x"];
    for (const id of answers) assert.deepEqual(refusalOf(await ask(explainPath(id))), nothing, id);
  });

  test("reads none of the routes of persons", async () => {
    const paths = [
      organisationRoutes.organisation.replace(":organisation", acme),
      `${organisationRoutes.why.replace(":organisation", acme)}?key=${ours}&model=${model}`,
      `/api/v1/explain/${ids[0] ?? ""}`,
    ];
    for (const path of paths) assert.equal(wordOf(await ask(path)), "authority_missing", path);
  });

  test("asks nothing else of whatever the interface names, and who is nobody asks nothing that is not open to all", async () => {
    const { paths } = Interface.parse(await (await fetch(`${desk.url}/api/openapi.json`)).json());
    const guarded = Object.entries(paths).flatMap(([path, operations]) =>
      Object.entries(operations).flatMap(([method, { security }]) =>
        security === undefined ? [] : [{ method, path }],
      ),
    );
    for (const { method, path } of desk.control.app.routes.filter(({ path: at }) => at.startsWith("/api/v1/")))
      assert.ok(paths[templateOf(path)]?.[method.toLowerCase()] !== undefined, `${method} ${path} is served unnamed`);
    assert.ok(guarded.length > 45, `${guarded.length}`);
    const proof = ledgerRoutes.receiptProof;
    const own = new Set([...Object.values(partnerRoutes), ...Object.values(sessionRoutes), proof].map(templateOf));
    for (const { method, path } of guarded) {
      const url = desk.url + path.replaceAll(/\{\w+\}/g, "x");
      const headers = { origin: desk.url, [consoleHeader]: "1" };
      assert.equal((await fetch(url, { method, headers })).status, 401, `${method} ${path}, as nobody`);
      if (own.has(path) && path !== sessionRoutes.sessionHold) continue;
      assert.equal((await fetch(url, { method, headers: { ...headers, cookie } })).status, 403, `${method} ${path}`);
    }
  });

  test("is told of a hold what its callers are told", async () => {
    await hold(desk, owner);
    const [first] = (await view()).models;
    assert.deepEqual(first?.answer.kind === "refused" && [first.answer.code, first.answer.reason], [
      "stage_closed",
      "held",
    ]);
  });
});

test("a person has no page of this kind, and nobody has none at all", async () => {
  assert.equal(wordOf(await get(desk, partnerRoutes.partner, owner)), "authority_missing");
  assert.equal((await get(desk, partnerRoutes.partner)).status, 401);
});
