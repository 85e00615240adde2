// The release card in a real browser, from the file and with no network: it checks itself, and finds what was changed in it, in its
// data or in its text. HEADGATE_CHROMIUM names a Chromium that is not where distributions put it.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { idOf } from "../../src/acts/fixtures.ts";
import { cardModules } from "../../src/report/card-modules.ts";
import { pageOfCard } from "../../src/report/card-page.ts";
import { nodePrimitives } from "../../src/proof/node.ts";
import { cardOf } from "../../src/report/release-card.ts";
import { GlassId, Instant, timestampOf } from "../../src/terms/ids.ts";
import { chanceOf } from "../fuzz/seeded.ts";
import { routes } from "../../src/control/contract.ts";
import { type Desk, committed, dropFolder, must, openDesk, passOf, released } from "./control-desk.ts";
import { savedBundle } from "./decided-bundle.ts";

const isCi = (process.env["CI"] ?? "") !== "";
const places = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const chromium = process.env["HEADGATE_CHROMIUM"] ?? places.find((place) => existsSync(place));

const folder = mkdtempSync(join(tmpdir(), "headgate-card-"));
let desk: Desk;
let board: Awaited<ReturnType<typeof released>>;
let bundle: Uint8Array;
let page = "";

before(async () => {
  desk = await openDesk();
  board = await released(desk);
  bundle = await savedBundle(desk, board.release, board.owner);
  page = await pageWith(bundle);
});

after(async () => {
  await desk.close();
  dropFolder(desk.folder);
  rmSync(folder, { recursive: true, force: true });
});

/** The page of the decision, whatever bundle lies in it. */
async function pageWith(data: Uint8Array): Promise<string> {
  const card = await cardOf(bundle, nodePrimitives);
  return pageOfCard({ card, bundle: data, modules: cardModules(), nonce: "00112233445566778899aabbccddeeff" });
}

function mainOf(html: string): string {
  return /<main id="card">(.*)<\/main>/s.exec(html)?.[1] ?? "";
}

interface Opened {
  /** The class of what the page says of itself. */
  readonly state: string;
  readonly outcome: string;
  readonly document: string;
}

/** The page after its scripts ran, in a Chromium that finds no host. */
async function opened(html: string): Promise<Opened> {
  assert.ok(chromium !== undefined);
  const file = join(folder, "card.html");
  writeFileSync(file, html);
  const profile = mkdtempSync(join(folder, "profile-"));
  const flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--host-resolver-rules=MAP * ~NOTFOUND"];
  const parameters = [...flags, `--user-data-dir=${profile}`, "--virtual-time-budget=60000", "--dump-dom"];
  const document = await new Promise<string>((resolve, reject) => {
    const limits = { maxBuffer: 64 * 1024 * 1024, timeout: 120_000 };
    execFile(chromium, [...parameters, `file://${file}`], limits, (error, out) => {
      if (error === null) resolve(out);
      else reject(error);
    });
  });
  const [, state = ""] = /<aside id="check"[^>]*class="([^"]*)"/.exec(document) ?? [];
  const [, outcome = ""] = /<p id="outcome"[^>]*>(.*?)<\/p>/s.exec(document) ?? [];
  return { state, outcome, document };
}

