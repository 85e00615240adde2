// `headgate stats`: what each verb answers, from counts and from outcomes a line, and what it refuses.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { z } from "zod";
import { type Ran, ranCommand } from "../../../test/ran-command.ts";

const folder = mkdtempSync(join(tmpdir(), "headgate-stats-"));
after(() => {
  rmSync(folder, { recursive: true });
});

async function stats(line: string, input?: readonly string[]): Promise<Ran> {
  return ranCommand(["stats", ...line.split(" ")], { folder, ...(input === undefined ? {} : { input }) });
}

async function answer<T extends z.ZodType>(type: T, line: string, input?: readonly string[]): Promise<z.infer<T>> {
  const ran = await stats(`${line} --json`, input);
  assert.equal(ran.exit, 0, ran.err);
  return type.parse(JSON.parse(ran.out));
}

function lines(name: string, all: readonly string[]): string {
  const path = join(folder, name);
  writeFileSync(path, `${all.join("\n")}\n`);
  return path;
}

const n = z.number();
const Range = z.object({ lower: n, upper: n });

describe("stats upper, lower and interval", () => {
  test("far tails keep their digits where the doubt is given", async () => {
    const { upper, doubt } = await answer(
      z.object({ upper: n, doubt: n }),
      "upper --failures 0 --trials 1000000 --doubt 1e-9",
    );
    assert.equal(upper.toPrecision(4), "0.00002072");
    assert.equal(doubt, 1e-9);
  });

  test("an interval has both sides, Wilson's beside it, and what an attacker with several tries gets", async () => {
    const found = await answer(
      z.object({ estimate: n, lower: n, upper: n, wilson: Range, ofTries: Range }),
      "interval --failures 81 --trials 263 --tries 10",
    );
    assert.deepEqual([found.lower.toFixed(4), found.upper.toFixed(4)], ["0.2527", "0.3676"]);
    assert.deepEqual([found.wilson.lower.toFixed(4), found.wilson.upper.toFixed(4)], ["0.2553", "0.3662"]);
    assert.ok(Math.abs(found.ofTries.upper - (1 - (1 - found.upper) ** 10)) < 1e-12);
  });

  test("one try of a hundred at 1 % gets through with 63 %", async () => {
    const { out } = await stats("upper --failures 0 --trials 298 --confidence 0.95 --tries 100");
    assert.match(out, /at most 0\.01000, one-sided, at 95 % confidence/);
    assert.match(out, /Of 100 tries against one item, at least one fails with a chance of at most 0\.63/);
  });

  test("outcomes in clusters: a cluster fails with any attempt, and unknown counts against each bound", async () => {
    const file = lines("clusters.csv", [
      "a,clean",
      "a,failed",
      "b,clean",
      "b,unknown",
      "c,0",
      "c,0",
      "c,?",
      "d,1",
      "d\t0",
    ]);
    const Bound = z.object({ clusters: n, clustersFailed: n, clustersUnknown: n, trials: n, failures: n, unknown: n });
    const upper = await answer(Bound.extend({ upper: n, attempts: z.object({ rate: n }) }), `upper --outcomes ${file}`);
    const counts = await answer(z.object({ upper: n }), "upper --failures 4 --trials 4");
    assert.equal(upper.upper, counts.upper);
    assert.equal(upper.attempts.rate, 2 / 9);
    assert.deepEqual(
      [upper.clusters, upper.clustersFailed, upper.clustersUnknown, upper.trials, upper.failures, upper.unknown],
      [4, 2, 2, 9, 2, 2],
    );
    const lower = await answer(z.object({ lower: n }), `lower --outcomes ${file}`);
    assert.equal(lower.lower, (await answer(z.object({ lower: n }), "lower --failures 2 --trials 4")).lower);
  });

  test("errors over clusters are Inspect's", async () => {
    const file = lines("three.csv", ["a,1", "a,1", "a,0", "b,0", "b,0", "c,1", "c,1", "c,1", "c,0"]);
    const { attempts } = await answer(
      z.object({ attempts: z.object({ naiveError: n, clusteredError: n, clustered: Range, effective: Range }) }),
      `interval --outcomes ${file}`,
    );
    assert.deepEqual([attempts.naiveError.toFixed(6), attempts.clusteredError.toFixed(6)], ["0.175682", "0.190059"]);
    const { out } = await stats(`interval --outcomes ${file}`);
    assert.match(out, /^2 of 3 clusters: the rate is from/);
    assert.match(out, /by the clustered error and t \(approximate\) +from/);
  });

  test("outcomes come on the standard input too, however they are cut into pieces", async () => {
    const text = `${Array.from({ length: 299 }, () => "clean").join("\n")}\n`;
    const pieces = text.match(/[^]{1,7}/g) ?? [];
    const { upper } = await answer(z.object({ upper: n }), "upper --outcomes -", pieces);
    assert.equal(upper.toFixed(6), "0.009969");
  });
});

