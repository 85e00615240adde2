// Requests that wait for a person, at a real gateway: what the caller is told, what is kept and how, what a decision lets
// through, and what it never does.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import type { BodyOf } from "../../src/acts/bodies.ts";
import { type Player, callerKeyOf, idOf, inDays, join, playerOf } from "../../src/acts/fixtures.ts";
import { openReceipt } from "../../src/acts/receipt.ts";
import { type AskedReview, openText } from "../../src/feed/reviews.ts";
import { digestOf } from "../../src/proof/digest.ts";
import { toUtf8 } from "../../src/proof/encoding.ts";
import { nodePrimitives } from "../../src/proof/node.ts";
import { failureCode } from "../../src/terms/failure.ts";
import { ReviewId, timestampOf, toInstant } from "../../src/terms/ids.ts";
import { type GatewayWorld, ada, bo, openGatewayWorld, refusalIn, said, secret, until } from "./gateway-world.ts";

const rev = playerOf("Rev", "reviewer");
const doubtful = said("a doubtful question");

async function opened(options: Parameters<typeof openGatewayWorld>[0] = {}, reviewer = true): Promise<GatewayWorld> {
  const here = await openGatewayWorld({ review: { by: "person" }, ...options });
  if (reviewer) {
    await join(here.world, rev, [ada, bo]);
    await here.publish();
  }
  return here;
}

const newest = (here: GatewayWorld): AskedReview => {
  const asked = here.reviews.at(-1);
  assert.ok(asked !== undefined, "nothing waits");
  return asked;
};

/** A decision as `headgate review decide` makes it, about `asked`. */
function decisionOn(here: GatewayWorld, asked: AskedReview, change: Partial<BodyOf<"review">> = {}): BodyOf<"review"> {
  return {
    ...asked.facts,
    categories: asked.found.map(({ category }) => category),
    verdict: "allow",
    reason: "benign",
    notAfter: timestampOf(toInstant(here.now() + 3_600_000)),
    ...change,
  };
}

async function decide(here: GatewayWorld, asked: AskedReview, change: Partial<BodyOf<"review">> = {}): Promise<void> {
  const at = timestampOf(here.now());
  await here.world.say({ verb: "reading", body: { review: asked.facts.review }, by: [rev], at });
  await here.world.say({ verb: "review", body: decisionOn(here, asked, change), by: [rev], at });
  await here.publish();
}

async function receiptOf(response: Response): ReturnType<typeof openReceipt> {
  return openReceipt(response.headers.get("x-headgate-receipt") ?? "", nodePrimitives);
}

