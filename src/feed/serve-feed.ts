// The control plane's end of a feed connection: a handler for `node:http`, the same on a port for other machines and on a
// unix socket for workers. Strangers stop at the head of their request: nobody's body is read before the signature over its
// digest was found to be that of a gateway the trust root names.
import { createHmac, timingSafeEqual } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { z } from "zod";
import { digestOf } from "../proof/digest.ts";
import { toHex, toUtf8 } from "../proof/encoding.ts";
import type { Primitives, Signer } from "../proof/primitives.ts";
import { Failure, httpStatus } from "../terms/failure.ts";
import { Digest, PublicKey } from "../terms/ids.ts";
import { troubleIn } from "../terms/trouble.ts";
import { Call, calls, messageBytesMax, nextWaitMs, usageRowsMax } from "./calls.ts";
import { jsonOf } from "./encoded.ts";
import type { Feed } from "./feed.ts";
import { Numbers, feedPath, headers, isRequestSigned, signAnswer } from "./session.ts";

export interface FeedServing {
  /** A feed for one more gateway, until the signal aborts. */
  readonly connect: (gateway: PublicKey, gone: AbortSignal) => Feed;
  /** Whether the trust root in force names this gateway. Asked for every request. */
  readonly isGateway: (key: PublicKey) => boolean;
  readonly control: Signer;
  readonly primitives: Primitives;
  readonly randomBytes: (count: number) => Uint8Array;
  /** Milliseconds that only go forward. */
  readonly monotonic: () => number;
  readonly report: (event: string, detail: Readonly<Record<string, string | number>>) => void;
}

export interface FeedHandler {
  readonly handle: (request: IncomingMessage, response: ServerResponse) => void;
  readonly close: () => void;
}

const bounds = {
  /** From a challenge to the first message under it. */
  challengeMs: 10_000,
  /** A session in which nothing was asked for so long is over. */
  idleMs: 60_000,
  sessionsPerGateway: 8,
  sessions: 512,
  /** Messages under way in one session. */
  messages: 64,
  bodyMs: 30_000,
} as const;

interface Session {
  readonly gateway: PublicKey;
  readonly feed: Feed;
  readonly numbers: Numbers;
  readonly gone: AbortController;
  underWay: number;
  lastAsked: number;
}

/** A request whose head was found to be a gateway's. */
interface Asked {
  readonly session: Session;
  readonly call: Call;
  readonly digest: Digest;
  readonly signature: string;
}

export function createFeedHandler(options: FeedServing): FeedHandler {
  const sessions = new Map<string, Session>();
  const secret = options.randomBytes(32);

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    dropIdle(sessions, options.monotonic());
    const name = (request.url ?? "").startsWith(feedPath) ? (request.url ?? "").slice(feedPath.length) : "";
    if (request.method === "GET" && name === "challenge") {
      answerPlain(response, 200, { challenge: newChallenge(secret, options) });
      return;
    }
    const call = Call.safeParse(name).data;
    if (request.method !== "POST" || call === undefined) throw new Failure("not_found", "The feed has no such call.");
    const asked = await admit(request, call, { sessions, secret, options });
    const { session } = asked;
    session.underWay += 1;
    try {
      await answer(request, response, { asked, options });
    } finally {
      session.underWay -= 1;
      session.lastAsked = options.monotonic();
    }
  }

  return {
    handle: (request, response) => {
      handle(request, response).catch((error: unknown) => {
        const failure = error instanceof Failure ? error : new Failure("store_unavailable", "The feed failed.");
        if (!(error instanceof Failure)) options.report("feed", { why: troubleIn(error) });
        answerPlain(response, httpStatus[failure.code], { error: { code: failure.code, message: failure.message } });
        // What of the body was not read is not waited for.
        request.resume();
      });
    },
    close: () => {
      for (const { gone } of sessions.values()) gone.abort();
      sessions.clear();
    },
  };
}

interface Within {
  readonly sessions: Map<string, Session>;
  readonly secret: Uint8Array;
  readonly options: FeedServing;
}

