// The official Python clients of OpenAI and Anthropic through the gateway, each at a server of its own dialect: what
// python-clients.py saw is what the test expects. It takes python3 (3.9 or newer) with pip; HEADGATE_TEST_PYTHON=0 leaves it out.
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { z } from "zod";
import { bo, digestOfLabel, idOf } from "../../src/acts/fixtures.ts";
import { startCrossingMock } from "../upstream-mock/crossing.ts";
import { startResponsesMock } from "../upstream-mock/responses.ts";
import { type GatewayWorld, type WorldOptions, openGatewayWorld, secret, small } from "./gateway-world.ts";

const run = promisify(execFile);
const isLeftOut = process.env["HEADGATE_TEST_PYTHON"] === "0";
const installMs = 300_000;
const script = path.join(import.meta.dirname, "python-clients.py");
const requirements = path.join(import.meta.dirname, "python-requirements.txt");

/** The folder with the clients in it, filled by pip once for each set of versions and each Python; whole or not there. */
async function clientsFolder(): Promise<string> {
  const wanted = await readFile(requirements, "utf8");
  const advice = "Install python3 (3.9 or newer) with pip, or set HEADGATE_TEST_PYTHON=0 to leave these tests out.";
  const version = await run("python3", ["-m", "pip", "--version"]).catch((cause: unknown) => {
    throw new Error(`The official Python clients are tested here, and python3 with pip is not there. ${advice}`, {
      cause,
    });
  });
  const digest = createHash("sha256").update(wanted).update(version.stdout).digest("hex").slice(0, 16);
  const cache = path.resolve(process.env["HEADGATE_CACHE"] ?? path.join(homedir(), ".cache", "headgate"));
  const folder = path.join(cache, `python-clients-${digest}`);
  if (existsSync(folder)) return folder;
  await mkdir(cache, { recursive: true });
  const filling = await mkdtemp(`${folder}.`);
  const options = ["--quiet", "--disable-pip-version-check", "--only-binary", ":all:", "--target", filling];
  try {
    await run("python3", ["-m", "pip", "install", ...options, "-r", requirements], { timeout: installMs });
    // Another run may have filled it meanwhile, with the same.
    await rename(filling, folder).catch((cause: unknown) => {
      if (!existsSync(folder)) throw cause;
    });
  } catch (cause) {
    throw new Error(`pip could not fetch the Python clients. Is there a network? ${advice}`, { cause });
  } finally {
    await rm(filling, { recursive: true, force: true });
  }
  return folder;
}

const Line = z.object({ case: z.string(), seen: z.unknown() });
type Urls = Readonly<Record<string, string>>;
type Seen = ReadonlyMap<string, unknown>;

let folder = "";

/** What the script saw in one of its parts, by case; `onSeen` is told at once. */
async function python(part: string, urls: Urls, onSeen: (name: string) => void = () => undefined): Promise<Seen> {
  const environment = { ...process.env, PYTHONPATH: folder, PYTHONDONTWRITEBYTECODE: "1" };
  const child = spawn("python3", [script, part], { env: environment, stdio: ["pipe", "pipe", "inherit"] });
  const ended = new Promise<number | null>((resolve) => {
    child.once("close", resolve);
  });
  child.stdin.end(JSON.stringify({ urls, key: secret }));
  const seen = new Map<string, unknown>();
  for await (const text of createInterface({ input: child.stdout })) {
    const line = Line.parse(JSON.parse(text));
    seen.set(line.case, line.seen);
    onSeen(line.case);
  }
  assert.equal(await ended, 0, `python-clients.py ${part} ended early, after ${[...seen.keys()].at(-1) ?? "nothing"}`);
  return seen;
}

const Fault = z.object({
  class: z.string(),
  status: z.number().nullable(),
  code: z.string().nullable(),
  id: z.string().nullable(),
  waits: z.boolean(),
  text: z.string(),
});
const Streamed = z.object({ text: z.string(), end: z.string().nullable(), error: Fault.nullable() });

