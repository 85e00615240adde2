// The watch over stages that open by steps, at work: after each append it reads what was counted of the running periods, and where a
// live measure's limit is shown to be exceeded it signs the step back with the control plane's own key. At the first step there
// is none to go back to: there it holds the stage. It never widens.
import { stopsStage } from "../acts/hold-scope.ts";
import { standingGlass } from "../acts/rules/break-glass.ts";
import { stepOf } from "../acts/rules/share.ts";
import { type State, holdsOn, latestCertificate } from "../acts/state.ts";
import type { Probes } from "../acts/watch.ts";
import { type Draft, signStatement } from "../acts/statement.ts";
import type { Replica } from "../feed/replica.ts";
import type { Counted } from "../gates/probes.ts";
import { type LiveJudgement, judgeLive, judgeProbes } from "../gates/watch.ts";
import { type Opening, commit } from "../proof/digest.ts";
import { toBase64, toHex } from "../proof/encoding.ts";
import type { Primitives, Signer } from "../proof/primitives.ts";
import type { ProbeReader } from "../release/probed.ts";
import { type WatchedStage, watchedStage, watchedStages } from "../release/watched.ts";
import { type StoredCounts, countsOf, dropOldSamples, everyExchange } from "../release/watch-store.ts";
import type { Database } from "../store/database.ts";
import { failureCode } from "../terms/failure.ts";
import {
  type CertificateId,
  type DeploymentId,
  type Digest,
  HoldId,
  type Instant,
  type Name,
  instantOf,
  timestampOf,
  toInstant,
} from "../terms/ids.ts";
import type { OpenStage } from "../terms/stage.ts";
import { troubleIn } from "../terms/trouble.ts";
import type { Content } from "./content.ts";
import type { LiveMeasureView, WatchView } from "./contract.ts";
import type { Writer } from "./writer.ts";

export interface WatchDeskOptions {
  readonly database: Database;
  readonly replica: Pick<Replica, "state">;
  readonly probes: ProbeReader;
  readonly writer: Pick<Writer, "onAppend"> & {
    readonly record: (envelope: Uint8Array, content: Content) => Promise<unknown>;
  };
  readonly control: Signer;
  readonly deployment: DeploymentId;
  readonly primitives: Primitives;
  readonly clock: () => Instant;
  readonly random: (count: number) => Uint8Array;
  readonly report: (event: string, detail: Readonly<Record<string, string | number>>) => void;
}

