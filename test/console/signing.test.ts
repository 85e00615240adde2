// Signing in a real browser: the ledger is verified from the pinned root before anything is signed, what is signed is shown in words,
// and a ledger that is another one, or shorter than this browser saw, is refused as the command line refuses it.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Page } from "playwright-core";
import { z } from "zod";
import { openStatement } from "../../src/acts/statement.ts";
import { newSigner, nodePrimitives, randomId } from "../../src/proof/node.ts";
import { PersonId } from "../../src/terms/ids.ts";
import { committed, inDays, say, wordOf } from "../flows/control-desk.ts";
import { chromium } from "./chromium.ts";
import { type Site, checkPage, openSite } from "./site.ts";

const isCi = (process.env["CI"] ?? "") !== "";

async function restrict(page: Page, reason: string): Promise<void> {
  await page.getByRole("button", { name: "Restrict it" }).click();
  const dialog = page.getByRole("dialog", { name: "Make it stricter, now" });
  await dialog.getByLabel("Tokens at the most").fill("500");
  await dialog.getByLabel("Reason").fill(reason);
  await dialog.getByRole("button", { name: "Go on to signing" }).click();
}

const place = "/release/small";

describe("signing in the console", { skip: chromium === undefined && !isCi }, () => {
  let site: Site;
  before(async () => {
    site = await openSite();
  });
  after(async () => {
    await site.close();
  });

  test("an act is shown in words, signed by the key of the browser, and recorded where the notice says", async () => {
    const opened = await site.open(place, { as: site.safety });
    const { page, complaints } = opened;
    // A server that lies of who is here says it to the page, and not where somebody signs.
    await page.route("**/api/v1/session", async (route) => {
      const told: unknown = await (await route.fetch()).json();
      await route.fulfill({ json: Object.assign({}, told, { name: "Mallory" }) });
    });
    await page.reload();
    await page.getByRole("link", { name: /^Mallory · safety$/ }).waitFor();
    const size = site.desk.control.head().size;
    await restrict(page, '<img src=x onerror="alert(1)">');
    const asked = page.getByRole("dialog", { name: "Sign this?" });
    await asked.getByText("Restricts small:").waitFor();
    await asked.getByText(`you sign, as "a safety" (${site.safety.person}) (safety):`).waitFor();
    assert.equal(await asked.getByText("Mallory").count(), 0);
    assert.equal(site.desk.control.head().size, size, "nothing is signed before the person agreed");
    await asked.getByRole("button", { name: "Sign", exact: true }).click();
    await page.getByRole("link", { name: `Recorded as entry ${size}` }).waitFor();
    assert.equal(site.desk.control.head().size, size + 1);
    assert.equal(site.desk.control.state.restrictions.size, 1);
    assert.deepEqual(complaints, []);
    await page.getByRole("link", { name: `Recorded as entry ${size}` }).click();
    await page.waitForURL(`**/ledger/${size}`);
    await checkPage(opened);
  });

  test("who does not agree has signed nothing, and what they typed is still there", async () => {
    const { page } = await site.open(place, { as: site.owner });
    const size = site.desk.control.head().size;
    await restrict(page, "on second thoughts");
    await page.getByRole("button", { name: "Do not sign" }).click();
    await page.getByRole("dialog", { name: "Sign this?" }).waitFor({ state: "detached" });
    assert.equal(await page.getByLabel("Reason").inputValue(), "on second thoughts");
    assert.equal(site.desk.control.head().size, size);
  });

  test("what another person began is read in words and signed, and then counts", async () => {
    const { desk, board } = site;
    const person = PersonId.parse(randomId("person_", 16));
    const name = committed("Grace\u202e");
    const key = newSigner().signer.publicKey;
    const body = { person, role: "reviewer", key, name: name.digest, notAfter: inDays(desk, 3) } as const;
    const begun = await say(desk, { verb: "invite", body, by: [board.owner.signer] }, { openings: [name.opening] });
    assert.equal(wordOf(begun), "pending");
    const opened = await site.open("/waiting", { as: site.safety });
    const { page } = opened;
    await page.getByText(`Invites ${person} as reviewer`).waitFor();
    await checkPage(opened);
    await page.getByRole("button", { name: "Read and sign" }).click();
    await page.getByText(`${person} is "Grace\\u{202e}".`).waitFor();
    await page.getByRole("button", { name: "Sign", exact: true }).click();
    await page.getByRole("link", { name: /^Recorded as entry / }).waitFor();
    await page.locator("li:focus", { hasText: "Recorded as entry" }).waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("link", { name: /^Recorded as entry / }).waitFor({ state: "hidden" });
    assert.ok([...desk.control.state.invitations.values()].some((one) => one.person === person));
    await page.getByText("Nothing waits for signatures").waitFor();
  });

  test("a ledger that begins with another root than the pinned one is refused, and nothing is signed", async () => {
    const { page } = await site.open(place, { as: site.owner, isFresh: true });
    await page.locator("h1").waitFor();
    await change(page, { root: `sha256:${"0".repeat(64)}` });
    await restrict(page, "stop");
    await page.getByRole("dialog").getByText("trust_unknown").waitFor();
    await page.getByRole("dialog").getByText("begins with another trust root").waitFor();
  });

  test("what a server says it recorded and dropped is not believed", async () => {
    const { page } = await site.open(place, { as: site.owner });
    await page.locator("h1").waitFor();
    await page.route("**/api/v1/statements", async (route) => {
      const { envelope } = z.object({ envelope: z.base64() }).parse(route.request().postDataJSON());
      const { digest } = await openStatement(Buffer.from(envelope, "base64"), nodePrimitives);
      await route.fulfill({ json: { kind: "recorded", act: digest, index: 1, size: 2 } });
    });
    await restrict(page, "stop");
    await page.getByRole("button", { name: "Sign", exact: true }).click();
    await page.getByRole("dialog").getByText("fork_detected").waitFor();
  });

  test("where nobody told the browser which ledger is the right one, nothing is signed", async () => {
    const { page } = await site.open(place, { as: site.owner });
    await page.locator("h1").waitFor();
    await change(page, { basis: "first-use" });
    await restrict(page, "stop");
    await page.getByRole("dialog").getByText("Nobody told this browser which ledger").waitFor();
  });

  test("a ledger shorter than the one this browser saw is refused", async () => {
    const { page } = await site.open(place, { as: site.owner, isFresh: true });
    await page.locator("h1").waitFor();
    const { size, root } = site.desk.control.head();
    await change(page, { checkpoint: { size: size + 5, root } });
    await restrict(page, "stop");
    await page.getByRole("dialog").getByText("fork_detected").waitFor();
  });
});

/** Changes what the browser keeps of the ledger that it trusts, and loads the page anew. */
async function change(page: Page, to: object): Promise<void> {
  await page.evaluate(async (changed) => {
    const database = await new Promise<IDBDatabase>((resolve) => {
      const asked = indexedDB.open("headgate");
      asked.addEventListener("success", () => {
        resolve(asked.result);
      });
    });
    const store = database.transaction("trust", "readwrite").objectStore("trust");
    await new Promise((resolve) => {
      const read = store.getAll();
      read.addEventListener("success", () => {
        const wrote = store.put({ ...read.result[0], ...changed });
        wrote.addEventListener("success", resolve);
      });
    });
    database.close();
  }, to);
  await page.reload();
  await page.locator("h1").waitFor();
}
