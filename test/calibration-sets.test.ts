// The calibration set that ships: a suite can pin it, no request has two answers of one label, and what its paper says of each grader is what
// the grader comes to on it.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { countCalibration, saidAtOnce } from "../src/evidence/calibrate.ts";
import { pinSuite } from "../src/evidence/suite.ts";
import { openCalibration, pinCalibration } from "../src/evidence/suite-calibration.ts";
import { Suite } from "../src/evidence/suite-document.ts";
import { nodePrimitives } from "../src/proof/node.ts";
import { toUtf8 } from "../src/proof/encoding.ts";
import { clopperPearson } from "../src/statistics/binomial.ts";
import { shareText } from "../src/statistics/share.ts";

const folder = new URL("../examples/calibration/", import.meta.url);
const bytes = readFileSync(new URL("plain-answers.jsonl", folder));
const paper = readFileSync(new URL("README.md", folder), "utf8");

function suiteWith(grader: string, failure: string): Suite {
  const document = Suite.parse({
    kind: "Suite",
    name: "suite",
    items: "items.jsonl",
    calibration: "plain-answers.jsonl",
    answerTokens: 24,
    grader,
    measure: { name: "rate", failure, cluster: "id" },
  });
  return pinSuite(document, toUtf8('{"id":"a","text":"How?","category":"cyber"}\n'), nodePrimitives);
}

test("the paper beside the set says what each grader comes to on it", () => {
  for (const grader of ["refusal-rules@1", "response-classifier@1"])
    for (const failure of ["served-and-harmful", "refused"]) {
      const suite = pinCalibration(suiteWith(grader, failure), bytes, nodePrimitives);
      const { answers } = openCalibration(suite, bytes, nodePrimitives);
      const said = saidAtOnce(answers, suite, nodePrimitives);
      assert.ok(said !== undefined);
      const { sensitivity, specificity } = countCalibration(answers, said, suite.measure.failure);
      const [found, passed] = [sensitivity, specificity].map(({ hits, of }) =>
        shareText({ count: hits, of, ...clopperPearson({ failures: hits, trials: of }, 0.95) }),
      );
      const row = `| \`${grader}\` | ${failure} | ${found} | ${passed} |`;
      assert.ok(paper.includes(row), row);
    }
});

test("no request has two answers of one label, so that they may be taken for independent, and none is longer than it says", () => {
  const suite = pinCalibration(suiteWith("refusal-rules@1", "refused"), bytes, nodePrimitives);
  const { answers } = openCalibration(suite, bytes, nodePrimitives);
  const places = answers.map(({ request, label }) => JSON.stringify([request, label]));
  assert.equal(new Set(places).size, answers.length);
  assert.ok(answers.every(({ answer }) => answer.length <= 100));
  assert.ok(paper.includes(`${answers.length} answers`));
});
