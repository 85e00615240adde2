// The brake in a real browser: two actions, from any page, by mouse or by keys alone, cut a stream that a real gateway is sending; the
// page says how long that took. Without a key the session holds; an auditor holds nothing; a server that is gone is no pass.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Page } from "playwright-core";
import { secretKeyOf } from "../../src/acts/secret-key.ts";
import { type OpenGateway, openGateway } from "../../src/gateway/open.ts";
import { scriptUpstream } from "../../src/main/drill/scripted-upstream.ts";
import { listen } from "../../src/main/gateway-here.ts";
import { digestOf } from "../../src/proof/digest.ts";
import { toUtf8 } from "../../src/proof/encoding.ts";
import { nodePrimitives, randomBytes, randomId } from "../../src/proof/node.ts";
import type { Registry } from "../../src/safeguards/registry.ts";
import { KeyId } from "../../src/terms/ids.ts";
import { acme, must } from "../flows/control-desk.ts";
import { until } from "../flows/gateway-world.ts";
import { chromium } from "./chromium.ts";
import { type Site, type SitePage, checkPage, openSite } from "./site.ts";

const isCi = (process.env["CI"] ?? "") !== "";
/** Five minutes: no browser is so slow. */
const streamWordsMax = 60_000;
const { secret, hash } = secretKeyOf(randomBytes(32), false, nodePrimitives);

/** The safeguard that the released documents pin, finding nothing. */
const clear: Registry = {
  names: ["nothing@1"],
  get: () => ({
    name: "nothing",
    version: 1,
    digest: digestOf(toUtf8("nothing@1"), nodePrimitives),
    maxChars: 100_000,
    thresholds: () => ({ review: {}, block: {} }),
    scores: () => {
      throw new Error("nobody asks for scores");
    },
    inspect: () => ({ kind: "inspected", findings: [] }),
  }),
};

interface World {
  readonly site: Site;
  readonly gateway: OpenGateway;
  readonly dataPlane: string;
  readonly close: () => Promise<void>;
}

