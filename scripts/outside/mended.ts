// A mock that knows a specification only by its types answers what no server would: one choice with the number 76, a
// finished answer that is still in progress. What the types do not say is put right here, before anybody reads it.
import { z } from "zod";

const Chat = z.looseObject({ choices: z.array(z.looseObject({})) });
const Embeddings = z.looseObject({ data: z.array(z.looseObject({})) });
const EmbeddingsAsked = z.object({ input: z.union([z.string(), z.array(z.unknown())]) });
const Responses = z.looseObject({ output: z.array(z.unknown()) });

/** The answer to what was sent to an address; streams and other addresses' answers as they are. */
export function mended(at: string, sent: string, answer: string): string {
  if (!answer.startsWith("{")) return answer;
  switch (at) {
    case "POST /chat/completions": {
      const { choices, ...rest } = Chat.parse(JSON.parse(answer));
      return JSON.stringify({ ...rest, choices: choices.map((choice, index) => ({ ...choice, index })) });
    }
    case "POST /embeddings": {
      const { data, ...rest } = Embeddings.parse(JSON.parse(answer));
      const { input } = EmbeddingsAsked.parse(JSON.parse(sent));
      const texts = typeof input === "string" ? [input] : input;
      return JSON.stringify({ ...rest, data: texts.map((_, index) => ({ ...data[0], index })) });
    }
    case "POST /responses": {
      const ended = { status: "completed", error: null, incomplete_details: null };
      return JSON.stringify({ ...Responses.parse(JSON.parse(answer)), ...ended });
    }
    default:
      return answer;
  }
}
