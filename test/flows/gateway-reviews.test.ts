// Requests that wait for a person, at a real gateway: what the caller is told, what is kept and how, what a decision lets
// through, and what it never does.
import assert from "node:assert/strict";
import { type TestContext, after, before, describe, test } from "node:test";
import Anthropic, { APIError as AnthropicError } from "@anthropic-ai/sdk";
import OpenAI, { APIError as OpenAiError } from "openai";
import type { BodyOf } from "../../src/acts/bodies.ts";
import { callerKeyOf, digestOfLabel, idOf, join, permitOf, playerOf } from "../../src/acts/fixtures.ts";
import { itemHeader, itemLeaf, itemProof } from "../../src/acts/item-proof.ts";
import { openReceipt } from "../../src/acts/receipt.ts";
import type { Feed } from "../../src/feed/feed.ts";
import { type AskedReview, openText } from "../../src/feed/reviews.ts";
import { canonicalBytes } from "../../src/proof/canonical.ts";
import { digestOf, digestOfHash } from "../../src/proof/digest.ts";
import { toUtf8 } from "../../src/proof/encoding.ts";
import { rootOf } from "../../src/proof/merkle.ts";
import { nodePrimitives } from "../../src/proof/node.ts";
import { failureCode } from "../../src/terms/failure.ts";
import { ReviewId, timestampOf, toInstant } from "../../src/terms/ids.ts";
import { type Network, networkTo } from "./feed-network.ts";
import { type Scripted, startScripted } from "../upstream-mock/scripted.ts";
import {
  type GatewayWorld,
  type WorldOptions,
  ada,
  bo,
  openGatewayWorld,
  readStream,
  refusalIn,
  said,
  secret,
  small,
  until,
} from "./gateway-world.ts";

const rev = playerOf("Rev", "reviewer");
const doubtful = said("a doubtful question");

/** A model that says something else than it is told. */
let model: Scripted;
before(async () => {
  model = await startScripted();
  const message = { role: "assistant", content: "Fine." };
  const body = {
    id: "x",
    object: "chat.completion",
    created: 1,
    model: "mock",
    choices: [{ index: 0, message, finish_reason: "stop" }],
    usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 },
  };
  model.play("/v1/chat/completions", { type: "application/json", pieces: [JSON.stringify(body)] });
});
after(async () => model.close());

