// What is counted of a gateway, and what is looked at when somebody reads. Names follow OpenTelemetry's for generative AI
// where there is one (docs/operate.md has the list). Labels are closed words, models and organisations of the ledger, and
// the codes of failures: nothing that a caller could choose.
import { readdir, stat } from "node:fs/promises";
import path from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { unreviewed } from "../../acts/rules/break-glass.ts";
import { latestCertificate } from "../../acts/state.ts";
import { renewalOf } from "../../exposure/renewal.ts";
import { standing } from "../../exposure/exposure.ts";
import { closureNow } from "../../gateway/admission.ts";
import { closures } from "../../gateway/follower.ts";
import type { Gateway } from "../../gateway/gateway.ts";
import type { Answered } from "../../gateway/note.ts";
import type { AskedQuestion } from "../../safeguards/remote/desk.ts";
import { instantOf } from "../../terms/ids.ts";
import { type Point, type Snapshot, createCounter, createHistogram, gauge, single } from "./series.ts";

export interface Meters {
  readonly take: (answered: Answered) => void;
  /** A safeguard was asked over HTTP. */
  readonly asked: (question: AskedQuestion) => void;
  /** Counts one line of the server's own report, by its word. */
  readonly event: (name: string) => void;
  readonly read: (places: Places) => Promise<readonly Snapshot[]>;
  readonly close: () => void;
}

/** Where what is measured is found. */
interface Places {
  /** Undefined in a process that only starts others. */
  readonly gateway: Gateway | undefined;
  readonly version: string;
  /** Holds the spool. */
  readonly folder: string;
  /** The database's file, where there is one. */
  readonly store: string | undefined;
}

const secondsBounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];
/** As the conventions for generative AI advise. */
const tokenBounds = [1, 4, 16, 64, 256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576];
const safeguardBounds = [0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.1, 0.5, 1];

function createFamilies() {
  return {
    requests: createCounter({
      name: "headgate_requests_total",
      help: "Requests answered, by where they went, the model, its stage, and what became of them.",
      labels: ["route", "model", "stage", "outcome", "code"],
    }),
    refusals: createCounter({
      name: "headgate_refusals_total",
      help: "Requests refused, blocked, stopped or failed, by code and reason.",
      labels: ["code", "reason"],
    }),
    observed: createCounter({
      name: "headgate_observed_total",
      help: "Exchanges in observe mode, by what became of them and what would have in enforce mode.",
      labels: ["model", "outcome", "would"],
      seriesMax: 400,
    }),
    findings: createCounter({
      name: "headgate_findings_total",
      help: "What safeguards found, once an exchange: by side, the mode of the safeguard, and the category; unknown: in shadow, not judged.",
      labels: ["model", "side", "mode", "category"],
    }),
    redactions: createCounter({
      name: "headgate_redactions_total",
      help: "Stretches of answers that a safeguard had replaced.",
      labels: ["model"],
    }),
    quota: createCounter({
      name: "headgate_quota_refusals_total",
      help: "Requests refused because a quota was used up, by which.",
      labels: ["quota"],
      seriesMax: 20,
    }),
    tokens: createHistogram({
      name: "headgate_request_tokens",
      help: "Tokens of a prompt (input) or an answer (output), as counted for quotas (gen_ai.client.token.usage).",
      labels: ["model", "type"],
      bounds: tokenBounds,
      seriesMax: 400,
    }),
    organisationTokens: createCounter({
      name: "headgate_organisation_tokens_total",
      help: "Tokens by organisation; those of organisations beyond the bound stand under other.",
      labels: ["organisation", "type"],
    }),
    duration: createHistogram({
      name: "headgate_request_duration_seconds",
      help: "From a request's head until its answer was handed over (gen_ai.server.request.duration).",
      labels: ["route"],
      bounds: secondsBounds,
    }),
    ...createServerFamilies(),
    ...createRemoteFamilies(),
    safeguards: createHistogram({
      name: "headgate_safeguard_seconds",
      help: "Time that the safeguards took for one prompt (input) or one answer (output).",
      labels: ["side"],
      bounds: safeguardBounds,
    }),
    events: createCounter({
      name: "headgate_events_total",
      help: "Lines of the server's own report, by their word.",
      labels: ["event"],
      seriesMax: 50,
    }),
  };
}

