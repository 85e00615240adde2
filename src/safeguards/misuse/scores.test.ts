// Making the detector faster changes nothing of what it says: to the last bit, for texts of many kinds.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { RecordedScores, recordedScores, scoresFile } from "../../../test/recorded-scores.ts";
import { variedTexts } from "../../../test/varied-texts.ts";

test("scores, features and findings are those recorded, to the last bit", async () => {
  const before = RecordedScores.parse(JSON.parse(readFileSync(scoresFile, "utf8")));
  const now = await recordedScores();
  assert.equal(now.weights, before.weights, "other weights: record anew with scripts/record-scores.ts");
  const texts = variedTexts(now.texts.length);
  for (const [at, text] of texts.entries())
    assert.deepEqual(now.texts[at], before.texts[at], `text ${at}: ${JSON.stringify(text.slice(0, 80))}`);
});
