// A call that waits for a person, as they read it: who said what, in order, and whatever else of it is not plain text. Control
// characters are shown and not obeyed: a request must not draw on the screen of whoever judges it.
import { z } from "zod";
import { visible } from "../terms/visible.ts";

const Part = z.looseObject({ kind: z.string(), text: z.string().optional() });
const Shown = z.looseObject({
  preamble: z.string().default(""),
  instructions: z.string().default(""),
  turns: z.array(z.looseObject({ role: z.string(), parts: z.array(Part) })),
});

/** The text of a call, from the JSON that its gateway kept; the JSON itself where it has another form. */
export function callInWords(call: string): string {
  const shown = Shown.safeParse(jsonOf(call)).data;
  if (shown === undefined) return visible(call);
  const turns = shown.turns.map(({ role, parts }) => `${role}: ${parts.map(partInWords).join("\n")}`);
  const { preamble, instructions, turns: _, ...rest } = shown;
  const before = [
    ...(preamble === "" ? [] : [`system prompt of the model's document: ${preamble}`]),
    ...(instructions === "" ? [] : [`instructions: ${instructions}`]),
  ];
  return visible([...before, ...turns, `with: ${JSON.stringify(rest)}`].join("\n\n"));
}

function partInWords(part: z.infer<typeof Part>): string {
  const { kind, text, ...rest } = part;
  if (text !== undefined && Object.keys(rest).length === 0) return text;
  return `[${kind}] ${JSON.stringify(text === undefined ? rest : { text, ...rest })}`;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
