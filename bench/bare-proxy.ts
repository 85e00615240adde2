// The least a proxy in Node can do, as the measure for all others: node:http in, JSON parsed and written again, undici's
// Pool out; streams are handed on piece by piece. `node bench/bare-proxy.ts --port 9102 --upstream http://127.0.0.1:9101`
import { type IncomingMessage, type ServerResponse, createServer } from "node:http";
import { parseArgs } from "node:util";
import { type Dispatcher, Pool } from "undici";

const { values } = parseArgs({
  options: {
    port: { type: "string", default: "9102" },
    upstream: { type: "string", default: "http://127.0.0.1:9101" },
  },
});

const pool = new Pool(values.upstream);

async function ask(body: object): Promise<Dispatcher.ResponseData> {
  return pool.request({
    method: "POST",
    path: "/v1/chat/completions",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
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

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body: unknown = JSON.parse(await readAll(request));
  if (typeof body !== "object" || body === null) throw new Error("the body is no object");
  const reply = await ask(body);
  if ("stream" in body && body.stream === true) {
    response.writeHead(200, { "content-type": "text/event-stream" });
    reply.body.on("error", () => response.destroy()).pipe(response);
    response.once("close", () => reply.body.destroy());
    return;
  }
  const answer = JSON.stringify(await reply.body.json());
  response
    .writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(answer) })
    .end(answer);
}

createServer((request, response) => {
  void serve(request, response).catch((error: unknown) => {
    console.error(error);
    response.writeHead(502).end();
  });
}).listen(Number(values.port), "127.0.0.1");
