// From an empty deployment to a certificate: a real server and the command line, and two persons, each in a browser of their own. The
// server is stopped and started again under the open pages.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type Browser, type Page, chromium as driver } from "playwright-core";
import { z } from "zod";
import { keepConsoleBuilt } from "../../src/main/console-build.ts";
import { type Served, serveIn } from "../flows/served.ts";
import { type Mock, startMock } from "../upstream-mock/server.ts";
import { chromium } from "./chromium.ts";

const isCi = (process.env["CI"] ?? "") !== "";
const skip = chromium === undefined && !isCi;
const waitMsMax = 60_000;
const folder = mkdtempSync(join(tmpdir(), "headgate-first-run-"));
const ada = join(folder, "ada.json");
const itemCount = 20;
let mock: Mock;
let served: Served;
let browser: Browser;

const documents = (upstream: number): string => `kind: Model
name: small
upstream: { dialect: openai-chat, url: "http://127.0.0.1:${upstream}/v1", model: mock }
identity: { basis: declared }
---
kind: Organisation
name: acme
type: partner
country: DE
purpose: Trying
grants: [ { model: small, stage: trusted, scopes: [], requestsPerMinute: 600, tokensPerDay: 100000, expiresInDays: 30 } ]
---
kind: Suite
name: everyday
items: everyday.jsonl
answerTokens: 32
measure: { name: false-refusal, failure: refused, cluster: id }
---
kind: Safeguards
name: default
chain:
  - { safeguard: patterns@1, on: [input, output], patterns: [ { name: beasts, category: weapons, words: [zebra] } ] }
---
kind: UsagePolicy
name: default
categories: []
---
kind: ReleasePlan
model: small
safeguards: default
policy: default
stages:
  - stage: trusted
    audience: { types: [partner] }
    requires:
      - { id: everyday, suite: everyday, measure: false-refusal, upper: 0.2, confidence: 0.9 }
      - { id: board, signOffs: [ { role: owner, count: 1 }, { role: safety, count: 1 } ] }
    certificate: { validDays: 30 }
`;

before(async () => {
  if (skip) return;
  assert.ok(chromium !== undefined, "there is no Chromium: HEADGATE_CHROMIUM names one");
  await keepConsoleBuilt((text) => process.stderr.write(text));
  mock = await startMock();
  served = await serveIn(folder);
  browser = await driver.launch({ executablePath: chromium, args: ["--no-sandbox"], timeout: waitMsMax });
  writeFileSync(join(folder, "all.yaml"), documents(mock.port));
  const items = Array.from({ length: itemCount }, (_, at) =>
    JSON.stringify({ id: `item-${at}`, text: `What is thing ${at} for?`, category: "everyday" }),
  );
  writeFileSync(join(folder, "everyday.jsonl"), items.join("\n"));
});
after(async () => {
  if (skip) return;
  await browser.close();
  await served.stop();
  await mock.close();
  rmSync(folder, { recursive: true });
});

async function openBrowser(): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, reducedMotion: "reduce" });
  const page = await context.newPage();
  page.setDefaultTimeout(waitMsMax);
  return page;
}

async function enter(page: Page, link: string, role: string): Promise<void> {
  await page.goto(link);
  await page.getByRole("button", { name: "Make a key here and sign in" }).click();
  await page.getByRole("link", { name: new RegExp(`· ${role}$`) }).waitFor();
}

async function sign(page: Page, name: string): Promise<void> {
  const dialog = page.getByRole("dialog").last();
  await dialog.getByText(/you sign/).waitFor();
  await dialog.getByRole("button", { name, exact: true }).click();
  await page
    .getByRole("link", { name: /^Recorded as entry/ })
    .last()
    .waitFor();
  await page.keyboard.press("Escape");
}

async function signFor(page: Page): Promise<void> {
  await page.goto(new URL("/release/small", page.url()).href);
  await page.getByRole("button", { name: "Sign for it", exact: true }).click();
  await page.getByLabel("Reason").fill("It was measured.");
  await page.getByRole("button", { name: "Go on to signing" }).click();
  await sign(page, "Sign for it");
}

test("from nothing to a certificate that two persons signed, each in a browser, over a restart", { skip }, async () => {
  await served.must(z.unknown(), "init", "--name", "Ada", "--profile", ada);
  const { link } = await served.must(z.object({ link: z.string() }), "person", "link", "--profile", ada);
  const owner = await openBrowser();
  await enter(owner, link, "owner");
  await owner.getByText("From nothing to a request served").waitFor();

  await owner.goto(new URL("/settings", owner.url()).href);
  await owner.getByRole("button", { name: "Invite a person" }).click();
  await owner.getByLabel("Name", { exact: true }).fill("Bo");
  await owner.getByLabel("Role", { exact: true }).selectOption("safety");
  await owner.getByRole("button", { name: "Go on" }).click();
  await owner.getByRole("button", { name: "Sign", exact: true }).last().click();
  const shown = owner.getByRole("dialog", { name: "The invitation, shown this once" });
  const invitation = (await shown.locator("pre").first().textContent()) ?? "";
  await shown.getByRole("button", { name: "I have copied it" }).click();
  const safety = await openBrowser();
  await enter(safety, invitation, "safety");

  await served.must(z.unknown(), "apply", "-f", join(folder, "all.yaml"), "--profile", ada);
  await served.must(z.unknown(), "eval", "run", "everyday", "--model", "small", "--profile", ada);
  await owner.goto(new URL("/release/small", owner.url()).href);
  await owner.getByText(`0 of ${itemCount} attempts were refused`).first().waitFor();
  await owner.getByRole("button", { name: "Propose a stage" }).click();
  await owner.getByLabel("Stage", { exact: true }).selectOption("trusted");
  await owner.getByLabel("Reason").fill("It is ready for the first partner.");
  await owner.getByRole("button", { name: "Go on to signing" }).click();
  await sign(owner, "Sign");
  await signFor(owner);

  const { controlPlane } = served;
  await served.stop();
  const gone = "The server does not answer. What you see may be old; this page goes on by itself when it is back.";
  await owner.getByText(gone).waitFor();
  served = await serveIn(folder, { controlPort: new URL(controlPlane).port });
  await owner.getByText(gone).waitFor({ state: "detached" });

  await signFor(safety);
  await owner.getByText("No sign-off is missing; an owner can advance it.").waitFor();
  await owner.getByRole("button", { name: "Advance", exact: true }).click();
  await sign(owner, "Advance");
  await owner.getByText(/^Open at trusted since/).waitFor();
  await safety.getByText(/^Open at trusted since/).waitFor();
});
