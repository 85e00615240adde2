// What can be seen of a page as it stands: what axe finds, what moves, what is lost where less fits. Whoever asks has waited for the page.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Page } from "playwright-core";

const axeFile = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const axeText = readFileSync(axeFile, "utf8");
const idleMsMax = 5_000;

/** Two frames later, and the browser has nothing left to do. */
export async function drawn(page: Page): Promise<void> {
  await page.evaluate(
    async (timeout) =>
      new Promise((resolve) => {
        requestAnimationFrame(() => requestAnimationFrame(() => requestIdleCallback(resolve, { timeout })));
      }),
    idleMsMax,
  );
}

interface Finding {
  readonly id: string;
  readonly nodes: readonly string[];
}

/** Those of axe's rules that look at colours. */
export const colourRules = ["color-contrast", "link-in-text-block"];

export async function axeFindings(page: Page, rules?: readonly string[]): Promise<readonly Finding[]> {
  // By the driver, which the content policy of the page does not bind.
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(axeText);
  return page.evaluate(async (runOnly) => {
    const asked = { resultTypes: ["violations"], ...(runOnly === undefined ? {} : { runOnly }) };
    const { violations } = await window.axe.run(document, asked);
    return violations.map(({ id, nodes }) => ({ id, nodes: nodes.map(({ html }) => html) }));
  }, rules);
}

/** What moves by itself. */
export async function moving(page: Page): Promise<readonly string[]> {
  return page.evaluate(() =>
    document
      .getAnimations()
      .filter(({ playState }) => playState === "running")
      .map(({ effect }) => (effect instanceof KeyframeEffect ? (effect.target?.outerHTML ?? "") : "an animation")),
  );
}

interface Size {
  readonly width: number;
  readonly height: number;
}

/** A window of 1280 px at twice the size has room for 640: what the page says and offers is still there, and within reach. */
export async function lostWhenZoomed(page: Page): Promise<readonly string[]> {
  const before = await offered(page);
  return sized(page, { width: 640, height: 400 }, async () => {
    const after = await offered(page);
    const lost = before.filter((one) => !after.includes(one));
    return (await pixelsTooWide(page)) > 0 ? [...lost, "it scrolls sideways"] : lost;
  });
}

/** By how many pixels it would have to be scrolled sideways, in this window or in one of another size. */
export async function pixelsTooWide(page: Page, size?: Size): Promise<number> {
  if (size !== undefined) return sized(page, size, async () => pixelsTooWide(page));
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}

async function sized<T>(page: Page, size: Size, look: () => Promise<T>): Promise<T> {
  const before = page.viewportSize() ?? { width: 1280, height: 800 };
  await page.setViewportSize(size);
  await drawn(page);
  try {
    return await look();
  } finally {
    await page.setViewportSize(before);
  }
}

/** Headings, fields, buttons, links and cells of the page itself that are shown and that scrolling reaches. */
async function offered(page: Page): Promise<readonly string[]> {
  return page.evaluate(() => {
    return [...document.querySelectorAll("main :is(h1, h2, h3, a, button, input, select, textarea, th, td)")]
      .filter((element) => element.checkVisibility({ visibilityProperty: true, opacityProperty: true }))
      .filter((element) => {
        for (let around = element.parentElement; around !== null; around = around.parentElement)
          if (["auto", "scroll"].includes(getComputedStyle(around).overflowX)) return true;
        const { left, right } = element.getBoundingClientRect();
        return right > 0 && left < document.documentElement.clientWidth;
      })
      .map((element) => {
        if (element instanceof HTMLTableCellElement && element.localName === "td") return `column ${element.cellIndex}`;
        const name = element.textContent || (element.getAttribute("aria-label") ?? element.id);
        // Clocks go on.
        return `${element.localName} ${name.replaceAll(/\d+/g, "0")}`;
      });
  });
}

declare global {
  interface Window {
    axe: {
      readonly run: (
        root: unknown,
        options: object,
      ) => Promise<{
        readonly violations: readonly { readonly id: string; readonly nodes: readonly { readonly html: string }[] }[];
      }>;
    };
  }
}
