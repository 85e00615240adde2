// The text that a chat server answered with, if it is whole: one choice, ended by itself, nothing but text.
import { z } from "zod";

const Tokens = z.number().int().min(0).max(1_000_000_000);

const ChatAnswer = z.looseObject({
  choices: z
    .array(
      z.looseObject({
        finish_reason: z.literal("stop"),
        message: z.looseObject({
          content: z.string(),
          refusal: z.null().optional(),
          tool_calls: z.array(z.unknown()).max(0).nullish(),
        }),
      }),
    )
    .length(1),
  usage: z.looseObject({ prompt_tokens: Tokens, completion_tokens: Tokens }).optional().catch(undefined),
});

export interface ChatText {
  readonly text: string;
  readonly tokens: number | undefined;
}

/** Of OpenAI's chat completions; undefined for an answer that was cut, filtered, refused or is something else. */
export function chatText(answer: unknown): ChatText | undefined {
  const read = ChatAnswer.safeParse(answer).data;
  const text = read?.choices[0]?.message.content;
  if (read === undefined || text === undefined) return undefined;
  const { usage } = read;
  return { text, tokens: usage === undefined ? undefined : usage.prompt_tokens + usage.completion_tokens };
}

const MessagesAnswer = z.looseObject({
  stop_reason: z.literal("end_turn"),
  content: z.array(z.looseObject({ type: z.string(), text: z.string().optional() })),
  usage: z.looseObject({ input_tokens: Tokens, output_tokens: Tokens }).optional().catch(undefined),
});

/** Of Anthropic's messages: one text, beside which there may be thoughts. */
export function messagesText(answer: unknown): ChatText | undefined {
  const read = MessagesAnswer.safeParse(answer).data;
  if (read === undefined) return undefined;
  const said = read.content.filter(({ type }) => type !== "thinking" && type !== "redacted_thinking");
  const [only] = said;
  if (said.length !== 1 || only?.type !== "text" || only.text === undefined) return undefined;
  const { usage } = read;
  return { text: only.text, tokens: usage === undefined ? undefined : usage.input_tokens + usage.output_tokens };
}
