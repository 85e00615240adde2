// Which pages of other origins may call the data plane from a browser: the console's own, letter by letter; where none is named, none.
import assert from "node:assert/strict";
import { test } from "node:test";
import { readConfiguration } from "../../src/main/configuration.ts";
import { consoleOf, pagesOf } from "../../src/main/gateway-here.ts";
import { openGatewayWorld, said, secret } from "./gateway-world.ts";

const console = "http://localhost:8701";
const path = "/v1/chat/completions";

test("the console's page may ask and call; nobody else's is told anything", async (t) => {
  const world = await openGatewayWorld({ pages: [console] });
  t.after(world.close);
  const ask = async (origin: string, to = path): Promise<Response> =>
    fetch(world.url() + to, {
      method: "OPTIONS",
      headers: { origin, "access-control-request-method": "POST", "access-control-request-headers": "authorization" },
    });
  const asked = await ask(console);
  assert.equal(asked.status, 204);
  assert.equal(asked.headers.get("access-control-allow-origin"), console);
  assert.match(asked.headers.get("access-control-allow-headers") ?? "", /authorization/);
  assert.equal(asked.headers.get("access-control-allow-credentials"), null, "no cookie ever counts here");
  const call = async (origin: string): Promise<Response> =>
    fetch(world.url() + path, {
      method: "POST",
      headers: { origin, authorization: `Bearer ${secret}`, "content-type": "application/json" },
      body: JSON.stringify(said("hello")),
    });
  const served = await call(console);
  assert.equal(served.status, 200);
  assert.equal(served.headers.get("access-control-allow-origin"), console);
  assert.match(served.headers.get("access-control-expose-headers") ?? "", /x-headgate-receipt/);
  assert.equal(served.headers.get("vary"), "origin");
  const refused = await fetch(world.url() + path, { method: "POST", headers: { origin: console }, body: "{}" });
  assert.equal(refused.status, 401);
  assert.equal(refused.headers.get("access-control-allow-origin"), console, "the page can read why");
  for (const other of [
    "http://localhost:8702",
    "https://localhost:8701",
    "http://localhost:8701.example",
    "http://LOCALHOST:8701",
    "null",
    "*",
  ]) {
    assert.equal((await ask(other)).headers.get("access-control-allow-origin"), null, other);
    assert.equal((await call(other)).headers.get("access-control-allow-origin"), null, other);
  }
  assert.equal((await ask(console, "/hold")).headers.get("access-control-allow-origin"), null);
  const withBody = await fetch(world.url() + path, { method: "OPTIONS", headers: { origin: console }, body: "{}" });
  assert.equal(withBody.status, 404, "a question has no body");
});

test("where no page is named none is answered", async (t) => {
  const world = await openGatewayWorld();
  t.after(world.close);
  const asked = await fetch(world.url() + path, { method: "OPTIONS", headers: { origin: console } });
  assert.deepEqual([asked.status, asked.headers.get("access-control-allow-origin")], [404, null]);
});

const configured = (more: object): ReturnType<typeof readConfiguration> => readConfiguration({ ...more });

function pages(more: object): readonly string[] {
  const configuration = configured(more);
  return pagesOf(configuration.console, consoleOf(configuration, 8701));
}

test("the console is this machine's own unless another is set, or none", () => {
  assert.deepEqual(pages({}), [console]);
  assert.deepEqual(pages({ HEADGATE_HOST: "0.0.0.0" }), [], "from elsewhere nobody knows its name");
  assert.deepEqual(pages({ HEADGATE_CONSOLE_ORIGIN: "none" }), []);
  assert.deepEqual(pages({ HEADGATE_CONSOLE_ORIGIN: "https://console.example" }), ["https://console.example"]);
  for (const wrong of [
    "*",
    "console.example",
    "https://console.example/",
    "https://a.example, https://b.example",
    "null",
  ])
    assert.throws(() => configured({ HEADGATE_CONSOLE_ORIGIN: wrong }), /HEADGATE_CONSOLE_ORIGIN/, wrong);
});
