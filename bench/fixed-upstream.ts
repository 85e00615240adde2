// The upstream of the proxy bench: reads a request to its end and answers the same 1 KB completion every time, so that
// what is measured is the server between, not this one. `node bench/fixed-upstream.ts --port 9101`
import { createServer } from "node:http";
import { parseArgs } from "node:util";

const { values } = parseArgs({ options: { port: { type: "string", default: "9101" } } });
const answer = JSON.stringify({
  id: "chatcmpl-fixed",
  object: "chat.completion",
  created: 1_700_000_000,
  model: "fixed",
  choices: [{ index: 0, message: { role: "assistant", content: "lorem ipsum ".repeat(65) }, finish_reason: "stop" }],
  usage: { prompt_tokens: 200, completion_tokens: 200, total_tokens: 400 },
});
const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(answer) };

createServer((request, response) => {
  request.on("end", () => response.writeHead(200, headers).end(answer)).resume();
}).listen(Number(values.port), "127.0.0.1");
