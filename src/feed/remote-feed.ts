// The gateway's end of a feed connection: the same Feed as in one process, over HTTP/1.1, TLS or a unix socket. It signs every
// message with the gateway's key and takes no answer that the control key did not sign, but for the ledger's entries, which
// prove themselves. Failures of the other end come through with their code; a broken connection is server_unreachable.
import { z } from "zod";
import { digestOf } from "../proof/digest.ts";
import { toHex, toUtf8 } from "../proof/encoding.ts";
import type { Primitives, Signer } from "../proof/primitives.ts";
import { Failure, type FailureCode, httpStatus } from "../terms/failure.ts";
import type { PublicKey } from "../terms/ids.ts";
import { type Call, calls, nextWaitMs } from "./calls.ts";
import { jsonOf } from "./encoded.ts";
import { type Connection, type FeedAddress, type Reply, connectionTo, unreachable } from "./connection.ts";
import type { Batch } from "./batch.ts";
import type { Feed, ToldHolds } from "./feed.ts";
import type { GatewayReport } from "./gateway-report.ts";
import { headers, isAnswerSigned, signRequest } from "./session.ts";

export interface RemoteFeedOptions {
  readonly address: FeedAddress;
  readonly gateway: Signer;
  readonly primitives: Primitives;
  readonly randomBytes: (count: number) => Uint8Array;
}

export interface RemoteFeed extends Feed {
  readonly reportLive: (report: GatewayReport) => Promise<void>;
  readonly close: () => void;
}

const bounds = {
  beginMs: 10_000,
  answerMs: 30_000,
  /** How long an answer waits for the replica to know whose signature it must bear. */
  trustMs: 30_000,
} as const;

interface Session {
  readonly challenge: string;
  readonly nonce: string;
  numbers: number;
}

interface Message {
  readonly call: Call;
  readonly body: Uint8Array;
  readonly signal: AbortSignal;
}

interface Replied {
  readonly reply: Reply;
  /** The signature of the request, which the answer's is over. */
  readonly request: string;
}

/** Sends what is asked in a session of its own making. */
class Sessions {
  readonly #options: RemoteFeedOptions;
  readonly #connection: Connection;
  readonly #closing: AbortSignal;
  #session: Promise<Session> | undefined;

  constructor(options: RemoteFeedOptions, connection: Connection, closing: AbortSignal) {
    this.#options = options;
    this.#connection = connection;
    this.#closing = closing;
  }