async function opened(options: WorldOptions = {}, hasReviewer = true): Promise<GatewayWorld> {
  const here = await openGatewayWorld({ review: { by: "person" }, upstreamPort: model.port, ...options });
  if (hasReviewer) {
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

async function allowed(
  t: TestContext,
  options: WorldOptions = {},
): Promise<{ here: GatewayWorld; asked: AskedReview }> {
  const here = await opened(options);
  t.after(here.close);
  await here.ask(doubtful);
  const asked = newest(here);
  await decide(here, asked);
  assert.equal((await here.ask(doubtful)).status, 200);
  return { here, asked };
}

const expectBlocked = async (here: GatewayWorld, body: object = doubtful): Promise<void> => {
  const told = await refusalIn(await here.ask(body));
  assert.equal(`${told.status} ${told.code}:${told.reason}`, "400 policy_blocked:fraud");
  assert.equal(here.reviews.length, 0);
};

describe("a request for review", () => {
  let here: GatewayWorld;
  before(async () => {
    here = await opened();
  });
  after(async () => here.close());

  test("is told to wait with an id, is not retried by itself, and asks the model nothing", async () => {
    const calls = model.records.length;
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
    assert.equal(model.records.length, calls);
  });

  test("waits as long as its release says, where policy and watch say longer", async (t) => {
    const own = await opened({ conditions: { retention: { waitHours: 3 } } });
    t.after(own.close);
    await own.ask(doubtful);
    assert.deepEqual(newest(own).rules, { ...newest(here).rules, expiresHours: 3 });
    const longer = await opened({ conditions: { retention: { waitHours: 168, decidedDays: 30 } } });
    t.after(longer.close);
    await longer.ask(doubtful);
    assert.deepEqual(newest(longer).rules, newest(here).rules);
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
        () =>
          openText(asked.sealed, here.sealingPair.key, {
            facts: { ...asked.facts, ...change },
            hasher: nodePrimitives,
          }),
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
});

const chunk = (content: string): string => {
  const choices = [{ index: 0, delta: { content } }];
  return `data: ${JSON.stringify({ id: "x", object: "chat.completion.chunk", created: 1, model: "mock", choices })}\n\n`;
};

describe("an allowance", () => {
  test("is beaten by a restriction that prohibits the category", async (t) => {
    const { here } = await allowed(t);
    const limit = { kind: "category-prohibited", category: "fraud" } as const;
    const body = { hold: idOf.hold("r"), model: small, limit, reason: digestOfLabel("why") };
    await here.world.say({ verb: "restriction", body, by: [bo] });
    await here.publish();
    assert.equal((await refusalIn(await here.ask(doubtful))).code, "policy_blocked");
    assert.equal(here.reviews.length, 1);
  });

  test("is beaten by a hold, and by a key that was suspended", async (t) => {
    const { here } = await allowed(t);
    const key = callerKeyOf(digestOf(toUtf8(secret), nodePrimitives)).key;
    await here.world.say({
      verb: "suspend",
      body: { target: { kind: "key", key }, reason: digestOfLabel("why") },
      by: [ada],
    });
    await here.publish();
    assert.equal((await refusalIn(await here.ask(doubtful))).code, "key_suspended");
    const scope = { kind: "model", model: small } as const;
    await here.world.say({
      verb: "hold",
      body: { hold: idOf.hold("h"), scope, reason: digestOfLabel("why") },
      by: [bo],
    });
    await here.publish();
    assert.notEqual((await here.ask(doubtful)).status, 200);
  });

  test("ends at its time, and no later than the policy's, whatever the statement says", async (t) => {
    for (const [expiresHours, saidHours] of [
      [1, 3],
      [24, 1],
    ] as const) {
      const here = await opened({ review: { by: "person", expiresHours } });
      t.after(here.close);
      await here.ask(doubtful);
      const notAfter = timestampOf(toInstant(here.now() + saidHours * 3_600_000));
      await decide(here, newest(here), { notAfter });
      assert.equal((await here.ask(doubtful)).status, 200);
      here.switches.clockShiftMs = 2 * 3_600_000;
      await until(() => here.gateway().gateway.follower.closure() === undefined);
      assert.equal((await refusalIn(await here.ask(doubtful))).code, "review_pending");
    }
  });

  test("ends when its reviewer is suspended, and the request waits for another one", async (t) => {
    const { here, asked } = await allowed(t);
    const second = playerOf("Second", "reviewer");
    await join(here.world, second, [ada, bo]);
    const target = { kind: "person", person: rev.person } as const;
    await here.world.say({ verb: "suspend", body: { target, reason: digestOfLabel("left") }, by: [ada] });
    await here.publish();
    const told = await refusalIn(await here.ask(doubtful));
    assert.equal(told.code, "review_pending");
    assert.notEqual(told.id, asked.facts.review);
  });

  for (const [how, change] of [
    ["is taken back", {}],
    ["is refused under another review of the request", { review: ReviewId.parse(`review_${"2".repeat(16)}`) }],
  ] as const)
    test(`that ${how} ends the answers that rest on it, and no others`, async (t) => {
      const slow = await startScripted();
      t.after(async () => slow.close());
      const { promise: rest, resolve } = Promise.withResolvers<unknown>();
      t.after(() => {
        resolve(undefined);
      });
      slow.play("/v1/chat/completions", { type: "text/event-stream", pieces: [chunk("Fine. ".repeat(100)), rest] });
      const here = await opened({ upstreamPort: slow.port });
      t.after(here.close);
      const streamed = { ...doubtful, stream: true };
      await here.ask(streamed);
      const asked = newest(here);
      await decide(here, asked);
      const [doubted, plain] = [await here.ask(streamed), await here.ask({ ...said("hello"), stream: true })];
      assert.deepEqual([doubted.status, plain.status], [200, 200]);
      await until(() => here.gateway().gateway.live.count() === 2);
      const refusal = decisionOn(here, asked, { verdict: "refuse", reason: "prohibited", ...change });
      await here.world.say({ verb: "review", body: refusal, by: [rev], at: timestampOf(here.now()) });
      await here.publish();
      const ended = await readStream(doubted);
      const { receipt } = await openReceipt(ended.receipt ?? "", nodePrimitives);
      assert.deepEqual([receipt.outcome, receipt.review], ["stopped", asked.facts.review]);
      assert.equal(here.gateway().gateway.live.count(), 1);
      await plain.body?.cancel();
    });

  test("that was taken back stands no more, and cannot be given again", async (t) => {
    const { here, asked } = await allowed(t);
    const at = timestampOf(here.now());
    const refusal = decisionOn(here, asked, { verdict: "refuse", reason: "prohibited" });
    await here.world.say({ verb: "review", body: refusal, by: [rev], at });
    await here.publish();
    assert.equal((await refusalIn(await here.ask(doubtful))).reason, "prohibited");
    const again = await here.world.judge({ verb: "review", body: decisionOn(here, asked), by: [rev], at });
    assert.equal(again?.code, "conflict");
  });

  test("of a changed policy's configuration is none", async (t) => {
    const { here, asked } = await allowed(t);
    const other = decisionOn(here, asked, {
      config: digestOfLabel("another configuration"),
      review: ReviewId.parse(`review_${"1".repeat(16)}`),
    });
    const at = timestampOf(here.now());
    await here.world.say({ verb: "reading", body: { review: other.review }, by: [rev], at });
    await here.world.say({ verb: "review", body: other, by: [rev], at });
    await here.publish();
    // The last word on this request is about another configuration: it lets nothing through here.
    assert.equal((await refusalIn(await here.ask(doubtful))).code, "review_pending");
  });

  test("of other categories than were found lets nothing through", async (t) => {
    const here = await opened();
    t.after(here.close);
    await here.ask(doubtful);
    await decide(here, newest(here), { categories: ["hate"] });
    assert.equal((await refusalIn(await here.ask(doubtful))).code, "review_pending");
  });

  test("is nobody's but a reviewer's, and only of who has read it", async (t) => {
    const here = await opened();
    t.after(here.close);
    await here.ask(doubtful);
    const body = decisionOn(here, newest(here));
    const at = timestampOf(here.now());
    for (const by of [ada, bo]) {
      assert.equal((await here.world.judge({ verb: "review", body, by: [by], at }))?.code, "authority_missing");
      const reading = { review: body.review };
      assert.equal(
        (await here.world.judge({ verb: "reading", body: reading, by: [by], at }))?.code,
        "authority_missing",
      );
    }
    assert.match((await here.world.judge({ verb: "review", body, by: [rev], at }))?.why ?? "", /have not read/);
    // A forged entry that stands in the ledger all the same changes nothing.
    here.world.record(await here.world.sign({ verb: "review", body, by: [ada], at }));
    await here.publish();
    assert.equal((await refusalIn(await here.ask(doubtful))).code, "review_pending");
  });
});

describe("without a person to wait for", () => {
  test("review is a block: where the policy names none, and where nobody is admitted as a reviewer", async (t) => {
    const unsaid = await openGatewayWorld();
    await join(unsaid.world, rev, [ada, bo]);
    await unsaid.publish();
    for (const here of [unsaid, await opened({}, false)]) {
      t.after(here.close);
      await expectBlocked(here);
    }
  });

  test("review is a block once the last reviewer is suspended", async (t) => {
    const here = await opened();
    t.after(here.close);
    const target = { kind: "person", person: rev.person } as const;
    await here.world.say({ verb: "suspend", body: { target, reason: digestOfLabel("left") }, by: [ada] });
    await here.publish();
    await expectBlocked(here);
  });

  test("an answer for review is a block", async (t) => {
    const here = await openGatewayWorld({ review: { by: "person" }, onInput: "flag" });
    t.after(here.close);
    const answer = await (await here.ask(doubtful)).json();
    assert.match(JSON.stringify(answer), /content_filter/);
    assert.equal(here.reviews.length, 0);
  });

  test("a text that is longer than a person is shown is blocked", async (t) => {
    const here = await opened({ envelope: { requestBytesMax: 1_000_000 } });
    t.after(here.close);
    await expectBlocked(here, said(`doubtful ${"x".repeat(300_000)}`));
  });
});

describe("a queue that takes nothing", () => {
  test("is unknown and never a pass: full, away, or with a sealing key that nobody entitled signed", async (t) => {
    const here = await opened();
    t.after(here.close);
    const told = async (): Promise<string> => {
      const { status, code, reason } = await refusalIn(await here.ask(said(`doubtful ${here.now()}`)));
      return `${status} ${code}:${reason}`;
    };
    here.switches.tamperSealingKey = (key) => ({ ...key, notAfter: timestampOf(toInstant(here.now() + 9_999_999)) });
    assert.equal(await told(), "503 safeguard_unavailable:review-away");
    here.switches.tamperSealingKey = (key) => key;
    here.switches.reviews = "full";
    assert.equal(await told(), "503 safeguard_unavailable:review-full");
    here.switches.reviews = "off";
    assert.equal(await told(), "503 safeguard_unavailable:review-away");
    assert.equal(here.reviews.length, 0);
  });
});

/** A gateway whose feed does `meanwhile` after it has kept a review, and before it says so. */
async function openedWith(
  t: TestContext,
  meanwhile: (here: GatewayWorld) => void | Promise<void>,
): Promise<GatewayWorld> {
  let here: GatewayWorld | undefined;
  const between = async (feed: Feed): Promise<Feed> => ({
    ...feed,
    recordReview: async (asked) => {
      const kept = await feed.recordReview(asked);
      if (here !== undefined) await meanwhile(here);
      return kept;
    },
  });
  here = await opened({ between });
  t.after(here.close);
  return here;
}

describe("a request that may not go on once it was handed over", () => {
  test("is told what stopped it, and not that it waits", async (t) => {
    const here = await openedWith(t, async ({ world, publish }) => {
      const scope = { kind: "model", model: small } as const;
      const body = { hold: idOf.hold("h"), scope, reason: digestOfLabel("why") };
      await world.say({ verb: "hold", body, by: [bo] });
      await publish();
    });
    const response = await here.ask(doubtful);
    assert.equal(response.headers.get("x-headgate-review"), null);
    const { receipt } = await receiptOf(response);
    assert.equal((await refusalIn(response)).code, "stage_closed");
    assert.deepEqual([receipt.outcome, receipt.why, receipt.review], ["stopped", "stage_closed:held", undefined]);
    assert.equal(here.reviews.length, 1);
  });

  test("is told so also where only the clock says it, and nobody has looked at what runs since", async (t) => {
    const here = await openedWith(t, ({ switches }) => {
      switches.monotonicShiftMs = 10_000;
    });
    const { code, reason } = await refusalIn(await here.ask(doubtful));
    assert.equal(`${code}:${reason}`, "gateway_closed:lease");
  });
});

describe("an answer of the store that is lost", () => {
  test("is no acknowledgement, and the same request asked again waits once", async (t) => {
    const here = await opened();
    t.after(here.close);
    here.switches.reviews = "lost";
    assert.equal((await refusalIn(await here.ask(doubtful))).reason, "review-away");
    here.switches.reviews = "on";
    assert.equal((await refusalIn(await here.ask(doubtful))).id, newest(here).facts.review);
    assert.equal(here.reviews.length, 1);
  });
});

describe("under a permit", () => {
  test("what is for review waits for nobody, fills no queue, and is told apart from a block", async (t) => {
    const here = await opened();
    t.after(here.close);
    const body = { model: "small", messages: [{ role: "user", content: "a doubtful question" }], max_tokens: 5 };
    const leaf = itemLeaf(body, nodePrimitives);
    const items = { root: digestOfHash(rootOf([leaf], nodePrimitives)), count: 1 };
    const permitSecret = "hg_abcdefabcdefabcdefabcdefabcdefab";
    const permit = {
      ...permitOf(here.world, small, here.configuration),
      items,
      hash: digestOf(toUtf8(permitSecret), nodePrimitives),
    };
    await here.world.say({ verb: "permit", body: permit, by: [ada] });
    await here.publish();
    const response = await here.ask(new TextDecoder().decode(canonicalBytes(body)), {
      authorization: `Bearer ${permitSecret}`,
      [itemHeader]: itemProof([leaf], 0, nodePrimitives),
    });
    const { receipt } = await receiptOf(response);
    const told = await refusalIn(response);
    assert.equal(`${told.status} ${told.code}`, "409 review_pending");
    assert.equal(told.id, receipt.id);
    assert.deepEqual([receipt.outcome, receipt.input], ["refused", "review:fraud"]);
    assert.equal(here.reviews.length, 0);
  });
});

describe("a gateway on another machine", () => {
  test("hands over, is told and lets through what one in the same process does, and what was changed on the way is not believed", async (t) => {
    let network: Network | undefined;
    const between = async (feed: Feed): Promise<Feed> => {
      network = await networkTo(feed);
      return network.remote();
    };
    const here = await opened({ between });
    t.after(async () => {
      await here.close();
      await network?.close();
    });
    assert.ok(network !== undefined);
    network.tamper = (url, answer) => {
      if (url.endsWith("sealingKey")) answer.body = Buffer.from(answer.body.toString().replace(/"key":"./, '"key":"!'));
    };
    assert.equal((await refusalIn(await here.ask(doubtful))).reason, "review-away");
    network.tamper = () => undefined;
    const { id } = await refusalIn(await here.ask(doubtful));
    const sent = network.asked.filter(({ url }) => url.endsWith("recordReview"));
    assert.ok(sent.length === 1 && !sent[0]?.body.includes("doubtful"));
    await decide(here, newest(here));
    const served = await here.ask(doubtful);
    assert.deepEqual([served.status, served.headers.get("x-headgate-review")], [200, id]);
    network.cut();
    assert.equal((await refusalIn(await here.ask(said("doubtful")))).reason, "review-away");
    network.mend();
  });
});

describe("official clients", () => {
  test("of both makers see a 409 with the review's id, once, and the answer after the decision", async (t) => {
    const here = await opened();
    t.after(here.close);
    const openai = new OpenAI({ baseURL: `${here.url()}/v1`, apiKey: secret, maxRetries: 2 });
    const ask = async (): Promise<string> => {
      const answer = await openai.chat.completions.create({
        model: "small",
        messages: [{ role: "user", content: "a doubtful question" }],
      });
      return answer.choices[0]?.message.content ?? "";
    };
    await assert.rejects(ask(), (error) => {
      assert.ok(error instanceof OpenAiError);
      assert.deepEqual([error.status, error.code], [409, "review_pending"]);
      assert.match(JSON.stringify(error.error), new RegExp(newest(here).facts.review));
      return true;
    });
    await decide(here, newest(here));
    assert.equal(await ask(), "Fine.");
    const anthropic = new Anthropic({ baseURL: here.url(), apiKey: secret, maxRetries: 2 });
    const message = {
      model: "small",
      max_tokens: 10,
      messages: [{ role: "user", content: "quite doubtful" }],
    } as const;
    await assert.rejects(anthropic.messages.create({ ...message, messages: [...message.messages] }), (error) => {
      assert.ok(error instanceof AnthropicError);
      assert.equal(error.status, 409);
      assert.match(JSON.stringify(error.error), new RegExp(`review_pending.*${newest(here).facts.review}`));
      return true;
    });
    await decide(here, newest(here));
    const answer = await anthropic.messages.create({ ...message, messages: [...message.messages] });
    assert.equal(answer.content[0]?.type === "text" ? answer.content[0].text : "", "Fine.");
    assert.equal(here.reviews.length, 2, "nothing was retried into the queue");
  });
});
