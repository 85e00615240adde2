// Puts one gateway together and takes it apart: the mark, the follower, the recorder, the listener, and the beats that
// hand usage over. It has no database; what it needs comes by the feed, and what it owes leaves by the drain.
import type { Server } from "node:http";
import path from "node:path";
import { latestCertificate } from "../acts/state.ts";
import type { Feed } from "../feed/feed.ts";
import type { Primitives, Signer } from "../proof/primitives.ts";
import type { Registry } from "../safeguards/registry.ts";
import type { RemoteDesk } from "../safeguards/remote/desk.ts";
import { Failure, failureCode } from "../terms/failure.ts";
import type { Digest } from "../terms/ids.ts";
import type { Network } from "../terms/network.ts";
import type { ModelDocument } from "../upstream/model-document.ts";
import type { Upstream } from "../upstream/upstream.ts";
import { createAttempts } from "./attempts.ts";
import { openCacheSalt } from "./cache-salt.ts";
import { openConfigurations } from "./configurations.ts";
import { openDividedQuotas } from "./divided-quotas.ts";
import { type Clock, follow } from "./follower.ts";
import type { Gateway } from "./gateway.ts";
import { hearHolds } from "./hear-holds.ts";
import { openHoldDesk } from "./hold-desk.ts";
import { createListener } from "./listener.ts";
import { createLiveExchanges } from "./live.ts";
import { type Mark, openMark } from "./mark.ts";
import type { Answered } from "./note.ts";
import type { Quotas } from "./quota.ts";
import { openRecorder } from "./recorder.ts";
import { countTurnedAway } from "./turned-away.ts";
import { openReviewLine } from "./review-line.ts";
import { rememberRewordings } from "./rewordings.ts";
import { createSampleRoom } from "./sample-room.ts";
import { createTurns } from "./turns.ts";
import { beginTrace } from "./trace-context.ts";
import { within } from "./within.ts";

export interface GatewayOptions {
  readonly feed: Feed;
  /** Act digest of the first trust root; undefined only where the operator has no root yet. */
  readonly pin: Digest | undefined;
  readonly signer: Signer;
  /** Holds the mark and the spool. */
  readonly folder: string;
  readonly registry: Registry;
  /** Where safeguards are asked over HTTP; closed with it. */
  readonly remotes?: RemoteDesk;
  readonly openUpstream: (document: ModelDocument) => Promise<Upstream>;
  readonly clock: Clock;
  readonly primitives: Primitives;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly contact: string;
  readonly hosts: readonly string[];
  /** Proxies whose word on where a request comes from counts. */
  readonly proxies?: readonly Network[];
  /** Origins of pages that may call. */
  readonly pages?: readonly string[] | undefined;
  /** Certificate and key in PEM, where it speaks TLS itself. */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
  readonly report: (event: string, detail: Readonly<Record<string, string | number>>) => void;
  /** Told of every request when its answer has ended. */
  readonly answered?: (answered: Answered) => void;
  /** Requests get ids of traces and spans, and model servers are told them. */
  readonly isTracing?: boolean;
  /** Refusals of one secret that no limit counts; 3,000 unless said. */
  readonly refusalsPerMinuteMax?: number;
  /** How long running exchanges may go on while the gateway closes, in milliseconds. */
  readonly drainMsMax?: number;
}

export interface OpenGateway {
  readonly gateway: Gateway;
  readonly server: Server;
  /** Refuses new work, lets running exchanges end for a while, drains, and stops. */
  readonly close: () => Promise<void>;
}

const drainMsUsual = 10_000;
/** How long stopped exchanges may take for their ending, in milliseconds. */
const stopMsMax = 2_000;
const usageMs = 5_000;
const releaseMs = 60_000;

function tracingBy({ isTracing, randomBytes }: GatewayOptions): Gateway["trace"] {
  if (isTracing !== true) return () => undefined;
  return (traceparent) => beginTrace(typeof traceparent === "string" ? traceparent : undefined, randomBytes);
}

export async function openGateway(options: GatewayOptions): Promise<OpenGateway> {
  const mark = await openMark(path.join(options.folder, "mark"));
  // A start that fails leaves nothing running.
  const opened: Opened[] = [mark];
  try {
    return await openBehind(mark, options, opened);
  } catch (error) {
    for (const one of opened.toReversed()) await one.close().catch(() => undefined);
    throw error;
  }
}

interface Opened {
  readonly close: () => Promise<void>;
}

