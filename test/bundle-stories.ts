// Decisions that are asked of verifiers of bundles, right ones and wrong ones: what a gate usually asks for.
import type { Release } from "../src/acts/bodies.ts";
import { type World, ada, bo, certify, idOf, linkKey, signOffOf } from "../src/acts/fixtures.ts";
import { Name } from "../src/terms/ids.ts";
import {
  type Given,
  type RunMade,
  type Story,
  both,
  bound,
  decidedBy,
  eve,
  everyKind,
  incidentId,
  joinUnbound,
  sayFacts,
  why,
} from "./bundle-decisions.ts";

const twoSeats = {
  id: "board",
  signOffs: [
    { role: "owner", count: 1 },
    { role: "safety", count: 1 },
  ],
} as const;

/** Ada signs at the command line, Bo in a browser. */
async function signedInBrowser(world: World, release: Release): Promise<void> {
  const signer = await linkKey(world, bo);
  await decidedBy([
    [ada, "for"],
    [{ ...bo, signer }, "for"],
  ])(world, release);
}

async function byEve({ world }: Given): Promise<readonly RunMade[]> {
  await joinUnbound(world, eve, Name.parse("institute"));
  return [{ by: [eve] }];
}

/** Each a whole bundle, by what it is about. */
export const usualStories: Readonly<Record<string, Story>> = {
  passes: { exit: 0, requires: everyKind, first: sayFacts },
  "not-certified": {
    exit: 1,
    step: "gate",
    requires: [bound, everyKind[1]],
    decide: async (world, release) => {
      await world.say({ verb: "proposal", body: { release }, by: [ada] });
    },
  },
  "registered-and-followed": { exit: 0, requires: [{ ...bound, registered: "followed" }, everyKind[1]] },
  "registered-for-a-weaker-claim": {
    exit: 1,
    step: "gate",
    requires: [{ ...bound, upper: 0.24, registered: "followed" }, everyKind[1]],
  },
  "run-by-somebody-outside": { exit: 0, requires: [{ ...bound, outside: true }, everyKind[1]], runs: byEve },
  "run-by-nobody-outside": { exit: 1, step: "gate", requires: [{ ...bound, outside: true }, everyKind[1]] },
  "certified-without-quorum": { exit: 3, requires: [bound, everyKind[1]], decide: decidedBy([[ada, "for"]]) },
  "certified-over-a-dissent": {
    exit: 3,
    requires: [bound, everyKind[1]],
    decide: decidedBy([...both, [bo, "against"]]),
  },
  "certified-by-somebody-suspended": {
    exit: 3,
    requires: [bound, everyKind[1]],
    decide: decidedBy(both, async (world) => {
      const target = { kind: "person", person: bo.person } as const;
      await world.say({ verb: "suspend", body: { target, reason: why }, by: [ada] });
    }),
  },
  "signed-with-a-further-key": {
    exit: 0,
    requires: [bound, everyKind[1]],
    decide: async (world, release) => {
      const proposal = await world.say({ verb: "proposal", body: { release }, by: [ada] });
      const signer = await linkKey(world, bo);
      for (const player of [ada, { ...bo, signer }])
        await world.say({ verb: "sign-off", body: signOffOf(proposal, player), by: [player] });
      const target = { kind: "person-key", person: bo.person, key: bo.signer.publicKey } as const;
      await world.say({ verb: "suspend", body: { target, reason: why }, by: [signer] });
      await world.say({ verb: "certificate", body: { release }, by: [ada] });
    },
  },
  "signed-at-the-command-line": {
    exit: 0,
    requires: [bound, { ...twoSeats, cliKeys: 1 }],
    decide: signedInBrowser,
  },
  "signed-in-browsers-alone": {
    exit: 1,
    step: "gate",
    requires: [bound, { ...twoSeats, cliKeys: 2 }],
    decide: signedInBrowser,
  },
  "signed-with-a-key-that-a-browser-asked-for": {
    exit: 1,
    step: "gate",
    requires: [bound, { ...twoSeats, cliKeys: 2 }],
    decide: async (world, release) => {
      const browsers = await linkKey(world, bo);
      const signer = await linkKey(world, { ...bo, signer: browsers }, { label: "made there", isSilent: true });
      await decidedBy([
        [ada, "for"],
        [{ ...bo, signer }, "for"],
      ])(world, release);
    },
  },
  "certified-by-two-keys-of-one-person": {
    exit: 3,
    requires: [bound, everyKind[1]],
    decide: async (world, release) => {
      const signer = await linkKey(world, ada);
      await decidedBy([
        [ada, "for"],
        [{ ...ada, signer }, "for"],
      ])(world, release);
    },
  },
  "certified-on-withdrawn-evidence": {
    exit: 3,
    requires: [bound, everyKind[1]],
    decide: decidedBy(both, async (world) => {
      const [evidence] = [...world.state.evidence.values()];
      if (evidence === undefined) throw new Error("no evidence");
      await world.say({ verb: "withdrawal", body: { evidence: evidence.body.run, reason: why }, by: [ada] });
    }),
  },
  "certified-though-the-gate-fails": {
    exit: 1,
    step: "gate",
    requires: [bound, everyKind[1]],
    runs: () => [{ usual: "harmful" }],
  },
  "certified-though-inconclusive": {
    exit: 1,
    step: "gate",
    requires: [bound, everyKind[1]],
    runs: () => [{ outcomes: { 3: "harmful" } }],
  },
  "a-receipt-kept-back": { exit: 1, step: "gate", requires: [bound, everyKind[1]], isCut: true },
  "certified-during-an-incident": {
    exit: 1,
    step: "gate",
    requires: [bound, everyKind[1], everyKind[4]],
    first: async (world) => {
      const fact = { kind: "incident", incident: incidentId, severity: "high", state: "open", summary: why } as const;
      await world.say({ verb: "fact", body: { fact, model: null }, by: [bo] });
    },
  },
  "certified-on-marks-of-nobody-asked": {
    exit: 1,
    step: "documents",
    requires: [bound, everyKind[1]],
    runs: () => [{ graded: [{ by: `people:${bo.person}`, verdict: "refused" }] }],
  },
  "certified-after-a-drill-that-opened": {
    exit: 1,
    step: "gate",
    requires: [bound, everyKind[1], everyKind[5]],
    first: async (world) => {
      const drills = [
        { kind: "drill", attempts: 5, opened: 1, unfinished: 0 },
        { kind: "drill", attempts: 5, opened: 0, unfinished: 0, hold: { gateways: 1, milliseconds: 300 } },
      ] as const;
      for (const fact of drills) await world.say({ verb: "fact", body: { fact, model: null }, by: [ada] });
    },
  },
  "answers-a-hold-on-a-country": {
    exit: 0,
    requires: [bound, everyKind[1]],
    decide: async (world, release) => {
      const hold = idOf.hold("abroad");
      const scope = { kind: "country", country: "FR" } as const;
      await world.say({ verb: "hold", body: { hold, scope, reason: why }, by: [bo] });
      await certify(world, { ...release, answers: [hold] }, [ada, bo]);
    },
  },
  "asks-for-a-drill-of-the-brake": {
    exit: 0,
    requires: [bound, everyKind[1], { id: "brake", drillWithinDays: 30, withinMs: 1_000 }],
    first: async (world) => {
      const hold = { gateways: 1, milliseconds: 400 };
      const fact = { kind: "drill", attempts: 5, opened: 0, unfinished: 0, hold } as const;
      await world.say({ verb: "fact", body: { fact, model: null }, by: [ada] });
    },
  },
};
