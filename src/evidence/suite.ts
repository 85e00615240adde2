// The items of a suite: parsed once, each with the exact request body that will be sent and its leaf in the tree that a
// permit binds. Where the suite has attacks, each item is asked by each of them. Two trials with the same body would be one trial
// counted twice, so that is refused.
import { itemLeaf } from "../acts/item-proof.ts";
import { parseJson } from "../proof/canonical.ts";
import { digestOf, digestOfHash } from "../proof/digest.ts";
import { rootOf } from "../proof/merkle.ts";
import type { Hasher } from "../proof/primitives.ts";
import { type Steps, eachInSteps, straight } from "./steps.ts";
import { Failure } from "../terms/failure.ts";
import type { Digest } from "../terms/ids.ts";
import { strategyDigest } from "./attacker/strategies.ts";
import type { Turn } from "./attacks/attack.ts";
import type { Expect } from "./graders/expect.ts";
import { exactName } from "./graders/exact.ts";
import { type Asked, askedBy } from "./suite-attacks.ts";
import { type Suite, suiteBytesMax, suiteItemsMax } from "./suite-document.ts";
import { SuiteItem, turnsOf } from "./suite-item.ts";
import { type OfferedTool, offeredTools, turnsWithTools } from "./world/calls.ts";
import type { World } from "./world/world-document.ts";

const lineBytesMax = 64 * 1024;

/** The chat body of an item without `model`, which the permit names. Canonical JSON of this is the leaf. */
interface ItemBody {
  readonly messages: readonly { readonly role: Turn["role"]; readonly content: string }[];
  readonly max_tokens: number;
  readonly temperature: 0;
  readonly tools?: readonly OfferedTool[];
}

/** What one trial asks: an item, or an item by one of the suite's attacks. */
export interface LoadedItem {
  readonly id: string;
  /** All that is said in it. */
  readonly text: string;
  readonly category: string;
  /** Undefined for a suite without attacks. */
  readonly attack: string | undefined;
  readonly body: ItemBody;
  readonly leafHash: Uint8Array;
  /** The leaf hash as receipts name it. */
  readonly leaf: Digest;
  readonly cluster: string;
  readonly expect?: Expect | undefined;
  /** In which its requests go on, where the suite runs in toy worlds; the leaf is over it, too. */
  readonly world?: World | undefined;
}

export interface LoadedSuite {
  readonly items: readonly LoadedItem[];
  /** What the applied document says of its items. */
  readonly content: { readonly digest: Digest; readonly root: Digest; readonly count: number };
}

/** The request body that an item is tried with; in a toy world the first of them. */
function bodyOf(turns: readonly Turn[], { answerTokens, world: run }: Suite, world: World | undefined): ItemBody {
  const asked = run === undefined || world === undefined ? turns : turnsWithTools(turns, world, run);
  const messages = asked.map(({ role, text }) => ({ role, content: text }));
  const body = { messages, max_tokens: answerTokens, temperature: 0 } as const;
  return run?.calls !== "native" || world === undefined ? body : { ...body, tools: offeredTools(world) };
}

/**
 * Reads a suite's items file, one JSON object {id, text or turns, category} a line. Fails with document_invalid, naming the line:
 * unknown fields, an id or a text that stands there twice, too many, too long; or the item that an attack does nothing to.
 */
export function loadSuite(document: Suite, bytes: Uint8Array, hasher: Hasher): LoadedSuite {
  return straight(loadingSteps(document, bytes, hasher));
}

function* loadingSteps(document: Suite, bytes: Uint8Array, hasher: Hasher): Steps<LoadedSuite> {
  if (bytes.length > suiteBytesMax) throw invalid(document, `is longer than ${suiteBytesMax} bytes`);
  const rows = yield* parseItems(document, bytes);
  const ways = document.attacks?.reduce((sum, { draws = 1 }) => sum + draws, 0) ?? 1;
  if (rows.length * ways > suiteItemsMax)
    throw invalid(
      document,
      `come with its attacks to ${rows.length * ways} trials, and at most ${suiteItemsMax} are made`,
    );
  const items = yield* trialsOf(rows, document, hasher);
  checkTrials(document, items);
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
  return straight(suiteSteps(document, bytes, hasher));
}

/** The same in steps: near the bounds of a suite it takes many seconds. */
export function* suiteSteps(document: Suite, bytes: Uint8Array, hasher: Hasher): Steps<LoadedSuite> {
  const loaded = yield* loadingSteps(document, bytes, hasher);
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
  return { ...document, content: { ...document.content, ...loadSuite(document, bytes, hasher).content } };
}

