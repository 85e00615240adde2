// Organisations in a real browser: a key is made there, serves at a real gateway, and stops there; an organisation is written, and
// two who edit at once lose nothing; whoever has no authority sees and cannot; what outsiders wrote stays text.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Locator, Page } from "playwright-core";
import { digestOfLabel } from "../../src/acts/fixtures.ts";
import { organisationBody } from "../../src/acts/key-bodies.ts";
import { OrganisationDocument } from "../../src/acts/organisation-document.ts";
import { consoleHeader, sessionRoutes } from "../../src/control/contract-session.ts";
import { canonicalBytes } from "../../src/proof/canonical.ts";
import { digestOf } from "../../src/proof/digest.ts";
import { nodePrimitives } from "../../src/proof/node.ts";
import { KeyId } from "../../src/terms/ids.ts";
import { acme, digestOfSecret, model, must, refusalOf, say } from "../flows/control-desk.ts";
import { until } from "../flows/gateway-world.ts";
import { chromium } from "./chromium.ts";
import { type GatewayHere, openGatewayHere } from "./gateway-here.ts";
import { type Site, checkPage, openSite } from "./site.ts";

const isCi = (process.env["CI"] ?? "") !== "";
const hostile = '<img src=x onerror="alert(1)"><script>alert(2)</script>';

