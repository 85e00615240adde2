// The access programme as the control plane shows it: organisations by page, filter and sort, their keys, use and refusals by
// day, and what a key would get now, over real HTTP.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { BodyOf } from "../../src/acts/bodies.ts";
import { organisationBody } from "../../src/acts/key-bodies.ts";
import { OrganisationDocument } from "../../src/acts/organisation-document.ts";
import {
  OrganisationView,
  OrganisationsView,
  WhyView,
  organisationRoutes,
} from "../../src/control/contract-organisations.ts";
import { canonicalBytes } from "../../src/proof/canonical.ts";
import { digestOf } from "../../src/proof/digest.ts";
import { nodePrimitives } from "../../src/proof/node.ts";
import { KeyId, type Name, timestampOf } from "../../src/terms/ids.ts";
import { Network } from "../../src/terms/network.ts";
import {
  type Desk,
  type Member,
  acme,
  committed,
  digestOfSecret,
  dropFolder,
  enrol,
  get,
  hold,
  model,
  must,
  openDesk,
  released,
  wordOf,
} from "./control-desk.ts";
import { servedInterval } from "./served-interval.ts";

let desk: Desk;
let owner: Member;
let auditor: Member;

const first = KeyId.parse("key_00000000000000a1");
const second = KeyId.parse("key_00000000000000a2");

function keyBody(key: KeyId, organisation: Name, more: Partial<BodyOf<"key">> = {}): BodyOf<"key"> {
  return { key, organisation, hash: digestOfSecret(`secret of ${key}`), ending: "abcd", notAfter: null, ...more };
}

before(async () => {
  desk = await openDesk();
  const opened = await released(desk);
  ({ owner } = opened);
  auditor = await enrol(desk, "auditor", [opened.owner, opened.safety]);
  await must(desk, { verb: "key", body: keyBody(first, acme), by: [owner.signer] });
  const networks = [Network.parse("192.0.2.0/24")];
  await must(desk, { verb: "key", body: keyBody(second, acme, { networks }), by: [owner.signer] });
  for (const [place, name] of ["alpha", "beta", "gamma"].entries()) {
    const document = OrganisationDocument.parse({
      kind: "Organisation",
      name,
      type: "academic",
      country: "FR",
      purpose: `What ${name} does`,
      grants: [{ model, stage: "trusted", tokensPerDay: 1_000_000, expiresInDays: place + 3 }],
    });
    const bytes = canonicalBytes(document);
    const body = organisationBody(document, digestOf(bytes, nodePrimitives), desk.now());
    await must(desk, { verb: "organisation", body, by: [owner.signer] }, { artefacts: [bytes] });
  }
  await desk.control.feed.recordUsage([
    { organisation: acme, key: first, model, tokens: 500_000, requests: 40 },
    { organisation: acme, key: second, model, tokens: 1_000, requests: 2 },
  ]);
  const told = [
    { outcome: "refused", why: "quota_exhausted:tokens" },
    { outcome: "blocked", why: "policy_blocked", input: "block:cyber" },
    { outcome: "blocked", why: "policy_blocked", input: "block:cyber" },
    {},
  ] as const;
  const interval = await servedInterval(
    desk,
    opened.release,
    told.map((one) => ({ ...one, key: first })),
  );
  await desk.control.feed.recordInterval(interval.envelope, interval.drained);
  await desk.control.feed.recordInterval(interval.envelope, interval.drained);
});
after(async () => {
  await desk.close();
  dropFolder(desk.folder);
});

async function list(query: string, by: Member = owner): Promise<OrganisationsView> {
  const { status, json } = await get(desk, `${organisationRoutes.organisations}${query}`, by);
  assert.equal(status, 200, JSON.stringify(json));
  return OrganisationsView.parse(json);
}

function namesOf({ organisations }: OrganisationsView): readonly string[] {
  return organisations.map(({ organisation }) => organisation);
}

async function why(query: string, by: Member = owner): Promise<WhyView> {
  const path = `${organisationRoutes.why.replace(":organisation", acme)}?${query}`;
  const { status, json } = await get(desk, path, by);
  assert.equal(status, 200, JSON.stringify(json));
  return WhyView.parse(json);
}

