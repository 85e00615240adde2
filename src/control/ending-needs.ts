// Grants and keys that end soon: told 14, 7 and 1 days before, as certificates are. Pure; the nearest ends are kept, however many
// organisations there are.
import type { CallerKey, Organisation, State } from "../acts/state.ts";
import { renewalOf } from "../exposure/renewal.ts";
import { type Instant, type Timestamp, instantOf } from "../terms/ids.ts";
import { type Open, urgencyOf } from "./model-needs.ts";

/** Ends that are told, of all organisations together. */
const endsMax = 100;

const whoAccess = ["owner", "access"] as const;

export interface Ends {
  readonly due: readonly Open[];
  /** The nearest end that nobody is told of yet. */
  readonly next: NextEnd | undefined;
}

interface NextEnd extends Pick<Open, "model"> {
  readonly organisation: Organisation["organisation"];
  readonly kind: "grant-ends" | "key-ends";
  readonly at: Timestamp;
}

export function endsOf(state: State, at: Instant): Ends {
  const due: Open[] = [];
  let next: NextEnd | undefined;
  for (const organisation of state.organisations.values()) {
    if (organisation.suspended) continue;
    for (const grant of organisation.grants) {
      const left = leftOf({ notBefore: organisation.at, notAfter: grant.notAfter }, at);
      if (left === undefined) continue;
      const { endsInDays, renewalDue } = left;
      const about = { organisation: organisation.organisation, model: grant.model, kind: "grant-ends" } as const;
      if (renewalDue === null) next = nearest(next, { ...about, at: grant.notAfter });
      else due.push(grantNeed(organisation, { grant, endsInDays, renewalDue }));
    }
  }
  for (const key of latestKeys(state)) {
    const left = key.notAfter === null ? undefined : leftOf({ notBefore: key.at, notAfter: key.notAfter }, at);
    if (left === undefined || key.notAfter === null) continue;
    const about = { organisation: key.organisation, model: null, kind: "key-ends" } as const;
    if (left.renewalDue === null) next = nearest(next, { ...about, at: key.notAfter });
    else due.push(keyNeed({ ...key, notAfter: key.notAfter }, { ...left, renewalDue: left.renewalDue }));
  }
  return { due: due.toSorted(byDue).slice(0, endsMax), next };
}

type Left = ReturnType<typeof renewalOf>;
type DueLeft = Pick<Left, "endsInDays"> & { readonly renewalDue: NonNullable<Left["renewalDue"]> };

/** Undefined where it is over: what ended is no news. */
function leftOf(life: Parameters<typeof renewalOf>[0], at: Instant): Left | undefined {
  return instantOf(life.notAfter) > at ? renewalOf(life, at) : undefined;
}

/** Of each key the secret that goes on. */
function* latestKeys({ keys }: State): Generator<CallerKey> {
  for (const key of keys.values()) if (key.isLatest && key.standing === "active") yield key;
}

function grantNeed(
  { organisation }: Organisation,
  { grant, endsInDays, renewalDue }: DueLeft & { readonly grant: Organisation["grants"][number] },
): Open {
  const { model, stage, notAfter } = grant;
  return {
    id: `${model} grant ${organisation}`,
    urgency: urgencyOf(renewalDue),
    who: [...whoAccess],
    not: [],
    model,
    since: null,
    due: notAfter,
    matter: { kind: "grant-ends", organisation, stage, notAfter, endsInDays },
  };
}

function keyNeed(
  { key, organisation, notAfter }: CallerKey & { readonly notAfter: Timestamp },
  { endsInDays, renewalDue }: DueLeft,
): Open {
  return {
    id: `key ${key}`,
    urgency: urgencyOf(renewalDue),
    who: [...whoAccess],
    not: [],
    model: null,
    since: null,
    due: notAfter,
    matter: { kind: "key-ends", organisation, key, notAfter, endsInDays },
  };
}

function nearest(known: NextEnd | undefined, one: NextEnd): NextEnd {
  return known === undefined || one.at < known.at ? one : known;
}

function byDue(one: Open, other: Open): number {
  return (one.due ?? "").localeCompare(other.due ?? "");
}
