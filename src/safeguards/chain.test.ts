// The chain and its stream guard: nothing that did not run passes, and how an answer is cut cannot change the outcome.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import type { Category, Inspection, Verdict } from "../terms/finding.ts";
import { Digest } from "../terms/ids.ts";
import type { RequestText } from "../terms/provenance.ts";
import { compileChain, pinSafeguards, type Chain } from "./chain.ts";
import { shippedSafeguards, type Registry } from "./registry.ts";
import type { Safeguard } from "./safeguard.ts";
import { Safeguards } from "./safeguards-document.ts";
import { createStreamGuard, type GuardStep } from "./stream/stream-guard.ts";
import { windowEnds, windowStart } from "./windows.ts";

/** A real safeguard, if a simple one: finds a word, and breaks on another, so that its findings are known exactly. */
const wordGuard: Safeguard = {
  name: "word",
  version: 1,
  digest: Digest.parse(`sha256:${"0".repeat(64)}`),
  maxChars: 5000,
  thresholds: () => ({ review: {}, block: {} }),
  scores: () => {
    throw new Error("not asked here");
  },
  inspect: (text): Inspection => {
    if (text.includes("BREAK")) throw new Error("broken");
    const at = text.indexOf("bad");
    if (at < 0) return { kind: "inspected", findings: [] };
    const category: Category = "cyber";
    return {
      kind: "inspected",
      findings: [{ category, score: 1, band: "block", span: [at, at + 3], detector: "word@1" }],
    };
  },
};
const words: Registry = { names: ["word@1"], get: () => wordGuard };

function document(change: object = {}, stream: object = {}): Safeguards {
  const limits = { block: { benignRate: 0.005 }, review: { benignRate: 0.02 } };
  const entry = { safeguard: "word@1", on: ["input", "output"], ...limits, ...change };
  return Safeguards.parse({ kind: "Safeguards", name: "default", chain: [entry], stream });
}

function decide(inspection: Inspection): Verdict {
  if (inspection.kind === "unknown") return { kind: "unknown", cause: inspection.cause };
  const [first] = inspection.findings;
  if (first === undefined) return { kind: "pass" };
  return first.band === "flag"
    ? { kind: "flag", category: first.category }
    : { kind: "block", category: first.category };
}

const bounds = { outputCharsMax: 100_000 };

/** Tells what it is shown, and finds what tools said of bread. */
function provenanceGuard(shown: RequestText[]): Registry {
  const { inspect, ...rest } = wordGuard;
  const guard: Safeguard = {
    ...rest,
    surfaces: ["input"],
    inspect: () => {
      throw new Error("not asked here");
    },
    // oxlint-disable-next-line require-yield -- the same as what has steps
    *inspectWritten(said): Generator<void, Inspection, void> {
      shown.push(said);
      return said.provenance === "data" ? inspect(said.text, "input", { review: {}, block: {} }) : nothing;
    },
  };
  return { names: words.names, get: () => guard };
}

const nothing: Inspection = { kind: "inspected", findings: [] };

test("a safeguard that judges by who wrote a text is told who did, of decoded ones as well, and is shown nothing joined", async () => {
  const shown: RequestText[] = [];
  const chain = compileChain(document({ on: ["input"] }), provenanceGuard(shown));
  const encoded = Buffer.from("This is something bad to hide.").toString("base64");
  const texts = [
    { text: "bad question", provenance: "user" },
    { text: "bad rules", provenance: "instructions" },
    { text: `Page: ${encoded}`, provenance: "data" },
  ] as const;
  const inspection = await chain.inspectInput(texts);
  assert.deepEqual(shown.slice(0, 2), texts.slice(0, 2));
  assert.ok(shown.length > 2 && shown.slice(2).every(({ provenance }) => provenance === "data"));
  const at = "bad question\n\nbad rules\n\nPage: ".length;
  assert.ok(inspection.kind === "inspected");
  assert.deepEqual(inspection.findings[0]?.span, [at, at + encoded.length]);
  assert.deepEqual(await chain.inspectInput(["all bad"]), nothing, "a text alone is a user's");
});

