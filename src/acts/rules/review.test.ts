import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { type BodyOf, bodies } from "../bodies.ts";
import {
  type Player,
  type Spoken,
  type World,
  ada,
  bo,
  callerKeyOf,
  digestOfLabel,
  idOf,
  inDays,
  join,
  organisationOf,
  playerOf,
  reviewOf,
  verdictOn,
  worldOfTwo,
} from "../fixtures.ts";
import { Instant, Name } from "../../terms/ids.ts";
import { judgeAct } from "../fold.ts";
import { lastDecision } from "../state.ts";

const [rev, other] = [playerOf("Rev", "reviewer"), playerOf("Other", "reviewer")];

/** A world with two reviewers and a caller's key, and a decision that is admitted in it once it was read. */
async function worldWithKey(): Promise<{ world: World; body: BodyOf<"review"> }> {
  const world = await worldOfTwo();
  for (const player of [rev, other]) await join(world, player, [ada, bo]);
  const organisation = organisationOf(world, { model: Name.parse("small"), stage: "trusted" });
  await world.say({ verb: "organisation", body: organisation, by: [ada] });
  const key = callerKeyOf(digestOfLabel("secret"));
  await world.say({ verb: "key", body: key, by: [ada] });
  return { world, body: reviewOf(world, key.key) };
}

async function read(world: World, by: Player): Promise<void> {
  await world.say({ verb: "reading", body: { review: idOf.review("one") }, by: [by] });
}

test("only who has read a text allows it, and a reading of another review or person does not count", async () => {
  const { world, body } = await worldWithKey();
  const spoken = { verb: "review", body, by: [rev] } as const;
  assert.match(await verdictOn(world, spoken), /^conflict: Nobody allows/);
  await read(world, other);
  await world.say({ verb: "reading", body: { review: idOf.review("two") }, by: [rev] });
  assert.match(await verdictOn(world, spoken), /^conflict: Nobody allows/);
  await read(world, rev);
  assert.equal(await verdictOn(world, spoken), "admitted");
});

test("a refusal stands, an allowance stands once and can be refused after all, about the same request only", async () => {
  const { world, body } = await worldWithKey();
  await read(world, rev);
  await read(world, other);
  await world.say({ verb: "review", body, by: [rev] });
  assert.equal(world.state.reviews.get(body.review)?.verdict, "allow");
  assert.match(await verdictOn(world, { verb: "review", body, by: [other] }), /^conflict: This review is decided/);
  const refusal = { ...body, verdict: "refuse", reason: "prohibited" } as const;
  const elsewhere = { ...refusal, request: digestOfLabel("another request") };
  assert.match(await verdictOn(world, { verb: "review", body: elsewhere, by: [other] }), /^statement_invalid/);
  await world.say({ verb: "review", body: refusal, by: [other] });
  assert.equal(world.state.reviews.get(body.review)?.verdict, "refuse");
  for (const again of [body, refusal]) {
    assert.match(
      await verdictOn(world, { verb: "review", body: again, by: [rev] }),
      /^conflict: This review is decided/,
    );
  }
});

test("a decision has an end within a week, a reason of its verdict, and a key that exists", async () => {
  const { world, body } = await worldWithKey();
  await read(world, rev);
  const judge = async (change: Partial<BodyOf<"review">>): Promise<string> =>
    verdictOn(world, { verb: "review", body: { ...body, ...change }, by: [rev] });
  assert.match(await judge({ notAfter: inDays(world, 8) }), /^statement_invalid: A decision ends within/);
  assert.match(await judge({ notAfter: inDays(world, -1) }), /^statement_invalid: A decision ends within/);
  assert.match(await judge({ reason: "prohibited" }), /^statement_invalid: Reasons to allow are/);
  assert.match(await judge({ verdict: "refuse" }), /^statement_invalid: Reasons to refuse are/);
  assert.match(await judge({ key: idOf.key("nobody's") }), /^not_found/);
});

test("the last decision on a request counts, whichever of its reviews it was about", async () => {
  const { world, body } = await worldWithKey();
  await read(world, rev);
  await world.say({ verb: "review", body, by: [rev] });
  const second = { ...body, review: idOf.review("two"), verdict: "refuse", reason: "unclear" } as const;
  await world.say({ verb: "review", body: second, by: [rev] });
  assert.equal(world.state.reviewOf.get(body.request), second.review);
});

