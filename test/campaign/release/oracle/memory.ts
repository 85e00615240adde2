// What the oracle remembers, and the few words that its parts share. The oracle says a second time what may be recorded and who may be
// served: from the documents (docs/threat-model.md, docs/documents.md, docs/statistics.md), with lists and plain loops, and without
// a line of src/acts, src/gates or src/exposure but their types. It hears every act that was written, and is asked at each step.
import type { Release, Root } from "../../../../src/acts/bodies.ts";
import type { Act } from "../../../../src/acts/statement.ts";

export type Of<V extends Act["predicate"]["verb"]> = Extract<Act["predicate"], { verb: V }>;

export interface Somebody {
  readonly person: string;
  readonly role: string;
  readonly since: number;
  out: boolean;
}

export interface Proposed {
  readonly release: Release;
  readonly body: string;
  readonly at: number;
  readonly words: Map<
    string,
    { readonly verdict: string; readonly role: string; readonly at: string; readonly index: number }
  >;
  certified: boolean;
}

export interface Sealed {
  readonly act: string;
  readonly said: Of<"evidence">["body"];
  readonly at: number;
  back: boolean;
}

export interface Held {
  readonly id: string;
  readonly at: number;
  readonly scopes: Of<"hold">["body"]["scope"][];
  readonly answeredFor: Set<string>;
}

export interface Trouble {
  readonly model: string | null;
  severity: string;
  open: boolean;
  last: number;
}

export interface Oracle {
  root: { readonly body: Root; readonly act: string } | undefined;
  index: number;
  readonly heard: Set<string>;
  readonly people: Map<string, Somebody>;
  readonly invited: Map<
    string,
    { readonly body: Of<"invite">["body"]; readonly by: readonly string[]; spent: boolean }
  >;
  readonly organisations: Map<string, { type: string; at: string; out: boolean; stopped: number }>;
  readonly applied: Set<string>;
  readonly permits: Map<string, Of<"permit">["body"] & { readonly by: string; readonly since: string }>;
  readonly exchanges: Map<string, number>;
  readonly sealed: Sealed[];
  readonly proposed: Map<string, Proposed>;
  readonly certified: Map<string, Release[]>;
  readonly holds: Map<string, Held>;
  readonly step: Map<string, number>;
  readonly troubles: Map<string, Trouble>;
  readonly over: Set<string>;
  readonly lapsed: Set<string>;
  drill: { readonly at: string; readonly good: boolean } | undefined;
  interval: { readonly number: number; readonly next: number; readonly root: string | null };
  restrictions: number;
}

export function openOracle(): Oracle {
  return {
    root: undefined,
    index: 0,
    heard: new Set(),
    people: new Map(),
    invited: new Map(),
    organisations: new Map(),
    applied: new Set(),
    permits: new Map(),
    exchanges: new Map(),
    sealed: [],
    proposed: new Map(),
    certified: new Map(),
    holds: new Map(),
    step: new Map(),
    troubles: new Map(),
    over: new Set(),
    lapsed: new Set(),
    drill: undefined,
    interval: { number: 0, next: 1, root: null },
    restrictions: 0,
  };
}

export const [minute, hour, day] = [60_000, 3_600_000, 86_400_000];
export const severities = ["low", "medium", "high", "critical"];

export function rank(list: readonly string[], one: string): number {
  return list.indexOf(one);
}

export function worseOrSame(one: string, than: string): boolean {
  return rank(severities, one) >= rank(severities, than);
}

export function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** The persons in good standing behind the signatures; undefined where one is by nobody such. */
export function signersOf(oracle: Oracle, act: Act): readonly Somebody[] | undefined {
  // Somebody who signs twice is still one.
  const found = [...new Set(act.signers.map((key) => oracle.people.get(key)))];
  return found.every((one) => one !== undefined && !one.out) ? found.filter((one) => one !== undefined) : undefined;
}

export function isAbout(of: Sealed["said"]["digests"], { model, safeguards, policy }: Release["digests"]): boolean {
  return of.model === model && of.safeguards === safeguards && of.policy === policy;
}

export function isOn({ model }: Trouble, of: string): boolean {
  return model === null || model === of;
}

export function endsIt({ conditions: { endsOnIncident } }: Release, severity: string): boolean {
  return endsOnIncident !== undefined && worseOrSame(severity, endsOnIncident);
}

/** The roles of the persons in good standing whose last word is for it. */
export function backers({ people }: Oracle, { words }: Proposed): readonly string[] {
  return [...words].flatMap(([person, { verdict, role }]) => {
    const isOut = [...people.values()].find((one) => one.person === person)?.out !== false;
    return verdict === "for" && !isOut ? [role] : [];
  });
}