/** Of models' servers. */
function createServerFamilies() {
  return {
    upstream: createHistogram({
      name: "headgate_upstream_seconds",
      help: "From asking a model's server until its whole answer, or a stream's first event, was there.",
      labels: ["model"],
      bounds: secondsBounds,
      seriesMax: 200,
    }),
    attempts: createCounter({
      name: "headgate_upstream_attempts_total",
      help: "Times a model's server was asked.",
      labels: ["model"],
    }),
    failures: createCounter({
      name: "headgate_upstream_failures_total",
      help: "Requests that ended because a model's server did not do its work.",
      labels: ["model", "code"],
    }),
  };
}

/** Of safeguards that are asked over HTTP. */
function createRemoteFamilies() {
  return {
    remotes: createCounter({
      name: "headgate_remote_safeguard_questions_total",
      help: "Times a safeguard was asked over HTTP, by its kind and name and by how that ended: answered, or the cause why not.",
      labels: ["safeguard", "name", "answer"],
      seriesMax: 400,
    }),
    remoteTimes: createHistogram({
      name: "headgate_remote_safeguard_seconds",
      help: "From asking a safeguard over HTTP until that ended, its wait for a turn included.",
      labels: ["safeguard", "name"],
      bounds: secondsBounds,
      seriesMax: 100,
    }),
  };
}

type Families = ReturnType<typeof createFamilies>;

export function createMeters(): Meters {
  const families = createFamilies();
  const loop = monitorEventLoopDelay({ resolution: 20 });
  loop.enable();
  return {
    take: (answered) => {
      countRequest(families, answered);
      const { organisation } = answered;
      if (organisation === undefined) return;
      countTokens((type, count) => {
        families.organisationTokens.add([organisation, type], count);
      }, answered);
    },
    asked: ({ entry: { safeguard, name }, answer, ms }) => {
      families.remotes.add([safeguard, name, answer]);
      families.remoteTimes.observe([safeguard, name], ms / 1000);
    },
    event: (name) => {
      families.events.add([name]);
    },
    read: async (places) => {
      const counted = Object.values(families).map((family) => family.snapshot());
      const delay = gauge(
        "headgate_event_loop_delay_seconds",
        "Delay of the event loop, its 99th percentile since the last reading.",
        [{ labels: {}, value: loop.percentile(99) / 1e9 }],
      );
      loop.reset();
      return [...counted, ...(await gaugesOf(places)), delay];
    },
    close: () => {
      loop.disable();
    },
  };
}

function countRequest(families: Families, answered: Answered): void {
  const { route, model = "", stage = "", outcome = "none", would, refusal } = answered;
  const code = refusal?.code ?? "none";
  families.requests.add([route, model, stage, outcome, code]);
  if (would !== undefined) families.observed.add([model, outcome, would]);
  countFindings(families, answered, model);
  if (route !== "probe" && route !== "file") families.duration.observe([route], answered.ms / 1000);
  if (refusal !== undefined) countRefusal(families, model, refusal);
  countTimes(families, answered, model);
  if (model === "") return;
  countTokens((type, count) => {
    families.tokens.observe([model, type], count);
  }, answered);
}

function countFindings(families: Families, { found, redacted = 0 }: Answered, model: string): void {
  if (redacted > 0) families.redactions.add([model], redacted);
  if (found === undefined) return;
  for (const one of found) families.findings.add([model, ...one.split(" ")]);
}

function countTimes(families: Families, { attempts, spans }: Answered, model: string): void {
  if (attempts > 0) families.attempts.add([model], attempts);
  if (spans.upstream !== undefined) families.upstream.observe([model], spans.upstream.ms / 1000);
  if (spans.input !== undefined) families.safeguards.observe(["input"], spans.input.ms / 1000);
  if (spans.outputMs > 0) families.safeguards.observe(["output"], spans.outputMs / 1000);
}

function countRefusal(families: Families, model: string, { code, reason }: NonNullable<Answered["refusal"]>): void {
  families.refusals.add([code, reason ?? ""]);
  if (code === "quota_exhausted") families.quota.add([reason ?? ""]);
  if (code.startsWith("upstream_")) families.failures.add([model, code]);
}

function countTokens(add: (type: string, count: number) => void, { tokens }: Answered): void {
  if (tokens === undefined) return;
  if (tokens[0] > 0) add("input", tokens[0]);
  if (tokens[1] > 0) add("output", tokens[1]);
}

