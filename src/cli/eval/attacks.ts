// `headgate eval attacks`: which attacks a suite can name, and what they make of a text. Asks no server.
import { z } from "zod";
import { type Attack, type Turn, attacked } from "../../evidence/attacks/attack.ts";
import { drawFor } from "../../evidence/attacks/draw.ts";
import { attackCalled, attacks } from "../../evidence/attacks/registry.ts";
import { nodePrimitives } from "../../proof/node.ts";
import { Failure } from "../../terms/failure.ts";
import { type Answer, done } from "../answer.ts";
import type { Call } from "../verb.ts";

export const AttackOptions = z.object({
  text: z
    .string()
    .min(1)
    .max(32 * 1024)
    .optional(),
  draw: z.coerce.number().int().min(1).max(1000).default(1),
});

export async function showAttacks({ args, options }: Call<z.infer<typeof AttackOptions>>): Promise<Answer> {
  const chosen = args.length === 0 ? attacks : args.map(known);
  const { text, draw } = options;
  if (text === undefined) return Promise.resolve(listed(chosen));
  if (args.length === 0) throw new Failure("request_invalid", "Say which: headgate eval attacks NAME --text TEXT");
  const first: readonly Turn[] = [{ role: "user", text }];
  const turns = chosen.reduce(
    (before, attack, step) => attacked(before, attack, drawFor([text, String(step), String(draw)], nodePrimitives)),
    first,
  );
  return done({ turns }, turns.map((turn) => `${turn.role}: ${turn.text}`).join("\n\n"));
}

function known(name: string): Attack {
  const attack = attackCalled(name);
  if (attack !== undefined) return attack;
  throw new Failure(
    "not_found",
    `There is no attack called ${name}; there are: ${attacks.map((one) => one.name).join(", ")}`,
  );
}

function listed(chosen: readonly Attack[]): Answer {
  const wide = Math.max(...chosen.map(({ name }) => name.length));
  const json = { attacks: chosen.map(({ name, kind, about, isDrawn }) => ({ name, kind, about, isDrawn })) };
  const lines = chosen.map(({ name, kind, about }) => `${name.padEnd(wide)}  ${kind.padEnd(12)}  ${about}`);
  return done(json, lines.join("\n"));
}
