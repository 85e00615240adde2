// src/statistics against values of 40 digits (test/data/statistics-references.py says how they were made), far tails included.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { z } from "zod";
import { binomialLower, binomialUpper, logChanceOfSoFew, wilson } from "./binomial.ts";
import { clusteredRate, effectiveBounds } from "./cluster.ts";
import type { Interval } from "./counts.ts";
import { logEValue } from "./evalue.ts";
import { correctedInterval } from "./judge.ts";
import { normalQuantile } from "./normal.ts";
import { newcombePaired, tangoInterval } from "./paired.ts";
import { anytimeInterval, tunedInterval } from "./sequence.ts";
import { studentQuantile } from "./student.ts";

const n = z.number();
const References = z.object({
  normal: z.array(z.tuple([n, n])),
  student: z.array(z.tuple([n, n, n])),
  exact: z.array(z.tuple([n, n, n, n, n])),
  wilson: z.array(z.tuple([n, n, n, n, n])),
  evalues: z.array(z.tuple([n, n, n, z.enum(["below", "above"]), n, n, n])),
  uniform: z.array(z.tuple([n, n, n, n, n])),
  tuned: z.array(z.tuple([n, n, n, n, n, n])),
  tango: z.array(z.tuple([n, n, n, n, n, n, n])),
  newcombe: z.array(z.tuple([n, n, n, n, n, n, n])),
  lee: z.array(z.tuple([n, n, n, n, n, n, n, n, n])),
  clustered: z.array(z.tuple([z.array(z.tuple([n, n])), n, n, n, n])),
  atMost: z.array(z.tuple([n, n, n, n])),
});
const references = References.parse(
  JSON.parse(readFileSync(new URL("../../test/data/statistics-references.json", import.meta.url), "utf8")),
);

/** Relative. */
const errorMax = 1e-12;

function assertClose(actual: number, expected: number, what: string): void {
  const off = expected === 0 ? Math.abs(actual) : Math.abs(actual / expected - 1);
  assert.ok(off < errorMax, `${what}: ${actual} instead of ${expected}, off by ${off}`);
}

function assertInterval({ lower, upper }: Interval, expected: readonly [number, number], what: string): void {
  assertClose(lower, expected[0], `${what}, lower`);
  assertClose(upper, expected[1], `${what}, upper`);
}

test("quantiles of the normal distribution and of Student's t are the reference ones", () => {
  for (const [tail, quantile] of references.normal) assertClose(normalQuantile(tail), quantile, `normal ${tail}`);
  for (const [tail, freedom, t] of references.student)
    assertClose(studentQuantile(tail, freedom), t, `t ${tail} ${freedom}`);
});

test("exact bounds are the reference ones, of fractions of trials and of doubts down to 1e-100 too", () => {
  for (const [failures, trials, doubt, lower, upper] of references.exact) {
    const what = `${failures} of ${trials} at ${doubt}`;
    assertClose(binomialLower({ failures, trials }, doubt), lower, what);
    assertClose(binomialUpper({ failures, trials }, doubt), upper, what);
  }
});

test("no failure in a million trials at doubt 1e-9 leaves a rate of 2.072e-5", () => {
  assert.equal(binomialUpper({ failures: 0, trials: 1_000_000 }, 1e-9).toPrecision(4), "0.00002072");
});

test("score intervals are the reference ones", () => {
  for (const [failures, trials, doubt, lower, upper] of references.wilson)
    assertInterval(wilson({ failures, trials }, { doubt }), [lower, upper], `Wilson ${failures} of ${trials}`);
});

test("e-values are the reference ones, of other bets than the uniform one too", () => {
  for (const [failures, trials, limit, side, a, b, log] of references.evalues) {
    const found = logEValue({ failures, trials }, { limit, side, prior: { a, b } });
    // The error of a logarithm is the relative error of the e-value.
    const off = Math.abs(found - log) / Math.max(1, Math.abs(log));
    assert.ok(off < 1e-12, `${failures} of ${trials} ${side} ${limit}: ${found} instead of ${log}, off by ${off}`);
  }
});

test("intervals that may be watched are the reference ones", () => {
  for (const [failures, trials, doubt, lower, upper] of references.uniform)
    assertInterval(anytimeInterval({ failures, trials }, { doubt }), [lower, upper], `${failures} of ${trials}`);
  for (const [failures, trials, doubt, tunedFor, lower, upper] of references.tuned) {
    const found = tunedInterval({ failures, trials }, { doubt }, tunedFor);
    assertInterval(found, [lower, upper], `${failures} of ${trials}, for ${tunedFor}`);
  }
});

test("Tango's limits are where his test, its likelihood maximised by search, rejects no more", () => {
  for (const [both, onlyOne, onlyOther, neither, doubt, lower, upper] of references.tango) {
    const found = tangoInterval({ both, onlyOne, onlyOther, neither }, { doubt });
    assertInterval(found, [lower, upper], `${both} ${onlyOne} ${onlyOther} ${neither}`);
  }
});

test("Newcombe's paired intervals and the judge's are the reference ones", () => {
  for (const [both, onlyOne, onlyOther, neither, doubt, lower, upper] of references.newcombe) {
    const found = newcombePaired({ both, onlyOne, onlyOther, neither }, { doubt });
    assertInterval(found, [lower, upper], `${both} ${onlyOne} ${onlyOther} ${neither}`);
  }
  for (const [judged, trials, caught, failed, raised, clean, doubt, lower, upper] of references.lee) {
    const counts = {
      judged: { failures: judged, trials },
      failed: { failures: caught, trials: failed },
      clean: { failures: raised, trials: clean },
    };
    assertInterval(correctedInterval(counts, { doubt }), [lower, upper], `judge ${judged} of ${trials}`);
  }
});

test("errors over clusters and bounds on effective trials are the reference ones", () => {
  for (const [clusters, doubt, error, lower, upper] of references.clustered) {
    const found = clusteredRate(clusters.map(([failures, trials]) => ({ failures, trials })));
    assertClose(found.clusteredError ?? Number.NaN, error, `${clusters.length} clusters`);
    assertInterval(effectiveBounds(found, { doubt }), [lower, upper], `${clusters.length} clusters`);
  }
});

test("the chance of so few failures is the reference one", () => {
  for (const [failures, trials, rate, chance] of references.atMost)
    assertClose(Math.exp(logChanceOfSoFew({ failures, trials }, rate)), chance, `${failures} of ${trials} at ${rate}`);
});
