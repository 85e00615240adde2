// What whoever reaches the control port can do with the body of a request, over real sockets: nothing that stops the
// process, nothing that fills its memory, nothing from a page of another site; and a stop gets through all the same.
import assert from "node:assert/strict";
import { once } from "node:events";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { type ClientRequest, request } from "node:http";
import { Socket, connect } from "node:net";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { Hono } from "hono";
import { controlBodyBytesMax, routes } from "../../src/control/contract.ts";
import { serveControl } from "../../src/control/serve-control.ts";
import { digestOfValue } from "../../src/proof/digest.ts";
import { toBase64 } from "../../src/proof/encoding.ts";
import { newSigner, nodePrimitives } from "../../src/proof/node.ts";
import {
  type Answered,
  type Desk,
  type Member,
  committed,
  dropFolder,
  enrol,
  hold,
  initialise,
  must,
  openDesk,
  passOf,
  refusalOf,
  writePassOf,
} from "./control-desk.ts";

let desk: Desk;
let owner: Member;

before(async () => {
  desk = await openDesk();
  owner = await initialise(desk);
});
after(async () => {
  await desk.close();
  dropFolder(desk.folder);
});

type Headers = Readonly<Record<string, string>>;
const json: Headers = { "content-type": "application/json" };

interface Raw extends Answered {
  readonly length: number;
}

async function sent(body: string | undefined, headers: Headers, path: string = routes.statements): Promise<Raw> {
  const init = body === undefined ? { headers } : { method: "POST", headers, body };
  const response = await fetch(desk.url + path, init);
  const text = await response.text();
  return { status: response.status, json: JSON.parse(text), length: text.length };
}

/** Says how long the body will be, and sends only its first byte. */
function begun(length: number, headers: Headers): ClientRequest {
  const all = { ...json, ...headers, "content-length": String(length) };
  const asked = request({ port: desk.server.port, path: routes.statements, method: "POST", headers: all });
  asked.on("error", () => undefined);
  asked.write("{");
  return asked;
}

