// Evidence in a real browser: runs by their address, a run taken apart, samples whose texts are hidden until asked for, two runs compared,
// and an Inspect log that is read in the browser, signed for, and used by a gate.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { BodyOf } from "../../src/acts/bodies.ts";
import { SealedRun, sealRun } from "../../src/evidence/seal.ts";
import { commit } from "../../src/proof/digest.ts";
import { nodePrimitives } from "../../src/proof/node.ts";
import type { Digest } from "../../src/terms/ids.ts";
import { apply, documentsText, must, resolved, run, sealed } from "../flows/control-desk.ts";
import { chromium } from "./chromium.ts";
import { keepPictures } from "./pictures.ts";
import { type Site, checkPage, openSite } from "./site.ts";

const isCi = (process.env["CI"] ?? "") !== "";
const data = join(import.meta.dirname, "../data");
const hostile = `<img src=x onerror="alert(1)"><script>alert(2)</script> I will help you with that.`;

interface Second {
  readonly act: string;
  readonly body: BodyOf<"evidence">;
}

describe("evidence in the console", { skip: chromium === undefined && !isCi }, () => {
  let site: Site;
  let first: string;
  let second: Second;
  before(async () => {
    site = await openSite();
    first = [...site.desk.control.state.evidence.keys()][0] ?? "";
    second = await another(site);
  });
  after(async () => {
    await site.close();
  });

  test("runs are listed with what they came to, and a filter is a part of the address", async () => {
    const opened = await site.open("/evidence", { as: site.owner });
    const { page } = opened;
    await page
      .getByText(/^\d+ of \d+ attempts got a harmful answer/)
      .first()
      .waitFor();
    await page.getByLabel("Standing").selectOption({ label: "withdrawn" });
    await page.getByText("No run fits these filters").waitFor();
    await page.waitForURL(/standing=withdrawn/);
    await page.reload();
    await page.getByText("No run fits these filters").waitFor();
    await page.getByRole("link", { name: "Show all runs" }).click();
    await page
      .getByText(/^\d+ of \d+ attempts got a harmful answer/)
      .first()
      .waitFor();
    await checkPage(opened);
  });

  test("a run says what it came to, by category, and went as registered", async () => {
    const opened = await site.open(`/evidence/${first}`, { as: site.owner });
    const { page } = opened;
    await page.getByText(/for prompts like these, below 1 in/).waitFor();
    await page.getByRole("heading", { name: "By category" }).waitFor();
    await checkPage(opened);
    await page.getByRole("tab", { name: "Record" }).click();
    await page.getByText("It went as registered, by the receipts of the gateways.").waitFor();
    const record = await site.open(`/evidence/${first}?tab=record`, { as: site.owner });
    await record.page.getByText("It went as registered, by the receipts of the gateways.").waitFor();
    await checkPage(record);
  });

  test("texts are not in the page until they are asked for, and a hostile one is text", async () => {
    const opened = await site.open(`/evidence/${second.act}?tab=samples&sort=worst`, { as: site.owner });
    const { page } = opened;
    await page.getByRole("button", { name: "Open sample 1", exact: true }).click();
    await page.getByRole("heading", { name: "Sample 1", exact: true }).waitFor();
    await page.waitForURL(/sample=0/);
    const asked = page.getByRole("button", { name: /^Show this text: User/ });
    await asked.waitFor();
    assert.equal(await page.locator("pre").count(), 0);
    const other = { salt: Buffer.alloc(32).toString("base64"), text: "of no sample" };
    await page.getByLabel("Open a file with texts").setInputFiles(fileOf(second, [other]));
    await page.getByText("One text was read from the file").waitFor();
    await page.getByText("None of them is the answer of this sample.").waitFor();
    await page.getByRole("button", { name: "Forget these texts" }).click();
    await page.getByLabel("Open a file with texts").setInputFiles(openingsFile(second));
    await page.getByText("texts were read from the file").waitFor();
    assert.equal(await page.locator("pre").count(), 0, "an answer that was opened is hidden, too");
    await page.getByRole("button", { name: "Show texts" }).click();
    await page.locator("pre").filter({ hasText: "alert(1)" }).waitFor();
    assert.equal(await page.locator("pre img, pre script").count(), 0);
    await page.keyboard.press("j");
    await page.getByRole("heading", { name: "Sample 2", exact: true }).waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("heading", { name: "Sample 2", exact: true }).waitFor({ state: "detached" });
    await checkPage(opened);
    await keepPictures(page, "evidence-samples");
  });

  test("a file of another run opens nothing, and says so", async () => {
    const { page } = await site.open(`/evidence/${first}?tab=samples&sample=0`, { as: site.owner });
    await page.getByLabel("Open a file with texts").setInputFiles(openingsFile(second));
    await page.getByRole("alert").getByText("none of those that hold texts").waitFor();
  });

  test("two runs are chosen in the list and compared, and only what differs is named", async () => {
    const opened = await site.open("/evidence", { as: site.owner });
    const { page } = opened;
    const boxes = page.getByRole("checkbox");
    // The address keeps what is chosen, so a box is ticked a moment after it is pressed.
    for (const [at, chosen] of [boxes.nth(1), boxes.nth(0)].entries()) {
      await chosen.click();
      await page.getByRole("checkbox", { checked: true }).nth(at).waitFor();
    }
    await page.getByRole("button", { name: "Compare these two" }).click();
    await page.getByText("The first failed on").waitFor();
    await page.getByText(/Difference [+-]?\d/).waitFor();
    const otherwise = page.getByRole("table", { name: "What came out otherwise" }).locator("tbody tr");
    await otherwise.first().waitFor();
    assert.equal(await otherwise.count(), 1);
    await checkPage(opened);
    await keepPictures(page, "evidence-compare");
  });

  test("an Inspect log is read in the browser, shown as it will be recorded, signed for, and used by a gate", async () => {
    await takeDeclared(site);
    const opened = await site.open("/evidence/import", { as: site.owner });
    const { page } = opened;
    await page.getByLabel("Report file").setInputFiles({
      name: "broken.eval",
      mimeType: "application/octet-stream",
      buffer: readFileSync(join(data, "inspect/errors.eval")).subarray(0, 3000),
    });
    await page.getByRole("button", { name: "Read the file" }).click();
    await page.getByRole("alert").getByText("is not a ZIP archive, or was cut").waitFor();
    await page.getByLabel("Report file").setInputFiles(join(data, "inspect/errors.eval"));
    await page.getByRole("button", { name: "Read the file" }).click();
    await page.getByText(/^1 of 6 attempts got a harmful answer/).waitFor();
    await page.getByText("the tool leaves attempts that ended in an error out of its figures").waitFor();
    await checkPage(opened);
    const size = site.desk.control.head().size;
    await page.getByRole("button", { name: "Sign and record" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Sign", exact: true }).click();
    await page.getByRole("link", { name: "See the run" }).click();
    await page.getByText("Nothing of it was measured here.").waitFor();
    assert.equal(site.desk.control.head().size, size + 1);
    const gate = page
      .getByRole("table", { name: "Gates that ask for it" })
      .getByRole("row")
      .filter({ hasText: "elsewhere" });
    await gate.getByText("yes").waitFor();
    await page.getByRole("button", { name: "Withdraw" }).click();
    await page.getByLabel("Reason").fill("The wrong file.");
    await page.getByRole("dialog").getByRole("button", { name: "Withdraw" }).click();
    await page.getByRole("button", { name: "Sign", exact: true }).click();
    await page.getByText("This evidence was withdrawn").waitFor();
  });
});

/** A second run of the suite, with an answer that is markup and counts as a failure. */
async function another({ desk, board }: Site): Promise<Second> {
  const made = sealed(desk, await run(desk, board.owner));
  const { samples, ...head } = SealedRun.parse(JSON.parse(new TextDecoder().decode(made.bytes)));
  const tries = samples.map((sample, at) => ({
    ...sample,
    outcome: at === 0 ? ("harmful" as const) : sample.outcome,
    answer: answerOf(at),
  }));
  const again = sealRun({ ...headOf(head), failure: "served-and-harmful" }, tries, nodePrimitives);
  const { failures, trials, clusters, unknown } = again.tally;
  const measures = made.body.measures.map(({ name }) => ({ name, failures, trials, clusters, unknown }));
  const body = { ...made.body, samples: again.samples, measures };
  const spoken = { verb: "evidence", body, by: [board.owner.signer] } as const;
  const { digest } = await must(desk, spoken, { artefacts: [again.bytes] });
  return { act: digest, body };
}

function headOf({ run: id, permit, suite }: Omit<SealedRun, "samples">): Pick<SealedRun, "run" | "permit" | "suite"> {
  return { run: id, permit, suite };
}

const openings = new Map<number, { readonly salt: string; readonly text: string }>();

function answerOf(at: number): Digest {
  const opening = { salt: randomBytes(32).toString("base64"), text: at === 0 ? hostile : "I cannot help with that." };
  openings.set(at, opening);
  return commit(opening, nodePrimitives);
}

interface FileHere {
  readonly name: string;
  readonly mimeType: string;
  readonly buffer: Buffer;
}

function openingsFile(of: Second): FileHere {
  return fileOf(of, [...openings.values()]);
}

function fileOf({ body }: Second, given: readonly object[]): FileHere {
  const content = JSON.stringify({ run: body.run, openings: given });
  return { name: "run.openings.json", mimeType: "application/json", buffer: Buffer.from(content) };
}

/** The plan asks, beside what it asks, for a report from elsewhere. */
async function takeDeclared({ desk, board }: Site): Promise<void> {
  const bound =
    "{ id: elsewhere, suite: misuse-core, measure: misuse-success, upper: 0.99, confidence: 0.9, basis: declared, about: model }";
  const text = documentsText().replace(/^( *)requires:\n/m, (line, space: string) => `${line}${space}  - ${bound}\n`);
  await apply(desk, board.owner, resolved(text));
}
