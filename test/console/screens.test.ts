// Every page as people see it, in light and dark: it comes up for a person of the deployment, complains of nothing and does not scroll
// sideways. With HEADGATE_SCREENS=1 its picture is kept in docs/screens. What axe finds is asked in each page's own test.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Page } from "playwright-core";
import { pages } from "../../console/app/pages.ts";
import { model } from "../flows/control-desk.ts";
import { chromium } from "./chromium.ts";
import { type Site, openSite } from "./site.ts";

const isCi = (process.env["CI"] ?? "") !== "";
const keeps = (process.env["HEADGATE_SCREENS"] ?? "") !== "";
const idleMsMax = 3_000;
const heightMax = 1_400;
/** Beside those of the sidebar. */
const more = [
  "/ledger/3",
  "/policy/safeguards",
  "/policy/try",
  "/evidence/import",
  "/partner",
  "/waiting",
  "/sign-in",
  "/nowhere",
];
const folder = join(dirname(dirname(import.meta.dirname)), "docs", "screens");

describe("every page of the console", { skip: chromium === undefined && !isCi }, () => {
  let site: Site;
  before(async () => {
    site = await openSite();
    if (keeps) mkdirSync(folder, { recursive: true });
  });
  after(async () => {
    await site.close();
  });

  for (const theme of ["light", "dark"] as const) {
    test(`comes up in ${theme}`, async () => {
      const { page, complaints } = await site.open("/", { as: site.safety, theme });
      const paths = [...pages.map(({ to }) => to), `/release/${model}`, ...more];
      for (const path of paths) {
        await page.goto(path);
        await page.locator("h1").first().waitFor();
        // A page that asks every second may never be idle.
        await page.waitForLoadState("networkidle", { timeout: idleMsMax }).catch(() => undefined);
        const wide = await page.evaluate(
          () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
        );
        assert.ok(wide <= 0, `${path} is ${wide} px too wide`);
        assert.deepEqual(complaints, [], path);
        const name = path === "/" ? "home" : path.slice(1).replaceAll("/", "-");
        if (keeps) await picture(page, `${name}-${theme}.png`);
      }
    });
  }
});

/** The page from its top, as far down as a reader of the docs wants to see it. */
async function picture(page: Page, name: string): Promise<void> {
  const height = await page.evaluate(() => document.documentElement.scrollHeight);
  const clip = { x: 0, y: 0, width: 1280, height: Math.min(height, heightMax) };
  await page.screenshot({ path: join(folder, name), fullPage: true, clip });
}
