// The request envelope: what a model's document admits of a call, whatever format it came in. Pure. A format's parser has
// built the call by its allow-list; here stand the ranges, and what the document adds. What comes out is what is sent.
import { Failure } from "../terms/failure.ts";
import { idPattern, invalidField as invalid, unsupportedField as unsupported } from "../wire/admitting.ts";
import { sealPattern } from "../wire/answer.ts";
import type { Call, CallField, Part } from "../wire/call.ts";
import type { Format } from "../wire/format.ts";
import { type ModelDocument, isForEmbeddings } from "./model-document.ts";

type Fields = Format["fields"];

/**
 * The call as it may be sent to this model's upstream: with the document's own prompt before it and with a limit on output.
 * Throws `request_invalid`, `feature_unsupported` or `model_unknown`; messages name the field as the caller's format does.
 */
export function admitCall(call: Call, document: ModelDocument, { fields }: Format): Call {
  if (call.model !== document.name) {
    throw new Failure("model_unknown", `This request is not for the model ${document.name}.`);
  }
  checkPurpose(call, document, fields);
  checkRanges(call, document, fields);
  checkFeatures(call, document, fields);
  checkTurns(call, fields);
  const most = document.envelope.outputTokensMax;
  const { outputTokensMax = most } = call;
  checkRange(call.outputLimitField ?? fields.outputTokensMax, outputTokensMax, [1, most]);
  const kept = document.envelope.reasoning || !isWish(call) ? call : withoutWish(call);
  return { ...kept, preamble: document.systemPrompt, outputTokensMax };
}

function withoutWish({ reasoning: _wish, ...rest }: Call): Call {
  return rest;
}

/** Answers and embeddings are other calls to other models: neither is served by the other's. */
function checkPurpose({ embedding }: Call, document: ModelDocument, fields: Fields): void {
  const givesVectors = isForEmbeddings(document);
  if ((embedding !== undefined) === givesVectors) return;
  const why = givesVectors ? "this model gives embeddings, at /v1/embeddings" : "this model gives no embeddings";
  throw unsupported(fields.model, why);
}

/** The refusal of what the model's server has no words for. */
export function lacking(field: CallField, { fields }: Format): Failure {
  return invalid(
    fields[field],
    `The field \`${fields[field]}\` is not admitted as it stands: this model's server cannot take it.`,
  );
}

function checkRanges({ sampling, choices, turns, reasoning }: Call, document: ModelDocument, fields: Fields): void {
  const { envelope } = document;
  checkRange(fields.temperature, sampling.temperature, envelope.temperature);
  checkRange(fields.topP, sampling.topP, envelope.topP);
  checkRange(fields.presencePenalty, sampling.presencePenalty, envelope.penalty);
  checkRange(fields.frequencyPenalty, sampling.frequencyPenalty, envelope.penalty);
  checkRange(fields.choices, choices, [1, envelope.choicesMax]);
  checkRange(fields.reasoning, reasoning?.tokensMax, [1, envelope.outputTokensMax]);
  if (turns.length === 0) throw invalid(fields.turns, `The field \`${fields.turns}\` is empty.`);
  if (turns.length > envelope.messagesMax) {
    throw invalid(fields.turns, `At most ${envelope.messagesMax} messages are admitted.`);
  }
}

function checkRange(field: string, value: number | undefined, [low, high]: readonly [number, number]): void {
  if (value === undefined || (value >= low && value <= high)) return;
  throw invalid(field, `The field \`${field}\` is outside what this model admits: ${low} to ${high}.`);
}

function checkFeatures(call: Call, document: ModelDocument, fields: Fields): void {
  const { envelope } = document;
  if (!envelope.tools) checkToolless(call, fields);
  if (!envelope.systemMessages) checkSystemless(call, fields);
  if (!envelope.images && has(call, isImagePart)) {
    throw unsupported(fields.images, "images are not part of this model's envelope, and no safeguard reads them");
  }
  const isAsked = isReasoningAsked(call);
  if (!envelope.reasoning && (isAsked || has(call, isReasoningPart))) {
    const field = isAsked ? fields.reasoning : fields.turns;
    throw unsupported(field, "reasoning is not part of this model's envelope");
  }
}

function checkToolless(call: Call, fields: Fields): void {
  const why = "tools are not part of this model's envelope";
  const choice = call.toolChoice?.kind ?? "none";
  if (call.tools.length > 0) throw unsupported(fields.tools, why);
  if (choice === "tool" || choice === "required") throw unsupported(fields.toolChoice, why);
  if (has(call, isToolPart)) throw unsupported(fields.turns, why);
}

function checkSystemless({ instructions, turns }: Call, fields: Fields): void {
  const why = "system messages are not part of this model's envelope";
  if (instructions !== "") throw unsupported(fields.instructions, why);
  if (turns.some(({ role }) => role === "system" || role === "developer")) throw unsupported(fields.turns, why);
}

/** Clients of servers that have a switch for it send it switched off by themselves. */
function isReasoningAsked(call: Call): boolean {
  const { reasoning } = call;
  if (isWish(call)) return false;
  return reasoning !== undefined && !(reasoning.mode === "disabled" && (reasoning.effort ?? "none") === "none");
}

/** A summary, or the seals, of whatever reasoning there is, without asking for any: Codex sends this to every model. */
function isWish({ reasoning }: Call): boolean {
  return reasoning !== undefined && Object.keys(reasoning).every((field) => field === "summary");
}

function has({ turns }: Call, is: (part: Part) => boolean): boolean {
  return turns.some(({ parts }) => parts.some(is));
}

function isToolPart({ kind }: Part): boolean {
  return kind === "tool-call" || kind === "tool-result";
}

function isReasoningPart({ kind }: Part): boolean {
  return kind === "reasoning" || kind === "sealed";
}

function isImagePart(part: Part): boolean {
  return part.kind === "image" || (part.kind === "tool-result" && part.parts.some(isImagePart));
}

/** What no safeguard reads must not be text: ids are ids, seals are seals, and a tool that is chosen was declared. */
function checkTurns(call: Call, fields: Fields): void {
  const { turns, tools, toolChoice } = call;
  if (turns.at(-1)?.role === "assistant") {
    throw unsupported(
      fields.turns,
      "the last message may not be the assistant's: a prefilled answer is not what was evaluated",
    );
  }
  if (has(call, (part) => !isSafe(part))) {
    throw invalid(fields.turns, `The field \`${fields.turns}\` has an id or a signature that is none.`);
  }
  if (toolChoice?.kind === "tool" && !tools.some(({ name }) => name === toolChoice.name)) {
    throw invalid(fields.toolChoice, `The field \`${fields.toolChoice}\` names a tool that is not among the tools.`);
  }
}

function isSafe(part: Part): boolean {
  switch (part.kind) {
    case "tool-call":
    case "tool-result":
      return idPattern.test(part.id);
    case "reasoning":
      return sealPattern.test(part.seal ?? "");
    case "sealed":
      return sealPattern.test(part.data);
    case "text":
    case "image":
    case "refusal":
      return true;
  }
}
