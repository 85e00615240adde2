// The ledger in a real browser: searched, filtered, paged by its address; an entry whose proof is checked there, and is shown as
// failed where one byte of what the server gives is another; a receipt of a real interval, and one that was changed.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { z } from "zod";
import { LedgerProof, checkLedgerProof } from "../../src/acts/ledger-proof.ts";
import { openReceipt } from "../../src/acts/receipt.ts";
import { openStatement } from "../../src/acts/statement.ts";
import { nodePrimitives, randomId } from "../../src/proof/node.ts";
import { HoldId } from "../../src/terms/ids.ts";
import { type Run, committed, exchange, hold, model, must, run } from "../flows/control-desk.ts";
import { chromium } from "./chromium.ts";
import { type Site, type SitePage, checkPage, openSite } from "./site.ts";

const isCi = (process.env["CI"] ?? "") !== "";
const hostile = `<img src=x onerror="document.title='hacked'"> ran away`;

describe("the ledger in a browser", { skip: chromium === undefined && !isCi }, () => {
  let site: Site;
  let ran: Run;
  let held: HoldId;
  before(async () => {
    site = await openSite();
    ran = await run(site.desk, site.board.owner);
    held = HoldId.parse(randomId("hold_", 16));
    const reason = committed(hostile);
    const body = { hold: held, scope: { kind: "model", model }, reason: reason.digest } as const;
    await must(site.desk, { verb: "hold", body, by: [site.board.safety.signer] }, { openings: [reason.opening] });
  });
  after(async () => {
    await site.close();
  });

  test("one search finds an act, its address shows it again, and folded intervals open into their entries", async () => {
    const opened = await site.open("/ledger", { as: site.owner });
    const { page } = opened;
    await page.getByRole("searchbox", { name: "Search the ledger" }).fill(held);
    await page.getByRole("button", { name: "Search", exact: true }).click();
    await page.waitForURL(`**/ledger?q=${held}`);
    await page.getByText("1 entry names this.").waitFor();
    await page.reload();
    await page.getByText("1 entry names this.").waitFor();
    assert.equal(await page.getByRole("searchbox", { name: "Search the ledger" }).inputValue(), held);
    await page.getByRole("combobox", { name: "Kind of act" }).selectOption("certificate");
    await page.getByText("Nothing in the ledger fits").waitFor();
    await page.getByRole("button", { name: "Show everything" }).click();
    for (let at = 0; at < 2; at += 1) await exchange(site.desk, ran.permit, [ran.permit.digests.suite]);
    await page.getByText(/receipts in 2 intervals/).waitFor();
    await checkPage(opened);
    await page
      .getByRole("row", { name: /in 2 intervals/ })
      .getByRole("link")
      .click();
    await page.waitForURL("**/ledger?verb=receipts*");
    await page.getByText("Logs 1 receipts of interval", { exact: false }).first().waitFor();
  });

  test("hostile searches find nothing and are shown as text", async () => {
    const { page, complaints } = await site.open(`/ledger?q=${encodeURIComponent(hostile)}`, { as: site.owner });
    await page.getByText("Nothing in the ledger fits").waitFor();
    await page.getByRole("textbox", { name: "From" }).fill("yesterday");
    await page.getByText("Write a day as 2026-11-30.").waitFor();
    assert.deepEqual(complaints, []);
  });

  test("an entry's proof is checked here, each step said, and what it says is text", async () => {
    const index = await indexOf(held);
    const opened = await site.open(`/ledger/${index}`, { as: site.owner });
    const { page } = opened;
    await page.getByText(/stands in the ledger of \d+ entries/).waitFor();
    for (const step of ["Signatures", "Subject", "Leaf", "Trust root", "Checkpoint", "Inclusion"])
      await stepSays(opened, step, "holds");
    await stepSays(opened, "Consistency", "not checked");
    await stepSays(opened, "Witnesses", "not checked");
    await page.getByText("ran away", { exact: false }).waitFor();
    await checkPage(opened);
    assert.doesNotMatch(await page.title(), /hacked/);
    await hold(site.desk, site.board.safety);
    await page.reload();
    await page.getByText(/stands in the ledger/).waitFor();
    await stepSays(opened, "Consistency", "holds");

    const saved = page.waitForEvent("download");
    await page.getByRole("button", { name: "Save the proof" }).click();
    const proof = LedgerProof.parse(JSON.parse(readFileSync((await (await saved).path()) ?? "", "utf8")));
    const { origin, key } = site.desk.control.state.root?.body.log ?? never();
    const { entry } = await checkLedgerProof(proof, { name: origin, publicKey: key }, nodePrimitives);
    assert.equal(entry?.index, index);
  });

  test("the release card is saved from a certificate's entry, and checks itself where there is no network", async () => {
    const index = site.desk.control.state.certificates.get(model)?.at(-1)?.index;
    const { page, context } = await site.open(`/ledger/${index}`, { as: site.owner });
    const [download] = await Promise.all([
      page.waitForEvent("download", { timeout: 60_000 }),
      page.getByRole("button", { name: "Save the release card" }).click(),
    ]);
    assert.match(download.suggestedFilename(), /^prop_[0-9a-f]{16}\.card\.html$/);
    const file = join(site.desk.folder, "saved.card.html");
    await download.saveAs(file);
    const browser = context.browser();
    assert.ok(browser !== null);
    const alone = await browser.newContext({ offline: true });
    const card = await alone.newPage();
    await card.goto(pathToFileURL(file).href);
    await card.locator("#check.right").getByText("Checked in this browser:").waitFor();
    await alone.close();
  });

  test("one byte changed on the wire is shown as failed, loudly, and by the step that it breaks", async () => {
    const index = await indexOf(held);
    const changes: readonly { readonly member: string; readonly step: string }[] = [
      { member: "envelope", step: "Signatures" },
      { member: "leaf", step: "Leaf" },
      { member: "inclusion", step: "Inclusion" },
      { member: "checkpoint", step: "Checkpoint" },
      { member: "growth", step: "Consistency" },
    ];
    const opened = await site.open(`/ledger/${index}`, { as: site.owner });
    const { page } = opened;
    await page.getByText(/stands in the ledger/).waitFor();
    for (const { member, step } of changes) {
      await hold(site.desk, site.board.safety);
      await page.route(`**/api/v1/ledger/${index}*`, async (route) => {
        const answer = await route.fetch();
        const json = z.record(z.string(), z.unknown()).parse(await answer.json());
        await route.fulfill({ response: answer, json: { ...json, [member]: changed(json[member], member) } });
      });
      await page.reload();
      await page.getByText("DOES NOT HOLD. Take nothing on this page as recorded.").waitFor();
      await stepSays(opened, step, "does not fit");
      assert.equal(await page.getByText(/stands in the ledger of/).count(), 0, member);
      await page.unroute(`**/api/v1/ledger/${index}*`);
    }
    await page.reload();
    await page.getByText(/stands in the ledger/).waitFor();
  });

  test("a row edited in the database is shown as failed, and the list says that it cannot be read", async () => {
    const index = await indexOf(held);
    const [entry] = await rowsAt(index);
    const bytes = entry ?? never();
    const { digest } = await openStatement(bytes, nodePrimitives);
    const edited = new Uint8Array(bytes);
    edited[60] = edited[60] === 0x41 ? 0x42 : 0x41;
    await write(edited, digest);
    const { page } = await site.open(`/ledger?verb=hold`, { as: site.owner });
    await page.getByText("The store no longer gives this entry as it was recorded.", { exact: false }).waitFor();
    await page.goto(`/ledger/${index}`);
    await page.getByText("DOES NOT HOLD. Take nothing on this page as recorded.").waitFor();
    await write(bytes, digest);
  });

  test("a receipt is checked as `receipt verify` does; one that was changed does not hold", async () => {
    const text = (await site.desk.control.feed.receipt(ran.receipts[0] ?? never())) ?? never();
    const opened = await site.open("/ledger", { as: site.owner });
    const { page } = opened;
    await page.getByRole("searchbox", { name: "Search the ledger" }).fill(`x-headgate-receipt: ${text}`);
    await page.getByRole("button", { name: "Search", exact: true }).click();
    await page.getByText("This receipt holds: a gateway signed it, and it is in the ledger.").waitFor();
    await page.getByText("A safeguard stopped it.").waitFor();
    await checkPage(opened);
    const at = text.length - 8;
    const other = text.slice(0, at) + (text[at] === "A" ? "B" : "A") + text.slice(at + 1);
    await page.goto(`/ledger?receipt=${other}`);
    await page.getByText("THIS RECEIPT DOES NOT HOLD.").waitFor();
    await stepSays(opened, "In the ledger", "not checked");
    const { receipt } = await openReceipt(text, nodePrimitives);
    await page.goto(`/ledger?receipt=${receipt.id}`);
    await page.getByText("1 entry names this.").waitFor();
    assert.equal(await page.getByText("DOES NOT HOLD").count(), 0, "an id alone is looked for, not judged");
  });

  async function indexOf(id: HoldId): Promise<number> {
    return site.desk.control.state.holds.get(id)?.index ?? never();
  }

  async function rowsAt(index: number): Promise<readonly Uint8Array[]> {
    const rows = await site.desk.database.query(
      "SELECT e.bytes AS bytes FROM ledger_leaf l JOIN envelope e ON e.digest = l.statement WHERE l.idx = ?",
      [index],
    );
    return rows.map(({ bytes }) => (bytes instanceof Uint8Array ? bytes : never()));
  }

  async function write(bytes: Uint8Array, act: string): Promise<void> {
    await site.desk.database.transaction(async (transaction) => {
      await transaction.query("UPDATE envelope SET bytes = ? WHERE act = ?", [bytes, act]);
    });
  }
});

async function stepSays({ page }: SitePage, name: string, outcome: string): Promise<void> {
  const step = page.getByRole("listitem").filter({ hasText: name }).first();
  await step.filter({ hasText: outcome }).waitFor();
}

/** One character of it, another one. */
function changed(value: unknown, member: string): unknown {
  if (typeof value === "string") return swapped(value, member === "checkpoint" ? value.length - 12 : 60);
  if (Array.isArray(value)) return [swapped(String(value[0]), 5), ...value.slice(1).map(String)];
  if (typeof value !== "object" || value === null || !("path" in value)) return value;
  return { ...value, path: changed(value.path, member) };
}

function swapped(text: string, at: number): string {
  return text.slice(0, at) + (text[at] === "A" ? "B" : "A") + text.slice(at + 1);
}

function never(): never {
  throw new Error("it is there");
}
