// Several servers behind one model, and another model when none of them answers: over real sockets, through the whole
// gateway. What is asserted is who was asked, in which order, and what the caller and the receipt say of it.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { join, openModel, organisationOf, playerOf } from "../../src/acts/fixtures.ts";
import type { Grant } from "../../src/acts/bodies.ts";
import { type Receipt, openReceipt } from "../../src/acts/receipt.ts";
import { canonicalBytes } from "../../src/proof/canonical.ts";
import { digestOf } from "../../src/proof/digest.ts";
import { nodePrimitives as primitives } from "../../src/proof/node.ts";
import { HoldId, Name, timestampOf, toInstant } from "../../src/terms/ids.ts";
import { ModelDocument } from "../../src/upstream/model-document.ts";
import { type Member, startMember } from "../upstream-mock/members.ts";
import {
  Completion,
  type GatewayWorld,
  type WorldOptions,
  ada,
  bo,
  codeOf,
  openGatewayWorld,
  readStream,
  said,
  small,
  until,
} from "./gateway-world.ts";

const large = Name.parse("large");
const grant = { requestsPerMinute: 1_000_000, tokensPerDay: 1_000_000_000 };

interface Cast {
  readonly world: GatewayWorld;
  readonly members: readonly [Member, Member];
  readonly asked: () => number;
}

const sourceOf = ({ port }: Member): object => ({
  dialect: "openai-chat",
  url: `http://127.0.0.1:${port}/v1`,
  model: "m",
});

async function castOf(options: WorldOptions = {}): Promise<Cast> {
  const members = [await startMember("one"), await startMember("two")] as const;
  const document = { upstream: undefined, upstreams: members.map(sourceOf), ...options.document };
  const pool = { backoffMs: 5, ...options.pool };
  const world = await openGatewayWorld({ grant, ...options, document, pool });
  after(async () => {
    await world.close();
    await Promise.all(members.map(async (one) => one.close()));
  });
  return { world, members, asked: () => members[0].bodies.length + members[1].bodies.length };
}

async function textOf(response: Response): Promise<string> {
  assert.equal(response.status, 200);
  return Completion.parse(await response.json()).choices[0]?.message.content ?? "";
}

async function receiptOf(response: Response): Promise<Receipt> {
  return (await openReceipt(response.headers.get("x-headgate-receipt") ?? "", primitives)).receipt;
}

async function streamReceiptOf(receipt: string | undefined): Promise<Receipt> {
  return (await openReceipt(receipt ?? "", primitives)).receipt;
}

async function hold(world: GatewayWorld, model: Name): Promise<void> {
  const body = {
    hold: HoldId.parse("hold_00000000000000aa"),
    scope: { kind: "model", model },
    reason: digestOf(new Uint8Array([1]), primitives),
  } as const;
  await world.world.say({ verb: "hold", body, by: [bo] });
  await world.publish();
}

test("while one server is down every call is answered by the other, and the receipt says by which", async () => {
  const { world, members } = await castOf();
  await members[0].close();
  for (let n = 0; n < 6; n += 1) {
    const response = await world.ask(said("Hello"));
    const receipt = await receiptOf(response.clone());
    assert.equal(await textOf(response), "I am two.");
    assert.deepEqual([receipt.origin, receipt.asked, receipt.model, receipt.outcome], [1, undefined, small, "served"]);
    const stream = await readStream(await world.ask(said("Hello", { stream: true })));
    assert.match(stream.text, /^I am two\./);
    assert.equal((await streamReceiptOf(stream.receipt)).origin, 1);
  }
});

test("a busy server is left alone as long as it says, and its words reach nobody", async () => {
  const { world, members } = await castOf();
  const [one, two] = members;
  one.order({ status: 429, retryAfter: "60" });
  two.order({ status: 429, retryAfter: "60" });
  const first = await world.ask(said("Hello"));
  assert.deepEqual([first.status, first.headers.get("retry-after")], [502, "60"]);
  assert.equal(await codeOf(first), "upstream_failed");
  assert.deepEqual([one.bodies.length, two.bodies.length], [1, 1]);
  assert.equal((await world.ask(said("Hello"))).status, 502);
  assert.deepEqual([one.bodies.length, two.bodies.length], [1, 1], "neither was asked again");
});

