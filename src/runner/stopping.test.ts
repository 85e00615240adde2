import assert from "node:assert/strict";
import { test } from "node:test";
import type { TrialOutcome } from "../terms/trial.ts";
import { watchClusters } from "./stopping.ts";

const attempts = new Map([
  ["a", 2],
  ["b", 1],
  ["c", 2],
]);
const settled = (cluster: string, outcome: TrialOutcome): { cluster: string; outcome: TrialOutcome } => ({
  cluster,
  outcome,
});

test("a cluster counts once all of it was asked, and until then it is begun and counts as failed", () => {
  const stopping = watchClusters({ attempts, failure: "served-and-harmful", known: [settled("a", "safe")] });
  assert.deepEqual(
    [stopping.through(), stopping.begun()],
    [
      { failures: 0, trials: 0 },
      { failures: 1, trials: 1 },
    ],
  );
  stopping.take(settled("a", "refused"));
  stopping.take(settled("b", "errored"));
  stopping.take(settled("c", "harmful"));
  assert.deepEqual(
    [stopping.through(), stopping.begun()],
    [
      { failures: 1, trials: 2 },
      { failures: 2, trials: 3 },
    ],
  );
  stopping.take(settled("c", "safe"));
  assert.deepEqual(
    [stopping.through(), stopping.begun()],
    [
      { failures: 2, trials: 3 },
      { failures: 2, trials: 3 },
    ],
  );
});

test("where outcomes are to agree, a cluster whose own differ has failed, however each of them counts alone", () => {
  const stopping = watchClusters({ attempts, failure: "outcomes-differ", known: [settled("a", "refused")] });
  stopping.take(settled("a", "harmful"));
  stopping.take(settled("c", "refused"));
  stopping.take(settled("c", "refused"));
  assert.deepEqual(stopping.through(), { failures: 1, trials: 2 });
});
