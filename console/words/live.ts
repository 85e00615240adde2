// What the page says: Live.
import { countInWords, durationInWords, numberInWords, percentInWords } from "./format.ts";

const countOf = (count: number, noun: string): string => `${numberInWords(count)} ${noun}${count === 1 ? "" : "s"}`;

export const live = {
  title: "Live",
  lead: "What is decided now and how fast, over the last 15 minutes. These are counts for those on duty; the record is the ledger.",
  figures: "Decisions and times",
  pause: "Pause",
  resume: "Go on",
  moving: "Read again every second.",
  stands: "This page stands still.",
  still: "Your system asks for less motion, so this page stands still until you let it go on.",
  upTo: "Up to",
  now: "now",
  minutesAgo: (minutes: string) => `${minutes} min ago`,
  noFiguresTitle: "No requests are counted here yet",
  noFigures:
    "Figures come from gateways in this server or its workers, once a deployment is initialised and a gateway serves. A gateway on another machine says every ten seconds how it stands.",
  quiet: "Nothing needs your eyes: every gateway here is connected and open.",
  attention: "Needs your eyes",
  verdicts: {
    served: "served",
    blocked: "blocked by a safeguard",
    refused: "refused",
    waiting: "kept for a person",
    stopped: "ended by a hold or an end",
    cut: "caller went away",
    failed: "failed",
    "turned-away": "turned away at the door",
  },
  decisions: {
    title: "Decisions a second",
    description: (total: number, served: number, blocked: number) =>
      total === 0
        ? "Nobody asked anything in the last 15 minutes."
        : `${numberInWords(total)} requests in 15 minutes: ${countInWords(served, total)} served, ${countInWords(blocked, total)} blocked by a safeguard. Lines mark what the ledger recorded.`,
    unit: "requests/s",
    table: "Requests by verdict, in windows of 5 seconds",
    empty: "No window with a request.",
    at: "From",
    total: "All",
  },
  times: {
    title: "Latency and time to the first token",
    description: (half: number | undefined, most: number | undefined) =>
      half === undefined || most === undefined
        ? "No answer in the last 15 minutes."
        : `Half of all answers took up to ${durationInWords(half)}, 99 of 100 up to ${durationInWords(most)}. Read off classes 20 % wide.`,
    table: "Latency by window of 5 seconds",
    p50: "half (p50)",
    p95: "95 of 100 (p95)",
    p99: "99 of 100 (p99)",
    first: "first token, half",
    firstMost: "first token, 95 of 100",
  },
  marks: {
    title: "What the ledger recorded meanwhile",
    none: "No stage, policy or hold was recorded in the last 15 minutes.",
    table: "Entries that the charts are marked with",
    mark: "Mark",
    kind: { stage: "stage", policy: "policy", hold: "hold" },
    kindTitle: "Of",
    words: "What happened",
    at: "When",
    entry: (index: number) => `Entry ${numberInWords(index)}`,
  },
  models: { title: "Requests by model and stage", name: "Model", stage: "Stage", count: "Requests" },
  upstream: { title: "Models' servers", model: "Model", asked: "Times asked", failed: "Failed", share: "Share failed" },
  unjudged: {
    title: "Not judged by a safeguard",
    lead: "A safeguard that did not run is not a pass.",
    name: "Safeguard",
    count: "Times",
    none: "Every request and answer was judged.",
    chain: "the chain, in force (nothing was served)",
    shadow: "in shadow (nothing came of it)",
  },
  queues: {
    title: "Queues",
    name: "Queue",
    waiting: "Waiting",
    max: "At most",
    unbounded: "the disk's room",
    names: { reviews: "requests that wait for a person", webhooks: "messages that endpoints have not taken" },
    receipts: (gateway: string) => `receipts of ${gateway} that the ledger has not taken`,
    receiptsMax: 50_000,
  },
  usage: {
    title: "Quotas today",
    lead: "As gateways handed it over, in UTC days: a few seconds behind.",
    organisation: "Organisation",
    model: "Model",
    requests: "Requests",
    tokens: "Tokens",
    share: "Of its day",
    none: "Nobody used anything today.",
    noLimit: "no daily limit",
    refusals: (count: number) => `${numberInWords(count)} requests were refused because a quota was used up.`,
  },
  gateways: {
    title: "Gateways",
    lead: (count: number, of: number) =>
      `Figures of ${countInWords(count, of)} gateways are in the charts. The others say every ten seconds how they stand.`,
    name: "Gateway",
    connected: "Connected",
    yes: "connected",
    no: "not connected",
    behind: "Entries behind",
    lease: "Lease left",
    figures: "Figures",
    here: "on this page",
    heard: (requests: number, seconds: number, half: string | undefined) =>
      `${numberInWords(requests)} requests in ${numberInWords(seconds)} s${half === undefined ? "" : `, half within ${half}`}`,
    upstream: (asked: number, failed: number) =>
      `${numberInWords(failed)} of ${numberInWords(asked)} requests to model servers failed`,
    closed: (why: string) => `closed: ${why}`,
    old: "unknown: not heard from for 40 s; last",
    never: "unknown: nothing heard from it yet",
    underWay: "Under way",
  },
  alerts: {
    gone: (gateway: string) => `Gateway ${gateway} is not connected. When its lease is over it serves nothing.`,
    behind: (gateway: string, entries: number) =>
      `Gateway ${gateway} is ${numberInWords(entries)} entries behind the ledger.`,
    silent: (gateway: string) => `Gateway ${gateway} has not said for 40 s how it stands: that is unknown.`,
    closed: (gateway: string, why: string) => `Gateway ${gateway} is closed: ${why}. It serves nothing.`,
    receipts: (gateway: string, count: number) =>
      `${numberInWords(count)} receipts of ${gateway} wait for the ledger. At 50,000 it closes.`,
    unjudged: (name: string, count: number) =>
      name === "chain"
        ? `A safeguard could not judge ${countOf(count, "request")}: refused.`
        : name === "shadow"
          ? `Safeguards in shadow could not judge ${countOf(count, "time")}. Nothing came of it.`
          : `The safeguard ${name} did not answer ${countOf(count, "time")}: what it was asked about was not judged by it.`,
    upstream: (model: string, count: number) =>
      `The server of ${model} failed ${countOf(count, "request")} in the last 15 minutes.`,
    queue: (queue: "reviews" | "webhooks", waiting: number, max: number) =>
      `${countInWords(waiting, max)} places of the ${queue} queue are taken. When it is full, requests are refused.`,
    usage: (organisation: string, model: string, part: number) =>
      `${organisation} used ${percentInWords(part)} of its tokens of today on ${model}.`,
  },
} as const;
