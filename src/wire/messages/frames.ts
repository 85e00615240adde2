// The objects of Anthropic's answers, as a server sends them: blocks and counts, read field by field from JSON that may be
// anything. Fields that are not read here do not pass; a block of another type is a failure, for no safeguard reads it.
import { garbage } from "../reading.ts";
import { type Block, type Usage, sealPattern } from "../answer.ts";

export type Frame = Readonly<Record<string, unknown>>;

const nameCharsMax = 256;
const tokensMax = 1_000_000_000;

export function isFrame(value: unknown): value is Frame {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The object in a field; throws `garbage` where there is none. */
export function frameIn(frame: Frame, field: string): Frame {
  const value = frame[field];
  if (isFrame(value)) return value;
  throw garbage(`\`${field}\` is no object`);
}

export function textIn(frame: Frame, field: string): string {
  const value = frame[field];
  if (typeof value === "string") return value;
  throw garbage(`\`${field}\` is no text`);
}

/** A text that may be missing or null. */
export function textOrNull(frame: Frame, field: string): string | null {
  return frame[field] === undefined || frame[field] === null ? null : textIn(frame, field);
}

/** Blocks that this format has. */
export type ServedBlock = Exclude<Block, { readonly kind: "refusal" }>;

/** A content block, whole or as a stream starts it. Arguments of a tool that has none yet are "". */
export function blockOf(frame: Frame): ServedBlock {
  switch (frame["type"]) {
    case "text":
      return { kind: "text", text: textIn(frame, "text") };
    case "thinking": {
      const seal = sealOf(textOrNull(frame, "signature") ?? "");
      return { kind: "reasoning", text: textIn(frame, "thinking"), ...(seal === "" ? {} : { seal }) };
    }
    case "redacted_thinking":
      return { kind: "sealed", data: sealOf(textIn(frame, "data")) };
    case "tool_use":
      return {
        kind: "tool",
        id: shortIn(frame, "id"),
        name: shortIn(frame, "name"),
        arguments: argumentsOf(frame["input"] === undefined ? {} : frameIn(frame, "input")),
      };
    default:
      throw garbage("a block of a type that is not served here");
  }
}

function argumentsOf(input: Frame): string {
  return Object.keys(input).length === 0 ? "" : JSON.stringify(input);
}

function shortIn(frame: Frame, field: string): string {
  const text = textIn(frame, field);
  if (text.length <= nameCharsMax) return text;
  throw garbage(`\`${field}\` is longer than ${nameCharsMax} characters`);
}

/** A signature or ciphertext; throws where it could be anything else. */
export function sealOf(text: string): string {
  if (sealPattern.test(text)) return text;
  throw garbage("a signature that is none");
}

/** What was counted so far, as the API counts it: input without what was read from or written to a cache. */
interface Counts {
  readonly input?: number;
  readonly cacheRead?: number;
  readonly cacheWritten?: number;
  readonly output?: number;
  readonly thinking?: number;
}

/** Reads the counts of an answer; later ones replace earlier ones, field by field, and what is no count is not read. */
export class UsageCounter {
  #counts: Counts = {};

  take(usage: unknown): void {
    if (!isFrame(usage)) return;
    const details = usage["output_tokens_details"];
    this.#counts = {
      ...this.#counts,
      ...counted("input", usage["input_tokens"]),
      ...counted("cacheRead", usage["cache_read_input_tokens"]),
      ...counted("cacheWritten", usage["cache_creation_input_tokens"]),
      ...counted("output", usage["output_tokens"]),
      ...counted("thinking", isFrame(details) ? details["thinking_tokens"] : undefined),
    };
  }

  usage(): Usage | undefined {
    const { input, cacheRead, cacheWritten, output, thinking } = this.#counts;
    if (input === undefined || output === undefined) return undefined;
    return {
      input: input + (cacheRead ?? 0) + (cacheWritten ?? 0),
      output,
      ...(cacheRead === undefined ? {} : { cachedInput: cacheRead }),
      ...(cacheWritten === undefined ? {} : { cacheWritten }),
      ...(thinking === undefined ? {} : { reasoning: thinking }),
    };
  }
}

function counted<F extends keyof Counts>(field: F, value: unknown): { readonly [K in F]?: number } {
  const one: { [K in F]?: number } = {};
  if (typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= tokensMax) one[field] = value;
  return one;
}
