// A slow sender, over a real socket and with short limits.
import assert from "node:assert/strict";
import { type IncomingMessage, request } from "node:http";
import { test } from "node:test";
import { Hono } from "hono";
import { z } from "zod";
import { Failure } from "../terms/failure.ts";
import { type Pools, createBodies } from "./body.ts";
import { serveControl } from "./serve-control.ts";

const pool = { heldBytesMax: 1000, bodyMsMax: 150 };
const pools: Pools = { stranger: pool, small: pool, large: pool };

test("a body that does not come in time is cut, and what it held is free again", async () => {
  const bodies = createBodies(async () => false, pools);
  const app = new Hono();
  app.post("/", async (context) => {
    const taking = { type: z.string(), bytesMax: 1000 };
    return context.json(await bodies.take(context, taking, async (text) => text.length));
  });
  app.onError((error, context) => context.text(error instanceof Failure ? error.code : "fault"));
  const server = await serveControl(app, { host: "127.0.0.1", port: 0 });
  const ask = async (sent: string, length: number): Promise<string> => {
    const headers = { "content-type": "application/json", "content-length": String(length) };
    const asked = request({ port: server.port, method: "POST", headers, agent: false });
    asked.on("error", () => undefined);
    asked.write(sent);
    const answer = await new Promise<IncomingMessage>((resolve) => {
      asked.once("response", resolve);
    });
    let text = "";
    for await (const part of answer) text += String(part);
    asked.destroy();
    return text;
  };
  try {
    const slow = ask('"', 900);
    await new Promise((resolve) => {
      setTimeout(resolve, 50);
    });
    assert.equal(await ask(`"${"a".repeat(198)}"`, 200), "store_unavailable");
    assert.equal(await slow, "request_invalid");
    assert.equal(await ask(`"${"a".repeat(898)}"`, 900), "898");
  } finally {
    await server.close();
  }
});
