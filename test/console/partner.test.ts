// An organisation's own page in a real browser: signed in with its key, it shows what is its own and nothing of anybody else.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { secretKeyOf } from "../../src/acts/secret-key.ts";
import { consoleHeader, sessionRoutes } from "../../src/control/contract-session.ts";
import { nodePrimitives, randomBytes, randomId } from "../../src/proof/node.ts";
import { KeyId, Name } from "../../src/terms/ids.ts";
import { acme, model, must } from "../flows/control-desk.ts";
import { servedInterval } from "../flows/served-interval.ts";
import { chromium } from "./chromium.ts";
import { keepPictures } from "./pictures.ts";
import { type Site, type SitePage, checkPage, openSite } from "./site.ts";

const isCi = (process.env["CI"] ?? "") !== "";
const ours = KeyId.parse("key_00000000000000a1");
const theirs = KeyId.parse("key_00000000000000b1");

describe("a partner's own page", { skip: chromium === undefined && !isCi }, () => {
  let site: Site;
  let ids: readonly string[];
  let receipt: string;
  const secret = secretKeyOf(randomBytes(32), false, nodePrimitives);
  before(async () => {
    site = await openSite();
    const { desk, owner } = site;
    const body = { key: ours, organisation: acme, hash: secret.hash, notAfter: null };
    await must(desk, { verb: "key", body, by: [owner.signer] });
    await desk.control.feed.recordUsage([
      { organisation: acme, key: ours, model, tokens: 700, requests: 3 },
      { organisation: Name.parse("rival"), key: theirs, model, tokens: 987_654, requests: 321 },
    ]);
    const interval = await servedInterval(desk, site.board.release, [
      { key: ours, outcome: "blocked", why: "policy_blocked", input: "block:cyber" },
      { key: theirs, outcome: "refused", why: "quota_exhausted:requests" },
    ]);
    await desk.control.feed.recordInterval(interval.envelope, interval.drained);
    ids = interval.drained.map(({ id }) => id);
    receipt = interval.drained[0]?.text ?? "";
  });
  after(async () => {
    await site.close();
  });

  async function openPartner(path: string): Promise<SitePage> {
    const opened = await site.open("/healthz");
    const headers = { authorization: `Bearer ${secret.secret}`, [consoleHeader]: "1" };
    assert.equal((await opened.context.request.post(sessionRoutes.session, { headers })).status(), 200);
    await opened.page.goto(site.url + path);
    return opened;
  }

  test("shows its model, use, refusals and keys, how to connect, and nothing of anybody else", async () => {
    const opened = await openPartner("/partner");
    const { page } = opened;
    await page.getByRole("cell", { name: "served" }).waitFor();
    await page.getByRole("cell", { name: "policy_blocked" }).waitFor();
    await page.getByText(`${ours} · signed in here`).waitFor();
    await page.getByText("OPENAI_BASE_URL").waitFor();
    await page.getByRole("navigation").getByRole("link", { name: "Receipts", exact: true }).click();
    await page.locator("h2:focus", { hasText: "Receipts and their proofs" }).waitFor();
    await page.getByLabel("The receipt").fill(receipt);
    await page.getByRole("button", { name: "Check it" }).click();
    await page.getByText("This receipt holds: a gateway signed it, and it is in the ledger.").waitFor();
    await page.getByText("that this server names", { exact: false }).waitFor();
    assert.equal(await page.getByRole("button", { name: /Hold|Search/ }).count(), 0);
    assert.deepEqual(
      await page
        .getByRole("navigation")
        .getByRole("link", { name: /Home|Ledger|Settings/ })
        .all(),
      [],
    );
    const text = await page.content();
    for (const word of ["rival", theirs, "987,654", "987654", secret.hash, "quota_exhausted"])
      assert.ok(!text.includes(word), word);
    await checkPage(opened);
    await keepPictures(page, "partner");
  });

  test("has a frame of its own: an operator's address says whose it is, and offers nothing of it", async () => {
    const { page } = await openPartner("/settings");
    await page.getByText("This page is for people of the deployment").waitFor();
    await page.getByRole("link", { name: "Go to your organisation's own page" }).click();
    await page.getByRole("heading", { name: "Your access" }).waitFor();
    await page.goto(site.url);
    await page.getByRole("heading", { name: "Your access" }).waitFor();
  });

  test("explains its own request by id, and knows nothing of another's", async () => {
    const { page } = await openPartner("/partner");
    await page.getByLabel("Id", { exact: true }).fill(ids[0] ?? "");
    await page.getByRole("button", { name: "Explain" }).click();
    await page.getByText("stopped by a safeguard").waitFor();
    for (const id of [ids[1] ?? "", randomId("rcpt_", 24), '<img src=x onerror="alert(1)">']) {
      await page.getByLabel("Id", { exact: true }).fill(id);
      await page.getByRole("button", { name: "Explain" }).click();
      await page.getByText("Nothing of your keys has this id.").waitFor();
    }
  });

  test("is not a person's page", async () => {
    const { page } = await site.open("/partner", { as: site.owner });
    await page.getByText("This page is an organisation's own").waitFor();
  });
});
