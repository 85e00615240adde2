// Requests as no client would send them, over raw sockets: two readers of one of these could take it in two ways, which is
// how requests are smuggled past what stands in front. Every one is refused, and nothing behind it on the connection runs.
import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, test } from "node:test";
import { openGatewayWorld, said, secret } from "./gateway-world.ts";

const open = await openGatewayWorld();
after(open.close);

/** Until the first byte of an answer, on a slow machine; then for what may follow it. */
const answerMsMax = 10_000;
const silentMs = 700;

/** Sends bytes as they are; what came back when the other side closed, or was silent for a while. */
async function raw(...pieces: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(Number(new URL(open.url()).port), "127.0.0.1");
    let answer = "";
    socket.setTimeout(answerMsMax, () => socket.destroy());
    socket.on("data", (piece) => {
      socket.setTimeout(silentMs);
      answer += piece.toString("latin1");
    });
    socket.on("error", () => undefined);
    socket.on("close", () => {
      resolve(answer);
    });
    for (const piece of pieces) socket.write(piece, "latin1");
  });
}

const body = JSON.stringify(said("hello"));
const host = "Host: 127.0.0.1";
const bearer = `Authorization: Bearer ${secret}`;
const length = `Content-Length: ${body.length}`;
const behind = `POST /v1/chat/completions HTTP/1.1\r\n${host}\r\n${bearer}\r\n${length}\r\n\r\n${body}`;

function post(headers: readonly string[], content: string, target = "/v1/chat/completions"): string {
  return `POST ${target} HTTP/1.1\r\n${headers.join("\r\n")}\r\n\r\n${content}`;
}

test("the plain request is served, and two of them one behind the other are two", async () => {
  const before = open.mock.records.length;
  const answer = await raw(post([host, bearer, length], body), behind);
  assert.equal(answer.match(/HTTP\/1\.1 200/g)?.length, 2);
  assert.equal(open.mock.records.length, before + 2);
});

const chunked = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
const te = "Transfer-Encoding: chunked";

const smuggled: readonly (readonly [what: string, head: string])[] = [
  ["a length beside chunks", post([host, bearer, length, te], chunked)],
  ["chunks beside a length", post([host, bearer, te, "Content-Length: 4"], chunked)],
  ["two lengths", post([host, bearer, length, "Content-Length: 1"], body)],
  ["two lengths that are the same", post([host, bearer, length, length], body)],
  ["a length that is a list", post([host, bearer, `Content-Length: ${body.length}, ${body.length}`], body)],
  ["a length with a sign", post([host, bearer, `Content-Length: +${body.length}`], body)],
  ["a length in hexadecimal", post([host, bearer, `Content-Length: 0x${body.length.toString(16)}`], body)],
  ["a coding that only looks like chunked", post([host, bearer, "Transfer-Encoding: xchunked"], chunked)],
  ["chunked that is not last", post([host, bearer, "Transfer-Encoding: chunked, identity"], chunked)],
  ["chunked twice", post([host, bearer, te, te], chunked)],
  ["a space before the colon", post([host, bearer, `Content-Length : ${body.length}`], body)],
  ["a folded line", post([host, bearer, `X-Long: a\r\n b`, length], body)],
  ["bare line feeds", post([host, bearer, length], body).replaceAll("\r\n", "\n")],
  ["a carriage return in a value", post([host, bearer, `X-A: a\rb`, length], body)],
  ["a zero byte in a value", post([host, bearer, `X-A: a\0b`, length], body)],
  ["a chunk size that is too long", post([host, bearer, te], `${"f".repeat(20)}\r\n${body}\r\n0\r\n\r\n`)],
  ["a chunk size with a sign", post([host, bearer, te], `+${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`)],
  ["two hosts", post([host, "Host: other", bearer, length], body)],
  ["two hosts that are the same", post([host, host, bearer, length], body)],
  ["no host", post([bearer, length], body)],
  ["two authorizations", post([host, bearer, "Authorization: Bearer hg_other", length], body)],
  ["an authorization behind a wrong one", post([host, "Authorization: Bearer hg_other", bearer, length], body)],
  ["two x-api-key", post([host, `x-api-key: ${secret}`, "X-API-Key: hg_other", length], body)],
  ["a target with a host of its own", post([host, bearer, length], body, "http://127.0.0.1/v1/chat/completions")],
  ["a target that begins with two slashes", post([host, bearer, length], body, "//127.0.0.1/v1/chat/completions")],
  ["a target without a slash", post([host, bearer, length], body, "v1/chat/completions")],
  [
    "more headers than are counted",
    post([host, ...Array.from({ length: 120 }, (_, at) => `x-${at}: 1`), bearer, length], body),
  ],
  ["a head that is too large", post([host, bearer, `x-large: ${"x".repeat(20_000)}`, length], body)],
];

for (const [what, head] of smuggled) {
  test(`${what}: refused, and what stands behind it never runs`, async () => {
    const before = open.mock.records.length;
    const answer = await raw(head, behind);
    assert.doesNotMatch(answer, /HTTP\/1\.1 200/, answer);
    assert.match(answer, /^HTTP\/1\.1 4\d\d/);
    assert.equal(open.mock.records.length, before);
  });
}

test("a path that only becomes an address of ours when dots, escapes or backslashes are resolved is none", async () => {
  const before = open.mock.records.length;
  for (const target of [
    "/v1/models/../chat/completions",
    "/v1/%2e%2e/v1/chat/completions",
    "/v1/chat%2fcompletions",
    String.raw`/v1\chat\completions`,
    "/v1/chat/completions/",
    "/V1/chat/completions",
    "/v1//chat/completions",
    "/v1/chat/completions;x",
    "/v1/chat/./completions",
  ]) {
    const answer = await raw(post([host, bearer, length, "connection: close"], body, target));
    assert.match(answer, /^HTTP\/1\.1 40[04]/, target);
  }
  assert.equal(open.mock.records.length, before);
});

test("a method that is none of ours opens nothing", async () => {
  for (const method of ["TRACE", "OPTIONS", "PUT", "DELETE", "PATCH", "PROPFIND"]) {
    const answer = await raw(
      `${method} /v1/chat/completions HTTP/1.1\r\n${host}\r\n${bearer}\r\nconnection: close\r\n\r\n`,
    );
    assert.match(answer, /^HTTP\/1\.1 404/, method);
  }
  const connected = await raw(`CONNECT 127.0.0.1:1 HTTP/1.1\r\n${host}\r\n\r\n`);
  assert.doesNotMatch(connected, /HTTP\/1\.1 2/);
  const upgraded = await raw(
    `GET /v1/models HTTP/1.1\r\n${host}\r\n${bearer}\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n`,
  );
  assert.doesNotMatch(upgraded, /HTTP\/1\.1 101/);
});

test("the caller's key and headers never reach the model's server", async () => {
  const headers = [
    host,
    bearer,
    "x-api-key-2: abc",
    "cookie: a=b",
    "x-forwarded-for: 1.2.3.4",
    "traceparent: 00-1-2-3",
  ];
  await raw(post([...headers, length, "connection: close"], body));
  const last = open.mock.records.at(-1);
  const names = Object.keys(last?.headers ?? {}).toSorted();
  assert.deepEqual(names, ["accept", "accept-encoding", "connection", "content-length", "content-type", "host"]);
});
