// What goes on now, by the second: a bounded ring of the last quarter of an hour, in the process that has the gateway. A request
// adds a few numbers to the second that runs, once, after its answer; nothing is looked up for it and nothing waits.
import {
  type LiveSample,
  type LiveVerdict,
  type Times,
  bucketGrowth,
  bucketsMax,
  liveSecondsMax,
} from "../../control/contract-live.ts";
import { closureNow } from "../../gateway/admission.ts";
import type { Gateway } from "../../gateway/gateway.ts";
import type { Answered } from "../../gateway/note.ts";
import type { AskedQuestion } from "../../safeguards/remote/desk.ts";

export interface LiveRing {
  readonly take: (answered: Answered) => void;
  /** A safeguard was asked over HTTP. */
  readonly asked: (question: AskedQuestion) => void;
  /** Whole seconds after `since`, oldest first. */
  readonly samples: (since: number) => readonly LiveSample[];
  readonly close: () => void;
}

export interface LiveOptions {
  readonly gateway: () => Gateway | undefined;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Different names in one second; what comes after them is `other`. */
const namesMax = 24;

/** Addresses that answer with what a model said, or would have. */
const exchanges: ReadonlySet<Answered["route"]> = new Set(["chat", "responses", "messages", "embeddings"]);

export function createLiveRing({ gateway, now }: LiveOptions): LiveRing {
  const ring: LiveSample[] = [];
  let current = begin(now());
  function turn(): void {
    const open = gateway();
    if (open === undefined) {
      current = begin(now());
      return;
    }
    const second = secondOf(now());
    if (second === current.second) return;
    ring.push(sampleOf(current, open));
    if (ring.length > liveSecondsMax) ring.splice(0, ring.length - liveSecondsMax);
    current = begin(now());
  }
  const timer = setInterval(turn, 1_000).unref();
  return {
    take: (answered) => {
      turn();
      if (exchanges.has(answered.route)) count(current, answered);
    },
    asked: ({ entry: { safeguard, name }, answer }) => {
      if (answer !== "answered") add(current.unjudged, `${safeguard}/${name}`);
    },
    samples: (since) => {
      turn();
      return ring.filter(({ second }) => second > since);
    },
    close: () => {
      clearInterval(timer);
    },
  };
}

function secondOf(ms: number): number {
  return Math.floor(ms / 1_000);
}

interface Second {
  readonly second: number;
  readonly verdicts: Map<LiveVerdict, number>;
  readonly models: Map<string, number>;
  readonly latency: Map<number, number>;
  readonly firstToken: Map<number, number>;
  readonly asked: Map<string, number>;
  readonly failed: Map<string, number>;
  readonly unjudged: Map<string, number>;
  readonly quotas: Map<string, number>;
  readonly tokens: [number, number];
}

function begin(ms: number): Second {
  return {
    second: secondOf(ms),
    verdicts: new Map(),
    models: new Map(),
    latency: new Map(),
    firstToken: new Map(),
    asked: new Map(),
    failed: new Map(),
    unjudged: new Map(),
    quotas: new Map(),
    tokens: [0, 0],
  };
}

/** As `other` where there are as many names as may be. */
function add(map: Map<string, number>, name: string, by = 1): void {
  const known = map.has(name) || map.size < namesMax ? name : "other";
  map.set(known, (map.get(known) ?? 0) + by);
}

function addTime(map: Map<number, number>, ms: number): void {
  const bucket = ms < 1 ? 0 : Math.min(bucketsMax - 1, 1 + Math.floor(Math.log(ms) / Math.log(bucketGrowth)));
  map.set(bucket, (map.get(bucket) ?? 0) + 1);
}

function count(into: Second, answered: Answered): void {
  const verdict = verdictOf(answered);
  const { model, stage, ms, refusal, tokens } = answered;
  into.verdicts.set(verdict, (into.verdicts.get(verdict) ?? 0) + 1);
  addTime(into.latency, ms);
  countFirst(into, answered);
  if (model !== undefined) add(into.models, `${model} ${stage ?? "none"}`);
  if (model !== undefined) countUpstream(into, answered, model);
  if (refusal?.code === "quota_exhausted") add(into.quotas, refusal.reason ?? "quota");
  countUnjudged(into, answered);
  if (tokens === undefined) return;
  into.tokens[0] += tokens[0];
  into.tokens[1] += tokens[1];
}

function verdictOf({ outcome, refusal }: Answered): LiveVerdict {
  if (refusal?.code === "review_pending") return "waiting";
  if (outcome !== undefined) return outcome;
  return refusal === undefined ? "served" : "turned-away";
}

function countFirst(into: Second, { isStream, spans, startedMs }: Answered): void {
  if (isStream !== true || spans.upstream === undefined) return;
  addTime(into.firstToken, spans.upstream.from + spans.upstream.ms - startedMs);
}

function countUpstream(into: Second, { attempts, refusal }: Answered, model: string): void {
  if (attempts > 0) add(into.asked, model, attempts);
  if (refusal?.code.startsWith("upstream_") === true) add(into.failed, model);
}

function countUnjudged(into: Second, { refusal, found }: Answered): void {
  if (refusal?.code === "safeguard_unavailable") add(into.unjudged, "chain");
  if (found === undefined) return;
  for (const one of found) if (one.endsWith(" shadow unknown")) add(into.unjudged, "shadow");
}

function sampleOf(second: Second, gateway: Gateway): LiveSample {
  const { tokens } = second;
  return {
    second: second.second,
    verdicts: Object.fromEntries(second.verdicts),
    models: objectOf(second.models),
    latency: pairsOf(second.latency),
    firstToken: pairsOf(second.firstToken),
    upstream: serversOf(second),
    unjudged: objectOf(second.unjudged),
    quotas: objectOf(second.quotas),
    tokens: tokens[0] + tokens[1] === 0 ? undefined : tokens,
    now: {
      exchanges: gateway.live.count(),
      receiptsWaiting: gateway.recorder.backlog(),
      leaseMs: Math.round(gateway.follower.leaseLeftMs()),
      closed: closureNow(gateway) ?? null,
    },
  };
}

function serversOf({ asked, failed }: Second): LiveSample["upstream"] {
  const models = [...new Set([...asked.keys(), ...failed.keys()])];
  if (models.length === 0) return undefined;
  return Object.fromEntries(
    models.map((model) => [model, { asked: asked.get(model) ?? 0, failed: failed.get(model) ?? 0 }]),
  );
}

/** Undefined where there is nothing in it, so that it takes no room in an answer. */
function objectOf(map: ReadonlyMap<string, number>): Record<string, number> | undefined {
  return map.size === 0 ? undefined : Object.fromEntries(map);
}

function pairsOf(map: ReadonlyMap<number, number>): Times | undefined {
  return map.size === 0 ? undefined : [...map];
}