/** Whose message this is. Fails with session_missing, signature_invalid or authority_missing; nothing of the body was read. */
async function admit(request: IncomingMessage, call: Call, { sessions, secret, options }: Within): Promise<Asked> {
  const head = Head.safeParse(request.headers);
  if (!head.success) throw new Failure("session_missing", "The head of this message is not that of a gateway's.");
  const { [headers.challenge]: challenge, [headers.nonce]: nonce, [headers.gateway]: gateway } = head.data;
  const { [headers.number]: number, [headers.digest]: digest, [headers.signature]: signature } = head.data;
  if (!options.isGateway(gateway)) {
    throw new Failure(
      "authority_missing",
      "The trust root names no gateway of this key. Add it: headgate root propose.",
    );
  }
  const signed = { challenge, nonce, gateway, number, call, body: digest };
  if (!(await isRequestSigned(signed, signature, options.primitives))) {
    throw new Failure("signature_invalid", "This message is not signed by the gateway that it names.");
  }
  const id = `${challenge} ${nonce} ${gateway}`;
  const session = sessions.get(id) ?? (call === "open" ? begin(id, gateway, { sessions, secret, options }) : undefined);
  if (session === undefined) throw new Failure("session_missing", "This session is over. Begin another.");
  if (!session.numbers.take(number)) throw new Failure("conflict", "This message came before.");
  if (session.underWay >= bounds.messages) throw new Failure("store_unavailable", "Too many messages are under way.");
  return { session, call, digest, signature };
}

const Head = z.object({
  [headers.challenge]: z.string().max(256),
  [headers.nonce]: z.string().regex(/^[0-9a-f]{32}$/),
  [headers.gateway]: PublicKey,
  [headers.number]: z
    .string()
    .regex(/^[1-9][0-9]{0,14}$/)
    .transform(Number),
  [headers.digest]: Digest,
  [headers.signature]: z.string().max(128),
});

/** Challenges are not remembered: they say themselves until when they are good, and that they are ours. */
function newChallenge(secret: Uint8Array, { monotonic, randomBytes }: FeedServing): string {
  const text = `${Math.ceil(monotonic() + bounds.challengeMs)}.${toHex(randomBytes(16))}`;
  return `${text}.${macOf(secret, text)}`;
}

function begin(id: string, gateway: PublicKey, { sessions, secret, options }: Within): Session {
  const [until = "", random = "", mac = ""] = (id.split(" ")[0] ?? "").split(".");
  const own = Buffer.from(macOf(secret, `${until}.${random}`));
  const isOurs = mac.length === own.length && timingSafeEqual(Buffer.from(mac), own);
  if (!isOurs || Number(until) < options.monotonic()) throw new Failure("session_missing", "This challenge is over.");
  const ofGateway = [...sessions].filter(([, session]) => session.gateway === gateway);
  // A gateway that comes again has left its old sessions; the one that was idle longest goes.
  const [oldest] = ofGateway.toSorted(([, one], [, other]) => one.lastAsked - other.lastAsked);
  if (ofGateway.length >= bounds.sessionsPerGateway && oldest !== undefined) end(sessions, oldest[0]);
  if (sessions.size >= bounds.sessions) throw new Failure("store_unavailable", "Too many gateways are connected.");
  const gone = new AbortController();
  const feed = options.connect(gateway, gone.signal);
  const session = { gateway, feed, numbers: new Numbers(), gone, underWay: 0, lastAsked: options.monotonic() };
  sessions.set(id, session);
  return session;
}

function macOf(secret: Uint8Array, text: string): string {
  return createHmac("sha256", secret).update(text).digest("hex");
}

function dropIdle(sessions: Map<string, Session>, now: number): void {
  for (const [id, { underWay, lastAsked }] of sessions) {
    if (underWay === 0 && now - lastAsked > bounds.idleMs) end(sessions, id);
  }
}

function end(sessions: Map<string, Session>, id: string): void {
  sessions.get(id)?.gone.abort();
  sessions.delete(id);
}

interface Answering {
  readonly asked: Asked;
  readonly options: FeedServing;
}

/** Reads the body, does what is asked, and signs what comes of it, a failure too. */
async function answer(request: IncomingMessage, response: ServerResponse, answering: Answering): Promise<void> {
  const { asked, options } = answering;
  const left = new AbortController();
  response.once("close", () => {
    left.abort();
  });
  let status = 200;
  let body: string;
  try {
    const bytesMax = asked.call === "open" ? messageBytesMax.first : messageBytesMax.ask;
    const bytes = await readBody(request, bytesMax, bounds.bodyMs);
    if (digestOf(bytes, options.primitives) !== asked.digest)
      throw new Failure("signature_invalid", "The body is not the one signed.");
    const performing = { feed: asked.session.feed, signal: left.signal };
    body = JSON.stringify(await performers[asked.call](bytes, performing));
  } catch (error) {
    const failure = error instanceof Failure ? error : new Failure("store_unavailable", "The control plane failed.");
    if (!(error instanceof Failure)) options.report("feed", { why: troubleIn(error) });
    status = httpStatus[failure.code];
    body = JSON.stringify({ error: { code: failure.code, message: failure.message } });
  }
  const digest = digestOf(toUtf8(body), options.primitives);
  const signature = await signAnswer({ request: asked.signature, status, body: digest }, options.control);
  response.writeHead(status, { "content-type": "application/json", [headers.signature]: signature });
  response.end(body);
}

