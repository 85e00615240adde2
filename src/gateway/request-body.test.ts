// That bodies which are being read are bounded together and for each caller, and that one caller's keep nobody else's out.
import assert from "node:assert/strict";
import { once } from "node:events";
import { type ClientRequest, type IncomingMessage, createServer, request } from "node:http";
import { after, test } from "node:test";
import { failureCode } from "../terms/failure.ts";
import { bodiesOfCalls, readBody } from "./request-body.ts";

const bodies = bodiesOfCalls({ bytesMax: 100_000, callerBytesMax: 40_000 });

/** Reads a body for the caller that its path names, and says how long it was or why it was not read. */
const server = createServer((asked, response) => {
  const limits = { bytesMax: 60_000, bodies, caller: asked.url ?? "" };
  readBody({ request: asked, isRead: false }, limits).then(
    (body) => response.end(String(body.length)),
    (error: unknown) => {
      outcomes.push(failureCode(error));
      response.setHeader("connection", "close");
      response.end(failureCode(error));
    },
  );
});
/** Of the bodies that were not read, why. */
const outcomes: (string | undefined)[] = [];

async function nextOutcome(): Promise<string | undefined> {
  const before = outcomes.length;
  const until = performance.now() + 5_000;
  while (outcomes.length === before && performance.now() < until) {
    await new Promise((resolve) => {
      setTimeout(resolve, 5);
    });
  }
  return outcomes.at(before);
}

server.listen(0, "127.0.0.1");
await once(server, "listening");
after(() => {
  server.close();
  server.closeAllConnections();
});
const address = server.address();
assert.ok(address !== null && typeof address !== "string");
const { port } = address;

/** A body of `bytes`, of which the last one is not sent yet. */
async function begin(caller: string, bytes: number, length = bytes): Promise<ClientRequest> {
  const headers = { "content-length": length };
  const begun = request({ port, host: "127.0.0.1", path: `/${caller}`, method: "POST", headers, agent: false });
  begun.on("error", () => undefined);
  begun.write("x".repeat(bytes - 1));
  await held(caller, bytes - 1);
  return begun;
}

async function held(caller: string, bytes: number): Promise<void> {
  const until = performance.now() + 5_000;
  while ((bodies.byCaller.get(`/${caller}`) ?? 0) < bytes && performance.now() < until) {
    await new Promise((resolve) => {
      setTimeout(resolve, 5);
    });
  }
}

async function answerTo(sent: ClientRequest, last = "x"): Promise<string> {
  const text = textTo(sent);
  sent.end(last);
  return text;
}

async function textTo(sent: ClientRequest): Promise<string> {
  const response = await new Promise<IncomingMessage>((resolve) => {
    sent.once("response", resolve);
  });
  let text = "";
  for await (const piece of response) text += String(piece);
  return text;
}

/** In chunks: a body that is there with its head does not count as under way. */
async function inChunks(caller: string, bytes: number): Promise<string> {
  const sent = request({ port, host: "127.0.0.1", path: `/${caller}`, method: "POST", agent: false });
  sent.on("error", () => undefined);
  sent.write("x".repeat(bytes));
  return answerTo(sent, "");
}

test("a caller's slow bodies keep out more of that caller's, and nobody else's", async () => {
  const slow = await begin("one", 30_000);
  assert.equal(await inChunks("one", 20_000), "gateway_closed");
  assert.equal(await inChunks("two", 20_000), "20000");
  assert.equal(await answerTo(slow), "30000");
  assert.equal(await inChunks("one", 20_000), "20000");
});

test("all together have a bound as well, and what was read or left counts no more", async () => {
  const slow = [await begin("one", 39_000), await begin("two", 39_000)];
  assert.equal(await inChunks("three", 30_000), "gateway_closed");
  for (const one of slow) one.destroy();
  const until = performance.now() + 5_000;
  while (bodies.bytes > 0 && performance.now() < until) {
    await new Promise((resolve) => {
      setTimeout(resolve, 5);
    });
  }
  assert.equal(bodies.bytes, 0);
  assert.equal(bodies.byCaller.size, 0);
  assert.equal(await inChunks("three", 30_000), "30000");
});

test("a body that breaks off is the caller's doing", async () => {
  const sent = await begin("five", 30_000);
  const failed = nextOutcome();
  sent.destroy();
  assert.equal(await failed, "request_invalid");
});

test("a length that is too large is refused before a byte of it was read", async () => {
  const sent = request({
    port,
    host: "127.0.0.1",
    path: "/four",
    method: "POST",
    headers: { "content-length": 60_001 },
    agent: false,
  });
  sent.on("error", () => undefined);
  sent.flushHeaders();
  assert.equal(await textTo(sent), "body_too_large");
  sent.destroy();
});
