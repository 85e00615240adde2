// Webhooks from a running control plane to a real server, checked with the official library of the Standard Webhooks specification.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { type IncomingMessage, type Server, createServer } from "node:http";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Webhook } from "standardwebhooks";
import { z } from "zod";
import { latestCertificate } from "../../src/acts/state.ts";
import { WebhooksView, routes } from "../../src/control/contract.ts";
import { openEndpoints } from "../../src/control/webhooks/open-endpoints.ts";
import type { OpenEndpoint } from "../../src/control/webhooks/webhooks.ts";
import { randomBytes } from "../../src/proof/node.ts";
import { toBase64 } from "../../src/proof/encoding.ts";
import { HoldId, instantOf } from "../../src/terms/ids.ts";
import {
  type Desk,
  type Keys,
  type Member,
  committed,
  dropFolder,
  get,
  model,
  must,
  newFolder,
  newKeys,
  openDesk,
  released,
} from "./control-desk.ts";
import { operatorOf } from "./operator.ts";

const secret = `whsec_${toBase64(randomBytes(32))}`;
const Told = z.object({ type: z.string(), timestamp: z.string(), data: z.record(z.string(), z.unknown()) });

interface Heard {
  readonly id: string;
  readonly path: string;
  readonly told: z.infer<typeof Told>;
}