describe("the list", () => {
  test("has purpose, grants, keys, use of today against the limit, and the last day of use", async () => {
    const found = (await list("?q=ACM")).organisations[0];
    assert.deepEqual(
      [found?.organisation, found?.purpose, found?.keys, found?.today],
      [acme, "Vulnerability research on its own products", { active: 2, all: 2 }, { tokens: 501_000, requests: 42 }],
    );
    assert.equal(found?.usedPart, 501_000 / 2_000_000);
    assert.equal(found?.lastSeen, timestampOf(desk.now()).slice(0, 10));
  });

  test("comes by pages that together are all of it, once each, in the order asked", async () => {
    const whole = namesOf(await list("?sort=ends&order=down"));
    assert.deepEqual(whole, ["acme", "gamma", "beta", "alpha"]);
    const pages: string[] = [];
    for (let last: string | null = ""; last !== null;) {
      const view: OrganisationsView = await list(`?sort=ends&order=down&limit=1${last === "" ? "" : `&after=${last}`}`);
      assert.equal(view.total, 4);
      pages.push(...namesOf(view));
      last = view.next;
    }
    assert.deepEqual(pages, whole);
  });

  test("is filtered by type, country, state and part of a name", async () => {
    assert.deepEqual(namesOf(await list("?type=academic&q=a")), ["alpha", "beta", "gamma"]);
    assert.deepEqual(namesOf(await list("?country=FR&q=et")), ["beta"]);
    assert.deepEqual(namesOf(await list("?state=ending")), ["alpha", "beta", "gamma"]);
    assert.deepEqual(namesOf(await list("?state=suspended")), []);
    const [alpha] = (await list("?q=alpha")).organisations;
    assert.deepEqual([alpha?.grants[0]?.endDue, alpha?.grants[0]?.endsInDays], [7, 2]);
  });

  test("refuses what it does not take, and strangers", async () => {
    for (const query of [
      "?limit=0",
      "?limit=201",
      "?sort=purpose",
      "?x=1",
      "?country=france",
      "?limit=1&limit=2",
      "?after=nobody",
    ]) {
      const answered = await get(desk, `${organisationRoutes.organisations}${query}`, owner);
      assert.equal(wordOf(answered), "request_invalid", query);
    }
    assert.equal((await get(desk, organisationRoutes.organisations)).status, 401);
    assert.equal((await list("", auditor)).total, 4);
  });
});

describe("one organisation", () => {
  test("has its keys without a hash, its use by day, and its refusals counted once", async () => {
    const { json } = await get(desk, organisationRoutes.organisation.replace(":organisation", acme), owner);
    assert.ok(!JSON.stringify(json).includes(digestOfSecret(`secret of ${first}`)));
    const view = OrganisationView.parse(json);
    assert.deepEqual(
      view.keyList.map(({ key, state, networks }) => [key, state, networks]),
      [
        [first, "active", null],
        [second, "active", ["192.0.2.0/24"]],
      ],
    );
    assert.deepEqual(
      view.usage.used.map(({ tokens, requests }) => [tokens, requests]),
      [[501_000, 42]],
    );
    const refusals = view.usage.refusals.map(({ code, reason, count }) => [code, reason, count]);
    assert.deepEqual(refusals, [
      ["policy_blocked", null, 2],
      ["quota_exhausted", "tokens", 1],
    ]);
    assert.match(view.usage.refusals[0]?.sentence ?? "", /usage policy does not allow/);
  });

  test("that is not there is not found", async () => {
    for (const name of ["nobody", "..%2F", "A"]) {
      const path = organisationRoutes.organisation.replace(":organisation", name);
      assert.equal(wordOf(await get(desk, path, owner)), "not_found", name);
    }
  });
});

describe("what a key would get now", () => {
  test("is open, with what is left of the day", async () => {
    const view = await why(`key=${first}&model=${model}`);
    assert.equal(view.answer.kind, "open");
    assert.deepEqual(view.limits, [{ of: "grant", limit: 2_000_000, used: 501_000 }]);
  });

  test("is refused where it asks from elsewhere, in the gateway's own words", async () => {
    const { answer } = await why(`key=${second}&model=${model}&from=198.51.100.7`);
    assert.ok(answer.kind === "refused");
    assert.deepEqual(
      [answer.check, answer.status, answer.code, answer.reason],
      ["network", 403, "key_suspended", "network"],
    );
    assert.match(answer.sentence, /may not be used from this address/);
    assert.equal((await why(`key=${second}&model=${model}&from=192.0.2.9`)).answer.kind, "open");
  });

  test("says no more of a model that is not granted than that there is none", async () => {
    const { answer } = await why(`key=${first}&model=other`);
    assert.ok(answer.kind === "refused");
    assert.equal(answer.code, "model_unknown");
  });

  test("refuses keys of others and what is no question", async () => {
    const path = organisationRoutes.why.replace(":organisation", "alpha");
    assert.equal(wordOf(await get(desk, `${path}?key=${first}&model=${model}`, owner)), "not_found");
    for (const query of ["", `?key=${first}`, `?key=x&model=${model}`, `?key=${first}&model=${model}&from=here`])
      assert.equal(wordOf(await get(desk, `${path}${query}`, owner)), "request_invalid", query);
  });

  test("names the check that refuses first, and those behind it, once the key is revoked and the model held", async () => {
    const body = { target: { kind: "key", key: first, forGood: true }, reason: committed("leaked").digest } as const;
    await must(desk, { verb: "suspend", body, by: [owner.signer] });
    await hold(desk, owner);
    const { answer, checks } = await why(`key=${first}&model=${model}`);
    assert.ok(answer.kind === "refused");
    assert.deepEqual([answer.check, answer.code], ["key", "key_suspended"]);
    assert.deepEqual(
      checks.filter(({ verdict }) => verdict === "refuses").map(({ name }) => name),
      ["key", "hold"],
    );
  });
});
