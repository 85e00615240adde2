// Which safeguard of a document said something, where several are called the same.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Name } from "../terms/ids.ts";
import { placesIn } from "./places.ts";
import { Safeguards } from "./safeguards-document.ts";

function words(name: string): object {
  return { safeguard: "patterns@1", on: ["input"], patterns: [{ name, category: "cyber", words: [name] }] };
}

test("a finding is of the entry that is called so, and of two called the same of the one that has its pattern", () => {
  const rates = { block: { benignRate: 0.002 }, review: { benignRate: 0.005 } };
  const service = {
    safeguard: "service@1",
    on: ["input"],
    url: "http://127.0.0.1:9100/judge",
    judges: ["cyber"],
    block: { score: 0.9 },
    review: { score: 0.5 },
  };
  const { chain } = Safeguards.parse({
    kind: "Safeguards",
    name: "several",
    chain: [
      words("falcon"),
      { safeguard: "misuse@3", on: ["input"], ...rates },
      words("hawk"),
      { ...service, name: "one" },
      { ...service, name: "two" },
      { safeguard: "structure@1", on: ["input"] },
    ],
  });
  const placeOf = placesIn(chain);
  const called = (detector: string, pattern?: string): number | undefined =>
    placeOf({ detector, ...(pattern === undefined ? {} : { pattern: Name.parse(pattern) }) });
  assert.deepEqual(
    [called("patterns@1", "falcon"), called("misuse@3"), called("patterns@1", "hawk"), called("service@1 two")],
    [0, 1, 2, 4],
  );
  assert.deepEqual(
    [called("structure@1", "disguise"), called("patterns@1", "owl"), called("redaction")],
    [5, 0, undefined],
  );
});
