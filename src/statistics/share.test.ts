import assert from "node:assert/strict";
import { test } from "node:test";
import { percent, percentFigure, percentToTenth, rateOf, shareText } from "./share.ts";

test("shares are read as per cent, small ones with two digits", () => {
  assert.deepEqual([0, 0.0004, 0.0025, 0.012, 0.5, 1].map(percent), [
    "0 %",
    "0.04 %",
    "0.25 %",
    "1.2 %",
    "50 %",
    "100 %",
  ]);
  assert.equal(percentFigure(0.012), "1.2");
});

test("in columns each share has one digit behind the point", () => {
  assert.deepEqual([0, 0.0004, 0.123, 1].map(percentToTenth), ["0.0 %", "0.0 %", "12.3 %", "100.0 %"]);
});

test("a share says its interval and what it is of, and of nothing that there is none", () => {
  assert.equal(shareText({ count: 40, of: 325, lower: 0.0897, upper: 0.1638 }), "12.3 % (9 to 16.4; 40 of 325)");
  assert.deepEqual([rateOf({ count: 1, of: 4 }), rateOf({ count: 0, of: 0 })], [0.25, 0]);
  assert.equal(shareText({ count: 0, of: 0, lower: 0, upper: 1 }), "none");
});
