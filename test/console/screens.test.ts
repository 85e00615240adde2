// Every page as people see it, in light and dark: it comes up for a person of the deployment, complains of nothing and does not scroll
// sideways. With HEADGATE_SCREENS=1 its picture is kept in docs/screens, and with HEADGATE_SCREENS_LINK, a sign-in link as a demo
// prints it, the pictures are of that deployment. What axe finds is asked in each page's own test;
// of pages that only such a test comes to, the pictures are taken there.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type Page, chromium as driver } from "playwright-core";
import { pages } from "../../console/app/pages.ts";
import { model } from "../flows/control-desk.ts";
import { chromium } from "./chromium.ts";
import { pixelsTooWide } from "./page-checks.ts";
import { inTheme, keepPictures, keeps, themes } from "./pictures.ts";
import { type Site, checkPage, openSite, settling } from "./site.ts";

const isCi = (process.env["CI"] ?? "") !== "";
const link = process.env["HEADGATE_SCREENS_LINK"];
/** Beside those of the sidebar. */
const more = [
  `/release/${model}`,
  "/ledger/3",
  "/policy/safeguards",
  "/policy/try",
  "/evidence/import",
  "/waiting",
  "/sign-in",
  "/nowhere",
];
/** Pages that the first row of a list leads to. */
const firsts = [
  { of: "/evidence", name: "evidence-run" },
  { of: "/organisations", name: "organisations-one" },
];

describe("every page of the console", { skip: chromium === undefined && !isCi }, () => {
  let site: Site;
  before(async () => {
    site = await openSite();
  });
  after(async () => {
    await site.close();
  });

  test("comes up in light and dark", async () => {
    const opened = await site.open("/", { as: site.safety });
    const { page, complaints } = opened;
    await look(page, async (name) => {
      assert.deepEqual(complaints, [], name);
      // These two have no test of their own.
      if (["release", "nowhere"].includes(name)) await checkPage(opened);
      if (link === undefined) await keepPictures(page, name);
    });
  });
});

if (keeps && link !== undefined)
  test("the pictures of the deployment whose link is given", async () => {
    assert.ok(chromium !== undefined, "there is no Chromium: HEADGATE_CHROMIUM names one");
    const browser = await driver.launch({ executablePath: chromium, args: ["--no-sandbox"] });
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, reducedMotion: "reduce" });
    await page.goto(link);
    await page.getByRole("button", { name: "Make a key here and sign in" }).click();
    await page.waitForURL((url) => url.pathname === "/");
    const { origin } = new URL(page.url());
    await look(page, async (name) => keepPictures(page, name), origin);
    await browser.close();
  });

/** Goes to every page and says its name once it stands there, in both themes. */
async function look(page: Page, seen: (name: string) => Promise<void>, origin = ""): Promise<void> {
  const settled = settling(page);
  const stands = async (name: string): Promise<void> => {
    await page.locator("h1").first().waitFor();
    for (const theme of themes) {
      await inTheme(page, theme);
      await settled();
      const wide = await pixelsTooWide(page);
      assert.ok(wide <= 0, `${name} is ${wide} px too wide in ${theme}`);
    }
    await seen(name);
  };
  for (const path of [...pages.map(({ to }) => to), ...more]) {
    await page.goto(`${origin}${path}`);
    await stands(path === "/" ? "home" : path.slice(1).replaceAll("/", "-"));
  }
  for (const { of, name } of firsts) {
    await page.goto(`${origin}${of}`);
    await page.locator("main tbody a").first().click();
    await page.waitForURL(`**${of}/**`);
    await stands(name);
  }
}
