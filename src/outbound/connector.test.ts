// Refusals of the connector, against real sockets on this machine.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { once } from "node:events";
import { after, before, test } from "node:test";
import { Failure, failureCode } from "../terms/failure.ts";
import { connectTo, outboundDefaults, type OutboundRules } from "./connector.ts";

let port = 0;
let hits = 0;
const server = createServer((request, response) => {
  hits += 1;
  if (request.url === "/redirect") response.writeHead(302, { location: "/landed" }).end();
  else response.end(request.headers.host);
});
before(async () => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  port = typeof address === "object" && address !== null ? address.port : 0;
});
after(() => server.close());

const named: OutboundRules = { ...outboundDefaults, allowPrivate: true };
const resolvingTo = (...addresses: string[]): OutboundRules => ({
  ...named,
  resolve: async () => addresses.map((address) => ({ address, family: 4 })),
});

/** GET through the connector; the status, or the code of the refusal. */
async function get(url: string, rules: OutboundRules): Promise<number | string | undefined> {
  try {
    const pool = connectTo(new URL(url), rules);
    try {
      const { statusCode, body } = await pool.request({ method: "GET", path: new URL(url).pathname });
      await body.dump();
      return statusCode;
    } finally {
      await pool.destroy();
    }
  } catch (error) {
    return failureCode(error);
  }
}

test("a loopback address named literally is reached, and only where the document allows it", async () => {
  assert.equal(await get(`http://127.0.0.1:${port}/`, named), 200);
  assert.equal(await get(`http://localhost:${port}/`, named), 200);
  assert.equal(await get(`http://0x7f.1:${port}/`, named), 200);
  assert.equal(await get(`http://127.0.0.1:${port}/`, outboundDefaults), "destination_refused");
  assert.equal(await get(`http://localhost:${port}/`, outboundDefaults), "destination_refused");
});

test("a name that resolves to an inner, metadata or mixed set of addresses is refused before any connection", async () => {
  hits = 0;
  for (const addresses of [["127.0.0.1"], ["10.0.0.1"], ["169.254.169.254"], ["8.8.8.8", "127.0.0.1"], []]) {
    assert.equal(await get(`http://model.example:${port}/`, resolvingTo(...addresses)), "destination_refused");
  }
  assert.equal(await get(`http://localhost:${port}/`, resolvingTo("10.0.0.1")), "destination_refused");
  assert.equal(hits, 0);
});

test("a name is looked up once and the address that was vetted is the one that is dialled", async () => {
  let lookups = 0;
  const rules: OutboundRules = {
    ...named,
    resolve: async () => {
      lookups += 1;
      return [{ address: lookups === 1 ? "127.0.0.1" : "169.254.169.254", family: 4 }];
    },
  };
  const pool = connectTo(new URL(`http://localhost:${port}`), rules);
  for (let round = 0; round < 3; round += 1) {
    const { body } = await pool.request({ method: "GET", path: "/", reset: true });
    assert.equal(await body.text(), `localhost:${port}`);
  }
  assert.equal(lookups, 1);
  await pool.destroy();
});

test("an address that never answers is given up and the next vetted one is tried", async () => {
  let lookups = 0;
  const rules: OutboundRules = {
    ...named,
    resolve: async () => {
      lookups += 1;
      return ["127.0.0.9", "127.0.0.1"].map((address) => ({ address, family: 4 }));
    },
  };
  const pool = connectTo(new URL(`http://localhost:${port}`), rules);
  await assert.rejects(pool.request({ method: "GET", path: "/" }));
  const { statusCode, body } = await pool.request({ method: "GET", path: "/" });
  await body.dump();
  assert.equal(statusCode, 200);
  assert.equal(lookups, 1);
  await pool.destroy();
});

test("our own listeners, other schemes and URLs with passwords are refused at once", () => {
  const own: OutboundRules = { ...named, ownPorts: new Set([port]) };
  for (const url of [`http://127.0.0.1:${port}`, `http://[::1]:${port}`]) {
    assert.throws(() => connectTo(new URL(url), own), Failure);
  }
  for (const url of ["ftp://127.0.0.1", "file:///etc/passwd", "http://a:b@127.0.0.1"]) {
    assert.throws(() => connectTo(new URL(url), named), Failure);
  }
});

test("a name for our own listener is refused when it is resolved", async () => {
  assert.equal(await get(`http://localhost:${port}/`, { ...named, ownPorts: new Set([port]) }), "destination_refused");
});

test("a redirect is handed back and not followed", async () => {
  hits = 0;
  assert.equal(await get(`http://127.0.0.1:${port}/redirect`, named), 302);
  assert.equal(hits, 1);
});
