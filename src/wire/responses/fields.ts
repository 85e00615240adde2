// The fields of a Responses request: what is admitted, what says that a feature is not used, and what goes round the
// safeguards. Apart from the parser because this is what docs/connect.md tells callers. Source: OpenAI API reference,
// Responses, and the request that Codex sends.
import type { z } from "zod";
import { admittedPart, because, invalidField, roundaboutsAnywhere, shownField, unusedAtOpenAi } from "../admitting.ts";
import type { CallField } from "../call.ts";

/** What callers of this format call the parts of a call. */
export const responsesFields = {
  model: "model",
  instructions: "instructions",
  turns: "input",
  tools: "tools",
  toolChoice: "tool_choice",
  parallelToolCalls: "parallel_tool_calls",
  output: "text.format",
  outputTokensMax: "max_output_tokens",
  temperature: "temperature",
  topP: "top_p",
  topK: "top_k",
  presencePenalty: "presence_penalty",
  frequencyPenalty: "frequency_penalty",
  seed: "seed",
  choices: "n",
  stop: "stop",
  reasoning: "reasoning",
  verbosity: "text.verbosity",
  images: "input",
  user: "safety_identifier",
} as const satisfies Record<CallField, string>;

const admitted: readonly string[] = [
  "model",
  "input",
  "instructions",
  "tools",
  "tool_choice",
  "parallel_tool_calls",
  "max_output_tokens",
  "temperature",
  "top_p",
  "reasoning",
  "text",
  "include",
  "stream",
  "stream_options",
  "safety_identifier",
  "user",
];

/** Fields that are read and not sent on: what they steer is off here, or is nobody's business but the caller's. */
const readOver: ReadonlySet<string> = new Set([
  "prompt_cache_key",
  "prompt_cache_retention",
  "prompt_cache_options",
  "client_metadata",
]);

const unused = { ...unusedAtOpenAi, truncation: (value: unknown) => value === "disabled" };

/** Fields with a known meaning that goes round what is checked here, and in what way. */
const roundabouts: Readonly<Record<string, string>> = {
  ...because("it keeps or continues a conversation where the safeguards cannot see it", ["metadata", "prompt"]),
  ...because("it changes the conversation after it was checked", ["truncation", "context_management"]),
  ...because("it carries something other than text", ["image", "modalities", "audio"]),
  ...because("it chooses another class of service or check", ["service_tier", "moderation", "access_programs"]),
  ...because("only tools that run at the model server are counted by it", ["max_tool_calls"]),
  ...roundaboutsAnywhere,
};

/** The admitted fields of a body. Throws for one that is neither admitted, read over, nor said to be unused. */
export function admittedFields(body: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const entries = Object.entries(body);
  const left = entries.filter(([field]) => !readOver.has(field));
  const table = { admitted, roundabouts, unused };
  return admittedPart(left.length === entries.length ? body : Object.fromEntries(left), table);
}

/** Parses by a shape; what does not fit is named by its path, with nothing of what the caller wrote in it. */
export function expectShape<T>(shape: z.ZodType<T>, value: unknown, at: string): T {
  const parsed = shape.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  if (issue === undefined) throw invalidField(at, `The field \`${at}\` is not valid.`);
  if (issue.code === "unrecognized_keys") {
    const path = joined(at, [...issue.path, shownField(issue.keys[0] ?? "")]);
    throw invalidField(path, `The field \`${path}\` is not admitted.`);
  }
  const path = joined(at, issue.path);
  throw invalidField(path, `The field \`${path}\` is not valid: ${issue.message}.`);
}

function joined(at: string, path: readonly PropertyKey[]): string {
  return [at, ...path.map(String)].filter((part) => part !== "").join(".");
}
