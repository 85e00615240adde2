// What a sample keeps of an answer: as much as it has room for, and only where a plan asks for it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { CallerMeasure } from "../acts/watch.ts";
import { isSampled } from "../exposure/sampling.ts";
import { ReviewText, answerCharsMax } from "../feed/reviews.ts";
import { sampleAnswer, textFor } from "./sampler.ts";

const kept = (labels: object, ...pieces: readonly string[]): { answer: string; isWhole: boolean } => {
  const measure = CallerMeasure.parse({
    id: "misuse",
    measure: "confirmed-misuse",
    limit: 0.05,
    alpha: 0.1,
    exchangesMin: 50,
    sample: 1,
    perOrganisationPerHour: 20,
    labelHours: 24,
    labels: { by: "reviewers", ...labels },
  });
  const text = { nonce: "0".repeat(64), call: "{}" };
  const sampling = { measures: [measure].filter(isSampled), text, answer: "", isWhole: true };
  for (const piece of pieces) sampleAnswer({ sampling }, piece);
  const { answer, isWhole } = sampling;
  assert.ok(ReviewText.safeParse({ ...text, answer: { text: answer, isWhole } }).success);
  return { answer, isWhole };
};

test("an answer is kept piece by piece where the plan says so, and nowhere else", () => {
  assert.deepEqual(kept({ answers: true }, "one ", "two"), { answer: "one two", isWhole: true });
  assert.deepEqual(kept({}, "one "), { answer: "", isWhole: true });
});

test("one that is too long is cut where a sample ends, says so, and breaks no character", () => {
  const { answer, isWhole } = kept({ answers: true }, "a".repeat(answerCharsMax - 1), "\u{1f600}", "more");
  assert.deepEqual([answer.length, isWhole, answer.isWellFormed()], [answerCharsMax, false, true]);
  assert.equal(kept({ answers: true }, "a".repeat(answerCharsMax)).isWhole, true);
});

test("of an exchange that two measures drew, only the one whose plan says so is handed the answer", () => {
  const sampling = { text: { nonce: "0".repeat(64), call: "{}" }, answer: "what was said", isWhole: true };
  assert.deepEqual(textFor({ labels: { by: "reviewers" } }, sampling), sampling.text);
  const answer = { text: "what was said", isWhole: true };
  assert.deepEqual(textFor({ labels: { by: "reviewers", answers: true } }, sampling), { ...sampling.text, answer });
});
