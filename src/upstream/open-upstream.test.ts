// From document to a served answer, with the key and the rules that the document and the environment give.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { test } from "node:test";
import { z } from "zod";
import { Failure, failureCode } from "../terms/failure.ts";
import { startCrossingMock } from "../../test/upstream-mock/crossing.ts";
import { startMock } from "../../test/upstream-mock/server.ts";
import { chatFormat } from "../wire/chat/chat.ts";
import { admitCall } from "./envelope.ts";
import { ModelDocument } from "./model-document.ts";
import { openUpstream, type UpstreamEnvironment } from "./open-upstream.ts";
import { isBeforeAnswer } from "./retry.ts";
import { upstreamBounds } from "./upstream.ts";

const AddressInfo = z.object({ port: z.number() });

const environment: UpstreamEnvironment = {
  secrets: { environment: { UPSTREAM_KEY: "sk-own" }, folder: undefined },
  ownPorts: new Set(),
  cacheFolder: "unused",
  modelFile: undefined,
  bounds: upstreamBounds,
  onProgress: () => undefined,
  onEmbeddedEvent: () => undefined,
};

function documentFor(upstream: object): ModelDocument {
  return ModelDocument.parse({
    kind: "Model",
    name: "small",
    upstream,
    identity: { basis: "declared" },
    systemPrompt: "Be brief.",
  });
}

test("what the caller asks reaches the upstream named by the document, with the document's key and prompt", async () => {
  const mock = await startMock();
  const document = documentFor({ dialect: "openai-chat", url: mock.url, model: "mock", key: "env:UPSTREAM_KEY" });
  const upstream = await openUpstream(document, environment);
  const asked = chatFormat.parseCall({ model: "small", messages: [{ role: "user", content: "Hello" }] });
  const answer = await upstream.complete(admitCall(asked, document, chatFormat), new AbortController().signal);
  assert.deepEqual(answer.choices[0]?.blocks, [{ kind: "text", text: "You said: Hello" }]);
  assert.equal(mock.records[0]?.model, "mock");
  assert.equal(mock.records[0]?.headers.authorization, "Bearer sk-own");
  assert.deepEqual(mock.records[0]?.body["messages"], [
    { role: "system", content: "Be brief." },
    { role: "user", content: "Hello" },
  ]);
  assert.deepEqual(await upstream.measure(), {});
  await upstream.close();
  await mock.close();
});

test("a server of Anthropic's format is asked with its own header for the key and the version of the document", async () => {
  const mock = await startCrossingMock();
  const version = "2024-01-01";
  const server = { dialect: "anthropic-messages", url: `http://127.0.0.1:${mock.port}/v1`, model: "m", version };
  const document = documentFor({ ...server, key: "env:UPSTREAM_KEY" });
  const upstream = await openUpstream(document, environment);
  const asked = chatFormat.parseCall({ model: "small", messages: [{ role: "user", content: "Hello" }] });
  await upstream.complete(admitCall(asked, document, chatFormat), new AbortController().signal);
  const headers = mock.headers.at(-1);
  assert.equal(headers?.["x-api-key"], "sk-own");
  assert.equal(headers?.["anthropic-version"], version);
  assert.equal(headers?.authorization, undefined);
  await upstream.close();
  await mock.close();
});

test("a connection that does not come about is given up after the document's time, and may be tried elsewhere", async (t) => {
  // Takes connections, and says nothing of TLS: they are never there.
  const silent = createServer((socket) => {
    socket.on("error", () => undefined);
  });
  silent.listen(0, "127.0.0.1");
  await once(silent, "listening");
  t.after(() => silent.close());
  const { port } = AddressInfo.parse(silent.address());
  const server = { dialect: "openai-chat", url: `https://127.0.0.1:${port}/v1`, model: "m" };
  const document = ModelDocument.parse({ ...documentFor(server), timeouts: { connectMs: 100 } });
  // All other times are longer than a test is waited for.
  const hour = 3_600_000;
  const bounds = { ...upstreamBounds, headersMsMax: hour, totalMsMax: hour };
  const upstream = await openUpstream(document, { ...environment, bounds });
  const asked = chatFormat.parseCall({ model: "small", messages: [{ role: "user", content: "Hello" }] });
  const failure: unknown = await upstream
    .complete(admitCall(asked, document, chatFormat), new AbortController().signal)
    .catch((error: unknown) => error);
  assert.ok(failure instanceof Failure);
  assert.deepEqual([failure.code, isBeforeAnswer(failure)], ["upstream_timeout", true]);
  await upstream.close();
});

test("a missing key, our own listener and an unknown model file do not open", async () => {
  const server = { dialect: "openai-chat", url: "http://127.0.0.1:8700/v1", model: "m" };
  const cases = [
    [{ ...server, key: "env:UPSTREAM_NONE" }, "configuration_invalid"],
    [server, "destination_refused"],
    [{ dialect: "embedded", file: "../../etc/passwd", runtime: "node-llama-cpp@3.22.1" }, "configuration_invalid"],
  ] as const;
  for (const [upstream, code] of cases) {
    // Nothing may be fetched for a document that is wrong: the cache folder is one that cannot be made.
    const own = { ...environment, ownPorts: new Set([8700]), cacheFolder: "/dev/null/cache" };
    await assert.rejects(openUpstream(documentFor(upstream), own), (error) => failureCode(error) === code);
  }
});