const worlds: GatewayWorld[] = [];
async function open(options: WorldOptions = {}): Promise<GatewayWorld> {
  const world = await openGatewayWorld({ grant: { requestsPerMinute: 1_000_000 }, ...options });
  worlds.push(world);
  return world;
}

/** A world for each format, opened as `options` says. */
async function three(options: (dialect: NonNullable<WorldOptions["dialect"]>) => WorldOptions): Promise<Urls> {
  const chat = await open(options("openai-chat"));
  const responses = await open(options("openai-responses"));
  const messages = await open(options("anthropic-messages"));
  return { chat: chat.url(), responses: responses.url(), messages: messages.url() };
}

async function hold(world: GatewayWorld, label: string): Promise<void> {
  const scope = { kind: "model", model: small } as const;
  const body = { hold: idOf.hold(label), scope, reason: digestOfLabel("r") };
  await world.world.say({ verb: "hold", body, by: [bo] });
  await world.publish();
}

const formats = ["chat", "responses", "messages"] as const;
const ends = {
  chat: { stop: "stop", tool: "tool_calls", length: "length", refusal: "content_filter" },
  responses: { stop: "completed", tool: "completed", length: "max_output_tokens", refusal: "content_filter" },
  messages: { stop: "end_turn", tool: "tool_use", length: "max_tokens", refusal: "refusal" },
} as const;
const said = "The lock opens at dawn, 👋🏽 naïve friend.";