async function gaugesOf(places: Places): Promise<readonly Snapshot[]> {
  const { gateway, store } = places;
  return [
    gauge("headgate_build_info", "The version that runs.", [{ labels: { version: places.version }, value: 1 }]),
    ...(gateway === undefined ? [] : await gatewayGauges(gateway, places.folder)),
    ...(store === undefined ? [] : [single("headgate_store_bytes", "Bytes of the database.", await storeBytes(store))]),
    single("process_resident_memory_bytes", "Resident memory.", process.memoryUsage.rss()),
    gauge("process_cpu_seconds_total", "CPU time of this process.", [{ labels: {}, value: cpuSeconds() }]),
  ];
}

async function gatewayGauges(gateway: Gateway, folder: string): Promise<readonly Snapshot[]> {
  const { follower, recorder, live } = gateway;
  const why = closureNow(gateway);
  const lost = follower.state.lost.reduce((sum, { count }) => sum + count, 0);
  return [
    single("headgate_open", "Whether the gateway as a whole may serve now.", why === undefined ? 1 : 0),
    gauge(
      "headgate_closed",
      "Why the gateway as a whole is closed; all 0 where it is open.",
      closures.map((reason) => ({ labels: { reason }, value: reason === why ? 1 : 0 })),
    ),
    single("headgate_exchanges_under_way", "Exchanges and streams under way.", live.count()),
    single("headgate_lease_seconds", "What is left of the lease.", follower.leaseLeftMs() / 1000),
    single("headgate_receipts_waiting", "Receipts that the ledger has not taken yet.", recorder.backlog()),
    single("headgate_receipts_lost", "Receipts that a spool did not give back, as the ledger says.", lost),
    single("headgate_ledger_entries", "Entries of the ledger that were verified here.", follower.replica.size()),
    ...modelGauges(gateway),
    single("headgate_spool_bytes", "Bytes of receipts on the disk.", await bytesIn(path.join(folder, "spool"))),
  ];
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** Models looked at, at the most. */
const modelsMax = 500;

function modelGauges({ follower, clock }: Gateway): readonly Snapshot[] {
  const { state } = follower;
  const moment = follower.moment();
  const now = clock.now();
  const models = [...state.certificates.keys()].slice(0, modelsMax);
  const expiry = models.flatMap((model): readonly Point[] => {
    const release = latestCertificate(state, model)?.release;
    if (release === undefined) return [];
    return [{ labels: { model, stage: release.stage }, value: (instantOf(release.notAfter) - now) / 1000 }];
  });
  const open = models.map((model): Point => {
    const stands = standing(state, model, moment);
    const reason = stands.kind === "open" ? "none" : stands.reason;
    return { labels: { model, stage: stands.stage, reason }, value: stands.kind === "open" ? 1 : 0 };
  });
  return [
    gauge(
      "headgate_certificate_expiry_seconds",
      "Until the latest certificate of a model ends; below 0, it has.",
      expiry,
    ),
    gauge(
      "headgate_certificate_renewal_due_days",
      "14, 7 or 1: within so many days a certificate ends, and it is time to renew it; absent while there is time.",
      models.flatMap((model): readonly Point[] => {
        const release = latestCertificate(state, model)?.release;
        const due = release === undefined ? null : renewalOf(release, now).renewalDue;
        return due === null ? [] : [{ labels: { model, stage: release?.stage ?? "withheld" }, value: due }];
      }),
    ),
    gauge(
      "headgate_break_glass",
      "Whether a model goes on over holds now (1), or nobody has reviewed that it did (0); absent otherwise.",
      models.flatMap((model): readonly Point[] => {
        const last = unreviewed(state, model);
        if (last === undefined) return [];
        const stands = standing(state, model, moment);
        return [
          { labels: { model, glass: last.glass }, value: stands.kind === "open" && stands.glass !== undefined ? 1 : 0 },
        ];
      }),
    ),
    gauge("headgate_model_open", "Whether a model may be served now, and why not.", open),
  ];
}

async function storeBytes(file: string): Promise<number> {
  const sizes = await Promise.all([file, `${file}-wal`].map(bytesOf));
  return sizes.reduce((sum, size) => sum + size, 0);
}

async function bytesIn(folder: string): Promise<number> {
  const names = await readdir(folder).catch(() => []);
  const sizes = await Promise.all(names.map(async (name) => bytesOf(path.join(folder, name))));
  return sizes.reduce((sum, size) => sum + size, 0);
}

async function bytesOf(file: string): Promise<number> {
  return stat(file).then(
    ({ size }) => size,
    () => 0,
  );
}