test("a short retry-after is waited for, within the call's total time", async () => {
  const { world, members, asked } = await castOf({ document: { timeouts: { totalMs: 1_500 } } });
  for (const member of members) member.order({ status: 429, retryAfter: "1" }, "answer");
  assert.match(await textOf(await world.ask(said("Hello"))), /^I am (one|two)\.$/);
  assert.equal(asked(), 3);
  for (const member of members) member.order({ status: 429, retryAfter: "2" });
  assert.equal(await codeOf(await world.ask(said("Hello"))), "upstream_failed");
  assert.equal(asked(), 5, "two seconds would be past it");
});

test("an answer that broke off, before or after its first event, is not asked for again", async () => {
  const { world, members, asked } = await castOf();
  for (const member of members) member.order("cut");
  const stream = await readStream(await world.ask(said("Hello", { stream: true })));
  assert.deepEqual([stream.errorCode, stream.order.at(-1), asked()], ["upstream_failed", "error", 1]);
  assert.ok((await streamReceiptOf(stream.receipt)).origin !== undefined);
  assert.equal(await codeOf(await world.ask(said("Hello"))), "upstream_failed");
  assert.equal(asked(), 2);
  for (const member of members) member.order("empty");
  assert.equal((await world.ask(said("Hello", { stream: true }))).status, 502);
  assert.equal(asked(), 3);
});

test("a slow server costs its callers their time and no second attempt; too many, and it is left alone", async () => {
  const { world, members } = await castOf({
    document: { timeouts: { headersMs: 800 } },
    pool: { breaker: { failuresMax: 3, windowMs: 60_000, openMs: 300, openMsMax: 300 } },
  });
  const [slow, quick] = members;
  slow.order("hang");
  let late = 0;
  while (late < 3) if ((await world.ask(said("Hello", { stream: true }))).status === 504) late += 1;
  assert.equal(slow.bodies.length, 3);
  for (let n = 0; n < 8; n += 1) assert.equal((await world.ask(said("Hello", { stream: true }))).status, 200);
  assert.equal(slow.bodies.length, 3, "its breaker is open");
  slow.order("answer");
  await until(async () => {
    await (await world.ask(said("Hello"))).text();
    return slow.bodies.length > 4;
  });
  assert.ok(quick.bodies.length > 8);
});

test("a hold between two attempts stops the second", async () => {
  const { world, members, asked } = await castOf();
  for (const member of members) {
    member.order("drop");
    member.meet(async () => hold(world, small));
  }
  const response = await world.ask(said("Hello"));
  const receipt = await receiptOf(response.clone());
  assert.equal(await codeOf(response), "stage_closed:held");
  assert.equal(asked(), 1);
  assert.deepEqual([receipt.outcome, receipt.why], ["stopped", "stage_closed:held"]);
});

test("a key that is suspended between two attempts gets no second", async () => {
  const { world, members, asked } = await castOf();
  const key = [...world.world.state.keys.values()][0]?.key;
  assert.ok(key !== undefined);
  for (const member of members) {
    member.order({ status: 503 });
    member.meet(async () => {
      const reason = digestOf(new Uint8Array([2]), primitives);
      await world.world.say({ verb: "suspend", body: { target: { kind: "key", key }, reason }, by: [ada] });
      await world.publish();
    });
  }
  assert.equal(await codeOf(await world.ask(said("Hello"))), "key_suspended");
  assert.equal(asked(), 1);
});

test("the caller's key reaches no server, and a salt only where the document says so, the same each time", async () => {
  const { world, members } = await castOf();
  await (await world.ask(said("Hello"))).text();
  const [bare] = members.flatMap(({ bodies }) => bodies);
  assert.ok(bare !== undefined && !("cache_salt" in bare));
  const salted = await castOf({
    document: { upstream: undefined, upstreams: members.map((one) => ({ ...sourceOf(one), cacheSalt: true })) },
  });
  const before = members.map(({ bodies }) => bodies.length);
  for (let n = 0; n < 4; n += 1) await (await salted.world.ask(said("Hello", { stream: n % 2 === 0 }))).text();
  const salts = members.flatMap(({ bodies }, at) => bodies.slice(before[at]).map((body) => body["cache_salt"]));
  assert.equal(salts.length, 4);
  assert.equal(new Set(salts).size, 1);
  assert.match(String(salts[0]), /^sha256:[0-9a-f]{64}$/);
  assert.ok(members.flatMap(({ headers }) => headers).every((sent) => sent.authorization === undefined));
  const forged = await salted.world.ask(said("Hello", { cache_salt: "mine" }));
  assert.equal(forged.status, 400);
});

