// A whole answer as a Response object, and errors as OpenAI's clients know them. Neighbouring texts and refusals of one phase are
// parts of one message; a tool call and a thought are items of their own.
import type { Block, Phase, Usage, WholeAnswer } from "../answer.ts";
import { given } from "../admitting.ts";
import type { Call } from "../call.ts";
import type { AnswerContext, ErrorSaid } from "../format.ts";
import { endState, idTail, responseObject } from "./response-object.ts";

export function writeWhole(answer: WholeAnswer & { readonly usage: Usage }, context: AnswerContext): object {
  const [choice] = answer.choices;
  const ending = choice?.ending ?? ({ finish: "refusal" } as const);
  const output = itemsOf(choice?.blocks ?? [], context);
  return responseObject(context, { ...endState(ending), output, usage: answer.usage, error: null });
}

export function writeError(said: ErrorSaid): object {
  const { message, type, code, reason, field, id, contact } = said;
  return { error: { message, type, param: field, code, reason, id, contact } };
}

function itemsOf(blocks: readonly Block[], context: AnswerContext): readonly object[] {
  const items: object[] = [];
  let content: object[] = [];
  let phase: Phase | undefined;
  const endMessage = (): void => {
    const id = itemId("message", items.length, context);
    if (content.length > 0) items.push(messageItem({ id, content, status: "completed", phase }));
    content = [];
  };
  for (const block of blocks) {
    if (block.kind === "text" || block.kind === "refusal") {
      const its = block.kind === "text" ? block.phase : undefined;
      if (its !== phase) endMessage();
      phase = its;
      content.push(contentPart(block.kind, block.text));
      continue;
    }
    endMessage();
    items.push(itemOf(block, items.length, context));
  }
  endMessage();
  return items;
}

function itemOf(block: Exclude<Block, { kind: "text" | "refusal" }>, index: number, context: AnswerContext): object {
  switch (block.kind) {
    case "tool": {
      const id = itemId("tool", index, context);
      return toolItem(
        { id, callId: block.id, name: block.name, arguments: block.arguments || "{}", status: "completed" },
        context.call,
      );
    }
    case "reasoning":
      return reasoningItem(itemId("reasoning", index, context), block.text, block.seal);
    case "sealed":
      return reasoningItem(itemId("reasoning", index, context), "", block.data);
  }
}

export type ItemKind = "message" | "tool" | "reasoning";

const idPrefix = { message: "msg", tool: "fc", reasoning: "rs" } as const satisfies Record<ItemKind, string>;

/** The id of the n-th item of an answer. */
export function itemId(kind: ItemKind, index: number, context: AnswerContext): string {
  return `${idPrefix[kind]}_${idTail(context)}_${index}`;
}

export function contentPart(kind: "text" | "refusal", text: string): object {
  return kind === "text"
    ? { type: "output_text", annotations: [], logprobs: [], text }
    : { type: "refusal", refusal: text };
}

type ItemStatus = "in_progress" | "completed" | "incomplete";

interface MessageItem {
  readonly id: string;
  readonly content: readonly object[];
  readonly status: ItemStatus;
  /** Of all its texts. */
  readonly phase: Phase | undefined;
}

export function messageItem({ id, content, status, phase }: MessageItem): object {
  return { id, type: "message", status, role: "assistant", content, ...given("phase", phase) };
}

export interface ToolItem {
  readonly id: string;
  readonly callId: string;
  /** As the call knows the tool; a group's tool is written under its own name, with the group beside it. */
  readonly name: string;
  readonly arguments: string;
  readonly status: ItemStatus;
}

export function toolItem(item: ToolItem, { tools }: Call): object {
  const group = tools.find((tool) => tool.name === item.name)?.group;
  return {
    id: item.id,
    type: "function_call",
    status: item.status,
    arguments: item.arguments,
    call_id: item.callId,
    name: group?.member ?? item.name,
    ...given("namespace", group?.name),
  };
}

/** Thoughts are always written as a summary: clients show it, and give it back with the seal. */
export function reasoningItem(id: string, text: string, seal: string | undefined): object {
  return {
    id,
    type: "reasoning",
    summary: text === "" ? [] : [{ type: "summary_text", text }],
    ...given("encrypted_content", seal),
  };
}