test("a label of a sample takes a reading, is given once, and decides on no request", async () => {
  const { world, body } = await worldWithKey();
  const sample = { watch: Name.parse("misuse"), measure: "confirmed-misuse" } as const;
  const misuse: BodyOf<"review"> = { ...body, categories: [], sample, verdict: "refuse", reason: "prohibited" };
  const labelled: Spoken<"review"> = { verb: "review", body: misuse, by: [rev] };
  assert.match(await verdictOn(world, labelled), /^conflict: Nobody allows or labels what they have not read/);
  await read(world, rev);
  await world.say(labelled);
  const { reviewOf: decisions, reviewed } = world.state;
  assert.deepEqual([decisions.size, reviewed.labels, reviewed.refuse], [0, 1, 0]);
  assert.match(await verdictOn(world, { verb: "review", body, by: [rev] }), /^conflict: This sample has its label/);
  for (const wrong of [
    { ...misuse, categories: body.categories },
    { ...body, categories: [] },
  ])
    assert.equal(bodies.review.safeParse(wrong).success, false);
});

const readingBy = (by: Player) => ({ verb: "reading", body: { review: idOf.review("one") }, by: [by] }) as const;

test("one reviewer reads a review twenty times at the most, and keeps no other from it; all together two hundred times", async () => {
  const { world } = await worldWithKey();
  for (let times = 0; times < 20; times++) await read(world, rev);
  assert.match(await verdictOn(world, readingBy(rev)), /^conflict: A reviewer reads a review 20 times/);
  assert.equal(await verdictOn(world, readingBy(other)), "admitted");
  for (let more = 0; more < 9; more++) {
    const reader = playerOf(`Reader ${more}`, "reviewer");
    await join(world, reader, [ada, bo]);
    for (let times = 0; times < 20; times++) await read(world, reader);
  }
  assert.match(await verdictOn(world, readingBy(other)), /^conflict: A review is read 200 times/);
  assert.equal(world.state.reviewed.read, 1);
});

test("taking back is a stop: neither the clock it is dated by nor the ledger its signer saw keeps it out", async () => {
  const { world, body } = await worldWithKey();
  await read(world, rev);
  const late = Instant.parse(Date.parse(inDays(world, 5)));
  const seen = { size: 2, root: digestOfLabel("another history") };
  const refusal = { ...body, verdict: "refuse", reason: "prohibited" } as const;
  const judged = async (changed: Partial<BodyOf<"review">>): Promise<string> => {
    const spoken = { verb: "review", body: { ...refusal, ...changed }, by: [other], seen } as const;
    const { act } = await world.sign(spoken);
    return judgeAct(world.state, act, { index: world.entries.length, rootAt: () => undefined, now: late }).kind;
  };
  const second = { review: idOf.review("two") } as const;
  assert.deepEqual(
    [await judged({}), await judged(second)],
    ["refused", "refused"],
    "nothing was allowed that it stops",
  );
  await world.say({ verb: "review", body, by: [rev] });
  assert.deepEqual([await judged({}), await judged(second)], ["change", "change"]);
  const elsewhere = { ...second, request: digestOfLabel("another request") };
  assert.deepEqual([await judged(elsewhere), await judged({ verdict: "allow" })], ["refused", "refused"]);
});

/** A statement of a later day. */
async function sayIn(world: World, days: number, spoken: Omit<Spoken<"reading" | "review">, "at">): Promise<void> {
  await world.say({ ...spoken, at: inDays(world, days) });
}

