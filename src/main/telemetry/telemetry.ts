// Everything that is told of a running server, in one place: metrics, access log, the last refusals, traces. It hears of each
// request once, after its answer, and of each line of the server's report; nothing in it can fail or hold up an answer.
import type { Metrics } from "../../control/core.ts";
import type { Gateway } from "../../gateway/gateway.ts";
import type { Answered } from "../../gateway/note.ts";
import type { AskedQuestion } from "../../safeguards/remote/desk.ts";
import type { ReceiptId } from "../../terms/ids.ts";
import type { RunningAt } from "../../terms/running.ts";
import type { Operating } from "../operating.ts";
import type { Report } from "../report.ts";
import type { LiveProcess, LiveSample } from "../../control/contract-live.ts";
import { type AccessLog, openAccessLog } from "./access-log.ts";
import { createLiveRing } from "./live-ring.ts";
import { createMeters } from "./meters.ts";
import { type Otlp, openOtlp } from "./otlp.ts";
import { byProcess } from "./processes.ts";
import { type RecentRefusal, createRecentRefusals } from "./refusals.ts";
import { type Snapshot, single, prometheusText, prometheusType } from "./series.ts";

export interface TelemetryOptions {
  readonly operating: Operating;
  readonly version: string;
  /** The data folder, and the database's file where there is one. */
  readonly folder: string;
  readonly store: string | undefined;
  readonly report: Report;
  readonly randomBytes: (count: number) => Uint8Array;
  /** End of the TLS certificate, in milliseconds since 1970, where there is one. */
  readonly tlsEnd: (() => number) | undefined;
}

export interface Telemetry {
  readonly answered: (answered: Answered) => void;
  /** A safeguard was asked over HTTP. */
  readonly asked: (question: AskedQuestion) => void;
  /** The server's report, counted on its way. */
  readonly report: Report;
  readonly recentRefusal: (id: ReceiptId) => Promise<RecentRefusal | undefined>;
  /** What each gateway of this server has under way. */
  readonly running: () => Promise<readonly RunningAt[]>;
  /** What /metrics would show. */
  readonly snapshots: () => Promise<readonly Snapshot[]>;
  readonly metrics: Metrics;
  /** What this process counted by the second, after `since`. */
  readonly liveHere: (since: number) => readonly LiveSample[];
  /** As `live` of src/control/core.ts: of this process, or of those that it started. */
  readonly live: (since: number) => Promise<readonly LiveProcess[]>;
  /** Whether requests are traced, so that they need ids. */
  readonly isTracing: boolean;
  /** From now on there is a gateway to look at. */
  readonly attach: (gateway: Gateway) => void;
  /** From now on there is a control plane to ask. */
  readonly attachControl: (read: () => Promise<readonly Snapshot[]>) => void;
  /** From now on there are processes to ask, with gateways in them. */
  readonly attachOthers: (others: Others) => void;
  /** After the files were rotated. */
  readonly reopen: () => void;
  readonly close: () => Promise<void>;
}

/** Processes that this one started. */
export interface Others {
  /** By the name of the process. */
  readonly snapshots: () => Promise<ReadonlyMap<string, readonly Snapshot[]>>;
  readonly recentRefusal: (id: ReceiptId) => Promise<RecentRefusal | undefined>;
  readonly live: (since: number) => Promise<readonly LiveProcess[]>;
  readonly running: () => Promise<readonly RunningAt[]>;
}

export function openTelemetry(options: TelemetryOptions): Telemetry {
  const { operating, report, version } = options;
  let gateway: Gateway | undefined;
  let others: Others | undefined;
  let control: (() => Promise<readonly Snapshot[]>) | undefined;
  const meters = createMeters();
  const refusals = createRecentRefusals();
  const ring = createLiveRing({ gateway: () => gateway, now: Date.now });
  const log = operating.accessLog === undefined ? undefined : openAccessLog(operating.accessLog);
  const counted: Report = (event, detail) => {
    meters.event(event);
    report(event, detail);
  };
  const read = async (): Promise<readonly Snapshot[]> => {
    if (gateway === undefined && others === undefined) return [];
    const places = { gateway, version, folder: options.folder, store: options.store };
    const own = [...(await meters.read(places)), ...ownGauges(options, log, otlp), ...((await control?.()) ?? [])];
    return others === undefined ? own : byProcess(new Map([["control", own], ...(await others.snapshots())]));
  };
  const { otlp: target } = operating;
  const { randomBytes } = options;
  const otlp = target === undefined ? undefined : openOtlp({ target, version, read, randomBytes, report: counted });
  return {
    answered: (answered) => {
      meters.take(answered);
      ring.take(answered);
      refusals.take(answered);
      log?.take(answered);
      otlp?.take(answered);
    },
    asked: (question) => {
      meters.asked(question);
      ring.asked(question);
    },
    report: counted,
    recentRefusal: async (id) => refusals.find(id) ?? others?.recentRefusal(id),
    running: async () => runningIn(gateway, others),
    snapshots: read,
    metrics: {
      token: operating.metricsToken,
      read: async () => ({ text: prometheusText(await read()), type: prometheusType }),
    },
    liveHere: ring.samples,
    live: async (since) =>
      gateway === undefined
        ? ((await others?.live(since)) ?? [])
        : [{ gateway: "gateway", samples: [...ring.samples(since)] }],
    isTracing: otlp !== undefined,
    attach: (one) => {
      gateway = one;
    },
    attachControl: (given) => {
      control = given;
    },
    attachOthers: (given) => {
      others = given;
    },
    reopen: () => {
      log?.reopen();
    },
    close: async () => {
      meters.close();
      ring.close();
      await otlp?.close();
      await log?.close();
    },
  };
}

async function runningIn(gateway: Gateway | undefined, others: Others | undefined): Promise<readonly RunningAt[]> {
  const own = gateway === undefined ? [] : [{ gateway: "gateway", running: gateway.live.running() }];
  return [...own, ...((await others?.running()) ?? [])];
}

function ownGauges(
  { tlsEnd }: TelemetryOptions,
  log: AccessLog | undefined,
  otlp: Otlp | undefined,
): readonly Snapshot[] {
  const end = tlsEnd?.();
  return [
    ...(end === undefined
      ? []
      : [single("headgate_tls_expiry_seconds", "Until the TLS certificate ends.", (end - Date.now()) / 1000)]),
    ...(log === undefined ? [] : [single("headgate_access_log_dropped", "Lines that found no room.", log.dropped())]),
    ...(otlp === undefined
      ? []
      : [single("headgate_otlp_dropped", "Spans that found no room or no collector.", otlp.dropped())]),
  ];
}
