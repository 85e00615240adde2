// `headgate drill --hold`: how soon a hold stops what runs, on gateways that serve. Streams are opened with a key of the drill's own,
// a real hold is signed and told as `release hold` tells it, and each stream is read until it ends. By default only that key is held.
import { monitorEventLoopDelay } from "node:perf_hooks";
import type { HoldScope } from "../../acts/bodies.ts";
import type { State } from "../../acts/state.ts";
import { placeHold } from "../../cli/release/hold.ts";
import type { Identity } from "../../cli/session.ts";
import { Failure } from "../../terms/failure.ts";
import type { KeyId, Name } from "../../terms/ids.ts";
import { type Door, type Stream, askStream } from "../talk.ts";

/** A stream that still sends text so long after the order was not stopped by it, in milliseconds. */
const watchedMs = 10_000;
/** How long streams may take to begin, in milliseconds. */
const beginMsMax = 60_000;

export interface BrakeWish {
  readonly who: Identity;
  readonly scope: HoldScope;
  readonly reason: string;
  readonly gateways: readonly string[];
  readonly secret: string;
  readonly model: Name;
  /** At each gateway. */
  readonly streams: number;
}

export interface BrakeReport {
  readonly scope: HoldScope;
  readonly gateways: number;
  readonly streams: number;
  /** From before the order was signed to the last text of any stream that it ended, as this program read it. */
  readonly milliseconds: number;
  /** Of each stream that the hold ended. */
  readonly lastTextMs: readonly number[];
  /** Streams that still sent text when nobody waited any longer. */
  readonly opened: number;
  /** Streams that did not begin, or that ended before the order or by something else. */
  readonly unfinished: number;
  /** The same of each gateway, as they were named. */
  readonly byGateway: readonly GatewayReport[];
  /** The longest that this program stood still meanwhile: what came then was read so much later. */
  readonly stalledMs: number;
}

export interface GatewayReport {
  readonly gateway: string;
  readonly streams: number;
  /** Null where the hold ended no stream there: nobody knows how soon it would have. */
  readonly milliseconds: number | null;
  readonly opened: number;
  readonly unfinished: number;
  /** How those that are unfinished ended, each way once. */
  readonly otherEnds: readonly string[];
}

/** Callers other than the drill's own key that a hold of this scope would stop, by organisation. */
export function othersReached(state: State, scope: HoldScope, own: KeyId): readonly Name[] {
  const house = organisationOf(state, own);
  return [...state.organisations.values()]
    .filter(({ organisation, suspended }) => !suspended && (organisation !== house || hasOtherKeys(state, house, own)))
    .filter(({ organisation, grants }) => {
      if (scope.kind === "key") return false;
      if (scope.kind === "organisation") return organisation === scope.organisation;
      return "model" in scope ? grants.some(({ model }) => model === scope.model) : true;
    })
    .map(({ organisation }) => organisation);
}

function hasOtherKeys(state: State, house: Name | undefined, own: KeyId): boolean {
  return [...state.keys.values()].some(
    ({ key, organisation, standing }) => organisation === house && key !== own && standing === "active",
  );
}

export function organisationOf(state: State, own: KeyId): Name | undefined {
  return [...state.keys.values()].find(({ key }) => key === own)?.organisation;
}

interface Watched {
  /** Resolves once it showed text, ended or failed. */
  readonly begun: Promise<void>;
  readonly ended: Promise<void>;
  lastTextMs: number;
  texts: number;
  finish: string | undefined;
  finishMs: number;
  /** Why it did not begin, where a gateway said so. */
  refusal: string | undefined;
}

