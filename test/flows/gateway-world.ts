// A gateway for tests, on a port of its own: statements of src/acts/fixtures in a real ledger, a feed that delivers them
// (or what a hostile one would), real documents, the mock as upstream. Nothing of ours is faked: the feed, whose other
// end is a control plane, is the seam, and stands here with switches.
import { cp, mkdtemp, rename, rm } from "node:fs/promises";
import { once } from "node:events";
import { tmpdir } from "node:os";
import path from "node:path";
import OpenAI from "openai";
import { z } from "zod";
import {
  type Configuration,
  type Wanted,
  type World,
  ada,
  bo,
  callerKeyOf,
  digestOfLabel,
  documentsOf,
  openModel,
  organisationOf,
  servers,
  worldOfTwo,
} from "../../src/acts/fixtures.ts";
import type { Grant, Release } from "../../src/acts/bodies.ts";
import type { Limits } from "../../src/acts/limits.ts";
import type { Batch } from "../../src/feed/batch.ts";
import { type DrainedReceipt, type Feed, type SignedLease, signLease } from "../../src/feed/feed.ts";
import { newSealingPair } from "../../src/feed/hpke.ts";
import { type AskedReview, SealingKey, type SignedSealingKey, signSealingKey } from "../../src/feed/reviews.ts";
import type { Answered } from "../../src/gateway/note.ts";
import { type OpenGateway, openGateway } from "../../src/gateway/open.ts";
import { unlessAborted } from "../../src/gateway/within.ts";
import { type Ledger, openLedger } from "../../src/ledger/ledger.ts";
import { UsagePolicy } from "../../src/policy/policy-document.ts";
import { canonicalBytes } from "../../src/proof/canonical.ts";
import { digestOf } from "../../src/proof/digest.ts";
import { toBase64, toUtf8 } from "../../src/proof/encoding.ts";
import { nodePrimitives as primitives, randomBytes } from "../../src/proof/node.ts";
import type { Registry } from "../../src/safeguards/registry.ts";
import { openRemoteDesk } from "../../src/safeguards/remote/desk.ts";
import type { Safeguard } from "../../src/safeguards/safeguard.ts";
import { Safeguards } from "../../src/safeguards/safeguards-document.ts";
import { openStatement } from "../../src/acts/statement.ts";
import { migrate } from "../../src/store/migrations.ts";
import { schema } from "../../src/store/schema.ts";
import { openSqlite } from "../../src/store/sqlite.ts";
import { Digest, type Instant, Name, timestampOf, toInstant } from "../../src/terms/ids.ts";
import type { Network } from "../../src/terms/network.ts";
import type { SecretSources } from "../../src/outbound/secret.ts";
import { openUpstream } from "../../src/upstream/open-upstream.ts";
import type { PoolRules } from "../../src/upstream/pool.ts";
import { type UpstreamBounds, upstreamBounds } from "../../src/upstream/upstream.ts";
import { ModelDocument, type UpstreamSource } from "../../src/upstream/model-document.ts";
import { type Mock, startMock } from "../upstream-mock/server.ts";

export const small = Name.parse("small");
export const secret = "hg_0123456789abcdef0123456789abcdef";

/**
 * A real safeguard, if a simple one, so that tests know what it finds: `poison` is weapons, `doubtful` is fraud in the
 * review band, `exploit` is cyber, `curious` is cyber on trial, and it breaks on `BREAK`.
 */
export const wordSafeguard: Safeguard = {
  name: "word",
  version: 1,
  digest: Digest.parse(`sha256:${"5".repeat(64)}`),
  maxChars: 400_000,
  thresholds: () => ({ review: {}, block: {} }),
  scores: () => {
    throw new Error("not asked in these tests");
  },
  inspect: (text) => {
    if (text.includes("BREAK")) throw new Error("broken");
    const found = (["poison", "doubtful", "exploit", "curious"] as const).filter((word) => text.includes(word));
    const of = {
      poison: { category: "weapons", band: "block" },
      doubtful: { category: "fraud", band: "review" },
      exploit: { category: "cyber", band: "block" },
      curious: { category: "cyber", band: "flag" },
    } as const;
    return {
      kind: "inspected",
      findings: found.map((word) => ({
        ...of[word],
        score: 1,
        span: [text.indexOf(word), text.indexOf(word) + word.length],
        detector: "word@1",
      })),
    };
  },
};
export const words: Registry = { names: ["word@1"], get: () => wordSafeguard };

