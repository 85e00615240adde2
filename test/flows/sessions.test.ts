// Signing in over real HTTP: what a session reads, what it may not do, when it dies, and that a page of elsewhere gets nothing from it.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { consoleHeader, sessionRoutes } from "../../src/control/contract-session.ts";
import { SessionHoldView, SessionView, SessionsView } from "../../src/control/contract-session.ts";
import { BatchView, routes } from "../../src/control/contract.ts";
import { signPass } from "../../src/acts/pass.ts";
import { openStatement } from "../../src/acts/statement.ts";
import { secretKeyOf } from "../../src/acts/secret-key.ts";
import { newSigner, nodePrimitives, randomBytes, randomId } from "../../src/proof/node.ts";
import type { Signer } from "../../src/proof/primitives.ts";
import { parsePostgresAddress } from "../../src/store/postgres-address.ts";
import type { Database } from "../../src/store/database.ts";
import { openSqlite } from "../../src/store/sqlite.ts";
import { Failure } from "../../src/terms/failure.ts";
import { hostNetwork } from "../../src/terms/network.ts";
import { openPostgres } from "../../src/store/postgres.ts";
import { KeyId, timestampOf } from "../../src/terms/ids.ts";
import { clusterForTests } from "../postgres/cluster.ts";
import {
  type Desk,
  type Member,
  acme,
  committed,
  dropFolder,
  enrol,
  model,
  must,
  newFolder,
  newKeys,
  openDesk,
  refusalOf,
  released,
  wordOf,
} from "./control-desk.ts";

interface Browser {
  /** `method path`, with the cookie that was set last, as the console's own page sends it. */
  readonly ask: (asked: string, changes?: Changes) => Promise<Answer>;
  cookie: string;
}

interface Changes {
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly body?: unknown;
}

interface Answer {
  readonly status: number;
  readonly json: unknown;
  readonly setCookie: string;
}

