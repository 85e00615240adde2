// What needs whom, gathered: of each model what its status says, and what is the deployment's own. Made for everybody at once and at
// most every two seconds; for the one who asks it is only sorted. Bounded: models, ends and rows.
import { type Person, latestCertificate } from "../acts/state.ts";
import { type Status, statusOf } from "../release/status.ts";
import { type Name, timestampOf } from "../terms/ids.ts";
import { Role } from "../terms/role.ts";
import { anomalyNeeds } from "./anomaly-needs.ts";
import type { GatewaysView } from "./contract.ts";
import { type Need, type NeedsView, needsMax } from "./contract-needs.ts";
import type { Core } from "./core.ts";
import { type Ends, endsOf } from "./ending-needs.ts";
import { firstRunOf } from "./first-run.ts";
import { type Open, isAnybody, needsOfModel } from "./model-needs.ts";

/** Models that are looked at. */
const modelsMax = 100;

/** Everything but who asks. */
export interface Gathered extends Omit<NeedsView, "me" | "needs" | "left"> {
  readonly open: readonly Open[];
}

export async function gatherNeeds(core: Core, gateways: GatewaysView): Promise<Gathered> {
  const { replica, options, records, rejudging } = core;
  const { state } = replica;
  const at = options.clock();
  const statuses: Status[] = [];
  const open: Open[] = [];
  for (const model of modelsIn(core).slice(0, modelsMax)) {
    const asked = { state, model, at, ledgerSize: replica.size(), rejudged: rejudging.last };
    const status = await statusOf(records, asked);
    statuses.push(status);
    open.push(...needsOfModel(status, { watch: await core.watch.view(model), at }));
  }
  const ends = endsOf(state, at);
  open.push(...ends.due, ...(await cosignNeeds(core)), ...(await reviewNeeds(core)), ...(await webhookNeeds(core)));
  open.push(...gatewayNeeds(gateways), ...(await anomalyNeeds(core)));
  return {
    open,
    next: nextOf(statuses, ends),
    firstRun: await firstRunOf(core),
    models: statuses.map(({ model, stage, closed }) => ({ model, stage, closed })),
    ledgerSize: replica.size(),
  };
}

/** Those that were released first: of the others nothing is served. */
function modelsIn({ replica: { state } }: Core): readonly Name[] {
  const applied = [...(state.documents.get("Model")?.keys() ?? [])];
  const isOut = (model: Name): number => (latestCertificate(state, model) === undefined ? 1 : 0);
  return applied.toSorted((one, other) => isOut(one) - isOut(other));
}

/** For the one who asks: the most urgent first, and of those what is theirs. */
export function needsFor({ person, role }: Person, { open, ...rest }: Gathered): NeedsView {
  const needs = open
    .map(({ not, ...one }): Need => ({ ...one, mine: one.who.includes(role) && !not.includes(person) }))
    .toSorted(byUrgency);
  return { ...rest, me: { person, role }, needs: needs.slice(0, needsMax), left: Math.max(0, needs.length - needsMax) };
}

const urgencies = { now: 0, soon: 1, later: 2 } as const;

function byUrgency(one: Need, other: Need): number {
  return (
    urgencies[one.urgency] - urgencies[other.urgency] ||
    Number(other.mine) - Number(one.mine) ||
    placeOf(one).localeCompare(placeOf(other))
  );
}

/** What is due comes first, the nearest first; then what stands longest. */
function placeOf({ due, since, id }: Need): string {
  return due === null ? `1 ${since ?? ""} ${id}` : `0 ${due} ${id}`;
}

async function cosignNeeds({ writer, replica: { state } }: Core): Promise<readonly Open[]> {
  return (await writer.pending()).map(({ act, at, needs }) => ({
    id: `cosign ${act.digest}`,
    urgency: "soon",
    who: Role.options.filter((role) => needs.includes(role) || (needs.includes("person") && isAnybody(role))),
    not: act.signers.flatMap((key) => state.personByKey.get(key) ?? []),
    model: null,
    since: timestampOf(at),
    due: null,
    matter: { kind: "cosign", act: act.digest, verb: act.predicate.verb, needs },
  }));
}

async function reviewNeeds({ reviews }: Core): Promise<readonly Open[]> {
  const { count, oldest } = await reviews.waiting();
  if (count === 0) return [];
  const since = oldest === null ? null : timestampOf(oldest);
  const matter = { kind: "reviews", count } as const;
  return [{ id: "reviews", urgency: "now", who: ["reviewer"], not: [], model: null, since, due: null, matter }];
}

async function webhookNeeds({ webhooks }: Core): Promise<readonly Open[]> {
  const failing = (await webhooks.view()).filter((one) => one.failing !== null);
  return failing.map(({ name, waiting, waitingSince, failing: why }) => ({
    id: `webhook ${name}`,
    urgency: "later",
    who: ["owner"],
    not: [],
    model: null,
    since: waitingSince,
    due: null,
    matter: { kind: "webhook", name, waiting, failing: why },
  }));
}

/** Entries that a connected gateway may be behind before anybody is told: each second brings one. */
const behindMax = 30;

function gatewayNeeds({ gateways }: GatewaysView): readonly Open[] {
  return gateways
    .filter(({ connected, behind }) => !connected || (behind ?? 0) > behindMax)
    .map(({ key, name, connected, behind, lastSeen }) => ({
      id: `gateway ${key}`,
      urgency: "now",
      who: ["owner"],
      not: [],
      model: null,
      since: lastSeen,
      due: null,
      matter: { kind: "gateway", key, name, connected, behind },
    }));
}

function nextOf(statuses: readonly Status[], { next }: Ends): NeedsView["next"] {
  const events: NonNullable<NeedsView["next"]>[] = next === undefined ? [] : [next];
  for (const { model, certified, proposals, stage } of statuses) {
    if (certified !== null && stage !== "withheld")
      events.push({ kind: "certificate-ends", model, organisation: null, at: certified.validUntil });
    for (const { waiting, current, decideBy } of proposals)
      if (waiting && current) events.push({ kind: "decide-by", model, organisation: null, at: decideBy });
  }
  return events.toSorted((one, other) => one.at.localeCompare(other.at))[0] ?? null;
}
