import assert from "node:assert/strict";
import { test } from "node:test";
import type { LiveSample } from "../control/contract-live.ts";
import { GatewayReport } from "../feed/gateway-report.ts";
import { reportOf } from "./report-live.ts";

const now = { exchanges: 2, receiptsWaiting: 1, leaseMs: -5, closed: null };

function sample(second: number, more: Partial<LiveSample>): LiveSample {
  return { second, verdicts: {}, now: { ...now, exchanges: second }, ...more };
}

test("a report sums seconds up, names what is now by the last of them, and is what the feed takes", () => {
  const report = reportOf([
    sample(1, { verdicts: { served: 2 }, latency: [[10, 3]], upstream: { small: { asked: 2, failed: 1 } } }),
    sample(2, {
      verdicts: { served: 1, blocked: 1 },
      latency: [[30, 1]],
      upstream: { small: { asked: 1, failed: 0 } },
    }),
  ]);
  assert.deepEqual(GatewayReport.parse(report), report);
  assert.deepEqual(report?.verdicts, { served: 3, blocked: 1 });
  assert.deepEqual(report.upstream, [{ model: "small", asked: 3, failed: 1 }]);
  assert.deepEqual([report.halfMs, report.mostMs], [6, 237]);
  assert.deepEqual(report.now, { ...now, exchanges: 2, leaseMs: 0 });
});

test("nothing counted is no report, and however many models there are it stays bounded", () => {
  assert.equal(reportOf([]), undefined);
  const many = Object.fromEntries(Array.from({ length: 25 }, (_, at) => [`m${at}`, { asked: 1, failed: 0 }]));
  const more = Object.fromEntries(Array.from({ length: 25 }, (_, at) => [`n${at}`, { asked: 1, failed: 0 }]));
  const report = reportOf([sample(1, { upstream: many }), sample(2, { upstream: more })]);
  assert.equal(GatewayReport.parse(report).upstream.length, 32);
  assert.equal(
    report?.upstream.reduce((sum, { asked }) => sum + asked, 0),
    50,
  );
});
