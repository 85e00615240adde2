// Over random interleavings of asking, settling and waiting no limit is ever overspent, summed up the long way beside.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  array,
  constantFrom,
  assert as holds,
  integer,
  nat,
  oneof,
  property,
  record,
  tuple,
  type Arbitrary,
} from "fast-check";
import type { Limits } from "../acts/limits.ts";
import { Instant, KeyId, Name } from "../terms/ids.ts";
import { type Ask, type Quotas, type Reservation, createQuotas } from "./quota.ts";

const minuteMs = 60_000;
const dayMs = 86_400_000;
const day = 20_000 * dayMs;

type Step =
  | { readonly kind: "ask"; readonly key: number; readonly model: number; readonly tokens: number }
  | { readonly kind: "settle"; readonly which: number; readonly share: number }
  | { readonly kind: "wait"; readonly ms: number };

const asks = record({ key: nat(3), model: nat(1), tokens: nat(120) }).map((one): Step => ({ kind: "ask", ...one }));
const settles = record({ which: nat(), share: nat(100) }).map((one): Step => ({ kind: "settle", ...one }));
const waits = constantFrom(-70_000, 1, 20_000, minuteMs, dayMs / 3).map((ms): Step => ({ kind: "wait", ms }));
const steps = array(
  oneof({ weight: 5, arbitrary: asks }, { weight: 4, arbitrary: settles }, { weight: 2, arbitrary: waits }),
  { minLength: 20, maxLength: 80 },
);

const limits: Arbitrary<Limits> = record(
  {
    requestsPerMinute: integer({ min: 1, max: 6 }),
    tokensPerMinute: integer({ min: 1, max: 300 }),
    tokensPerDay: integer({ min: 1, max: 600 }),
    exchanges: integer({ min: 1, max: 4 }),
  },
  { requiredKeys: [] },
);
/** Of the first key, of the grants of the first model, of every organisation, of the first model. */
const written = tuple(limits, limits, limits, limits);
type Written = readonly [key: Limits, grant: Limits, organisation: Limits, model: Limits];

interface Use {
  readonly circles: readonly string[];
  readonly tokens: number;
  readonly at: number;
}

/** A run of the quotas with the same sums beside: every settled use with its moment, every reservation that is open. */
class Play {
  readonly quotas: Quotas = createQuotas([], Instant.parse(day));
  readonly written: Written;
  readonly limits = new Map<string, Limits>();
  readonly asked: Use[] = [];
  readonly settled: Use[] = [];
  readonly open = new Map<Reservation, Use>();
  clock = day;
  latest = day;
  refused = 0;

  constructor(rules: Written) {
    this.written = rules;
  }

  take(step: Step): void {
    switch (step.kind) {
      case "wait":
        this.clock += step.ms;
        return;
      case "settle":
        this.settle(step);
        return;
      case "ask":
        this.ask(step);
        return;
    }
  }

  settle({ which, share }: Extract<Step, { kind: "settle" }>): void {
    const found = [...this.open][which % Math.max(1, this.open.size)];
    if (found === undefined) return;
    const [reservation, { circles, tokens }] = found;
    const used = Math.floor((tokens * share) / 100);
    reservation.settle(used);
    this.open.delete(reservation);
    this.settled.push({ circles, tokens: used, at: this.latest });
  }

  /** Four keys, two an organisation. */
  ask({ key, model, tokens }: Extract<Step, { kind: "ask" }>): void {
    const [ofKey, ofGrant, ofOrganisation, ofModel] = this.written;
    const organisation = Name.parse(key < 2 ? "acme" : "other");
    const name = Name.parse(model === 0 ? "small" : "large");
    const given = {
      key: key === 0 ? ofKey : {},
      grant: model === 0 ? ofGrant : {},
      organisation: ofOrganisation,
      model: model === 0 ? ofModel : {},
    };
    this.limits.set(`key ${key}`, given.key).set(`grant ${organisation} ${name}`, given.grant);
    this.limits.set(`organisation ${organisation}`, given.organisation).set(`model ${name}`, given.model);
    this.latest = Math.max(this.latest, this.clock);
    const circles = [`key ${key}`, `grant ${organisation} ${name}`, `organisation ${organisation}`, `model ${name}`];
    const use = { circles, tokens, at: this.latest };
    const answer = this.quotas.reserve(askFor({ key, organisation, name, tokens, given }, Instant.parse(this.clock)));
    if (answer.kind === "exhausted") {
      this.refused += 1;
      return;
    }
    this.open.set(answer, use);
    this.asked.push(use);
  }

  check(): void {
    for (const [circle, limit] of this.limits) {
      const isIn = ({ circles }: Use): boolean => circles.includes(circle);
      const open = [...this.open.values()].filter(isIn);
      const since = (uses: readonly Use[], periodMs: number): readonly Use[] =>
        uses.filter((use) => isIn(use) && use.at >= this.latest - (this.latest % periodMs));
      const held = sum(open);
      const isKept =
        open.length <= (limit.exchanges ?? Infinity) &&
        since(this.asked, minuteMs).length <= (limit.requestsPerMinute ?? Infinity) &&
        held + sum(since(this.settled, minuteMs)) <= (limit.tokensPerMinute ?? Infinity) &&
        held + sum(since(this.settled, dayMs)) <= (limit.tokensPerDay ?? Infinity);
      assert.ok(isKept, `${circle} is overspent: ${JSON.stringify(limit)}`);
    }
  }
}

interface Wish {
  readonly key: number;
  readonly organisation: Name;
  readonly name: Name;
  readonly tokens: number;
  readonly given: {
    readonly key: Limits;
    readonly grant: Limits;
    readonly organisation: Limits;
    readonly model: Limits;
  };
}

function askFor({ key, organisation, name, tokens, given }: Wish, at: Instant): Ask {
  const { grant, ...others } = given;
  return {
    key: KeyId.parse(`key_${key.toString(16).padStart(16, "0")}`),
    organisation,
    grant: {
      model: name,
      stage: "trusted",
      scopes: [],
      notAfter: "2100-01-01T00:00:00.000Z",
      ...grant,
      requestsPerMinute: grant.requestsPerMinute ?? 1_000_000,
      tokensPerDay: grant.tokensPerDay ?? 1_000_000_000,
    },
    limits: others,
    tokens,
    at,
  };
}

function sum(uses: readonly Use[]): number {
  return uses.reduce((total, { tokens }) => total + tokens, 0);
}

test("whatever is asked, settled and waited for in whatever order, no limit is overspent at any time", () => {
  let reserved = 0;
  let refused = 0;
  holds(
    property(steps, written, (taken, rules) => {
      const play = new Play(rules);
      for (const step of taken) {
        play.take(step);
        play.check();
      }
      reserved += play.asked.length;
      refused += play.refused;
    }),
    { seed: 4, numRuns: 1000 },
  );
  assert.ok(reserved > 2000 && refused > 2000, `${reserved} reserved, ${refused} refused`);
});
