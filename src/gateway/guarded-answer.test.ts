// The guards over events: what was not cleared does not leave, however a server cuts its text into pieces and blocks.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { words } from "../../test/flows/gateway-world.ts";
import { decide, redactedIn } from "../policy/decide.ts";
import { UsagePolicy } from "../policy/policy-document.ts";
import { compileChain } from "../safeguards/chain.ts";
import { Safeguards } from "../safeguards/safeguards-document.ts";
import { Failure } from "../terms/failure.ts";
import type { AnswerEvent } from "../wire/answer.ts";
import { chatFormat } from "../wire/chat/chat.ts";
import { type Guarded, type GuardedAnswer, guardAnswer } from "./guarded-answer.ts";

const rates = { block: { benignRate: 0.005 }, review: { benignRate: 0.02 } };
const stream = { holdBackChars: 20, windowChars: 120 };
const entry = { safeguard: "word@1", on: ["input", "output"], mode: "block", ...rates };
const chain = compileChain(Safeguards.parse({ kind: "Safeguards", name: "default", chain: [entry], stream }), words);
const policy = UsagePolicy.parse({
  kind: "UsagePolicy",
  name: "default",
  categories: [{ category: "weapons", treat: "prohibited" }],
});
const call = chatFormat.parseCall({
  model: "small",
  messages: [{ role: "user", content: "x" }],
  n: 2,
  tools: [{ type: "function", function: { name: "look" } }],
});
const guardedBy = (reasoning: boolean): Guarded => ({
  call,
  configuration: { chain, document: { envelope: { reasoning } } },
  judge: (inspection, surface) => decide(inspection, policy, { scopes: [], surface }),
  redacts: () => [],
  isHeldBack: true,
});

function guard(reasoning = true, isOneText = false): GuardedAnswer {
  let count = 0;
  return guardAnswer(guardedBy(reasoning), () => `ours_${count++}`, isOneText);
}

const place = (block: number, choice = 0): { choice: number; block: number } => ({ choice, block });
type Spoken = "text" | "refusal" | "reasoning";
const open = (block: number, as: Spoken): AnswerEvent => ({ ...place(block), kind: "open", as });
const tool = (block: number, name = "look"): AnswerEvent => ({
  ...place(block),
  kind: "open",
  as: "tool",
  id: "x",
  name,
});
const text = (block: number, said: string): AnswerEvent => ({ ...place(block), kind: "text", text: said });
const sealOf = (block: number): AnswerEvent => ({ ...place(block), kind: "seal", seal: "AAAA" });
const close = (block: number): AnswerEvent => ({ ...place(block), kind: "close" });
const end: AnswerEvent = { kind: "finish", choice: 0, ending: { finish: "stop" } };

interface Passed {
  readonly events: readonly AnswerEvent[];
  /** All text that left, without the seams between blocks. */
  readonly text: string;
  readonly isStopped: boolean;
}

function pass(events: readonly AnswerEvent[], guarded = guard()): Passed {
  const out = events.flatMap((event) => [...guarded.push(event)]);
  const left = out.map((event) => (event.kind === "text" ? event.text : "")).join("");
  return { events: out, text: left, isStopped: guarded.stoppedBy() !== undefined };
}

const shapeOf = (event: AnswerEvent): string => ("block" in event ? `${event.kind} ${event.block}` : event.kind);

test("an answer that is clean passes whole, in its order, with our ids for its calls", () => {
  const events = [
    [open(0, "reasoning"), text(0, "Hm."), { ...place(0), kind: "seal", seal: "AAAA" } as const, close(0)],
    [open(1, "text"), text(1, "Hello "), text(1, "you."), close(1)],
    [tool(2), text(2, "{}"), close(2), { kind: "usage", usage: { input: 1, output: 2 } } as const, end],
  ].flat();
  const passed = pass(events);
  assert.equal(passed.isStopped, false);
  assert.equal(passed.text, "Hm.Hello you.{}");
  assert.deepEqual(
    passed.events.map((event) => (event.kind === "open" ? `open ${event.as}` : event.kind)),
    "open reasoning,text,seal,close,open text,text,close,open tool,text,close,usage,finish".split(","),
  );
  assert.ok(passed.events.some((event) => event.kind === "open" && event.as === "tool" && event.id === "ours_0"));
});

test("a word split over two blocks of a kind is caught, also with a tool call or other text between them", () => {
  const after = " and so on".repeat(40);
  const betweens: readonly (readonly AnswerEvent[])[] = [
    [],
    [tool(1), text(1, "{}"), close(1)],
    [open(1, "reasoning"), text(1, "Hm."), close(1)],
  ];
  for (const between of betweens) {
    for (const kind of ["text", "refusal"] as const) {
      const head = [open(0, kind), text(0, "mix a poi"), close(0), ...between, open(2, kind)];
      const passed = pass([...head, text(2, `son${after}`), close(2), end]);
      assert.ok(passed.isStopped);
      assert.doesNotMatch(passed.text, /son/);
      assert.ok(!passed.events.some((event) => event.kind === "finish"), "nothing ends as if it were whole");
    }
  }
});

