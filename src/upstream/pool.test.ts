// Several real servers as one, over real sockets; only time is ours.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { type Member, startMember } from "../../test/upstream-mock/members.ts";
import { Failure } from "../terms/failure.ts";
import { Name } from "../terms/ids.ts";
import type { WholeAnswer } from "../wire/answer.ts";
import type { Call } from "../wire/call.ts";
import { chatDialect } from "../wire/chat/chat.ts";
import { connectTo, outboundDefaults } from "../outbound/connector.ts";
import { type PoolEvent, type PoolRules, openPool, poolRules } from "./pool.ts";
import { openServer } from "./server.ts";
import { type Asking, type Upstream, eachEvent, nextEvents, upstreamBounds } from "./upstream.ts";

const never = new AbortController().signal;
const call: Call = {
  model: Name.parse("small"),
  preamble: "",
  instructions: "",
  turns: [{ role: "user", parts: [{ kind: "text", text: "Who are you?" }] }],
  tools: [],
  sampling: {},
  choices: 1,
  stop: [],
  stream: false,
  isUsageAsked: false,
};

interface Stage {
  readonly members: readonly [Member, Member];
  readonly pool: Upstream;
  readonly events: PoolEvent[];
  /** Waits that were asked for, in milliseconds; time passes with them. */
  readonly slept: number[];
  readonly pass: (ms: number) => void;
}

async function stageOf(rules: Partial<PoolRules> = {}, bounds: Partial<typeof upstreamBounds> = {}): Promise<Stage> {
  const members = [await startMember("one"), await startMember("two")] as const;
  const clients = members.map(({ port }, member) => {
    const connections = connectTo(new URL(`http://127.0.0.1:${port}`), { ...outboundDefaults, allowPrivate: true });
    const own = { ...upstreamBounds, ...bounds };
    return openServer(connections, {
      dialect: chatDialect,
      model: "m",
      basePath: "/v1",
      key: undefined,
      bounds: own,
      member,
    });
  });
  const [events, slept]: [PoolEvent[], number[]] = [[], []];
  let now = 0;
  const pool = openPool(clients, {
    rules: { ...poolRules, checkMs: 1_000_000, ...rules },
    time: {
      monotonic: () => now,
      // Chance prefers the first.
      random: () => 0,
      sleep: async (ms, signal) => {
        slept.push(ms);
        now += ms;
        await Promise.resolve();
        if (signal.aborted) throw new Error("aborted");
      },
    },
    totalMsMax: 60_000,
    onEvent: (event) => events.push(event),
  });
  after(async () => {
    await pool.close();
    await Promise.all(members.map(async (one) => one.close()));
  });
  return {
    members,
    pool,
    events,
    slept,
    pass: (ms) => {
      now += ms;
    },
  };
}

function textOf(answer: WholeAnswer): string {
  return answer.choices.flatMap(({ blocks }) => blocks.map((block) => ("text" in block ? block.text : ""))).join("");
}

async function whyOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (error instanceof Failure) return `${error.code} ${String(error.detail["why"] ?? error.detail["phase"] ?? "")}`;
    throw error;
  }
  return assert.fail("it was answered");
}

for (const order of ["drop", { status: 429 }, { status: 500 }, { status: 503 }, { status: 529 }] as const) {
  test(`a call that one server meets with ${JSON.stringify(order)} is answered by the other, whole or as a stream`, async () => {
    const { members, pool, slept, pass } = await stageOf();
    const [one, two] = members;
    one.order(order);
    assert.equal(textOf(await pool.complete(call, never)), "I am two.");
    pass(1_000);
    const kinds: string[] = [];
    for await (const event of eachEvent(pool.stream(call, never))) kinds.push(event.kind);
    assert.deepEqual([one.bodies.length, two.bodies.length, kinds.includes("finish")], [2, 2, true]);
    assert.deepEqual(slept, []);
  });
}

test("an answer that has begun is never asked for again", async () => {
  const { members, pool } = await stageOf();
  const [one, two] = members;
  one.order("cut");
  assert.equal(await whyOf(pool.complete(call, never)), "upstream_failed cut");
  const events: string[] = [];
  const reading = (async (): Promise<void> => {
    for await (const event of eachEvent(pool.stream(call, never))) events.push(event.kind);
  })();
  assert.equal(await whyOf(reading), "upstream_failed cut");
  assert.ok(events.includes("text"));
  one.order("empty");
  assert.equal(await whyOf(nextEvents(pool.stream(call, never))), "upstream_failed cut");
  assert.equal(two.bodies.length, 0);
});

for (const status of [400, 401, 404, 422]) {
  test(`a call that a server refuses with ${status} is asked of no other`, async () => {
    const { members, pool } = await stageOf();
    members[0].order({ status });
    assert.equal(await whyOf(pool.complete(call, never)), "upstream_failed status");
    assert.equal(members[1].bodies.length, 0);
  });
}

test("a server that is slow is not given up for another, and too many such calls open its breaker", async () => {
  const { members, pool, events } = await stageOf({}, { headersMsMax: 30 });
  const [one, two] = members;
  one.order("hang");
  for (let n = 0; n < poolRules.breaker.failuresMax; n += 1) {
    assert.equal(await whyOf(nextEvents(pool.stream(call, never))), "upstream_timeout headers");
  }
  assert.equal(two.bodies.length, 0);
  assert.deepEqual(events, [{ member: 0, is: "open" }]);
  assert.equal(textOf(await pool.complete(call, never)), "I am two.");
});

