// That the campaign of sequences can fail: in each of these plays one rule is broken on purpose, by changing what the fold believes, or what
// lies beside it, after each act. The oracle has to notice, within two thousand sequences.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Timestamp } from "../../../src/terms/ids.ts";
import { type Sabotage, foundOutAt } from "./sequence.ts";

const never = Timestamp.parse("2099-01-01T00:00:00.000Z");

const broken: Readonly<Record<string, Sabotage>> = {
  "forgets holds": ({ state }) => {
    state.holds.clear();
  },
  "forgets that a hold was answered": ({ state }) => {
    state.answered.clear();
  },
  "counts withdrawn evidence": ({ state }) => {
    for (const [act, known] of state.evidence) state.evidence.set(act, { ...known, withdrawn: false });
  },
  "loses runs that came out badly": ({ state, runs }) => {
    for (const [permit, { tries }] of runs) {
      if (tries?.every(({ outcome }) => outcome === "safe") === true) continue;
      runs.set(permit, { tries: null, receipts: [] });
      state.permitExchanges.delete(permit);
    }
  },
  "forgets who was suspended": ({ state }) => {
    for (const [id, known] of state.persons) state.persons.set(id, { ...known, suspended: false });
  },
  "lets people sign who came after the proposal": ({ state }) => {
    for (const [id, known] of state.persons) state.persons.set(id, { ...known, admitted: 0 });
  },
  "hears no refusal": ({ state }) => {
    for (const [id, known] of state.proposals) {
      const signOffs = new Map([...known.signOffs].map(([who, word]) => [who, { ...word, verdict: "for" as const }]));
      state.proposals.set(id, { ...known, signOffs });
    }
  },
  "reads no dates of certificates": ({ state }) => {
    for (const [model, all] of state.certificates)
      state.certificates.set(
        model,
        all.map((known) => ({ ...known, release: { ...known.release, notAfter: never } })),
      );
  },
  "lets certificates stand that an incident ended": ({ state }) => {
    state.ended.clear();
  },
  "lets certificates stand that lapsed": ({ state }) => {
    state.lapsed.clear();
  },
  "stands at the last step from the beginning": ({ state }) => {
    for (const all of state.certificates.values())
      for (const { release, at, index } of all) {
        const { share } = release.conditions;
        if (share !== undefined)
          state.steps.set(release.certificate, { step: share.steps.length - 1, at, index, taken: 1, watch: null });
      }
  },
  "takes the same act twice": ({ state }) => {
    state.acts.clear();
  },
};

for (const [name, sabotage] of Object.entries(broken))
  test(`a play that ${name} is found out`, (t) => {
    const seed = foundOutAt(sabotage, 2_000);
    assert.ok(seed !== undefined, "nobody noticed");
    t.diagnostic(`by sequence ${seed}`);
  });