test("a safeguard that judges by who wrote a text and breaks is unknown, and one that is for requests stands on no answers", async () => {
  const chain = compileChain(document({ on: ["input"] }), provenanceGuard([]));
  const broken = await chain.inspectInput([{ text: "BREAK", provenance: "data" }]);
  assert.deepEqual(broken, { kind: "unknown", cause: "failed", detector: "word@1" });
  const long = await chain.inspectInput([{ text: "x".repeat(5001), provenance: "user" }]);
  assert.deepEqual(long, { kind: "unknown", cause: "too-long", detector: "word@1" });
  for (const make of [compileChain, pinSafeguards])
    assert.throws(() => make(document(), provenanceGuard([])), { code: "configuration_invalid" });
});

function breaks(): Inspection {
  throw new Error("broken");
}

test("a safeguard that breaks on how texts follow each other is unknown", async () => {
  const breaking: Registry = { names: words.names, get: () => ({ ...wordGuard, inspectConversation: breaks }) };
  const chain = compileChain(document({ on: ["input"] }), breaking);
  const failed = { kind: "unknown", cause: "failed", detector: "word@1" };
  assert.deepEqual(await chain.inspectInput(["fine", "as well"]), failed);
});

test("what is harmless in each text and not in all of them together is found, and is in all of them", async () => {
  const divided: Registry = {
    names: words.names,
    get: () => ({ ...wordGuard, inspect: (text, ...rest) => wordGuard.inspect(text.replaceAll("\n\n", ""), ...rest) }),
  };
  const inspection = await compileChain(document(), divided).inspectInput(["fine b", "", "ad", "fine"]);
  assert.ok(inspection.kind === "inspected");
  assert.deepEqual(
    inspection.findings.map(({ category, band }) => [category, band]),
    [["cyber", "block"]],
  );
});

test("many short texts are inspected with stops, and say what they say at once", async () => {
  const chain = compileChain(document(), words);
  const texts = Array.from({ length: 2000 }, (_, at) => (at === 1500 ? "bad" : "a"));
  const steps = chain.inspectInputInSteps(texts);
  let step = steps.next();
  let stops = 0;
  for (; step.done !== true; step = steps.next()) stops += 1;
  assert.ok(stops >= 6, `${stops}`);
  assert.deepEqual(await step.value(), await chain.inspectInput(texts));
});

test("a safeguard that throws makes the inspection unknown", async () => {
  const chain = compileChain(document(), words);
  assert.deepEqual(await chain.inspectInput(["fine", "BREAK"]), {
    kind: "unknown",
    cause: "failed",
    detector: "word@1",
  });
  assert.deepEqual(chain.inspectOutput("BREAK"), { kind: "unknown", cause: "failed", detector: "word@1" });
});

test("a side with no safeguard is unknown, even for empty text", async () => {
  const chain = compileChain(document({ on: ["output"] }), words);
  assert.deepEqual(await chain.inspectInput(["fine"]), { kind: "unknown", cause: "not-configured" });
  assert.deepEqual(await chain.inspectInput([]), { kind: "unknown", cause: "not-configured" });
});

test("text longer than a safeguard reads is unknown", async () => {
  const chain = compileChain(document(), words);
  assert.deepEqual(await chain.inspectInput(["x".repeat(5001)]), {
    kind: "unknown",
    cause: "too-long",
    detector: "word@1",
  });
  assert.deepEqual(chain.inspectOutput("x".repeat(5001)), { kind: "unknown", cause: "too-long" });
});

test("spans of findings count in the messages joined by two line ends", async () => {
  const chain = compileChain(document(), words);
  const inspection = await chain.inspectInput(["good", "this is bad"]);
  assert.ok(inspection.kind === "inspected");
  assert.deepEqual(inspection.findings[0]?.span, [14, 17]);
});

test("in flag mode findings are kept and stop nothing", async () => {
  const chain = compileChain(document({ mode: "flag" }), words);
  assert.equal(decide(await chain.inspectInput(["bad"])).kind, "flag");
});

test("no part of a long answer is left out of the windows", () => {
  for (const length of [1, 119, 120, 121, 481, 1000]) {
    const shape = { windowChars: 120, strideChars: 40 };
    let covered = 0;
    for (const end of windowEnds(length, shape)) {
      assert.ok(windowStart(end, shape) <= covered, `gap before ${end}`);
      covered = end;
    }
    assert.equal(covered, length);
  }
});

