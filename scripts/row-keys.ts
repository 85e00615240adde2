// Lists of row keys (src/terms/training-rows.ts), made.
import { createHash } from "node:crypto";
import { rowKeyBytes, rowText } from "../src/terms/training-rows.ts";

export function rowKey(text: string): Uint8Array {
  return createHash("sha256").update(rowText(text)).digest().subarray(0, rowKeyBytes);
}

/** The keys of all texts, sorted, each once. */
export function rowKeys(texts: Iterable<string>): Uint8Array {
  const keys = new Set<string>();
  for (const text of texts) keys.add(Buffer.from(rowKey(text)).toString("hex"));
  return Buffer.from([...keys].toSorted().join(""), "hex");
}
