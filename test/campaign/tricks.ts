// What an attacker changes of a request that would be refused, in the hope that one reader decides and another serves:
// names, keys, headers, encodings, paths, members of the body. Each trick is small; the campaign puts them together.
import { deflateSync, gzipSync } from "node:zlib";
import type { Chance } from "../fuzz/seeded.ts";
import { type Draft, type Trick, bodyFor, targets, withBody, withHeaders, withoutHeader } from "./attempt.ts";
import { closedModels, fallingModels, modelNames, proofOf, secrets, upstreamName } from "./cast.ts";

/** Other spellings of a model's name. */
export function aliasesOf(model: string): readonly unknown[] {
  const odd = model.replace("s", "\u0455");
  return [
    model.toUpperCase(),
    ` ${model}`,
    `${model} `,
    `${model}\u0000`,
    `${model}\u200b`,
    `${model}\n`,
    `\ufeff${model}`,
    odd,
    `models/${model}`,
    `openai/${model}`,
    `./${model}`,
    `../${model}`,
    `${model}:latest`,
    `${model}@1`,
    `${model}#small`,
    `small,${model}`,
    `small ${model}`,
    `${model}?x=1`,
    encodeURIComponent(model).replace("s", "%73"),
    upstreamName(model),
    [model],
    ["small", model],
    { id: model },
    { toString: model },
    null,
    0,
    true,
    "",
    "*",
    "auto",
    "default",
    "__proto__",
    "constructor",
  ];
}

const alias: Trick = (draft, chance) =>
  draft.body === undefined ? draft : withBody(draft, { ...draft.body, model: chance.pick(aliasesOf(draft.model)) });

/** Keys that are none, made from one that is. */
function nearMisses(secret: string): readonly string[] {
  return [
    secret.toUpperCase(),
    secret.slice(0, -1),
    `${secret}0`,
    `${secret},${secret}x`,
    secret.replace("hg_", "hg_demo_"),
    secret.replace("_", "%5f"),
    `hg_${"0".repeat(40)}`,
    `hg_${"x".repeat(4000)}`,
    "null",
    "undefined",
    "hg_",
    "*",
    "' OR 1=1 --",
    "[object Object]",
    "sha256:0",
  ];
}

const wrongKey: Trick = (draft, chance) => {
  const miss = chance.pick(nearMisses(secrets.good));
  const bare = withoutHeader(draft, "authorization");
  return { ...withHeaders(bare, [`Authorization: Bearer ${miss}`]), secrets: [] };
};

/** The key in places where it is not looked for, or twice. */
const keyElsewhere: Trick = (draft, chance) => {
  const [secret = secrets.stranger] = draft.secrets;
  const good = secrets.good;
  const bare = withoutHeader(draft, "authorization");
  const base64 = Buffer.from(`user:${secret}`).toString("base64");
  const lines = chance.pick([
    [`x-api-key: ${secret}`],
    [`api-key: ${secret}`],
    [`x-goog-api-key: ${secret}`],
    [`Authorization: Basic ${base64}`],
    [`Authorization: bearer   ${secret}`],
    [`Authorization: Bearer ${secret}, Bearer ${good}`],
    [`Authorization: Bearer ${secret}`, `Authorization: Bearer ${good}`],
    [`Authorization: Bearer ${secret}`, `x-api-key: ${good}`],
    [`Authorization: Bearer nobody`, `x-api-key: ${secret}`],
    [`Authorization:`, `x-api-key: ${secret}`],
    [`Authorization: Bearer\r\n ${secret}`],
    [`Proxy-Authorization: Bearer ${secret}`],
    [`X-Forwarded-Authorization: Bearer ${secret}`],
    [`X-Original-Authorization: Bearer ${secret}`],
    [`Cookie: key=${secret}; authorization=Bearer ${secret}`],
    [`authorization : Bearer ${secret}`],
    [`Authorization\t: Bearer ${secret}`],
  ]);
  const also = lines.some((line) => line.includes(good)) ? [good] : [];
  return { ...withHeaders(bare, lines), secrets: [...draft.secrets, ...also] };
};

