// Sessions against servers that lie: a server on a real socket that serves whatever ledger the test makes.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type Server, createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, beforeEach, describe, test } from "node:test";
import { ada, digestOfLabel, idOf, servers, worldOfOne, worldOfTwo, type World } from "../acts/fixtures.ts";
import { openStatement } from "../acts/statement.ts";
import { signCheckpoint } from "../proof/checkpoint.ts";
import { digestOf } from "../proof/digest.ts";
import { toBase64, toUtf8 } from "../proof/encoding.ts";
import { formatLeaf } from "../proof/leaf.ts";
import { leafHash, rootOf } from "../proof/merkle.ts";
import { nodePrimitives } from "../proof/node.ts";
import { failureCode } from "../terms/failure.ts";
import { Instant } from "../terms/ids.ts";
import type { Context } from "./context.ts";
import { type Profile, createProfile, readProfile } from "./profile.ts";
import { artefact, committed, openSession, openingOf, openingsOf, signAs, submit } from "./session.ts";

interface Served {
  leaf: Uint8Array;
  envelope: Uint8Array;
}

const folder = mkdtempSync(join(tmpdir(), "headgate-session-"));
let ledger: Served[] = [];
let answers: ReadonlyMap<string, string | Uint8Array> = new Map();
let asked: string[] = [];
let server: Server;
let address = "";
let profiles = 0;

after(() => {
  rmSync(folder, { recursive: true });
});

