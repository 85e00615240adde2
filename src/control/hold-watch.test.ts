import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { emptyState } from "../acts/state.ts";
import { HoldId } from "../terms/ids.ts";
import { createHoldWatch } from "./hold-watch.ts";

const ordered = (at: number): { readonly hold: HoldId; readonly scope: { readonly kind: "everything" } } => ({
  hold: HoldId.parse(`hold_${at.toString(16).padStart(16, "0")}`),
  scope: { kind: "everything" },
});

test("a hold that newer ones pushed out is looked for no longer", async (t) => {
  let looks = 0;
  const watch = createHoldWatch({
    state: emptyState(),
    gateways: () => {
      looks += 1;
      return [];
    },
    running: undefined,
  });
  t.after(watch.close);
  const begun = Array.from({ length: 33 }, (_, at) => watch.begin(ordered(at)));
  assert.equal(watch.effect(ordered(0).hold), undefined);
  for (const one of begun.slice(1)) one.refused();
  // Every look that was under way is over by then; each further one could only be the first hold's.
  await sleep(0);
  const before = looks;
  await sleep(120);
  assert.equal(looks, before);
});
