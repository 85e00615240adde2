// Pictures of a page in both themes, kept in docs/screens where HEADGATE_SCREENS=1 asks for them, and else not taken.
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Page } from "playwright-core";

export const keeps = (process.env["HEADGATE_SCREENS"] ?? "") !== "";
export const themes = ["light", "dark"] as const;
const heightMax = 1_400;
const folder = join(dirname(dirname(import.meta.dirname)), "docs", "screens");

export async function keepPictures(page: Page, name: string): Promise<void> {
  if (!keeps) return;
  mkdirSync(folder, { recursive: true });
  for (const theme of themes) {
    await inTheme(page, theme);
    await picture(page, `${name}-${theme}.png`);
  }
}

export async function inTheme(page: Page, theme: (typeof themes)[number]): Promise<void> {
  await page.emulateMedia({ colorScheme: theme });
  await page.locator(`html[data-theme="${theme}"]`).waitFor();
}

/** The page from its top, as far down as a reader of the docs wants to see it. */
async function picture(page: Page, name: string): Promise<void> {
  const height = await page.evaluate(() => document.documentElement.scrollHeight);
  const clip = { x: 0, y: 0, width: 1280, height: Math.min(height, heightMax) };
  await page.screenshot({ path: join(folder, name), fullPage: true, clip });
}
