// What is said to whoever signs leaves nothing out that they would sign: every condition of a release, what a hold holds, what a step opens.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Name } from "../terms/ids.ts";
import { bodyInWords, releaseInWords } from "./act-words.ts";
import { Conditions } from "./conditions.ts";
import {
  ada,
  bo,
  configurationOf,
  digestOfLabel,
  idOf,
  openModel,
  organisationOf,
  releaseOf,
  worldOfTwo,
} from "./fixtures.ts";

const small = Name.parse("small");
const one = configurationOf("one");
const full = Conditions.parse({
  limits: { requestsPerMinute: 5 },
  share: {
    by: "organisation",
    steps: [0.07, 1],
    watch: {
      measures: [
        {
          id: "confirmed",
          measure: "confirmed-misuse",
          limit: 0.01,
          alpha: 0.01,
          exchangesMin: 100,
          sample: 0.5,
          perOrganisationPerHour: 10,
          labelHours: 24,
          labels: { by: "reviewers", answers: true },
        },
      ],
    },
  },
  hours: [{ days: ["mon"], from: "08:00", to: "18:00" }],
  countries: ["DE"],
  surfaces: ["chat"],
  retention: { waitHours: 3, decidedDays: 2 },
  endsOnIncident: "high",
  endsOnFailedGate: "fail",
  breakGlassHours: 7,
});

test("every condition of a release is in the words of whoever signs it", async () => {
  const world = await worldOfTwo();
  const said = (conditions: Conditions): string =>
    releaseInWords(releaseOf(world, { model: small, stage: "limited", configuration: one, conditions }), world.state);
  const whole = said(full);
  assert.deepEqual(Object.keys(full).toSorted(), Object.keys(Conditions.shape).toSorted(), "none is left out here");
  for (const name of Object.keys(full)) {
    const less = Conditions.parse({ ...full, [name]: undefined });
    assert.notEqual(said(less).replaceAll(/\w+_[0-9a-f]+/g, ""), whole.replaceAll(/\w+_[0-9a-f]+/g, ""), name);
  }
  assert.match(whole, /whoever labels sees the answers/);
});

test("a step says what it opens, and a proposal what the holds hold that it answers, by the ledger", async () => {
  const world = await worldOfTwo();
  const { certificate } = await openModel(world, {
    model: small,
    stage: "limited",
    configuration: one,
    conditions: full,
  });
  const step = { certificate, reason: digestOfLabel("why") };
  assert.match(
    bodyInWords("widen", { ...step, step: 1 }, world.state),
    /small to 100 % of its organisations at limited/,
  );
  assert.match(
    bodyInWords("narrow", { ...step, step: 0 }, world.state),
    /small to 7 % of its organisations at limited/,
  );
  const hold = { hold: idOf.hold("all"), scope: { kind: "everything" }, reason: digestOfLabel("why") } as const;
  await world.say({ verb: "hold", body: hold, by: [bo] });
  const release = releaseOf(world, { model: small, stage: "limited", configuration: one, answers: [hold.hold] });
  assert.match(bodyInWords("proposal", { release }, world.state), /answering hold_\w+ \(on every model\)/);
});

test("an organisation is said with every grant, and with the suspension that it ends", async () => {
  const world = await worldOfTwo();
  const { grants, ...rest } = organisationOf(world, { model: small, stage: "trusted" });
  const body = { ...rest, grants: grants.map((grant) => ({ ...grant, scopes: [Name.parse("cyber")] })) };
  const said = (): string => bodyInWords("organisation", body, world.state);
  assert.match(
    said(),
    / small from \w+ on with the scopes cyber, at most .* requests a minute, .* tokens a day.*, until /,
  );
  assert.doesNotMatch(said(), /SUSPENSION/);
  await world.say({ verb: "organisation", body, by: [ada] });
  const target = { kind: "organisation", organisation: body.organisation } as const;
  await world.say({ verb: "suspend", body: { target, reason: digestOfLabel("why") }, by: [ada] });
  assert.match(said(), /ENDS ITS SUSPENSION/);
});