interface Second {
  readonly member: Member;
  readonly withGrant: (isGranted: boolean, change?: Partial<Grant>) => Promise<void>;
}

/** A second model on a server of its own, released at `trusted`; whether the caller has a grant for it is the test's to say. */
async function secondModel({ world }: Cast, change: object = {}, mode?: "observe"): Promise<Second> {
  const member = await startMember("large");
  after(member.close);
  const document = ModelDocument.parse({
    kind: "Model",
    name: large,
    upstream: sourceOf(member),
    identity: { basis: "declared" },
    ...change,
  });
  const bytes = canonicalBytes(document);
  const model = digestOf(bytes, primitives);
  world.documents.set(model, bytes);
  const configuration = { ...world.configuration, model };
  const observed = mode === undefined ? {} : { mode };
  await openModel(world.world, { model: large, stage: "trusted", configuration, ...observed });
  const withGrant: Second["withGrant"] = async (isGranted, more = {}) => {
    const organisation = organisationOf(world.world, { model: small, stage: "trusted" });
    const grants = [small, ...(isGranted ? [large] : [])].flatMap((name) =>
      organisation.grants.map((one) => ({ ...one, ...grant, ...(name === large ? more : {}), model: name })),
    );
    await world.world.say({ verb: "organisation", body: { ...organisation, grants }, by: [ada] });
    await world.publish();
  };
  return { member, withGrant };
}

test("when no server answers, a fallback that the caller may call does, and everything says that it did", async () => {
  const cast = await castOf({ document: { fallback: ["nothing", large] } });
  const { world, members, asked } = cast;
  const { member, withGrant } = await secondModel(cast);
  await withGrant(true);
  for (const one of members) one.order("drop");
  const response = await world.ask(said("Hello"));
  const receipt = await receiptOf(response.clone());
  const body = Completion.parse(await response.json());
  assert.deepEqual([body.model, body.choices[0]?.message.content], ["large", "I am large."]);
  assert.deepEqual([receipt.model, receipt.asked, receipt.origin, receipt.outcome], [large, small, 0, "served"]);
  assert.equal(response.headers.get("x-headgate-certificate"), receipt.under);
  const stream = await readStream(await world.ask(said("Hello", { stream: true })));
  assert.match(stream.raw, /"model":"large"/);
  assert.ok(!stream.raw.includes('"model":"small"'));
  assert.deepEqual([(await streamReceiptOf(stream.receipt)).asked, member.bodies.length], [small, 2]);
  assert.equal(asked(), 6, "three attempts each");
  assert.equal(world.gateway().gateway.live.count(), 0);
  await until(() => world.drained.length === 2);
});

test("a fallback that does not cover the caller is not asked, and the answer does not tell of it", async () => {
  const cast = await castOf({ document: { fallback: [large] } });
  const { world, members } = cast;
  const alone = await castOf();
  const { member, withGrant } = await secondModel(cast);
  await withGrant(false);
  for (const one of [...members, ...alone.members]) one.order("drop");
  const [told, usual] = [await world.ask(said("Hello")), await alone.world.ask(said("Hello"))];
  assert.deepEqual(seen(told), seen(usual));
  assert.deepEqual(scrubbed(await told.text()), scrubbed(await usual.text()));
  assert.equal(member.bodies.length, 0);
  // Granted, but held: still not.
  await withGrant(true);
  await hold(world, large);
  assert.equal(await codeOf(await world.ask(said("Hello"))), "upstream_failed");
  assert.equal(member.bodies.length, 0);
});

