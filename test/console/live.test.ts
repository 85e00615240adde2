// The live page in a real browser, beside a real gateway that answers real requests: it moves while they run, stands still when told
// so, says it in its address, and marks what the ledger recorded.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { backgroundHeader } from "../../src/control/contract-session.ts";
import type { LiveRing } from "../../src/main/telemetry/live-ring.ts";
import { createLiveRing } from "../../src/main/telemetry/live-ring.ts";
import { type GatewayWorld, openGatewayWorld, said } from "../flows/gateway-world.ts";
import { hold } from "../flows/control-desk.ts";
import { chromium } from "./chromium.ts";
import { type Site, type SitePage, checkPage, openSite } from "./site.ts";

const isCi = (process.env["CI"] ?? "") !== "";

describe("the live page", { skip: chromium === undefined && !isCi }, () => {
  let site: Site;
  let world: GatewayWorld;
  let ring: LiveRing;
  before(async () => {
    world = await openGatewayWorld({
      answered: (one) => {
        ring.take(one);
      },
    });
    ring = createLiveRing({ gateway: () => world.gateway().gateway, now: Date.now });
    site = await openSite({ live: async (since) => [{ gateway: "gateway", samples: [...ring.samples(since)] }] });
  });
  after(async () => {
    await site.close();
    ring.close();
    await world.close();
  });

  async function ask(content: string): Promise<void> {
    await (await world.ask(said(content))).text();
  }

  test("moves while requests run, and not while it is paused; its address says which", async () => {
    const opened = await site.open("/live", { as: site.owner });
    const { page } = opened;
    await page.getByText("Your system asks for less motion", { exact: false }).waitFor();
    // What a page asks by itself keeps no session from ending.
    const byItself = page.waitForRequest(
      (request) => request.url().includes("/api/v1/live") && request.headers()[backgroundHeader] === "1",
    );
    await page.getByRole("button", { name: "Go on" }).click();
    await page.waitForURL("**/live?paused=no");
    await byItself;
    await ask("What is a canal?");
    await served(opened, 1);
    await ask("What is a lock?");
    await served(opened, 2);
    await page.getByRole("button", { name: "Pause" }).click();
    await page.getByText("This page stands still.", { exact: false }).waitFor();
    let asked = 0;
    page.on("request", (request) => {
      if (request.url().includes("/api/v1/live")) asked += 1;
    });
    await ask("What is a weir?");
    // Two looks later, by a clock that goes on whether the page does or not.
    await page.evaluate(async () => new Promise((resolve) => setTimeout(resolve, 2_200)));
    assert.ok(asked <= 1, `it asked ${asked} times while it stood still`);
    await page.reload();
    await page.getByText("This page stands still.", { exact: false }).waitFor();
    await served(opened, 3);
  });

  test("marks what the ledger recorded, shows each chart as a table too, and keeps what every page keeps", async () => {
    await ask("ask about weapons and the word BLOCK");
    const id = await hold(site.desk, site.board.safety);
    const index = site.desk.control.state.holds.get(id)?.index ?? -1;
    const opened = await site.open("/live?paused=no", { as: site.owner });
    const { page } = opened;
    await page.getByRole("link", { name: new RegExp(`^[A-Z]: Entry ${index}$`) }).waitFor();
    await page.getByText(/Figures of 1 of 1 gateways/).waitFor();
    await page.getByRole("button", { name: "As a table" }).first().click();
    await page.getByRole("table", { name: "Requests by verdict, in windows of 5 seconds" }).waitFor();
    await page.getByRole("button", { name: "As a chart" }).first().click();
    await checkPage(opened);
    await page.getByRole("link", { name: new RegExp(`Entry ${index}$`) }).click();
    await page.waitForURL(`**/ledger/${index}`);
  });

  test("a model's server that fails is said here, and on Home", async () => {
    world.mock.set({ fault: "status-500" });
    await ask("What is a sluice?");
    world.mock.set({ fault: undefined });
    const { page } = await site.open("/", { as: site.owner });
    const row = page.getByRole("listitem").filter({ hasText: "The server of small failed 1 request in" });
    await row.getByRole("link", { name: "See it live" }).click();
    await page.waitForURL("**/live");
    await page.getByText("The server of small failed 1 request in").waitFor();
  });

  test("a server that refuses is said, and what was shown stays", async () => {
    const { page } = await site.open("/live?paused=no", { as: site.owner });
    await page.getByText(/requests in 15 minutes/).waitFor();
    await page.route("**/api/v1/live*", async (route) => route.fulfill({ status: 500, json: {} }));
    await page.getByRole("alert").waitFor();
    await page.getByText(/requests in 15 minutes/).waitFor();
  });
});

async function served({ page }: SitePage, count: number): Promise<void> {
  await page.getByText(new RegExp(`${count} of ${count} served|${count} of \\d+ served`)).waitFor();
}
