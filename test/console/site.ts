// A console to try pages in: a real control plane behind a real socket, with an owner, a safety lead, a model released to
// `trusted` and its evidence, and a real Chromium. Whoever is `as` a person has their key in the browser, as if made there.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { type Browser, type BrowserContext, type Page, chromium as driver } from "playwright-core";
import { signPass } from "../../src/acts/pass.ts";
import { consoleHeader, sessionRoutes } from "../../src/control/contract-session.ts";
import type { ControlOptions } from "../../src/control/core.ts";
import { readConsoleFiles } from "../../src/control/console-files.ts";
import { consoleFolder, keepConsoleBuilt } from "../../src/main/console-build.ts";
import { newSigner, signerFromSeed } from "../../src/proof/node.ts";
import { timestampOf } from "../../src/terms/ids.ts";
import type { Role } from "../../src/terms/role.ts";
import { type Desk, type Member, dropFolder, invite, must, openDesk, released } from "../flows/control-desk.ts";
import { chromium } from "./chromium.ts";

/** A person whose key can be put into a browser. */
export interface SitePerson extends Member {
  /** 32 bytes, base64. */
  readonly seed: string;
}

export interface Site {
  readonly desk: Desk;
  readonly url: string;
  readonly board: Awaited<ReturnType<typeof released>>;
  readonly owner: SitePerson;
  readonly safety: SitePerson;
  /** One more person, with a key for a browser. */
  readonly enrol: (role: Role) => Promise<SitePerson>;
  /** A page of a browser of its own: nothing of another page's keys or sessions is in it. */
  readonly open: (path: string, how?: Opening) => Promise<SitePage>;
  readonly close: () => Promise<void>;
}

export interface Opening {
  readonly as?: SitePerson;
  readonly theme?: "light" | "dark";
  readonly width?: number;
  readonly height?: number;
}

export interface SitePage {
  readonly page: Page;
  readonly context: BrowserContext;
  /** What the console or the browser complained of so far. */
  readonly complaints: readonly string[];
}

export async function openSite(control: Partial<ControlOptions> = {}): Promise<Site> {
  assert.ok(chromium !== undefined, "there is no Chromium: HEADGATE_CHROMIUM names one");
  await keepConsoleBuilt((text) => process.stderr.write(text));
  const files = readConsoleFiles(consoleFolder);
  assert.ok(files !== undefined, "the console could not be built");
  const desk = await openDesk({ control: { console: files, ...control } });
  const board = await released(desk);
  const enrol = async (role: Role): Promise<SitePerson> => enrolled(desk, role, [board.owner, board.safety]);
  const [owner, safety] = [await enrol("owner"), await enrol("safety")];
  const browser = await driver.launch({ executablePath: chromium, args: ["--no-sandbox"] });
  return {
    desk,
    url: desk.url,
    board,
    owner,
    safety,
    enrol,
    open: async (path, how = {}) => openPage({ desk, browser, path }, how),
    close: async () => {
      await browser.close();
      await desk.close();
      dropFolder(desk.folder);
    },
  };
}

async function enrolled(desk: Desk, role: Role, by: readonly Member[]): Promise<SitePerson> {
  const { act, seat, person } = await invite(desk, role, by);
  const { seed } = newSigner();
  const signer = signerFromSeed(seed);
  await must(desk, {
    verb: "admit",
    body: { person, key: signer.publicKey, invitation: act, madeIn: "browser" },
    by: [seat, signer],
  });
  return { person, role, signer, seed };
}

interface Where {
  readonly desk: Desk;
  readonly browser: Browser;
  readonly path: string;
}

async function openPage({ desk, browser, path }: Where, how: Opening): Promise<SitePage> {
  const context = await browser.newContext({
    viewport: { width: how.width ?? 1280, height: how.height ?? 800 },
    colorScheme: how.theme ?? "light",
    reducedMotion: "reduce",
    baseURL: desk.url,
  });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => {
    const isOwn = [desk.url, "blob:", "data:"].some((start) => request.url().startsWith(start));
    if (!isOwn) complaints.push(`a request to ${request.url()}`);
  });
  if (how.as !== undefined) {
    await putKey({ page, desk }, how.as);
    await signIn({ context, desk }, how.as);
  }
  await page.goto(path);
  return { page, context, complaints };
}

