// The items of a suite: parsed once, each with the exact request body that will be sent and its leaf in the tree that a
// permit binds. Two items with the same body would be one trial counted twice, so that is refused.
import { z } from "zod";
import { itemLeaf } from "../acts/item-proof.ts";
import { parseJson } from "../proof/canonical.ts";
import { digestOf, digestOfHash } from "../proof/digest.ts";
import { rootOf } from "../proof/merkle.ts";
import type { Hasher } from "../proof/primitives.ts";
import { Failure } from "../terms/failure.ts";
import type { Digest } from "../terms/ids.ts";
import { type Suite, suiteBytesMax, suiteItemsMax } from "./suite-document.ts";

const lineBytesMax = 64 * 1024;

const SuiteItem = z.strictObject({
  id: z.string().min(1).max(128),
  text: z
    .string()
    .min(1)
    .max(32 * 1024),
  category: z.string().min(1).max(64),
});
type SuiteItem = z.infer<typeof SuiteItem>;

/** The chat body of an item without `model`, which the permit names. Canonical JSON of this is the leaf. */
interface ItemBody {
  readonly messages: readonly [{ readonly role: "user"; readonly content: string }];
  readonly max_tokens: number;
  readonly temperature: 0;
}

export interface LoadedItem extends SuiteItem {
  readonly body: ItemBody;
  readonly leafHash: Uint8Array;
  /** The leaf hash as receipts name it. */
  readonly leaf: Digest;
  readonly cluster: string;
}

export interface LoadedSuite {
  readonly items: readonly LoadedItem[];
  /** What the applied document says of its items. */
  readonly content: { readonly digest: Digest; readonly root: Digest; readonly count: number };
}

/** The request body that an item is tried with. */
function bodyOf(item: SuiteItem, answerTokens: number): ItemBody {
  return { messages: [{ role: "user", content: item.text }], max_tokens: answerTokens, temperature: 0 };
}

/**
 * Reads a suite's items file, one JSON object {id, text, category} a line. Fails with document_invalid, naming the line:
 * unknown fields, an id or a text that stands there twice, too many, too long.
 */
export function loadSuite(document: Suite, bytes: Uint8Array, hasher: Hasher): LoadedSuite {
  if (bytes.length > suiteBytesMax) throw invalid(document, `is longer than ${suiteBytesMax} bytes`);
  const items = parseItems(document, bytes).map((item) => loadedItem(item, document, hasher));
  const hashes = items.map((item) => item.leafHash);
  const content = {
    digest: digestOf(bytes, hasher),
    root: digestOfHash(rootOf(hashes, hasher)),
    count: items.length,
  };
  return { items, content };
}

/** The suite that an applied document pins. Fails with document_invalid when these are other items. */
export function openSuite(document: Suite, bytes: Uint8Array, hasher: Hasher): LoadedSuite {
  const loaded = loadSuite(document, bytes, hasher);
  const { content } = document;
  const isPinned =
    content?.digest === loaded.content.digest &&
    content.root === loaded.content.root &&
    content.count === loaded.content.count;
  if (!isPinned) throw invalid(document, "is not the file that was applied");
  return loaded;
}

/** The document as it is applied: with its items pinned. What a document already says of them has to be true. */
export function pinSuite(document: Suite, bytes: Uint8Array, hasher: Hasher): Suite {
  if (document.content !== undefined) openSuite(document, bytes, hasher);
  return { ...document, content: loadSuite(document, bytes, hasher).content };
}

function loadedItem(item: SuiteItem, document: Suite, hasher: Hasher): LoadedItem {
  const body = bodyOf(item, document.answerTokens);
  const hash = itemLeaf({ ...body }, hasher);
  return {
    id: item.id,
    text: item.text,
    category: item.category,
    body,
    leafHash: hash,
    leaf: digestOfHash(hash),
    cluster: item[document.measure.cluster],
  };
}

function parseItems(document: Suite, bytes: Uint8Array): readonly SuiteItem[] {
  const ids = new Set<string>();
  const texts = new Set<string>();
  const items = linesOf(bytes).map(({ line, number }) => {
    const item = parseItem(document, line, number);
    if (ids.has(item.id)) throw invalid(document, `line ${number}: the id ${item.id} stands there twice`);
    if (texts.has(item.text)) throw invalid(document, `line ${number}: the same text stands there twice`);
    ids.add(item.id);
    texts.add(item.text);
    return item;
  });
  if (items.length === 0) throw invalid(document, "holds no items");
  if (items.length > suiteItemsMax) throw invalid(document, `holds more than ${suiteItemsMax} items`);
  return items;
}

interface Line {
  readonly line: Uint8Array;
  readonly number: number;
}

/** Lines that hold something, with their numbers; a final line break and \r\n are as good as none and \n. */
function linesOf(bytes: Uint8Array): readonly Line[] {
  const lines: Line[] = [];
  let start = 0;
  for (let number = 1; start < bytes.length; number += 1) {
    const found = bytes.indexOf(newline, start);
    const end = found < 0 ? bytes.length : found;
    const line = bytes.subarray(start, bytes[end - 1] === carriageReturn ? Math.max(start, end - 1) : end);
    if (line.length > 0) lines.push({ line, number });
    start = end + 1;
  }
  return lines;
}

const newline = 0x0a;
const carriageReturn = 0x0d;

function parseItem(document: Suite, line: Uint8Array, number: number): SuiteItem {
  let value: unknown;
  try {
    value = parseJson(line, { bytesMax: lineBytesMax, depthMax: 2, code: "document_invalid" });
  } catch (cause) {
    throw invalid(document, `line ${number}: ${cause instanceof Error ? cause.message : "is not JSON"}`, cause);
  }
  const parsed = SuiteItem.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw invalid(
    document,
    `line ${number}: ${issue?.path.join(".") ?? ""} ${issue?.message ?? "is wrong"}`,
    parsed.error,
  );
}

function invalid(document: Suite, what: string, cause?: unknown): Failure {
  return new Failure("document_invalid", `The items of suite ${document.name} (${document.items}): ${what}.`, {
    cause,
  });
}