test("a card asks for nothing outside itself, and is one file", () => {
  assert.match(page, /http-equiv="Content-Security-Policy" content="default-src 'none'/);
  const [head = ""] = page.split('<script type="application/octet-stream"');
  assert.doesNotMatch(head, /https?:(?!\/\/www\.w3\.org\/2000\/svg")|<(?:img|link|iframe|object)\b|@import|url\(/);
});

test("the server makes the same page in a thread, as an attachment whose scripts do not run on its origin", async () => {
  const { proposal } = board.release;
  const path = routes.releaseCard.replace(":proposal", proposal);
  const asked = async (url: string): Promise<Response> =>
    fetch(new URL(url, desk.url), { headers: { authorization: await passOf(desk, url, board.owner.signer) } });
  const answer = await asked(path);
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get("content-disposition"), `attachment; filename="${proposal}.card.html"`);
  assert.doesNotMatch(answer.headers.get("content-security-policy") ?? "script-src", /script-src/);
  assert.equal(mainOf(await answer.text()), mainOf(page));
  assert.equal((await fetch(new URL(path, desk.url))).status, 401);
  assert.equal((await asked(path.replace(/[0-9a-f]{16}/, "0".repeat(16)))).status, 404);
});

test("a card says that a hold may be gone on over, and that it was", async () => {
  const { owner, safety, release } = board;
  const first = await cardOf(bundle, nodePrimitives);
  assert.match(first.html, /to go on after a hold takes a new decision, but for 4 hours at a time at the most/);
  assert.doesNotMatch(first.html, /Gone on with over/);
  const { digest: reason, opening } = committed("An emergency.");
  const openings = { openings: [opening] };
  const hold = idOf.hold("of a card");
  const scope = { kind: "model", model: release.model } as const;
  await must(desk, { verb: "hold", body: { hold, scope, reason }, by: [safety.signer] }, openings);
  const glass = GlassId.parse(`glass_${"0".repeat(16)}`);
  const { model, certificate } = release;
  const notAfter = timestampOf(Instant.parse(desk.now() + 3_600_000));
  const body = { glass, model, certificate, holds: [hold], notAfter, reason };
  await must(desk, { verb: "break-glass", body, by: [owner.signer, safety.signer] }, openings);
  const { html } = await cardOf(await savedBundle(desk, release, owner), nodePrimitives);
  assert.match(
    html,
    new RegExp(`Gone on with over ${hold} from .* to ${notAfter} \\(${glass}\\)\\. Nobody has reviewed`),
  );
});

if (chromium === undefined) {
  test("no Chromium is installed here (HEADGATE_CHROMIUM): nothing was opened", () => {
    assert.equal(isCi, false, "CI leaves nothing out: a Chromium has to be there");
  });
} else {
  describe("a card that is opened in Chromium", () => {
    test("says that it was checked, step by step, and the trust root is asked for", async () => {
      const { state, outcome, document } = await opened(page);
      assert.equal(state, "right", outcome);
      assert.match(outcome, /<strong>Checked in this browser:<\/strong> \d+ entries, every signature checked/);
      for (const step of ["ledger", "decision", "parts", "documents", "judgement", "gate", "page"])
        assert.match(document, new RegExp(`<li class="">✓ ${step}: `));
      assert.match(document, /<input id="known"/);
    });

    test("says that nothing was checked where scripts do not run, and is read all the same", async () => {
      const { state, outcome, document } = await opened(page.replace("script-src 'nonce-", "script-src 'nonce-f"));
      assert.equal(state, "");
      assert.match(outcome, /^<strong>Not checked\.<\/strong>/);
      assert.match(document, /at most 4\.87 %/);
    });

    test("finds one word of its text changed, and of its title", async () => {
      for (const forged of [page.replaceAll("4.87 %", "1.87 %"), page.replace("<title>", "<title>Approved: ")]) {
        const { state, outcome } = await opened(forged);
        assert.equal(state, "wrong");
        assert.match(outcome, /DOES NOT VERIFY\.<\/strong> First difference: page: /);
      }
    });

    test("finds one byte of its data changed, in a log entry, a receipt, a document and the judgement", async () => {
      const chance = chanceOf(20261130);
      const text = Buffer.from(bundle).toString("latin1");
      for (const part of ['"envelope":"', '"hgr1.', '"sha256:', '"upper":0.']) {
        const forged = bundle.slice();
        const at = text.indexOf(part) + part.length + chance.below(5);
        forged[at] = text.charCodeAt(at) ^ 1;
        const { state, outcome } = await opened(await pageWith(forged));
        assert.equal(state, "wrong", `${part}: ${outcome}`);
      }
    });

    test("says that it could not be checked where its data or its program is cut", async () => {
      for (const part of ["bundle", "modules"]) {
        const mark = `id="${part}">`;
        const at = page.indexOf(mark) + mark.length + 4000;
        const { state, outcome } = await opened(page.slice(0, at) + page.slice(at + 8));
        assert.equal(state, "wrong", outcome);
        assert.match(outcome, /COULD NOT BE CHECKED/);
      }
    });
  });
}
