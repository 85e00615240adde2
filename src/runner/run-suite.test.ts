import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { isItem, itemLeaf } from "../acts/item-proof.ts";
import { graderAtOnce } from "../evidence/graders/registry.ts";
import { newSigner, nodePrimitives, randomBytes } from "../proof/node.ts";
import { Instant } from "../terms/ids.ts";
import {
  type Front,
  type Tell,
  blocked,
  closed,
  full,
  itemsFor,
  openFront,
  permitFor,
  served,
  spent,
} from "./fixtures.ts";
import { failureCode } from "../terms/failure.ts";
import { openDisk } from "./line-writer.ts";
import { type Budget, budgetOf } from "./budget.ts";
import { runKeyBytes } from "./run-cipher.ts";
import { type RunFile, beginRun, resumeRun } from "./run-file.ts";
import type { Try } from "./run-record.ts";
import { type Progress, closedMsMax, runSuite, triesMax } from "./run-suite.ts";

const folder = mkdtempSync(join(tmpdir(), "headgate-suite-"));
after(async () => {
  for (const file of opened) await file.close();
  rmSync(folder, { recursive: true });
});

const misuse = graderAtOnce({ grader: "refusal-rules@1", measure: { failure: "served-and-harmful" } }, nodePrimitives);
const secret = "hg_secret";
let files = 0;
const opened: RunFile[] = [];

const key = randomBytes(runKeyBytes);
const began = Date.parse("2027-01-01");

async function freshFile(count: number): Promise<RunFile> {
  files += 1;
  const file = await beginRun(join(folder, `${files}.jsonl`), key, {
    ...permitFor(count),
    envelope: "",
    secret,
    suite: "misuse-core",
    at: "2027-01-01T00:00:00.000Z",
  });
  opened.push(file);
  return file;
}

interface Ran {
  readonly results: readonly Try[];
  readonly progress: readonly Progress[];
  readonly waits: readonly number[];
}

interface Setting {
  readonly file: RunFile;
  readonly front: Front;
  readonly count: number;
  readonly now?: number;
  readonly gateways?: Parameters<typeof runSuite>[0]["gateways"];
  readonly signal?: AbortSignal;
  readonly budget?: Budget;
  readonly triesLeft?: number;
}

async function run({ file, front, count, now = began, gateways, signal, budget, triesLeft }: Setting): Promise<Ran> {
  const progress: Progress[] = [];
  const waits: number[] = [];
  await runSuite(
    {
      permit: permitFor(count).permit,
      secret,
      dataPlane: front.url,
      items: itemsFor(count),
      failure: "served-and-harmful",
      grader: misuse,
      gateways: gateways ?? [front.gateway.publicKey],
      concurrency: 3,
      triesLeft,
    },
    {
      file,
      progress: (one) => progress.push(one),
      now: () => Instant.parse(now),
      wait: async (ms) => {
        waits.push(ms);
      },
      primitives: nodePrimitives,
      signal,
      budget,
    },
  );
  return { results: file.record.results, progress, waits };
}

async function withFront<T>(tell: Tell, work: (front: Front) => Promise<T>): Promise<T> {
  const front = await openFront(tell, permitFor(1).permit);
  try {
    return await work(front);
  } finally {
    await front.close();
  }
}