export interface WatchDesk {
  /** How the watch of a model stands; null where its stage has none. */
  readonly view: (model: Name) => Promise<WatchView | null>;
  readonly views: () => Promise<readonly WatchView[]>;
  /** Looks once, and steps back where it has to. Never fails. */
  readonly look: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/** Between two looks where nothing is appended: a step back that did not succeed is tried again. */
const tickMs = 1_000;
const dropMs = 3_600_000;

/** Without an exchange for so long a watch is said to be blind. */
const blindMs = 600_000;

export function openWatchDesk(options: WatchDeskOptions): WatchDesk {
  let looking: Promise<void> | undefined;
  let isAgain = false;
  let dropped = options.clock();

  async function lookOnce(): Promise<void> {
    for (const stage of watchedStages(options.replica.state).values())
      await reporting(async () => lookAt(stage, options), { model: stage.model });
    const now = options.clock();
    if (now - dropped < dropMs) return;
    dropped = now;
    await reporting(async () => dropOldSamples(options.database, now), {});
  }

  /** What fails for one model keeps no other from being looked at; it is tried again at the next look. */
  async function reporting(work: () => Promise<void>, about: { readonly model?: Name }): Promise<void> {
    try {
      await work();
    } catch (error) {
      options.report("watch", { ...about, why: troubleIn(error) });
    }
  }

  /** One at a time; who asks meanwhile gets one more. */
  async function look(): Promise<void> {
    isAgain = true;
    looking ??= (async () => {
      while (isAgain) {
        isAgain = false;
        await lookOnce();
      }
    })().finally(() => {
      looking = undefined;
    });
    await looking;
  }

  const timer = setInterval(() => void look(), tickMs);
  options.writer.onAppend(() => void look());
  return {
    view: async (model) => readWatch(options, model),
    views: async () =>
      Promise.all([...watchedStages(options.replica.state).values()].map(async (stage) => viewOf(stage, options))),
    look,
    close: async () => {
      clearInterval(timer);
      isAgain = false;
      await looking;
    },
  };
}

async function lookAt(stage: WatchedStage, options: WatchDeskOptions): Promise<void> {
  const counts = await readCounts(stage, options);
  const exceeded = stage.measures.filter((measure) => judged(stage, measure, counts).verdict === "exceeded");
  const [first] = exceeded;
  if (first === undefined) return;
  // Somebody was first while this read: what it counted is of a step that stands no more.
  const running = watchedStage(options.replica.state, stage.model);
  if (running?.period.index !== stage.period.index) return;
  const now = stepOf(options.replica.state, stage.certificate);
  // To where the strictest of them leads.
  const cause = exceeded.find(({ back }) => back !== "one") ?? first;
  const step = cause.back === "one" ? now - 1 : 0;
  const stop = now > 0 ? backTo(stage, { step, watch: cause.id }, options) : holdOf(stage, options);
  if (stop !== undefined) await record(stop, `Live measure ${cause.id} exceeded its limit.`, options);
}

interface AllCounts {
  readonly ofCallers: ReadonlyMap<string, StoredCounts>;
  readonly ofProbes: ReadonlyMap<Name, Counted>;
}

async function readCounts(stage: WatchedStage, { database, probes, clock }: Reading): Promise<AllCounts> {
  return { ofCallers: await countsOf(database, stage), ofProbes: await probes(stage, clock()) };
}

function judged(
  { period }: WatchedStage,
  measure: WatchedStage["measures"][number],
  { ofCallers, ofProbes }: AllCounts,
): LiveJudgement {
  const none = { exchanges: 0, bad: 0, good: 0 };
  if (measure.measure !== "probes") return judgeLive(measure, ofCallers.get(measure.id) ?? none, period.number);
  return judgeProbes(measure, ofProbes.get(measure.id) ?? { ...none, inAll: none, isFresh: false }, period.number);
}

/** What every statement of the server's says. */
type Said = Pick<Draft<"narrow">, "deployment" | "nonce" | "at" | "seen">;
type Stop = (said: Said, reason: Digest) => Promise<Uint8Array>;

interface Back {
  readonly step: number;
  readonly watch: Name;
}

function backTo({ certificate }: WatchedStage, { step, watch }: Back, options: WatchDeskOptions): Stop {
  return async (said, reason) => {
    const draft = { ...said, verb: "narrow", body: { certificate, step, reason, watch } } as const;
    return signStatement(draft, [options.control], options.primitives);
  };
}

/** Undefined where the stage is held already. */
function holdOf(watched: WatchedStage, options: WatchDeskOptions): Stop | undefined {
  const { model } = watched;
  const { replica, random, control, primitives } = options;
  const stage = latestCertificate(replica.state, model)?.release.stage;
  if (stage === undefined || isHeld(watched, stage, options)) return undefined;
  const hold = HoldId.parse(`hold_${toHex(random(8))}`);
  return async (said, reason) => {
    const draft = { ...said, verb: "hold", body: { hold, scope: { kind: "stage", model, stage }, reason } } as const;
    return signStatement(draft, [control], primitives);
  };
}

/**
 * Whether a hold stops this stage now: one on some callers or on wider stages does not, and no more does one that a break-glass goes over,
 * unless it held this very stage in this period. Then whoever opened over it knew of what was counted, or of as much.
 */
function isHeld(
  { model, period }: WatchedStage,
  stage: OpenStage,
  { replica: { state }, clock }: Pick<WatchDeskOptions, "replica" | "clock">,
): boolean {
  const over = standingGlass(state, model, clock())?.holds ?? [];
  return holdsOn(state, model).some(({ hold, scope, index }) => {
    if (!stopsStage(scope, model, stage)) return false;
    return !over.includes(hold) || (scope.kind === "stage" && scope.stage === stage && index > period.index);
  });
}

async function record(stop: Stop, text: string, options: WatchDeskOptions): Promise<void> {
  const { primitives, deployment, random, clock, writer } = options;
  const opening: Opening = { salt: toBase64(random(32)), text };
  const reason = commit(opening, primitives);
  const said = { deployment, nonce: toHex(random(16)), at: timestampOf(clock()), seen: null } as const;
  const envelope = await stop(said, reason);
  try {
    await writer.record(envelope, { openings: new Map([[reason, opening]]), artefacts: new Map() });
  } catch (error) {
    // Somebody else was first: a person, or the other control plane on this store. It is narrower, which is all that was wanted.
    if (failureCode(error) !== "conflict") throw error;
  }
}

type Reading = Pick<WatchDeskOptions, "database" | "replica" | "probes" | "clock">;

export async function readWatch(reading: Reading, model: Name): Promise<WatchView | null> {
  const stage = watchedStage(reading.replica.state, model);
  return stage === undefined ? null : viewOf(stage, reading);
}

async function viewOf(stage: WatchedStage, options: Reading): Promise<WatchView> {
  const { certificate, model, period } = stage;
  const counts = await readCounts(stage, options);
  const measures = stage.measures.map((measure) =>
    measureView(measure, judged(stage, measure, counts), counts.ofProbes.get(measure.id)),
  );
  const all = counts.ofCallers.get(everyExchange);
  const now = options.clock();
  const since = toInstant(Math.min(now, Math.max(instantOf(period.at), all?.lastAt ?? 0)));
  return {
    model,
    certificate,
    period: period.number,
    since: period.at,
    verdict: verdictOf(measures, period.watch),
    widen: widenRuleOf(options.replica.state, { model, certificate }),
    rolledBackFor: period.watch,
    exchanges: all?.exchanges ?? 0,
    late: all?.late ?? 0,
    blindSince: now - since > blindMs ? timestampOf(since) : null,
    measures,
  };
}

function widenRuleOf(
  state: State,
  { model, certificate }: { model: Name; certificate: CertificateId },
): WatchView["widen"] {
  const release = latestCertificate(state, model)?.release;
  const rule = release?.certificate === certificate ? release.conditions.share?.watch?.widen : undefined;
  return rule ?? "advised";
}

function verdictOf(measures: readonly LiveMeasureView[], rolledBackFor: Name | null): WatchView["verdict"] {
  if (measures.some(({ verdict }) => verdict === "exceeded")) return "exceeded";
  if (measures.every(({ verdict }) => verdict === "kept")) return "may-widen";
  return rolledBackFor === null ? "hold" : "rolled-back";
}

function measureView(
  measure: WatchedStage["measures"][number],
  live: LiveJudgement,
  probed: Counted | undefined,
): LiveMeasureView {
  const { id, limit, exchangesMin } = measure;
  const { exchanges, bad, good, unknown, alpha, interval, verdict } = live;
  return {
    id,
    measure: measure.measure,
    limit,
    alpha,
    exchangesMin,
    exchanges,
    bad,
    good,
    unknown,
    exceeded: eValue(live.logExceeded),
    kept: eValue(live.logKept),
    needed: 1 / alpha,
    neededKept: Math.exp(live.logNeededKept),
    interval: { lower: interval.lower, upper: interval.upper },
    verdict,
    probes: measure.measure === "probes" ? probesView(measure, probed) : null,
  };
}

function probesView({ suite, withinHours }: Probes, probed: Counted | undefined): LiveMeasureView["probes"] {
  const none = { exchanges: 0, bad: 0, good: 0 };
  const { probes = 0, isFresh = false, laboratory = none } = probed ?? {};
  const { exchanges, bad, good } = laboratory;
  return {
    suite,
    withinHours,
    count: probes,
    isFresh,
    laboratory: { exchanges, bad, unknown: exchanges - bad - good },
  };
}

/** Large ones are cut where numbers end: they mean the same. */
function eValue(log: number): number {
  return Math.min(Math.exp(log), Number.MAX_VALUE);
}