/** As console/signing keeps it: a key that no script reads, and the root that an invitation tells. */
async function putKey({ page, desk }: { readonly page: Page; readonly desk: Desk }, person: SitePerson): Promise<void> {
  await page.goto("/healthz");
  const { firstRoot } = desk.control.state;
  assert.ok(firstRoot !== undefined);
  const given = {
    deployment: desk.control.deployment,
    person: person.person,
    role: person.role,
    publicKey: person.signer.publicKey,
    pkcs8: [...privateKeyPrefix, ...Buffer.from(person.seed, "base64")],
    root: firstRoot,
  };
  await page.evaluate(async ({ pkcs8, root, ...key }) => {
    const privateKey = await crypto.subtle.importKey("pkcs8", new Uint8Array(pkcs8), "Ed25519", false, ["sign"]);
    const database = await new Promise<IDBDatabase>((resolve, reject) => {
      const asked = indexedDB.open("headgate", 1);
      asked.addEventListener("upgradeneeded", () => {
        for (const store of ["keys", "trust"]) asked.result.createObjectStore(store, { keyPath: "deployment" });
        asked.result.createObjectStore("batches", { keyPath: ["deployment", "from"] });
      });
      asked.addEventListener("success", () => {
        resolve(asked.result);
      });
      asked.addEventListener("error", () => {
        reject(new Error("no database"));
      });
    });
    const step = database.transaction(["keys", "trust"], "readwrite");
    step.objectStore("keys").put({ ...key, privateKey });
    step.objectStore("trust").put({ deployment: key.deployment, root, basis: "told", checkpoint: null });
    await new Promise((resolve) => {
      step.addEventListener("complete", resolve);
    });
    database.close();
  }, given);
}

/** A session as the sign-in page opens it: by a pass that the person's key signs. */
async function signIn(
  { context, desk }: { readonly context: BrowserContext; readonly desk: Desk },
  person: SitePerson,
): Promise<void> {
  const path = sessionRoutes.session;
  const at = timestampOf(desk.now());
  const pass = { deployment: desk.control.deployment, signer: person.signer.publicKey, method: "POST", path, at };
  const authorization = `Headgate ${await signPass(pass, person.signer)}`;
  const answer = await context.request.post(path, { headers: { authorization, [consoleHeader]: "1" } });
  assert.equal(answer.status(), 200, await answer.text());
}

/** DER around a raw Ed25519 key (RFC 8410). */
const privateKeyPrefix = [48, 46, 2, 1, 0, 48, 5, 6, 3, 43, 101, 112, 4, 34, 4, 32];

const axeFile = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

/** What every page keeps: nothing that axe finds, no complaint of the browser, no scrolling sideways at 320 px. */
export async function checkPage({ page, complaints }: SitePage): Promise<void> {
  await page.locator("h1").first().waitFor();
  const size = page.viewportSize() ?? { width: 1280, height: 800 };
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    await page.locator(`html[data-theme="${colorScheme}"]`).waitFor();
    await settled(page);
    const found = await axeFindings(page);
    // Colours that were just changed may be looked at half done; a barrier is there a second time.
    if (found.length > 0) await settled(page);
    assert.deepEqual(found.length > 0 ? await axeFindings(page) : [], [], `${colorScheme}: ${page.url()}`);
  }
  await page.setViewportSize({ width: 320, height: 640 });
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(wide <= 0, `${page.url()} is ${wide} px too wide for 320 px`);
  await page.setViewportSize(size);
  assert.deepEqual(complaints, []);
}

/** Two frames later. */
async function settled(page: Page): Promise<void> {
  await page.evaluate(
    async () =>
      new Promise((resolve) => {
        requestAnimationFrame(() => requestAnimationFrame(resolve));
      }),
  );
}

interface Finding {
  readonly id: string;
  readonly nodes: readonly string[];
}

async function axeFindings(page: Page): Promise<readonly Finding[]> {
  // By the driver, which the content policy of the page does not bind.
  await page.evaluate(readFileSync(axeFile, "utf8"));
  return page.evaluate(async () => {
    const { violations } = await window.axe.run(document, { resultTypes: ["violations"] });
    return violations.map(({ id, nodes }) => ({ id, nodes: nodes.map(({ html }) => html) }));
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