test("nothing of a word that is split over blocks that follow each other leaves, and their ends and seals wait for it", () => {
  const seal = { ...place(0), kind: "seal", seal: "AAAA" } as const;
  for (const kind of ["text", "refusal", "reasoning"] as const) {
    const seals = kind === "reasoning" ? [seal] : [];
    const head = [open(0, kind), text(0, "mix a poi"), ...seals, close(0), open(1, kind), text(1, "s"), close(1)];
    const passed = pass([...head, open(2, kind), text(2, `on${" and so on".repeat(40)}`), close(2), end]);
    assert.ok(passed.isStopped);
    assert.equal(passed.text, "", kind);
    const clean: AnswerEvent[] = [...head, open(2, kind), text(2, "e "), close(2), open(3, "text"), text(3, "!"), end];
    const expected = [
      kind === "reasoning" ? "open 0,text 0,seal 0,close 0" : "open 0,text 0,close 0",
      "open 1,text 1,close 1,open 2,text 2,close 2,open 3,text 3,close 3,finish",
    ];
    assert.equal(pass(clean).events.map(shapeOf).join(","), expected.join(","), kind);
  }
});

test("where a format puts the texts of a choice together, nothing of a word leaves, whatever stands in its middle", () => {
  const betweens: readonly (readonly AnswerEvent[])[] = [
    [tool(1), text(1, "{}"), close(1)],
    [open(1, "reasoning"), text(1, "Hm."), close(1)],
  ];
  for (const between of betweens) {
    const head = [open(0, "text"), text(0, "mix a poi"), close(0), ...between, open(2, "text"), text(2, "s"), close(2)];
    const stopped = [...head, open(3, "text"), text(3, `on${" and so on".repeat(40)}`), close(3), end];
    const passed = pass(stopped, guard(true, true));
    assert.ok(passed.isStopped);
    assert.doesNotMatch(passed.text, /mix|poi|s/);
    const clean = pass([...head, open(3, "text"), text(3, "e"), close(3), end], guard(true, true));
    assert.equal(clean.isStopped, false);
    assert.deepEqual(
      clean.events.filter((event) => event.kind === "text" && event.block !== 1),
      [text(0, "mix a poi"), text(2, "s"), text(3, "e")],
    );
    assert.deepEqual(
      clean.events.map(shapeOf).toSorted(),
      [...head, open(3, "text"), text(3, "e"), close(3), end].map(shapeOf).toSorted(),
    );
  }
  // The end of reasoning does not wait for the end of the text behind it.
  const thought = guard(true, true);
  for (const event of [open(0, "reasoning"), text(0, "Hm.")]) thought.push(event);
  assert.deepEqual(thought.push(close(0)), []);
  assert.deepEqual(thought.push(open(1, "text")).map(shapeOf), ["text 0", "close 0", "open 1"]);
});

test("what may be sent waits for no border: a block that was cleared to its end ends at once", () => {
  const guarded = guard();
  for (const event of [open(0, "text"), text(0, "Hello")]) guarded.push(event);
  assert.deepEqual(guarded.push(close(0)), [], "held back");
  assert.deepEqual(
    guarded.push(tool(1)).map(({ kind }) => kind),
    ["text", "close", "open"],
    "until something comes that is no text",
  );
  const looking = guardAnswer({ ...guardedBy(true), isHeldBack: false }, () => "ours");
  for (const event of [open(0, "text"), text(0, "Hello")]) looking.push(event);
  assert.deepEqual(looking.push(close(0)), [close(0)]);
});

const redacting = compileChain(
  Safeguards.parse({
    kind: "Safeguards",
    name: "default",
    chain: [
      {
        safeguard: "patterns@1",
        on: ["output"],
        patterns: [{ name: "card", category: "privacy", known: "payment-card", band: "redact" }],
      },
    ],
    stream: { holdBackChars: 40, windowChars: 120 },
  }),
  words,
);
const guardedByRedaction: Guarded = {
  ...guardedBy(true),
  configuration: { chain: redacting, document: { envelope: { reasoning: true } } },
  redacts: (inspection) => redactedIn(inspection, policy, { scopes: [], surface: "output" }),
};