const limits = { block: { benignRate: 0.005 }, review: { benignRate: 0.02 } };

export interface WorldOptions {
  /** Of the model; `small` unless said. */
  readonly name?: Name;
  readonly envelope?: object;
  /** Other fields of the Model document; `upstream: undefined` leaves the mock out. */
  readonly document?: object;
  readonly pool?: Partial<PoolRules>;
  readonly grant?: Partial<Grant>;
  readonly bounds?: Partial<UpstreamBounds>;
  /** What input findings do; `flag` lets the caller have the mock say what the output guard must stop. */
  readonly onInput?: "block" | "flag" | "review";
  /** Who reviews, as the usage policy says it. */
  readonly review?: object;
  /** What becomes of other wordings of what was stopped. */
  readonly rewordings?: object;
  /** Who is told what was flagged. */
  readonly tell?: "caller";
  readonly stream?: object;
  readonly registry?: Registry;
  readonly safeguards?: object;
  /** What the documents' `env:` and `file:` name. */
  readonly secrets?: SecretSources;
  /** Another chain than that of one safeguard. */
  readonly chain?: readonly object[];
  /** Nothing is released: for permits and refusals. */
  readonly isWithheld?: boolean;
  /** Port of another upstream than the mock. */
  readonly upstreamPort?: number;
  readonly mockModel?: string;
  /** What the upstream speaks; chat completions unless said. */
  readonly dialect?: UpstreamSource["dialect"];
  readonly hosts?: readonly string[];
  /** Origins of pages that may call. */
  readonly pages?: readonly string[];
  readonly proxies?: readonly Network[];
  readonly refusalsPerMinuteMax?: number;
  /** What the release says beside `modelLimits`. */
  readonly conditions?: Release["conditions"];
  /** How much of the model there is, over all callers. */
  readonly modelLimits?: Limits;
  readonly leaseMs?: number;
  /** What lies between the gateway and its feed: a network, in the tests of one. */
  readonly between?: (feed: Feed) => Promise<Feed>;
  /** Whether what was drained is kept for tests to look at; it is unless said. */
  readonly isDrainKept?: boolean;
  /** Hears of each request after its answer. */
  readonly answered?: (answered: Answered) => void;
}

export interface Switches {
  /** Sign leases, refuse to, or never answer. */
  lease: "on" | "off" | "hang";
  leaseMs: number;
  /** Take what is drained, or fail. */
  drain: "on" | "off";
  /** What a hostile feed makes of a batch, a lease, an artefact. */
  tamperBatch: (batch: Batch) => Batch | Promise<Batch>;
  tamperLease: (lease: SignedLease) => SignedLease | Promise<SignedLease>;
  tamperArtefact: (bytes: Uint8Array) => Uint8Array | Promise<Uint8Array>;
  /** Fails what is drained by throwing: before it is recorded, or after, when only the answer is lost. */
  tamperDrain: (when: "before" | "after") => void;
  /** Take reviews, say that the queue is full, fail, or take them and lose the answer. */
  reviews: "on" | "full" | "off" | "lost";
  tamperSealingKey: (key: SignedSealingKey) => SignedSealingKey | Promise<SignedSealingKey>;
  /** How far the gateway's clocks are off, in milliseconds. */
  clockShiftMs: number;
  monotonicShiftMs: number;
}

export interface GatewayWorld {
  readonly world: World;
  readonly mock: Mock;
  readonly ledger: Ledger;
  readonly switches: Switches;
  readonly folder: string;
  readonly configuration: Configuration;
  readonly documents: Map<Digest, Uint8Array>;
  readonly release: () => Release;
  readonly drained: DrainedReceipt[];
  readonly holds: Uint8Array[];
  /** What waits for a person, as it was handed over, and what its text is sealed to. */
  readonly reviews: AskedReview[];
  readonly sealingPair: { readonly key: Uint8Array; readonly publicKey: SealingKey };
  readonly reports: string[];
  readonly now: () => Instant;
  /** Puts what the world said since into the ledger and waits until the gateway has folded it. */
  readonly publish: () => Promise<void>;
  readonly append: () => Promise<void>;
  readonly gateway: () => OpenGateway;
  readonly url: () => string;
  /** Opens the gateway again, on the same folder, as after a kill: the old one is not closed properly. */
  readonly restart: (how: "kill" | "close") => Promise<void>;
  readonly client: (key?: string) => OpenAI;
  readonly ask: (body: unknown, headers?: Record<string, string>) => Promise<Response>;
  readonly close: () => Promise<void>;
}

