// The least a proxy in Node can do, as the measure for all others: node:http in, JSON parsed and written again, undici's
// Pool out. `node bench/bare-proxy.ts --port 9102 --upstream http://127.0.0.1:9101`
import { createServer, type IncomingMessage } from "node:http";
import { parseArgs } from "node:util";
import { Pool } from "undici";

const { values } = parseArgs({
  options: {
    port: { type: "string", default: "9102" },
    upstream: { type: "string", default: "http://127.0.0.1:9101" },
  },
});

type Forward = (body: object) => Promise<string>;

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

const forward = bare();
createServer((request, response) => {
  void (async (): Promise<void> => {
    try {
      const body: unknown = JSON.parse(await readAll(request));
      if (typeof body !== "object" || body === null) throw new Error("the body is no object");
      const answer = await forward(body);
      response
        .writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(answer) })
        .end(answer);
    } catch (error) {
      console.error(error);
      response.writeHead(502).end();
    }
  })();
}).listen(Number(values.port), "127.0.0.1");
