// The shell in a real browser: found by keyboard, in light and dark, under a strict content policy, asking nobody but its own
// origin; and what the server does with addresses that are no pages.
import assert from "node:assert/strict";
import { request } from "node:http";
import { after, before, describe, test } from "node:test";
import { chromium } from "./chromium.ts";
import { type Site, checkPage, openSite, titled } from "./site.ts";

const isCi = (process.env["CI"] ?? "") !== "";

describe("the shell of the console", { skip: chromium === undefined && !isCi }, () => {
  let site: Site;
  before(async () => {
    site = await openSite();
  });
  after(async () => {
    await site.close();
  });

  test("every page of the sidebar is reached and has a title, and the frame keeps what every page keeps", async () => {
    const opened = await site.open("/", { as: site.safety });
    const { page } = opened;
    await page.getByRole("navigation").getByRole("link", { name: "Settings", exact: true }).waitFor();
    const names = await page.getByRole("navigation").getByRole("link").allTextContents();
    assert.ok(names.length >= 8, names.join());
    for (const name of names) {
      await page.getByRole("navigation").getByRole("link", { name, exact: true }).click();
      await page.getByRole("navigation").locator('[aria-current="page"]', { hasText: name }).waitFor();
      await page.locator("h1").waitFor();
      await titled(page, " · Headgate");
    }
    await checkPage(opened);
  });

  test("by keyboard alone: skip link, palette, shortcuts, and the heading of the page one comes to", async () => {
    const { page, complaints, settled } = await site.open("/", { as: site.safety });
    await settled();
    await page.keyboard.press("Tab");
    await page.locator("a:focus", { hasText: "Skip" }).waitFor();
    await page.keyboard.press("Enter");
    await page.locator("#main:focus").waitFor();
    await page.keyboard.press("Control+k");
    await page.locator("[role=combobox]:focus").waitFor();
    await page.keyboard.type("evid");
    await page.getByRole("option", { name: "Evidence" }).waitFor();
    await page.keyboard.press("Enter");
    await page.waitForURL("**/evidence");
    await page.locator("h1:focus").waitFor();
    await page.keyboard.press("?");
    await page.getByRole("dialog", { name: "Words and keys" }).getByText("announces a run before its first").waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    // One after the other, at once: the second has to come soon.
    await Promise.all([page.keyboard.press("g"), page.keyboard.press("d")]);
    await page.waitForURL("**/ledger");
    await page.setViewportSize({ width: 640, height: 450 });
    await page.getByRole("button", { name: "Menu", exact: true }).click();
    await page.getByRole("button", { name: "Close", exact: true }).waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Menu", exact: true }).waitFor();
    assert.deepEqual(complaints, []);
  });

  test("an entry's number in the palette leads to the entry, and nonsense to nowhere", async () => {
    const { page, settled } = await site.open("/", { as: site.safety });
    await settled();
    await page.keyboard.press("Control+k");
    await page.locator("[role=combobox]:focus").waitFor();
    await page.keyboard.type("1,842");
    await page.getByRole("option", { name: /1,842/ }).waitFor();
    await page.keyboard.press("Enter");
    await page.waitForURL("**/ledger/1842");
    // Arrived: what lay over the page was closed, and will not be closed again.
    await page.locator("h1:focus").waitFor();
    await page.keyboard.press("Control+k");
    await page.locator("[role=combobox]:focus").waitFor();
    await page.keyboard.type('<img src=x onerror="alert(1)">');
    await page.getByText("Nothing here has that name.").waitFor();
  });

  test("the colours chosen stay after loading anew", async () => {
    const { page } = await site.open("/", { as: site.safety, theme: "light" });
    await page.getByRole("combobox", { name: "Colours" }).selectOption("dark");
    await page.locator('html[data-theme="dark"]').waitFor();
    await page.reload();
    await page.locator('html[data-theme="dark"]').waitFor();
    // Before the console itself is there: nothing is painted in the other colours first.
    await page.route("**/assets/*.js", async (route) => route.abort());
    await page.reload();
    await page.locator('html[data-theme="dark"]').waitFor({ state: "attached" });
    assert.equal(await page.locator("#console").innerHTML(), "");
  });

  test("a server that goes away is said, and that it is back, by itself", async () => {
    const { page } = await site.open("/", { as: site.safety });
    await page.locator("h1").waitFor();
    await page.route("**/api/**", async (route) => route.abort());
    await page.getByText("The server does not answer.").waitFor();
    await page.unroute("**/api/**");
    await page.getByText("The server answers again.").waitFor();
  });

  test("an address that leads nowhere says so inside the console", async () => {
    const { page } = await site.open("/no/such/page");
    await page.getByRole("heading", { name: "There is no such page" }).waitFor();
  });

  test("pages come under a strict content policy, hashed files for ever, index.html never", async () => {
    const page = await fetch(site.url, { headers: { accept: "text/html" } });
    const policy = page.headers.get("content-security-policy") ?? "";
    for (const part of ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "connect-src 'self'"])
      assert.ok(policy.includes(part), policy);
    assert.doesNotMatch(policy, /unsafe|\*/);
    assert.equal(page.headers.get("cache-control"), "no-cache");
    const script = /src="(\/assets\/[^"]+\.js)"/.exec(await page.text())?.[1] ?? "";
    const asset = await fetch(site.url + script, { headers: { "accept-encoding": "br" } });
    assert.equal(asset.headers.get("content-type"), "text/javascript; charset=utf-8");
    assert.match(asset.headers.get("cache-control") ?? "", /immutable/);
    assert.equal(asset.headers.get("content-encoding"), "br");
  });

  test("a hostile path finds no file, and a foreign host none at all", async () => {
    for (const path of [
      "/../package.json",
      "/assets/../../../package.json",
      "/assets/%2e%2e/%2e%2e/package.json",
      "/sources",
    ]) {
      const answer = await raw(site, { path });
      assert.equal(answer.status, 404, path);
      assert.doesNotMatch(answer.text, /"dependencies"/);
    }
    assert.equal((await raw(site, { path: "/", host: "evil.example" })).status, 400);
  });

  test("a route that is not there stays the interface's answer, whatever the caller takes", async () => {
    const answer = await fetch(`${site.url}/api/v1/nowhere`, { headers: { accept: "text/html" } });
    assert.equal(answer.status, 404);
    assert.match(answer.headers.get("content-type") ?? "", /json/);
  });
});

interface Asked {
  readonly path: string;
  readonly host?: string;
}

/** As written: fetch would tidy the path. */
async function raw({ url }: Site, { path, host }: Asked): Promise<{ readonly status: number; readonly text: string }> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const asking = request({
      hostname,
      port,
      path,
      headers: { accept: "*/*", ...(host === undefined ? {} : { host }) },
    });
    asking.on("response", (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (part: string) => {
        text += part;
      });
      response.on("end", () => {
        resolve({ status: response.statusCode ?? 0, text });
      });
    });
    asking.on("error", reject);
    asking.end();
  });
}
