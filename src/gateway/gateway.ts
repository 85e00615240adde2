// The parts of one running gateway, as the request flow sees them. Built by open.ts, used by serve.ts and listener.ts.
import type { Primitives } from "../proof/primitives.ts";
import type { Feed } from "../feed/feed.ts";
import type { Attempts } from "./attempts.ts";
import type { CacheSalt } from "./cache-salt.ts";
import type { Configurations } from "./configurations.ts";
import type { Clock, Follower } from "./follower.ts";
import type { HoldDesk } from "./hold-desk.ts";
import type { LiveExchanges } from "./live.ts";
import type { Answered } from "./note.ts";
import type { Quotas } from "./quota.ts";
import type { Recorder } from "./recorder.ts";
import type { ReviewLine } from "./review-line.ts";
import type { Rewordings } from "./rewordings.ts";
import type { SampleRoom } from "./sample-room.ts";
import type { Trace } from "./trace-context.ts";
import type { TurnedAway } from "./turned-away.ts";
import type { Turns } from "./turns.ts";

export interface Gateway {
  readonly follower: Follower;
  readonly feed: Feed;
  readonly configurations: Configurations;
  readonly quotas: Quotas;
  readonly attempts: Attempts;
  readonly turnedAway: TurnedAway;
  readonly cacheSalt: CacheSalt;
  readonly recorder: Recorder;
  readonly live: LiveExchanges;
  /** For inspections of large prompts. */
  readonly inspections: Turns;
  readonly holdDesk: HoldDesk;
  readonly reviews: ReviewLine;
  readonly sampleRoom: SampleRoom;
  readonly rewordings: Rewordings;
  readonly clock: Clock;
  readonly primitives: Primitives;
  /** Where a refused caller can turn; stands in every refusal. */
  readonly contact: string;
  /** Tells the operator: ids, numbers and closed words only. */
  readonly report: (event: string, detail: Readonly<Record<string, string | number>>) => void;
  /** Told once for every request, after its answer has ended. Never throws, never waits. */
  readonly answered: (answered: Answered) => void;
  /** The trace that a request belongs to, by its `traceparent`; undefined where nothing is traced. */
  readonly trace: (traceparent: unknown) => Trace | undefined;
  readonly isDraining: () => boolean;
}
