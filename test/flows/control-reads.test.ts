// Reading the control plane, and what its listener refuses: passes that are stale, foreign, misdirected or of somebody
// suspended; wrong hosts; bodies that are too large, not JSON, or not UTF-8.
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { z } from "zod";
import { BatchView, OpeningsView, StatusView, controlBodyBytesMax, routes } from "../../src/control/contract.ts";
import { createReplica } from "../../src/feed/replica.ts";
import { fromBase64 } from "../../src/proof/encoding.ts";
import { newSigner, nodePrimitives } from "../../src/proof/node.ts";
import { Instant, KeyId } from "../../src/terms/ids.ts";
import {
  type Desk,
  type Member,
  acme,
  committed,
  dropFolder,
  get,
  model,
  must,
  openDesk,
  passOf,
  refusalOf,
  released,
  resolved,
  say,
  wordOf,
} from "./control-desk.ts";

let desk: Desk;
let owner: Member;
let safety: Member;

before(async () => {
  desk = await openDesk();
  ({ owner, safety } = await released(desk));
});
after(async () => {
  await desk.close();
  dropFolder(desk.folder);
});

const batchPath = `${routes.batch}?from=0`;

async function statusWith(authorization: string | undefined, path = batchPath): Promise<number> {
  const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
  return (await fetch(desk.url + path, { headers })).status;
}

describe("passes", () => {
  test("nothing but the public part is read without one", async () => {
    for (const path of [batchPath, routes.pending, routes.openings, routes.status.replace(":model", model)]) {
      assert.equal(await statusWith(undefined, path), 401, path);
    }
    assert.equal(await statusWith(undefined, routes.deployment), 200);
    assert.equal(await statusWith(undefined, "/healthz"), 200);
  });

  test("one is good for its own path and query only", async () => {
    const pass = await passOf(desk, batchPath, owner.signer);
    assert.equal(await statusWith(pass), 200);
    assert.equal(await statusWith(pass, `${routes.batch}?from=1`), 401);
    assert.equal(await statusWith(pass, routes.pending), 401);
  });

  test("one of an unknown key, or cut short, reads nothing", async () => {
    assert.equal(await statusWith(await passOf(desk, batchPath, newSigner().signer)), 401);
    const pass = await passOf(desk, batchPath, owner.signer);
    assert.equal(await statusWith(pass.slice(0, -4)), 401);
    assert.equal(await statusWith(pass.replace("Headgate ", "Bearer ")), 401);
  });

  test("one ends after a minute", async () => {
    const pass = await passOf(desk, batchPath, owner.signer);
    desk.ahead = 61_000;
    const late = await statusWith(pass);
    desk.ahead = 0;
    assert.equal(late, 401);
  });

  test("one of a suspended person reads nothing", async () => {
    const body = { target: { kind: "person", person: safety.person }, reason: committed("left").digest } as const;
    assert.equal(await statusWith(await passOf(desk, batchPath, safety.signer)), 200);
    await must(desk, { verb: "suspend", body, by: [owner.signer] });
    assert.equal(await statusWith(await passOf(desk, batchPath, safety.signer)), 401);
  });
});

