// Tells those who asked to be told: looks once a second at the ledger and at where models stand, keeps a message for each endpoint
// that wants it, and delivers it until it is taken or given up. Nothing here holds up or changes a decision.
import { openStatement } from "../../acts/statement.ts";
import type { Replica } from "../../feed/replica.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { digestOfText } from "../../proof/digest.ts";
import type { Primitives } from "../../proof/primitives.ts";
import {
  type Announcement,
  announcementOf,
  announcementTypes,
  changesIn,
  standingsOf,
} from "../../release/announcements.ts";
import type { Database } from "../../store/database.ts";
import { type DeploymentId, type Instant, type Timestamp, timestampOf, toInstant } from "../../terms/ids.ts";
import { troubleIn } from "../../terms/trouble.ts";
import { type Posted, type Target, post } from "./deliver.ts";
import type { Endpoint } from "./webhook-file.ts";
import {
  type DueMessage,
  type Message,
  type Seen,
  dropMessages,
  dropSeen,
  dueMessage,
  endpointState,
  giveUpAll,
  keepMessage,
  markTried,
  readSeen,
  writeSeen,
} from "./webhook-store.ts";

/** An endpoint that can be reached: its secret was found, its address is one that may be dialled. */
export interface OpenEndpoint extends Pick<Endpoint, "name" | "events">, Target {
  /** As people are shown it: without path or query, which may be a secret. */
  readonly origin: string;
}

export interface WebhookOptions {
  readonly endpoints: readonly OpenEndpoint[];
  readonly deployment: DeploymentId;
  readonly database: Database;
  readonly ledger: Pick<Ledger, "entries">;
  readonly replica: Pick<Replica, "state" | "size">;
  readonly primitives: Primitives;
  readonly clock: () => Instant;
  /** From 0 up to 1: spreads tries. */
  readonly chance: () => number;
  readonly report: (event: string, detail: Readonly<Record<string, string | number>>) => void;
}

interface EndpointView {
  readonly name: string;
  readonly origin: string;
  readonly events: readonly Announcement["type"][];
  readonly waiting: number;
  readonly waitingSince: Timestamp | null;
  readonly delivered: Timestamp | null;
  readonly givenUp: number;
  /** What the last try came to, where the newest messages are not taken. */
  readonly failing: string | null;
}

export interface Webhooks {
  readonly view: () => Promise<readonly EndpointView[]>;
  readonly close: () => Promise<void>;
}

const tickMs = 1_000;
/** Entries that are read at once, and behind which nothing is told: who was away for so long looks at the status. */
const entriesAtOnce = 500;
const entriesBehindMax = 50_000;
/** Messages that one endpoint gets before it waits for the next tick. */
const inTurnMax = 100;

const secondMs = 1_000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;
/** Rests after each try that failed; after the last it is given up. The schedule that the Standard Webhooks specification proposes. */
const restsMs = [
  5 * secondMs,
  5 * minuteMs,
  30 * minuteMs,
  2 * hourMs,
  5 * hourMs,
  10 * hourMs,
  14 * hourMs,
  20 * hourMs,
  24 * hourMs,
] as const;

/** From now on: what was before the first look of all is not told. Fails where the store does. */
export async function openWebhooks(options: WebhookOptions): Promise<Webhooks> {
  const { endpoints, database } = options;
  if (endpoints.length > 0) {
    await look(options);
    return runWebhooks(options);
  }
  // Who is named again later wants no news of the time between.
  if ((await readSeen(database)) !== undefined) await database.transaction(dropSeen);
  return { view: async () => [], close: async () => undefined };
}

function runWebhooks(options: WebhookOptions): Webhooks {
  const { endpoints, database, report } = options;
  const closing = new AbortController();
  const busy = new Map<string, Promise<void>>();
  let looking: Promise<void> = Promise.resolve();

  async function lookSafely(): Promise<void> {
    try {
      await look(options);
    } catch (error) {
      report("webhook", { why: troubleIn(error) });
    }
  }

  async function deliverSafely(endpoint: OpenEndpoint): Promise<void> {
    try {
      await deliverDue(endpoint, options, closing.signal);
    } catch (error) {
      report("webhook", { endpoint: endpoint.name, why: troubleIn(error) });
    } finally {
      busy.delete(endpoint.name);
    }
  }

  async function tick(): Promise<void> {
    looking = looking.then(lookSafely);
    await looking;
    if (closing.signal.aborted) return;
    // Nobody waits here for what is on its way: an endpoint that hangs holds up neither the others nor the next look.
    for (const endpoint of endpoints) if (!busy.has(endpoint.name)) busy.set(endpoint.name, deliverSafely(endpoint));
  }

  let isTicking = false;
  const timer = setInterval(() => {
    if (isTicking) return;
    isTicking = true;
    void tick().finally(() => {
      isTicking = false;
    });
  }, tickMs);
  return {
    view: async () => Promise.all(endpoints.map(async (endpoint) => viewOf(endpoint, database))),
    close: async () => {
      clearInterval(timer);
      closing.abort();
      await looking;
      await Promise.all(busy.values());
      await Promise.all(endpoints.map(async ({ pool }) => pool.destroy()));
    },
  };
}

