// The messages of a request in Anthropic's format into turns, block by block. Tool results, which stand in user messages
// there, become turns of their own; neighbouring texts become one, so that a word split over two blocks is one word.
import { z } from "zod";
import { given, idPattern, invalidField, isBase64 } from "../admitting.ts";
import { sealPattern } from "../answer.ts";
import type { ImagePart, Part, TextPart, ToolResultPart, Turn } from "../call.ts";

const blocksMax = 1_024;

/** Admitted and not sent on: the server's prompt cache is not used. */
export const CacheMarker = z.looseObject({}).nullish();

export const toolName = z.string().regex(/^[A-Za-z0-9_-]{1,128}$/, "is not a name: letters, digits, _ and - only");
const id = z.string().regex(idPattern, "is not an id: letters, digits and _ . : - only");
const seal = z.string().regex(sealPattern, "is not what a model server gave: base64 only");

/** Slots of features that are not used: clients echo the answers that they were given. */
const noCitations = z.array(z.unknown()).max(0, "is not admitted: nothing here cites").nullish();

const Text = z.strictObject({
  type: z.literal("text"),
  text: z.string(),
  cache_control: CacheMarker,
  citations: noCitations,
});
const Image = z.strictObject({
  type: z.literal("image"),
  source: z.discriminatedUnion("type", [
    z.strictObject({
      type: z.literal("base64"),
      media_type: z.enum(["image/png", "image/jpeg", "image/gif", "image/webp"]),
      data: z.string().min(1).refine(isBase64, "is not standard base64"),
    }),
  ]),
  cache_control: CacheMarker,
  transformations: z.null().optional(),
});
const ToolResult = z.strictObject({
  type: z.literal("tool_result"),
  tool_use_id: id,
  content: blocksOf(z.discriminatedUnion("type", [Text, Image])).nullish(),
  is_error: z.boolean().nullish(),
  cache_control: CacheMarker,
  toolset_name: z.null().optional(),
});
const Thinking = z.strictObject({ type: z.literal("thinking"), thinking: z.string(), signature: seal });
const RedactedThinking = z.strictObject({ type: z.literal("redacted_thinking"), data: seal });
const ToolUse = z.strictObject({
  type: z.literal("tool_use"),
  id,
  name: toolName,
  input: z.record(z.string(), z.unknown()),
  cache_control: CacheMarker,
  caller: z.strictObject({ type: z.literal("direct") }).nullish(),
  toolset_name: z.null().optional(),
});

/** A text alone is short for one text block. */
function blocksOf<B extends z.ZodType>(block: B): z.ZodPreprocess<z.ZodArray<B>> {
  return z.preprocess(
    (content) => (typeof content === "string" ? [{ type: "text", text: content }] : content),
    z.array(block).max(blocksMax),
  );
}

/** The `system` field: texts, joined. */
export const SystemContent = blocksOf(Text).transform((blocks) => joined(blocks));

export const Message = z.discriminatedUnion(
  "role",
  [
    z.strictObject({
      role: z.literal("user"),
      content: blocksOf(z.discriminatedUnion("type", [Text, Image, ToolResult])),
    }),
    z.strictObject({
      role: z.literal("assistant"),
      content: blocksOf(z.discriminatedUnion("type", [Text, Thinking, RedactedThinking, ToolUse])),
    }),
    z.strictObject({ role: z.literal("system"), content: blocksOf(Text) }),
  ],
  { error: "has a role that is not admitted; admitted: user, assistant, system" },
);
type Message = z.infer<typeof Message>;
type Block = Message["content"][number];

const elsewhere = "it carries something that the safeguards cannot read, or that can change after it was checked";
const atServer = "it belongs to a tool that runs at the model server, where the safeguards cannot see it";

/** Types of blocks and sources with a known meaning that is not served, and why. */
export const unsupportedTypes: Readonly<Record<string, string>> = {
  url: elsewhere,
  file: elsewhere,
  document: elsewhere,
  search_result: elsewhere,
  container_upload: elsewhere,
  tool_reference: elsewhere,
  browser_state: elsewhere,
  compaction: elsewhere,
  server_tool_use: atServer,
  mcp_tool_use: atServer,
  mcp_tool_result: atServer,
  web_search_tool_result: atServer,
  web_fetch_tool_result: atServer,
  code_execution_tool_result: atServer,
  bash_code_execution_tool_result: atServer,
  text_editor_code_execution_tool_result: atServer,
  tool_search_tool_result: atServer,
  code_execution_20250825: atServer,
  code_execution_20260120: atServer,
};

/** The turns of one message: its tool results, then the rest. */
export function turnsOf({ role, content }: Message, index: number): readonly Turn[] {
  const blocks: readonly Block[] = content;
  const results = blocks.filter((block) => block.type === "tool_result");
  const rest = blocks.filter((block) => block.type !== "tool_result");
  if (blocks.slice(0, results.length).some((block) => block.type !== "tool_result")) {
    throw invalidField(`messages.${index}.content`, "Tool results come first in a message, then everything else.");
  }
  const parts = partsOf(rest);
  if (results.length + parts.length === 0) {
    throw invalidField(
      `messages.${index}.content`,
      `The field \`messages.${index}.content\` is empty: leave the message out.`,
    );
  }
  return [
    ...(results.length === 0 ? [] : [{ role: "tool", parts: results.map(resultOf) } as const]),
    ...(parts.length === 0 ? [] : [{ role, parts } as const]),
  ];
}

type Rest = Exclude<Block, { type: "tool_result" }>;

function partsOf(blocks: readonly Rest[]): readonly Part[] {
  const parts: Part[] = [];
  for (const block of blocks) {
    const before = parts.at(-1);
    if (block.type !== "text") parts.push(partOf(block));
    else if (block.text === "") continue;
    else if (before?.kind === "text") parts[parts.length - 1] = { kind: "text", text: `${before.text}\n${block.text}` };
    else parts.push({ kind: "text", text: block.text });
  }
  return parts;
}

function partOf(block: Exclude<Rest, { type: "text" }>): Part {
  switch (block.type) {
    case "image":
      return imageOf(block);
    case "thinking":
      return {
        kind: "reasoning",
        text: block.thinking,
        ...given("seal", block.signature === "" ? undefined : block.signature),
      };
    case "redacted_thinking":
      return { kind: "sealed", data: block.data };
    case "tool_use":
      return { kind: "tool-call", id: block.id, name: block.name, arguments: JSON.stringify(block.input) };
  }
}

function imageOf({ source }: z.infer<typeof Image>): ImagePart {
  return { kind: "image", mediaType: source.media_type, data: source.data };
}

function resultOf(block: z.infer<typeof ToolResult>): ToolResultPart {
  const parts: (TextPart | ImagePart)[] = [];
  for (const part of partsOf(block.content ?? [])) {
    if (part.kind === "text" || part.kind === "image") parts.push(part);
  }
  return { kind: "tool-result", id: block.tool_use_id, parts, isError: block.is_error ?? false };
}

function joined(blocks: readonly z.infer<typeof Text>[]): string {
  return blocks
    .map(({ text }) => text)
    .filter((text) => text !== "")
    .join("\n");
}