function rulesIn({ review, rewordings, tell }: WorldOptions): object {
  const rules = Object.entries({ review, rewordings, tell });
  return Object.fromEntries(rules.filter(([, rule]) => rule !== undefined));
}

async function documentsFor(options: WorldOptions, mock: Mock): Promise<Configuration & { bytes: Uint8Array[] }> {
  const port = options.upstreamPort ?? mock.port;
  const dialect = options.dialect ?? "openai-chat";
  const upstream = { dialect, url: `http://127.0.0.1:${port}/v1`, model: options.mockModel ?? "mock" };
  const model = ModelDocument.parse({
    kind: "Model",
    name: options.name ?? small,
    upstream,
    identity: { basis: "declared" },
    envelope: { tools: true, choicesMax: 4, ...options.envelope },
    ...options.document,
  });
  const usual = { safeguard: "word@1", on: ["input", "output"], mode: "block", ...limits, ...options.safeguards };
  const { chain = [usual] } = options;
  const stream = options.stream ?? { holdBackChars: 20, windowChars: 120 };
  const safeguards = Safeguards.parse({ kind: "Safeguards", name: "default", chain, stream });
  const input = options.onInput ?? "block";
  const prohibited = (["weapons", "fraud", "injection"] as const).map((category) => ({
    category,
    treat: "prohibited",
    input,
  }));
  const cyber = { category: "cyber", treat: "restricted", scope: "cyber-defence" };
  const policy = UsagePolicy.parse({
    kind: "UsagePolicy",
    name: "default",
    categories: [...prohibited, cyber],
    ...rulesIn(options),
  });
  const bytes = [model, safeguards, policy].map((document) => canonicalBytes(document));
  const [first, second, third] = bytes.map((one) => digestOf(one, primitives));
  if (first === undefined || second === undefined || third === undefined) throw new Error("three documents");
  const rest = { suite: digestOfLabel("suite"), grader: digestOfLabel("grader"), plan: digestOfLabel("plan") };
  return { model: first, safeguards: second, policy: third, ...rest, bytes };
}

