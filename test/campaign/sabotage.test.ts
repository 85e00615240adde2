// That the campaign can fail: in each of these gateways one check is broken on purpose, by changing what it believes from
// inside, and the campaign of campaign.test.ts has to report it, by the model that was reached.
import assert from "node:assert/strict";
import { test } from "node:test";
import { callerKeyOf } from "../../src/acts/fixtures.ts";
import type { State } from "../../src/acts/state.ts";
import { digestOf } from "../../src/proof/digest.ts";
import { toUtf8 } from "../../src/proof/encoding.ts";
import { nodePrimitives as primitives } from "../../src/proof/node.ts";
import { Name, Timestamp } from "../../src/terms/ids.ts";
import { type Caller, allowedBy, modelNames, openCast, secrets, upstreamName } from "./cast.ts";
import { campaign } from "./run.ts";

interface Sabotage {
  readonly name: string;
  readonly doTo: (state: State) => void;
  readonly callers: readonly Caller[];
  readonly models: readonly string[];
}

const hashOf = (caller: Caller): ReturnType<typeof digestOf> => digestOf(toUtf8(secrets[caller]), primitives);
const never = Timestamp.parse("2099-01-01T00:00:00.000Z");

const sabotages: readonly Sabotage[] = [
  {
    name: "forgets holds",
    doTo: (state) => {
      state.holds.clear();
    },
    callers: ["good"],
    models: ["held"],
  },
  {
    name: "forgets that a key was revoked",
    doTo: (state) => {
      for (const [hash, key] of state.keys) state.keys.set(hash, { ...key, standing: "active" });
    },
    callers: ["revoked"],
    models: modelNames,
  },
  {
    name: "forgets that an organisation was suspended",
    doTo: (state) => {
      for (const [name, known] of state.organisations) state.organisations.set(name, { ...known, suspended: false });
    },
    callers: ["suspended"],
    models: modelNames,
  },
  {
    name: "reads no dates of keys",
    doTo: (state) => {
      for (const [hash, key] of state.keys) state.keys.set(hash, { ...key, notAfter: null });
    },
    callers: ["expired"],
    models: modelNames,
  },
  {
    name: "reads no dates of certificates",
    doTo: (state) => {
      for (const [model, certificates] of state.certificates) {
        const lasting = certificates.map((known) => ({ ...known, release: { ...known.release, notAfter: never } }));
        state.certificates.set(model, lasting);
      }
    },
    callers: ["good"],
    models: ["past"],
  },
  {
    name: "counts withdrawn evidence",
    doTo: (state) => {
      for (const [act, known] of state.evidence) state.evidence.set(act, { ...known, withdrawn: false });
    },
    callers: ["good"],
    models: ["lapsed"],
  },
  {
    name: "asks for no grant",
    doTo: (state) => {
      const acme = state.organisations.get(Name.parse("acme"));
      const globex = state.organisations.get(Name.parse("globex"));
      assert.ok(acme !== undefined && globex !== undefined);
      state.organisations.set(Name.parse("globex"), { ...globex, grants: acme.grants });
    },
    callers: ["foreign"],
    models: modelNames,
  },
  {
    name: "knows everybody",
    doTo: (state) => {
      const good = state.keys.get(hashOf("good"));
      assert.ok(good !== undefined);
      state.keys.set(hashOf("stranger"), { ...good, key: callerKeyOf(hashOf("stranger")).key });
    },
    callers: ["stranger"],
    models: modelNames,
  },
];

for (const { name, doTo, callers, models } of sabotages) {
  test(`a gateway that ${name} is found out by the campaign`, async () => {
    const cast = await openCast();
    try {
      const plan = { seed: 7, count: 200, firstTag: 0, focus: { callers, models } };
      const honest = await campaign(cast, plan, allowedBy);
      assert.deepEqual(honest.violations, []);
      doTo(cast.world.gateway().gateway.follower.state);
      const broken = await campaign(cast, { ...plan, firstTag: 1_000 }, allowedBy);
      const reached = broken.violations.filter(({ what }) =>
        models.some((model) => what.includes(upstreamName(model))),
      );
      assert.ok(reached.length > 0, "the campaign saw nothing");
    } finally {
      await cast.close();
    }
  });
}
