// What the parsers of callers' requests share: an allow-list of fields, and the two ways to refuse one. A field nobody knows
// may route, select another model, or carry text past the safeguards, so it is refused by name and never dropped.
import { Failure } from "../terms/failure.ts";

type Raw = Readonly<Record<string, unknown>>;

export interface FieldTable {
  readonly admitted: readonly string[];
  /** Fields with a known meaning that goes round what is checked here, and in what way. */
  readonly roundabouts: Readonly<Record<string, string>>;
  /** Values of those fields, beside null and false, with which clients say that they are not used. */
  readonly unused?: Readonly<Record<string, (value: unknown) => boolean>>;
}

/** Values that say the same of the same field in every format of OpenAI's. */
export const unusedAtOpenAi = {
  service_tier: (value) => value === "auto" || value === "default",
  metadata: (value) => typeof value === "object" && value !== null && Object.keys(value).length === 0,
  top_logprobs: (value) => value === 0,
} as const satisfies NonNullable<FieldTable["unused"]>;

/**
 * The fields of a body that are admitted. Fields that say of a roundabout that it is not used are left out:
 * official clients send those by themselves. Throws for every other field, by name.
 */
export function admittedPart(raw: Raw, table: FieldTable): Raw {
  const entries = Object.entries(raw);
  const known = entries.filter(([field]) => table.admitted.includes(field));
  if (known.length === entries.length) return raw;
  for (const [field, value] of entries) {
    if (table.admitted.includes(field)) continue;
    const why = Object.hasOwn(table.roundabouts, field) ? table.roundabouts[field] : undefined;
    if (why === undefined) throw unknownField(field, table.admitted);
    const isUsed = value !== null && value !== false && table.unused?.[field]?.(value) !== true;
    if (isUsed) throw unsupportedField(field, why);
  }
  return Object.fromEntries(known);
}

/** Fields with one reason, for a table of roundabouts. */
export function because(why: string, fields: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(fields.map((field) => [field, why]));
}

/**
 * What would go round in whatever format it is tried: what keeps or continues conversations, returns what nobody reads, and what
 * vLLM, SGLang, llama.cpp's server and routers add to every format, which chooses a model, route or template, steers decoding
 * past the envelope, or puts something else before the model than what was read.
 */
export const roundaboutsAnywhere: FieldTable["roundabouts"] = {
  ...because("it keeps or continues a conversation where the safeguards cannot see it", [
    "store",
    "background",
    "previous_response_id",
    "conversation",
  ]),
  ...because("it returns text that the safeguards do not read", [
    "logprobs",
    "top_logprobs",
    "prompt_logprobs",
    "echo",
  ]),
  ...because("it chooses another model, route or template", [
    "models",
    "route",
    "provider",
    "plugins",
    "transforms",
    "lora",
    "chat_template",
    "chat_template_kwargs",
    "add_generation_prompt",
    "add_special_tokens",
    "continue_final_message",
    "extra_body",
  ]),
  ...because("it steers decoding where the envelope cannot bound it", [
    "guided_json",
    "guided_regex",
    "guided_choice",
    "guided_grammar",
    "guided_decoding_backend",
    "guided_whitespace_pattern",
    "structural_tag",
    "structured_outputs",
    "grammar",
    "json_schema",
    "regex",
    "ebnf",
    "logits_processors",
    "custom_logit_processor",
  ]),
  ...because("it pushes single tokens", ["logit_bias", "allowed_token_ids", "bad_words", "stop_token_ids"]),
  ...because("it puts something else before the model than what was read", ["prompt_embeds", "prompt_token_ids"]),
};

export function invalidField(field: string, message: string): Failure {
  return new Failure("request_invalid", message, { detail: { field } });
}

/** Refuses what would go round the safeguards; `why` continues a sentence. */
export function unsupportedField(field: string, why: string): Failure {
  return new Failure("feature_unsupported", `The field \`${field}\` is not served here: ${why}.`, {
    detail: { field },
  });
}

/** A caller's own word for a field is shown only where it is one: else it would be text of theirs in our message. */
export function shownField(field: string): string {
  return /^[\w.-]{1,64}$/.test(field) ? field : "(unprintable)";
}

function unknownField(field: string, admitted: readonly string[]): Failure {
  const shown = shownField(field);
  return invalidField(shown, `The field \`${shown}\` is not admitted. Admitted fields: ${admitted.join(", ")}.`);
}

/** `{[field]: value}` where there is a value, else nothing. */
export function given<F extends string, V>(field: F, value: V | null | undefined): { readonly [K in F]?: V } {
  const one: { [K in F]?: V } = {};
  if (value !== null && value !== undefined) one[field] = value;
  return one;
}

/** Sets a field that has a value: for what every request and answer is built from, where `given` costs more than the field. */
export function put<T extends object, F extends keyof T>(into: T, field: F, value: T[F] | null | undefined): void {
  if (value !== null && value !== undefined) into[field] = value;
}

/** What is still being built. */
export type Building<T> = { -readonly [F in keyof T]: T[F] };

/** An id is no text: no safeguard reads it, so nothing but an id fits into it. */
export const idPattern = /^[A-Za-z0-9_.:-]{1,128}$/;

const base64Chars = /^[A-Za-z0-9+/]*={0,2}$/;

/** Whether it is standard base64 with its padding. By length and characters: a pattern of groups runs out of stack at 8 MB. */
export function isBase64(text: string): boolean {
  return text.length % 4 === 0 && base64Chars.test(text);
}