/** Characters of all trials, attacks included: each of them is held, and hashed. */
const suiteCharsMax = 64 * 1024 * 1024;

function* trialsOf(rows: readonly SuiteItem[], document: Suite, hasher: Hasher): Steps<readonly LoadedItem[]> {
  let chars = 0;
  return yield* eachInSteps(trialsIn(rows, document, hasher), (trial) => {
    chars += trial.text.length;
    if (chars > suiteCharsMax)
      throw invalid(document, `come with its attacks to more than ${suiteCharsMax} characters`);
    return trial;
  });
}

function* trialsIn(rows: readonly SuiteItem[], document: Suite, hasher: Hasher): Generator<LoadedItem, void> {
  for (const row of rows) yield* loadedItems(row, document, hasher);
}

function* loadedItems(item: SuiteItem, document: Suite, hasher: Hasher): Generator<LoadedItem, void> {
  const cluster = item[document.measure.cluster];
  if (cluster === undefined)
    throw invalid(document, `the item ${item.id} has no ${document.measure.cluster}, which the measure counts by`);
  if (document.grader === exactName && item.expect === undefined)
    throw invalid(document, `the item ${item.id} has no expect, which ${exactName} grades by`);
  if ((document.world === undefined) !== (item.world === undefined))
    throw invalid(
      document,
      `the item ${item.id} has ${item.world === undefined ? "no" : "a"} world, other than the suite`,
    );
  const { id, category, expect, world } = item;
  for (const asked of askedBy(document, { id, turns: turnsOf(item) }, hasher))
    yield loadedItem({ id, category, cluster, expect, world }, asked, { document, hasher });
}

function loadedItem(
  known: Pick<LoadedItem, "id" | "category" | "cluster" | "expect" | "world">,
  { suffix, attack, turns }: Asked,
  { document, hasher }: { readonly document: Suite; readonly hasher: Hasher },
): LoadedItem {
  const { world } = known;
  const body = bodyOf(turns, document, world);
  const leafHash = itemLeaf(leafOver({ body, world }, document, hasher), hasher);
  const text = turns.map((turn) => turn.text).join("\n\n");
  return { ...known, id: `${known.id}${suffix}`, text, attack, body, leafHash, leaf: digestOfHash(leafHash) };
}

/** What an item's leaf is over: the body of its one request, or of the first with what the others follow from. */
export function leafOver(
  { body, world }: Pick<LoadedItem, "body" | "world">,
  document: Suite,
  hasher: Hasher,
): Readonly<Record<string, unknown>> {
  return { ...body, ...beyondBody(document, world, hasher) };
}

/** What an item's leaf is over beside its first request, where others follow from it: then no request by itself is the item. */
function beyondBody({ attacker }: Suite, world: World | undefined, hasher: Hasher): object {
  if (attacker !== undefined) return { attacker: strategyDigest(attacker.strategy, hasher) };
  return world === undefined ? {} : { world };
}

/** Characters of one trial, attacks included. */
const trialCharsMax = 128 * 1024;

/** Trials made by attacks have ids and bodies of their own, as the items have. */
function checkTrials(document: Suite, trials: readonly LoadedItem[]): void {
  if (document.attacks === undefined) return;
  const ids = new Set<string>();
  const byLeaf = new Map<Digest, string>();
  for (const { id, leaf, text } of trials) {
    const same = byLeaf.get(leaf);
    if (same !== undefined)
      throw invalid(
        document,
        `${same} and ${id} ask the same, so that one of them has to go: its attack, a draw, or the item`,
      );
    if (ids.has(id)) throw invalid(document, `two trials are called ${id}: give one of the items another id`);
    if (text.length > trialCharsMax) throw invalid(document, `${id} is longer than ${trialCharsMax} characters`);
    ids.add(id);
    byLeaf.set(leaf, id);
  }
}

function* parseItems(document: Suite, bytes: Uint8Array): Steps<readonly SuiteItem[]> {
  const ids = new Set<string>();
  const texts = new Set<string>();
  const items = yield* eachInSteps(linesOf(bytes), ({ line, number }) => {
    const item = parseItem(document, line, number);
    if (ids.has(item.id)) throw invalid(document, `line ${number}: the id ${item.id} stands there twice`);
    const said = JSON.stringify([turnsOf(item), item.world ?? null]);
    if (texts.has(said)) throw invalid(document, `line ${number}: the same text stands there twice`);
    ids.add(item.id);
    texts.add(said);
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
export function linesOf(bytes: Uint8Array): readonly Line[] {
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
    value = parseJson(line, { bytesMax: lineBytesMax, depthMax: 8, code: "document_invalid" });
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