describe("official Python clients", { skip: isLeftOut ? "HEADGATE_TEST_PYTHON is 0" : false }, () => {
  before(
    async () => {
      folder = await clientsFolder();
    },
    { timeout: installMs },
  );
  after(async () => {
    for (const world of worlds) await world.close();
  });

  describe("at servers that answer", () => {
    let seen: Seen = new Map();
    before(async () => {
      const mock = await startCrossingMock();
      after(mock.close);
      const vectors = await startResponsesMock();
      after(vectors.close);
      const envelope = { tools: true, choicesMax: 1 };
      const urls = await three((dialect) => ({ upstreamPort: mock.port, dialect, envelope, onInput: "flag" }));
      const embeddings = await open({ dialect: "openai-embeddings", upstreamPort: vectors.port });
      seen = await python("answers", { ...urls, embeddings: embeddings.url() });
    });

    for (const name of formats) {
      const end = ends[name];

      test(`${name}: answers arrive with their end and their usage, whole as streamed and over asyncio`, () => {
        for (const [order, ending] of [
          ["TEXT", end.stop],
          ["LENGTH", end.length],
          ["REFUSED", end.refusal],
        ] as const) {
          assert.deepEqual(seen.get(`${name} ${order} whole`), [said, [], ending, 7]);
          assert.deepEqual(seen.get(`${name} ${order} streamed`), { text: said, end: ending, error: null });
        }
        assert.equal(seen.get(`${name} asyncio`), said);
      });

      test(`${name}: two tools are called, whole as streamed, and their results find their way back`, () => {
        const calls = ['{"q":"one"}', '{"q":"two"}'];
        assert.deepEqual(seen.get(`${name} TOOLS whole`), ["Let me look.", calls, end.tool, 7]);
        assert.deepEqual(seen.get(`${name} TOOLS streamed`), calls);
        assert.equal(seen.get(`${name} results`), said);
      });

      test(`${name}: an answer in a shape is read into the caller's own class`, () => {
        assert.equal(seen.get(`${name} shape`), "open");
      });

      test(`${name}: output the policy blocks mid-way ends as a refusal, with what was cleared and nothing after`, () => {
        const streamed = Streamed.parse(seen.get(`${name} BAD streamed`));
        assert.match(streamed.text, /^The boats go through/);
        assert.doesNotMatch(streamed.text, /poison/);
        assert.deepEqual([streamed.end, streamed.error], [end.refusal, null]);
        const whole = z.tuple([z.string(), z.array(z.string()), z.string(), z.number()]);
        const [text, calls, ending] = whole.parse(seen.get(`${name} BAD whole`));
        assert.deepEqual([text, calls, ending], ["", [], end.refusal]);
      });

      test(`${name}: a server that fails raises a server error; one that is cut or fails mid-way raises and has no end`, () => {
        const failed = Fault.parse(seen.get(`${name} STATUS whole`));
        assert.deepEqual([failed.class, failed.status], ["InternalServerError", 502]);
        assert.doesNotMatch(failed.text, /SECRET/);
        for (const order of ["CUT", "ERROR"]) {
          const streamed = Streamed.parse(seen.get(`${name} ${order} streamed`));
          assert.ok(streamed.error !== null, order);
          assert.equal(streamed.end, null);
          assert.doesNotMatch(streamed.error.text, /SECRET/);
        }
      });

      test(`${name}: an unknown key raises the client's own class, with an id to quote`, () => {
        const stranger = Fault.parse(seen.get(`${name} stranger`));
        assert.deepEqual([stranger.class, stranger.status], ["AuthenticationError", 401]);
        assert.match(stranger.id ?? "", /^rcpt_/);
      });
    }

    test("models are listed, one that is not there is not found, texts are embedded, tokens counted", () => {
      assert.deepEqual(seen.get("models"), ["small"]);
      const unknown = Fault.parse(seen.get("no such model"));
      assert.deepEqual([unknown.class, unknown.code], ["NotFoundError", "model_unknown"]);
      assert.deepEqual(seen.get("embeddings"), [3 / 64, 5 / 64]);
      assert.equal(seen.get("count"), 100);
    });
  });

  test("what the policy blocks before the model is asked is an error at OpenAI's client and a refusal at Anthropic's", async () => {
    const mock = await startCrossingMock();
    after(mock.close);
    const seen = await python("blocked", await three((dialect) => ({ upstreamPort: mock.port, dialect })));
    for (const name of ["chat", "responses"] as const) {
      const whole = Fault.parse(seen.get(`${name} whole`));
      assert.deepEqual([whole.class, whole.status, whole.code], ["BadRequestError", 400, "policy_blocked"]);
      const { error, ...rest } = Streamed.parse(seen.get(`${name} streamed`));
      assert.deepEqual([rest, error?.code], [{ text: "", end: null }, "policy_blocked"]);
    }
    assert.deepEqual(z.array(z.unknown()).parse(seen.get("messages whole")).slice(0, 3), ["", [], "refusal"]);
    assert.deepEqual(seen.get("messages streamed"), { text: "", end: "refusal", error: null });
    assert.equal(mock.bodies.length, 0, "the model was not asked");
  });

  test("past the quota each client raises its own rate limit, with a time to wait", async () => {
    const seen = await python("limited", await three(() => ({ grant: { requestsPerMinute: 1 } })));
    for (const name of formats) {
      const fault = Fault.parse(seen.get(name));
      assert.deepEqual([fault.class, fault.status, fault.waits], ["RateLimitError", 429, true]);
    }
  });

  test("a hold in the middle of a stream ends it as a refusal ends, and then the stage is closed", async () => {
    const first = worlds.length;
    const urls = await three(() => ({}));
    const opened = worlds.slice(first);
    for (const world of opened) world.mock.set({ fault: "never-ends" });
    const held: Promise<void>[] = [];
    const seen = await python("held", urls, (name) => {
      const world = opened[formats.findIndex((format) => name === `${format} begun`)];
      if (world !== undefined) held.push(hold(world, name));
    });
    await Promise.all(held);
    for (const name of formats) {
      assert.equal(seen.get(`${name} end`), ends[name].refusal);
      const then = Fault.parse(seen.get(`${name} then`));
      assert.deepEqual([then.class, then.status], ["PermissionDeniedError", 403]);
      assert.match(then.text, /hold stops this model/);
    }
  });
});