describe("a request for review", () => {
  let here: GatewayWorld;
  before(async () => {
    here = await opened();
  });
  after(async () => here.close());

  test("is told to wait with an id, is not retried by itself, and asks the model nothing", async () => {
    const calls = here.mock.requests.length;
    const response = await here.ask(doubtful);
    const { receipt } = await receiptOf(response);
    const told = await refusalIn(response);
    assert.equal(told.status, 409);
    assert.equal(`${told.code}:${told.reason}`, "review_pending:fraud");
    assert.equal(told.id, newest(here).facts.review);
    assert.equal(told.headers.get("x-headgate-review"), told.id);
    assert.equal(told.headers.get("x-should-retry"), "false");
    assert.equal(told.headers.get("x-request-id"), receipt.id);
    assert.deepEqual(
      { outcome: receipt.outcome, why: receipt.why, input: receipt.input, review: receipt.review },
      { outcome: "refused", why: "review_pending:fraud", input: "review:fraud", review: told.id },
    );
    assert.equal(here.mock.requests.length, calls);
  });

  test("is kept sealed: nothing of its text, its caller's secret or a guessable digest of it is handed over", async () => {
    await here.ask(doubtful);
    const asked = newest(here);
    const written = JSON.stringify(asked);
    assert.ok(!written.includes("doubtful") && !written.includes(secret));
    const text = openText(asked.sealed, here.sealingPair.key, { facts: asked.facts, hasher: nodePrimitives });
    assert.ok(text.call.includes("a doubtful question"));
    for (const change of [
      { review: ReviewId.parse(`review_${"0".repeat(16)}`) },
      { request: digestOf(toUtf8("another"), nodePrimitives) },
      { key: idOf.key("another") },
    ]) {
      assert.throws(
        () => openText(asked.sealed, here.sealingPair.key, { facts: { ...asked.facts, ...change }, hasher: nodePrimitives }),
        (error) => failureCode(error) === "proof_invalid",
      );
    }
  });

  test("waits once, however often the same is asked, with the header or without", async () => {
    const [first, second] = [await refusalIn(await here.ask(doubtful)), await refusalIn(await here.ask(doubtful))];
    const third = await refusalIn(await here.ask(doubtful, { "x-headgate-review": first.id }));
    assert.deepEqual([second.id, third.id], [first.id, first.id]);
    assert.equal(here.reviews.length, 1);
  });

  test("of other words, another model or another key is another one, whatever id is sent along", async () => {
    const first = await refusalIn(await here.ask(doubtful));
    const other = await refusalIn(await here.ask(said("another doubtful question"), { "x-headgate-review": first.id }));
    assert.notEqual(other.id, first.id);
    const otherSecret = "hg_ffffffffffffffffffffffffffffffff";
    await here.world.say({
      verb: "key",
      body: callerKeyOf(digestOf(toUtf8(otherSecret), nodePrimitives)),
      by: [ada],
    });
    await here.publish();
    const theirs = await refusalIn(
      await here.ask(doubtful, { authorization: `Bearer ${otherSecret}`, "x-headgate-review": first.id }),
    );
    assert.equal(theirs.code, "review_pending");
    assert.notEqual(theirs.id, first.id);
    assert.notEqual(newest(here).facts.request, here.reviews[0]?.facts.request);
  });

  test("that a person allowed is served, and its receipt and headers name the review", async () => {
    const { id } = await refusalIn(await here.ask(doubtful));
    const asked = here.reviews.find(({ facts }) => facts.review === id);
    assert.ok(asked !== undefined);
    await decide(here, asked);
    const response = await here.ask(doubtful, { "x-headgate-review": id });
    assert.equal(response.status, 200);
    assert.equal(response.headers.get("x-headgate-review"), id);
    const { receipt } = await receiptOf(response);
    assert.deepEqual([receipt.outcome, receipt.input, receipt.review], ["served", "review:fraud", id]);
    const streamed = await here.ask({ ...doubtful, stream: true });
    assert.equal((await refusalIn(streamed)).code, "review_pending", "another body is another request");
  });

  test("that was allowed passes no block finding, no other category, and no other words", async () => {
    assert.equal((await here.ask(doubtful)).status, 200);
    const blocked = await refusalIn(await here.ask(said("a doubtful question with poison")));
    assert.equal(`${blocked.code}:${blocked.reason}`, "policy_blocked:weapons");
    assert.equal((await refusalIn(await here.ask(said("a doubtful question!")))).code, "review_pending");
  });

  test("that a person refused is blocked with their reason, and does not wait again", async () => {
    const body = said("quite doubtful");
    const { id } = await refusalIn(await here.ask(body));
    await decide(here, newest(here), { verdict: "refuse", reason: "prohibited" });
    const waiting = here.reviews.length;
    const told = await refusalIn(await here.ask(body));
    assert.equal(`${told.status} ${told.code}:${told.reason}`, "400 policy_blocked:prohibited");
    assert.equal(told.headers.get("x-headgate-review"), id);
    assert.equal(here.reviews.length, waiting);
  });

  test("that was allowed is held by a hold, stopped by a restriction, and not known under a suspended key", async () => {
    assert.equal((await here.ask(doubtful)).status, 200);
    const restricted = { hold: idOf.hold("r"), model: said("").constructor === Object ? here.release().model : here.release().model };
    await here.world.say({
      verb: "restriction",
      body: { ...restricted, limit: { kind: "category-prohibited", category: "fraud" }, reason: here.configuration.plan },
      by: [bo],
    });
    await here.publish();
    assert.equal((await refusalIn(await here.ask(doubtful))).code, "policy_blocked");
  });
});
