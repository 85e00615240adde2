// Model documents: the walkthrough's, and the ones that must not parse.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ModelDocument } from "./model-document.ts";

const weights = `sha256:${"0".repeat(64)}`;
const good = {
  kind: "Model",
  name: "small",
  upstream: {
    dialect: "openai-chat",
    url: "http://127.0.0.1:9001/v1",
    model: "upstream-name",
    key: "env:UPSTREAM_KEY",
  },
  identity: { basis: "declared", weights },
  systemPrompt: "",
  envelope: { temperature: [0, 1], outputTokensMax: 1024, requestBytesMax: 262144, tools: true },
};
const embedded = { dialect: "embedded", file: "smollm2-135m-instruct", runtime: "node-llama-cpp@3.22.1" };

/** The path and message of the first complaint, or "parsed". */
function complaint(document: unknown): string {
  const parsed = ModelDocument.safeParse(document);
  if (parsed.success) return "parsed";
  const [issue] = parsed.error.issues;
  return `${(issue?.path ?? []).map(String).join(".")}: ${issue?.message ?? ""}`;
}

test("the document of the walkthrough and an embedded one parse", () => {
  assert.equal(complaint(good), "parsed");
  const tools = { ...good.envelope, tools: false };
  assert.equal(
    complaint({ ...good, upstream: embedded, identity: { basis: "measured", weights }, envelope: tools }),
    "parsed",
  );
});

test("every dialect of servers parses, and a word that is none does not", () => {
  for (const dialect of ["openai-chat", "openai-responses", "anthropic-messages"]) {
    assert.equal(complaint({ ...good, upstream: { ...good.upstream, dialect } }), "parsed", dialect);
  }
  const version = { ...good.upstream, dialect: "anthropic-messages", version: "2023-06-01" };
  assert.equal(complaint({ ...good, upstream: version }), "parsed");
  assert.match(complaint({ ...good, upstream: { ...version, version: "latest" } }), /upstream\.version/);
  assert.match(complaint({ ...good, upstream: { ...good.upstream, version: "2023-06-01" } }), /version/);
  assert.match(complaint({ ...good, upstream: { ...good.upstream, dialect: "gopher" } }), /upstream\.dialect/);
});

test("only what we load ourselves can be called measured", () => {
  assert.match(complaint({ ...good, identity: { basis: "measured", weights } }), /identity\.basis: only the embedded/);
});

test("unknown fields, written-out keys, odd addresses and upside-down ranges do not parse", () => {
  assert.match(complaint({ ...good, extra: 1 }), /extra/);
  assert.match(complaint({ ...good, envelope: { ...good.envelope, colour: 1 } }), /colour/);
  assert.match(complaint({ ...good, upstream: { ...good.upstream, key: "sk-123" } }), /upstream\.key/);
  assert.match(complaint({ ...good, upstream: { ...good.upstream, key: "env:HOME" } }), /upstream\.key/);
  for (const url of ["ftp://a/v1", "http://u:p@a/v1", "http://a/v1?x=1", "a/v1"]) {
    assert.match(complaint({ ...good, upstream: { ...good.upstream, url } }), /upstream\.url/, url);
  }
  assert.match(complaint({ ...good, envelope: { temperature: [1, 0] } }), /envelope\.temperature/);
  assert.match(complaint({ ...good, envelope: { temperature: [0, 9] } }), /envelope\.temperature/);
  assert.match(complaint({ ...good, upstream: embedded }), /envelope\.tools/);
});

const member = (port: number): object => ({ dialect: "openai-chat", url: `http://10.0.0.1:${port}/v1`, model: "m" });
const pooled = (change: object): unknown => ({
  kind: "Model",
  name: "large",
  upstreams: [member(1), member(2)],
  identity: { basis: "declared" },
  ...change,
});

test("a model has one server or a list of 2 to 16 different ones, never both or neither", () => {
  assert.equal(ModelDocument.safeParse(pooled({})).success, true);
  const seventeen = Array.from({ length: 17 }, (_, at) => member(at + 1));
  const wrong = [
    { upstream: member(1) },
    { upstreams: undefined },
    { upstreams: [member(1)] },
    { upstreams: [member(1), member(1)] },
    { upstreams: seventeen },
    { upstreams: [member(1), { ...member(2), dialect: "openai-embeddings" }] },
    { upstreams: [member(1), { dialect: "embedded", file: "x", runtime: "node-llama-cpp@3.22.1" }] },
    { identity: { basis: "measured", weights: `sha256:${"0".repeat(64)}` } },
  ];
  for (const change of wrong) assert.equal(ModelDocument.safeParse(pooled(change)).success, false);
});

test("fallbacks are one to three other models, and timeouts have ends", () => {
  assert.equal(ModelDocument.safeParse(pooled({ fallback: ["small"], timeouts: { idleMs: 50 } })).success, true);
  const wrong = [["large"], ["a", "a"], ["a", "b", "c", "d"], []].map((fallback) => ({ fallback }));
  const vectors = [member(1), member(2)].map((one) => ({ ...one, dialect: "openai-embeddings" }));
  assert.equal(ModelDocument.safeParse(pooled({ upstreams: vectors })).success, true);
  assert.equal(ModelDocument.safeParse(pooled({ upstreams: vectors, fallback: ["small"] })).success, false);
  for (const change of [...wrong, { timeouts: { idleMs: 0 } }, { timeouts: { totalMs: 3_600_001 } }]) {
    assert.equal(ModelDocument.safeParse(pooled(change)).success, false);
  }
});
