// How long a hold took, measured where it came in: from the order until every connected gateway has verified the entry, and until the
// last exchange that it ends has ended, as far as this server sees them. A look many times a second, for as long as it takes and
// no longer; in memory, of the last few holds. Nothing waits for it.
import { setTimeout as sleep } from "node:timers/promises";
import type { HoldScope } from "../acts/bodies.ts";
import type { State } from "../acts/state.ts";
import type { HoldId } from "../terms/ids.ts";
import type { RunningAt } from "../terms/running.ts";
import type { HoldEffectView } from "./contract-hold.ts";
import type { GatewayHere } from "./gateways-here.ts";
import { isCut } from "./held-callers.ts";

export interface HoldWatch {
  /** From the moment at which the order arrived, before anything was done about it. */
  readonly begin: (ordered: Ordered) => Watched;
  readonly effect: (hold: HoldId) => HoldEffectView | undefined;
  readonly close: () => Promise<void>;
}

interface Ordered {
  readonly hold: HoldId;
  readonly scope: HoldScope;
}

export interface Watched {
  /** Null where the store did not take it, and the gateways were told. */
  readonly placed: (index: number | null) => void;
  /** It was refused: nothing is measured. */
  readonly refused: () => void;
}

interface WatchMeans {
  readonly state: State;
  readonly gateways: () => readonly GatewayHere[];
  readonly running: (() => Promise<readonly RunningAt[]>) | undefined;
}

const lookEveryMs = 20;
const watchMsMax = 20_000;
const watchedMax = 32;

export function createHoldWatch(means: WatchMeans): HoldWatch {
  const effects = new Map<HoldId, { readonly effect: Effect; readonly over: AbortController }>();
  const closing = new AbortController();
  const looking = new Set<Promise<void>>();
  return {
    begin: (ordered) => {
      const effect = new Effect(ordered, means);
      const over = new AbortController();
      const watched: Watched = {
        placed: (index) => effect.placed(index),
        refused: () => {
          over.abort();
          if (effects.get(ordered.hold)?.effect === effect) effects.delete(ordered.hold);
        },
      };
      if (effects.has(ordered.hold) || closing.signal.aborted) return watched;
      effects.set(ordered.hold, { effect, over });
      const [oldest] = effects;
      if (effects.size > watchedMax && oldest !== undefined) {
        effects.delete(oldest[0]);
        oldest[1].over.abort();
      }
      const look = effect.watch(AbortSignal.any([closing.signal, over.signal])).catch(() => undefined);
      looking.add(look);
      void look.then(() => looking.delete(look));
      return watched;
    },
    effect: (hold) => effects.get(hold)?.effect.view(),
    close: async () => {
      closing.abort();
      await Promise.all(looking);
    },
  };
}

type Row = HoldEffectView["gateways"][number];

class Effect {
  readonly #ordered: Ordered;
  readonly #means: WatchMeans;
  readonly #from = performance.now();
  #index: number | null = null;
  #rows: Row[] = [];
  #doneMs: number | null = null;
  #isGivenUp = false;

  constructor(ordered: Ordered, means: WatchMeans) {
    this.#ordered = ordered;
    this.#means = means;
  }

  placed(index: number | null): void {
    this.#index = index;
  }

  view(): HoldEffectView {
    const { hold } = this.#ordered;
    return { hold, index: this.#index, gateways: this.#rows, doneMs: this.#doneMs, givenUp: this.#isGivenUp };
  }

  /** Given up on whatever ends it otherwise: whoever waits for the time must not wait for ever. */
  async watch(signal: AbortSignal): Promise<void> {
    try {
      await this.#lookOn(signal);
    } finally {
      this.#isGivenUp = this.#doneMs === null;
    }
  }

  async #lookOn(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#look();
      const ms = performance.now() - this.#from;
      if (this.#index !== null && isEverywhere(this.#rows)) {
        this.#doneMs = Math.max(0, ...this.#rows.flatMap(({ foldedMs, endedMs }) => [foldedMs ?? 0, endedMs ?? 0]));
        return;
      }
      if (ms > watchMsMax) return;
      await sleep(lookEveryMs, undefined, { signal }).catch(() => undefined);
    }
  }

  async #look(): Promise<void> {
    const counts = await this.#counts();
    const ms = performance.now() - this.#from;
    const before = new Map(this.#rows.map((row) => [row.key, row]));
    this.#rows = this.#means.gateways().map((gateway) => this.#row(gateway, before.get(gateway.key), { counts, ms }));
  }

  #row({ name, key, connected, has = 0 }: GatewayHere, before: typeof unseen = unseen, { counts, ms }: Look): Row {
    const running = counts.get(name ?? "") ?? null;
    const isFolded = this.#index !== null && has > this.#index;
    return {
      name,
      key,
      connected,
      foldedMs: before.foldedMs ?? (isFolded ? ms : null),
      before: before.before ?? running,
      running,
      endedMs: running === 0 ? (before.endedMs ?? ms) : null,
    };
  }

  /** Exchanges that it ends, by gateway; null where one could not be asked. */
  async #counts(): Promise<ReadonlyMap<string, number | null>> {
    const { running, state } = this.#means;
    const all = (await running?.()) ?? [];
    const countOf = (at: RunningAt): number | null =>
      at.running === null
        ? null
        : at.running.filter((one) => isCut(this.#ordered.scope, one, state)).reduce((sum, { count }) => sum + count, 0);
    return new Map(all.map((at) => [at.gateway, countOf(at)]));
  }
}

/** A gateway at the first look. */
const unseen: Pick<Row, "foldedMs" | "before" | "endedMs"> = { foldedMs: null, before: null, endedMs: null };

interface Look {
  readonly counts: ReadonlyMap<string, number | null>;
  readonly ms: number;
}

/** Whether it has got everywhere that can be seen. Of no gateway at all nothing is claimed. */
function isEverywhere(rows: readonly Row[]): boolean {
  return rows.some(({ connected }) => connected) && rows.every(isOver);
}

/** One that is not connected is not waited for, as it serves nobody once its lease is over; what it is seen to do still counts. */
function isOver({ connected, foldedMs, running, before }: Row): boolean {
  const isEnded = before === null || running === 0;
  return isEnded && (!connected || foldedMs !== null);
}