export async function openGatewayWorld(options: WorldOptions = {}): Promise<GatewayWorld> {
  const mock = await startMock();
  const database = await openSqlite(":memory:");
  await migrate(database, schema);
  const roots = new Map<number, Digest>();
  const world = await worldOfTwo({}, { rootAt: (size) => roots.get(size) });
  const { bytes, ...configuration } = await documentsFor(options, mock);
  const documents = new Map(bytes.map((one) => [digestOf(one, primitives), one]));
  let release: Release | undefined;
  const conditions = {
    ...options.conditions,
    ...(options.modelLimits === undefined ? {} : { limits: options.modelLimits }),
  };
  const model = options.name ?? small;
  const wanted: Wanted = { model, stage: "trusted", configuration, conditions };
  if (options.isWithheld === true) {
    await world.say({ verb: "document", body: documentsOf(model, configuration), by: [ada] });
  } else release = await openModel(world, wanted);
  const organisation = organisationOf(world, { model, stage: "trusted" });
  const grants = organisation.grants.map((grant) => ({ ...grant, ...options.grant }));
  await world.say({ verb: "organisation", body: { ...organisation, grants }, by: [ada] });
  await world.say({ verb: "key", body: callerKeyOf(digestOf(toUtf8(secret), primitives)), by: [ada] });

  const switches: Switches = {
    lease: "on",
    leaseMs: options.leaseMs ?? 3000,
    drain: "on",
    tamperBatch: (batch) => batch,
    tamperLease: (lease) => lease,
    tamperArtefact: (artefact) => artefact,
    tamperDrain: () => undefined,
    reviews: "on",
    tamperSealingKey: (key) => key,
    clockShiftMs: 0,
    monotonicShiftMs: 0,
  };
  const startedAt = performance.now();
  const firstNow = world.now() + 60_000;
  const now = (): Instant => toInstant(Math.round(firstNow + performance.now() - startedAt));
  const ledger = await openLedger({
    database,
    primitives,
    signer: servers.log,
    origin: "headgate.test/log",
    clock: now,
  });
  roots.set(0, ledger.head().root);
  const wakers = new Set<() => void>();
  let appended = 0;
  let appending: Promise<void> = Promise.resolve();

  const append = async (): Promise<void> => {
    appending = appending.then(async () => {
      for (const { act, envelope } of world.entries.slice(appended)) {
        const done = await ledger.append([{ verb: act.predicate.verb, envelope, actDigest: act.digest }]);
        roots.set(done.size, done.root);
        appended += 1;
      }
      for (const wake of Array.from(wakers)) wake();
    });
    await appending;
  };

  const drained: DrainedReceipt[] = [];
  const holds: Uint8Array[] = [];
  const reviews: AskedReview[] = [];
  const pair = newSealingPair();
  const sealingPair = { key: pair.key, publicKey: SealingKey.parse(toBase64(pair.publicKey)) };
  const reports: string[] = [];

  const waitForMore = async (from: number, signal: AbortSignal): Promise<void> => {
    while (ledger.head().size <= from) {
      await new Promise<void>((resolve, reject) => {
        const done = (): void => {
          wakers.delete(done);
          if (signal.aborted) reject(new Error("the feed was left"));
          else resolve();
        };
        wakers.add(done);
        signal.addEventListener("abort", done, { once: true });
        if (signal.aborted) done();
      });
    }
  };

  const record = async (envelope: Uint8Array): Promise<void> => {
    if (switches.drain === "off") throw new Error("the drain is switched off");
    const act = await openStatement(envelope, primitives);
    if (world.state.acts.has(act.digest)) return;
    const refusal = world.record({ act, envelope });
    await append();
    if (refusal !== undefined) throw new Error(`the rules refuse what was drained: ${refusal.why}`);
  };

  const feed: Feed = {
    next: async (from, signal) => {
      await waitForMore(from, signal);
      const entries = await ledger.entries(from, 1000);
      const checkpoint = await ledger.checkpointAt(from + entries.length);
      const records = entries.map(({ leaf, envelope }) => ({ leaf, envelope }));
      return switches.tamperBatch({ from, records, checkpoint });
    },
    renew: async (nonce) => {
      if (switches.lease === "off") throw new Error("no lease");
      if (switches.lease === "hang") return new Promise<never>(() => undefined);
      const lease = { nonce, at: timestampOf(now()), leaseMs: switches.leaseMs, size: ledger.head().size };
      return switches.tamperLease(await signLease(lease, servers.control));
    },
    artefact: async (digest) => {
      const found = documents.get(digest);
      if (found === undefined) throw new Error(`there is no artefact ${digest}`);
      return switches.tamperArtefact(found);
    },
    publicFile: async (name) => (name.startsWith("log/") ? ledger.logFile(name.slice("log/".length)) : undefined),
    receipt: async (id) => drained.find((one) => one.id === id)?.text,
    usageToday: async () => [],
    holds: async (_cursor, signal) => unlessAborted(new Promise(() => undefined), signal),
    recordInterval: async (envelope, receipts) => {
      switches.tamperDrain("before");
      await record(envelope);
      if (options.isDrainKept === false) return;
      const known = new Set(drained.map(({ id }) => id));
      drained.push(...[...receipts].filter(({ id }) => !known.has(id)));
      switches.tamperDrain("after");
    },
    recordHold: async (envelope) => {
      switches.tamperDrain("before");
      await record(envelope);
      holds.push(envelope);
      switches.tamperDrain("after");
    },
    sealingKey: async () => {
      const notAfter = timestampOf(toInstant(now() + 10 * 3_600_000));
      const signed = await signSealingKey({ key: sealingPair.publicKey, notAfter }, servers.control);
      return switches.tamperSealingKey(signed);
    },
    recordReview: async (asked) => {
      if (switches.reviews === "off") throw new Error("the store is away");
      const { request, review } = asked.facts;
      const isWaiting = (one: AskedReview): boolean =>
        one.facts.request === request && !world.state.reviews.has(one.facts.review);
      const same = reviews.find(isWaiting);
      if (same !== undefined) return { kind: "waiting", review: same.facts.review };
      if (switches.reviews === "full") return { kind: "full" };
      reviews.push(asked);
      if (switches.reviews === "lost") throw new Error("the answer is lost");
      return { kind: "waiting", review };
    },
    recordUsage: async () => {
      switches.tamperDrain("before");
      if (switches.drain === "off") throw new Error("the drain is switched off");
    },
  };

  const delivered = (await options.between?.(feed)) ?? feed;
  const folder = await mkdtemp(path.join(tmpdir(), "headgate-gateway-"));
  const pin = world.entries[0]?.act.digest;
  if (pin === undefined) throw new Error("a world begins with its root");
  const environment = {
    secrets: { environment: {}, folder: undefined },
    ownPorts: new Set<number>(),
    cacheFolder: folder,
    modelFile: undefined,
    bounds: { ...upstreamBounds, ...options.bounds },
    pool: options.pool ?? {},
    onProgress: () => undefined,
    onEmbeddedEvent: () => undefined,
  };

  async function start(): Promise<{ opened: OpenGateway; port: number; life: { isOver: boolean } }> {
    const life = { isOver: false };
    const opened = await openGateway({
      feed: {
        ...delivered,
        recordInterval: async (envelope, receipts) => {
          if (life.isOver) throw new Error("this process was killed");
          await delivered.recordInterval(envelope, receipts);
        },
      },
      pin,
      signer: servers.gateway,
      folder,
      registry: options.registry ?? words,
      remotes: openRemoteDesk({
        secrets: options.secrets ?? environment.secrets,
        ownPorts: environment.ownPorts,
        now: () => Date.now(),
        randomBytes,
        report: (event, detail) => reports.push(`${event} ${JSON.stringify(detail)}`),
      }),
      openUpstream: async (document) => openUpstream(document, environment),
      clock: {
        now: () => toInstant(now() + switches.clockShiftMs),
        monotonic: () => performance.now() + switches.monotonicShiftMs,
      },
      primitives,
      randomBytes,
      contact: "release@example.test",
      hosts: options.hosts ?? [],
      pages: options.pages,
      proxies: options.proxies ?? [],
      report: (event, detail) => reports.push(`${event} ${JSON.stringify(detail)}`),
      ...(options.answered === undefined ? {} : { answered: options.answered }),
      ...(options.refusalsPerMinuteMax === undefined ? {} : { refusalsPerMinuteMax: options.refusalsPerMinuteMax }),
    });
    opened.server.listen(0, "127.0.0.1");
    await once(opened.server, "listening");
    const address = opened.server.address();
    if (address === null || typeof address === "string") throw new Error("a port was asked for");
    return { opened, port: address.port, life };
  }

  await append();
  let { opened, port, life } = await start();
  const everOpened = [opened];
  const url = (): string => `http://127.0.0.1:${port}`;
  const ready = async (): Promise<void> => {
    await until(() => opened.gateway.follower.closure() === undefined && opened.gateway.recorder.isReady());
  };
  await ready();

  return {
    world,
    mock,
    ledger,
    switches,
    folder,
    configuration,
    documents,
    release: () => {
      if (release === undefined) throw new Error("nothing was released");
      return release;
    },
    drained,
    holds,
    reviews,
    sealingPair,
    reports,
    now,
    append,
    publish: async () => {
      await append();
      await until(() => opened.gateway.follower.replica.size() >= ledger.head().size);
    },
    gateway: () => opened,
    url,
    restart: async (how) => {
      if (how === "close") await opened.close();
      else {
        life.isOver = true;
        await kill(opened, path.join(folder, "spool"));
      }
      ({ opened, port, life } = await start());
      everOpened.push(opened);
    },
    client: (key = secret) => new OpenAI({ baseURL: `${url()}/v1`, apiKey: key, maxRetries: 0 }),
    ask: async (body, headers = {}) =>
      fetch(`${url()}/v1/chat/completions`, {
        method: "POST",
        headers: { authorization: `Bearer ${secret}`, "content-type": "application/json", ...headers },
        body: typeof body === "string" ? body : body instanceof Uint8Array ? body.slice() : JSON.stringify(body),
      }),
    close: async () => {
      switches.drain = "on";
      for (const one of everOpened) await one.close().catch(() => undefined);
      await ledger.close();
      await database.close();
      await mock.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** As near to a kill as one process can come: sockets cut, nothing drained, and what is written from now on is not there. */
async function kill({ server, gateway }: OpenGateway, spool: string): Promise<void> {
  await cp(spool, `${spool}.then`, { recursive: true });
  server.closeAllConnections();
  server.close();
  gateway.live.close();
  gateway.holdDesk.close();
  await gateway.follower.close();
  await rm(spool, { recursive: true });
  await rename(`${spool}.then`, spool);
}

/** Polls, and fails after a while, long enough for the busiest machine; the tests compare orders, never times. */
export async function until(isSo: () => boolean | Promise<boolean>, msMax = 60_000): Promise<void> {
  const endAt = performance.now() + msMax;
  while (!(await isSo())) {
    if (performance.now() > endAt) throw new Error(`waited in vain for: ${isSo.toString()}`);
    await new Promise((resolve) => {
      setTimeout(resolve, 5);
    });
  }
}

export const said = (content: string, more: object = {}): object => ({
  model: "small",
  messages: [{ role: "user", content }],
  ...more,
});

const ErrorAnswer = z.strictObject({
  error: z.strictObject({
    message: z.string(),
    type: z.string(),
    param: z.string().nullable(),
    code: z.string(),
    reason: z.string().nullable(),
    id: z.string(),
    contact: z.string(),
  }),
});

export interface Told {
  readonly status: number;
  readonly code: string;
  readonly reason: string | null;
  readonly message: string;
  readonly id: string;
  readonly headers: Headers;
}

/** A refusal, with its form checked. */
export async function refusalIn(response: Response): Promise<Told> {
  const { error } = ErrorAnswer.parse(await response.json());
  const { status, headers } = response;
  return { status, headers, code: error.code, reason: error.reason, message: error.message, id: error.id };
}

export const Completion = z.object({
  model: z.string(),
  choices: z.array(
    z.object({
      index: z.number(),
      finish_reason: z.string(),
      message: z.looseObject({ content: z.string().nullable() }),
    }),
  ),
  usage: z.object({ prompt_tokens: z.number(), completion_tokens: z.number(), total_tokens: z.number() }),
});

const Chunk = z.object({
  choices: z.array(
    z.object({
      index: z.number(),
      delta: z.looseObject({ content: z.string().nullish() }),
      finish_reason: z.string().nullable(),
    }),
  ),
  usage: z.object({ total_tokens: z.number() }).nullish(),
});

export interface ReadStream {
  readonly text: string;
  readonly finishes: readonly string[];
  readonly receipt: string | undefined;
  readonly errorCode: string | undefined;
  readonly hasUsage: boolean;
  /** The kinds of events in their order, runs of one kind as one. */
  readonly order: readonly string[];
  readonly raw: string;
}

/** Reads a stream of the gateway to its end. */
export function readEvents(raw: string): ReadStream {
  const order: string[] = [];
  const note = (kind: string): void => {
    if (order.at(-1) !== kind) order.push(kind);
  };
  let text = "";
  let receipt: string | undefined;
  let errorCode: string | undefined;
  let hasUsage = false;
  const finishes: string[] = [];
  for (const event of raw.split("\n\n").filter((one) => one !== "")) {
    if (event.startsWith(": x-headgate-receipt ")) {
      receipt = event.slice(": x-headgate-receipt ".length);
      note("receipt");
    } else if (event.startsWith(":")) note("comment");
    else if (event === "data: [DONE]") note("done");
    else {
      const value: unknown = JSON.parse(event.slice("data: ".length));
      const failed = ErrorAnswer.safeParse(value);
      if (failed.success) {
        errorCode = failed.data.error.code;
        note("error");
        continue;
      }
      const chunk = Chunk.parse(value);
      text += chunk.choices.map(({ delta }) => delta.content ?? "").join("");
      finishes.push(...chunk.choices.flatMap(({ finish_reason: reason }) => reason ?? []));
      const isUsage = chunk.usage !== undefined && chunk.usage !== null;
      hasUsage ||= isUsage;
      note(isUsage ? "usage" : "chunk");
    }
  }
  return { text, finishes, receipt, errorCode, hasUsage, order, raw };
}

export async function readStream(response: Response): Promise<ReadStream> {
  return readEvents(await response.text());
}

/** The codes that refuse are one sentence's work; this is the code of one. */
export async function codeOf(response: Response): Promise<string> {
  const { code, reason } = await refusalIn(response);
  return reason === null ? code : `${code}:${reason}`;
}

export { ada, bo };
