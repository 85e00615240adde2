// Permits that take two persons, in every state: given by both, by one, by one with two keys, with somebody who came later, over,
// and of a model that is held. What each may reach is said here by hand.
import { type Player, join, permitOf, playerOf, signerOf } from "../../src/acts/fixtures.ts";
import { itemNamed } from "../../src/acts/item-proof.ts";
import { noSafeguards } from "../../src/acts/two-person-permits.ts";
import { digestOf, digestOfHash } from "../../src/proof/digest.ts";
import { toUtf8 } from "../../src/proof/encoding.ts";
import { rootOf } from "../../src/proof/merkle.ts";
import { nodePrimitives as primitives } from "../../src/proof/node.ts";
import { Instant, Name, timestampOf } from "../../src/terms/ids.ts";
import { ada, bo } from "../flows/gateway-world.ts";
import { type Cast, type ModelName, itemLeaves, secrets } from "./cast.ts";

/** Of each door that is open: the only model behind it, its requests in all, and those about one item. */
export const doors = { model: "shut", requests: 20, turns: 3, attempts: 2 } as const;

export const doorCallers = ["bare", "adaptive", "ofOne", "ofOneTwice", "ofLate", "doorOver", "doorHeld"] as const;
type DoorCaller = (typeof doorCallers)[number];

/** The header that names an item, whatever the body is. */
export function nameOf(item: number): string {
  return itemNamed(itemLeaves, item, primitives);
}

/** Writes all of them into the ledger; gives how many the rules took. */
export async function giveDoors({ world: gate, configurationOf }: Cast): Promise<number> {
  const { world } = gate;
  await gate.publish();
  const { size, root } = gate.ledger.head();
  const late = playerOf("Late", "safety");
  await join(world, late, [ada, bo]);
  const boTwice: Player = { ...bo, signer: signerOf("another of Ada's") };
  const by: Readonly<Record<DoorCaller, readonly Player[]>> = {
    bare: [ada, bo],
    adaptive: [ada, bo],
    ofOne: [ada],
    ofOneTwice: [ada, boTwice],
    ofLate: [ada, late],
    doorOver: [ada, bo],
    doorHeld: [ada, bo],
  };
  let taken = 0;
  for (const caller of doorCallers) {
    const model: ModelName = caller === "doorHeld" ? "held" : doors.model;
    const permit = permitOf(world, Name.parse(model), configurationOf(model));
    const isBare = caller !== "adaptive";
    const body = {
      ...permit,
      digests: { ...permit.digests, ...(isBare ? { safeguards: noSafeguards } : {}) },
      ...(isBare ? { bare: true as const } : {}),
      adaptive: { turns: doors.turns, requests: doors.requests },
      hash: digestOf(toUtf8(secrets[caller]), primitives),
      items: { root: digestOfHash(rootOf(itemLeaves, primitives)), count: itemLeaves.length },
      attempts: doors.attempts,
      notAfter: timestampOf(Instant.parse(world.now() + (caller === "doorOver" ? 600_000 : 80_000_000))),
    };
    const refusal = world.record(await world.sign({ verb: "permit", body, by: by[caller], seen: { size, root } }));
    if (refusal === undefined) taken += 1;
  }
  await gate.publish();
  return taken;
}