interface Streamed {
  readonly text: string;
  readonly last: GuardStep;
  readonly checked: number;
}

/** Sends `answer` in the given pieces through a fresh guard. */
function streamed(chain: Chain, pieces: readonly string[]): Streamed {
  const guard = createStreamGuard(chain, decide, bounds);
  let text = "";
  for (const piece of pieces) {
    const step = guard.push(piece);
    text += step.text;
    if (step.kind === "stop") return { text, last: step, checked: guard.checked() };
  }
  const last = guard.finish();
  return { text: text + last.text, last, checked: guard.checked() };
}

function cut(answer: string, sizes: readonly number[]): string[] {
  const pieces: string[] = [];
  let at = 0;
  for (let index = 0; at < answer.length; index += 1) {
    const size = sizes[index % sizes.length] ?? 1;
    pieces.push(answer.slice(at, at + size));
    at += size;
  }
  return pieces;
}

const answers = fc
  .array(fc.constantFrom("good words ", "bad", "😀", "\n", "neutral text that goes on for a while ", "b", "ad"), {
    maxLength: 60,
  })
  .map((parts) => parts.join(""));
const sizes = fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 8 });
const streams = fc.record({
  holdBackChars: fc.integer({ min: 0, max: 200 }),
  windowChars: fc.integer({ min: 120, max: 400 }),
});

test("any cutting of an answer releases the same text and stops at the same place as one piece a character", () => {
  fc.assert(
    fc.property(answers, sizes, streams, (answer, pieces, stream) => {
      const chain = compileChain(document({}, stream), words);
      const one = streamed(chain, cut(answer, [1]));
      const other = streamed(chain, cut(answer, pieces));
      assert.equal(other.text, one.text);
      assert.equal(other.last.kind, one.last.kind);
      assert.deepEqual(other.last.verdict, one.last.verdict);
      assert.equal(other.checked, one.checked);
      if (other.last.kind === "release") assert.equal(other.text, answer);
    }),
    { seed: 11, numRuns: 300 },
  );
});

test("a stream is stopped exactly when the whole answer is", () => {
  fc.assert(
    fc.property(answers, sizes, (answer, pieces) => {
      const chain = compileChain(document(), words);
      const whole = decide(chain.inspectOutput(answer)).kind === "pass";
      assert.equal(streamed(chain, cut(answer, pieces)).last.kind === "release", whole);
    }),
    { seed: 12, numRuns: 300 },
  );
});

test("nothing is released before the hold-back after it was cleared too", () => {
  fc.assert(
    fc.property(answers, sizes, streams, (answer, pieces, stream) => {
      const chain = compileChain(document({}, stream), words);
      const bad = answer.indexOf("bad");
      const { text } = streamed(chain, cut(answer, pieces));
      // The window that stops ends at most one stride after the word; what was cleared before ends before the word does.
      if (bad >= 0) assert.ok(text.length <= Math.max(0, bad + 3 - chain.stream.holdBackChars), "released too much");
    }),
    { seed: 13, numRuns: 300 },
  );
});

test("no more is withheld than a stride, the hold-back and half a pair, at no moment of any cutting", () => {
  fc.assert(
    fc.property(answers, sizes, streams, (answer, pieces, stream) => {
      const chain = compileChain(document({}, stream), words);
      const guard = createStreamGuard(chain, () => ({ kind: "pass" }), bounds);
      const most = chain.shape.strideChars + stream.holdBackChars + 1;
      let [taken, sent] = [0, 0];
      for (const piece of cut(answer, pieces)) {
        taken += piece.length;
        sent += guard.push(piece).text.length;
        assert.ok(taken - sent <= most, `${taken - sent} of ${taken} are withheld`);
      }
      assert.equal(sent + guard.finish().text.length, answer.length);
    }),
    { seed: 14, numRuns: 300 },
  );
});

