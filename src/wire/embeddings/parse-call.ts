// A caller's request for embeddings → Call: each text a turn of its own, read by the same safeguards as any other. Texts
// already cut into tokens are numbers to the safeguards, so they are not admitted. Source: OpenAI API reference, Embeddings.
import { z } from "zod";
import { Failure } from "../../terms/failure.ts";
import { Name } from "../../terms/ids.ts";
import { admittedPart, because, given, invalidField, unsupportedField } from "../admitting.ts";
import type { Call, CallField, Turn } from "../call.ts";

/** Callers of this format know few of a call's fields; the others keep the names they have elsewhere. */
export const embeddingsFields = {
  model: "model",
  instructions: "instructions",
  turns: "input",
  tools: "tools",
  toolChoice: "tool_choice",
  parallelToolCalls: "parallel_tool_calls",
  output: "encoding_format",
  outputTokensMax: "max_tokens",
  temperature: "temperature",
  topP: "top_p",
  topK: "top_k",
  presencePenalty: "presence_penalty",
  frequencyPenalty: "frequency_penalty",
  seed: "seed",
  choices: "n",
  stop: "stop",
  reasoning: "reasoning",
  verbosity: "verbosity",
  images: "input",
  user: "user",
} as const satisfies Record<CallField, string>;

const admitted = ["model", "input", "encoding_format", "dimensions", "user"];
const roundabouts = because("it chooses another model, route or template", [
  "models",
  "provider",
  "extra_body",
  "chat_template",
  "chat_template_kwargs",
  "messages",
]);

/** Texts of one request, as the format has it; a model's envelope has its own, smaller number. */
const textsMax = 2_048;
export const dimensionsMax = 16_384;

const texts = z.union([z.string().min(1), z.array(z.string().min(1)).min(1).max(textsMax)]);
const shapes = {
  model: z.string().max(256),
  encoding_format: z.enum(["float", "base64"]).nullish(),
  dimensions: z.number().int().min(1).max(dimensionsMax).nullish(),
  user: z.string().max(512).nullish(),
} as const;
const Body = z.looseObject(shapes);

/** Throws `request_invalid`, `feature_unsupported` or `model_unknown`. */
export function parseCall(raw: Readonly<Record<string, unknown>>): Call {
  const known = admittedPart(raw, { admitted, roundabouts });
  const body = Body.safeParse(known);
  if (!body.success) {
    const field = String(body.error.issues[0]?.path[0] ?? "");
    throw invalidField(field, `The field \`${field}\` is not valid: ${body.error.issues[0]?.message ?? ""}.`);
  }
  const { model, encoding_format: encoding, dimensions, user } = body.data;
  const name = Name.safeParse(model);
  if (!name.success) throw new Failure("model_unknown", "");
  return {
    model: name.data,
    preamble: "",
    instructions: "",
    turns: textsOf(known["input"]).map((text): Turn => ({ role: "user", parts: [{ kind: "text", text }] })),
    tools: [],
    sampling: {},
    choices: 1,
    stop: [],
    stream: false,
    isUsageAsked: true,
    ...given("user", user),
    embedding: { encoding: encoding ?? "float", ...given("dimensions", dimensions) },
  };
}

function textsOf(input: unknown): readonly string[] {
  const parsed = texts.safeParse(input);
  if (parsed.success) return typeof parsed.data === "string" ? [parsed.data] : parsed.data;
  const isTokens = Array.isArray(input) && input.some((one) => typeof one === "number" || Array.isArray(one));
  if (isTokens) throw unsupportedField("input", "the safeguards read text, not tokens; send texts");
  throw invalidField("input", `The field \`input\` is a text or a list of 1 to ${textsMax} texts, none of them empty.`);
}