/** Fails with gateway_closed where no stream began anywhere: then nothing is held either. */
export async function tryBrake(wish: BrakeWish): Promise<BrakeReport> {
  const doors = wish.gateways.map((dataPlane): Door => ({ dataPlane, secret: wish.secret }));
  const stop = new AbortController();
  const parts = doors.map((door) => ({
    gateway: door.dataPlane,
    streams: Array.from({ length: wish.streams }, () => watch(askStream(door, bodyFor(wish.model)), stop.signal)),
  }));
  const watched = parts.flatMap(({ streams }) => streams);
  await Promise.race([Promise.all(watched.map(({ begun }) => begun)), delay(beginMsMax)]);
  if (watched.every(({ texts }) => texts === 0)) {
    const said = watched.find(({ refusal }) => refusal !== undefined)?.refusal;
    const why = said === undefined ? "Is the key's grant open at these gateways?" : `A gateway says: ${said}`;
    throw new Failure("gateway_closed", `No stream began, so nothing was held. ${why}`);
  }
  const stalls = monitorEventLoopDelay();
  stalls.enable();
  try {
    const orderMs = performance.now();
    await placeHold(wish.who, { scope: wish.scope, reason: wish.reason, gateways: wish.gateways });
    await Promise.race([Promise.all(watched.map(({ ended }) => ended)), delay(watchedMs)]);
    return {
      scope: wish.scope,
      gateways: doors.length,
      streams: watched.length,
      ...judge(watched, orderMs),
      byGateway: parts.map(({ gateway, streams }) => ofGateway(gateway, streams, orderMs)),
      stalledMs: Math.round(stalls.max / 1e6),
    };
  } finally {
    stalls.disable();
    // Also where the order was refused: a caller that nobody reads any longer leaves.
    stop.abort();
  }
}

type Judged = Pick<BrakeReport, "milliseconds" | "lastTextMs" | "opened" | "unfinished">;

/** Only what showed text, and was ended as a hold ends it after the order, was stopped by it. */
export function judge(watched: readonly Omit<Watched, "begun" | "ended" | "refusal">[], orderMs: number): Judged {
  const stopped = watched.filter((one) => wasStopped(one, orderMs));
  const opened = watched.filter(({ finish, texts }) => finish === undefined && texts > 0).length;
  const lastTextMs = stopped
    .map((one) => Math.max(0, Math.ceil(one.lastTextMs - orderMs)))
    .toSorted((one, other) => one - other);
  return {
    milliseconds: lastTextMs.at(-1) ?? 0,
    lastTextMs,
    opened,
    unfinished: watched.length - stopped.length - opened,
  };
}

type Ended = Pick<Watched, "texts" | "finish" | "finishMs">;

function wasStopped({ texts, finish, finishMs }: Ended, orderMs: number): boolean {
  return texts > 0 && finish === "content_filter" && finishMs >= orderMs;
}

function ofGateway(gateway: string, watched: readonly Watched[], orderMs: number): GatewayReport {
  const { lastTextMs, opened, unfinished } = judge(watched, orderMs);
  const otherEnds = [...new Set(watched.filter((one) => !wasStopped(one, orderMs)).flatMap(endOf))];
  return { gateway, streams: watched.length, milliseconds: lastTextMs.at(-1) ?? null, opened, unfinished, otherEnds };
}

function endOf({ finish, refusal, texts }: Watched): readonly string[] {
  if (finish === undefined) return texts > 0 ? [] : ["it did not begin"];
  return [refusal ?? (finish === "content_filter" ? "it was stopped before the order" : finish)];
}

/** Names no length: it gets the longest answer that the model's envelope has. */
function bodyFor(model: Name): Readonly<Record<string, unknown>> {
  const content = "Write a very long story about a canal, its locks and the people who keep them. Do not stop.";
  return { model, messages: [{ role: "user", content }] };
}

function watch(asking: Promise<Stream>, signal: AbortSignal): Watched {
  const begun = Promise.withResolvers<void>();
  const read = async (): Promise<void> => {
    const { pieces, refused } = await asking;
    if (refused !== undefined) watched.refusal = `${refused.code ?? String(refused.status)}, ${refused.message}`;
    for await (const piece of pieces) {
      if (signal.aborted) return;
      if (piece.kind === "text") {
        watched.texts += 1;
        watched.lastTextMs = piece.atMs;
        begun.resolve();
      }
      if (piece.kind !== "end") continue;
      watched.finish = piece.finish;
      watched.finishMs = piece.atMs;
    }
    watched.finish ??= "broken off";
  };
  const ended = read()
    .catch(() => {
      watched.finish ??= "broken off";
    })
    .finally(() => {
      begun.resolve();
    });
  const watched: Watched = {
    begun: begun.promise,
    ended,
    lastTextMs: 0,
    texts: 0,
    finish: undefined,
    finishMs: 0,
    refusal: undefined,
  };
  return watched;
}

async function delay(ms: number): Promise<void> {
  await new Promise<void>((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}