  /** In the present session, or in a new one where that is over; nothing that was done is sent twice. */
  async send(message: Message): Promise<Replied> {
    for (let again = false; ; again = true) {
      const mine = (this.#session ??= this.#begin());
      const session = await mine.catch((error: unknown) => {
        this.#leave(mine);
        throw error;
      });
      const replied = await this.#post(session, message);
      if (again || !isOver(replied.reply)) return replied;
      this.#leave(mine);
    }
  }

  #leave(session: Promise<Session>): void {
    if (this.#session === session) this.#session = undefined;
  }

  async #begin(): Promise<Session> {
    const signal = AbortSignal.any([this.#closing, AbortSignal.timeout(bounds.beginMs)]);
    const asking = { method: "GET", head: {}, body: new Uint8Array(0), signal };
    const reply = await this.#connection.send("challenge", asking);
    const challenge = Challenge.safeParse(jsonOf(reply.body)).data?.challenge;
    if (challenge === undefined) throw unreachable("The control plane gave no challenge.");
    const session = { challenge, nonce: toHex(this.#options.randomBytes(16)), numbers: 0 };
    const opened = await this.#post(session, { call: "open", body: toUtf8("{}"), signal });
    if (opened.reply.status !== 200) throw refusalOf(opened.reply.body);
    return session;
  }

  async #post(session: Session, { call, body, signal }: Message): Promise<Replied> {
    const { gateway, primitives } = this.#options;
    session.numbers += 1;
    const { challenge, nonce, numbers: number } = session;
    const digest = digestOf(body, primitives);
    const signed = { challenge, nonce, gateway: gateway.publicKey, number, call, body: digest };
    const request = await signRequest(signed, gateway);
    const head = {
      "content-type": "application/json",
      [headers.challenge]: challenge,
      [headers.nonce]: nonce,
      [headers.gateway]: gateway.publicKey,
      [headers.number]: String(number),
      [headers.digest]: digest,
      [headers.signature]: request,
    };
    return { reply: await this.#connection.send(call, { method: "POST", head, body, signal }), request };
  }
}

function isOver({ status, signature, body }: Reply): boolean {
  if (status !== httpStatus.session_missing || signature !== undefined) return false;
  return refusalOf(body).code === "session_missing";
}

interface Asking<A, B> {
  readonly ask: A;
  readonly answer: B;
  /** Ends the wait for an answer. */
  readonly signal?: AbortSignal;
  readonly ms?: number;
}

export function openRemoteFeed(options: RemoteFeedOptions): RemoteFeed {
  const connection = connectionTo(options.address);
  const closing = new AbortController();
  const trust = trustedKey(closing.signal);
  const sessions = new Sessions(options, connection, closing.signal);

  async function call<A extends z.ZodType, B extends z.ZodType>(
    name: Call,
    { ask, answer, signal, ms = bounds.answerMs }: Asking<A, B>,
    given: z.output<A>,
  ): Promise<z.output<B>> {
    const signals = [closing.signal, AbortSignal.timeout(ms), ...(signal === undefined ? [] : [signal])];
    const body = toUtf8(JSON.stringify(z.encode(ask, given)));
    const replied = await sessions.send({ call: name, body, signal: AbortSignal.any(signals) });
    // Entries prove themselves, and come before anybody's key is known or changes.
    if (name !== "next") await checkSigned(replied, await trust.key(), options.primitives);
    if (replied.reply.status !== 200) throw refusalOf(replied.reply.body);
    const parsed = answer.safeParse(jsonOf(replied.reply.body));
    if (parsed.success) return parsed.data;
    throw new Failure("proof_invalid", "The control plane answered in a form that is not the feed's.");
  }

  async function next(from: number, signal: AbortSignal): Promise<Batch> {
    for (;;) {
      const { batch } = await call("next", { ...calls.next, signal, ms: nextWaitMs + bounds.beginMs }, { from });
      if (batch !== null) return batch;
    }
  }

  async function holds(cursor: string, signal: AbortSignal): Promise<ToldHolds> {
    for (;;) {
      const told = await call("holds", { ...calls.holds, signal, ms: nextWaitMs + bounds.beginMs }, { cursor });
      if (told.envelopes.length > 0) return told;
    }
  }

  return {
    next,
    holds,
    trust: trust.learn,
    renew: async (nonce) => call("renew", calls.renew, { nonce }),
    artefact: async (digest) => (await call("artefact", calls.artefact, { digest })).bytes,
    publicFile: async (path) => (await call("publicFile", calls.publicFile, { path })).file ?? undefined,
    receipt: async (id) => (await call("receipt", calls.receipt, { id })).text ?? undefined,
    usageToday: async () => (await call("usageToday", calls.usageToday, {})).counts,
    recordInterval: async (envelope, receipts) => {
      await call("recordInterval", calls.recordInterval, { envelope: own(envelope), receipts: [...receipts] });
    },
    recordHold: async (envelope) => {
      await call("recordHold", calls.recordHold, { envelope: own(envelope) });
    },
    recordUsage: async (counts) => {
      await call("recordUsage", calls.recordUsage, { counts: [...counts] });
    },
    sealingKey: async () => call("sealingKey", calls.sealingKey, {}),
    recordReview: async (review) => call("recordReview", calls.recordReview, review),
    reportLive: async (report) => {
      await call("reportLive", calls.reportLive, report);
    },
    close: () => {
      closing.abort();
      connection.close();
    },
  };
}

/** Fails with signature_invalid; with server_unreachable where the other end refused without saying who it is. */
async function checkSigned({ reply, request }: Replied, control: PublicKey, primitives: Primitives): Promise<void> {
  const { status, body, signature } = reply;
  if (signature === undefined && status !== 200) {
    throw unreachable(`The control plane's feed refuses: ${refusalOf(body).message}`);
  }
  const answered = { request, status, body: digestOf(body, primitives) };
  if (signature !== undefined && (await isAnswerSigned(answered, signature, { control, primitives }))) return;
  throw new Failure("signature_invalid", "This answer is not signed by the control key of the trust root.");
}

/** Bytes whose memory is their own, as the codec wants them. */
function own(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}

const Challenge = z.object({ challenge: z.string().max(256) });

/** The control key as the replica has it; whoever asks before it is known waits. */
function trustedKey(closing: AbortSignal): {
  readonly key: () => Promise<PublicKey>;
  readonly learn: (key: PublicKey) => void;
} {
  let known: PublicKey | undefined;
  const first = Promise.withResolvers<void>();
  return {
    learn: (key) => {
      known = key;
      first.resolve();
    },
    key: async () => {
      if (known === undefined) {
        const over = AbortSignal.any([closing, AbortSignal.timeout(bounds.trustMs)]);
        const { promise, resolve } = Promise.withResolvers<void>();
        over.addEventListener("abort", () => {
          resolve();
        });
        await Promise.race([first.promise, promise]);
      }
      if (known !== undefined) return known;
      throw new Failure("trust_unknown", "The trust root did not come, so nobody's answers are believed.");
    },
  };
}

const Refused = z.object({ error: z.object({ code: z.string(), message: z.string().max(1000) }) });

/** The other end's failure, by its code. */
function refusalOf(body: Uint8Array): Failure {
  const refused = Refused.safeParse(jsonOf(body)).data?.error;
  if (refused === undefined || !isCode(refused.code)) return unreachable("The control plane refused without a reason.");
  return new Failure(refused.code, refused.message);
}

function isCode(code: string): code is FailureCode {
  return Object.hasOwn(httpStatus, code);
}