test("an open breaker sends one probe when its time is over, and closes when that is answered", async () => {
  const { members, pool, events, pass } = await stageOf();
  const [one, two] = members;
  one.order("drop");
  for (let n = 0; n < poolRules.breaker.failuresMax; n += 1) await pool.complete(call, never);
  const before = one.bodies.length;
  await pool.complete(call, never);
  assert.equal(one.bodies.length, before, "open: it is left alone");
  pass(poolRules.breaker.openMs);
  one.order("answer");
  const open = Promise.withResolvers<void>();
  one.meet(async () => open.promise);
  const probing = pool.complete(call, never);
  while (one.bodies.length === before) await new Promise((resolve) => setTimeout(resolve, 1));
  assert.equal(textOf(await pool.complete(call, never)), "I am two.");
  open.resolve();
  assert.equal(textOf(await probing), "I am one.");
  assert.deepEqual(
    events.map(({ is }) => is),
    ["open", "half-open", "closed"],
  );
  assert.ok(two.bodies.length > 0);
});

test("servers that are all busy are waited for as long as they say, and not beyond what is bearable", async () => {
  const { members, pool, slept, pass } = await stageOf();
  const [one, two] = members;
  one.order({ status: 429, retryAfter: "3" }, "answer");
  two.order({ status: 429, retryAfter: "7" });
  assert.equal(textOf(await pool.complete(call, never)), "I am one.");
  assert.deepEqual(slept, [3_000]);
  pass(7_000);
  one.order({ status: 503, retryAfter: "3000" });
  two.order({ status: 429, retryAfter: "3000" });
  assert.equal(await whyOf(pool.complete(call, never)), "upstream_failed status");
  const asked = one.bodies.length + two.bodies.length;
  assert.equal(await whyOf(pool.complete(call, never)), "upstream_failed unavailable", "the next one is told at once");
  assert.equal(one.bodies.length + two.bodies.length, asked);
  assert.deepEqual(slept, [3_000]);
});

test("attempts are bounded, and the last failure is what is told", async () => {
  const { members, pool, slept } = await stageOf();
  for (const member of members) member.order("drop");
  assert.equal(await whyOf(pool.complete(call, never)), "upstream_failed connect");
  assert.equal(members[0].bodies.length + members[1].bodies.length, poolRules.attemptsMax);
  assert.deepEqual(slept, [poolRules.backoffMs * 2]);
});

test("the asker is asked before every attempt, with the server's place, and its refusal ends the call", async () => {
  const { members, pool } = await stageOf();
  members[0].order("drop");
  const asked: number[] = [];
  const asking: Asking = {
    cacheSalt: () => "",
    beforeAttempt: (member) => {
      asked.push(member);
      if (asked.length === 2) throw new Failure("stage_closed", "", { detail: { reason: "held" } });
    },
  };
  assert.equal(await whyOf(pool.complete(call, never, asking)), "stage_closed ");
  assert.deepEqual(asked, [0, 1]);
  assert.equal(members[1].bodies.length, 0);
});

test("whoever leaves during a wait is not waited for, and nothing more is sent", async () => {
  const { members, pool } = await stageOf();
  for (const member of members) member.order({ status: 429, retryAfter: "5" });
  const leave = new AbortController();
  members[1].meet(async () => leave.abort(new Failure("request_invalid", "gone")));
  await assert.rejects(pool.complete(call, leave.signal));
  assert.equal(members[0].bodies.length + members[1].bodies.length, 2);
});

test("calls go to whoever has least under way", async () => {
  const { members, pool } = await stageOf();
  const open = Promise.withResolvers<void>();
  for (const member of members) member.meet(async () => open.promise);
  const all = Array.from({ length: 10 }, async () => pool.complete(call, never));
  while (members[0].bodies.length + members[1].bodies.length < 10)
    await new Promise((resolve) => setTimeout(resolve, 1));
  assert.deepEqual([members[0].bodies.length, members[1].bodies.length], [5, 5]);
  open.resolve();
  await Promise.all(all);
});

test("a server that health checks find down is asked last, and first again once one finds it up", async () => {
  const { members, pool, events } = await stageOf({ checkMs: 5 });
  const [one, two] = members;
  const seen = async (is: PoolEvent["is"]): Promise<void> => {
    while (events.at(-1)?.is !== is) await new Promise((resolve) => setTimeout(resolve, 1));
  };
  one.setHealthy(false);
  await seen("down");
  await new Promise((resolve) => setTimeout(resolve, 30));
  assert.equal(events.length, 1, "said once");
  assert.equal(textOf(await pool.complete(call, never)), "I am two.");
  one.setHealthy(true);
  await seen("up");
  assert.equal(textOf(await pool.complete(call, never)), "I am one.");
  assert.equal(two.bodies.length, 1);
});

test("servers of a pool that nobody calls any more are not looked at", async () => {
  const { members, pool, events, pass } = await stageOf({ checkMs: 5, idleMsMax: 1_000 });
  pass(1_001);
  for (const member of members) member.setHealthy(false);
  await new Promise((resolve) => setTimeout(resolve, 60));
  assert.deepEqual(events, []);
  await pool.complete(call, never);
  while (events.length < 2) await new Promise((resolve) => setTimeout(resolve, 1));
});

test("many calls that fail at once open a breaker once, and say so once", async () => {
  const { members, pool, events } = await stageOf();
  for (const member of members) member.order("drop");
  await Promise.allSettled(Array.from({ length: 40 }, async () => pool.complete(call, never)));
  assert.deepEqual(events.map(({ member, is }) => `${member} ${is}`).toSorted(), ["0 open", "1 open"]);
  assert.equal(await whyOf(pool.complete(call, never)), "upstream_failed unavailable");
});
