// A whole answer of a server that speaks Responses. Only messages, reasoning and function calls can come, since nothing else
// was offered to it; anything else, an unknown state or an unknown reason is no answer. Fields nobody knows are left behind.
import { z } from "zod";
import { type Block, type Ending, type Usage, type WholeAnswer, sealPattern } from "../answer.ts";
import { given } from "../admitting.ts";
import { groupedName } from "../call.ts";
import { failedAnswer, garbage, parseJsonOrUndefined } from "../reading.ts";

const Count = z.number().int().min(0);
export const UsageShape = z
  .object({
    input_tokens: Count,
    output_tokens: Count,
    input_tokens_details: z.object({ cached_tokens: Count.nullish(), cache_write_tokens: Count.nullish() }).nullish(),
    output_tokens_details: z.object({ reasoning_tokens: Count.nullish() }).nullish(),
  })
  .nullish();

const OutputText = z.object({ type: z.literal("output_text"), text: z.string() });
const RefusalPart = z.object({ type: z.literal("refusal"), refusal: z.string() });
const ContentPart = z.discriminatedUnion("type", [OutputText, RefusalPart]);

export const PhaseShape = z.enum(["commentary", "final_answer"]).nullish().catch(undefined);
const Message = z.object({
  type: z.literal("message"),
  role: z.literal("assistant"),
  content: z.array(ContentPart),
  phase: PhaseShape,
});
export const FunctionCall = z.object({
  type: z.literal("function_call"),
  call_id: z.string().min(1),
  name: z.string().min(1),
  namespace: z.string().min(1).nullish(),
  arguments: z.string(),
});
const Text = z.object({ text: z.string() });
export const ReasoningItem = z.object({
  type: z.literal("reasoning"),
  summary: z.array(Text).nullish(),
  content: z.array(Text).nullish(),
  encrypted_content: z.string().regex(sealPattern).nullish(),
});
const Item = z.discriminatedUnion("type", [Message, FunctionCall, ReasoningItem]);
type Item = z.infer<typeof Item>;

/** What ends an answer, whole or streamed. */
export const EndShape = z.object({
  status: z.string().nullish(),
  incomplete_details: z.object({ reason: z.string().nullish() }).nullish(),
  usage: UsageShape,
});

const Whole = EndShape.extend({ output: z.array(z.unknown()) });

/** Throws `upstream_failed`: garbage, or error_frame for an error in place of an answer. */
export function readWhole(text: string): WholeAnswer {
  const value = parseJsonOrUndefined(text);
  const parsed = Whole.safeParse(value);
  if (!parsed.success) throw isError(value) ? reportedError() : garbage("no Response object");
  const { output, status, usage } = parsed.data;
  if (status === "failed") throw reportedError();
  const items = output.map(readItem);
  const ending = endingOf(parsed.data, { isWhole: status === "completed", hasCalls: items.some(isCall) });
  return { choices: [{ index: 0, blocks: items.flatMap(blocksOf), ending }], usage: usageOf(usage) };
}

function readItem(value: unknown): Item {
  const item = Item.safeParse(value);
  if (!item.success) throw garbage("an item of a kind or shape that was not asked for");
  return item.data;
}

function isCall({ type }: Item): boolean {
  return type === "function_call";
}

function blocksOf(item: Item): readonly Block[] {
  switch (item.type) {
    case "message":
      return item.content.map((part) =>
        part.type === "refusal"
          ? { kind: "refusal", text: part.refusal }
          : { kind: "text", text: part.text, ...given("phase", item.phase) },
      );
    case "function_call": {
      const name = groupedName(item.namespace ?? undefined, item.name);
      return [{ kind: "tool", id: item.call_id, name, arguments: item.arguments }];
    }
    case "reasoning":
      return reasoningBlocks(item);
  }
}

/** Between parts of a summary, which are paragraphs with titles of their own. */
export const reasoningBreak = "\n\n";

function reasoningBlocks({
  summary,
  content,
  encrypted_content: seal,
}: z.infer<typeof ReasoningItem>): readonly Block[] {
  const text = [...(summary ?? []), ...(content ?? [])].map((part) => part.text).join(reasoningBreak);
  if (text !== "") return [{ kind: "reasoning", text, ...given("seal", seal) }];
  return typeof seal === "string" && seal !== "" ? [{ kind: "sealed", data: seal }] : [];
}

interface EndKnown {
  readonly isWhole: boolean;
  readonly hasCalls: boolean;
}

/** How an answer ended. A state or reason that is not known never counts as an end. */
export function endingOf(end: z.infer<typeof EndShape>, { isWhole, hasCalls }: EndKnown): Ending {
  if (isWhole) return { finish: hasCalls ? "tool" : "stop" };
  if (end.status !== "incomplete") throw garbage("an answer that is neither complete nor incomplete");
  const reason = end.incomplete_details?.reason;
  if (reason === "max_output_tokens") return { finish: "length" };
  if (reason === "content_filter") return { finish: "refusal" };
  throw garbage("an unknown reason for an incomplete answer");
}

export function usageOf(usage: z.infer<typeof UsageShape>): Usage | undefined {
  if (usage === null || usage === undefined) return undefined;
  return {
    input: usage.input_tokens,
    output: usage.output_tokens,
    ...given("cachedInput", usage.input_tokens_details?.cached_tokens),
    ...given("cacheWritten", usage.input_tokens_details?.cache_write_tokens),
    ...given("reasoning", usage.output_tokens_details?.reasoning_tokens),
  };
}

export function reportedError(): Error {
  return failedAnswer("The upstream reported an error instead of an answer.", "error_frame");
}

function isError(value: unknown): boolean {
  return typeof value === "object" && value !== null && "error" in value && value.error !== null;
}