test("decisions and readings are dropped once they are over, by the times of statements, and counted for good", async () => {
  const { world, body } = await worldWithKey();
  const { state } = world;
  await read(world, rev);
  await world.say({ verb: "review", body: { ...body, notAfter: inDays(world, 1) }, by: [rev] });
  await world.say({ verb: "reading", body: { review: idOf.review("undecided") }, by: [rev] });
  const reading = (label: string) => ({ verb: "reading", body: { review: idOf.review(label) }, by: [rev] }) as const;
  await sayIn(world, 1.9, reading("a"));
  assert.ok(state.reviews.has(body.review) && state.reviewOf.has(body.request), "its answers may still run");
  await sayIn(world, 2.1, reading("b"));
  assert.ok(!state.reviews.has(body.review) && !state.reviewOf.has(body.request) && !state.readings.has(body.review));
  assert.ok(state.readings.has(idOf.review("undecided")), "somebody may still decide on it");
  await sayIn(world, 8.1, reading("c"));
  assert.deepEqual(
    [...state.readings.keys()],
    ["a", "b", "c"].map((label) => idOf.review(label)),
  );
  assert.deepEqual(
    { ...state.reviewed, droppedHour: 0 },
    {
      read: 5,
      allow: 1,
      refuse: 0,
      labels: 0,
      droppedHour: 0,
    },
  );
});

test("what is taken back is dated by nobody's clock, and drops nothing", async () => {
  const { world, body } = await worldWithKey();
  await read(world, rev);
  await world.say({ verb: "review", body, by: [rev] });
  await world.say({ verb: "reading", body: { review: idOf.review("undecided") }, by: [rev] });
  const refused = { ...body, verdict: "refuse", reason: "unclear", notAfter: inDays(world, 901) } as const;
  await sayIn(world, 900, { verb: "review", body: refused, by: [other] });
  assert.equal(world.state.readings.size, 2);
  assert.equal(world.state.reviews.get(body.review)?.verdict, "refuse");
  assert.deepEqual([world.state.reviewed.allow, world.state.reviewed.refuse], [0, 1]);
});

test("where the last word on a request is dropped, no earlier one takes its place", async () => {
  const { world, body } = await worldWithKey();
  await read(world, rev);
  await world.say({ verb: "review", body: { ...body, notAfter: inDays(world, 6) }, by: [rev] });
  const second = { ...body, review: idOf.review("two"), verdict: "refuse", reason: "unclear" } as const;
  await world.say({ verb: "review", body: { ...second, notAfter: inDays(world, 1) }, by: [rev] });
  await sayIn(world, 3, { verb: "reading", body: { review: idOf.review("later") }, by: [rev] });
  assert.ok(world.state.reviews.has(body.review));
  assert.equal(lastDecision(world.state, body.request), undefined);
});

interface Move {
  readonly by: Player;
  readonly verb: "reading" | "allow" | "refuse";
  readonly review: string;
  readonly request: string;
}

/** Puts a move into the ledger, whatever the rules say; whether they admit it. */
async function make({ by, verb, review, request }: Move, world: World, body: BodyOf<"review">): Promise<boolean> {
  const id = idOf.review(review);
  if (verb === "reading") {
    return world.record(await world.sign({ verb, body: { review: id }, by: [by] })) === undefined;
  }
  const about = { ...body, review: id, request: digestOfLabel(request) };
  const decision = { ...about, verdict: verb, reason: verb === "refuse" ? "unclear" : "benign" } as const;
  return world.record(await world.sign({ verb: "review", body: decision, by: [by] })) === undefined;
}

test("over random ledgers every allowance is a reviewer's who had read it, and none follows a refusal of its review", async () => {
  const moves = fc.array(
    fc.record<Move>({
      by: fc.constantFrom(rev, other, ada, bo),
      verb: fc.constantFrom("reading", "allow", "refuse"),
      review: fc.constantFrom("one", "two"),
      request: fc.constantFrom("a request", "another"),
    }),
    { maxLength: 14 },
  );
  const play = async (made: readonly Move[]): Promise<void> => {
    const { world, body } = await worldWithKey();
    const taken: Move[] = [];
    for (const move of made) {
      if (!(await make(move, world, body))) continue;
      const ofReview = taken.filter(({ review }) => review === move.review);
      assert.equal(move.by.role, "reviewer");
      if (move.verb === "allow") {
        assert.ok(ofReview.some(({ verb, by }) => verb === "reading" && by === move.by));
        assert.ok(!ofReview.some(({ verb }) => verb === "refuse"));
      }
      taken.push(move);
    }
    for (const { review } of taken.filter(({ verb }) => verb === "refuse")) {
      assert.equal(world.state.reviews.get(idOf.review(review))?.verdict, "refuse");
    }
  };
  await fc.assert(fc.asyncProperty(moves, play), { seed: 17, numRuns: 40 });
});