describe("stats sequence and evalue", () => {
  const clean = Array.from({ length: 500 }, () => "clean");

  test("a sequence of counts is the uniform mixture's, or the tuned one's", async () => {
    const uniform = await answer(Range, "sequence --failures 5 --trials 100");
    assert.deepEqual([uniform.lower.toFixed(6), uniform.upper.toFixed(6)], ["0.006577", "0.160259"]);
    const tuned = await answer(Range, "sequence --failures 15 --trials 50 --tuned-for 50");
    assert.deepEqual([tuned.lower.toFixed(4), tuned.upper.toFixed(4)], ["0.1296", "0.5119"]);
  });

  test("a stream is narrowed over its looks, and says when a limit was shown", async () => {
    const file = lines("stream.txt", clean);
    const Found = z.object({
      lower: n,
      upper: n,
      looks: n,
      shownAt: n.nullable(),
      exceededAt: n.nullable(),
      isConstant: z.boolean(),
    });
    const each = await answer(Found, `sequence --outcomes ${file} --limit 0.01`);
    assert.deepEqual([each.looks, each.shownAt, each.exceededAt, each.isConstant], [500, 449, null, true]);
    const hundreds = await answer(Found, `sequence --outcomes ${file} --limit 0.01 --every 150`);
    assert.deepEqual([hundreds.looks, hundreds.shownAt], [4, 450]);
  });

  test("a stream whose rate changes beyond doubt is said to have changed", async () => {
    const file = lines("changed.txt", [...clean, ...Array.from({ length: 500 }, () => "failed")]);
    const { isConstant } = await answer(z.object({ isConstant: z.boolean() }), `sequence --outcomes ${file}`);
    assert.equal(isConstant, false);
    assert.match((await stats(`sequence --outcomes ${file}`)).out, /No one rate fits all looks/);
  });

  const Bets = z.object({
    verdict: z.string(),
    promote: z.object({ eValue: n.nullable(), reachedAt: n.nullable() }),
    rollback: z.object({ eValue: n.nullable(), reachedAt: n.nullable() }),
  });

  test("e-values are the reference ones, and hold where neither bet is won", async () => {
    const found = await answer(Bets, "evalue --limit 0.01 --failures 0 --trials 300");
    assert.equal(found.promote.eValue?.toFixed(5), "6.44556");
    assert.equal(found.verdict, "hold");
    assert.equal((await answer(Bets, "evalue --limit 0.01 --failures 3 --trials 20")).verdict, "rollback");
  });

  test("a bet that was won stays won, whatever comes after, and unknown counts against each", async () => {
    const won = await answer(
      Bets,
      "evalue --limit 0.01 --outcomes -",
      [...clean, ...Array.from({ length: 40 }, () => "failed")].map((line) => `${line}\n`),
    );
    assert.deepEqual([won.verdict, won.promote.reachedAt], ["promote", 449]);
    const unknown = await answer(
      Bets,
      "evalue --limit 0.01 --outcomes - --prior 0.5,0.5",
      clean.map((_, at) => (at < 30 ? "?\n" : "0\n")),
    );
    assert.deepEqual([unknown.verdict, unknown.promote.reachedAt, unknown.rollback.reachedAt], ["hold", null, null]);
  });

  test("a vast e-value is null beside its logarithm, and JSON stays JSON", async () => {
    const found = await answer(Bets, "evalue --limit 0.5 --failures 0 --trials 1000000");
    assert.equal(found.promote.eValue, null);
    assert.equal(found.verdict, "promote");
  });
});