describe("organisations in the console", { skip: chromium === undefined && !isCi }, () => {
  let site: Site;
  let gateway: GatewayHere;
  before(async () => {
    site = await openSite();
    gateway = await openGatewayHere(site.desk);
  });
  after(async () => {
    await gateway.close();
    await site.close();
  });

  async function write(name: string, purpose: string): Promise<void> {
    const document = OrganisationDocument.parse({
      kind: "Organisation",
      name,
      type: "academic",
      country: "FR",
      purpose,
      grants: [{ model, stage: "trusted", expiresInDays: 5 }],
    });
    const bytes = canonicalBytes(document);
    const body = organisationBody(document, digestOf(bytes, nodePrimitives), site.desk.now());
    await must(site.desk, { verb: "organisation", body, by: [site.owner.signer] }, { artefacts: [bytes] });
  }

  /** The status that a caller with the secret gets; the gateway hears a moment later what the ledger has. */
  async function statusOf(secret: string): Promise<number> {
    const answer = await fetch(`${gateway.url}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${secret}`, "content-type": "application/json" },
      body: JSON.stringify({ model, messages: [{ role: "user", content: "hello" }], max_tokens: 5 }),
    });
    await answer.text();
    return answer.status;
  }

  test("a key is made in the browser, serves, gets a new secret, and is refused once it is revoked", async () => {
    const opened = await site.open(`/organisations/${acme}`, { as: site.owner });
    const { page } = opened;
    await page.getByRole("button", { name: "Make a key" }).click();
    await page.getByLabel("Ends after (days)").fill("soon");
    await page.getByText("A whole number of days").waitFor();
    await page.getByLabel("Ends after (days)").fill("30");
    await page.getByRole("button", { name: "Go on" }).click();
    await sign(page, "Gives organisation acme the key");
    const shown = page.getByRole("dialog", { name: "The key, shown this once" });
    const secret = await secretIn(shown);
    assert.match(secret, /^hg_[A-Za-z0-9_-]{49}$/);
    await shown.getByText(`OPENAI_API_KEY=${secret}`).waitFor();
    const known = site.desk.control.state.keys.get(digestOfSecret(secret));
    assert.equal(known?.organisation, acme);
    await until(async () => (await statusOf(secret)) === 200);
    await shown.getByRole("button", { name: "I have copied it" }).click();
    await shown.waitFor({ state: "detached" });
    assert.ok(!(await page.content()).includes(secret), "a secret is shown once");

    await page.getByRole("button", { name: `Rotate ${known.key}` }).click();
    await page.getByLabel("The old secret works for").selectOption("0");
    await page.getByRole("button", { name: "Go on" }).click();
    await sign(page, "a new secret, ");
    const fresh = await secretIn(shown);
    await shown.getByRole("button", { name: "I have copied it" }).click();
    await until(async () => (await statusOf(fresh)) === 200 && (await statusOf(secret)) === 403);

    await page.getByRole("button", { name: `Revoke ${known.key}` }).click();
    await page.getByRole("button", { name: "Revoke for good" }).click();
    await page.getByText("Say why.").waitFor();
    await page.getByLabel("Why").fill("leaked");
    await page.getByRole("button", { name: "Revoke for good" }).click();
    await sign(page, "Suspends", "Revoke for good");
    await page.getByRole("cell", { name: "revoked" }).waitFor();
    await until(async () => (await statusOf(fresh)) === 403);

    await page.getByRole("link", { name: "What would a key get now?" }).click();
    await page.getByText("It would be refused: 403 key_suspended").waitFor();
    await page.getByText("the first that refuses").waitFor();
    await checkPage(opened);
  });

  test("the list is filtered by its address, and what outsiders wrote stays text", async () => {
    await write("hostile", hostile);
    const opened = await site.open("/organisations?q=host&sort=ends", { as: site.safety });
    const { page } = opened;
    await page.getByText(hostile).waitFor();
    await page.getByRole("row").nth(1).waitFor();
    assert.equal(await page.getByRole("row").count(), 2);
    const saving = page.waitForEvent("download");
    await page.getByRole("button", { name: "JSONL" }).click();
    const rows = (await readAll(await (await saving).createReadStream())).trim().split("\n");
    assert.equal(rows.length, 1);
    assert.match(rows[0] ?? "", /^\{"name":"hostile",/);
    await checkPage(opened);
    await page.route("**/api/v1/organisations?*limit=200*", async (route) => route.abort());
    await page.getByRole("button", { name: "CSV" }).click();
    await page.getByRole("alert").getByText("server_unreachable").waitFor();
    await page.getByRole("link", { name: "hostile" }).click();
    await page.getByText("ends in 4 days").waitFor();
    await page.getByText(hostile).waitFor();
    await checkPage({ ...opened, complaints: [] });
  });

  test("an organisation is written by the form, and whoever edits beside somebody else merges by hand", async () => {
    const { page } = await site.open("/organisations?edit=new", { as: site.owner });
    await page.getByRole("button", { name: "Sign and write" }).click();
    await page.getByText("This is not right yet").waitFor();
    await page.getByLabel("Name", { exact: true }).fill("lab");
    await page.getByLabel("Type", { exact: true }).fill("academic");
    await page.getByLabel("Country of registration").fill("fr");
    await page.getByLabel("Purpose").fill("Measures refusals");
    await page.getByLabel("Model").fill(model);
    await page.getByRole("button", { name: "Sign and write" }).click();
    await sign(page, /Writes organisation lab .* small from trusted on, at most 60 requests a minute/);
    await page.getByRole("link", { name: "lab", exact: true }).waitFor();
    await page.goto(`${site.url}/organisations/lab?edit=this`);
    await page.getByLabel("Purpose").fill("Measures refusals and more");
    await page
      .getByRole("row", { name: /purpose/ })
      .getByText("Measures refusals and more")
      .waitFor();
    // The session ends under the form: one signs in over it, and goes on.
    const headers = { [consoleHeader]: "1", origin: site.url };
    assert.equal((await page.request.delete(sessionRoutes.session, { headers })).status(), 200);
    const ended = page.getByRole("dialog", { name: "Sign in to go on" });
    await ended.getByRole("button", { name: "Sign in with this key" }).click({ timeout: 60_000 });
    await ended.waitFor({ state: "detached" });
    assert.equal(await page.getByLabel("Purpose").inputValue(), "Measures refusals and more");
    await write("lab", "What somebody else wrote");
    await page.getByRole("button", { name: "Sign and write" }).click();
    await page.getByText("Somebody else changed this organisation while you edited").waitFor();
    await page.getByText("What somebody else wrote").first().waitFor();
    assert.equal(await page.getByLabel("Purpose").inputValue(), "Measures refusals and more");
    await page.getByRole("button", { name: "I have merged: go on from theirs" }).click();
    await page.getByRole("button", { name: "Sign and write" }).click();
    await sign(page, "Writes organisation lab");
    await page.getByRole("heading", { name: "lab", exact: true }).waitFor();
    await page.getByText("Measures refusals and more").waitFor();
  });

  test("what the server says an organisation was is not signed as what it is", async () => {
    const { page } = await site.open(`/organisations/${acme}`, { as: site.owner });
    await page.route(`**/api/v1/organisations/${acme}`, async (route) => {
      const told = await (await route.fetch()).text();
      const body = told.replaceAll(/"scopes":\[[^\]]*\]/g, '"scopes":["everything"]');
      await route.fulfill({ body, contentType: "application/json" });
    });
    await page.goto(`${site.url}/organisations/${acme}?edit=this`);
    await page.getByLabel("Purpose").fill("The same in other words");
    const { size } = site.desk.control.head();
    await page.getByRole("button", { name: "Sign and write" }).click();
    await page.getByRole("alert").getByText("proof_invalid").waitFor();
    assert.equal(site.desk.control.head().size, size);
  });

  test("a safety lead sees all of it, and who may act in the very words in which the interface refuses them", async () => {
    const { desk, safety } = site;
    const body = {
      key: KeyId.parse("key_00000000000000c1"),
      organisation: acme,
      hash: digestOfLabel("x"),
      notAfter: null,
    };
    const { code, message } = refusalOf(await say(desk, { verb: "key", body, by: [safety.signer] }));
    assert.deepEqual(
      [code, message],
      ["authority_missing", "Making and changing keys needs the role owner or access."],
    );
    const { page } = await site.open(`/organisations/${acme}`, { as: safety });
    await page.getByText(message).waitFor();
    await page.getByText("Granting and editing organisations needs the role owner or access. Suspending").waitFor();
    assert.equal(await page.getByRole("button", { name: /^(Edit|Suspend|Make a key|Rotate|Revoke)/ }).count(), 0);
    await page.goto(`${site.url}/organisations?edit=new`);
    await page.getByText("Granting and editing organisations needs").waitFor();
    assert.ok(await page.getByRole("button", { name: "Sign and write" }).isDisabled());
  });

  test("an id that nothing has is said to be unknown, in the server's words", async () => {
    const { page } = await site.open("/organisations", { as: site.safety });
    await page.getByLabel("Id", { exact: true }).fill(hostile);
    await page.getByRole("button", { name: "Explain" }).click();
    await page.getByRole("alert").getByText("not_found").waitFor();
  });
});

async function readAll(stream: NodeJS.ReadableStream): Promise<string> {
  let text = "";
  for await (const part of stream) text += String(part);
  return text;
}

/** Of the dialog that shows it. */
async function secretIn(shown: Locator): Promise<string> {
  const secret = shown.locator("pre", { hasText: "hg_" }).first();
  return (await secret.textContent()) ?? "";
}

/** Agrees in the dialog that says the statement in words. */
async function sign(page: Page, sentence: string | RegExp, button = "Sign"): Promise<void> {
  const asked = page.getByRole("dialog").filter({ hasText: sentence });
  await asked.getByRole("button", { name: button, exact: true }).click();
}