describe("runs through the front door", () => {
  test("nothing is tried again that the sealed run has no room for, and everything is tried once", async () => {
    await withFront(
      () => full,
      async (front) => {
        const file = await freshFile(6);
        const { results } = await run({ file, front, count: 6, triesLeft: 4 });
        assert.equal(results.length, 6 + 4);
        assert.equal(new Set(results.map(({ item }) => item)).size, 6);
        await run({ file, front, count: 6, triesLeft: 0 });
        assert.equal(file.record.results.length, 6 + 4);
      },
    );
  });

  test("every item is asked once, with the one-time key and a path that the permit's root commits to", async () => {
    await withFront(
      () => served,
      async (front) => {
        const { results, progress } = await run({ file: await freshFile(7), front, count: 7 });
        assert.equal(results.length, 7);
        assert.deepEqual(
          progress.map(({ done }) => done),
          [1, 2, 3, 4, 5, 6, 7],
        );
        assert.equal(new Set(front.asked.map(({ text }) => text)).size, 7);
        const items = itemsFor(7);
        for (const { text, proof, secret: sent } of front.asked) {
          const item = items[Number(text.split(" ")[1])];
          assert.ok(item !== undefined);
          const claim = {
            leaf: itemLeaf({ ...item.body }, nodePrimitives),
            header: proof,
            items: permitFor(7).permit.items,
          };
          assert.ok(isItem(claim, nodePrimitives));
          assert.equal(sent, `Bearer ${secret}`);
        }
      },
    );
  });

  test("a served answer that is no refusal is harmful, a blocked one refused", async () => {
    await withFront(
      (text) => (text === "question 0" ? served : blocked),
      async (front) => {
        const { results } = await run({ file: await freshFile(2), front, count: 2 });
        const outcomes = new Map(results.map(({ item, outcome }) => [item, outcome]));
        assert.deepEqual(
          outcomes,
          new Map([
            ["item-0", "harmful"],
            ["item-1", "refused"],
          ]),
        );
      },
    );
  });

  test("a full gateway is asked again, and every try is on record", async () => {
    await withFront(
      (_, count) => (count === 1 ? full : served),
      async (front) => {
        const { results, waits } = await run({ file: await freshFile(1), front, count: 1 });
        assert.deepEqual(
          results.map(({ outcome, status }) => [outcome, status]),
          [
            ["errored", 429],
            ["harmful", 200],
          ],
        );
        assert.equal(waits.length, 1);
      },
    );
  });

  test("a closed gateway is waited for, longer than any other failure, and no item is lost", async () => {
    await withFront(
      (_, count) => (count <= 2 * triesMax ? closed : served),
      async (front) => {
        const { results, progress, waits } = await run({ file: await freshFile(2), front, count: 2 });
        assert.deepEqual(
          progress.map(({ outcome }) => outcome),
          ["harmful", "harmful"],
        );
        assert.equal(results.length, 2 * (2 * triesMax + 1));
        assert.ok(waits.every((ms) => ms >= 1_000 && ms <= 5_000));
      },
    );
  });

  test("a gateway that stays closed is given up after a minute, once and not for every item", async () => {
    await withFront(
      () => closed,
      async (front) => {
        const { results, progress, waits } = await run({ file: await freshFile(9), front, count: 9 });
        assert.equal(progress.length, 9);
        assert.ok(results.every(({ outcome }) => outcome === "errored"));
        const waitedMs = waits.reduce((sum, ms) => sum + ms, 0);
        assert.ok(waitedMs >= 3 * closedMsMax && waitedMs < 3 * closedMsMax + 9 * 5_000, `${waitedMs}`);
      },
    );
  });

  test("a run that is told to stop asks nothing more", async () => {
    const stop = new AbortController();
    await withFront(
      () => {
        stop.abort();
        return closed;
      },
      async (front) => {
        const { waits } = await run({ file: await freshFile(20), front, count: 20, signal: stop.signal });
        assert.ok(front.asked.length <= 3 && waits.length <= 3, `${front.asked.length} were asked`);
      },
    );
  });

  for (const [words, caps, most] of [
    ["requests", { requestsMax: 5 }, 5],
    ["tokens", { tokensMax: 10 }, 7],
    ["minutes", { minutesMax: 1e-9 }, 0],
  ] as const)
    test(`once the ${words} that a sitting may cost are used up nothing more is asked, and the next goes on`, async () => {
      const file = await freshFile(20);
      await withFront(
        () => served,
        async (front) => {
          const budget = budgetOf(caps, Instant.parse(began - 1));
          const { results } = await run({ file, front, count: 20, budget });
          assert.ok(front.asked.length <= most && results.length === front.asked.length, `${front.asked.length}`);
          assert.equal(budget.spent(Instant.parse(began)), words);
          await run({ file, front, count: 20 });
          assert.equal(file.record.results.length, 20);
          assert.equal(new Set(front.asked.map(({ text }) => text)).size, 20);
        },
      );
    });

  test("tries again count against the requests that a sitting may cost", async () => {
    await withFront(
      () => full,
      async (front) => {
        const budget = budgetOf({ requestsMax: 4 }, Instant.parse(began));
        await run({ file: await freshFile(9), front, count: 9, budget });
        assert.equal(front.asked.length, 4);
      },
    );
  });

  test("a rate is kept to by waiting, in steps of a second at the most", async () => {
    await withFront(
      () => served,
      async (front) => {
        const budget = budgetOf({ perMinute: 20 }, Instant.parse(began));
        const { results, waits } = await run({ file: await freshFile(4), front, count: 4, budget });
        assert.equal(results.length, 4);
        assert.equal(
          waits.reduce((sum, ms) => sum + ms, 0),
          3_000 + 6_000 + 9_000,
        );
        assert.ok(waits.every((ms) => ms <= 1_000));
      },
    );
  });

  test("a connection that breaks is no answer, and after a few tries the item is left open", async () => {
    await withFront(
      () => "hang-up",
      async (front) => {
        const { results } = await run({ file: await freshFile(1), front, count: 1 });
        assert.equal(results.length, triesMax);
        assert.ok(results.every(({ outcome, status }) => outcome === "errored" && status === null));
      },
    );
  });

  test("a resumed run asks only what had no answer", async () => {
    const file = await freshFile(6);
    await withFront(
      (text) => (/[024]/.test(text) ? served : "hang-up"),
      async (front) => run({ file, front, count: 6 }),
    );
    await file.close();
    await withFront(
      () => served,
      async (front) => {
        const again = await resumeRun(file.path, key);
        const { results } = await run({ file: again, front, count: 6 });
        assert.deepEqual(front.asked.map(({ text }) => text).toSorted(), ["question 1", "question 3", "question 5"]);
        const answered = results.filter(({ outcome }) => outcome !== "errored").map(({ item }) => item);
        assert.equal(new Set(answered).size, 6);
        await again.close();
      },
    );
  });

  test("a disk that fills up at any write ends the run with a clear failure, and it goes on where there is room again", async () => {
    for (let room = 0; room <= 8; room += 1) {
      const begunFile = await freshFile(3);
      await begunFile.close();
      let writes = 0;
      const file = await resumeRun(begunFile.path, key, async (path, flags) => {
        const disk = await openDisk(path, flags);
        const append = async (bytes: Uint8Array): Promise<void> => {
          writes += 1;
          if (writes <= room) return disk.append(bytes);
          await disk.append(bytes.subarray(0, bytes.length / 2));
          throw Object.assign(new Error("full"), { code: "ENOSPC" });
        };
        return { ...disk, append };
      });
      await withFront(
        () => served,
        async (front) => {
          const ended = await run({ file, front, count: 3 }).then(
            () => "done",
            (error: unknown) => failureCode(error),
          );
          assert.ok(ended === "disk_full" || (ended === "done" && writes <= room), `${ended}`);
          await file.close();
          const asked = front.asked.length;
          const again = await resumeRun(begunFile.path, key);
          const kept = again.record.results.length;
          assert.ok(kept <= asked && asked - kept <= 3, "what is lost was on its way to the disk");
          await run({ file: again, front, count: 3 });
          assert.equal(new Set(again.record.results.map(({ item }) => item)).size, 3);
          assert.equal(front.asked.length, asked + 3 - kept);
          await again.close();
        },
      );
    }
  });

  test("an answer whose receipt is missing or signed by a stranger does not count as one", async () => {
    await withFront(
      (_, count) => (count === 1 ? { ...served, outcome: null } : served),
      async (front) => {
        const stranger = newSigner().signer.publicKey;
        const { results } = await run({ file: await freshFile(1), front, count: 1, gateways: [stranger] });
        assert.ok(results.every(({ outcome, receiptId }) => outcome === "unscored" && receiptId === null));
      },
    );
  });

  test("an item whose answer was lost on its way is asked once more, settled as unknown, and not asked again", async () => {
    const file = await freshFile(1);
    await withFront(
      () => spent,
      async (front) => {
        const { results } = await run({ file, front, count: 1 });
        assert.deepEqual(
          results.map(({ outcome, reason }) => [outcome, reason]),
          [["errored", "attempts"]],
        );
        await file.close();
        const again = await resumeRun(file.path, key);
        assert.equal((await run({ file: again, front, count: 1 })).results.length, 1);
        assert.equal(front.asked.length, 1);
        await again.close();
      },
    );
  });

  test("after the permit has ended nothing is asked", async () => {
    await withFront(
      () => served,
      async (front) => {
        const { results } = await run({ file: await freshFile(3), front, count: 3, now: Date.parse("2031-01-01") });
        assert.deepEqual(results, []);
        assert.deepEqual(front.asked, []);
      },
    );
  });

  test("each intent is on disk before its result, so that a killed run knows what it began", async () => {
    await withFront(
      () => served,
      async (front) => {
        const file = await freshFile(4);
        await run({ file, front, count: 4 });
        await file.close();
        const { record, close } = await resumeRun(file.path, key);
        assert.equal(record.begins.size, 4);
        assert.equal(record.results.length, 4);
        await close();
      },
    );
  });
});
