// A console to try pages in: a real control plane behind a real socket, with an owner, a safety lead, a model released to
// `trusted` and its evidence, and a real Chromium. Whoever is `as` a person has their key in the browser, as if made there.
import assert from "node:assert/strict";
import { type Browser, type BrowserContext, type Page, type Request, chromium as driver } from "playwright-core";
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
import { axeFindings, colourRules, drawn, lostWhenZoomed, moving, pixelsTooWide } from "./page-checks.ts";

/** How many times slower than this machine the browser is made to work; tests that hold at 8 hold on a slow machine. */
const slowness = Number(process.env["HEADGATE_TEST_SLOW"] ?? "1");
/** For a machine that is far slower and busy with other things: what never comes is found out late. */
const waitMsMax = 60_000;
const latencyMs = 20;

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
  /** Somebody's browser at a page: the one they had before, unless a fresh one is asked for, or else one of nobody's. */
  readonly open: (path: string, how?: Opening) => Promise<SitePage>;
  readonly close: () => Promise<void>;
}

export interface Opening {
  readonly as?: SitePerson;
  readonly theme?: "light" | "dark";
  readonly width?: number;
  readonly height?: number;
  /** Nothing that was kept in a browser before is in it. Always so where a theme or a size is asked for. */
  readonly isFresh?: boolean;
}

export interface SitePage {
  readonly page: Page;
  readonly context: BrowserContext;
  /** What the console or the browser complained of so far. */
  readonly complaints: readonly string[];
  /** Once nothing is asked of the server and nothing is left to draw. */
  readonly settled: () => Promise<void>;
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
  const browser = await driver.launch({ executablePath: chromium, args: ["--no-sandbox"], timeout: waitMsMax });
  const had = new Map<string, SitePage>();
  return {
    desk,
    url: desk.url,
    board,
    owner,
    safety,
    enrol,
    open: async (path, how = {}) => {
      const { as, ...more } = how;
      if (as === undefined || Object.keys(more).length > 0) return openPage({ desk, browser, path }, how);
      const before = had.get(as.person);
      const opened =
        before === undefined ? await openPage({ desk, browser, path }, how) : await goTo(before, desk, path);
      had.set(as.person, opened);
      return opened;
    },
    close: async () => {
      const pages = browser.contexts().flatMap((context) => context.pages());
      for (const page of pages) await page.unrouteAll({ behavior: "ignoreErrors" });
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
  context.setDefaultTimeout(waitMsMax);
  const page = await context.newPage();
  if (slowness > 1) await slowDown(page);
  const complaints = complaintsOf(page, desk.url);
  const settled = settling(page);
  if (how.as !== undefined) {
    await putKey({ page, desk }, how.as);
    await signIn({ context, desk }, how.as);
  }
  await page.goto(path);
  return { page, context, complaints, settled };
}

/** From one page to another in the same browser, which has the scripts already: most of what opening a page costs is saved. */
async function goTo(before: SitePage, desk: Desk, path: string): Promise<SitePage> {
  const { page } = before;
  await page.unrouteAll({ behavior: "ignoreErrors" });
  await page.goto("about:blank");
  await page.emulateMedia({ colorScheme: "light" });
  const complaints = complaintsOf(page, desk.url);
  await page.goto(path);
  return { ...before, complaints };
}

async function slowDown(page: Page): Promise<void> {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Emulation.setCPUThrottlingRate", { rate: slowness });
  const speed = { offline: false, latency: latencyMs * slowness, downloadThroughput: -1, uploadThroughput: -1 };
  await devtools.send("Network.enable");
  await devtools.send("Network.emulateNetworkConditions", speed);
}

function complaintsOf(page: Page, url: string): readonly string[] {
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => {
    const isOwn = [url, "blob:", "data:"].some((start) => request.url().startsWith(start));
    if (!isOwn) complaints.push(`a request to ${request.url()}`);
  });
  return complaints;
}

/** Minds what this page asks for from here on. */
export function settling(page: Page): SitePage["settled"] {
  const asked = new Set<Request>();
  page.on("request", (request) => asked.add(request));
  page.on("requestfinished", (request) => asked.delete(request));
  page.on("requestfailed", (request) => asked.delete(request));
  return async () => {
    const end = Date.now() + waitMsMax;
    do {
      assert.ok(Date.now() < end, `still asked for: ${[...asked].map((request) => request.url()).join()}`);
      await drawn(page);
    } while (asked.size > 0);
  };
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

/** Once its title has these words. */
export async function titled(page: Page, words: string): Promise<void> {
  await page.waitForFunction((text) => document.title.includes(text), words);
}

/**
 * What every page keeps: nothing that axe finds, no complaint of the browser, no scrolling sideways at 320 px, nothing lost at twice the
 * size, and nothing that moves by itself for whoever asked for less motion.
 */
export async function checkPage({ page, complaints, settled }: SitePage): Promise<void> {
  await page.locator("h1").first().waitFor();
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    await page.locator(`html[data-theme="${colorScheme}"]`).waitFor();
    await settled();
    // Nothing but colours is another in the dark.
    const found = await axeFindings(page, colorScheme === "light" ? undefined : colourRules);
    assert.deepEqual(found, [], `${colorScheme}: ${page.url()}`);
  }
  assert.deepEqual(await moving(page), [], page.url());
  assert.deepEqual(await lostWhenZoomed(page), [], `at 200 %: ${page.url()}`);
  const wide = await pixelsTooWide(page, { width: 320, height: 640 });
  assert.ok(wide <= 0, `${page.url()} is ${wide} px too wide for 320 px`);
  assert.deepEqual(complaints, []);
}