/** Keeps messages about what came since the last look. At the first one of all nothing is told of what was before. */
async function look(options: WebhookOptions): Promise<void> {
  const { database, replica, clock, endpoints } = options;
  const seen = await readSeen(database);
  const at = clock();
  const standings = standingsOf(replica.state, at);
  const size = replica.size();
  if (seen === undefined || size - seen.entries > entriesBehindMax || size < seen.entries) {
    await database.transaction(async (transaction) => writeSeen(transaction, { entries: size, standings }));
    return;
  }
  const { entries, told } = await toldByEntries(seen, size, options);
  // A change is told once the entries that brought it are.
  const isCaughtUp = entries === size;
  const changes = isCaughtUp ? changesIn(seen.standings, standings, at) : [];
  const isSame = JSON.stringify(seen.standings) === JSON.stringify(standings);
  if (entries === seen.entries && changes.length === 0 && isSame) return;
  await database.transaction(async (transaction) => {
    for (const [place, one] of [...told, ...changes].entries()) {
      const message = messageOf(one, options);
      for (const endpoint of wanting(endpoints, one)) await keepMessage(transaction, message, { endpoint, at, place });
    }
    await dropMessages(
      transaction,
      endpoints.map(({ name }) => name),
      at,
    );
    await writeSeen(transaction, { entries, standings: isCaughtUp ? standings : seen.standings });
  });
}

async function toldByEntries(
  seen: Seen,
  size: number,
  { ledger, primitives, replica }: WebhookOptions,
): Promise<{ readonly entries: number; readonly told: readonly Announcement[] }> {
  const found = await ledger.entries(seen.entries, Math.min(entriesAtOnce, size - seen.entries));
  const told: Announcement[] = [];
  for (const { index, envelope } of found) {
    const act = await openStatement(envelope, primitives);
    const one = announcementOf(act, index, replica.state);
    if (one !== undefined) told.push(one);
  }
  return { entries: seen.entries + found.length, told };
}

function messageOf({ type, at, data }: Announcement, { deployment, primitives }: WebhookOptions): Message {
  const payload = JSON.stringify({ type, timestamp: at, data: { deployment, ...data } });
  // The same news has the same id, so that whoever gets it twice knows.
  const id = `msg_${digestOfText(payload, primitives).slice("sha256:".length, "sha256:".length + 32)}`;
  return { id, type, payload };
}

function wanting(endpoints: readonly OpenEndpoint[], { type }: Announcement): readonly string[] {
  return endpoints.filter(({ events }) => events?.includes(type) ?? true).map(({ name }) => name);
}

async function deliverDue(endpoint: OpenEndpoint, options: WebhookOptions, signal: AbortSignal): Promise<void> {
  const { database, clock } = options;
  for (let count = 0; count < inTurnMax && !signal.aborted; count += 1) {
    const due = await dueMessage(database, endpoint.name, clock());
    if (due === undefined) return;
    const posted = await post(endpoint, due, { at: clock(), signal });
    // What was broken off by the end of this process was no try.
    if (signal.aborted && posted.kind !== "taken") return;
    await keepOutcome({ endpoint, due, posted }, options);
  }
}

interface Outcome {
  readonly endpoint: OpenEndpoint;
  readonly due: DueMessage;
  readonly posted: Posted;
}

async function keepOutcome({ endpoint: { name }, due, posted }: Outcome, options: WebhookOptions): Promise<void> {
  const { database, clock, report } = options;
  const { kind, answer } = posted;
  const at = clock();
  const rest = kind === "refused" ? restsMs[due.tries] : undefined;
  const nextAt = rest === undefined ? null : toInstant(Math.round(at + rest * (0.9 + 0.2 * options.chance())));
  await database.transaction(async (transaction) => {
    const deliveredAt = kind === "taken" ? at : null;
    await markTried(transaction, { endpoint: name, id: due.id, answer, deliveredAt, nextAt });
    if (kind === "gone") await giveUpAll(transaction, name, answer);
  });
  if (kind === "taken") return;
  const tries = due.tries + 1;
  report("webhook", { endpoint: name, why: answer, tries, next: nextAt === null ? "given up" : timestampOf(nextAt) });
}

async function viewOf({ name, origin, events }: OpenEndpoint, database: Database): Promise<EndpointView> {
  const { waiting, oldest, delivered, givenUp, failing } = await endpointState(database, name);
  return {
    name,
    origin,
    events: events ?? announcementTypes,
    waiting,
    waitingSince: oldest === null ? null : timestampOf(oldest),
    delivered: delivered === null ? null : timestampOf(delivered),
    givenUp,
    failing,
  };
}