const headerLines: readonly (readonly string[])[] = [
  ["X-Forwarded-For: 127.0.0.1", "X-Real-IP: 127.0.0.1"],
  ["Forwarded: for=127.0.0.1;host=localhost;proto=https"],
  ["X-Forwarded-Host: localhost", "X-Forwarded-Proto: https"],
  ["X-Original-URL: /v1/models", "X-Rewrite-URL: /healthz"],
  ["X-HTTP-Method-Override: GET"],
  ["x-headgate-stage: general"],
  ["x-headgate-certificate: cert_0000000000000000"],
  ["x-headgate-permit: permit_0000000000000000"],
  ["x-headgate-model: small", "x-model: small", "openai-model: small"],
  ["x-portkey-config: {}", "x-portkey-provider: openai", "helicone-fallbacks: small"],
  ["openai-organization: acme", "openai-project: acme"],
  ["anthropic-version: 2023-06-01", "anthropic-beta: all"],
  ["Upgrade: h2c", "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA"],
  ["Upgrade: websocket", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13"],
  ["Expect: 100-continue"],
  ["X-Long: " + "x".repeat(9000)],
  ["X-Folded: one\r\n two"],
  ["Connection: authorization"],
  ["Range: bytes=0-10"],
  ["x-should-retry: true"],
];

const extraHeaders: Trick = (draft, chance) => {
  const lines = chance.pick(headerLines);
  return withHeaders(draft, lines);
};

const itemHeaderLines: Trick = (draft, chance) =>
  withHeaders(draft, [
    `x-headgate-item: ${chance.pick([proofOf(0), proofOf(3), "0.", "0.AAAA", `${proofOf(0)}AAAA`])}`,
  ]);

const host: Trick = (draft, chance) => {
  const bare = withoutHeader(draft, "host");
  return withHeaders(
    bare,
    chance.pick([
      [],
      ["Host: evil.example"],
      ["Host: localhost", "Host: evil.example"],
      ["Host: evil.example", "Host: localhost"],
      ["Host: localhost@evil.example"],
      ["Host: localhost:99999"],
      ["Host: LOCALHOST."],
      ["Host:"],
    ]),
  );
};

const contentType: Trick = (draft, chance) =>
  withHeaders(withoutHeader(draft, "content-type"), [
    chance.pick([
      "Content-Type: text/plain",
      "Content-Type: application/x-www-form-urlencoded",
      "Content-Type: multipart/form-data; boundary=x",
      "Content-Type: application/json; charset=utf-16",
      "Content-Type: application/json; charset=utf-7",
      "Content-Type: application/x-ndjson",
    ]),
  ]);

/** The same body in another coding. */
const encoded: Trick = (draft, chance) => {
  const { body } = draft.request;
  const text = Buffer.from(body).toString("utf8");
  const bytes = chance.pick<() => [Uint8Array, readonly string[]]>([
    () => [gzipSync(body), ["Content-Encoding: gzip"]],
    () => [deflateSync(body), ["Content-Encoding: deflate"]],
    () => [gzipSync(body), []],
    () => [body, ["Content-Encoding: gzip"]],
    () => [body, ["Content-Encoding: identity"]],
    () => [Buffer.from(text, "utf16le"), []],
    () => [Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, "utf16le")]), []],
    () => [Buffer.concat([Buffer.from([0xfe, 0xff]), Buffer.from(text, "utf16le").swap16()]), []],
    () => [Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), body]), []],
    () => [Buffer.concat([body, Buffer.from([0])]), []],
    () => [Buffer.concat([body, body]), []],
    () => [Buffer.concat([Buffer.from("\n\n\t "), body, Buffer.from("\n")]), []],
    () => [Buffer.from(`${text}//`), []],
    () => [Buffer.from(`/**/${text}`), []],
    () => [Buffer.from(text.replaceAll('"', "'")), []],
    () => [Buffer.from(`[${text}]`), []],
    () => [Buffer.from(JSON.stringify(text)), []],
    () => [Buffer.from(escaped(text)), []],
    () => [Buffer.concat([body.subarray(0, 12), Buffer.from([0xc0, 0xaf]), body.subarray(12)]), []],
    () => [Buffer.from(`model=${draft.model}&messages=x`), []],
  ])();
  return withHeaders(withBody(draft, bytes[0]), bytes[1]);
};

