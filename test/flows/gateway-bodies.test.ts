// A body that came whole with its head is read at once; here is that it is read the same in every other way it may come, and
// that what stands behind it on the connection is the next request, never more of this one.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { sendRaw } from "../campaign/raw-http.ts";
import { openGatewayWorld, said, secret } from "./gateway-world.ts";

const open = await openGatewayWorld();
after(open.close);

const body = JSON.stringify(said("hello ".repeat(100)));
const host = "Host: 127.0.0.1";
const bearer = `Authorization: Bearer ${secret}`;

function post(content: string, headers = [`Content-Length: ${content.length}`]): string {
  return `POST /v1/chat/completions HTTP/1.1\r\n${[host, bearer, ...headers].join("\r\n")}\r\n\r\n${content}`;
}

function halves(text: string): readonly string[] {
  const middle = text.length - Math.floor(body.length / 2);
  return [text.slice(0, middle), text.slice(middle)];
}

interface Came {
  readonly statuses: readonly string[];
  /** Contents of the user's messages as they went upstream. */
  readonly upstream: readonly string[];
  readonly isClosed: boolean;
}

async function send(...packets: readonly string[]): Promise<Came> {
  const before = open.mock.records.length;
  const port = Number(new URL(open.url()).port);
  const sent = packets.map((packet) => Buffer.from(packet, "latin1"));
  const { bytes, isClosed } = await sendRaw({ port, packets: sent, silenceMs: 500 });
  const statuses = [...bytes.toString("latin1").matchAll(/HTTP\/1\.1 (\d+)/g)].map((found) => found[1] ?? "");
  const upstream = open.mock.records.slice(before).map((record) => JSON.stringify(record.body["messages"]));
  return { statuses, upstream, isClosed };
}

const messages = JSON.stringify([{ role: "user", content: "hello ".repeat(100) }]);
const served: Came = { statuses: ["200"], upstream: [messages], isClosed: false };
const inChunks = `40\r\n${body.slice(0, 64)}\r\n${(body.length - 64).toString(16)}\r\n${body.slice(64)}\r\n0\r\n\r\n`;
const chunks = ["Transfer-Encoding: chunked"];

const ways: readonly (readonly [way: string, packets: readonly string[], came: Came])[] = [
  ["with its head", [post(body)], served],
  ["in two packets", halves(post(body)), served],
  ["with its end by itself", [post(body).slice(0, -1), post(body).slice(-1)], served],
  ["in chunks", [post(inChunks, chunks)], served],
  ["in chunks over two packets", halves(post(inChunks, chunks)), served],
  ["with a length with zeros before it", [post(body, [`Content-Length: 000${body.length}`])], served],
  [
    "after an expectation",
    [post(body, ["Expect: 100-continue", `Content-Length: ${body.length}`])],
    { ...served, statuses: ["100", "200"] },
  ],
  ["with half the next request behind it", [post(body) + post(body).slice(0, 40)], served],
];
for (const [way, packets, came] of ways) {
  test(`a body ${way} is the body that was sent`, async () => {
    assert.deepEqual(await send(...packets), came);
  });
}

const twice: Came = { statuses: ["200", "200"], upstream: [messages, messages], isClosed: false };

test("two requests in one packet are two, in order", async () => {
  assert.deepEqual(await send(post(body) + post(body)), twice);
});

test("a request in chunks and one with a length in one packet are two", async () => {
  assert.deepEqual(await send(post(inChunks, chunks) + post(body)), twice);
});

test("a body that is no JSON costs its answer, not the connection", async () => {
  assert.deepEqual(await send(post("{nonsense"), post(body)), { ...served, statuses: ["400", "200"] });
});

test("no body, and one that is empty, are answered 400 and the connection goes on", async () => {
  assert.deepEqual(await send(post("", ["Content-Length: 0"]), post(body)), { ...served, statuses: ["400", "200"] });
  assert.deepEqual(await send(post("", []), post(body)), { ...served, statuses: ["400", "200"] });
});

test("a body that is shorter than its length is never served", async () => {
  const short = await send(post(body, [`Content-Length: ${body.length + 1}`]));
  assert.deepEqual(short, { statuses: [], upstream: [], isClosed: false });
});

test("what is more than a body's length is no part of it", async () => {
  const { upstream, isClosed } = await send(post(`${body}{"more":true}`, [`Content-Length: ${body.length}`]));
  assert.ok(upstream.every((sent) => sent === messages));
  assert.ok(isClosed, "no request begins like that");
});
