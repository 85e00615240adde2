// Signing in, in a real browser: by a link that makes a key there, by that key again, as an organisation; and what ends a session.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { formatInvitation, linkOf } from "../../src/acts/invitation.ts";
import { secretKeyOf } from "../../src/acts/secret-key.ts";
import { newSigner, nodePrimitives, randomBytes, randomId } from "../../src/proof/node.ts";
import { KeyId, PersonId } from "../../src/terms/ids.ts";
import { digestOfLabel } from "../../src/acts/fixtures.ts";
import { acme, committed, draft, inDays, must } from "../flows/control-desk.ts";
import { keyboardOf } from "./by-keyboard.ts";
import { chromium } from "./chromium.ts";
import { type Site, type SitePerson, checkPage, openSite } from "./site.ts";

const isCi = (process.env["CI"] ?? "") !== "";

interface Invited {
  readonly link: string;
  readonly person: PersonId;
}

/** A link for somebody new, or a further key of `self`. */
async function linkFor({ desk, board }: Site, self?: SitePerson, hours = 1): Promise<Invited> {
  const { signer, seed } = newSigner();
  const name = committed("Cy <img src=x onerror=alert(1)>");
  const person = self?.person ?? PersonId.parse(randomId("person_", 16));
  const role = self?.role ?? "safety";
  const known = desk.control.state.persons.get(person)?.name ?? name.digest;
  const notAfter = inDays(desk, hours / 24);
  const further = self === undefined ? {} : { furtherKey: true as const };
  const body = { person, role, key: signer.publicKey, name: known, ...further, notAfter };
  const by = self === undefined ? [board.owner.signer, board.safety.signer] : [self.signer];
  const openings = self === undefined ? [name.opening] : [];
  const act = await must(desk, { verb: "invite", body, by }, { openings });
  const { firstRoot } = desk.control.state;
  assert.ok(firstRoot !== undefined);
  const code = formatInvitation({
    v: 1,
    server: desk.url,
    deployment: desk.control.deployment,
    root: firstRoot,
    demo: false,
    invitation: act.digest,
    person,
    role,
    seed,
    notAfter,
    seen: null,
  });
  return { link: linkOf(code, desk.url).replace("localhost", "127.0.0.1"), person };
}

