// Writes down what the shipped detector makes of varied texts, to the last bit, so that making it faster cannot change it.
// Run it only when the weights change: node scripts/record-scores.ts
import { writeFileSync } from "node:fs";
import { recordedScores, scoresFile } from "../test/recorded-scores.ts";

writeFileSync(scoresFile, `${JSON.stringify(await recordedScores(), null, 1)}\n`);
