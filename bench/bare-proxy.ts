// The least a proxy in Node can do, as the measure for all others: node:http in, JSON parsed and written again, undici's
// Pool out. With `--client ours` the same server admits bodies and calls through src/upstream, to show what that costs.
import { createServer, type IncomingMessage } from "node:http";
import { parseArgs } from "node:util";
import { Pool } from "undici";
import { connectTo, outboundDefaults } from "../src/outbound/connector.ts";
import { admitCall } from "../src/upstream/envelope.ts";
import { ModelDocument } from "../src/upstream/model-document.ts";
import { openServer } from "../src/upstream/server.ts";
import { upstreamBounds } from "../src/upstream/upstream.ts";
import { chatDialect, chatFormat } from "../src/wire/chat/chat.ts";

const { values } = parseArgs({
  options: {
    port: { type: "string", default: "9102" },
    upstream: { type: "string", default: "http://127.0.0.1:9101" },
    client: { type: "string", default: "bare" },
  },
});

type Forward = (body: object, gone: AbortSignal) => Promise<string>;

function bare(): Forward {
  const pool = new Pool(values.upstream);
  return async (body) => {
    const reply = await pool.request({
      method: "POST",
      path: "/v1/chat/completions",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    return JSON.stringify(await reply.body.json());
  };
}

function ours(): Forward {
  const document = ModelDocument.parse({
    kind: "Model",
    name: "bench",
    upstream: { dialect: "openai-chat", url: `${values.upstream}/v1`, model: "fixed" },
    identity: { basis: "declared" },
  });
  const pool = connectTo(new URL(values.upstream), { ...outboundDefaults, allowPrivate: true });
  const options = { dialect: chatDialect, model: "fixed", basePath: "/v1", key: undefined, bounds: upstreamBounds };
  const upstream = openServer(pool, options);
  return async (body, gone) => {
    const call = admitCall(chatFormat.parseCall(Object.fromEntries(Object.entries(body))), document, chatFormat);
    return JSON.stringify(await upstream.complete(call, gone));
  };
}

function readAll(request: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = [];
    request.on("data", (piece: Buffer) => pieces.push(piece));
    request.on("end", () => {
      resolve(Buffer.concat(pieces).toString("utf8"));
    });
    request.on("error", reject);
  });
}

const forward = values.client === "ours" ? ours() : bare();
createServer((request, response) => {
  const gone = new AbortController();
  response.once("close", () => {
    if (!response.writableFinished) gone.abort();
  });
  void (async (): Promise<void> => {
    try {
      const body: unknown = JSON.parse(await readAll(request));
      if (typeof body !== "object" || body === null) throw new Error("the body is no object");
      const answer = await forward(body, gone.signal);
      response
        .writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(answer) })
        .end(answer);
    } catch (error) {
      if (!gone.signal.aborted) console.error(error);
      response.writeHead(502).end();
    }
  })();
}).listen(Number(values.port), "127.0.0.1");
