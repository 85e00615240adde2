// Discovery against the mock and against servers that are none.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import { after, test } from "node:test";
import { outboundDefaults } from "../outbound/connector.ts";
import { failureCode } from "../terms/failure.ts";
import { startMock } from "../../test/upstream-mock/server.ts";
import { type Discovery, discover, explainDiscovery } from "./discover.ts";

const options = {
  rules: { ...outboundDefaults, allowPrivate: true },
  key: undefined,
  signal: new AbortController().signal,
};
const closers: (() => unknown)[] = [];
after(async () => {
  for (const close of closers) await close();
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  closers.push(() => server.close());
  const address = server.address();
  return `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
}

function find(address: string, key?: string): Promise<Discovery> {
  return discover(new URL(address), { ...options, key });
}

test("a chat server is found with and without /v1, and nothing was generated", async () => {
  const mock = await startMock();
  closers.push(() => mock.close());
  for (const address of [mock.url, mock.url.replace("/v1", "/"), `${mock.url}/`]) {
    const found = await find(address);
    assert.ok(found.kind === "found");
    assert.deepEqual([found.url, found.dialects, found.models[0]], [mock.url, ["openai-chat"], "mock"]);
  }
  assert.equal(mock.records.length, 0);
});

test("a server that wants a key says so until it gets one", async () => {
  const address = await serve((request, response) => {
    const isKnown = request.headers.authorization === "Bearer sk-1";
    const status = isKnown ? (request.url === "/v1/messages" ? 400 : 404) : 401;
    response.writeHead(status, { "content-type": "application/json" }).end('{"error":{}}');
  });
  assert.deepEqual(await find(address), { kind: "key-needed", url: `${address}/v1` });
  const found = await find(address, "sk-1");
  assert.ok(found.kind === "found");
  assert.deepEqual(found.dialects, ["anthropic-messages"]);
  assert.match(explainDiscovery(found), /anthropic-messages; models: not listed/);
});

test("a web site is nothing, and an address nobody answers at is a failure", async () => {
  const address = await serve((_request, response) => void response.end("<html>hello</html>"));
  const found = await find(address);
  assert.deepEqual(found, { kind: "nothing", tried: [`${address}/v1`, address] });
  assert.throws(() => explainDiscovery(found), /Is the address right/);
  await assert.rejects(find("http://127.0.0.1:1"), (error) => failureCode(error) === "upstream_failed");
});

test("a server that breaks off at one of the questions is told with that question", async () => {
  const address = await serve((request, response) => {
    if (request.method === "POST") request.destroy();
    else response.end("{}");
  });
  await assert.rejects(find(address), (error) => {
    assert.ok(
      error instanceof Error && error.message.startsWith(`POST ${address}/v1/chat/completions: `),
      String(error),
    );
    return failureCode(error) === "upstream_failed";
  });
});
