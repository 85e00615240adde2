// Settings and doctor in a real browser: every part is reached by its address and keeps what pages keep; a person is invited with a
// code that is shown once, is suspended, and nothing of the server can be set.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { digestOfLabel } from "../../src/acts/fixtures.ts";
import { parseInvitation } from "../../src/acts/invitation.ts";
import { newSigner, signerFromSeed } from "../../src/proof/node.ts";
import { hold, inDays, must, refusalOf, say } from "../flows/control-desk.ts";
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
      ["Your keys", "in a browser"],
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

  test("one takes a key of one's own away, and gives up the last one only when asked twice", async () => {
    const { desk } = site;
    const cy = await site.enrol("policy");
    const [seat, other] = [newSigner().signer, newSigner().signer];
    const known = desk.control.state.persons.get(cy.person);
    assert.ok(known !== undefined);
    const { person, role, name } = known;
    const body = { person, role, name, key: seat.publicKey, furtherKey: true, notAfter: inDays(desk, 1 / 48) } as const;
    const { digest } = await must(desk, { verb: "invite", body, by: [cy.signer] });
    await must(desk, { verb: "admit", body: { person, key: other.publicKey, invitation: digest }, by: [seat, other] });
    const { page } = await site.open("/settings?tab=keys", { as: cy });
    await page.getByRole("row", { name: other.publicKey }).getByText("in a browser").waitFor();
    await page.getByRole("row", { name: cy.signer.publicKey }).getByText("in a browser").waitFor();
    await page.getByRole("button", { name: `Take away ${other.publicKey}` }).click();
    await page.getByLabel("Why").fill("The laptop is gone.");
    await page.getByRole("dialog").getByRole("button", { name: "Take it away", exact: true }).click();
    await page
      .getByRole("dialog")
      .filter({ hasText: "you sign" })
      .getByRole("button", { name: "Take it away", exact: true })
      .click();
    await page.getByRole("row", { name: other.publicKey }).waitFor({ state: "detached" });
    assert.deepEqual(
      desk.control.state.persons.get(person)?.keys.map(({ key }) => key),
      [cy.signer.publicKey],
    );
    await page.getByRole("button", { name: "Give up my only key" }).click();
    const asked = page.getByRole("dialog", { name: "Give up your only key" });
    await asked.getByText(/^Who can suspend you and invite you anew, with a second person: .*owner/).waitFor();
    await asked.getByRole("button", { name: "Go on" }).click();
    await asked.getByRole("button", { name: "Erase my only key and sign out" }).click();
    await page.waitForURL("**/sign-in");
    await page.getByRole("heading", { name: "With a link or a code" }).waitFor();
    await page.reload();
    await page.getByRole("heading", { name: "With a link or a code" }).waitFor();
    assert.equal(await page.getByRole("heading", { name: "With the key of this browser" }).count(), 0);
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
    const target = { kind: "person", person: site.safety.person } as const;
    const told = await say(site.desk, {
      verb: "suspend",
      body: { target, reason: digestOfLabel("no") },
      by: [auditor.signer],
    });
    const { code, message } = refusalOf(told);
    assert.equal(code, "authority_missing");
    const theirs = await site.open("/settings", { as: auditor });
    await theirs.page.getByText(`Inviting people needs the role owner. ${message}`).waitFor();
    await theirs.page.getByRole("row", { name: auditor.person }).waitFor();
    assert.equal(await theirs.page.getByRole("button", { name: /^Suspend|^Invite/ }).count(), 0);
    const { page } = await site.open("/settings", { as: site.owner });
    // Whatever name a server shows beside an id, the one who signs is told the name that the ledger commits to.
    await page.route("**/api/v1/people", async (route) => {
      const list = await (await route.fetch()).text();
      await route.fulfill({ body: list.replaceAll('"a auditor"', '"Mallory"'), contentType: "application/json" });
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
    await page.getByRole("row", { name: auditor.person }).getByText("suspended").waitFor();
    assert.equal(site.desk.control.state.persons.get(auditor.person)?.suspended, true);
  });
});
