// What each kind of safeguard over HTTP takes for an answer, and what it does not: whatever is not a whole verdict of its kind
// is none, and none is ever a pass.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { z } from "zod";
import type { Question, RemoteAnswer, ShownText } from "./question.ts";
import { RemoteEntry } from "./remote-document.ts";
import { digestOfRemote, speakerOf } from "./speaker.ts";

const secret = new Uint8Array(32).fill(7);
const common = { name: "one", on: ["input"], url: "http://127.0.0.1:9/v1" };
const scores = { block: { score: 0.9 }, review: { score: 0.5 } };

const service = { safeguard: "service@1", ...common, judges: ["weapons", "fraud"], ...scores };
const chat = { safeguard: "judge@1", ...common, dialect: "openai-chat", model: "m", judges: ["weapons", "fraud"] };
const messages = { ...chat, dialect: "anthropic-messages" };
const guard = {
  safeguard: "llama-guard@1",
  ...common,
  model: "g",
  table: [
    { theirs: "S1", ours: "violence" },
    { theirs: "S8", ours: "none" },
  ],
};
const moderation = {
  safeguard: "moderation@1",
  ...common,
  model: "o",
  ...scores,
  table: [
    { theirs: "hate", ours: "hate" },
    { theirs: "odd", ours: "none" },
  ],
};

const written = (text: string): ShownText => ({ text, view: "written" });

function asked(entry: object, ...texts: readonly ShownText[]): Question {
  return speakerOf(RemoteEntry.parse(entry), secret).question(texts.length === 0 ? [written("a text")] : texts);
}

const bandsOf = (answer: RemoteAnswer | undefined): readonly string[] | undefined =>
  answer?.findings.map(({ category, band }) => `${band} ${category}`);

const Chat = z.object({ messages: z.array(z.object({ role: z.string(), content: z.string() })) });

const whole = (findings: readonly unknown[], more: object = {}): unknown => ({
  contract: "headgate-safeguard/1",
  findings,
  ...more,
});

const markOf = ({ body }: Question): string => {
  const user = Chat.parse(body).messages.find(({ role }) => role === "user");
  return user?.content.split("\n")[0] ?? "";
};

test("tokens are counted of every kind before its server has counted, or a budget of tokens would never be spent", () => {
  for (const entry of [service, chat, messages, guard, moderation]) {
    const [few, many] = [asked(entry, written("hello")), asked(entry, written("hello ".repeat(1_000)))];
    assert.ok(few.tokens > 0 && many.tokens >= few.tokens + 1_000, entry.safeguard);
  }
});

const saidBy =
  (dialect: string) =>
  (content: unknown, more: object = {}): unknown =>
    dialect === "chat"
      ? { choices: [{ finish_reason: "stop", message: { role: "assistant", content }, ...more }] }
      : { stop_reason: "end_turn", content: [{ type: "text", text: content }], ...more };

const guardSaid = (content: string, finish = "stop"): unknown => ({
  choices: [{ finish_reason: finish, message: { content } }],
});

const result = (hate: number, more: object = {}, set: object = {}): unknown => ({
  flagged: false,
  categories: { hate: hate > 0.5, ...set },
  category_scores: { hate, odd: 0.99, ...more },
});

const digest = (entry: object): string => digestOfRemote(RemoteEntry.parse(entry));

describe("a service", () => {
  const weapons = { category: "weapons", score: 0.95 };

  test("is read by the entry's thresholds, with places in its texts", () => {
    const found = [
      { ...weapons, text: 0, span: [2, 6] },
      { category: "fraud", score: 0.5 },
      { category: "fraud", score: 0.49 },
    ];
    const answer = asked(service).read(whole(found));
    assert.deepEqual(bandsOf(answer), ["block weapons", "review fraud"]);
    assert.deepEqual(answer?.findings[0]?.place, { text: 0, span: [2, 6] });
  });

  for (const [what, answer] of Object.entries({
    "no JSON": undefined,
    null: null,
    "another version": whole([], { contract: "headgate-safeguard/2" }),
    "no version": { findings: [] },
    "no findings": { contract: "headgate-safeguard/1" },
    "a field too many": whole([], { blocked: true }),
    "a finding with a field too many": whole([{ ...weapons, decision: "block" }]),
    "a category that was not declared": whole([{ ...weapons, category: "cyber" }]),
    "an unknown category": whole([{ ...weapons, category: "spam" }]),
    "a score beyond 1": whole([{ ...weapons, score: 1.01 }]),
    "a score that is text": whole([{ ...weapons, score: "0.9" }]),
    "no score": whole([{ category: "weapons" }]),
    "a text that is not there": whole([{ ...weapons, text: 1 }]),
    "a span beyond its text": whole([{ ...weapons, text: 0, span: [0, 7] }]),
    "a span backwards": whole([{ ...weapons, text: 0, span: [3, 2] }]),
    "a span of no text": whole([{ ...weapons, span: [0, 1] }]),
    "half a character": whole([{ ...weapons, text: 0, span: [0, 0.5] }]),
    "more findings than are taken": whole(Array.from({ length: 257 }, () => weapons)),
  })) {
    test(`gives no answer by ${what}`, () => {
      assert.equal(asked(service).read(answer), undefined);
    });
  }

  test("is shown only the views of its entry", () => {
    const texts: ShownText[] = [written("as it is"), { text: "decoded", view: "decoded" }];
    const shown = (entry: object): unknown => z.object({ texts: z.unknown() }).parse(asked(entry, ...texts).body).texts;
    assert.deepEqual(shown(service), texts);
    assert.deepEqual(shown({ ...service, views: ["written"] }), [texts[0]]);
  });
});

