// The rule `prompt-extraction`: orders to give away what the model was told before the user's first word, in whatever form: printed,
// repeated, translated, encoded. The words of who forbids it ("never reveal your instructions"), or who wants a prompt
// of their own ("write a system prompt for my bot"), are none.
import type { Span } from "../../terms/finding.ts";
import { anchors, forbids, forbidsList, forbidsNothing, orders, ordersUnspaced } from "./extraction-words.ts";
import { inText, type RuleReader } from "./rule-reader.ts";

const order = [
  ...orders.map((source) => new RegExp(`(?<![\\p{L}\\p{N}])(?:${source})`, "gu")),
  ...ordersUnspaced.map((source) => new RegExp(source, "gu")),
];
const forbidding = new RegExp(`(?<!\\p{L})${forbids}(?!\\p{L})`, "u");
const forbiddingList = new RegExp(`(?<!\\p{L})${forbidsList}$`, "u");
const turnedRound = new RegExp(`(?<!\\p{L})${forbidsNothing}`, "u");

/** All that the rule looks for, for the digest. */
export const extractionWords: readonly string[] = [
  anchors,
  ...order.map(({ source }) => source),
  forbidding.source,
  forbiddingList.source,
  turnedRound.source,
];

/** Every order says one of these, and no other part of a text is read for one. */
const anchor = new RegExp(anchors, "gu");
/** As far as an order reaches from its anchor, with what stands before it in its clause. */
const reach = 320;

/** How far before an order it is asked who says it. */
const clauseCharsMax = 120;
/** What of one piece is read with the next one, too: an order with all its gaps. */
const overlapChars = 2 * 320;

export function extractionFinder(): RuleReader {
  let span: Span | undefined;
  let before = "";
  return {
    add: (piece) => {
      if (span !== undefined) return;
      const { text } = piece.plain;
      const read = before + text;
      const found = orderIn(read);
      if (found !== undefined) {
        const [start, end] = found;
        const from = Math.max(0, start - before.length);
        span = inText(piece, [from, Math.max(from + 1, end - before.length)]);
      }
      before = text.slice(-overlapChars);
    },
    found: () => span,
  };
}

function orderIn(text: string): Span | undefined {
  let done = 0;
  for (const index of placesOf(anchor, text)) {
    // What lies between two anchors that are near each other is read with both.
    if (index < done) continue;
    const from = Math.max(0, index - reach);
    const found = orderFrom(text.slice(from, index + 2 * reach));
    if (found !== undefined) return [from + found[0], from + found[1]];
    done = index + reach;
  }
  return undefined;
}

function orderFrom(stretch: string): Span | undefined {
  for (const one of order)
    for (const index of placesOf(one, stretch)) {
      if (!isForbidden(stretch.slice(Math.max(0, index - clauseCharsMax), index))) return [index, one.lastIndex];
    }
  return undefined;
}

/** Whether what stands before an order says that it is not to be followed. */
function isForbidden(before: string): boolean {
  const sentence = before.slice(before.search(lastSentence));
  const clause = sentence.slice(sentence.lastIndexOf(",") + 1);
  return (forbidding.test(clause) || forbiddingList.test(sentence)) && !turnedRound.test(sentence);
}

const lastSentence = /[^.!?:;]*$/;

/** Where an expression with the flag `g` is found; its `lastIndex` is the end. Without the copy that `matchAll` makes each time. */
function* placesOf(expression: RegExp, text: string): Generator<number, void, void> {
  expression.lastIndex = 0;
  for (let found = expression.exec(text); found !== null; found = expression.exec(text)) yield found.index;
}
