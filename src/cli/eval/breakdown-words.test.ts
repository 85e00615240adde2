import assert from "node:assert/strict";
import { test } from "node:test";
import type { Part } from "../../evidence/breakdown.ts";
import { breakdownInWords, tallyInWords } from "./breakdown-words.ts";
import { attacksThatDiffer } from "../../evidence/part-figures.ts";

function partOf(
  name: string,
  [clustersFailed, clusters]: readonly [number, number],
  tries: readonly [number, number],
): Part {
  const [failures, trials] = tries;
  const tally = { trials, failures, unknown: 0, clusters, clustersFailed, clustersUnknown: 0 };
  return { name, tally, perCluster: trials / clusters };
}

test("each part has its count, its interval in figures and drawn, and what several draws came to", () => {
  const attack = [
    partOf("none", [0, 12], [0, 12]),
    partOf("rot13@1", [12, 12], [12, 12]),
    partOf("best-of-n@1", [6, 12], [8, 48]),
  ];
  const lines = breakdownInWords({ attack, category: [] }).split("\n");
  assert.deepEqual(lines, [
    "attack       failed of  unknown  95 % interval     0 %                          100 %",
    "none              0/12        0  0.0 % – 26.5 %    ●────────·······················",
    "rot13@1          12/12        0  73.5 % – 100.0 %  ·······················────────●",
    "best-of-n@1       6/12        0  21.1 % – 78.9 %   ······──────────●─────────······  hit@4 50.0 % (independent tries: 51.8 %)",
  ]);
});

test("what has no attacks has no table of them", () => {
  assert.match(
    breakdownInWords({ attack: [], category: [partOf("fraud", [1, 3], [1, 3])] }),
    /^category .*\nfraud +1\/3 /,
  );
});

test("what the bound counts is said first where several attempts make one cluster", () => {
  const one = { trials: 4, failures: 1, unknown: 1, clusters: 4, clustersFailed: 1, clustersUnknown: 1 };
  assert.equal(tallyInWords(one), "1 of 4 failed, 1 unknown");
  const several = { trials: 64, failures: 20, unknown: 2, clusters: 4, clustersFailed: 3, clustersUnknown: 1 };
  assert.equal(tallyInWords(several), "3 of 4 clusters failed, 1 unknown (of their 64 attempts 20 failed, 2 unknown)");
});

test("what steers a terminal in the name of a category is spelled out", () => {
  const words = breakdownInWords({ attack: [], category: [partOf("fraud\u001b[2K\u202e", [1, 3], [1, 3])] });
  assert.match(words, /\nfraud\\u\{1b\}\[2K\\u\{202e\} /);
  assert.ok(!words.includes("\u001b") && !words.includes("\u202e"));
});

test("of two runs the attacks are told under which not as many clusters failed", () => {
  const one = [partOf("none", [1, 4], [1, 4]), partOf("rot13@1", [2, 4], [2, 4]), partOf("base64@1", [1, 4], [1, 4])];
  const other = [partOf("none", [1, 4], [3, 8]), partOf("rot13@1", [0, 4], [0, 4])];
  assert.deepEqual(attacksThatDiffer(one, other), [{ attack: "rot13@1", one: 2, other: 0 }]);
});