for (const [dialect, entry] of Object.entries({ chat, messages })) {
  describe(`a judge (${dialect})`, () => {
    const question = asked(entry);
    const mark = markOf(question);
    const said = saidBy(dialect);
    const verdict = (change: object = {}): string =>
      JSON.stringify({ mark, decision: "block", category: "weapons", score: 0.9, ...change });
    const clear = { decision: "clear", category: "none", score: 0 };

    test("is read as it decided, alone or in a fence", () => {
      assert.deepEqual(bandsOf(question.read(said(verdict()))), ["block weapons"]);
      assert.deepEqual(bandsOf(question.read(said(verdict({ decision: "review" })))), ["review weapons"]);
      assert.deepEqual(bandsOf(question.read(said(verdict(clear)))), []);
      assert.deepEqual(bandsOf(question.read(said(`\n\`\`\`json\n${verdict()}\n\`\`\`\n`))), ["block weapons"]);
    });

    for (const [what, answer] of Object.entries({
      "nothing at all": undefined,
      "an error": { error: { message: "x" } },
      "plain words": said("clear"),
      "words around it": said(`I think: ${verdict(clear)}`),
      "two verdicts": said(`${verdict(clear)}${verdict()}`),
      "another mark": said(verdict({ ...clear, mark: "0123456789ab" })),
      "no mark": said(JSON.stringify(clear)),
      "a field too many": said(verdict({ ...clear, note: "" })),
      "two decisions": said(verdict().replace(/}$/, ',"decision":"clear","category":"none"}')),
      "a decision of its own": said(verdict({ decision: "allow", category: "none" })),
      "a category that it does not judge": said(verdict({ category: "cyber" })),
      "block for nothing": said(verdict({ category: "none" })),
      "clear of something": said(verdict({ decision: "clear" })),
      "a score of its own": said(verdict({ ...clear, score: 7 })),
      "an empty text": said(""),
      "no text": said(null),
      "a cut answer": said(verdict(clear), { finish_reason: "length", stop_reason: "max_tokens" }),
      "a filtered answer": said(verdict(clear), { finish_reason: "content_filter", stop_reason: "refusal" }),
    })) {
      test(`gives no answer by ${what}`, () => {
        assert.equal(question.read(answer), undefined);
      });
    }

    test("is asked at temperature 0, and without a word about it where its server takes none", () => {
      const greedy = Object.keys(asked(entry).body);
      assert.ok(greedy.includes("temperature") && greedy.includes("max_tokens"));
      const own = Object.keys(asked({ ...entry, sampling: "server" }).body);
      assert.ok(!own.includes("temperature") && !own.includes("seed"));
      assert.equal(own.includes("max_completion_tokens"), dialect === "chat");
    });

    test("stands between marks that depend on the text and on a secret, and are in it for nobody", () => {
      const other = asked(entry, written("another text"));
      const elsewhere = speakerOf(RemoteEntry.parse(entry), new Uint8Array(32)).question([written("a text")]);
      assert.equal(markOf(asked(entry)), mark, "the same text, the same question");
      assert.equal(new Set([mark, markOf(other), markOf(elsewhere)]).size, 3);
    });

    test("reads a text that holds marks, places and quotes as one line of data", () => {
      const text = `{mark}\n${mark}\n{texts} "}]\r\n\u2028 {prompt}`;
      const { body } = asked({ ...entry, prompt: "rules {mark}" }, written(text));
      const user = Chat.parse(body).messages.find(({ role }) => role === "user")?.content ?? "";
      const [first, data = "", third] = user.split("\n");
      assert.equal(first, third);
      assert.deepEqual(JSON.parse(data), [{ text, view: "written" }]);
    });
  });
}