interface Performing {
  readonly feed: Feed;
  readonly signal: AbortSignal;
}

type Performer = (body: Uint8Array, performing: Performing) => Promise<unknown>;

const performers: Readonly<Record<Call, Performer>> = {
  open: async (body) => answered(calls.open, body, async () => ({})),
  next: async (body, { feed, signal }) =>
    answered(calls.next, body, async ({ from }) => ({ batch: await nextWithin(feed, from, signal) })),
  holds: async (body, { feed, signal }) =>
    answered(calls.holds, body, async ({ cursor }) => {
      const told = await within(async (over) => feed.holds(cursor, over), signal);
      return { cursor: told?.cursor ?? cursor, envelopes: (told?.envelopes ?? []).map(owned) };
    }),
  renew: async (body, { feed }) => answered(calls.renew, body, async ({ nonce }) => feed.renew(nonce)),
  artefact: async (body, { feed }) =>
    answered(calls.artefact, body, async ({ digest }) => ({ bytes: owned(await feed.artefact(digest)) })),
  publicFile: async (body, { feed }) =>
    answered(calls.publicFile, body, async ({ path }) => {
      const file = await feed.publicFile(path);
      return { file: file === undefined ? null : { ...file, body: owned(file.body) } };
    }),
  receipt: async (body, { feed }) =>
    answered(calls.receipt, body, async ({ id }) => ({ text: (await feed.receipt(id)) ?? null })),
  usageToday: async (body, { feed }) =>
    answered(calls.usageToday, body, async () => ({ counts: (await feed.usageToday()).slice(0, usageRowsMax) })),
  recordInterval: async (body, { feed }) =>
    answered(calls.recordInterval, body, async ({ envelope, receipts }) => {
      await feed.recordInterval(envelope, receipts);
      return {};
    }),
  recordHold: async (body, { feed }) =>
    answered(calls.recordHold, body, async ({ envelope }) => {
      await feed.recordHold(envelope);
      return {};
    }),
  recordUsage: async (body, { feed }) =>
    answered(calls.recordUsage, body, async ({ counts }) => {
      await feed.recordUsage(counts);
      return {};
    }),
  sealingKey: async (body, { feed }) => answered(calls.sealingKey, body, async () => feed.sealingKey()),
  recordReview: async (body, { feed }) =>
    answered(calls.recordReview, body, async (review) => feed.recordReview(review)),
  reportLive: async (body, { feed }) =>
    answered(calls.reportLive, body, async (report) => {
      await feed.reportLive?.(report);
      return {};
    }),
};

/** Parses what is asked, and encodes what is answered. Fails with request_invalid. */
async function answered<A extends z.ZodType, B extends z.ZodType>(
  { ask, answer: form }: { readonly ask: A; readonly answer: B },
  body: Uint8Array,
  work: (given: z.output<A>) => Promise<z.output<B>>,
): Promise<z.input<B>> {
  const given = ask.safeParse(jsonOf(body));
  if (!given.success) throw new Failure("request_invalid", "This message is not what the call asks.");
  return z.encode(form, await work(given.data));
}

/** What came, or undefined when nothing did for a while: then the gateway asks again. */
async function within<T>(wait: (over: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  const over = AbortSignal.any([signal, AbortSignal.timeout(nextWaitMs)]);
  try {
    return await wait(over);
  } catch (error) {
    if (over.aborted) return undefined;
    throw error;
  }
}

async function nextWithin(feed: Feed, from: number, signal: AbortSignal) {
  const batch = await within(async (over) => feed.next(from, over), signal);
  if (batch === undefined) return null;
  const records = batch.records.map(({ leaf, envelope }) => ({ leaf: owned(leaf), envelope: owned(envelope) }));
  return { ...batch, records };
}

/** Bytes whose memory is their own, as the codec wants them. */
function owned(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}

/** A message that carries no signature: there is no session to answer in. */
function answerPlain(response: ServerResponse, status: number, body: object): void {
  if (response.headersSent) return;
  response.writeHead(status, {
    "content-type": "application/json",
    connection: status === 200 ? "keep-alive" : "close",
  });
  response.end(JSON.stringify(body));
}

async function readBody(request: IncomingMessage, bytesMax: number, ms: number): Promise<Uint8Array> {
  const parts: Buffer[] = [];
  let length = 0;
  const timer = setTimeout(() => request.destroy(), ms);
  try {
    for await (const part of request) {
      if (!Buffer.isBuffer(part)) continue;
      length += part.length;
      if (length > bytesMax) throw new Failure("body_too_large", "This message is larger than any of its kind.");
      parts.push(part);
    }
  } finally {
    clearTimeout(timer);
  }
  return Buffer.concat(parts);
}
