// What the console's parts rest on, without a browser: numbers in words, saved rows, where a typed text leads, and what the first
// page weighs.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { describe, test } from "node:test";
import { z } from "zod";
import { alertsIn } from "../../console/pages/live/alerts.ts";
import { newSigner } from "../../src/proof/node.ts";
import { everyPage } from "../../console/app/every-page.ts";
import { ask } from "../../console/app/server.ts";
import { targetsFor } from "../../console/app/targets.ts";
import { joined, sinceOf } from "../../console/pages/live/windows.ts";
import { csvOf, jsonlOf } from "../../console/parts/save-rows.ts";
import { glossary } from "../../console/words/glossary.ts";
import {
  agoInWords,
  boundsInWords,
  bytesInWords,
  durationInWords,
  momentInWords,
  numberInWords,
  oneInWords,
  percentInWords,
  shortened,
} from "../../console/words/format.ts";
import type { LiveView } from "../../src/control/contract-live.ts";
import { whyInWords } from "../../console/words/measures.ts";
import { Failure } from "../../src/terms/failure.ts";
import { consoleFolder, keepConsoleBuilt } from "../../src/main/console-build.ts";
import { firstLoad } from "./first-load.ts";

test("every word that the help of the pages explains stands in GLOSSARY.md", () => {
  const known = new Set(
    readFileSync("GLOSSARY.md", "utf8")
      .split("\n")
      .filter((line) => line.startsWith("| "))
      .flatMap((line) => (line.split("|")[1] ?? "").split(",").map((word) => word.trim())),
  );
  assert.ok(glossary.length > 20);
  assert.deepEqual(
    glossary.map(({ word }) => word).filter((word) => !known.has(word)),
    [],
  );
});

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
    assert.equal(
      boundsInWords({ lower: 0.3096, upper: 0.418_002, confidence: 0.95, isEach: true }),
      "at least 30.9\u00A0% and at most 41.9\u00A0%, each with 95\u00A0% confidence",
    );
  });

  test("how a run left its plan is said in words, and what is not known stays as the server wrote it", () => {
    assert.equal(
      whyInWords("Not as registered: run_00ff: not-sealed, repeated; run_11aa: something-new."),
      "Not as registered: it was begun and is not sealed, and it repeats what had been run before without showing what was to be shown (run_00ff); run_11aa: something-new.",
    );
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
    assert.deepEqual([agoInWords(15_000, 0), agoInWords(0, 6000)], ["just now", "6 seconds ago"]);
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

test("what is saved of a list is every page of it, and never a part of it as the whole", async () => {
  const pages = [
    { rows: [1, 2], next: 2 },
    { rows: [3], next: null },
  ];
  const read = async (place = 0): Promise<(typeof pages)[number]> =>
    pages[place === 0 ? 0 : 1] ?? { rows: [], next: null };
  assert.deepEqual(await everyPage(read), [1, 2, 3]);
  const many = Array.from({ length: 60_000 }, (_, at) => at);
  await assert.rejects(
    everyPage(async () => ({ rows: many, next: 1 })),
    { code: "request_invalid" },
  );
  await assert.rejects(
    everyPage(async (place: number | undefined = 0) => {
      if (place > 0) throw new Failure("server_unreachable", "gone");
      return { rows: many, next: 1 };
    }),
    { code: "server_unreachable" },
  );
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

describe("an answer of the server", () => {
  test("that is cut off in the middle is an answer that did not come, with its code", async (t) => {
    const server = createServer((_, response) => {
      response.writeHead(200, { "content-type": "application/json", "content-length": "1000" });
      response.write('{"a":');
      setTimeout(() => response.destroy(), 20);
    });
    await new Promise<void>((resolve) => {
      server.listen(0, "127.0.0.1", resolve);
    });
    t.after(() => server.close());
    const address = server.address();
    assert.ok(address !== null && typeof address === "object");
    const url = `http://127.0.0.1:${address.port}`;
    Object.defineProperty(globalThis, "location", { value: new URL(url), configurable: true });
    await assert.rejects(ask(url, z.unknown()), { code: "server_unreachable" });
  });
});

const sample = (second: number): LiveView["processes"][number]["samples"][number] => ({
  second,
  verdicts: { served: 1 },
  now: { exchanges: 0, receiptsWaiting: 0, leaseMs: 1, closed: null },
});
const told = (second: number, ...gateways: readonly string[]): LiveView => ({
  second,
  at: "2026-12-01T00:00:00.000Z",
  processes: gateways.map((gateway) => ({ gateway, samples: [sample(second - 1)] })),
  gateways: { size: 0, gateways: [] },
  withFigures: [],
  reports: [],
  entries: [],
  queues: [],
  usage: [],
});

describe("the seconds of the live page", () => {
  test("are asked for from the last one on, also where a gateway is gone, and what it told goes with its quarter of an hour", () => {
    const both = told(1_000, "gateway", "gateway-2");
    const first = joined(new Map(), both);
    assert.equal(sinceOf(first, undefined), 0);
    assert.equal(sinceOf(first, both), 999);
    const one = told(1_001, "gateway");
    const second = joined(first, one);
    assert.deepEqual([...second.keys()], ["gateway", "gateway-2"]);
    assert.equal(sinceOf(second, one), 1_000, "the one that is gone is not waited for");
    const late = told(2_000, "gateway");
    assert.deepEqual([...joined(second, late).keys()], ["gateway"]);
  });

  test("a gateway elsewhere that is closed is said, and one that is silent is unknown, whatever it said last", () => {
    const gateway = newSigner().signer.publicKey;
    const now = { exchanges: 0, receiptsWaiting: 0, leaseMs: 0, closed: "store_unavailable" };
    const report = { seconds: 10, verdicts: {}, halfMs: null, mostMs: null, upstream: [], unjudged: 0, now };
    const alerts = (isCurrent: boolean): string => {
      const heard = { gateway, at: "2026-12-01T00:00:00.000Z", isCurrent, report };
      return alertsIn({ ...told(1_000), reports: [heard] }, new Map()).join();
    };
    assert.match(alerts(true), /is closed: store_unavailable/);
    assert.match(alerts(false), /unknown/);
    assert.doesNotMatch(alerts(false), /store_unavailable/);
  });
});

test("a digest, a key and an id are short in the same way; what is short already stays", () => {
  assert.equal(shortened(`sha256:${"a".repeat(64)}`), `sha256:${"a".repeat(12)}…`);
  assert.equal(shortened("run_0123456789abcdef"), "run_01234567…");
  assert.equal(shortened("gateway-2"), "gateway-2");
});
