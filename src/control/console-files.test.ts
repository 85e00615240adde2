import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { Hono } from "hono";
import { readConsoleFiles, serveConsole } from "./console-files.ts";

const page = { headers: { accept: "text/html" } };

function built(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "headgate-console-"));
  t.after(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  mkdirSync(join(folder, "assets"));
  writeFileSync(join(folder, "index.html"), "<p>the page</p>");
  writeFileSync(join(folder, "assets", "a-1.js"), "plain");
  writeFileSync(join(folder, "assets", "a-1.js.br"), "packed");
  writeFileSync(join(folder, "sources"), "a digest");
  return folder;
}

function appOf(folder: string): Hono {
  const app = new Hono();
  app.use(serveConsole(readConsoleFiles(folder), "http://127.0.0.1:8700"));
  app.notFound((context) => context.json({ error: "no route" }, 404));
  return app;
}

test("where the console is not built its address says what to run, and the interface goes on", async () => {
  const app = appOf(join(tmpdir(), "headgate-no-such-folder"));
  const answer = await app.request("/release/small", page);
  assert.equal(answer.status, 503);
  assert.match(await answer.text(), /npm ci/);
  assert.equal((await app.request("/api/v1/anything", page)).status, 404);
});

test("a file is found by its exact name and kept for ever; what is no file of the console is not there", async (t) => {
  const app = appOf(built(t));
  const asset = await app.request("/assets/a-1.js");
  assert.equal(await asset.text(), "plain");
  assert.match(asset.headers.get("cache-control") ?? "", /immutable/);
  for (const path of ["/sources", "/assets/a-1.js.br", "/assets/a-2.js", "/assets/", "/assets"])
    assert.equal((await app.request(path)).status, 404, path);
  assert.equal((await app.request("/assets/gone-9.js", page)).status, 404, "a file that is gone is no page");
});

test("what a client cannot unpack is not sent packed", async (t) => {
  const app = appOf(built(t));
  const sent = async (codings: string): Promise<string> =>
    (await app.request("/assets/a-1.js", { headers: { "accept-encoding": codings } })).text();
  assert.equal(await sent("gzip, br;q=0.9"), "packed");
  assert.equal(await sent("gzip"), "plain");
  assert.equal(await sent("br;q=0"), "plain");
  assert.equal(await sent("identity"), "plain");
});

test("only a browser that goes to an address gets the page there, and only by reading", async (t) => {
  const app = appOf(built(t));
  assert.equal(await (await app.request("/ledger/3", page)).text(), "<p>the page</p>");
  assert.equal((await app.request("/ledger/3")).status, 404);
  assert.equal((await app.request("/ledger/3", { ...page, method: "POST" })).status, 404);
});