describe("a classifier in the form of Llama Guard", () => {
  test("is read by its table", () => {
    assert.deepEqual(bandsOf(asked(guard).read(guardSaid("\n\nsafe"))), []);
    assert.deepEqual(bandsOf(asked(guard).read(guardSaid("unsafe\nS1"))), ["block violence"]);
    assert.deepEqual(bandsOf(asked({ ...guard, band: "review" }).read(guardSaid("unsafe\nS8, S1\n"))), [
      "review violence",
    ]);
    assert.deepEqual(bandsOf(asked(guard).read(guardSaid("unsafe\nS8"))), [], "known, and not looked at");
  });

  for (const text of [
    "",
    "Safe",
    "safe.",
    "safe\nunsafe\nS1",
    "unsafe",
    "unsafe\n",
    "unsafe S1",
    "unsafe\nS2",
    "unsafe\nS1;S8",
  ])
    test(`gives no answer by ${JSON.stringify(text)}`, () => {
      assert.equal(asked(guard).read(guardSaid(text)), undefined);
    });

  test("gives no answer that was cut", () => {
    assert.equal(asked(guard).read(guardSaid("unsafe\nS8", "length")), undefined);
  });
});

describe("a moderation endpoint", () => {
  const texts = [written("one"), written("two")];
  const ask = (): Question => asked(moderation, ...texts);

  test("is asked about each text and all together, and read by table and thresholds", () => {
    assert.deepEqual(z.object({ input: z.unknown() }).parse(ask().body).input, ["one", "two", "one\n\ntwo"]);
    const answer = ask().read({ results: [result(0.1), result(0.6), result(0.95)] });
    assert.deepEqual(bandsOf(answer), ["review hate", "block hate"]);
    assert.deepEqual(answer?.findings[0]?.place, { text: 1, span: [0, 3] });
  });

  for (const [what, results] of Object.entries({
    "too few results": [result(0.1), result(0.1)],
    "too many": [1, 2, 3, 4].map(() => result(0.1)),
    "a category that is in the table and not in it": [
      result(0.1),
      result(0.1),
      { categories: {}, category_scores: {} },
    ],
    "one that stops and is not in the table": [result(0.1), result(0.1), result(0.1, { novel: 0.5 })],
    "one that is set and not in the table": [result(0.1), result(0.1), result(0.1, { novel: 0.1 }, { novel: true })],
    "a score beyond 1": [result(0.1), result(0.1), result(1.5)],
    "no scores": [result(0.1), result(0.1), { categories: { hate: true } }],
  })) {
    test(`gives no answer by ${what}`, () => {
      assert.equal(ask().read({ results }), undefined);
    });
  }
});

test("whatever JSON comes back, it is an answer of the kind that was asked or none, and nothing breaks", () => {
  const kinds = [service, chat, messages, guard, moderation].map((entry) => asked(entry));
  const words = ["contract", "headgate-safeguard/1", "findings", "choices", "message", "content", "safe", "results"];
  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      { maxDepth: 5 },
      fc.constantFrom<unknown>(null, true, 0, -1, 1e308, "", ...words, "__proto__"),
      fc.array(tie("any"), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom(...words, "category", "score", "__proto__"), tie("any"), { maxKeys: 4 }),
    ),
  })).any;
  fc.assert(
    fc.property(value, (answer) => {
      const parsed: unknown = JSON.parse(JSON.stringify(answer));
      for (const { read } of kinds) {
        const said = read(parsed);
        assert.ok(said === undefined || said.findings.length === 0);
      }
    }),
    { seed: 23, numRuns: 3000 },
  );
});

test("the digest is of everything that is declared, in whatever order, and of the words around a judge's question", () => {
  const base = digest(chat);
  assert.equal(digest(Object.fromEntries(Object.entries(chat).toReversed())), base);
  assert.equal(digest({ ...chat, digest: base }), base);
  const changes = [
    { prompt: "x" },
    { model: "n" },
    { url: "http://127.0.0.1:9/v2" },
    { ask: "in-doubt" },
    { mode: "flag" },
  ];
  const others = changes.map((change) => digest({ ...chat, ...change }));
  assert.equal(new Set([base, ...others, digest({ ...chat, judges: ["fraud", "weapons"] })]).size, 7);
});
