// The next version of the trust root from the one in force and what somebody wants changed. Pure: whether the change may
// be made is decided by the rules (src/acts/rules/people.ts); here only what would lock everybody out is refused.
import type { Root } from "../../acts/bodies.ts";
import type { State } from "../../acts/state.ts";
import { Failure } from "../../terms/failure.ts";
import type { PublicKey } from "../../terms/ids.ts";
import { Quorum, type Seat } from "../../terms/role.ts";
import { OpenStage } from "../../terms/stage.ts";

export interface RootWish {
  readonly persons?: number | undefined;
  /** For example `trusted=owner:1,safety:2`. */
  readonly floors: readonly string[];
  readonly gatewaysIn: readonly PublicKey[];
  readonly gatewaysOut: readonly string[];
  readonly control?: PublicKey | undefined;
}

/** Fails with request_invalid on a wish that makes no sense, and with conflict on one that nobody could undo. */
export function nextRoot(state: State, wish: RootWish): Root {
  const { root } = state;
  if (root === undefined) throw new Failure("deployment_uninitialised", "There is no trust root to change yet.");
  const stranger = wish.gatewaysOut.find((key) => !root.body.gateways.some((known) => known === key));
  if (stranger !== undefined) throw new Failure("not_found", `No gateway of the trust root has the key ${stranger}.`);
  const gateways = [...root.body.gateways, ...wish.gatewaysIn].filter((key) => !wish.gatewaysOut.includes(key));
  if (gateways.length === 0) throw new Failure("conflict", "A trust root names at least one gateway.");
  const next: Root = {
    ...root.body,
    version: root.body.version + 1,
    previous: root.digest,
    firstOwner: null,
    control: wish.control ?? root.body.control,
    gateways: [...new Set(gateways)],
    personsForChange: wish.persons ?? root.body.personsForChange,
    floors: { ...root.body.floors, ...Object.fromEntries(wish.floors.map(floorIn)) },
  };
  checkReach(state, next);
  return next;
}

function floorIn(text: string): readonly [OpenStage, Seat[]] {
  const [name, seats = ""] = text.split("=");
  const stage = OpenStage.safeParse(name);
  if (!stage.success)
    throw new Failure("request_invalid", `--floor ${text}: a stage is one of ${OpenStage.options.join(", ")}.`);
  const quorum = Quorum.safeParse(seats.split(",").map((seat) => seatIn(seat)));
  if (quorum.success) return [stage.data, quorum.data];
  throw new Failure("request_invalid", `--floor ${text}: write it as STAGE=ROLE:COUNT,ROLE:COUNT.`);
}

function seatIn(text: string): { readonly role: string; readonly count: number } {
  const [role = "", count = "1"] = text.split(":");
  return { role, count: Number(count) };
}

/** A root that takes more people than there are could never be changed again, nor anything be opened under it. */
function checkReach(state: State, next: Root): void {
  const active = [...state.persons.values()].filter(({ suspended, role }) => !suspended && role !== "auditor");
  if (next.personsForChange > active.length) {
    throw new Failure(
      "conflict",
      `${active.length} person(s) could sign a change of the root, and this one would ask for ${next.personsForChange} from then on. Invite them first.`,
    );
  }
  for (const stage of OpenStage.options) {
    const lacking = next.floors[stage].find(
      ({ role, count }) => active.filter((person) => person.role === role).length < count,
    );
    const isNew = JSON.stringify(next.floors[stage]) !== JSON.stringify(state.root?.body.floors[stage]);
    if (lacking === undefined || !isNew) continue;
    const have = active.filter((person) => person.role === lacking.role).length;
    throw new Failure(
      "conflict",
      `The floor of ${stage} would ask for ${lacking.count} ${lacking.role}, and there is ${have}. Invite them first.`,
    );
  }
}
