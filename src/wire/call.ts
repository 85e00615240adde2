// A call to a model in no maker's words: what every caller's format is parsed into, and every server's dialect is rendered
// from. One form in the middle, so that safeguards, envelope, quota and receipts read one thing and n formats need n
// parsers instead of n × n. Made by a format's `parseCall` only; what was checked in it is what is sent.
import type { Name } from "../terms/ids.ts";
import { type Provenance, type RequestText, textsAlone } from "../terms/provenance.ts";
import type { Phase } from "./answer.ts";
import { wordsOfJson } from "./json-words.ts";

export interface TextPart {
  readonly kind: "text";
  readonly text: string;
  /** Of a model's own words, given back. */
  readonly phase?: Phase;
}

/** Pictures are admitted only where the model's envelope says so; no safeguard reads them. */
export interface ImagePart {
  readonly kind: "image";
  readonly mediaType: "image/png" | "image/jpeg" | "image/gif" | "image/webp";
  /** Standard base64. Addresses are not admitted: what lies behind one changes after it was checked. */
  readonly data: string;
  readonly detail?: "auto" | "low" | "high";
}

export interface ToolCallPart {
  readonly kind: "tool-call";
  readonly id: string;
  readonly name: string;
  /** JSON text, as the model wrote it. */
  readonly arguments: string;
}

export interface ToolResultPart {
  readonly kind: "tool-result";
  readonly id: string;
  readonly parts: readonly (TextPart | ImagePart)[];
  readonly isError: boolean;
}

/** What a model thought, given back by the caller. `seal` is the maker's own signature or ciphertext: no text. */
interface ReasoningPart {
  readonly kind: "reasoning";
  readonly text: string;
  readonly seal?: string;
}

/** Reasoning that its maker sealed whole (redacted thinking, encrypted reasoning), given back: ciphertext, no text. */
interface SealedPart {
  readonly kind: "sealed";
  readonly data: string;
}

interface RefusalPart {
  readonly kind: "refusal";
  readonly text: string;
}

export type Part = TextPart | ImagePart | ToolCallPart | ToolResultPart | ReasoningPart | SealedPart | RefusalPart;

/**
 * Neighbouring text parts of a turn (of one phase, where they have any) are joined by a line feed when it is parsed, so that
 * a word split over two parts is one word for the safeguards and for the model. Tool results stand in turns of the role `tool`.
 */
export interface Turn {
  readonly role: "system" | "developer" | "user" | "assistant" | "tool";
  readonly name?: string;
  readonly parts: readonly Part[];
}

export interface Tool {
  readonly name: string;
  readonly description?: string;
  /** JSON Schema of the arguments. */
  readonly schema?: Readonly<Record<string, unknown>>;
  readonly strict?: boolean;
  /** Responses groups tools (`namespace`); `name` is then made of the group's and the tool's own. */
  readonly group?: { readonly name: string; readonly description?: string; readonly member: string };
}

/** The one name under which a tool of a group is known to formats that have no groups. */
export function groupedName(group: string | undefined, member: string): string {
  return group === undefined ? member : `${group}__${member}`;
}

export type ToolChoice =
  | { readonly kind: "none" | "auto" | "required" }
  | { readonly kind: "tool"; readonly name: string };

export type OutputFormat =
  | { readonly kind: "text" }
  | { readonly kind: "json" }
  | {
      readonly kind: "json-schema";
      readonly name: string;
      readonly description?: string;
      readonly schema?: Readonly<Record<string, unknown>>;
      readonly strict?: boolean;
    };

export interface Sampling {
  readonly temperature?: number;
  readonly topP?: number;
  readonly topK?: number;
  readonly presencePenalty?: number;
  readonly frequencyPenalty?: number;
  readonly seed?: number;
}

export interface Reasoning {
  readonly effort?: "none" | "minimal" | "low" | "medium" | "high" | "xhigh" | "max";
  /**
   * Anthropic's `thinking.type`; `unsaid` where its caller asked for an effort and said nothing of thinking. Formats that
   * have no such switch leave it out: there an effort above `none` asks for reasoning.
   */
  readonly mode?: "enabled" | "disabled" | "adaptive" | "between-tools" | "unsaid";
  /** Tokens the model may think for; Anthropic's `budget_tokens`. */
  readonly tokensMax?: number;
  /** `none`: the caller wants none shown (Anthropic's `display: omitted`). */
  readonly summary?: "auto" | "concise" | "detailed" | "none";
}

