// Settings and doctor in a real browser: every part is reached by its address and keeps what pages keep; a person is invited with a
// code that is shown once, is suspended, and nothing of the server can be set.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { parseInvitation } from "../../src/acts/invitation.ts";
import { signerFromSeed } from "../../src/proof/node.ts";
import { hold } from "../flows/control-desk.ts";
import { chromium } from "./chromium.ts";
import { type Site, checkPage, openSite } from "./site.ts";

const isCi = (process.env["CI"] ?? "") !== "";

describe("settings in the console", { skip: chromium === undefined && !isCi }, () => {
  let site: Site;
  before(async () => {
    site = await openSite();
  });
  after(async () => {
    await site.close();
  });

  test("each part has an address of its own, in light and dark and on a narrow screen", async () => {
    const opened = await site.open("/settings", { as: site.owner });
    const { page } = opened;
    const parts = [
      ["Sessions", "ending one takes effect at once"],
      ["Trust root", "Floors"],
      ["Gateways and webhooks", "Nobody is told of what happens here"],
      ["Holds and incidents", "Nothing stands against any model"],
      ["Settings", "How long things are kept"],
      ["Doctor", "all verified from the pinned root"],
      ["People", "What each role may do"],
    ] as const;
    for (const [tab, text] of parts) {
      await page.getByRole("tab", { name: tab, exact: true }).click();
      await page.getByText(text).first().waitFor();
      await page.reload();
      await page.getByText(text).first().waitFor();
      await checkPage(opened);
    }
  });

  test("an owner ends somebody's session, who is signed out", async () => {
    const theirs = await site.open("/settings", { as: site.safety });
    await theirs.page.getByRole("tab", { name: "People", exact: true }).waitFor();
    const { page } = await site.open("/settings?tab=sessions", { as: site.owner });
    const ends = page.getByRole("button", { name: /^End the session of / });
    await ends.first().waitFor();
    for (let left = await ends.count(); left > 0; left -= 1) {
      await ends.first().click();
      await ends.nth(left - 1).waitFor({ state: "detached" });
    }
    await theirs.page.reload();
    await theirs.page
      .getByText(/Nobody is signed in|Sign in/)
      .first()
      .waitFor();
    const answer = await theirs.page.request.get("/api/v1/needs");
    assert.equal(answer.status(), 401);
  });

  test("a person is invited with a code that is shown once and waits for a second signature", async () => {
    const { page } = await site.open("/settings", { as: site.owner });
    await page.getByRole("button", { name: "Invite a person" }).click();
    await page.getByRole("button", { name: "Go on" }).click();
    await page.getByText("Say who they are").waitFor();
    await page.getByLabel("Name", { exact: true }).fill('<b>"Cy"</b>');
    await page.getByLabel("Role", { exact: true }).selectOption("policy");
    await page.getByRole("button", { name: "Go on" }).click();
    await page.getByRole("button", { name: "Sign", exact: true }).last().click();
    const shown = page.getByRole("dialog", { name: "The invitation, shown this once" });
    await shown.getByText("once a second person has signed it").waitFor();
    const [, text = ""] = ((await shown.locator("pre").first().textContent()) ?? "").split("#");
    const code = parseInvitation(text);
    assert.deepEqual([code.role, code.root], ["policy", site.desk.control.state.firstRoot]);
    assert.match(signerFromSeed(code.seed).publicKey, /^[A-Za-z0-9+/]{43}=$/);
    await page.evaluate(() => Object.defineProperty(navigator, "clipboard", { value: undefined }));
    await shown.getByRole("button", { name: "Copy the link" }).click();
    await shown.getByText("Not copied").waitFor();
    await shown.getByRole("button", { name: "I have copied it" }).click();
    await shown.waitFor({ state: "detached" });
    assert.ok(!(await page.content()).includes(code.seed));
  });

  test("what stands leads to what the ledger has of it", async () => {
    const stands = await hold(site.desk, site.safety);
    const { page } = await site.open("/settings?tab=standing", { as: site.owner });
    await page.getByRole("link", { name: stands }).click();
    await page.waitForURL(`**/ledger?q=${stands}`);
    await page.getByText("1 entry names this.").waitFor();
  });

  test("a person is suspended with a reason, and an auditor cannot", async () => {
    const auditor = await site.enrol("auditor");
    const by = async (as: typeof auditor): Promise<Awaited<ReturnType<Site["open"]>>["page"]> => {
      const { page } = await site.open("/settings", { as });
      // Whatever name a server shows beside an id, the one who signs is told the name that the ledger commits to.
      await page.route("**/api/v1/people", async (route) => {
        const told = await (await route.fetch()).text();
        await route.fulfill({ body: told.replaceAll('"a auditor"', '"Mallory"'), contentType: "application/json" });
      });
      await page.reload();
      await page.getByRole("row", { name: auditor.person }).getByText("Mallory").waitFor();
      const suspend = page.getByRole("row", { name: auditor.person }).getByRole("button", { name: /^Suspend/ });
      const why = page.getByLabel("Why");
      await suspend.click();
      await why.fill("this was about somebody else");
      await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
      await why.waitFor({ state: "detached" });
      await suspend.click();
      await why.waitFor();
      assert.equal(await why.inputValue(), "", "each is stopped with a reason of its own");
      await why.fill("left");
      await page.getByRole("dialog").getByRole("button", { name: "Suspend", exact: true }).click();
      await page
        .getByRole("dialog")
        .filter({ hasText: `Suspends "a auditor" (${auditor.person}), auditor.` })
        .getByRole("button", { name: "Suspend", exact: true })
        .click();
      return page;
    };
    await (await by(auditor)).getByRole("alert").getByText("authority_missing").waitFor();
    const page = await by(site.owner);
    await page.getByRole("row", { name: auditor.person }).getByText("suspended").waitFor();
    assert.equal(site.desk.control.state.persons.get(auditor.person)?.suspended, true);
  });
});