describe("the brake", { skip: chromium === undefined && !isCi }, () => {
  let world: World;
  before(async () => {
    world = await openWorld();
  });
  after(async () => {
    await world.close();
  });

  test("an auditor is told who can, and nothing is held", async () => {
    const auditor = await world.site.enrol("auditor");
    const { page } = await world.site.open("/", { as: auditor });
    await page.getByRole("button", { name: "Hold", exact: true }).click();
    await page.getByText("An auditor reads and holds nothing.").waitFor();
    await page.getByText("headgate release hold --everything").waitFor();
    assert.equal(await page.getByRole("button", { name: "Hold now" }).count(), 0);
    assert.equal(world.site.desk.control.state.holds.size, 0);
  });

  test("where the server does not take it the page says that nothing is held, and how else", async () => {
    const { page } = await world.site.open("/", { as: world.site.safety });
    await page.getByRole("button", { name: "Hold", exact: true }).click();
    await page.getByRole("button", { name: "Hold now" }).waitFor();
    await page.route(/\/api\//, async (route) => route.abort());
    await page.getByRole("button", { name: "Hold now" }).click();
    await page.getByText("NOTHING IS HELD BY THIS PAGE").waitFor();
    await page.getByText("--gateway https://GATEWAY:8700").waitFor();
    assert.equal(world.site.desk.control.state.holds.size, 0);
  });

  test("two actions cut a running stream, and the page says after how long; then nothing there opens by a click", async () => {
    const opened = await world.site.open("/settings", { as: world.site.safety });
    const { page } = opened;
    await page.locator("h1").waitFor();
    const stream = await startStream(world);
    await page.getByRole("button", { name: "Hold", exact: true }).click();
    const dialog = page.getByRole("dialog", { name: "Hold" });
    await dialog.getByText("gateway: 1 answer under way now").waitFor();
    await dialog.getByRole("button", { name: "Hold now" }).click();
    await dialog.getByText(/^Stopped [\d.]+\s(?:ms|s) after the order/).waitFor();
    assert.match(await stream.ended, /content_filter|error/, "the stream was ended as a refusal ends");
    await until(() => world.gateway.gateway.live.count() === 0);
    const hold = [...world.site.desk.control.state.holds.values()].at(-1);
    assert.equal(hold?.scope.kind, "everything");
    await dialog.getByText("headgate release resume small").waitFor();
    await dialog.getByRole("button", { name: "Copy" }).waitFor();
    await dialog.getByRole("button", { name: "Close" }).waitFor();
    assert.equal(await dialog.getByRole("button").count(), 2, "nothing there opens by a click");
    let asked = 0;
    page.on("request", (request) => {
      if (request.url().includes("/api/v1/holds/hold_")) asked += 1;
    });
    // Four looks later, had it gone on looking.
    await page.evaluate(async () => new Promise((resolve) => setTimeout(resolve, 1_000)));
    assert.ok(asked <= 1, `it asked ${asked} times how far what is over has got`);
    await dialog.getByRole("button", { name: "Close" }).click();
    await page.getByText("HELD").waitFor();
    await page.getByRole("link", { name: "How to reopen" }).waitFor();
    await checkPage(opened);
    await page.getByRole("link", { name: "How to reopen" }).click();
    await page.waitForURL("**/release/small#stops");
    await page.locator("#stops h2:focus").waitFor();
    await page.locator("#stops").getByRole("button", { name: "Propose to reopen" }).first().waitFor();
  });

  test("keys alone do it: Shift+H, Enter", async () => {
    const { page, settled } = await world.site.open("/ledger", { as: world.site.safety });
    const held = world.site.desk.control.state.holds.size;
    await settled();
    await page.keyboard.press("?");
    await page.getByText("Shift H").waitFor();
    await page.keyboard.press("Escape");
    await page.getByText("Shift H").waitFor({ state: "detached" });
    await page.keyboard.press("Shift+H");
    // What holds has the focus.
    await page.locator("button:focus", { hasText: "Hold now" }).waitFor();
    await page.keyboard.press("Enter");
    await page.getByText("Held", { exact: true }).waitFor();
    assert.equal(world.site.desk.control.state.holds.size, held + 1);
  });

  test("without a key in the browser the session holds, for one model and with a reason that is markup", async () => {
    const opened = await withoutKey(world.site);
    const { page, complaints } = opened;
    await page.getByRole("button", { name: "Hold", exact: true }).click();
    await page.getByLabel("What to stop").selectOption("model");
    await page.getByLabel("Why").fill('<img src=x onerror="alert(1)">');
    await page.getByText("This browser has no key").waitFor();
    await page.getByRole("button", { name: "Hold now" }).click();
    await page.getByText("Held", { exact: true }).waitFor();
    const hold = [...world.site.desk.control.state.holds.values()].at(-1);
    assert.deepEqual(hold?.scope, { kind: "model", model: "small" });
    assert.equal(await page.locator("img").count(), 0);
    assert.deepEqual(complaints, []);
  });
});

/** A person's session in a browser that has no key of theirs. */
async function withoutKey(site: Site): Promise<SitePage> {
  const opened = await site.open("/", { as: site.safety, isFresh: true });
  await forgetKeys(opened.page);
  return opened;
}

async function forgetKeys(page: Page): Promise<void> {
  await page.locator("h1").waitFor();
  await page.evaluate(async () => {
    const database = await new Promise<IDBDatabase>((resolve) => {
      const asked = indexedDB.open("headgate");
      asked.addEventListener("success", () => {
        resolve(asked.result);
      });
    });
    const cleared = database.transaction("keys", "readwrite").objectStore("keys").clear();
    await new Promise((resolve) => {
      cleared.addEventListener("success", resolve);
    });
    database.close();
  });
  await page.reload();
  await page.locator("h1").waitFor();
}

/** A console with a gateway on its feed, as one process runs both, and a key of an organisation that may call. */
async function openWorld(): Promise<World> {
  let gateway: OpenGateway | undefined;
  const site = await openSite({
    running: async () =>
      Promise.resolve(gateway === undefined ? [] : [{ gateway: "gateway", running: gateway.gateway.live.running() }]),
  });
  const { desk, board } = site;
  const key = { key: KeyId.parse(randomId("key_", 16)), organisation: acme, hash, notAfter: null };
  await must(desk, { verb: "key", body: key, by: [board.owner.signer] });
  const folder = mkdtempSync(join(tmpdir(), "headgate-brake-"));
  const [signer] = desk.keys.gateways;
  assert.ok(signer !== undefined);
  gateway = await openGateway({
    feed: desk.control.feed,
    pin: desk.control.state.firstRoot,
    signer,
    folder,
    registry: clear,
    openUpstream: scriptUpstream(streamWordsMax).open,
    clock: { now: desk.now, monotonic: () => performance.now() },
    primitives: nodePrimitives,
    randomBytes,
    contact: "release@example.test",
    hosts: [],
    report: () => undefined,
    drainMsMax: 100,
  });
  const { server } = gateway;
  await listen(server, { host: "127.0.0.1", port: 0 });
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  const opened = gateway;
  await until(() => opened.gateway.follower.closure() === undefined);
  return {
    site,
    gateway: opened,
    dataPlane: `http://127.0.0.1:${address.port}`,
    close: async () => {
      await opened.close();
      await site.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Resolves to all of it once it has ended; begins as soon as text comes. */
async function startStream({ dataPlane }: World): Promise<{ readonly ended: Promise<string> }> {
  const response = await fetch(`${dataPlane}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${secret}` },
    body: JSON.stringify({ model: "small", stream: true, messages: [{ role: "user", content: "Tell me of locks." }] }),
  });
  assert.equal(response.status, 200, response.status === 200 ? "" : await response.text());
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  assert.ok(reader !== undefined);
  const first = await reader.read();
  const rest = async (): Promise<string> => {
    let text = first.value ?? "";
    for (;;) {
      const { done, value } = await reader.read().catch(() => ({ done: true, value: undefined }));
      if (done) return text;
      text += value ?? "";
    }
  };
  return { ended: rest() };
}
