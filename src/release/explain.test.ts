// What is explained by an id, from the fold alone.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  ada,
  bo,
  callerKeyOf,
  certify,
  configurationOf,
  digestOfLabel,
  idOf,
  openModel,
  organisationOf,
  releaseOf,
  worldOfTwo,
} from "../acts/fixtures.ts";
import { nodePrimitives as primitives } from "../proof/node.ts";
import { Name, Timestamp } from "../terms/ids.ts";
import { explain } from "./explain.ts";

const small = Name.parse("small");

test("a hold on an organisation or a key, and a restriction, are explained by their ids, and whether they stand", async () => {
  const world = await worldOfTwo();
  await openModel(world, { model: small, stage: "trusted", configuration: configurationOf("one") });
  const organisation = organisationOf(world, { model: small, stage: "trusted" });
  await world.say({ verb: "organisation", body: organisation, by: [ada] });
  const caller = callerKeyOf(digestOfLabel("secret"));
  await world.say({ verb: "key", body: caller, by: [ada] });
  const reason = digestOfLabel("why");
  const [first, second, third] = [idOf.hold("organisation"), idOf.hold("key"), idOf.hold("restriction")];
  const scopes = [
    [first, { kind: "organisation", organisation: organisation.organisation }],
    [second, { kind: "key", key: caller.key }],
  ] as const;
  for (const [hold, scope] of scopes) await world.say({ verb: "hold", body: { hold, scope, reason }, by: [bo] });
  const limit = { kind: "output-tokens", max: 8 } as const;
  await world.say({ verb: "restriction", body: { hold: third, model: small, limit, reason }, by: [bo] });
  const told = async (id: string): Promise<string> =>
    (await explain(id, { state: world.state, primitives, findReceipt: async () => undefined })).lines.join(" ");
  assert.match(await told(first), /^At 20\S+ organisation acme was held: it was suspended\. It is suspended still/);
  assert.match(await told(second), /^At 20\S+ key_\S+ was held: it was suspended\. It is suspended still/);
  assert.match(await told(third), /^At 20\S+ small was made stricter: answers of at most 8 tokens\. That stands\.$/);
  const configuration = configurationOf("one");
  const release = releaseOf(world, { model: small, stage: "trusted", configuration, lifts: [third] });
  await certify(world, release, [ada, bo]);
  assert.match(await told(third), new RegExp(`at most 8 tokens\\. It was lifted by ${release.certificate}\\.$`));
  await world.say({ verb: "key", body: { ...caller, anew: { kind: "change" } }, by: [ada] });
  assert.match(await told(second), /It was resumed since\.$/);
  await assert.rejects(told(idOf.hold("nobody's")), { code: "not_found" });
});

test("a refusal by a release's conditions says which of them, and the certificate what they are", async () => {
  const world = await worldOfTwo();
  const conditions = { countries: ["DE"], surfaces: ["chat" as const] };
  await openModel(world, { model: small, stage: "trusted", configuration: configurationOf("one"), conditions });
  const lines = async (id: string, reason: string): Promise<string> => {
    const at = Timestamp.parse("2027-01-03T00:00:00.000Z");
    const refusal = { at, route: "chat", code: "stage_closed", reason, status: 403, key: "key_1", model: "small" };
    const means = { state: world.state, primitives, findReceipt: async () => undefined };
    return (await explain(id, { ...means, recentRefusal: async () => refusal })).lines.join(" ");
  };
  const id = `rcpt_${"0".repeat(24)}`;
  assert.match(await lines(id, "hours"), /certain hours of the week, and it came outside them/);
  assert.match(await lines(id, "country"), /registered in certain countries/);
  assert.match(await lines(id, "surface"), /certain formats/);
  assert.match(await lines(id, "held"), /The model was not open to this key/);
  const [certificate] = [...world.state.certificates.values()].flat();
  assert.match(await lines(certificate?.release.certificate ?? "", ""), /registered in DE\. .*only over chat\./);
});
