// How many tries one run may have, so that what was paid for can be sealed: a sealed run is one artefact, and comes packed in one request.
// Worked out before the permit is made, from the longest sample that the suite can give; while it runs, no try is made again that would
// no longer fit.
import { adaptiveTurnsMax } from "../../acts/bodies.ts";
import { controlBodyBytesMax, unpackedBytesMax } from "../../control/contract.ts";
import { judgeName, personName } from "../../evidence/graders/combine.ts";
import { judgesOf } from "../../evidence/graders/grader-document.ts";
import type { LoadedSuite } from "../../evidence/suite.ts";
import type { Suite } from "../../evidence/suite-document.ts";
import type { Sample } from "../../evidence/seal.ts";
import { canonicalBytes } from "../../proof/canonical.ts";
import type { RunRecord } from "../../runner/run-record.ts";
import { placeOf } from "../../runner/run-lines.ts";
import { Digest, PersonId, ReceiptId } from "../../terms/ids.ts";
import { turnsOf } from "./run-budget.ts";

/** Left for what stands around the samples, and for the statement. */
const headBytes = 1024 * 1024;
const rawBytesMax = unpackedBytesMax - headBytes;
/** In a request it is base64. */
const packedBytesMax = (controlBodyBytesMax * 3) / 4 - headBytes;

/** What hashes, times and ids take packed, whose digits are chance, and a further receipt or grader: measured by the test, rounded up. */
const packedSampleBytes = 125;
const packedReceiptBytes = 20;
const packedGraderBytes = 16;

export interface SizedSuite {
  readonly document: Suite;
  readonly loaded: { readonly items: readonly Pick<LoadedSuite["items"][number], "cluster">[] };
}

/** Tries that fit one sealed run of the suite. */
export function triesThatFit(suite: SizedSuite): number {
  const longest = longestSample(suite);
  const raw = canonicalBytes(longest).length + 1;
  const packed =
    packedSampleBytes +
    Buffer.byteLength(longest.cluster) +
    packedReceiptBytes * (longest.before?.length ?? 0) +
    packedGraderBytes * (longest.graded?.length ?? 0);
  return Math.floor(Math.min(rawBytesMax / raw, packedBytesMax / packed));
}

/** How many more tries there may be of what was tried before. */
export function triesLeft(suite: SizedSuite, { begun, results }: Pick<RunRecord, "begun" | "results">): number {
  const tried = new Set(results.map((result) => placeOf(result))).size;
  const { items, attempts } = begun.permit;
  return triesThatFit(suite) - items.count * attempts - (results.length - tried);
}

/** With everything in it that a sample of the suite can have, each as long as it gets. */
export function longestSample({ document, loaded }: SizedSuite): Sample {
  const turns = turnsOf(document) ?? 1;
  const graders = gradersOf(document);
  return {
    item: Digest.parse(`sha256:${"0".repeat(64)}`),
    cluster: loaded.items.reduce((most, { cluster }) => (lengthOf(cluster) > lengthOf(most) ? cluster : most), "c"),
    attempt: 1000,
    outcome: "truncated",
    receipt,
    ...(turns === 1 ? {} : { before: Array.from({ length: Math.min(turns, adaptiveTurnsMax) - 1 }, () => receipt) }),
    at: "2026-01-01T00:00:00.000Z",
    answer: Digest.parse(`sha256:${"0".repeat(64)}`),
    ...(graders.length === 0 ? {} : { graded: graders.map((by) => ({ by, verdict: "unscored" as const })) }),
  };
}

const receipt = ReceiptId.parse(`rcpt_${"0".repeat(24)}`);

function lengthOf(text: string): number {
  return canonicalBytes(text).length;
}

/** Persons who mark an answer: two, and a third where these differ. */
const personsMax = 3;
const person = personName(PersonId.parse(`person_${"0".repeat(16)}`));

function gradersOf({ grader }: Suite): readonly string[] {
  if (typeof grader === "string") return [];
  return [...judgesOf(grader).map((judge) => judgeName(judge)), ...Array.from({ length: personsMax }, () => person)];
}
