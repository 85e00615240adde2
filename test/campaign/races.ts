// Requests in flight at the moment something is closed: by a hold over the feed or straight to the gateway, by a key's
// suspension, by a grant that is taken back. Who began before may have been asked for, and is
// served nothing that the model says after the closing was answered; who began after that reaches nothing.
import { digestOfLabel, idOf, organisationOf } from "../../src/acts/fixtures.ts";
import { digestOf } from "../../src/proof/digest.ts";
import { toUtf8 } from "../../src/proof/encoding.ts";
import { nodePrimitives as primitives } from "../../src/proof/node.ts";
import { Name } from "../../src/terms/ids.ts";
import { chanceOf } from "../fuzz/seeded.ts";
import { ada, bo } from "../flows/gateway-world.ts";
import { type Attempt, attemptOf, draftOf, tagOf } from "./attempt.ts";
import { type Cast, secrets } from "./cast.ts";
import { reopen } from "./forging.ts";
import { lateGift } from "./counting-upstream.ts";
import { giftsIn } from "./oracle.ts";
import { sendRaw } from "./raw-http.ts";

export const closings = [
  "direct hold",
  "hold over the feed",
  "hold on everything",
  "key suspended",
  "grant taken",
] as const;
export type Closing = (typeof closings)[number];

export interface Race {
  readonly closing: Closing;
  readonly seed: number;
  readonly firstTag: number;
  /** Requests before, and as many after. */
  readonly requests: number;
}

export interface RaceFindings {
  readonly attempts: number;
  readonly servedBefore: number;
  /** How long after the closing the last character came, in milliseconds; less than 0 for none. Told, and not judged. */
  readonly lastTokenMs: number;
  readonly violations: readonly string[];
}

/** The open models; all of them are closed by each of the closings. */
const raced = ["small", "open-messages", "open-responses"] as const;

/** One race, and everything open again at its end. */
export async function race(cast: Cast, { closing, seed, firstTag, requests }: Race): Promise<RaceFindings> {
  const chance = chanceOf(seed);
  const port = Number(new URL(cast.world.url()).port);
  const attempt = (count: number): Attempt => {
    const model = closing === "direct hold" || closing === "hold over the feed" ? "small" : chance.pick(raced);
    const format = chance.pick(["chat", "messages", "responses"] as const);
    const stream = chance.below(3) > 0;
    return attemptOf(draftOf({ secret: secrets.good, model, format, stream, tag: tagOf(firstTag + count) }));
  };
  const begin = async (one: Attempt): ReturnType<typeof sendRaw> =>
    sendRaw({ port, packets: one.packets, silenceMs: 5_000 });
  cast.upstream.slow(5 + chance.below(40));
  const before = Array.from({ length: requests }, (_, count) => attempt(count));
  const asked: ReturnType<typeof sendRaw>[] = [];
  const closeAfter = chance.below(requests);
  let closed: Promise<number> | undefined;
  let undo: (() => Promise<void>) | undefined;
  for (const [count, one] of before.entries()) {
    asked.push(begin(one));
    if (count === closeAfter) {
      await new Promise((resolve) => setTimeout(resolve, chance.below(400)));
      const done = close(cast, closing, seed);
      undo = async () => (await done)();
      closed = done.then(() => {
        cast.upstream.late(true);
        return performance.now();
      });
    }
    if (chance.oneIn(4)) await new Promise((resolve) => setTimeout(resolve, chance.below(12)));
  }
  const closedAt = (await closed) ?? 0;
  // Those that were begun before the closing was answered, and those that were not.
  const calls = cast.upstream.calls.length;
  const after = Array.from({ length: requests }, (_, count) => attempt(requests + count));
  const late = await Promise.all(after.map(begin));
  const early = await Promise.all(asked);
  cast.upstream.slow(0);
  cast.upstream.late(false);
  const lateTags = new Set(after.flatMap(({ parts }) => parts.map(({ tag }) => tag)));
  const violations = [
    ...cast.upstream.calls
      .slice(calls)
      .flatMap(({ tags, model }) =>
        tags.some((tag) => lateTags.has(tag)) ? [`${closing} ${seed}: ${model} was asked after it was closed`] : [],
      ),
    ...late.flatMap(({ bytes }) => (giftsIn(bytes) > 0 ? [`${closing} ${seed}: served after it was closed`] : [])),
    ...early.flatMap(({ bytes }) =>
      giftsIn(bytes, lateGift) > 0 ? [`${closing} ${seed}: served what was said after it was closed`] : [],
    ),
  ];
  const pieces = early.flatMap((answer) => answer.pieces).filter(({ bytes }) => giftsIn(bytes) > 0);
  const lastTokenMs = Math.max(-1, ...pieces.map(({ at }) => at - closedAt));
  await undo?.();
  return { attempts: 2 * requests, servedBefore: pieces.length, lastTokenMs, violations };
}

/** Closes, and resolves once the closing is answered for, with the way back. */
async function close(cast: Cast, closing: Closing, seed: number): Promise<() => Promise<void>> {
  const { world } = cast.world;
  const reason = digestOfLabel("why");
  const hold = idOf.hold(`race ${seed}`);
  const everything = closing === "hold on everything";
  const scope = everything
    ? ({ kind: "everything" } as const)
    : ({ kind: "model", model: Name.parse("small") } as const);
  const resume = async (): Promise<void> => {
    for (const model of everything ? raced : (["small"] as const)) await reopen(cast, model, [hold]);
  };
  switch (closing) {
    case "direct hold": {
      const signed = await world.sign({ verb: "hold", body: { hold, scope, reason }, by: [bo] });
      const body = new Uint8Array(signed.envelope);
      const response = await fetch(`${cast.world.url()}/hold`, { method: "POST", body });
      if (response.status !== 200) throw new Error(`the hold was answered with ${response.status}`);
      return async () => {
        while (!world.state.holds.has(hold)) await new Promise((resolve) => setTimeout(resolve, 20));
        await resume();
      };
    }
    case "hold over the feed":
    case "hold on everything":
      await world.say({ verb: "hold", body: { hold, scope, reason }, by: [bo] });
      await cast.world.publish();
      return resume;
    case "key suspended": {
      const hash = digestOf(toUtf8(secrets.good), primitives);
      const known = world.state.keys.get(hash);
      if (known === undefined) throw new Error("the good key is known");
      const { key, organisation } = known;
      await world.say({ verb: "suspend", body: { target: { kind: "key", key }, reason }, by: [ada] });
      await cast.world.publish();
      return async () => {
        const anew = { kind: "change" } as const;
        await world.say({ verb: "key", body: { key, organisation, hash, notAfter: null, anew }, by: [ada] });
        await cast.world.publish();
      };
    }
    case "grant taken": {
      const before = world.state.organisations.get(Name.parse("acme"));
      if (before === undefined) throw new Error("acme is known");
      const { organisation, type, document, grants } = before;
      const base = organisationOf(world, { model: Name.parse("small"), stage: "trusted" });
      await world.say({ verb: "organisation", body: { ...base, organisation, grants: [] }, by: [ada] });
      await cast.world.publish();
      return async () => {
        await world.say({
          verb: "organisation",
          body: { organisation, type, document, grants: [...grants] },
          by: [ada],
        });
        await cast.world.publish();
      };
    }
  }
}
