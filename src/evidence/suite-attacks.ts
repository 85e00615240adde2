// Items times attacks: what a suite with attacks asks. Nothing is stored of it, as it follows from the document and the items; that
// it is still the same is what the root in the applied document says.
import type { Hasher } from "../proof/primitives.ts";
import { type Turn, attacked } from "./attacks/attack.ts";
import { type Draw, drawFor } from "./attacks/draw.ts";
import { attackCalled } from "./attacks/registry.ts";
import type { Suite, SuiteAttack } from "./suite-document.ts";

/** One way in which one item is asked. */
export interface Asked {
  /** Follows the item's id in that of the trial; empty for a suite without attacks. */
  readonly suffix: string;
  /** The attacks that were made, `none` for the item as it stands; undefined for a suite without attacks. */
  readonly attack: string | undefined;
  readonly turns: readonly Turn[];
}

/** The name of a plan's attack, as results are told by it. */
function attackName({ apply }: Pick<SuiteAttack, "apply">): string {
  return apply.length === 0 ? "none" : apply.join("+");
}

interface Item {
  /** Tells items apart, so that each has draws of its own. */
  readonly id: string;
  readonly turns: readonly Turn[];
}

/** All ways in which an item is asked, in the document's order, each as it is taken: together they may be large. */
export function* askedBy(
  { attacks, seed = 0 }: Pick<Suite, "attacks" | "seed">,
  item: Item,
  hasher: Hasher,
): Generator<Asked, void> {
  if (attacks === undefined) {
    yield { suffix: "", attack: undefined, turns: item.turns };
    return;
  }
  for (const one of attacks) {
    const { draws = 1 } = one;
    const attack = attackName(one);
    let at = 0;
    for (const turns of drawn(one, item, (what) => drawFor([String(seed), item.id, attack, ...what], hasher))) {
      at += 1;
      yield { suffix: `~${attack}${draws === 1 ? "" : `~${at}`}`, attack, turns };
    }
  }
}

/** Draws anew, so often at the most, where a short text comes out as it did before. */
const redrawsMax = 50;

function* drawn(
  one: SuiteAttack,
  { turns }: Item,
  drawOf: (what: readonly string[]) => Draw,
): Generator<readonly Turn[], void> {
  const { draws = 1 } = one;
  const seen = new Set<string>();
  for (let at = 0; at < draws; at += 1) {
    let made = turns;
    for (let again = 0; again <= (draws === 1 ? 0 : redrawsMax); again += 1) {
      made = madeBy(one, turns, (step) => drawOf([String(at), String(again), String(step)]));
      if (!seen.has(JSON.stringify(made))) break;
    }
    seen.add(JSON.stringify(made));
    yield made;
  }
}

function madeBy({ apply }: SuiteAttack, turns: readonly Turn[], drawOf: (step: number) => Draw): readonly Turn[] {
  return apply.reduce((before, name, step) => {
    const attack = attackCalled(name);
    return attack === undefined ? before : attacked(before, attack, drawOf(step));
  }, turns);
}