describe("stats judge, paired, combine and plan", () => {
  test("a judge's errors are taken out, with both uncertainties", async () => {
    const line = "judge --failures 50 --trials 1000 --failed 200 --caught 180 --clean 200 --raised 6";
    const found = await answer(z.object({ rate: n, upper: n, interval: Range, fits: z.boolean() }), line);
    assert.deepEqual([found.rate.toFixed(6), found.interval.upper.toFixed(6)], ["0.022989", "0.051466"]);
    assert.ok(found.fits && found.upper > found.interval.upper);
    assert.match((await stats(line)).out, /sensitivity +0\.9000/);
    const odd = await stats("judge --failures 0 --trials 10000 --failed 100 --caught 90 --clean 100 --raised 60");
    assert.match(odd.out, /No rate fits these counts/);
  });

  test("two systems are compared from four counts, and from a file with clusters", async () => {
    const Compared = z.object({
      difference: n,
      newcombe: Range,
      mcNemar: z.object({ exact: n }),
      items: n,
      unknown: n,
      clustered: z.object({ clusters: n, swapTest: n, lower: n, upper: n }).optional(),
    });
    const counts = await answer(Compared, "paired --both 36 --only-one 12 --only-other 2 --neither 0");
    assert.deepEqual([counts.newcombe.lower.toFixed(4), counts.newcombe.upper.toFixed(4)], ["0.0569", "0.3404"]);
    assert.match(
      (await stats("paired --both 36 --only-one 12 --only-other 2 --neither 0")).out,
      /the one is shown to fail more/,
    );
    assert.match(
      (await stats("paired --both 36 --only-one 2 --only-other 12 --neither 0")).out,
      /the one is shown to fail less/,
    );
    assert.match(
      (await stats("paired --both 36 --only-one 3 --only-other 2 --neither 9")).out,
      /neither is shown to fail more/,
    );
    const rows = Array.from({ length: 50 }, (_, at) => `c${at},${at < 48 ? 1 : 0},${at < 36 || at >= 48 ? 1 : 0}`);
    const file = await answer(Compared, `paired --outcomes ${lines("pairs.csv", rows)}`);
    assert.equal(file.mcNemar.exact, counts.mcNemar.exact);
    assert.ok(Math.abs((file.clustered?.swapTest ?? 0) - counts.mcNemar.exact) < 1e-12);
    assert.equal(file.clustered?.clusters, 50);
  });

  test("an item of which one outcome is unknown widens both ends and proves nothing", async () => {
    const rows = [...Array.from({ length: 30 }, () => "0,1"), ...Array.from({ length: 70 }, () => "0,0")];
    const Compared = z.object({
      lower: n,
      upper: n,
      unknown: n,
      items: n,
      mcNemar: z.object({ exact: n, oneFailsLess: n }),
    });
    const known = await answer(Compared, `paired --outcomes ${lines("known.csv", rows)}`);
    const some = await answer(
      Compared,
      `paired --outcomes ${lines("some.csv", [...rows.slice(30), ...rows.slice(0, 15), ...rows.slice(0, 15).map(() => "?,0")])}`,
    );
    assert.deepEqual([some.items, some.unknown], [100, 15]);
    assert.ok(
      some.upper > 0 && known.upper < 0 && some.mcNemar.oneFailsLess > 0.4 && known.mcNemar.oneFailsLess < 1e-6,
    );
  });

  test("families of p-values and e-values are adjusted in the order they were given", async () => {
    const p = await answer(
      z.object({ values: z.array(z.object({ holm: n, benjaminiHochberg: n })) }),
      "combine --p .2,.001,.012,.03,.008",
    );
    assert.deepEqual(
      p.values.map(({ holm }) => Number(holm.toFixed(12))),
      [0.2, 0.005, 0.036, 0.06, 0.032],
    );
    const e = await answer(z.object({ mean: n, product: n }), "combine --e 3,20,0.5");
    assert.deepEqual([e.mean.toFixed(9), e.product.toFixed(9)], ["7.833333333", "30.000000000"]);
  });

  test("a plan says the trials needed, the power and when a watched bet decides", async () => {
    const Planned = z.object({
      needed: z.array(z.object({ failures: n, trials: n.nullable() })),
      ifTrue: z.object({
        atTrials: z.object({ failures: n, power: n }),
        planned: z.object({ trials: n, failures: n, power: n }),
        watched: z.object({ promote: z.object({ trials: z.object({ half: n }), chanceAtLimit: n }) }),
      }),
    });
    const line = "plan --limit 0.01 --true-rate 0.003 --trials 1000 --horizon 5000 --every 100 --prior 0.5,0.5";
    const found = await answer(Planned, line);
    assert.deepEqual(
      found.needed.map(({ trials }) => trials),
      [299, 473, 628, 773, 913, 1049],
    );
    assert.equal(found.ifTrue.watched.promote.trials.half, 900);
    assert.ok(found.ifTrue.watched.promote.chanceAtLimit < 0.05);
    assert.match((await stats(line)).out, /1049 trials, of which 5 may fail, are the fewest that show it/);
  });
});