/** A server at the other end, which believes only what the library verifies. */
async function openReceiver(): Promise<{
  readonly heard: Heard[];
  /** What it answers with; 0 hangs up. */
  status: number;
  readonly tries: () => number;
  readonly port: number;
  readonly server: Server;
}> {
  const library = new Webhook(secret);
  const heard: Heard[] = [];
  const state = { status: 204, tries: 0 };
  const server = createServer((request, response) => {
    void bodyOf(request).then((body) => {
      state.tries += 1;
      if (state.status === 0) return void request.socket.destroy();
      const headers = z.record(z.string(), z.string()).parse(request.headers);
      // The library takes no message from another time, as one test has it.
      const isOfNow = Math.abs(Number(headers["webhook-timestamp"]) - Date.now() / 1000) < 60;
      const told = Told.parse(isOfNow ? library.verify(body, headers) : JSON.parse(body));
      if (state.status < 300) heard.push({ id: headers["webhook-id"] ?? "", path: request.url ?? "", told });
      response.writeHead(state.status).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  return {
    heard,
    get status() {
      return state.status;
    },
    set status(next) {
      state.status = next;
    },
    tries: () => state.tries,
    port: address.port,
    server,
  };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = "";
  for await (const piece of request) body += String(piece);
  return body;
}

const waitMsMax = 60_000;
const dayMs = 86_400_000;

async function until(what: string, is: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + waitMsMax;
  while (!(await is())) {
    assert.ok(Date.now() < end, `waited for ${what}`);
    await sleep(50);
  }
}

describe("webhooks", () => {
  const folder = newFolder();
  const keys: Keys = newKeys();
  let receiver: Awaited<ReturnType<typeof openReceiver>>;
  let desk: Desk;
  let owner: Member;
  let file: string;

  const endpointsNow = async (): Promise<readonly OpenEndpoint[]> => {
    const sources = { secrets: { environment: {}, folder: join(folder, "secrets") }, ownPorts: new Set<number>() };
    return openEndpoints(file, sources);
  };
  const open = async (): Promise<Desk> => openDesk({ folder, keys, control: { endpoints: await endpointsNow() } });
  const heard = (type: string): readonly Heard[] => receiver.heard.filter(({ told }) => told.type === type);
  const view = async (): Promise<WebhooksView> => WebhooksView.parse((await get(desk, routes.webhooks, owner)).json);

  before(async () => {
    receiver = await openReceiver();
    mkdirSync(join(folder, "secrets"));
    writeFileSync(join(folder, "secrets", "board"), `${secret}\n`);
    file = join(folder, "webhooks.yaml");
    const url = `http://127.0.0.1:${receiver.port}/hook?key=k1`;
    writeFileSync(
      file,
      `endpoints:\n  - { name: board, url: "${url}", secret: "file:board" }\n` +
        `  - { name: holds-only, url: "${url}", secret: "file:board", events: [release.held] }\n`,
    );
    desk = await open();
    ({ owner } = await released(desk));
  });
  after(async () => {
    await desk.close();
    receiver.server.close();
    dropFolder(folder);
  });

  test("the way to a stage is told in order, each message once, signed as the specification says", async () => {
    await until("the stage", () => heard("stage.changed").length > 0);
    const types = receiver.heard.map(({ told }) => told.type);
    assert.ok(types.indexOf("release.proposed") < types.indexOf("release.certified"), types.join());
    assert.ok(heard("release.signed").length > 0 && heard("evidence.recorded").length > 0);
    const [change] = heard("stage.changed");
    assert.deepEqual(
      [change?.told.data["model"], change?.told.data["from"], change?.path],
      [model, { stage: "withheld", closed: "withheld", certificate: null, validUntil: null, share: 0 }, "/hook?key=k1"],
    );
    assert.equal(z.object({ stage: z.string() }).parse(change?.told.data["to"]).stage, "trusted");
    assert.equal(new Set(receiver.heard.map(({ id }) => id)).size, receiver.heard.length, "no id twice");
    const told = JSON.stringify(receiver.heard);
    assert.ok(!told.includes("reason"), "reasons are commitments, and nobody is told of them");
  });

  test("a hold is told to both, and what changed by it; one that wants other news hears nothing of it", async () => {
    const { digest: reason } = committed("strange answers");
    const hold = HoldId.parse("hold_00000000000000aa");
    await must(desk, {
      verb: "hold",
      body: { hold, scope: { kind: "model", model }, reason },
      by: [owner.signer],
    });
    await until("the hold, twice", () => heard("release.held").length === 2);
    await until("its effect", () => heard("stage.changed").length === 2);
    const to = heard("stage.changed").at(-1)?.told.data["to"];
    assert.deepEqual(to, { stage: "withheld", closed: "held", certificate: null, validUntil: null, share: 0 });
    const { endpoints } = await view();
    assert.deepEqual(
      endpoints.map(({ name, origin, waiting, givenUp, failing }) => ({ name, origin, waiting, givenUp, failing })),
      ["board", "holds-only"].map((name) => ({
        name,
        origin: `http://127.0.0.1:${receiver.port}`,
        waiting: 0,
        givenUp: 0,
        failing: null,
      })),
    );
    assert.equal((await get(desk, routes.webhooks)).status, 401, "strangers are told nothing of it");
  });

  test("what is not taken is tried again, after a restart too, with the same id; nothing is told twice", async () => {
    const count = receiver.heard.length;
    receiver.status = 503;
    const { digest: reason } = committed("again");
    const hold = HoldId.parse("hold_00000000000000bb");
    await must(desk, { verb: "hold", body: { hold, scope: { kind: "everything" }, reason }, by: [owner.signer] });
    const tried = receiver.tries();
    await until("a try", () => receiver.tries() > tried);
    await until("what failed", async () => /status 503/.test((await view()).endpoints[0]?.failing ?? ""));
    await desk.close();
    receiver.status = 204;
    desk = await open();
    await until("both messages", () => receiver.heard.length === count + 2);
    await sleep(2_500);
    assert.equal(receiver.heard.length, count + 2);
  });

  test("whoever says it is gone gets no more of what waits", async () => {
    receiver.status = 0;
    const { digest: reason } = committed("and again");
    for (const id of ["cc", "dd"]) {
      const hold = HoldId.parse(`hold_00000000000000${id}`);
      await must(desk, { verb: "hold", body: { hold, scope: { kind: "everything" }, reason }, by: [owner.signer] });
    }
    const waits = async (): Promise<number> => (await view()).endpoints[1]?.waiting ?? 0;
    await until("both to wait", async () => (await waits()) === 2);
    receiver.status = 410;
    await until("both to be given up", async () => (await waits()) === 0);
    const [, one] = (await view()).endpoints;
    assert.deepEqual([one?.waiting, one?.givenUp], [0, 2]);
  });

  test("a certificate that ends is told of ahead, at each warning once, and when it has ended", async () => {
    receiver.status = 204;
    const other = await openDesk({ control: { endpoints: await endpointsNow() } });
    try {
      await released(other);
      const certificate = latestCertificate(other.control.state, model);
      assert.ok(certificate !== undefined);
      const life = instantOf(certificate.release.notAfter) - other.now();
      const told = (): typeof receiver.heard =>
        receiver.heard.filter(({ told: { data } }) => data["deployment"] === other.control.deployment);
      const warnings = (): unknown[] =>
        told()
          .filter(({ told: { type } }) => type === "certificate.ending")
          .map(({ told: { data } }) => data["withinDays"]);
      other.ahead = life - 2 * dayMs;
      await until("the first warning", () => warnings().length === 1);
      other.ahead = life - 1.5 * dayMs;
      await sleep(2_500);
      other.ahead = life - dayMs / 2;
      await until("the second warning", () => warnings().length === 2);
      assert.deepEqual(warnings(), [7, 1]);
      other.ahead = life + 1_000;
      await until("its end", () => told().at(-1)?.told.data["to"] !== undefined);
      const to = told().at(-1)?.told.data["to"];
      assert.deepEqual(to, { stage: "withheld", closed: "expired", certificate: null, validUntil: null, share: 0 });
      assert.equal(warnings().length, 2);
    } finally {
      await other.close();
      dropFolder(other.folder);
    }
  });

  test("an endpoint that hangs holds up neither the others nor what comes after", async () => {
    const hung: IncomingMessage[] = [];
    let isGivenUp = false;
    const hanging = createServer((request) => {
      hung.push(request);
      request.socket.once("close", () => {
        isGivenUp = true;
      });
    });
    await new Promise<void>((resolve) => hanging.listen(0, "127.0.0.1", resolve));
    const address = hanging.address();
    assert.ok(address !== null && typeof address === "object");
    const text = readFileSync(file, "utf8");
    const url = `http://127.0.0.1:${address.port}/`;
    writeFileSync(file, `${text}  - { name: hangs, url: "${url}", secret: "file:board", events: [release.held] }\n`);
    const other = await openDesk({ control: { endpoints: await endpointsNow() } });
    try {
      const { owner: one } = await released(other);
      const held = async (id: string): Promise<void> => {
        const body = {
          hold: HoldId.parse(id),
          scope: { kind: "everything" },
          reason: committed("wait").digest,
        } as const;
        await must(other, { verb: "hold", body, by: [one.signer] });
        const isTold = (): boolean => heard("release.held").some(({ told }) => told.data["hold"] === id);
        await until(id, isTold);
      };
      await held("hold_00000000000000e1");
      await until("the one that hangs", () => hung.length > 0);
      await held("hold_00000000000000e2");
      assert.deepEqual([hung.length, isGivenUp], [1, false], "the first message still hangs");
    } finally {
      hanging.closeAllConnections();
      hanging.close();
      await other.close();
      dropFolder(other.folder);
      writeFileSync(file, text);
    }
  });

  test("the command sends a message now, and says what became of it; mistakes in the file are named", async () => {
    const { headgate } = operatorOf({ HEADGATE_WEBHOOKS: file, HEADGATE_SECRETS: join(folder, "secrets") });
    receiver.status = 200;
    const sent = await headgate("webhook", "test", "board");
    assert.deepEqual([sent.code, sent.out.trim()], [0, "ok   board: status 200"]);
    assert.equal(receiver.heard.at(-1)?.told.type, "webhook.test");
    receiver.status = 500;
    const refused = await headgate("webhook", "test", "--json");
    assert.equal(refused.code, 1);
    const unknown = await headgate("webhook", "test", "nobody");
    assert.deepEqual([unknown.code, /board, holds-only/.test(unknown.err)], [2, true]);
    const wrong = join(folder, "wrong.yaml");
    for (const [text, words] of [
      ["endpoints: []", /endpoints/],
      [`endpoints: [{ name: a, url: "ftp://x", secret: "file:board" }]`, /http/],
      [`endpoints: [{ name: a, url: "http://127.0.0.1:9", secret: "whsec_abc" }]`, /never written out/],
      [`endpoints: [{ name: a, url: "http://127.0.0.1:9", secret: "file:gone" }]`, /does not exist/],
      [`endpoints: [{ name: a, url: "http://169.254.169.254/", secret: "file:board" }]`, /metadata/],
      [`endpoints: [{ name: a, url: "http://127.0.0.1:9", secret: "file:board", events: [lunch] }]`, /events/],
      ["endpoints: [", /no YAML/],
    ] as const) {
      writeFileSync(wrong, text);
      const said = await headgate("webhook", "test", "--file", wrong);
      assert.deepEqual([said.code, words.test(said.err)], [2, true], `${text}: ${said.err}`);
    }
  });
});
