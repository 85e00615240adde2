// Every attack that is shipped, by name and version.
import type { Attack } from "./attack.ts";
import { conversations } from "./conversations.ts";
import { encodings } from "./encodings.ts";
import { framings } from "./framings.ts";
import { resampling } from "./resampling.ts";

export const attacks: readonly Attack[] = [...encodings, ...framings, ...conversations, ...resampling];

const byName = new Map(attacks.map((attack) => [attack.name, attack]));

/** Undefined for one that is not shipped. */
export function attackCalled(name: string): Attack | undefined {
  return byName.get(name);
}
