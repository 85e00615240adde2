// Vectors as they come from a server and go to a caller: numbers, or their 32-bit floats in base64. A server may answer in
// the other of the two, so each is read, checked for shape, and written as the caller asked. A vector that is not a full
// row of finite numbers is no answer.
import { z } from "zod";
import type { WholeAnswer } from "../answer.ts";
import { isBase64 } from "../admitting.ts";
import type { Call } from "../call.ts";
import { failedAnswer, garbage, parseJsonOrUndefined } from "../reading.ts";
import { dimensionsMax } from "./parse-call.ts";

const Count = z.number().int().min(0);
const Vector = z.union([z.array(z.number()), z.string()]);
const Answer = z.object({
  data: z.array(z.object({ index: Count, embedding: Vector })),
  usage: z.object({ prompt_tokens: Count }).nullish(),
});

/** One vector for each text of the call, in their order, all of one length. Throws `upstream_failed`. */
export function readVectors(text: string, call: Call): WholeAnswer {
  const { data, usage } = parse(text);
  const rows = new Map(data.map(({ index, embedding }) => [index, embedding]));
  if (data.length !== call.turns.length || rows.size !== data.length) {
    throw garbage("another number of vectors than texts");
  }
  const vectors = call.turns.map((_, index) => numbersOf(rows.get(index)));
  expectLength(vectors, call.embedding?.dimensions ?? vectors[0]?.length ?? 0);
  const counted = usage === null || usage === undefined ? undefined : { input: usage.prompt_tokens, output: 0 };
  return { choices: [], usage: counted, vectors };
}

function parse(text: string): z.infer<typeof Answer> {
  const value = parseJsonOrUndefined(text);
  const parsed = Answer.safeParse(value);
  if (parsed.success) return parsed.data;
  if (typeof value === "object" && value !== null && "error" in value) {
    throw failedAnswer("The upstream reported an error instead of an answer.", "error_frame");
  }
  throw garbage("no list of embeddings");
}

function expectLength(vectors: readonly (readonly number[])[], length: number): void {
  const isFull = length > 0 && length <= dimensionsMax && vectors.every((vector) => vector.length === length);
  if (!isFull) throw garbage("vectors of another length");
}

function numbersOf(embedding: readonly number[] | string | undefined): readonly number[] {
  if (embedding === undefined) throw garbage("a vector without its text");
  const numbers = typeof embedding === "string" ? floatsOf(embedding) : embedding;
  if (!numbers.every((number) => Number.isFinite(number))) throw garbage("a vector of something else than numbers");
  return numbers;
}

const floatBytes = Float32Array.BYTES_PER_ELEMENT;

function floatsOf(base64: string): readonly number[] {
  const bytes = Buffer.from(base64, "base64");
  if (!isBase64(base64) || bytes.length % floatBytes !== 0) throw garbage("a vector that is no base64 of floats");
  return Array.from({ length: bytes.length / floatBytes }, (_, index) => bytes.readFloatLE(index * floatBytes));
}

/** A vector as the caller asked for it. */
export function writeVector(vector: readonly number[], encoding: "float" | "base64"): readonly number[] | string {
  if (encoding === "float") return vector;
  const bytes = Buffer.alloc(vector.length * floatBytes);
  for (const [index, number] of vector.entries()) bytes.writeFloatLE(number, index * floatBytes);
  return bytes.toString("base64");
}