/** What is in each block of choice 0, and what was said of it. */
function redacted(events: readonly AnswerEvent[]): {
  readonly blocks: readonly string[];
  readonly redacted: number | undefined;
} {
  const guarded = guardAnswer(guardedByRedaction, () => "ours");
  const blocks: string[] = [];
  for (const event of events.flatMap((one) => [...guarded.push(one)]))
    if (event.kind === "open") blocks[event.block] = "";
    else if (event.kind === "text") blocks[event.block] += event.text;
  return { blocks, redacted: guarded.stoppedBy() === undefined ? (guarded.redaction()?.redacted ?? 0) : undefined };
}

test("what is redacted over the border of two blocks stands in the first, and nothing of it in the second", () => {
  const filler = "and so on ".repeat(30);
  const head = [open(0, "text"), text(0, "It is 4111 1111 "), close(0), open(1, "text"), text(1, "1111"), close(1)];
  assert.deepEqual(redacted([...head, open(2, "text"), text(2, ` 1111. ${filler}`), close(2), end]), {
    blocks: ["It is [redacted: card]", "", `. ${filler}`],
    redacted: 1,
  });
  // Where a call stands in its middle its beginning has left.
  const split = [open(0, "text"), text(0, "It is 4111 1111 "), close(0), tool(1), text(1, "{}"), close(1)];
  assert.equal(
    redacted([...split, open(2, "text"), text(2, `1111 1111. ${filler}`), close(2), end]).redacted,
    undefined,
  );
});

test("reasoning of which something was redacted has no seal any more, other reasoning keeps its own, however it is cut", () => {
  const card = "It is 4111 1111 1111 1111.";
  const long = `${card} ${"and so on ".repeat(40)}`;
  // Thoughts that follow each other, and those whose seals are left.
  for (const [thoughts, left] of [
    [["Hm."], [0]],
    [[card], []],
    [[long], []],
    [
      ["Hm. ", long, "Well."],
      [0, 2],
    ],
    [["It is 4111 1111 ", "1111 1111.", " Well."], [2]],
    [
      ["Well. ", `${"and so on ".repeat(40)} `, card],
      [0, 1],
    ],
  ] as const) {
    for (const size of [1, 7, 1_000]) {
      const guarded = guardAnswer(guardedByRedaction, () => "ours");
      const events = thoughts.flatMap((said, block) => {
        const pieces = Array.from({ length: Math.ceil(said.length / size) }, (_, at) =>
          said.slice(at * size, (at + 1) * size),
        );
        return [open(block, "reasoning"), ...pieces.map((piece) => text(block, piece)), sealOf(block), close(block)];
      });
      const out: AnswerEvent[] = [...events, open(9, "text"), text(9, card), close(9), end].flatMap((event) => [
        ...guarded.push(event),
      ]);
      assert.deepEqual(
        out.flatMap((event) => (event.kind === "seal" ? [event.block] : [])),
        left,
        JSON.stringify([thoughts, size]),
      );
    }
  }
});

test("however an answer is cut into pieces and blocks, what is to be redacted is replaced and nothing else", () => {
  const said = fc.array(fc.constantFrom("boats ", "4111 1111 1111 1111", " go, ", "5500-0000-0000-0004 ", "7 "), {
    maxLength: 40,
  });
  const cuts = fc.array(fc.nat(500), { maxLength: 20 });
  fc.assert(
    fc.property(said, cuts, fc.array(fc.boolean(), { maxLength: 21 }), (parts, at, seams) => {
      const whole = parts.join(", ");
      const ends = [0, ...at.map((cut) => cut % (whole.length + 1)).toSorted((a, b) => a - b), whole.length];
      const events: AnswerEvent[] = [open(0, "text")];
      let block = 0;
      for (const [index, cutAt] of ends.slice(1).entries()) {
        events.push(text(block, whole.slice(ends[index], cutAt)));
        if (seams[index] !== true) continue;
        events.push(close(block), open(block + 1, "text"));
        block += 1;
      }
      const { blocks, redacted: count } = redacted([...events, close(block), end]);
      const cards = /4111 1111 1111 1111|5500-0000-0000-0004/g;
      assert.equal(blocks.join(""), whole.replaceAll(cards, "[redacted: card]"));
      assert.equal(count, (whole.match(cards) ?? []).length);
    }),
    { seed: 10, numRuns: 1_000 },
  );
});

test("arguments of two calls that grow side by side are guarded each by itself", () => {
  const events = [tool(0), tool(1), text(0, '{"q":"poi'), text(1, "{}"), text(0, `son"}${" ".repeat(200)}`)];
  const passed = pass([...events, close(0), close(1), end]);
  assert.ok(passed.isStopped);
  assert.doesNotMatch(passed.text, /poi/);
});

