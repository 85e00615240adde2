import assert from "node:assert/strict";
import { test } from "node:test";
import { assert as check, array, double, property } from "fast-check";
import { Failure } from "../terms/failure.ts";
import {
  benjaminiHochberg,
  eBenjaminiHochberg,
  familyEValues,
  holm,
  logProductOfEValues,
  meanOfEValues,
} from "./multiple.ts";

const close = (actual: readonly number[], expected: readonly number[]): void => {
  assert.equal(actual.length, expected.length);
  for (const [at, value] of actual.entries())
    assert.ok(Math.abs(value - (expected[at] ?? 2)) < 1e-12, actual.join(" "));
};

test("adjusted p-values are the reference ones, in the order they were given", () => {
  close(holm([0.001, 0.008, 0.012, 0.03, 0.2]), [0.005, 0.032, 0.036, 0.06, 0.2]);
  close(benjaminiHochberg([0.001, 0.008, 0.012, 0.03, 0.2]), [0.005, 0.02, 0.02, 0.0375, 0.2]);
  close(holm([0.2, 0.012, 0.001, 0.03, 0.008]), [0.2, 0.036, 0.005, 0.06, 0.032]);
});

test("an adjusted p-value is never below its own, and Holm's never below Benjamini and Hochberg's", () => {
  const values = array(double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 12 });
  check(
    property(values, (given) => {
      const [family, discoveries] = [holm(given), benjaminiHochberg(given)];
      for (const [at, value] of given.entries()) {
        assert.ok((discoveries[at] ?? -1) >= value && (family[at] ?? -1) >= (discoveries[at] ?? 2) - 1e-12);
      }
    }),
    { seed: 4 },
  );
});

test("an e-value of the family is the least mean over all sets that hold it", () => {
  const values = array(double({ min: 0, max: 100, noNaN: true }), { minLength: 1, maxLength: 7 });
  check(
    property(values, (given) => {
      const least = given.map((_, at) =>
        Math.min(
          ...Array.from({ length: 2 ** given.length }, (__, chosen) =>
            given.filter((___, other) => (chosen >> other) % 2 === 1 || other === at),
          ).map((members) => members.reduce((sum, each) => sum + each, 0) / members.length),
        ),
      );
      for (const [at, value] of familyEValues(given).entries()) assert.ok(Math.abs(value - (least[at] ?? -1)) < 1e-9);
    }),
    { seed: 6, numRuns: 100 },
  );
});

test("e-values combine by mean and product, and e-BH is BH of their inverses", () => {
  assert.ok(Math.abs(meanOfEValues([3, 20, 0.5]) - 23.5 / 3) < 1e-12);
  assert.ok(Math.abs(Math.exp(logProductOfEValues([3, 20, 0.5])) - 30) < 1e-9);
  assert.equal(logProductOfEValues([0, 5]), -Infinity);
  close(eBenjaminiHochberg([3, 20, 0.5]), [0.5, 0.15, 1]);
});

test("what is no probability, no e-value, or none at all is request_invalid", () => {
  const attempts = [
    (): unknown => holm([]),
    (): unknown => holm([1.1]),
    (): unknown => benjaminiHochberg([Number.NaN]),
    (): unknown => familyEValues([-1]),
    (): unknown => meanOfEValues([Infinity]),
    (): unknown => holm(Array.from({ length: 10_001 }, () => 0.5)),
  ];
  for (const attempt of attempts)
    assert.throws(attempt, (error) => error instanceof Failure && error.code === "request_invalid");
});
