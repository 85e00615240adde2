// Makes the attempts of a campaign from a seed, sends them side by side, and has the oracle judge what came of them.
import { chanceOf } from "../fuzz/seeded.ts";
import { type Attempt, type Draft, attemptOf, draftOf, formatNames, tagOf } from "./attempt.ts";
import { type Cast, type Caller, secrets } from "./cast.ts";
import type { UpstreamCall } from "./counting-upstream.ts";
import { type Findings, type Table, type Tried, judge } from "./oracle.ts";
import { sendRaw } from "./raw-http.ts";
import { nested, smuggle } from "./smuggling.ts";
import { crossed, someModel, tricked, tricks } from "./tricks.ts";

/** Attempts under way at once. */
const atOnce = 24;

/** Silence after which a connection counts as left open, in milliseconds. */
const silenceMs = 2_000;
/** Where bytes do not say where a request ends, both sides may wait for the other. */
const oddSilenceMs = 250;

const callers: readonly Caller[] = [
  "good",
  "good",
  "expired",
  "revoked",
  "suspended",
  "foreign",
  "wrongType",
  "ended",
  "house",
  "permit",
  "permitOver",
  "bare",
  "adaptive",
  "ofOne",
  "doorHeld",
  "stranger",
];

export interface Plan {
  readonly seed: number;
  readonly count: number;
  /** Tags count on from here, so that phases of one campaign do not share any. */
  readonly firstTag: number;
  /** Who asks for what; everybody for anything unless said. */
  readonly focus?: { readonly callers: readonly Caller[]; readonly models: readonly string[] };
}

/** The attempts of a plan: one in five is several requests on one connection. */
export function attemptsOf({ seed, count, firstTag, focus }: Plan): readonly Attempt[] {
  return Array.from({ length: count }, (_, index) => attemptAt(seed + index, firstTag + index * 2, focus));
}

function attemptAt(seed: number, tagCount: number, focus: Plan["focus"]): Attempt {
  const chance = chanceOf(seed);
  const draft = (tag: number): Draft =>
    draftOf({
      secret: chance.oneIn(12) ? undefined : secrets[chance.pick(focus?.callers ?? callers)],
      model: focus === undefined ? someModel(chance) : chance.pick(focus.models),
      format: chance.pick(formatNames),
      stream: chance.oneIn(2),
      tag: tagOf(tag),
    });
  const names = Object.keys(tricks);
  const some = Array.from({ length: chance.below(4) }, () => chance.pick(names));
  if (chance.oneIn(5)) return smuggle({ outer: draft(tagCount), inner: draft(tagCount + 1) }, chance);
  if (chance.oneIn(25)) {
    const wanted = {
      secret: secrets.good,
      model: "small",
      format: "chat",
      stream: false,
      tag: tagOf(tagCount),
    } as const;
    return attemptOf({ ...nested(wanted, draftOf({ ...wanted, model: "shut" })), tricks: ["nested"] });
  }
  const base = chance.oneIn(6) ? crossed(draft(tagCount), chance) : draft(tagCount);
  return attemptOf(tricked(base, some, chance));
}

/** Sends all attempts and gives each with its answer. */
export async function send(attempts: readonly Attempt[], port: number): Promise<readonly Tried[]> {
  const tried: Tried[] = [];
  const queue = attempts[Symbol.iterator]();
  const worker = async (): Promise<void> => {
    for (const attempt of queue) {
      const isOdd = attempt.name.startsWith("smuggled") || /wire|method|extraHeaders|keyElsewhere/.test(attempt.name);
      const answer = await sendRaw({ port, packets: attempt.packets, silenceMs: isOdd ? oddSilenceMs : silenceMs });
      tried.push({ attempt, answer });
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return tried;
}

/** Sends a plan's attempts through the cast's gateway and judges them by the table. */
export async function campaign(cast: Pick<Cast, "world" | "upstream">, plan: Plan, table: Table): Promise<Findings> {
  const before = cast.upstream.calls.length;
  const tried = await send(attemptsOf(plan), Number(new URL(cast.world.url()).port));
  const calls: readonly UpstreamCall[] = cast.upstream.calls.slice(before);
  return judge(tried, calls, table);
}