function browserAt(desk: Desk): Browser {
  const browser: Browser = {
    cookie: "",
    ask: async (asked, { headers = {}, body } = {}) => {
      const [method = "", path = ""] = asked.split(" ");
      const own = method === "GET" ? {} : { origin: desk.url, [consoleHeader]: "1" };
      const given = { cookie: browser.cookie, "content-type": "application/json", ...own, ...headers };
      const kept = Object.entries(given).filter((pair): pair is [string, string] => pair[1] !== undefined);
      const response = await fetch(desk.url + path, {
        method,
        headers: Object.fromEntries(kept),
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const setCookie = response.headers.get("set-cookie") ?? "";
      if (setCookie !== "") browser.cookie = setCookie.split(";")[0] ?? "";
      return { status: response.status, json: await response.json(), setCookie };
    },
  };
  return browser;
}

async function passFor(desk: Desk, signer: Signer): Promise<string> {
  const at = timestampOf(desk.now());
  const pass = { deployment: desk.control.deployment, signer: signer.publicKey, at };
  return `Headgate ${await signPass({ ...pass, method: "POST", path: sessionRoutes.session }, signer)}`;
}

async function signIn(desk: Desk, signer: Signer): Promise<Browser & { readonly answer: Answer }> {
  const browser = browserAt(desk);
  const answer = await browser.ask(`POST ${sessionRoutes.session}`, {
    headers: { authorization: await passFor(desk, signer) },
  });
  return Object.assign(browser, { answer });
}

const batch = `GET ${routes.batch}?from=0`;
const who = `GET ${sessionRoutes.session}`;
const reads = `GET ${sessionRoutes.sessions}`;

describe("sessions", () => {
  let desk: Desk;
  let owner: Member;
  let safety: Member;

  before(async () => {
    desk = await openDesk();
    ({ owner, safety } = await released(desk));
  });
  after(async () => {
    await desk.close();
    dropFolder(desk.folder);
  });

  test("a key signs in, and the cookie is one that no script and no other site gets", async () => {
    const browser = await signIn(desk, safety.signer);
    assert.equal(browser.answer.status, 200);
    assert.match(browser.answer.setCookie, /^headgate_session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/);
    const view = SessionView.parse((await browser.ask(who)).json);
    assert.ok(view.kind === "person");
    assert.deepEqual(
      { person: view.person, role: view.role, name: view.name, by: view.by, key: view.key, current: view.current },
      {
        person: safety.person,
        role: "safety",
        name: "a safety",
        by: "key",
        key: safety.signer.publicKey,
        current: true,
      },
    );
    assert.equal((await browser.ask(batch)).status, 200);
    assert.ok(!JSON.stringify(browser.answer.json).includes(browser.cookie.slice("headgate_session=".length)));
  });

  test("behind TLS the cookie goes over TLS only, and one that a neighbour of the name puts beside it counts for nothing", async () => {
    const browser = browserAt(desk);
    const origin = desk.url.replace("http:", "https:");
    const headers = { authorization: await passFor(desk, safety.signer), origin };
    const answer = await browser.ask(`POST ${sessionRoutes.session}`, { headers });
    assert.match(answer.setCookie, /^__Host-headgate_session=[\w-]{43}; Path=\/; HttpOnly; Secure; SameSite=Strict$/);
    const planted = await signIn(desk, owner.signer);
    const both = `${planted.cookie}; ${browser.cookie}`;
    const view = SessionView.parse((await browser.ask(who, { headers: { cookie: both } })).json);
    assert.equal(view.kind === "person" && view.person, safety.person);
    const out = await browser.ask(`DELETE ${sessionRoutes.session}`, { headers: { origin, cookie: both } });
    assert.match(out.setCookie, /__Host-headgate_session=; Max-Age=0.*, headgate_session=; Max-Age=0/);
    assert.equal((await planted.ask(reads)).status, 200, "nor is it what ends");
  });

  test("what is refused at the door says no less to a browser than what is answered", async () => {
    const refused = await fetch(desk.url + sessionRoutes.session, { headers: { origin: "https://elsewhere.example" } });
    assert.equal(refused.status, 400);
    assert.match(refused.headers.get("content-security-policy") ?? "", /default-src 'none'.*frame-ancestors 'none'/);
    assert.equal(refused.headers.get("x-content-type-options"), "nosniff");
    assert.equal(refused.headers.get("cache-control"), "no-store");
  });

  test("without one, with a made-up one, or with a pass of a stranger, nothing is read and nobody is signed in", async () => {
    for (const cookie of [
      "",
      "headgate_session=",
      `headgate_session=${"A".repeat(43)}`,
      "headgate_session=' OR 1=1 --",
    ]) {
      const browser = Object.assign(browserAt(desk), { cookie });
      assert.equal(wordOf(await browser.ask(reads)), "session_missing", cookie);
      assert.equal(wordOf(await browser.ask(batch)), "session_missing", cookie);
      const nobody = await browser.ask(who);
      assert.deepEqual([nobody.status, nobody.json], [200, null], "that nobody is signed in is an answer");
    }
    const stranger = await signIn(desk, newSigner().signer);
    assert.equal(wordOf(stranger.answer), "session_missing");
    assert.equal(stranger.answer.setCookie, "");
  });

  test("it changes nothing: every statement needs the signatures that it needs without", async () => {
    const browser = await signIn(desk, owner.signer);
    const size = desk.control.head().size;
    const writes = [
      [`POST ${routes.root}`, { envelope: "e30=", openings: [] }],
      [`POST ${routes.statements}`, { envelope: "e30=", openings: [], artefacts: [] }],
      [`POST ${routes.reviewText.replace(":review", "review_0000000000000000")}`, { envelope: "e30=" }],
    ] as const;
    for (const [asked, body] of writes) assert.notEqual((await browser.ask(asked, { body })).status, 200, asked);
    assert.equal(desk.control.head().size, size);
  });

  test("a form or page of another site, or one without the console's header, moves nothing", async () => {
    const browser = await signIn(desk, owner.signer);
    const body = { scope: { kind: "everything" }, reason: "forged" };
    const held = desk.control.state.holds.size;
    const forgeries: readonly Changes["headers"][] = [
      { [consoleHeader]: undefined },
      { [consoleHeader]: "true" },
      { origin: undefined },
      { origin: "https://elsewhere.example" },
      { origin: "http://127.0.0.1:1" },
      { origin: "null" },
    ];
    for (const headers of forgeries) {
      const answer = await browser.ask(`POST ${sessionRoutes.sessionHold}`, { headers: { ...headers }, body });
      assert.equal(refusalOf(answer).code, "request_invalid", JSON.stringify(headers));
      assert.equal((await browser.ask(`DELETE ${sessionRoutes.session}`, { headers: { ...headers } })).status, 400);
    }
    assert.equal(desk.control.state.holds.size, held);
    for (const site of ["cross-site", "same-site"]) {
      const headers = { "sec-fetch-site": site };
      assert.equal((await browser.ask(reads, { headers })).status, 401, site);
      const answer = await browser.ask(`POST ${sessionRoutes.sessionHold}`, { headers, body });
      assert.equal(answer.status, 401, site);
    }
    assert.equal((await browser.ask(reads)).status, 200);
  });

  test("it holds, and the ledger names the session and the person, not the secret", async () => {
    const browser = await signIn(desk, safety.signer);
    const body = { scope: { kind: "model", model }, reason: "<script>it smells</script>" };
    const answer = await browser.ask(`POST ${sessionRoutes.sessionHold}`, { body });
    const view = SessionHoldView.parse(answer.json);
    assert.equal(view.recorded, true);
    assert.equal(desk.control.state.holds.get(view.hold)?.index, view.index);
    const mine = SessionView.parse((await browser.ask(who)).json);
    const { records } = BatchView.parse((await browser.ask(`GET ${routes.batch}?from=${view.index}`)).json);
    const act = await openStatement(Buffer.from(records[0]?.envelope ?? "", "base64"), nodePrimitives);
    assert.deepEqual(act.signers, [desk.keys.control.publicKey]);
    assert.ok(act.predicate.verb === "hold");
    assert.deepEqual(act.predicate.body.session, { session: mine.session, person: safety.person });
    const token = browser.cookie.slice("headgate_session=".length);
    assert.ok(!JSON.stringify(act.predicate).includes(token), "the ledger does not hold the secret");
  });

  test("a hold on a model that is not here says that nothing is held", async () => {
    const browser = await signIn(desk, safety.signer);
    const ask = async (body: unknown): Promise<string> =>
      refusalOf(await browser.ask(`POST ${sessionRoutes.sessionHold}`, { body })).code;
    assert.equal(await ask({ scope: { kind: "model", model: "mall" }, reason: "typo" }), "model_unknown");
    assert.equal(await ask({ scope: { kind: "model", model }, reason: "" }), "request_invalid");
    assert.equal(await ask({ scope: { kind: "model", model }, reason: "x", session: "session_0" }), "request_invalid");
  });

  test("an auditor signs in and reads, and holds nothing", async () => {
    const auditor = await enrol(desk, "auditor", [owner, safety]);
    const browser = await signIn(desk, auditor.signer);
    assert.equal((await browser.ask(batch)).status, 200);
    const body = { scope: { kind: "everything" }, reason: "no" };
    const answer = await browser.ask(`POST ${sessionRoutes.sessionHold}`, { body });
    assert.deepEqual([answer.status, refusalOf(answer).code], [403, "authority_missing"]);
  });

  test("it ends after an hour without a request, and after twelve whatever is asked", async () => {
    const browser = await signIn(desk, owner.signer);
    try {
      for (let minutes = 50; minutes < 720; minutes += 50) {
        desk.ahead = minutes * 60_000;
        assert.equal((await browser.ask(reads)).status, 200, `${minutes}`);
        await seen(desk);
      }
      desk.ahead = 12 * 3_600_000 + 1_000;
      assert.equal((await browser.ask(reads)).status, 401);
      const idle = await signIn(desk, owner.signer);
      desk.ahead += 55 * 60_000;
      assert.equal((await idle.ask(batch, { headers: { "x-headgate-background": "1" } })).status, 200);
      await seen(desk);
      desk.ahead += 6 * 60_000;
      assert.equal((await idle.ask(reads)).status, 401);
    } finally {
      desk.ahead = 0;
    }
  });

  test("one's own sessions are listed and ended; another's only by an owner", async () => {
    const [mine, other, boss] = [
      await signIn(desk, safety.signer),
      await signIn(desk, safety.signer),
      await signIn(desk, owner.signer),
    ];
    const listed = SessionsView.parse((await mine.ask(`GET ${sessionRoutes.sessions}`)).json).sessions;
    assert.ok(listed.every((one) => one.kind === "person" && one.person === safety.person));
    assert.equal(listed.filter(({ current }) => current).length, 1);
    const bosses = SessionView.parse(boss.answer.json).session;
    const theirs = SessionView.parse(other.answer.json).session;
    assert.equal(await end(mine, bosses), 404);
    assert.equal(await end(mine, "session_0"), 404);
    assert.equal(await end(mine, theirs), 200);
    assert.equal((await other.ask(reads)).status, 401);
    assert.equal(await end(boss, SessionView.parse(mine.answer.json).session), 200);
    assert.equal((await mine.ask(reads)).status, 401);
    assert.equal((await boss.ask(`DELETE ${sessionRoutes.session}`)).status, 200);
    assert.equal((await boss.ask(reads)).status, 401);
  });

  test("a person has sixteen at once: the next one ends the oldest", async () => {
    const member = await enrol(desk, "policy", [owner, safety]);
    const first = await signIn(desk, member.signer);
    for (let made = 1; made < 16; made += 1) await signIn(desk, member.signer);
    assert.equal((await first.ask(reads)).status, 200);
    const last = await signIn(desk, member.signer);
    assert.equal((await first.ask(reads)).status, 401);
    assert.equal(SessionsView.parse((await last.ask(`GET ${sessionRoutes.sessions}`)).json).sessions.length, 16);
  });

  test("a stolen one does not bury the way back under holds, and stopping everything is not refused", async () => {
    const thief = await signIn(desk, safety.signer);
    const statuses = new Set<number>();
    for (let placed = 0; placed < 40; placed += 1) statuses.add(await hold(thief, { kind: "model", model }));
    assert.deepEqual([...statuses], [200, 429]);
    assert.equal(await hold(await signIn(desk, safety.signer), { kind: "model", model }), 429, "by another one too");
    assert.equal(await hold(thief, { kind: "everything" }), 200);
    assert.equal(await hold(thief, { kind: "everything" }), 429, "it stands");
    assert.equal(
      await hold(await signIn(desk, owner.signer), { kind: "model", model }),
      200,
      "nobody else is kept out",
    );
    desk.ahead = 3_601_000;
    assert.equal(await hold(await signIn(desk, safety.signer), { kind: "model", model }), 200);
    desk.ahead = 0;
  });

  test("a suspended person's sessions are dead with the entry that suspends them", async () => {
    const member = await enrol(desk, "access", [owner, safety]);
    const browser = await signIn(desk, member.signer);
    assert.equal((await browser.ask(batch)).status, 200);
    const body = { target: { kind: "person", person: member.person }, reason: committed("left").digest } as const;
    await must(desk, { verb: "suspend", body, by: [owner.signer] });
    assert.equal((await browser.ask(batch)).status, 401);
    assert.equal(await hold(browser, { kind: "everything" }), 401);
  });
});

describe("where the store does not answer", () => {
  let desk: Desk;
  let owner: Member;
  /** What of a statement's SQL is not answered; nothing while it is undefined. */
  let away: string | undefined;

  const checked = (sql: string): void => {
    if (away !== undefined && sql.includes(away)) throw new Failure("store_unavailable", "The store is gone.");
  };

  before(async () => {
    const folder = newFolder();
    desk = await openDesk({
      folder,
      open: async () => {
        const database = await openSqlite(join(folder, "headgate.db"));
        return {
          dialect: database.dialect,
          close: async () => database.close(),
          query: async (sql, params) => {
            checked(sql);
            return database.query(sql, params);
          },
          transaction: async (work) => {
            checked("");
            return database.transaction(work);
          },
        };
      },
    });
    ({ owner } = await released(desk));
  });
  after(async () => {
    await desk.close();
    dropFolder(desk.folder);
  });

  test("that a name could not be read is said, and is not an erased name", async () => {
    const browser = await signIn(desk, owner.signer);
    away = "FROM opening";
    assert.equal(refusalOf(await browser.ask(who)).code, "store_unavailable");
    away = undefined;
    assert.equal((await browser.ask(who)).status, 200);
  });

  test("a session that was seen holds, and one that was ended does not", async () => {
    const [stays, out, ended] = [
      await signIn(desk, owner.signer),
      await signIn(desk, owner.signer),
      await signIn(desk, owner.signer),
    ];
    for (const one of [stays, out, ended]) assert.equal((await one.ask(reads)).status, 200);
    assert.equal((await out.ask(`DELETE ${sessionRoutes.session}`)).status, 200);
    assert.equal(await end(stays, SessionView.parse(ended.answer.json).session), 200);
    away = "";
    const body = { scope: { kind: "everything" }, reason: "the store is gone" };
    const held = async ({ cookie }: Browser): Promise<Answer> =>
      stays.ask(`POST ${sessionRoutes.sessionHold}`, { headers: { cookie }, body });
    try {
      const answer = await held(stays);
      assert.equal(answer.status, 200, JSON.stringify(answer.json));
      assert.equal(SessionHoldView.parse(answer.json).recorded, false);
      assert.deepEqual([(await held(out)).status, (await held(ended)).status], [401, 401]);
    } finally {
      away = undefined;
    }
  });
});

async function hold(browser: Browser, scope: unknown): Promise<number> {
  const body = { scope, reason: "again" };
  return (await browser.ask(`POST ${sessionRoutes.sessionHold}`, { body })).status;
}

async function end(browser: Browser, id: string): Promise<number> {
  return (await browser.ask(`DELETE ${sessionRoutes.sessionOne.replace(":session", id)}`)).status;
}

/** After the write that notes when a session was seen, which no answer waits for. */
async function seen(desk: Desk): Promise<void> {
  await desk.database.transaction(async () => undefined);
}

describe("an organisation's key", () => {
  let desk: Desk;
  let owner: Member;
  const { secret, hash } = secretKeyOf(randomBytes(32), false, nodePrimitives);
  const key = KeyId.parse(randomId("key_", 16));

  before(async () => {
    const proxy = hostNetwork("127.0.0.1");
    assert.ok(proxy !== undefined);
    desk = await openDesk({ control: { proxies: [proxy] } });
    ({ owner } = await released(desk));
    await must(desk, { verb: "key", body: { key, organisation: acme, hash, notAfter: null }, by: [owner.signer] });
  });
  after(async () => {
    await desk.close();
    dropFolder(desk.folder);
  });

  const signInWith = async (text: string, from = "203.0.113.1"): Promise<Browser & { readonly answer: Answer }> => {
    const browser = browserAt(desk);
    const headers = { authorization: `Bearer ${text}`, "x-forwarded-for": `198.51.100.9, ${from}` };
    const answer = await browser.ask(`POST ${sessionRoutes.session}`, { headers });
    return Object.assign(browser, { answer });
  };

  test("signs in, reads nothing of persons, and holds nothing", async () => {
    const browser = await signInWith(secret);
    const view = SessionView.parse(browser.answer.json);
    assert.deepEqual(view.kind === "partner" && [view.organisation, view.key], [acme, key]);
    for (const path of [`${routes.batch}?from=0`, routes.pending, routes.gateways, routes.reviews]) {
      const answer = await browser.ask(`GET ${path}`);
      assert.deepEqual([answer.status, refusalOf(answer).code], [403, "authority_missing"], path);
    }
    const body = { scope: { kind: "everything" }, reason: "no" };
    assert.equal((await browser.ask(`POST ${sessionRoutes.sessionHold}`, { body })).status, 403);
    const { sessions } = SessionsView.parse((await browser.ask(`GET ${sessionRoutes.sessions}`)).json);
    assert.ok(sessions.every((one) => one.kind === "partner" && one.key === key));
  });

  test("dies with its suspension, and signs in no more", async () => {
    const browser = await signInWith(secret);
    const target = { kind: "key", key } as const;
    await must(desk, { verb: "suspend", body: { target, reason: committed("x").digest }, by: [owner.signer] });
    assert.equal((await browser.ask(reads)).status, 401);
    assert.equal((await signInWith(secret)).answer.status, 401);
  });

  test("twenty failed tries from one address in a minute are enough", async () => {
    const wrong = secretKeyOf(randomBytes(32), false, nodePrimitives).secret;
    const statuses: number[] = [];
    desk.ahead = 120_000;
    for (let tried = 0; tried < 25; tried += 1) statuses.push((await signInWith(wrong)).answer.status);
    assert.deepEqual(
      [statuses.filter((status) => status === 401).length, statuses.filter((status) => status === 429).length],
      [20, 5],
    );
    assert.equal(
      (await signInWith(wrong, "203.0.113.2")).answer.status,
      401,
      "another one behind the proxy is let try",
    );
    desk.ahead += 61_000;
    assert.equal((await signInWith("hg_")).answer.status, 401);
    desk.ahead = 0;
  });
});

const cluster = await clusterForTests();
if (cluster !== undefined) {
  test("two control planes on one PostgreSQL know each other's sessions, and their end", async () => {
    const address = parsePostgresAddress(await cluster.newDatabase());
    const [keys, folder] = [newKeys(), newFolder()];
    const open = async (): Promise<Database> => openPostgres(address, { isExclusive: false });
    const one = await openDesk({ keys, folder, open });
    try {
      const { owner } = await released(one);
      const other = await openDesk({ keys, folder, open });
      try {
        const browser = await signIn(one, owner.signer);
        const there = Object.assign(browserAt(other), { cookie: browser.cookie });
        assert.equal((await there.ask(reads)).status, 200);
        assert.equal((await there.ask(`DELETE ${sessionRoutes.session}`)).status, 200);
        assert.equal((await browser.ask(reads)).status, 401);
      } finally {
        await other.close();
      }
    } finally {
      await one.close();
      dropFolder(folder);
    }
  });
}