function hex(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** Every letter of the names written as an escape. */
function escaped(text: string): string {
  return text.replaceAll(/"([a-z_-]+)"/g, (_all, word: string) => `"${Array.from(word, hex).join("")}"`);
}

const pathOf: Trick = (draft, chance) => {
  const { target } = draft.request;
  const [, version = "v1", ...rest] = target.split("/");
  const tail = rest.join("/");
  const changed = chance.pick([
    `${target}/`,
    `//${version}//${tail}`,
    target.toUpperCase(),
    `/${version}/./${tail}`,
    `/${version}/x/../${tail}`,
    `/${version}/models/../${tail}`,
    `/${version}/%2e%2e/${version}/${tail}`,
    `/%76%31/${tail}`,
    `/${version}%2f${tail}`,
    `${target}%00`,
    `${target};x=y`,
    `${target}?model=small`,
    `${target}?api_key=${secrets.stranger}`,
    `${target}#/v1/models`,
    `http://localhost${target}`,
    `http://evil.example${target}`,
    `https://user:pass@localhost${target}`,
    `///localhost${target}`,
    target.replaceAll("/", "\\"),
    `/api${target}`,
    `${target}/small`,
    "/v1/completions",
    "/v1/engines/small/completions",
    `/v1/models/${draft.model}`,
    `/v1/models/${draft.model}/completions`,
    "/hold",
    "/v1/receipts/rcpt_000000000000000000000000",
    "*",
    "",
    "/",
    `${target}\u00a0`,
  ]);
  return { ...draft, request: { ...draft.request, target: changed } };
};

const method: Trick = (draft, chance) => ({
  ...draft,
  request: {
    ...draft.request,
    method: chance.pick(["GET", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "TRACE", "post", "CONNECT", "PRI"]),
  },
});

const wire: Trick = (draft, chance) => {
  const { request } = draft;
  return {
    ...draft,
    request: chance.pick([
      { ...request, version: "HTTP/1.0" },
      { ...request, version: "HTTP/0.9" },
      { ...request, version: "HTTP/2.0" },
      { ...request, version: "http/1.1" },
      { ...request, lineEnd: "\n" },
      { ...request, lineEnd: "\r" },
      { ...request, lineEnd: "\r\r\n" },
    ]),
  };
};

/** Members that route, choose another model, or say the model twice. */
const polluted: Trick = (draft, chance) => {
  if (draft.body === undefined) return draft;
  const { body, model } = draft;
  const good = chance.pick(modelNames);
  const extra = chance.pick<Readonly<Record<string, unknown>>>([
    { models: [good, model] },
    { fallbacks: [{ model }] },
    { fallback: model, route: "fallback" },
    { extra_body: { model } },
    { Model: model },
    { MODEL: model },
    { model_id: model, engine: model, deployment_id: model },
    { provider: { order: [model], allow_fallbacks: true } },
    { base_url: "http://evil.example", api_base: "http://evil.example", upstream: { url: "http://evil.example" } },
    { api_key: secrets.good, authorization: `Bearer ${secrets.good}`, user_api_key: secrets.good },
    { metadata: { model, key: secrets.good } },
    { previous_response_id: "resp_1", conversation: "conv_1" },
    { background: true },
    { store: true },
    { stream: "true" },
    { input: "x", messages: [{ role: "user", content: "y" }], prompt: "z" },
    { constructor: { prototype: { model } } },
    { toString: model, hasOwnProperty: model, valueOf: model },
    { stage: "general", certificate: "cert_0000000000000000", permit: "permit_0000000000000000" },
    { n: 1_000_000 },
    { logprobs: true, echo: true, suffix: "x", best_of: 3 },
  ]);
  const flipped = chance.oneIn(2) ? { model: good } : {};
  return withBody(draft, { ...body, ...flipped, ...extra });
};

/** The model named twice, in the ways that parsers differ about. */
const twice: Trick = (draft, chance) => {
  const good = chance.pick(modelNames);
  const rest = JSON.stringify(bodyFor({ ...draft, model: "M", text: `say ${draft.tag}` })).replace('"model":"M",', "");
  const said = rest.slice(1, -1);
  const bad = JSON.stringify(draft.model);
  const fine = JSON.stringify(good);
  return withBody(
    draft,
    chance.pick([
      `{"model":${fine},"model":${bad},${said}}`,
      `{"model":${bad},"model":${fine},${said}}`,
      `{"model":${fine},${said},"model":${bad}}`,
      `{"model":${fine},"\\u006dodel":${bad},${said}}`,
      `{"\\u006dodel":${bad},"model":${fine},${said}}`,
      `{"model":${fine},"__proto__":{"model":${bad}},${said}}`,
      `{"model":${bad},"model\\u0000":${fine},${said}}`,
      `{"":0,"model":${fine},${said},${said}}`,
      `{"model":${fine},${said}}{"model":${bad},${said}}`,
      `{"model":${fine},${said}}\n{"model":${bad},${said}}`,
      `{"model":${bad},"messages":[],${said}}`,
    ]),
  );
};

/** All tricks by name. */
export const tricks: Readonly<Record<string, Trick>> = {
  alias,
  wrongKey,
  keyElsewhere,
  extraHeaders,
  itemHeaderLines,
  host,
  contentType,
  encoded,
  pathOf,
  method,
  wire,
  polluted,
  twice,
};

/** Tricks on the wire come last: they work on what the others made. */
export function tricked(draft: Draft, names: readonly string[], chance: Chance): Draft {
  let changed = draft;
  for (const [name, trick] of Object.entries(tricks)) {
    if (!names.includes(name)) continue;
    changed = { ...trick(changed, chance), tricks: [...changed.tricks, name] };
  }
  return changed;
}

/** Names of models that a campaign asks for, weighted to those that are closed. */
export function someModel(chance: Chance): string {
  if (chance.oneIn(8)) return chance.pick(fallingModels);
  return chance.oneIn(5) ? chance.pick(modelNames) : chance.pick(closedModels);
}

/** The address of a format under which another's body is tried. */
export function crossed(draft: Draft, chance: Chance): Draft {
  return { ...draft, request: { ...draft.request, target: chance.pick(Object.values(targets)) } };
}