describe("what is read", () => {
  test("batches make the ledger that a client folds itself", async () => {
    const view = BatchView.parse((await get(desk, batchPath, owner)).json);
    const replica = createReplica({ primitives: nodePrimitives, pin: desk.control.state.firstRoot, mark: undefined });
    const records = view.records.map(({ leaf, envelope }) => ({ leaf: bytes(leaf), envelope: bytes(envelope) }));
    await replica.receive({ from: 0, records, checkpoint: view.checkpoint });
    assert.equal(replica.size(), desk.control.state.acts.size);
    const empty = BatchView.parse((await get(desk, `${routes.batch}?from=${replica.size()}`, owner)).json);
    assert.equal(empty.records.length, 0);
    const beyond = await get(desk, `${routes.batch}?from=${replica.size() + 1}`, owner);
    assert.equal(wordOf(beyond), "not_found");
  });

  test("openings answer commitments that are kept and leave out the rest", async () => {
    const name = desk.control.state.persons.get(owner.person)?.name;
    const path = `${routes.openings}?commitment=${encodeURIComponent(name ?? "")}&commitment=${encodeURIComponent(committed("x").digest)}`;
    const { openings } = OpeningsView.parse((await get(desk, path, owner)).json);
    assert.deepEqual(
      openings.map(({ text }) => text),
      ["Ada"],
    );
  });

  test("a text that the statement does not commit to is refused", async () => {
    const body = { target: { kind: "person", person: safety.person }, reason: committed("a").digest } as const;
    const stray = committed("b").opening;
    const answered = await say(desk, { verb: "suspend", body, by: [owner.signer] }, { openings: [stray] });
    assert.equal(wordOf(answered), "request_invalid");
  });

  test("content by digest is what was sent", async () => {
    const [document] = resolved();
    assert.ok(document !== undefined);
    const path = routes.artefact.replace(":digest", document.digest);
    const response = await fetch(desk.url + path, {
      headers: { authorization: await passOf(desk, path, owner.signer) },
    });
    assert.deepEqual(new Uint8Array(await response.arrayBuffer()), document.bytes);
  });

  test("a public model is read by anyone, and another is as good as none", async () => {
    const path = routes.publicStatus.replace(":model", model);
    assert.equal(StatusView.parse((await get(desk, path)).json).stage, "trusted");
    const none = await get(desk, routes.publicStatus.replace(":model", "other"));
    assert.equal(refusalOf(none).code, "model_unknown");
  });

  test("the interface describes every route of the contract", async () => {
    const document = z
      .object({ paths: z.record(z.string(), z.unknown()) })
      .parse((await get(desk, "/api/openapi.json")).json);
    const described = Object.keys(document.paths).toSorted();
    const expected = (await allRoutes()).map((path) => path.replaceAll(/:([a-z]+)/g, "{$1}"));
    assert.deepEqual(described, expected.toSorted());
  });

  test("it says what a status is asked with, and another stage than there is one is refused", async () => {
    const Parameters = z.object({ get: z.object({ parameters: z.array(z.object({ name: z.string() })) }) });
    const document = z
      .object({ paths: z.record(z.string(), z.unknown()) })
      .parse((await get(desk, "/api/openapi.json")).json);
    for (const route of [routes.status, routes.publicStatus]) {
      const { parameters } = Parameters.parse(document.paths[route.replace(":model", "{model}")]).get;
      assert.deepEqual(
        parameters.map(({ name }) => name),
        ["model", "gate"],
      );
    }
    const wrong = await get(desk, `${routes.publicStatus.replace(":model", model)}?gate=everyone`);
    assert.equal(refusalOf(wrong).code, "request_invalid");
  });
});

describe("the listener", () => {
  test("another host name is refused, so that no page elsewhere reaches it", async () => {
    assert.equal(await statusOfHost("evil.example"), 400);
    assert.equal(await statusOfHost("evil.example:8701"), 400);
    assert.equal(await statusOfHost("localhost:8701"), 200);
  });

  test("a body that is too large, not JSON, not UTF-8 or of another form is refused by code", async () => {
    assert.equal(await codeFor(new Uint8Array(controlBodyBytesMax + 1)), "body_too_large");
    assert.equal(await codeFor("{"), "request_invalid");
    assert.equal(await codeFor(new Uint8Array([0x22, 0xff, 0x22])), "request_invalid");
    assert.equal(await codeFor('{"envelope":"AAAA","openings":[],"artefacts":[],"more":1}'), "request_invalid");
    assert.equal(await codeFor('{"envelope":"AAAA","openings":[],"artefacts":[]}'), "statement_invalid");
  });

  test("a statement dated three hours back is refused", async () => {
    const key = {
      key: KeyId.parse("key_0123456789abcdef"),
      organisation: acme,
      hash: committed("s").digest,
      notAfter: null,
    };
    const at = Instant.parse(desk.now() - 3 * 3_600_000);
    assert.equal(wordOf(await say(desk, { verb: "key", body: key, by: [owner.signer] }, { at })), "conflict");
    assert.equal(wordOf(await say(desk, { verb: "key", body: key, by: [owner.signer] })), "recorded");
  });
});

/** The code that a body sent as a statement is refused with. */
async function codeFor(body: Uint8Array | string): Promise<string> {
  const response = await fetch(desk.url + routes.statements, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: body.slice(),
  });
  return refusalOf({ status: response.status, json: await response.json() }).code;
}

async function statusOfHost(host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = request({ port: desk.server.port, path: "/healthz", headers: { host } }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
    asked.on("error", reject);
    asked.end();
  });
}

function bytes(text: string): Uint8Array {
  return fromBase64(text) ?? new Uint8Array(0);
}

/** Of the contract and of those files beside it that are about one noun. */
async function allRoutes(): Promise<readonly string[]> {
  const folder = join(import.meta.dirname, "../../src/control");
  const names = readdirSync(folder).filter((name) => /^contract(?:-[a-z-]+)?\.ts$/.test(name));
  const contracts = await Promise.all(
    names.map(async (name) => z.record(z.string(), z.unknown()).parse({ ...(await import(join(folder, name))) })),
  );
  return contracts.flatMap((contract) =>
    Object.entries(contract).flatMap(([name, value]) =>
      /(?:^r|R)outes$/.test(name) ? Object.values(z.record(z.string(), z.string()).parse(value)) : [],
    ),
  );
}
