// Who wrote a text of a request, as far as its format says. Only instructions and the user give orders: what tools and documents
// gave is data, whatever it asks for (the order of messages that model makers call the instruction hierarchy).
import { z } from "zod";

/**
 * `instructions`: system and developer messages, tools with their schemas, and all else that the caller's program sets. `user`: a
 * user's message. `model`: the model's own earlier turns, as the caller gives them back. `data`: results of tools, and documents.
 */
export const Provenance = z.enum(["instructions", "user", "model", "data"]);
export type Provenance = z.infer<typeof Provenance>;

/** A text of a request. */
export interface RequestText {
  readonly text: string;
  readonly provenance: Provenance;
}

export function textsAlone(texts: readonly RequestText[]): readonly string[] {
  return texts.map(({ text }) => text);
}

/** Texts as tools and probes give them: one that says nothing of who wrote it is a user's. */
export function withProvenance(texts: readonly (string | RequestText)[]): readonly RequestText[] {
  return texts.map((text) => (typeof text === "string" ? { text, provenance: "user" } : text));
}
