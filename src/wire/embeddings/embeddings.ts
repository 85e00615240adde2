// OpenAI's embeddings format, for callers and for servers: texts in, vectors out, nothing streamed. A format among the
// others, so that an embedding goes through the same admission, safeguards, quota and receipts as an answer.
import { Failure } from "../../terms/failure.ts";
import type { Usage, WholeAnswer } from "../answer.ts";
import { given } from "../admitting.ts";
import type { Call } from "../call.ts";
import type { AnswerContext, Dialect, ErrorSaid, Format } from "../format.ts";
import { embeddingsFields, parseCall } from "./parse-call.ts";
import { readVectors, writeVector } from "./vectors.ts";

export const embeddingsFormat: Format = {
  name: "embeddings",
  fields: embeddingsFields,
  policyBlock: "error",
  parseCall,
  whole: writeWhole,
  stream: neverStreamed,
  error: writeError,
};

export const embeddingsDialect: Dialect = {
  name: "openai-embeddings",
  path: "/embeddings",
  headers: (key): Readonly<Record<string, string>> => (key === undefined ? {} : { authorization: `Bearer ${key}` }),
  lacks: () => undefined,
  body: renderCall,
  readWhole: readVectors,
  reader: neverStreamed,
};

function renderCall({ turns, embedding, user }: Call, model: string): object {
  const input = turns.flatMap(({ parts }) => parts.flatMap((part) => (part.kind === "text" ? [part.text] : [])));
  const encoding = embedding?.encoding ?? "float";
  return {
    model,
    input,
    encoding_format: encoding,
    ...given("dimensions", embedding?.dimensions),
    ...given("user", user),
  };
}

function writeWhole(
  { vectors, usage }: WholeAnswer & { readonly usage: Usage },
  { call, model }: AnswerContext,
): object {
  const encoding = call.embedding?.encoding ?? "float";
  const rows = (vectors ?? []).map((vector) => writeVector(vector, encoding));
  return {
    object: "list",
    data: rows.map((embedding, index) => ({ object: "embedding", index, embedding })),
    model,
    usage: { prompt_tokens: usage.input, total_tokens: usage.input },
  };
}

function writeError({ message, type, code, reason, field, id, contact }: ErrorSaid): object {
  return { error: { message, type, param: field, code, reason, id, contact } };
}

/** No call of this format asks for a stream. */
function neverStreamed(): never {
  throw new Failure("feature_unsupported", "Embeddings are not streamed.");
}