beforeEach(async () => {
  asked = [];
  answers = new Map();
  server = createServer((request, response) => {
    void (async () => {
      const url = new URL(request.url ?? "/", "http://server");
      asked.push(`${url.pathname}${url.search}`);
      const given = answers.get(url.pathname);
      if (given === undefined && Number(url.searchParams.get("from")) > ledger.length) {
        response.statusCode = 404;
        response.end(JSON.stringify({ error: { code: "not_found", message: "", detail: {}, needs: [] } }));
        return;
      }
      const body = given ?? JSON.stringify(await batchFrom(Number(url.searchParams.get("from"))));
      response.end(body);
    })();
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const bound = server.address();
  assert.ok(typeof bound === "object" && bound !== null);
  address = `http://127.0.0.1:${bound.port}`;
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => {
    server.close(resolve);
  });
});

function ledgerOf(world: World): Served[] {
  return world.entries.map(({ act, envelope }) => ({
    leaf: formatLeaf(digestOf(envelope, nodePrimitives), act.predicate.verb),
    envelope,
  }));
}

async function batchFrom(from: number, log = servers.log): Promise<object> {
  const hashes = ledger.map(({ leaf }) => leafHash(leaf, nodePrimitives));
  const head = { origin: "headgate.test/log", size: hashes.length, root: rootOf(hashes, nodePrimitives) };
  const note = await signCheckpoint(head, log, nodePrimitives);
  const records = ledger
    .slice(from)
    .map(({ leaf, envelope }) => ({ leaf: toBase64(leaf), envelope: toBase64(envelope) }));
  return { from, records, checkpoint: Buffer.from(note).toString("utf8") };
}

function profileOf(world: World): string {
  profiles += 1;
  const path = join(folder, `${profiles}.json`);
  const [first] = world.entries;
  assert.ok(first !== undefined);
  const profile: Profile = {
    format: "headgate-profile/1",
    server: address,
    dataPlane: address,
    deployment: world.deployment,
    root: first.act.digest,
    demo: false,
    person: ada.person,
    role: "owner",
    seed: toBase64(nodePrimitives.sha256(toUtf8("key of Ada"))),
    checkpoint: null,
  };
  createProfile(path, profile);
  return path;
}

const context: Context = {
  server: "",
  dataPlane: "",
  codeFile: "",
  stateFolder: folder,
  profile: undefined,
  isWatched: false,
  now: () => Instant.parse(Date.now()),
  wait: async () => undefined,
  write: () => undefined,
  tell: () => undefined,
  leave: () => undefined,
};

async function open(path: string): ReturnType<typeof openSession> {
  return openSession({ json: false, profile: path }, context);
}

/** Submits a hold by Ada to a server that answers "recorded" and takes it into its ledger `times` times. */
async function afterOwnHold(start: Served[], times: number): Promise<string> {
  ledger = start;
  const world = await worldOfTwo();
  const path = profileOf(world);
  const session = await open(path);
  const body = { hold: idOf.hold("h"), scope: { kind: "everything" }, reason: digestOfLabel("why") } as const;
  const envelope = await signAs(session, "hold", body);
  const { digest } = await openStatement(envelope, nodePrimitives);
  const index = ledger.length;
  const answer = { kind: "recorded", act: digest, index, size: index + 1 };
  answers = new Map([["/api/v1/statements", JSON.stringify(answer)]]);
  const entry = { leaf: formatLeaf(digestOf(envelope, nodePrimitives), "hold"), envelope };
  ledger = [...ledger, ...Array.from({ length: times }, () => entry)];
  await submit(session, envelope);
  return path;
}

function failsWith(code: string): (error: unknown) => boolean {
  return (error) => failureCode(error) === code;
}

describe("sessions", () => {
  test("a session folds the ledger itself, remembers its head, and asks next time only for what is new", async () => {
    const world = await worldOfTwo();
    ledger = ledgerOf(world);
    const path = profileOf(world);
    const session = await open(path);
    assert.equal(session.me.role, "owner");
    assert.equal(session.state.persons.size, 2);
    assert.equal(readProfile(path).checkpoint?.size, ledger.length);
    asked = [];
    await open(path);
    assert.deepEqual(asked, [`/api/v1/log/batch?from=${ledger.length}`]);
  });

  test("a ledger shorter than the one seen before is refused, cache or not", async () => {
    const world = await worldOfTwo();
    ledger = ledgerOf(world);
    const path = profileOf(world);
    await open(path);
    rmSync(`${path}.cache`);
    ledger = ledger.slice(0, -1);
    await assert.rejects(open(path), failsWith("fork_detected"));
    assert.equal(readProfile(path).checkpoint?.size, ledger.length + 1);
  });

  test("a server that went back to an older copy is refused by whoever has the newer one cached", async () => {
    const world = await worldOfTwo();
    ledger = ledgerOf(world);
    const path = profileOf(world);
    await open(path);
    ledger = ledger.slice(0, -1);
    await assert.rejects(open(path), failsWith("fork_detected"));
  });

  test("another history of exactly the size that was seen is refused, cached or not", async () => {
    const seen = await worldOfTwo();
    const path = profileOf(seen);
    ledger = ledgerOf(seen);
    await open(path);
    ledger = [...ledger.slice(0, 1), ...ledger.slice(1).toReversed()];
    await assert.rejects(open(path), failsWith("fork_detected"));
  });

  test("an answer without new records whose signature is not the log's is refused", async () => {
    const world = await worldOfTwo();
    const path = profileOf(world);
    ledger = ledgerOf(world);
    await open(path);
    const forged = await batchFrom(ledger.length, servers.control);
    answers = new Map([["/api/v1/log/batch", JSON.stringify(forged)]]);
    await assert.rejects(open(path));
  });

  test("after one's own statement the tree with it is remembered, so that the copy from before it is refused", async () => {
    const path = await afterOwnHold(ledgerOf(await worldOfTwo()), 1);
    assert.equal(readProfile(path).checkpoint?.size, ledger.length);
    ledger = ledger.slice(0, -1);
    await assert.rejects(open(path), failsWith("fork_detected"));
  });

  test("a server that says recorded and shows no such entry is not believed", async () => {
    await assert.rejects(afterOwnHold(ledgerOf(await worldOfTwo()), 0), failsWith("fork_detected"));
  });

  test("another history under the same root is refused", async () => {
    const seen = await worldOfTwo();
    ledger = ledgerOf(seen);
    const path = profileOf(seen);
    await open(path);
    rmSync(`${path}.cache`);
    ledger = [...ledger.slice(0, 1), ...ledger.slice(1).toReversed()];
    await assert.rejects(open(path), failsWith("fork_detected"));
  });

  test("a ledger that begins with another root is refused by whoever pinned one", async () => {
    const path = profileOf(await worldOfOne());
    ledger = ledgerOf(await worldOfOne({ demo: true }));
    await assert.rejects(open(path), failsWith("trust_unknown"));
  });

  test("an entry with another statement than its leaf names is refused", async () => {
    const world = await worldOfTwo();
    const path = profileOf(world);
    ledger = ledgerOf(world);
    const [first, second] = ledger;
    assert.ok(first !== undefined && second !== undefined);
    second.envelope = first.envelope;
    await assert.rejects(open(path), failsWith("proof_invalid"));
  });

  test("a damaged cache is thrown away, and the server asked from the beginning", async () => {
    const world = await worldOfTwo();
    ledger = ledgerOf(world);
    const path = profileOf(world);
    await open(path);
    for (const wrong of [
      "",
      "{}",
      '{"format":"headgate-cache/1","batches":[{"from":0,"records":[],"checkpoint":""}]}',
    ]) {
      writeFileSync(`${path}.cache`, wrong);
      const session = await open(path);
      assert.equal(session.replica.size(), ledger.length);
    }
    assert.ok(existsSync(`${path}.cache`));
  });

  test("a stranger's profile opens no session", async () => {
    const world = await worldOfOne();
    ledger = ledgerOf(world);
    const path = profileOf(world);
    writeFileSync(path, JSON.stringify({ ...readProfile(path), seed: toBase64(new Uint8Array(32).fill(9)) }));
    await assert.rejects(open(path), failsWith("authority_missing"));
  });

  test("content other than its digest is refused, and a text other than its commitment is not shown", async () => {
    const world = await worldOfOne();
    ledger = ledgerOf(world);
    const session = await open(profileOf(world));
    const digest = digestOfLabel("a document");
    answers = new Map<string, string | Uint8Array>([
      [`/api/v1/artefacts/${encodeURIComponent(digest)}`, toUtf8("another document")],
      ["/api/v1/openings", JSON.stringify({ openings: [committed("Mallory").opening] })],
    ]);
    await assert.rejects(artefact(session, digest), failsWith("proof_invalid"));
    assert.equal(await openingOf(session, digest), undefined);
  });

  test("texts behind many commitments come in one request for each fifty of them, and strangers' are left out", async () => {
    const world = await worldOfOne();
    ledger = ledgerOf(world);
    const session = await open(profileOf(world));
    const [one, other] = [committed("what happened"), committed("what else")];
    const stranger = committed("Mallory");
    answers = new Map([["/api/v1/openings", JSON.stringify({ openings: [one.opening, stranger.opening] })]]);
    asked = [];
    const some = await openingsOf(session, [one.digest, other.digest]);
    assert.deepEqual([...some], [[one.digest, "what happened"]]);
    assert.equal(asked.length, 1);
    await openingsOf(
      session,
      Array.from({ length: 51 }, () => one.digest),
    );
    assert.equal(asked.length, 3);
  });

  test("an answer that is not the contract's fails, and is never taken for an empty one", async () => {
    const world = await worldOfOne();
    ledger = ledgerOf(world);
    const path = profileOf(world);
    answers = new Map([["/api/v1/log/batch", "{}"]]);
    await assert.rejects(open(path), failsWith("server_unreachable"));
  });
});
