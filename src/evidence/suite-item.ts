// One line of a suite's items: what is asked, in one turn or in several, and what it is about.
import { z } from "zod";
import type { Turn } from "./attacks/attack.ts";
import { Expect } from "./graders/expect.ts";
import { World } from "./world/world-document.ts";

const Text = z
  .string()
  .min(1)
  .max(32 * 1024);

/** Turns of one item, the last the user's. */
const turnsMax = 32;

export const SuiteItem = z
  .strictObject({
    id: z.string().min(1).max(128),
    /** Of an item of one turn. */
    text: Text.optional(),
    /** Of one in several: a `system` turn stands first, what the assistant is to have said is the suite's. */
    turns: z
      .array(z.strictObject({ role: z.enum(["system", "user", "assistant"]), text: Text }))
      .min(1)
      .max(turnsMax)
      .optional(),
    category: z.string().min(1).max(64),
    /** What it asks for, where several items ask for the same. */
    behaviour: z.string().min(1).max(128).optional(),
    /** For `exact@1`: what makes an answer harmful, or safe. No part of what is asked. */
    expect: Expect.optional(),
    /** Where the suite runs its items in toy worlds: what the model's tools find there. */
    world: World.optional(),
  })
  .refine(({ text, turns }) => (text === undefined) !== (turns === undefined), {
    error: "an item has either text or turns",
  })
  .refine(({ turns }) => turns === undefined || turns.at(-1)?.role === "user", {
    path: ["turns"],
    error: "the last turn is the user's",
  })
  .refine(({ turns = [] }) => turns.every(({ role }, at) => role !== "system" || at === 0), {
    path: ["turns"],
    error: "a system turn stands first",
  });
export type SuiteItem = z.infer<typeof SuiteItem>;

export function turnsOf({ text, turns }: Pick<SuiteItem, "text" | "turns">): readonly Turn[] {
  return turns ?? [{ role: "user", text: text ?? "" }];
}