export interface Call {
  /** The public name the caller asked for. */
  readonly model: Name;
  /** The Model document's own system prompt: first of all, and not the caller's text. Set by the envelope. */
  readonly preamble: string;
  /** What formats with a place of its own for it call `system` or `instructions`; "" where there is none. */
  readonly instructions: string;
  readonly turns: readonly Turn[];
  readonly tools: readonly Tool[];
  readonly toolChoice?: ToolChoice;
  readonly parallelToolCalls?: boolean;
  readonly output?: OutputFormat;
  /** As the caller said; the envelope puts the document's limit where the caller set none. Tokens of one choice. */
  readonly outputTokensMax?: number;
  /** Chat completions has two spellings of that limit, and servers that know only one. */
  readonly outputLimitField?: "max_tokens" | "max_completion_tokens";
  readonly sampling: Sampling;
  readonly choices: number;
  readonly stop: readonly string[];
  readonly stream: boolean;
  /** Chat completions gives usage in a stream only to who asks for it. */
  readonly isUsageAsked: boolean;
  readonly reasoning?: Reasoning;
  readonly verbosity?: "low" | "medium" | "high";
  /** An opaque id of the caller's own user. */
  readonly user?: string;
  /** Asks for the vectors of the turns' texts in place of an answer to them: one turn, one vector. */
  readonly embedding?: Embedding;
}

interface Embedding {
  readonly encoding: "float" | "base64";
  readonly dimensions?: number;
}

/** Fields of a call that an envelope or a dialect can refuse; each format names its own field for them. */
export type CallField =
  | "model"
  | "instructions"
  | "turns"
  | "tools"
  | "toolChoice"
  | "parallelToolCalls"
  | "output"
  | "outputTokensMax"
  | "temperature"
  | "topP"
  | "topK"
  | "presencePenalty"
  | "frequencyPenalty"
  | "seed"
  | "choices"
  | "stop"
  | "reasoning"
  | "verbosity"
  | "images"
  | "user";

/** What is left of a call to read its answer by. */
export function withoutPrompt(call: Call): Call {
  return { ...call, turns: [] };
}

/**
 * Every text of the caller's that reaches the model, joined nowhere, with who wrote it: turns, instructions, tools with their schemas,
 * output schemas, stop texts, names, and ids that have words in them. What is JSON is read as the words in it. Empty ones are left out.
 */
export function requestTexts(call: Call): readonly RequestText[] {
  const { instructions, turns, tools, output, stop, user } = call;
  const texts: RequestText[] = [];
  const addAs =
    (provenance: Provenance) =>
    (text: string): void => {
      if (text !== "") texts.push({ text, provenance });
    };
  const add = addAs("instructions");
  add(instructions);
  for (const { role, name = "", parts } of turns) {
    const addOfTurn = addAs(provenanceOf[role]);
    addOfTurn(name);
    for (const part of parts) partTexts(part).forEach(part.kind === "tool-result" ? addAs("data") : addOfTurn);
  }
  for (const tool of tools) toolTexts(tool).forEach(add);
  if (output?.kind === "json-schema") schemaTexts(output).forEach(add);
  stop.forEach(add);
  add(user ?? "");
  return texts;
}

/** The texts of `requestTexts`, whoever wrote them. */
export function callTexts(call: Call): readonly string[] {
  return textsAlone(requestTexts(call));
}

const provenanceOf = {
  system: "instructions",
  developer: "instructions",
  user: "user",
  assistant: "model",
  tool: "data",
} as const satisfies Record<Turn["role"], Provenance>;

function toolTexts(tool: Tool): readonly string[] {
  return [...schemaTexts(tool), tool.group?.description ?? ""];
}

type Described = Pick<Tool, "name" | "description" | "schema">;

function schemaTexts({ name, description = "", schema }: Described): readonly string[] {
  return [description, schema === undefined ? name : `${name}\n${wordsOfJson(JSON.stringify(schema))}`];
}

function partTexts(part: Part): readonly string[] {
  switch (part.kind) {
    case "text":
    case "refusal":
    case "reasoning":
      return [part.text];
    case "tool-call":
      return [part.name, wordsOfJson(part.arguments), wordsOfId(part.id)];
    case "tool-result":
      return [...part.parts.flatMap(partTexts), wordsOfId(part.id)];
    case "image":
    case "sealed":
      return [];
  }
}

/** Words that make an id one that says something; ids that servers make up have fewer. */
const idWordsMin = 4;

/** The id as a text, where it is one: `how-to-make-…` fits into an id as well. */
function wordsOfId(id: string): string {
  const pieces = id.split(/[_.:-]+/);
  const words = pieces.filter((piece) => /^[A-Za-z]{2,}$/.test(piece));
  return words.length < idWordsMin ? "" : pieces.join(" ");
}