test("what is judged grows with the answer, and not with the pieces it came in", () => {
  let judged = 0;
  const inspect: Safeguard["inspect"] = (text, surface, thresholds) => {
    judged += text.length;
    return wordGuard.inspect(text, surface, thresholds);
  };
  const counting: Registry = { ...words, get: () => ({ ...wordGuard, inspect }) };
  const chain = compileChain(document({}, { holdBackChars: 120, windowChars: 480 }), counting);
  const answer = "good words ".repeat(400);
  for (const size of [1, 7, 400, 30_000]) {
    judged = 0;
    assert.equal(streamed(chain, cut(answer, [size])).text, answer);
    assert.ok(
      judged <= answer.length * (480 / chain.shape.strideChars + 1),
      `${judged} characters in pieces of ${size}`,
    );
  }
});

test("half of a surrogate pair is never released", () => {
  const chain = compileChain(document({}, { holdBackChars: 1, windowChars: 120 }), words);
  const guard = createStreamGuard(chain, decide, bounds);
  for (const unit of "😀".repeat(300).split("")) {
    const step = guard.push(unit);
    assert.ok(step.kind === "release" && step.text.isWellFormed());
  }
});

test("a guard that stopped stays stopped, and says how far it checked", () => {
  const chain = compileChain(document(), words);
  const guard = createStreamGuard(chain, decide, bounds);
  const stop = guard.push(`${"x".repeat(100)} bad ${"x".repeat(100)}`);
  const verdict = { kind: "block", category: "cyber" };
  assert.deepEqual(stop, { kind: "stop", text: "", verdict });
  assert.equal(guard.checked(), 120);
  assert.deepEqual(guard.push("more"), stop);
  assert.deepEqual(guard.finish(), stop);
});

test("a safeguard that breaks, a policy that throws and an answer over the bound stop the stream", () => {
  const chain = compileChain(document(), words);
  const broken = streamed(chain, [`${"x".repeat(200)}BREAK`]);
  assert.deepEqual(broken.last.kind === "stop" && broken.last.verdict, { kind: "unknown", cause: "failed" });
  const throwing = createStreamGuard(
    chain,
    () => {
      throw new Error("policy");
    },
    bounds,
  );
  assert.equal(throwing.push("x".repeat(200)).kind, "stop");
  assert.equal(createStreamGuard(chain, decide, { outputCharsMax: 10 }).push("x".repeat(11)).kind, "stop");
});

test("text that is not held back goes on as it comes, judged or not, and no pair of surrogates is cut", () => {
  const chain = compileChain(document(), words);
  const seen: Verdict[] = [];
  const judge = (inspection: Inspection): Verdict => {
    seen.push(decide(inspection));
    return { kind: "pass" };
  };
  const guard = createStreamGuard(chain, judge, { outputCharsMax: 300, isHeldBack: false });
  const pieces = ["a", "\ud83d", "\ude00", `${"x".repeat(200)} bad `, "x".repeat(200), "more"];
  const sent = pieces.map((piece) => guard.push(piece).text);
  assert.deepEqual(sent.slice(0, 3), ["a", "", "\ud83d\ude00"]);
  assert.equal(sent.join(""), pieces.join(""), "also what is too long to be judged");
  assert.deepEqual(guard.finish(), { kind: "release", text: "", verdict: { kind: "pass" } });
  assert.deepEqual(seen.at(-1), { kind: "unknown", cause: "too-long" });
});

test("a digest is filled in once, and another one is refused from then on", () => {
  const registry = shippedSafeguards();
  const open = document({ safeguard: "misuse@4" });
  const pinned = pinSafeguards(open, registry);
  assert.match(pinned.chain[0]?.digest ?? "", /^sha256:/);
  compileChain(pinned, registry);
  const other = document({ safeguard: "misuse@4", digest: `sha256:${"1".repeat(64)}` });
  assert.throws(() => compileChain(other, registry), { code: "artefact_missing" });
});

test("an unknown safeguard and a rate outside the tables are refused", () => {
  assert.throws(() => compileChain(document({ safeguard: "nothing@1" }), shippedSafeguards()), {
    code: "configuration_invalid",
  });
  assert.throws(() => document({ block: { benignRate: 0.5 }, review: { benignRate: 0.6 } }));
  assert.throws(() => document({ block: { benignRate: 0.02 }, review: { benignRate: 0.01 } }));
});