async function openBehind(mark: Mark, options: GatewayOptions, opened: Opened[]): Promise<OpenGateway> {
  const { feed, clock, primitives } = options;
  const follower = await follow({ ...options, mark });
  opened.push(follower);
  const recorder = await openRecorder({
    ...options,
    follower,
    gateway: options.signer,
    spool: path.join(options.folder, "spool"),
  });
  opened.push(recorder);
  const configurations = openConfigurations({ ...options, hasher: primitives, monotonic: clock.monotonic });
  opened.push(configurations);
  const quotas = await openDividedQuotas({ ...options, follower, own: options.signer.publicKey });
  const live = createLiveExchanges();
  opened.push({
    close: async () => {
      live.close();
    },
  });
  let isDraining = false;
  const gateway: Gateway = {
    follower,
    feed,
    configurations,
    quotas,
    attempts: createAttempts(),
    turnedAway: countTurnedAway(options.refusalsPerMinuteMax),
    cacheSalt: await openCacheSalt(options.signer, primitives),
    recorder,
    live,
    inspections: createTurns(),
    holdDesk: await openHoldDesk({ ...options, folder: path.join(options.folder, "holds") }),
    reviews: openReviewLine({ ...options, follower }),
    sampleRoom: createSampleRoom(options.clock.now),
    rewordings: rememberRewordings(options.randomBytes),
    clock,
    primitives,
    contact: options.contact,
    report: options.report,
    answered: options.answered ?? (() => undefined),
    trace: tracingBy(options),
    isDraining: () => isDraining,
  };
  follower.onChange(() => {
    gateway.live.recheck();
    makeReady(gateway);
  });
  const leaving = new AbortController();
  const hearing = hearHolds(feed, gateway, leaving.signal);
  const stopBeats = startBeats(gateway, options);
  const server = createListener(gateway, { proxies: [], ...options });
  const close = async (): Promise<void> => {
    isDraining = true;
    await shut({ gateway, server, stopBeats, leaving, hearing }, options);
  };
  return { gateway, server, close };
}

interface Running extends Pick<OpenGateway, "gateway" | "server"> {
  readonly stopBeats: () => void;
  readonly leaving: AbortController;
  readonly hearing: Promise<void>;
}

async function shut({ gateway, server, ...running }: Running, options: GatewayOptions): Promise<void> {
  // It goes on listening, also on connections that are idle, as a request may be on its way on one: who comes now is told that it is
  // draining, on a connection that ends with that, and a hold still reaches what is running.
  await emptied(gateway, options.drainMsMax ?? drainMsUsual);
  gateway.live.stopAll(new Failure("gateway_closed", "", { detail: { reason: "draining" } }));
  await emptied(gateway, stopMsMax);
  server.close();
  running.stopBeats();
  const told = drainUsage(options.feed, gateway.quotas, options.report);
  await within(told, usageMs, "The control plane's word on usage").catch(() => {
    options.report("usage", { why: "not told before the end" });
  });
  await gateway.recorder.close();
  gateway.holdDesk.close();
  gateway.live.close();
  server.closeAllConnections();
  running.leaving.abort();
  await running.hearing;
  await gateway.follower.close();
  await gateway.configurations.close();
}

/** Loads what certificates name before anybody asks for it. Whoever asks meets the failure, if there is one. */
function makeReady(gateway: Gateway): void {
  for (const model of gateway.follower.state.certificates.keys()) {
    const certificate = latestCertificate(gateway.follower.state, model);
    if (certificate === undefined) continue;
    const { model: document, safeguards, policy } = certificate.release.digests;
    gateway.configurations.load({ model: document, safeguards, policy, isBare: false }).catch(() => undefined);
  }
}

function startBeats(gateway: Gateway, { feed, report }: GatewayOptions): () => void {
  const timers = [
    setInterval(() => void drainUsage(feed, gateway.quotas, report), usageMs),
    setInterval(() => void releaseReplaced(gateway), releaseMs),
  ];
  return () => {
    for (const timer of timers) clearInterval(timer);
  };
}

/** A model that was replaced leaves its connections, or its process, a while after the last request that was meant for it. */
async function releaseReplaced({ follower: { state }, configurations, report }: Gateway): Promise<void> {
  const certified = [...state.certificates.keys()].flatMap((model) => latestCertificate(state, model) ?? []);
  const kept = new Set(certified.map(({ release }) => release.digests.model));
  await configurations.release(kept).catch(() => {
    report("upstream", { why: "one that was replaced did not close" });
  });
}

async function drainUsage(feed: Feed, quotas: Quotas, report: GatewayOptions["report"]): Promise<void> {
  const counts = quotas.take();
  if (counts.length === 0) return;
  try {
    // Waited for to its end: a write given up on may still come through, and would then be counted twice.
    await feed.recordUsage(counts);
  } catch (error) {
    quotas.putBack(counts);
    report("usage", { why: failureCode(error) ?? "unknown" });
  }
}

async function emptied(gateway: Gateway, msMax: number): Promise<void> {
  for (let waitedMs = 0; waitedMs < msMax && gateway.live.count() > 0; waitedMs += 50) {
    await new Promise((resolve) => {
      setTimeout(resolve, 50);
    });
  }
}