describe("what is refused, with one sentence and exit 2", () => {
  const refused: readonly (readonly [line: string, says: RegExp, input?: readonly string[]])[] = [
    ["upper --failures 3", /--trials: is missing/],
    ["upper", /--failures and --trials say what was counted/],
    ["upper --failures 4 --trials 3", /from 0 to the number of trials, 3/],
    ["upper --failures 1 --trials 3 --confidence 0.95 --doubt 0.05", /the same thing/],
    ["upper --failures 1 --trials 3 --confidence 1", /--confidence/],
    ["upper --failures 1 --trials 3 --doubt 1e-300", /Doubt must be/],
    ["upper --failures 1 --trials 3 --doubt 0.6", /--doubt/],
    ["upper --failures 1 --trials 3 --outcomes x", /leave them out/],
    ["upper --failures 1 --trials 3000000000", /Trials must be/],
    ["upper --outcomes nowhere.txt", /nowhere\.txt cannot be read/],
    ["upper --outcomes -", /no standard input/],
    ["upper --outcomes -", /line 2: "maybe" is not failed/, ["0\nmaybe\n"]],
    ["upper --outcomes -", /line 1: "toString" is not failed/, ["toString\n"]],
    ["upper --outcomes -", /line 1: "a,constructor" is not failed/, ["a,constructor\n"]],
    ["upper --outcomes -", /holds no outcome/, ["\n\n"]],
    ["upper --outcomes -", /either every line names its cluster/, ["a,0\n1\n"]],
    ["upper --outcomes -", /more than 1024 bytes/, ["0".repeat(5000)]],
    ["upper --outcomes -", /\\u\{1b\}/, ["\u001B[31m\n"]],
    ["sequence --outcomes -", /not independent trials/, ["a,0\n"]],
    ["sequence --failures 0 --trials 10 --limit 0.1", /--limit/],
    ["sequence --failures 0 --trials 10 --every 5", /--every/],
    ["sequence --failures 0 --trials 10 --tuned-for 9000000000", /tuned for/],
    ["evalue --failures 0 --trials 10", /--limit/],
    ["evalue --failures 0 --trials 10 --limit 0.1 --prior 0,1", /A prior is/],
    ["evalue --failures 0 --trials 10 --limit 0.1 --prior one", /--prior/],
    ["judge --failures 1 --trials 10 --failed 5 --caught 6 --clean 5 --raised 0", /number of trials, 5/],
    ["paired --both 1 --only-one 2", /all four/],
    ["paired --both 0 --only-one 0 --only-other 0 --neither 0", /no item/],
    ["paired --outcomes -", /two of failed/, ["0\n"]],
    ["combine", /either --p or --e/],
    ["combine --p 0.1,1.2", /from 0 to 1/],
    ["combine --p 0.1,,2", /--p/],
    ["combine --e -3,e", /e-value/],
    ["plan --limit 0.01 --horizon 100", /--true-rate/],
    ["plan --limit 0.01 --true-rate 0.1 --horizon 100000000", /A horizon is/],
  ];
  for (const [line, says, input] of refused)
    test(`${line}${input === undefined ? "" : `, given ${JSON.stringify(input.join("").slice(0, 20))}`}`, async () => {
      const { exit, err, out } = await stats(line, input);
      assert.equal(exit, 2, err);
      assert.equal(out, "");
      assert.match(err, says);
      assert.doesNotMatch(err, /fault of the program/);
    });
});