test("a fallback is admitted by its own envelope and counted against its own quota", async () => {
  const cast = await castOf({ document: { fallback: [large] } });
  const { world, members } = cast;
  const { member, withGrant } = await secondModel(cast, { envelope: { outputTokensMax: 5, temperature: [0, 0.5] } });
  await withGrant(true, { requestsPerMinute: 1 });
  for (const one of members) one.order("drop");
  assert.equal(await codeOf(await world.ask(said("Hello", { temperature: 1 }))), "upstream_failed");
  assert.equal(member.bodies.length, 0);
  assert.equal(await textOf(await world.ask(said("Hello"))), "I am large.");
  assert.equal(member.bodies[0]?.["max_tokens"] ?? member.bodies[0]?.["max_completion_tokens"], 5);
  assert.equal(await codeOf(await world.ask(said("Hello"))), "upstream_failed");
  assert.equal(member.bodies.length, 1);
});

test("nothing falls back after a first byte, after a timeout, after a refusal of ours, or from model to model to model", async () => {
  const cast = await castOf({ document: { fallback: [large], timeouts: { headersMs: 1_500 } } });
  const { world, members } = cast;
  const { member, withGrant } = await secondModel(cast, { fallback: [small] });
  await withGrant(true);
  for (const one of members) one.order("cut");
  const cut = await readStream(await world.ask(said("Hello", { stream: true })));
  assert.equal(cut.errorCode, "upstream_failed");
  for (const one of members) one.order("hang");
  assert.equal((await world.ask(said("Hello", { stream: true }))).status, 504);
  assert.equal(await codeOf(await world.ask(said("poison"))), "policy_blocked:weapons");
  assert.equal(member.bodies.length, 0);
  for (const one of members) one.order("drop");
  member.order("drop");
  const asked = cast.asked();
  assert.equal(await codeOf(await world.ask(said("Hello"))), "upstream_failed");
  assert.deepEqual([cast.asked() - asked <= 3, member.bodies.length], [true, 1]);
});

test("where every breaker is open the fallback answers, and nobody else is asked", async () => {
  const breaker = { failuresMax: 1, windowMs: 60_000, openMs: 60_000, openMsMax: 60_000 };
  const cast = await castOf({ document: { fallback: [large] }, pool: { breaker } });
  const { withGrant } = await secondModel(cast);
  await withGrant(true);
  for (const one of cast.members) one.order("drop");
  for (let n = 0; n < 3; n += 1) assert.equal(await textOf(await cast.world.ask(said("Hello"))), "I am large.");
  assert.equal(cast.asked(), 2);
});

test("a model whose safeguards only look on stands in for none whose safeguards stop things", async () => {
  const cast = await castOf({ document: { fallback: [large] } });
  const { member, withGrant } = await secondModel(cast, {}, "observe");
  await withGrant(true);
  for (const one of cast.members) one.order("drop");
  assert.equal(await codeOf(await cast.world.ask(said("Hello"))), "upstream_failed");
  assert.equal(member.bodies.length, 0);
  assert.equal(await textOf(await cast.world.ask(said("Hello", { model: "large" }))), "I am large.");
});

test("a hold on the asked model between its last attempt and the fallback stops both", async () => {
  const cast = await castOf({ document: { fallback: [large] }, pool: { attemptsMax: 1 } });
  const { world, members } = cast;
  const { member, withGrant } = await secondModel(cast);
  await withGrant(true);
  for (const one of members) {
    one.order("drop");
    one.meet(async () => hold(world, small));
  }
  assert.equal(await codeOf(await world.ask(said("Hello"))), "stage_closed:held");
  assert.equal(member.bodies.length, 0);
});

const rev = playerOf("Rev", "reviewer");

/** Allows what was handed over last. */
async function allowLast({ world, reviews, publish, now }: GatewayWorld): Promise<void> {
  const asked = reviews.at(-1);
  assert.ok(asked !== undefined);
  const at = timestampOf(now());
  const body = {
    ...asked.facts,
    categories: asked.found.map(({ category }) => category),
    verdict: "allow",
    reason: "benign",
    notAfter: timestampOf(toInstant(now() + 3_600_000)),
  } as const;
  await world.say({ verb: "reading", body: { review: asked.facts.review }, by: [rev], at });
  await world.say({ verb: "review", body, by: [rev], at });
  await publish();
}

