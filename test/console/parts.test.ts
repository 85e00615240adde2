// What the console's parts rest on, without a browser: numbers in words, saved rows, where a typed text leads, and what the first
// page weighs.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { targetsFor } from "../../console/app/targets.ts";
import { csvOf, jsonlOf } from "../../console/parts/save-rows.ts";
import {
  agoInWords,
  boundsInWords,
  bytesInWords,
  durationInWords,
  momentInWords,
  numberInWords,
  oneInWords,
  percentInWords,
} from "../../console/words/format.ts";
import { consoleFolder, keepConsoleBuilt } from "../../src/main/console-build.ts";
import { firstLoad } from "./first-load.ts";

describe("numbers in words", () => {
  test("an interval that begins at nothing is a bound in so many, one that says nothing says so", () => {
    assert.equal(
      boundsInWords({ lower: 0, upper: 0.0152, confidence: 0.95 }),
      "below 1 in 65 with 95\u00A0% confidence",
    );
    assert.equal(
      boundsInWords({ lower: 0, upper: 0.2, confidence: 0.95 }),
      "below 20\u00A0% with 95\u00A0% confidence",
    );
    assert.equal(
      boundsInWords({ lower: 0.12, upper: 0.18, confidence: 0.9 }),
      "between 12\u00A0% and 18\u00A0% with 90\u00A0% confidence",
    );
    assert.equal(
      boundsInWords({ lower: 0.120_49, upper: 0.180_01, confidence: 0.95 }),
      "between 12\u00A0% and 18.1\u00A0% with 95\u00A0% confidence",
    );
    assert.match(boundsInWords({ lower: 0, upper: 1, confidence: 0.95 }), /^not known/);
  });

  test("a bound in so many never claims more than the bound does", () => {
    for (const upper of [0.0151, 0.0154, 0.021, 0.05, 0.0999, 0.0006, 0.000_123_4]) {
      const [, n = ""] = /1 in ([\d,.]+)/.exec(oneInWords(upper)) ?? [];
      assert.ok(1 / Number(n.replaceAll(",", "")) >= upper, `${upper}: 1 in ${n}`);
    }
  });

  test("counts have thousands, shares a sign, times and sizes a unit", () => {
    assert.equal(numberInWords(1842), "1,842");
    assert.equal(percentInWords(0.0154), "1.54\u00A0%");
    assert.equal(agoInWords(0, 3 * 60_000), "3 minutes ago");
    assert.equal(agoInWords(12 * 86_400_000, 0), "in 12 days");
    assert.equal(momentInWords(Date.UTC(2026, 10, 30, 23, 58)), "30 Nov 2026, 23:58:00 UTC");
    assert.equal(durationInWords(2310), "2.31\u00A0s");
    assert.equal(bytesInWords(1_800_000), "1.8 MB");
    assert.equal(bytesInWords(0), "0 bytes");
  });
});

describe("saved rows", () => {
  const columns = [
    { id: "name", value: (row: { name: string; count: number | null }) => row.name },
    { id: "count", value: (row: { name: string; count: number | null }) => row.count },
  ];
  const rows = [
    { name: 'a "quoted", line\nbreak', count: 3 },
    { name: "=HYPERLINK(1)", count: null },
  ];

  test("as CSV they are quoted, and no text is a formula", () => {
    assert.equal(csvOf(rows, columns), `name,count\r\n"a ""quoted"", line\nbreak",3\r\n'=HYPERLINK(1),\r\n`);
  });

  test("as JSONL they are what they were, one a line", () => {
    const lines = jsonlOf(rows, columns).trimEnd().split("\n");
    assert.deepEqual(
      lines.map((line): unknown => JSON.parse(line)),
      rows,
    );
  });
});

describe("where a typed text leads", () => {
  const known = { models: ["small"], proposals: [{ proposal: "prop_0123456789abcdef", model: "small" }] };

  test("a name to its page, a number to its entry, an id to the ledger's search, anything else nowhere", () => {
    assert.deepEqual(
      targetsFor("ledg", known).map(({ href }) => href),
      ["/ledger"],
    );
    assert.deepEqual(
      targetsFor("1,842", known).map(({ href }) => href),
      ["/ledger/1842"],
    );
    assert.deepEqual(
      targetsFor("rcpt_0123456789abcdef", known).map(({ href }) => href),
      ["/ledger?q=rcpt_0123456789abcdef"],
    );
    assert.deepEqual(targetsFor("javascript:alert(1)", known), []);
    assert.equal(targetsFor("", known).length, 9);
    assert.deepEqual(
      targetsFor("smal", known).map(({ kind, href }) => [kind, href]),
      [
        ["proposal", "/release/small#prop_0123456789abcdef"],
        ["model", "/release/small"],
      ],
    );
  });
});

test("the first load is at most 250 kB of gzipped JavaScript", async () => {
  await keepConsoleBuilt((text) => process.stderr.write(text));
  const { scriptGzipBytes } = firstLoad(consoleFolder, readFileSync(join(consoleFolder, "index.html"), "utf8"));
  assert.ok(scriptGzipBytes > 50_000, "index.html has lost its form");
  assert.ok(scriptGzipBytes <= 250_000, `${scriptGzipBytes} bytes`);
});
