// Who acts in a sequence and how an act is put: mostly by who may and in time, now and then by others, with a clock that is wrong, with
// another ledger before their eyes, or past the desk.
import type { DocumentKind } from "../../../src/acts/bodies.ts";
import { type Player, digestOfLabel } from "../../../src/acts/fixtures.ts";
import type { Act } from "../../../src/acts/statement.ts";
import { type Digest, Instant, type Name } from "../../../src/terms/ids.ts";
import type { Chance } from "../../fuzz/seeded.ts";
import { type Play, type Said, type SignedHow, sign, stranger } from "./play.ts";
import { cast, newcomers, secondKeys } from "./stage-plans.ts";

/** How an act is put: before the desk, or into the ledger by whoever can write there. */
export type Put = (act: Act, how: "desk" | "ledger") => boolean;

export interface Scene {
  readonly play: Play;
  readonly chance: Chance;
  readonly put: Put;
  readonly model: Name;
  /** Version numbers that documents were applied under, by model. */
  readonly versions: Map<Name, number>;
}

export interface Signing extends Partial<SignedHow> {
  readonly how?: "desk" | "ledger";
}

export const board = [cast.ada, cast.cy, cast.bo, cast.dee, cast.ash];
export const everybody: readonly Player[] = [...Object.values(cast), ...newcomers, ...secondKeys];
export const minuteMs = 60_000;

export function say({ play, put }: Scene, said: Said, { by = [cast.ada], how = "desk", ...signed }: Signing): boolean {
  play.now = Instant.parse(play.now + 1000);
  return put(sign(play, said, { ...signed, by }), how);
}

/** Mostly in time, now and then by a clock that is wrong. */
export function clockOf({ chance }: Scene): number {
  if (!chance.oneIn(8)) return 0;
  return chance.pick([-5, 5, 9, 11, 45, -59, -61, -300, -12 * 24 * 60, 5_000_000]) * minuteMs;
}

/** Mostly who may, and alone; now and then anybody, a key of nobody, or two at once. */
export function signing(scene: Scene, whoMay: readonly Player[]): Signing {
  const { chance } = scene;
  const aheadMs = clockOf(scene);
  const how = chance.oneIn(6) ? "ledger" : "desk";
  if (chance.oneIn(10)) return { by: [chance.pick(everybody)], aheadMs, how };
  if (chance.oneIn(25)) return { by: [stranger], aheadMs, how };
  if (chance.oneIn(25)) return { by: [chance.pick(whoMay), chance.pick([cast.eve, cast.pat])], aheadMs, how };
  return { by: [chance.pick(whoMay)], aheadMs, how, isMisled: chance.oneIn(40) };
}

export const owners = [cast.ada, cast.cy];

/** The digest applied last under a name; one of nothing where none was. */
export function candidateOf({ state }: Play, kind: DocumentKind, name: Name): Digest {
  return state.documents.get(kind)?.get(name)?.candidate ?? digestOfLabel("nothing");
}
