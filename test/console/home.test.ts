// Home as people use it: what needs them and what needs others, the first run's ticks, lines to copy, and a request that is sent from the
// browser to a real gateway.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Page } from "playwright-core";
import { digestOfLabel, idOf } from "../../src/acts/fixtures.ts";
import { openReceipt } from "../../src/acts/receipt.ts";
import { nodePrimitives } from "../../src/proof/node.ts";
import { draft, model, must } from "../flows/control-desk.ts";
import { type GatewayWorld, openGatewayWorld, secret } from "../flows/gateway-world.ts";
import { type Site, type SitePage, checkPage, openSite } from "./site.ts";

/** Where the fixture's console believes the data plane to be. */
const dataPlane = "http://127.0.0.1:8700";

describe("Home", () => {
  let site: Site;
  let world: GatewayWorld;
  let owner: SitePage;
  before(async () => {
    site = await openSite();
    world = await openGatewayWorld({ pages: [site.url] });
    owner = await site.open("/", { as: site.owner });
  });
  after(async () => {
    await world.close();
    await site.close();
  });

  test("what waits for me leads to where it is done; an auditor has nothing to do", async () => {
    const release = { ...draft(site.desk), reason: digestOfLabel("why") };
    await must(site.desk, { verb: "proposal", body: { release }, by: [site.owner.signer] });
    const hold = {
      hold: idOf.hold("by Home's test"),
      scope: { kind: "model", model },
      reason: digestOfLabel("why"),
    } as const;
    await must(site.desk, { verb: "hold", body: hold, by: [site.safety.signer] });
    const { page } = owner;
    await page.getByText(`${model} is held. It goes on only after a decision that answers the hold.`).waitFor();
    const row = page
      .getByRole("listitem")
      .filter({ hasText: `A proposal to open ${model} at trusted lacks the sign-off of` });
    await row.getByText("This waits for you").waitFor();
    await checkPage({ ...owner, complaints: [] });
    const auditor = await site.open("/", { as: await site.enrol("auditor") });
    await auditor.page.getByText("Nothing needs you.", { exact: false }).waitFor();
    await row.getByRole("link", { name: "Read and sign" }).click();
    await page.getByRole("heading", { name: model, level: 1 }).waitFor();
    await page.waitForURL(`**/release/${model}?proposal=${release.proposal}#${release.proposal}`);
    await page.goto("/");
  });

  test("the first run is ticked by entries; each client's lines can be copied", async () => {
    const { page } = owner;
    const steps = page.getByRole("listitem").filter({ has: page.getByRole("img", { name: "done" }) });
    await steps.nth(3).waitFor();
    assert.equal(await steps.count(), 4, "nothing was served yet");
    await page
      .getByRole("link", { name: /^entry \d+$/ })
      .first()
      .waitFor();
    for (const [tab, line] of [
      ["OpenAI", `export OPENAI_BASE_URL=${dataPlane}/v1`],
      ["Anthropic", `export ANTHROPIC_BASE_URL=${dataPlane}`],
      ["Codex", 'wire_api = "responses"'],
      ["curl", `curl ${dataPlane}/v1/chat/completions`],
    ] as const) {
      await page.getByRole("tab", { name: tab }).click();
      await page.getByText(line, { exact: false }).waitFor();
      await page.getByRole("button", { name: `Copy the lines for ${tab}` }).waitFor();
    }
  });

  test("a request is sent to the gateway itself: refused without a key, served with one, its receipt found", async () => {
    const { page } = owner;
    await page.route(`${dataPlane}/**`, async (route) =>
      route.continue({ url: route.request().url().replace(dataPlane, world.url()) }),
    );
    await page.getByRole("button", { name: "Send", exact: true }).click();
    await page.getByText("A caller's key begins with hg_").waitFor();
    await page.getByText("Say something to the model.").waitFor();
    await page.getByLabel("Message").fill("Say hello.");
    await send(page, `hg_${"0".repeat(32)}`);
    await page.getByText("Refused (401)").waitFor();
    await page.getByText("key_unknown").waitFor();
    await send(page, secret);
    await page.getByText("Served", { exact: true }).waitFor();
    await page.getByText("trusted", { exact: true }).waitFor();
    const proof = await page.getByRole("link", { name: "Open its proof" }).getAttribute("href");
    // The page takes a whole receipt: test/console/ledger.test.ts has one checked there.
    const [, receipt = ""] = (proof ?? "").split("/ledger?receipt=");
    await openReceipt(decodeURIComponent(receipt), nodePrimitives);
    await page.route(`${dataPlane}/**`, async (route) => route.abort("connectionrefused"));
    await send(page, secret);
    await page.getByText("The data plane does not answer this page").waitFor();
    assert.equal(await page.getByLabel("Message").inputValue(), "Say hello.", "nothing typed is lost");
    assert.ok(!JSON.stringify(await page.context().storageState()).includes(secret), "the key is kept nowhere");
  });
});

async function send(page: Page, key: string): Promise<void> {
  await page.getByLabel("Caller's key").fill(key);
  await page.getByRole("button", { name: "Send", exact: true }).click();
}
