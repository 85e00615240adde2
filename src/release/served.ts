// Which of the callers of its stage what is certified serves now, over what and when, as status tells it.
import type { Release } from "../acts/bodies.ts";
import type { Conditions, Retention, Share } from "../acts/conditions.ts";
import { type Hours, isWithinHours, opensAt } from "../acts/hours.ts";
import { shareNow, stepOf } from "../acts/rules/share.ts";
import type { Certificate, State } from "../acts/state.ts";
import { type Instant, type Timestamp, instantOf, timestampOf } from "../terms/ids.ts";

/** Null where its conditions say nothing of it. */
export interface Served {
  /** Where it is open to a part of its callers by steps, of which `step` counts from 1 on. */
  readonly share: ShareStanding | null;
  readonly countries: NonNullable<Conditions["countries"]> | null;
  readonly surfaces: NonNullable<Conditions["surfaces"]> | null;
  readonly hours: HoursStanding | null;
  readonly retention: Retention | null;
}

interface ShareStanding extends Share {
  readonly step: number;
  /** The part that it is open to now. */
  readonly open: number;
  readonly since: Timestamp;
}

interface HoursStanding {
  readonly windows: Hours;
  readonly open: boolean;
  /** When it opens next; null where it is open, or where its certificate ends before. */
  readonly opensAt: Timestamp | null;
}

export function servedOf(state: State, certificate: Certificate, at: Instant): Served {
  const { countries = null, surfaces = null, retention = null } = certificate.release.conditions;
  return {
    share: shareOf(state, certificate),
    countries,
    surfaces,
    hours: hoursOf(certificate.release, at),
    retention,
  };
}

function shareOf(state: State, { release, at }: Certificate): ShareStanding | null {
  const { share } = release.conditions;
  if (share === undefined) return null;
  const taken = state.steps.get(release.certificate);
  const step = stepOf(state, release.certificate) + 1;
  return { ...share, step, open: shareNow(state, release), since: taken?.at ?? at };
}

function hoursOf({ conditions: { hours }, notAfter }: Release, at: Instant): HoursStanding | null {
  if (hours === undefined) return null;
  const next = opensAt(hours, at);
  const open = isWithinHours(hours, at);
  return { windows: hours, open, opensAt: open || next >= instantOf(notAfter) ? null : timestampOf(next) };
}
