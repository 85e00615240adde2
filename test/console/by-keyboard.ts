// A page by keyboard alone: Tab until the focus is on what is wanted, which shows that it is; then a press. With HEADGATE_SCREENS=1 each
// step leaves a picture in docs/screens/keyboard.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Locator, Page } from "playwright-core";

const tabsMax = 200;
const keeps = (process.env["HEADGATE_SCREENS"] ?? "") !== "";
const folder = join(dirname(dirname(import.meta.dirname)), "docs", "screens", "keyboard");

export interface Keyboard {
  /** Goes on by Tab until it has the focus, and keeps a picture. */
  readonly to: (wanted: Locator) => Promise<void>;
  /** The same, and a press on it. */
  readonly press: (wanted: Locator, key?: string) => Promise<void>;
  /** Keys as they come, where the focus is. */
  readonly keys: (...keys: readonly string[]) => Promise<void>;
  readonly type: (text: string) => Promise<void>;
  /** A picture of what stands there. */
  readonly picture: (name: string) => Promise<void>;
}

export function keyboardOf(page: Page): Keyboard {
  let pictures = 0;

  async function to(wanted: Locator): Promise<void> {
    await wanted.waitFor();
    for (let tabs = 0; !(await hasFocus(wanted)); tabs += 1) {
      assert.ok(tabs < tabsMax, `no Tab leads to ${String(wanted)} on ${page.url()}`);
      await page.keyboard.press("Tab");
    }
    assert.notEqual(await outlineOf(wanted), "none", `the focus on ${String(wanted)} is not to be seen`);
  }

  return {
    to,
    press: async (wanted, key = "Enter") => {
      await to(wanted);
      await page.keyboard.press(key);
    },
    keys: async (...keys) => {
      for (const key of keys) await page.keyboard.press(key);
    },
    type: async (text) => page.keyboard.type(text),
    picture: async (name) => {
      pictures += 1;
      if (!keeps) return;
      mkdirSync(folder, { recursive: true });
      await page.screenshot({ path: join(folder, `${pictures}-${name}.jpg`), type: "jpeg", quality: 60 });
    },
  };
}

async function hasFocus(wanted: Locator): Promise<boolean> {
  return wanted.evaluate((element) => element === document.activeElement);
}

async function outlineOf(wanted: Locator): Promise<string> {
  return wanted.evaluate((element) => getComputedStyle(element).outlineStyle);
}
