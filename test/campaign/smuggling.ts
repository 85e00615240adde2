// Several requests on one connection, and requests inside requests: lengths that contradict each other, chunks that are not
// what they say, pipelines. A request that only one of two readers sees would be one that nobody admitted.
import type { Chance } from "../fuzz/seeded.ts";
import { type Attempt, type Draft, draftOf, withHeaders, withoutHeader } from "./attempt.ts";
import { requestBytes } from "./raw-http.ts";

function plain(draft: Draft): Buffer {
  return requestBytes(draft.request);
}

/** The same request, but the connection stays for more. */
function staying(draft: Draft): Draft {
  return withoutHeader(draft, "connection");
}

function chunked(body: Uint8Array, chance: Chance): Buffer {
  const parts: Buffer[] = [];
  const extension = chance.pick(["", ";x=y", ';x="\r\n"', `;${"e".repeat(40)}`, " "]);
  for (let at = 0; at < body.length;) {
    const size = Math.min(body.length - at, 1 + chance.below(60));
    parts.push(Buffer.from(`${size.toString(16)}${extension}\r\n`), Buffer.from(body.subarray(at, at + size)));
    parts.push(Buffer.from("\r\n"));
    at += size;
  }
  return Buffer.concat([...parts, Buffer.from("0\r\n\r\n")]);
}

const lengthLines: readonly ((length: number) => readonly string[])[] = [
  (length) => [`Content-Length: ${length}`, "Transfer-Encoding: chunked"],
  (length) => ["Transfer-Encoding: chunked", `Content-Length: ${length}`],
  (length) => [`Content-Length: ${length}`, "Content-Length: 0"],
  (length) => ["Content-Length: 0", `Content-Length: ${length}`],
  (length) => [`Content-Length: ${length}, ${length}`],
  (length) => [`Content-Length: +${length}`],
  (length) => [`Content-Length: 0x${length.toString(16)}`],
  (length) => [`Content-Length: ${length}`, "Transfer-Encoding: identity"],
  (length) => [`Content-Length: ${length}`, "Transfer-Encoding: xchunked"],
  () => ["Transfer-Encoding: chunked, identity"],
  () => ["Transfer-Encoding: identity, chunked"],
  () => ["Transfer-Encoding:\tchunked"],
  () => ["Transfer-Encoding: chunked", "Transfer-Encoding: cow"],
  () => ["Transfer-Encoding : chunked"],
  () => ["Transfer-Encoding: Chunked"],
  (length) => [`Content-Length: ${length}\r\nX: y\rContent-Length: 0`],
  (length) => [`Content-Length : ${length}`],
  () => ["Content-Length: 0"],
  () => ["Content-Length: -1"],
  (length) => [`Content-Length: ${length}`, " continued"],
];

export interface Smuggled {
  /** A request that may be right. */
  readonly outer: Draft;
  /** What is hidden in it or behind it. */
  readonly inner: Draft;
}

/** One connection with both requests on it, in one of the ways that readers differ about. */
export function smuggle({ outer, inner }: Smuggled, chance: Chance): Attempt {
  const hidden = plain(inner);
  const way = chance.below(5);
  const bytes = ((): readonly Uint8Array[] => {
    switch (way) {
      case 0: {
        const lines = chance.pick(lengthLines)(outer.request.body.length);
        const { request } = withHeaders(staying(outer), lines);
        return [requestBytes(request), hidden];
      }
      case 1: {
        const { request } = withHeaders(staying(outer), chance.pick(lengthLines)(0));
        return [requestBytes({ ...request, body: Buffer.concat([Buffer.from("0\r\n\r\n"), hidden]) })];
      }
      case 2: {
        const { request } = withHeaders(staying(outer), ["Transfer-Encoding: chunked"]);
        const body = chunked(request.body, chance);
        const cut = chance.below(body.length);
        const broken = chance.oneIn(2) ? body : Buffer.concat([body.subarray(0, cut), hidden, body.subarray(cut)]);
        return [requestBytes({ ...request, body: broken }), hidden];
      }
      case 3: {
        const trailer = `0\r\nAuthorization: Bearer ${inner.secrets[0] ?? ""}\r\nx-model: ${inner.model}\r\n\r\n`;
        const { request } = withHeaders(staying(outer), ["Transfer-Encoding: chunked", "Trailer: Authorization"]);
        const size = request.body.length.toString(16);
        const body = Buffer.concat([Buffer.from(`${size}\r\n`), request.body, Buffer.from(`\r\n${trailer}`)]);
        return [requestBytes({ ...request, body }), hidden];
      }
      default:
        return [Buffer.concat([plain(staying(outer)), plain(staying(inner)), hidden])];
    }
  })();
  return {
    name: `smuggled ${way} ${outer.format} ${outer.model} / ${inner.format} ${inner.model}`,
    parts: [outer, inner],
    packets: bytes,
  };
}

/** A body that holds a whole request as its text, for readers that lose their place. */
export function nested(wanted: Parameters<typeof draftOf>[0], inner: Draft): Draft {
  const draft = draftOf(wanted);
  const body = { ...draft.body, user: plain(inner).toString("latin1") };
  return { ...draft, body, request: { ...draft.request, body: Buffer.from(JSON.stringify(body)) } };
}