test("however an answer is cut into pieces and blocks, no prohibited word leaves and clean answers are not stopped", () => {
  const plain = fc.constantFrom("boats ", "go ", "through ", "the lock ", "poi ", "son ", "👋🏽 ");
  const pieces = fc.array(
    fc.oneof({ weight: 20, arbitrary: plain }, { weight: 1, arbitrary: fc.constant("poison ") }),
    {
      maxLength: 60,
    },
  );
  const seam = fc.constantFrom("none", "none", "block", "call");
  fc.assert(
    fc.property(
      pieces,
      fc.array(fc.nat(400), { maxLength: 20 }),
      fc.tuple(fc.array(seam, { maxLength: 21 }), fc.boolean()),
      (said, cuts, [seams, isOneText]) => {
        const whole = said.join("");
        const at = [0, ...cuts.map((cut) => cut % (whole.length + 1)).toSorted((a, b) => a - b), whole.length];
        const events: AnswerEvent[] = [open(0, "text")];
        let block = 0;
        for (const [index, cutAt] of at.slice(1).entries()) {
          events.push(text(block, whole.slice(at[index], cutAt)));
          const between = seams[index] ?? "none";
          if (between === "none") continue;
          events.push(close(block));
          if (between === "call") events.push(tool(block + 1), text(block + 1, "{}"), close(block + 1));
          block += 2;
          events.push(open(block, "text"));
        }
        const passed = pass([...events, close(block), end], guard(true, isOneText));
        assert.equal(passed.isStopped, whole.includes("poison"));
        const left = passed.text.replaceAll("{}", "");
        assert.doesNotMatch(left, /poison/);
        if (isOneText || !seams.includes("call"))
          assert.ok(left.length <= (whole.includes("poison") ? whole.indexOf("poison") : whole.length));
        if (passed.isStopped) return;
        assert.equal(left.length, whole.length);
        const inOrder = (some: readonly AnswerEvent[]): readonly string[] => {
          const shapes = some.map(shapeOf).filter((one) => !one.startsWith("text"));
          // What comes in the middle of one text does not wait for it.
          return isOneText ? shapes.toSorted() : shapes;
        };
        assert.deepEqual(inOrder(passed.events), inOrder([...events, close(block), end]));
      },
    ),
    { seed: 9, numRuns: 1_000 },
  );
});

test("seals and sealed blocks pass only where the envelope admits reasoning", () => {
  const sealed: AnswerEvent = { ...place(1), kind: "open", as: "sealed", data: "AAAA" };
  const events: AnswerEvent[] = [
    open(0, "reasoning"),
    text(0, "Hm."),
    { ...place(0), kind: "seal", seal: "BBBB" },
    close(0),
    sealed,
    close(1),
    end,
  ];
  assert.match(JSON.stringify(pass(events).events), /BBBB.*AAAA/);
  const without = pass(events, guard(false));
  assert.doesNotMatch(JSON.stringify(without.events), /AAAA|BBBB/);
  assert.equal(without.text, "Hm.");
  assert.equal(without.events.filter(({ kind }) => kind === "close").length, 1);
});

test("a finish closes what is open, after its text was cleared", () => {
  const passed = pass([open(0, "text"), text(0, "Hello"), end]);
  assert.deepEqual(
    passed.events.map(({ kind }) => kind),
    ["open", "text", "close", "finish"],
  );
});

test("events out of order, undeclared tools and text in sealed places are failures of the server", () => {
  const sealed: AnswerEvent = { ...place(0), kind: "open", as: "sealed", data: "AAAA" };
  for (const events of [
    [text(0, "x")],
    [open(0, "text"), open(0, "text")],
    [open(1, "text"), close(1), open(0, "text")],
    [open(0, "text"), open(1, "text")],
    [open(0, "text"), close(0), text(0, "x")],
    [end, open(0, "text")],
    [tool(0, "other")],
    [sealed, text(0, "x")],
    [{ ...sealed, data: "plain words" }],
    [open(0, "text"), { ...place(0), kind: "seal", seal: "AAAA" }],
    [open(0, "reasoning"), { ...place(0), kind: "seal", seal: "plain words" }],
    [{ ...place(0, 2), kind: "open", as: "text" }],
  ] as const satisfies readonly AnswerEvent[][]) {
    assert.throws(
      () => pass(events),
      (error) => error instanceof Failure && error.code === "upstream_failed",
      JSON.stringify(events),
    );
  }
});

test("an answer past its bounds is stopped as too long", () => {
  const many = Array.from({ length: 601 }, (_, block) => [tool(block), close(block)]).flat();
  assert.ok(pass(many).isStopped);
  const long = guard();
  for (const event of [open(0, "text"), text(0, "x".repeat(1_000_001))]) long.push(event);
  assert.deepEqual(long.stoppedBy(), { kind: "unknown", cause: "too-long" });
  const divided = guard();
  for (const block of [0, 1]) for (const event of [tool(block), text(block, "x".repeat(500_001))]) divided.push(event);
  assert.deepEqual(divided.stoppedBy(), { kind: "unknown", cause: "too-long" }, "all blocks together");
});