test("a fallback answers nothing that is for review, be it allowed for either model, and fills no queue with it", async () => {
  const cast = await castOf({ document: { fallback: [large] }, review: { by: "person" } });
  const { world, members } = cast;
  const { member, withGrant } = await secondModel(cast);
  await join(world.world, rev, [ada, bo]);
  await withGrant(true);
  const doubtful = said("a doubtful question");
  assert.equal(await codeOf(await world.ask(doubtful)), "review_pending:fraud");
  await allowLast(world);
  for (const one of members) one.order("drop");
  assert.equal(await codeOf(await world.ask(doubtful)), "upstream_failed");
  assert.deepEqual([world.reviews.length, member.bodies.length], [1, 0]);
  // Who asks for the other model itself may be allowed there; in another's place it is no answer all the same.
  const asked = said("a doubtful question", { model: "large" });
  assert.equal(await codeOf(await world.ask(asked)), "review_pending:fraud");
  await allowLast(world);
  assert.equal(await textOf(await world.ask(asked)), "I am large.");
  assert.equal(await codeOf(await world.ask(doubtful)), "upstream_failed");
  assert.deepEqual([world.reviews.length, member.bodies.length], [2, 1]);
});

/** What a receipt says but for its number, time and id. */
async function recorded(response: Response, model: string): Promise<unknown> {
  if (!response.headers.has("x-headgate-receipt")) return undefined;
  return { ...(await receiptOf(response)), model, id: "", seq: 0, at: "", content: "" };
}

/** What a caller sees of an answer but for what differs with every one. */
function seen(response: Response): unknown {
  const differing = new Set(["x-request-id", "request-id", "x-headgate-receipt", "date", "content-length"]);
  const headers = [...response.headers].filter(([name]) => !differing.has(name));
  return [response.status, headers, [...response.headers.keys()]];
}

function scrubbed(body: string): string {
  return body.replaceAll(/rcpt_[0-9a-f]+/g, "rcpt");
}

test("a model that is not this caller's looks exactly like one that does not exist, on every address, and nothing more is done for it", async () => {
  const cast = await castOf();
  const { world } = cast;
  const { member, withGrant } = await secondModel(cast);
  await withGrant(false);
  const { gateway } = world.gateway();
  const done: string[] = [];
  const { load, ready } = gateway.configurations;
  const { reserve } = gateway.quotas;
  Object.assign(gateway.configurations, {
    ready: (digests: Parameters<typeof ready>[0]) => {
      done.push("ready");
      return ready(digests);
    },
    load: async (digests: Parameters<typeof load>[0]) => {
      done.push("load");
      return load(digests);
    },
  });
  Object.assign(gateway.quotas, {
    reserve: (ask: Parameters<typeof reserve>[0]) => {
      done.push("reserve");
      return reserve(ask);
    },
  });
  // Of the same length as the other's name, so that lengths can be compared too.
  const [hidden, unknown] = ["large", "larch"];
  const addresses = [
    "/v1/chat/completions",
    "/v1/responses",
    "/v1/messages",
    "/v1/messages/count_tokens",
    "/v1/embeddings",
  ];
  const bodies = [{}, { messages: [{ role: "user", content: "x" }], max_tokens: 1 }, { input: "x" }, { nonsense: 1 }];
  const post = async (address: string, body: object): Promise<Response> =>
    fetch(world.url() + address, {
      method: "POST",
      headers: { "x-api-key": "hg_0123456789abcdef0123456789abcdef", "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  const compare = async (one: Response, other: Response): Promise<void> => {
    assert.deepEqual(seen(one), seen(other));
    assert.equal(one.headers.get("content-length"), other.headers.get("content-length"));
    assert.deepEqual(await recorded(one, hidden), await recorded(other, hidden));
    assert.equal(scrubbed(await one.text()), scrubbed(await other.text()).replaceAll(unknown, hidden));
  };
  for (const address of addresses) {
    for (const body of bodies) {
      const [one, other] = [
        { ...body, model: hidden },
        { ...body, model: unknown },
      ];
      await compare(await post(address, one), await post(address, other));
    }
  }
  const get = async (name: string): Promise<Response> =>
    fetch(`${world.url()}/v1/models/${name}`, {
      headers: { authorization: "Bearer hg_0123456789abcdef0123456789abcdef" },
    });
  await compare(await get(hidden), await get(unknown));
  assert.deepEqual(done, [], "neither is loaded or counted");
  assert.equal(member.bodies.length, 0);
  assert.equal((await world.ask(said("Hello"))).status, 200);
  assert.deepEqual(done, ["ready", "reserve"], "the spies see what is done for one that is the caller's");
});