async function statusOf(asked: ClientRequest): Promise<number> {
  return new Promise((resolve) => {
    asked.once("response", (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
  });
}

const members = (count: number): string => {
  const parts = Array.from({ length: count }, (_, at) => `"k${at.toString(36).padStart(5, "0")}":0`);
  return `{${parts.join(",")}}`;
};

const large = 23 * 1024 * 1024;
/** Made before any connection is: making them takes so long that one which is kept would be closed meanwhile. */
const ofManyParts = [members(1_700_000), "[".repeat(large), `{"a":[${"[],".repeat(5_000_000)}[]]}`];

describe("a large body", () => {
  test("of a stranger is refused before it came", async () => {
    assert.equal(await statusOf(begun(large, {})), 401);
    assert.equal(await statusOf(begun(large, { authorization: await writePassOf(desk, newSigner().signer) })), 401);
    assert.equal(
      await statusOf(begun(large, { authorization: await passOf(desk, routes.statements, owner.signer) })),
      401,
    );
  });

  test("of a suspended person is refused", async () => {
    const safety = await enrol(desk, "safety", [owner]);
    const body = { target: { kind: "person", person: safety.person }, reason: committed("left").digest } as const;
    await must(desk, { verb: "suspend", body, by: [owner.signer] });
    assert.equal(await statusOf(begun(large, { authorization: await writePassOf(desk, safety.signer) })), 401);
  });

  test("for the first root is refused whoever sends it", async () => {
    const refused = await sent(JSON.stringify({ envelope: "A".repeat(129 * 1024), openings: [] }), json, routes.root);
    assert.equal(refusalOf(refused).code, "body_too_large");
  });

  test("of many parts, or nested without end, is refused without parsing it and without echoing it", async () => {
    for (const body of ofManyParts) {
      const authorization = await writePassOf(desk, owner.signer);
      assert.ok(body.length <= controlBodyBytesMax);
      const refused = await sent(body, { ...json, authorization });
      assert.equal(refused.status, 400);
      assert.match(refusalOf(refused).message, /more than 1000 parts/);
      assert.ok(refused.length < 500, `${refused.length}`);
    }
  });

  test("of an admitted person is read", async () => {
    const authorization = await writePassOf(desk, owner.signer);
    const body = JSON.stringify({ envelope: "AAAA", openings: [], artefacts: ["A".repeat(20 * 1024 * 1024)] });
    assert.equal(refusalOf(await sent(body, { ...json, authorization })).code, "statement_invalid");
  });

  test("that comes packed is unpacked within its bounds, and refused where few bytes would become many", async () => {
    const authorization = await writePassOf(desk, owner.signer);
    const packed = async (bytes: Uint8Array): Promise<string> => {
      const body = { envelope: "AAAA", openings: [], artefacts: [], packed: toBase64(bytes) };
      const { code, message } = refusalOf(await sent(JSON.stringify(body), { ...json, authorization }));
      return `${code}: ${message}`;
    };
    const text = Array.from({ length: 20_000 }, (_, at) => digestOfValue(at, nodePrimitives)).join();
    assert.match(await packed(gzipSync(text)), /^statement_invalid/);
    assert.match(await packed(gzipSync(Buffer.alloc(32 * 1024 * 1024))), /^request_invalid: .*more than 16 times/);
    assert.match(await packed(gzipSync(text).subarray(0, 1000)), /^request_invalid: .*no gzip/);
  });

  test("held open by many takes no more than its budget, and a stop gets through", async () => {
    const authorization = await writePassOf(desk, owner.signer);
    const held = [begun(large, { authorization }), begun(large, { authorization })];
    await new Promise((resolve) => {
      setTimeout(resolve, 200);
    });
    const arrayBytes = process.memoryUsage().arrayBuffers;
    const more = Array.from({ length: 58 }, () => begun(large, { authorization }));
    assert.deepEqual(new Set(await Promise.all(more.map(statusOf))), new Set([503]));
    assert.ok(process.memoryUsage().arrayBuffers - arrayBytes < 32 * 1024 * 1024);
    await hold(desk, owner);
    for (const one of [...held, ...more]) one.destroy();
    await new Promise((resolve) => {
      setTimeout(resolve, 200);
    });
    const body = JSON.stringify({ envelope: "AAAA", openings: [], artefacts: ["A".repeat(1024 * 1024)] });
    assert.equal(refusalOf(await sent(body, { ...json, authorization })).code, "statement_invalid");
  });
});

describe("a small body", () => {
  test("of keys that nobody knows is answered in few words", async () => {
    const parts = Array.from({ length: 400 }, (_, at) => `"${"k".repeat(200)}${at}":0`);
    const refused = await sent(`{${parts.join(",")}}`, json);
    assert.equal(refused.status, 400);
    assert.ok(refused.length < 500, `${refused.length}`);
  });

  test("that does not say it is JSON, or how long it is, is refused", async () => {
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", ""]) {
      assert.match(refusalOf(await sent("{}", { "content-type": type })).message, /content-type: application\/json/);
    }
    assert.equal(
      refusalOf(await sent("{}", { "content-type": "Application/JSON; charset=utf-8" })).code,
      "request_invalid",
    );
    const asked = request({ port: desk.server.port, path: routes.statements, method: "POST", headers: json });
    asked.on("error", () => undefined);
    asked.write("{}");
    assert.equal(await statusOf(asked), 400);
    asked.destroy();
  });
});

describe("a page of another site", () => {
  test("is refused by its origin, for reads and for writes", async () => {
    for (const origin of ["https://evil.example", "null", "http://127.0.0.1:1", "http://localhost.evil.example"]) {
      assert.equal((await sent("{}", { ...json, origin })).status, 400, origin);
      const read = await sent(undefined, { origin }, routes.deployment);
      assert.match(refusalOf(read).message, /another site/, origin);
    }
    assert.equal((await sent(undefined, { origin: desk.url }, routes.deployment)).status, 200);
  });
});

test("whoever takes nothing of an answer is let go, and an answer that takes its time is waited for", async () => {
  const stalledMs = 200;
  const app = new Hono();
  app.get("/large", (context) => context.body("x".repeat(64 * 1024 * 1024)));
  app.get("/late", async (context) => {
    await sleep(3 * stalledMs);
    return context.text("in the end");
  });
  const server = await serveControl(app, { host: "127.0.0.1", port: 0, stalledMs });
  const theirs: Socket[] = [];
  const keep = (message: unknown): void => {
    if (message instanceof Object && "socket" in message && message.socket instanceof Socket)
      theirs.push(message.socket);
  };
  subscribe("net.server.socket", keep);
  try {
    const idle = connect(server.port, "127.0.0.1").pause();
    idle.write("GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n");
    while (theirs.length === 0) await sleep(5);
    const [held] = theirs;
    assert.ok(held !== undefined);
    if (!held.closed) await once(held, "close", { signal: AbortSignal.timeout(60_000) });
    idle.destroy();
    const late = await fetch(`http://127.0.0.1:${server.port}/late`);
    assert.equal(await late.text(), "in the end");
  } finally {
    unsubscribe("net.server.socket", keep);
    await server.close();
  }
});
