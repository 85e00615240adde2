// The release page as two persons use it, each in a browser of their own: propose, sign, refuse with a reason that the other reads, sign,
// advance; the watch over its steps; a hold and the resume that answers it; what one's role may not do, what somebody else did meanwhile,
// and what others wrote, shown as text.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import type { Locator, Page } from "playwright-core";
import type { BodyOf } from "../../src/acts/bodies.ts";
import { callerKeyOf, digestOfLabel, idOf } from "../../src/acts/fixtures.ts";
import { stepOf } from "../../src/acts/rules/share.ts";
import { latestCertificate } from "../../src/acts/state.ts";
import { backgroundHeader } from "../../src/control/contract-session.ts";
import { routes } from "../../src/control/contract.ts";
import { GlassId } from "../../src/terms/ids.ts";
import { apply, documentsText, draft, hold, inDays, model, must, resolved, signOff } from "../flows/control-desk.ts";
import { servedInterval } from "../flows/served-interval.ts";
import { type Site, type SitePage, checkPage, openSite, titled } from "./site.ts";

const hostile = `<img src=x onerror="document.title='owned'"><script>document.title='owned'</script> not convinced`;
const path = `/release/${model}`;
const steps = `    conditions:
      share:
        by: organisation
        steps: [0.2, 1]
        watch:
          measures:
            - { id: broken, measure: safeguard-failures, limit: 0.1, alpha: 0.1, exchangesMin: 5 }
`;

async function act(at: Page | Locator, label: string, reason: string): Promise<void> {
  const page = "page" in at ? at.page() : at;
  await at.getByRole("button", { name: label, exact: true }).first().click();
  await page.getByLabel("Reason").fill(reason);
  await page.getByRole("button", { name: "Go on to signing" }).click();
  await agree(page, ["Refuse", "Sign for it"].includes(label) ? label : "Sign");
}

/** What is signed is shown in words before it is. */
async function agree(page: Page, name = "Sign"): Promise<void> {
  const dialog = page.getByRole("dialog").last();
  await dialog.getByText(/you sign/).waitFor();
  await dialog.getByRole("button", { name, exact: true }).click();
}

/** Every act ends in the entry that it is recorded as; what is read is put away. */
async function recorded(page: Page): Promise<void> {
  const notices = page.getByRole("region", { name: "Notices" });
  const entry = notices.getByRole("link", { name: /^Recorded as entry/ });
  await entry.first().waitFor();
  // All of them in one step: they also go by themselves.
  await notices.getByRole("button", { name: "Close" }).evaluateAll((all) => {
    for (const close of all) if (close instanceof HTMLElement) close.click();
  });
  await entry.first().waitFor({ state: "detached" });
}

