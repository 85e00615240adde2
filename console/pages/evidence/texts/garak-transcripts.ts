// What was said in each attempt of a garak report: its conversations where it wrote them, else the prompt and the output.
import { z } from "zod";
import { type Kept, placesOf, readGarak } from "../../../../src/evidence/import/garak.ts";
import type { Source } from "../../../../src/evidence/import/source.ts";
import { browserPrimitives } from "../../../../src/proof/browser.ts";
import type { Turn } from "./transcripts.ts";

const Content = z.union([
  z.string(),
  z.looseObject({ text: z.string().nullish() }).transform(({ text }) => text ?? ""),
]);
const Conversation = z.object({ turns: z.array(z.object({ role: z.string(), content: Content.catch("") })) });
const Said = z.object({ conversations: z.array(Conversation).nullish(), prompt: Conversation.nullish().catch(null) });

/** `charsMax`: texts beyond so many characters are left out. Fails with request_invalid. */
export async function* ofGarak(
  source: Source,
  charsMax: number,
): AsyncGenerator<{ readonly item: string; readonly attempt: number; readonly said: readonly Turn[] }, void> {
  const said = new Map<Kept, readonly (readonly Turn[])[]>();
  let chars = 0;
  const file = await readGarak(source, browserPrimitives, (kept, entry) => {
    const conversations = conversationsOf(entry, kept.outputs.length);
    chars += conversations.flat().reduce((sum, { text }) => sum + text.length, 0);
    if (chars <= charsMax) said.set(kept, conversations);
  });
  for (const { kept, at, item, attempt } of placesOf(file)) {
    const turns = said.get(kept)?.[at];
    if (turns !== undefined) yield { item, attempt, said: turns };
  }
}

/** One an output. */
function conversationsOf(entry: unknown, outputs: number): readonly (readonly Turn[])[] {
  const { conversations, prompt } = Said.safeParse(entry).data ?? {};
  return Array.from({ length: outputs }, (_, at) => {
    const turns = conversations?.[at]?.turns ?? prompt?.turns ?? [];
    return turns.map(({ role, content }) => ({ role, text: content }));
  });
}
