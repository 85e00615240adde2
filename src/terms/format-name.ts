// The wire formats that callers may ask in, by the names that paths, documents and refusals give them.
import { z } from "zod";

export const FormatName = z.enum(["chat", "responses", "messages", "embeddings"]);
export type FormatName = z.infer<typeof FormatName>;