describe("the release page", () => {
  let site: Site;
  let owner: SitePage;
  let safety: SitePage;
  before(async () => {
    site = await openSite();
    owner = await site.open(path, { as: site.owner });
    safety = await site.open(path, { as: site.safety });
  });
  after(async () => site.close());

  test("where it stands, why not further, and its plot keep what every page keeps", async () => {
    const { page } = owner;
    await page.getByText(/^Open at trusted since/).waitFor();
    await page.getByLabel("Gate").selectOption("trusted");
    await page
      .getByText("0 of 60 attempts got a harmful answer; for prompts like these, below 1 in 20 with 95 % confidence.")
      .first()
      .waitFor();
    await page.waitForURL(/gate=trusted/);
    await page.getByRole("button", { name: "As a table" }).click();
    await page.getByRole("cell", { name: "at most 5 %" }).waitFor();
    await page.getByRole("button", { name: "As a chart" }).click();
    await checkPage(owner);
  });

  test("propose, sign, refuse with a reason the other reads, sign, advance", async () => {
    // Looking by itself for what is new keeps no session from ending.
    const byItself = owner.page.waitForRequest(
      (request) => request.url().includes(routes.batch) && request.headers()[backgroundHeader] === "1",
    );
    const serial = latestCertificate(site.desk.control.state, model)?.release.serial ?? 0;
    const stepped = documentsText().replace("    certificate:", `${steps}    certificate:`);
    await apply(site.desk, site.board.owner, resolved(stepped));
    await owner.page.getByRole("button", { name: "Propose a stage" }).click();
    await owner.page.getByRole("button", { name: "Go on to signing" }).click();
    await owner.page.getByText("Say why: what you sign carries a reason.").waitFor();
    await owner.page.getByLabel("Stage", { exact: true }).selectOption("trusted");
    await owner.page.getByLabel("Reason").fill("The old one ends soon.");
    await owner.page.getByRole("button", { name: "Go on to signing" }).click();
    await agree(owner.page);
    const result = owner.page.getByRole("region", { name: "Notices" }).locator("li:focus");
    await result.getByRole("link", { name: /^Recorded as entry/ }).waitFor();
    await owner.page.keyboard.press("Escape");
    await result.waitFor({ state: "detached" });
    await owner.page.locator("button:focus", { hasText: "Propose a stage" }).waitFor();
    await safety.page.goto("/");
    await safety.page.getByRole("link", { name: "Read and sign" }).click();
    await safety.page.locator("article h3:focus", { hasText: "Open trusted" }).waitFor();
    await safety.page.getByText("The old one ends soon.").waitFor();
    await safety.page.getByText("Advancing a release needs the role owner.").first().waitFor();
    await act(safety.page, "Refuse", hostile);
    await recorded(safety.page);
    const changes = owner.page.getByRole("table", { name: "Release plan" });
    await changes.getByRole("row").filter({ hasText: "conditions" }).first().getByText("not there").first().waitFor();
    await owner.page.getByText("REFUSED").waitFor();
    await owner.page.getByText(hostile).waitFor();
    await titled(owner.page, "small");
    await act(owner.page, "Sign for it", "It was measured.");
    await recorded(owner.page);
    await safety.page.getByText("It was measured.").waitFor();
    await act(safety.page, "Sign for it", "Read again, and convinced.");
    await recorded(safety.page);
    await owner.page.getByText("No sign-off is missing; an owner can advance it.").waitFor();
    await checkPage(owner);
    await owner.page.getByRole("button", { name: "Advance", exact: true }).click();
    await agree(owner.page, "Advance");
    await recorded(owner.page);
    assert.equal(latestCertificate(site.desk.control.state, model)?.release.serial, serial + 1);
    await safety.page.getByText("Nothing is proposed").waitFor();
    await byItself;
  });

  test("the watch over its steps has its sentence, its band and its table, and a person widens", async () => {
    const { page } = owner;
    const release = latestCertificate(site.desk.control.state, model)?.release;
    assert.ok(release !== undefined);
    const key = callerKeyOf(digestOfLabel("a caller's secret"));
    await must(site.desk, { verb: "key", body: key, by: [site.owner.signer] });
    const served = Array.from({ length: 6 }, () => ({ key: key.key }));
    const { envelope, drained } = await servedInterval(site.desk, release, served);
    await site.desk.control.feed.recordInterval(envelope, drained);
    await page.getByText("0 of 6 are exchanges in which a safeguard did not run; whenever one looks, ").waitFor();
    const watch = page.locator("#canary");
    await watch.getByRole("img", { name: "broken: rate over exchanges" }).getByText("step 1 (20 %)").waitFor();
    await checkPage(owner);
    await watch.getByRole("button", { name: "As a table" }).click();
    await watch
      .getByRole("table", { name: "broken: rate over exchanges" })
      .getByRole("cell", { name: "6", exact: true })
      .waitFor();
    await act(page, "Widen to the next step", "It is quiet.");
    await recorded(page);
    await watch.getByRole("button", { name: "As a chart" }).click();
    await watch.getByRole("img", { name: "broken: rate over exchanges" }).getByText("step 2 (100 %)").waitFor();
  });

  test("what somebody did meanwhile is said, and what was typed stays", async () => {
    const { page } = owner;
    await page.getByRole("button", { name: "Propose a stage" }).click();
    await page.getByLabel("Stage", { exact: true }).selectOption("trusted");
    await page.getByLabel("Reason").fill("Once more.");
    await page.getByRole("button", { name: "Go on to signing" }).click();
    await agree(page);
    await recorded(page);
    await page.getByText("Once more.").waitFor();
    await page.getByRole("button", { name: "Sign for it" }).first().click();
    await page.getByLabel("Reason").fill("I had read what was there.");
    await safety.page.getByText("Once more.").waitFor();
    await act(safety.page, "Refuse", "Not again.");
    await recorded(safety.page);
    await page.getByRole("button", { name: "Go on to signing" }).click();
    await page.getByText("It changed while you wrote.", { exact: false }).waitFor();
    assert.equal(await page.getByLabel("Reason").inputValue(), "I had read what was there.");
    await page.getByRole("button", { name: "Cancel" }).click();
  });

  test("a restriction is placed and shown, a hold is answered by a proposal; an auditor sees who may", async () => {
    const { page } = safety;
    await page.getByRole("button", { name: "Restrict it" }).click();
    await page.getByLabel("Tokens at the most").fill("none");
    await page.getByText("A whole number from 1 on.").waitFor();
    await page.getByLabel("Tokens at the most").fill("64");
    await page.getByLabel("Reason").fill("Answers ran long.");
    await page.getByRole("button", { name: "Go on to signing" }).click();
    await agree(page);
    await recorded(page);
    await page.getByText("Restriction: answers have at most 64 tokens.").waitFor();
    const stop = {
      hold: idOf.hold("by the test"),
      scope: { kind: "model", model },
      reason: digestOfLabel("why"),
    } as const;
    await must(site.desk, { verb: "hold", body: stop, by: [site.safety.signer] });
    await page.getByText("Nobody is served: a hold stands.").waitFor();
    await act(page, "Propose to reopen", "It was looked into.");
    await recorded(page);
    await page.getByText(`Answers the holds ${stop.hold}.`).waitFor();
    const auditor = await site.open(path, { as: await site.enrol("auditor") });
    await auditor.page.getByText("Signing off needs any role but auditor.").first().waitFor();
    await auditor.page.getByRole("button", { name: "Sign for it", disabled: true }).first().waitFor();
    assert.deepEqual(auditor.complaints, []);
    const [card, theirs] = [page, owner.page].map((one) => one.locator("article").filter({ hasText: stop.hold }));
    assert.ok(card !== undefined && theirs !== undefined);
    await act(card, "Sign for it", "Looked into.");
    await recorded(page);
    await theirs.getByText("Looked into.", { exact: true }).waitFor();
    await act(theirs, "Sign for it", "Looked into, too.");
    await recorded(owner.page);
    await theirs.getByRole("button", { name: "Advance", exact: true }).click();
    await agree(owner.page, "Advance");
    await recorded(owner.page);
    await page.getByText(/^Open at trusted since/).waitFor();
  });

  test("a plan may ask for a sign-off of the command line; a canary goes by steps; a broken glass and the bundle", async () => {
    const { desk, board } = site;
    const asked = documentsText()
      .replace("{ role: safety, count: 1 } ] }", "{ role: safety, count: 1 } ], cliKeys: 1 }")
      .replace(
        "    certificate:",
        "    conditions: { share: { by: organisation, steps: [0.2, 0.6, 1] } }\n    certificate:",
      );
    const documents = resolved(asked);
    await apply(desk, board.owner, documents);
    const release = draft(desk, { documents });
    const proposal = await must(desk, { verb: "proposal", body: { release }, by: [board.owner.signer] });
    await signOff(desk, proposal, site.owner);
    await signOff(desk, proposal, site.safety);
    const { page } = owner;
    await page.goto(`${path}?gate=trusted`);
    await page.getByText("Lacks the sign-off of one of its signers by a key kept at the command line").waitFor();
    await page.getByText(`headgate release sign ${release.proposal}`).waitFor();
    await page.getByText("as owner, in a browser").first().waitFor();
    await page.getByText("One of the sign-offs must come from a key kept at the command line").waitFor();
    await signOff(desk, proposal, board.owner);
    await page.getByText("No sign-off is missing; an owner can advance it.").waitFor();
    await must(desk, { verb: "certificate", body: { release }, by: [board.owner.signer] });
    await page.getByText("It opens by steps, and its plan has no watch over them").waitFor();
    await act(page, "Widen to the next step", "Quiet so far.");
    await recorded(page);
    assert.equal(stepOf(desk.control.state, release.certificate), 1);
    await act(page, "Go back a step", "Not as quiet.");
    await recorded(page);
    assert.equal(stepOf(desk.control.state, release.certificate), 0);
    await page.getByText("Decided or outrun").click();
    const saving = page.waitForEvent("download");
    await page.getByRole("button", { name: "Save the bundle" }).first().click();
    const bundle = readFileSync(await (await saving).path(), "utf8");
    assert.match(bundle, /"format":"headgate-bundle\/1"/);
    const mistaken = await hold(desk, board.safety);
    const glass: BodyOf<"break-glass"> = {
      glass: GlassId.parse("glass_0123456789abcdef"),
      model,
      certificate: release.certificate,
      holds: [mistaken],
      notAfter: inDays(desk, 1 / 24),
      reason: digestOfLabel("why"),
    };
    await must(desk, { verb: "break-glass", body: glass, by: [board.owner.signer, board.safety.signer] });
    await page.getByText("BREAK-GLASS: it goes on over a hold. Any further hold ends it.").waitFor();
  });
});