describe("signing in", { skip: chromium === undefined && !isCi }, () => {
  let site: Site;
  before(async () => {
    site = await openSite();
  });
  after(async () => {
    await site.close();
  });

  test("a link makes a key in the browser: who opens it reads what it is, presses once, and is in as a new person", async () => {
    const { link, person } = await linkFor(site);
    const opened = await site.open(link);
    const { page, complaints } = opened;
    await page.getByText(person).waitFor();
    // The code does not stay in the address.
    await page.waitForFunction(() => location.hash === "");
    await checkPage(opened);
    assert.equal(site.desk.control.state.persons.has(person), false, "nothing is made before the press");
    const policy = (await page.request.get("/sign-in")).headers()["content-security-policy"] ?? "";
    assert.match(policy, /frame-ancestors 'none'/, "no page of elsewhere puts the press under somebody's pointer");
    await page.getByRole("button", { name: "Make a key here and sign in" }).click();
    await page.getByRole("link", { name: /· safety$/ }).waitFor();
    const known = site.desk.control.state.persons.get(person);
    assert.deepEqual(
      known?.keys.map(({ madeIn }) => madeIn),
      ["browser"],
    );
    assert.deepEqual(complaints, []);
    await page.goto(link);
    await page.getByText("This browser already signs as you.").waitFor();
    const { page: other } = await site.open(link);
    await other.getByRole("button", { name: "Make a key here and sign in" }).click();
    await other.getByRole("alert").getByText("conflict").first().waitFor();
    assert.equal(site.desk.control.state.persons.get(person)?.keys.length, 1);
  });

  test("a link of one's own brings a further key to the same person, and the browser's key signs in again by one press", async () => {
    const { link, person } = await linkFor(site, site.safety);
    const { page } = await site.open(link.replace("/sign-in", "/sign-in?to=%2Fledger"));
    await page.getByRole("button", { name: "Make a key here and sign in" }).click();
    await page.getByRole("link", { name: /· safety$/ }).waitFor();
    await page.waitForURL("**/ledger");
    assert.equal(person, site.safety.person);
    assert.equal(site.desk.control.state.persons.get(person)?.keys.length, 2);
    await page.goto("/sign-in?to=%2F%2Felsewhere.example%2Fledger");
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("link", { name: "Sign in" }).first().waitFor();
    await page.getByRole("button", { name: "Sign in with this key" }).click();
    await page.getByRole("link", { name: /· safety$/ }).waitFor();
    await page.waitForURL(`${site.url}/`);
  });

  test("a code that was cut, is over or is of another deployment says so, and makes nothing", async () => {
    const { link } = await linkFor(site);
    const { page } = await site.open(link.slice(0, -9));
    await page.getByRole("alert").getByText("Copy the whole code").waitFor();
    const code = link.slice(link.indexOf("#hgi1_") + 6);
    const text = Buffer.from(code, "base64url").toString("utf8");
    const forged = text.replace(/"root":"sha256:[0-9a-f]{64}"/, `"root":"sha256:${"0".repeat(64)}"`);
    await page.goto(`/sign-in?other=1#hgi1_${Buffer.from(forged).toString("base64url")}`);
    await page.getByRole("button", { name: "Make a key here and sign in" }).click();
    await page.getByRole("alert").getByText("trust_unknown").waitFor();
    const size = site.desk.control.head().size;
    await page.goto(
      `/sign-in?other=2#hgi1_${Buffer.from(text.replace(/"notAfter":"20\d\d/, '"notAfter":"2001')).toString("base64url")}`,
    );
    await page.getByText("This link has expired.").waitFor();
    await page.getByRole("button", { name: "Make a key here and sign in", disabled: true }).waitFor();
    assert.equal(site.desk.control.head().size, size);
  });

  test("a session that ends under a form is taken up again over it, and what was typed is still there", async () => {
    const { page, context } = await site.open("/policy/try", { as: site.owner });
    await page.getByRole("link", { name: /· owner$/ }).waitFor();
    await page.getByLabel("Text", { exact: true }).fill("half a sentence");
    await context.clearCookies();
    const again = page.getByRole("button", { name: "Sign in with this key" });
    await page.getByRole("button", { name: "Try it" }).click();
    await again.click();
    await again.waitFor({ state: "detached" });
    assert.equal(await page.getByLabel("Text", { exact: true }).inputValue(), "half a sentence");
  });

  test("by keyboard alone: in by a link, a proposal read and signed, everything held, and its entry's proof seen", async () => {
    const { desk, owner, safety } = site;
    const release = { ...draft(desk), reason: digestOfLabel("why") };
    await must(desk, { verb: "proposal", body: { release }, by: [owner.signer] });
    const { link } = await linkFor(site, safety);
    const opened = await site.open(link);
    const { page, complaints } = opened;
    const keyboard = keyboardOf(page);
    await keyboard.to(page.getByRole("button", { name: "Make a key here and sign in" }));
    await keyboard.picture("link");
    await keyboard.keys("Enter");
    await page.getByRole("link", { name: /· safety$/ }).waitFor();
    await keyboard.to(page.getByRole("link", { name: "Read and sign" }).first());
    await keyboard.picture("needs-me");
    await keyboard.keys("Enter");
    await page.locator("main :is(h2, h3, h4):focus").waitFor();
    await keyboard.to(page.getByRole("button", { name: "Sign for it" }).first());
    await keyboard.picture("release");
    await keyboard.keys("Enter");
    await keyboard.to(page.getByLabel("Reason"));
    await keyboard.type("It was measured.");
    await keyboard.press(page.getByRole("button", { name: "Go on to signing" }));
    const dialog = page.getByRole("dialog").last();
    await dialog.getByText(/you sign/).waitFor();
    await keyboard.to(dialog.getByRole("button", { name: "Sign for it", exact: true }));
    await keyboard.picture("sign");
    const { size } = desk.control.head();
    await keyboard.keys("Enter");
    await page.getByRole("link", { name: `Recorded as entry ${size}` }).waitFor();
    await keyboard.picture("recorded");
    await keyboard.keys("Shift+H");
    await page.locator("button:focus", { hasText: "Hold now" }).waitFor();
    await keyboard.picture("hold");
    await keyboard.keys("Enter");
    await page.getByText("Held", { exact: true }).waitFor();
    await keyboard.picture("held");
    await keyboard.keys("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await keyboard.keys("Control+k");
    await page.locator("[role=combobox]:focus").waitFor();
    await keyboard.type(String(size + 1));
    await page.getByRole("option", { name: new RegExp(String(size + 1)) }).waitFor();
    await keyboard.keys("Enter");
    await page.getByText(/stands in the ledger of \d+ entries/).waitFor();
    await keyboard.picture("proof");
    assert.equal([...desk.control.state.holds.values()].at(-1)?.index, size + 1);
    assert.deepEqual(complaints, []);
  });

  test("an organisation signs in by a key of it, and a wrong one is refused", async () => {
    const { secret, hash } = secretKeyOf(randomBytes(32), false, nodePrimitives);
    const body = { key: KeyId.parse(randomId("key_", 16)), organisation: acme, hash, notAfter: null };
    await must(site.desk, { verb: "key", body, by: [site.board.owner.signer] });
    const { page } = await site.open("/evidence?model=small");
    await page.waitForURL("**/sign-in?to=%2Fevidence%3Fmodel%3Dsmall");
    await page.getByText("You opened this by an address in figures.").waitFor();
    await page.getByRole("textbox", { name: "API key" }).fill(`${secret.slice(0, -1)}_`);
    await page.getByRole("button", { name: "Sign in as the organisation" }).click();
    await page.getByRole("alert").getByText("session_missing").waitFor();
    await page.getByRole("textbox", { name: "API key" }).fill(secret);
    await page.getByRole("button", { name: "Sign in as the organisation" }).click();
    await page.waitForURL("**/partner");
  });

  test("a passkey is added with the browser's key, signs in where there is none, once an answer, and is removed", async () => {
    const at = site.url.replace("127.0.0.1", "localhost");
    const { page, context } = await site.open(`${at}/sign-in`);
    const cdp = await context.newCDPSession(page);
    await cdp.send("WebAuthn.enable");
    const options = {
      protocol: "ctap2",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
    } as const;
    await cdp.send("WebAuthn.addVirtualAuthenticator", {
      options: { ...options, isUserVerified: true, automaticPresenceSimulation: true },
    });
    const { link } = await linkFor(site, site.owner);
    await page.goto(link.replace("127.0.0.1", "localhost"));
    await page.getByRole("button", { name: "Make a key here and sign in" }).click();
    await page.getByRole("link", { name: /· owner$/ }).waitFor();
    await page.goto(`${at}/sign-in`);
    await page.getByLabel("Name of a new passkey").fill("My phone");
    await page.getByRole("button", { name: "Add a passkey" }).click();
    await page.getByText("My phone").waitFor();
    await context.clearCookies();
    await page.reload();
    const answered = page.waitForRequest((request) => request.url().endsWith("/api/v1/session/passkey"));
    await page.getByRole("button", { name: "Sign in with a passkey" }).click();
    await page.getByRole("link", { name: /· owner$/ }).waitFor();
    const body: unknown = (await answered).postDataJSON();
    const again = await context.request.post(`${at}/api/v1/session/passkey`, {
      headers: { "x-headgate-console": "1", origin: at },
      data: body,
    });
    assert.equal(again.ok(), false, "an answer opens one session");
    const other = await context.request.post(`${at}/api/v1/passkeys/options`, {
      headers: { "x-headgate-console": "1", origin: at },
      data: {},
    });
    assert.equal(other.status(), 403, "a session alone adds no passkey");
    await page.goto(`${at}/sign-in`);
    await page.getByRole("button", { name: "Remove passkey My phone" }).click();
    await page.getByRole("link", { name: "Sign in" }).first().waitFor();
  });
});
