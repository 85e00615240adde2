// Documents that stand inside a message: a mail, a page or a tool's output that somebody pasted below a question, or put between
// tags or quotes. Formats without a place of their own for documents leave only this to tell data from orders. Only what hardly any
// prompt has by itself counts: people fence, label and divide their own orders, too (decisions/028-planted-orders.md has the figures).
import type { Stretch } from "../windows.ts";

/** Shorter ones hold no document. */
const documentCharsMin = 40;
/** Places that are looked at in one text; after them, all up to the end is one document. */
const placesMax = 64;

const letters = "e-?mails?|mails?|documents?|articles?|web ?pages?|web ?sites?|transcripts?|tickets?|letters?";
const others =
  "docs?|context|text|pages?|messages?|search[_-]?results?|results?|tool[_-]?(?:results?|outputs?)|function[_-]?results?|files?|content|sources?|" +
  "passages?|reviews?|observation|snippets?|logs?|comments?|posts?|threads?|data|information|untrusted[a-z_-]{0,20}";

/** Stretches of the text, in order, that do not overlap. Cost: linear. */
export function documentsWithin(text: string): readonly Stretch[] {
  if (text.length < documentCharsMin) return [];
  const found = [...taggedIn(text), ...quotedIn(text), ...belowIn(text)];
  return merged(found.filter(([start, end]) => end - start >= documentCharsMin));
}

const opening = new RegExp(`<(${letters.replaceAll(" ?", "[_-]?")}|${others})(?:\\s[^<>]{0,200})?>`, "gi");

function* taggedIn(text: string): Generator<Stretch, void, void> {
  if (!text.includes("<")) return;
  let places = 0;
  let past = 0;
  for (const found of text.matchAll(opening)) {
    const start = found.index + found[0].length;
    if (start < past) continue;
    // The last one that closes it: whoever wrote what stands inside can have written one, too.
    const close = places < placesMax ? text.lastIndexOf(`</${found[1] ?? ""}`) : -1;
    const end = close < start ? text.length : close;
    yield [start, end];
    past = end;
    places += 1;
  }
}

const quotes: Readonly<Record<string, string>> = { '"': '"', "“": "”", "„": "“", "«": "»" };
const quoteOpening = /(?<!["'\s]):\s{0,3}(["“„«])/g;
/** Before the colon, on a line that begins so: a field of the user's own, as templates of prompts have them. */
const isOwn = /(?:^|[\n(])[ \t-]{0,8}(?:descriptions?|examples?|formats?|titles?|taglines?)[ \t]{0,3}$/i;
const ownCharsMax = 30;
/** A shorter one is a name or a saying. */
const quoteCharsMin = 80;

function* quotedIn(text: string): Generator<Stretch, void, void> {
  let places = 0;
  let past = 0;
  for (const found of text.matchAll(quoteOpening)) {
    const start = found.index + found[0].length;
    if (start < past || isOwn.test(text.slice(Math.max(0, found.index - ownCharsMax), found.index))) continue;
    const close = places < placesMax ? text.indexOf(quotes[found[1] ?? ""] ?? '"', start) : text.length;
    if (close < 0) return;
    past = close;
    places += 1;
    if (close - start >= quoteCharsMin) yield [start, close];
  }
}

const below = new RegExp(
  // A label on a line or at its beginning; the head of a mail; a greeting by name after a blank line.
  `^[^\\S\\n]{0,3}(?:(?:the |this )?(?:${letters})(?:[^\\S\\n]?\\([^()\\n]{0,40}\\))?[^\\S\\n]?:` +
    "|(?:subject|email_from|received date)[^\\S\\n]?:[^\\n]{0,300}\\n[^\\S\\n]{0,3}(?:from|to|date|sent|cc)[^\\S\\n]?:" +
    "|(?:from|to|date|sent)[^\\S\\n]?:[^\\n]{0,300}\\n[^\\S\\n]{0,3}(?:subject|from|to|date|sent|cc)[^\\S\\n]?:" +
    "|(?<=\\n[^\\S\\n]?\\n)(?:hi|hello|dear|hey) [^\\s,!][^\\n,!]{0,30}[,!]" +
    ")",
  "gim",
);
const asking = /^[^\S\n]{0,3}(?:question|q|task|instructions?|answer|a|user|human|response)[^\S\n]?:/gim;

/** From a label on to the end, or to what is asked. */
function* belowIn(text: string): Generator<Stretch, void, void> {
  const first = below.exec(text);
  below.lastIndex = 0;
  if (first !== null) {
    const start = first.index;
    yield [start, endBelow(text, start + first[0].length)];
  }
  yield* belowQuestion(text);
}

/** The last line on which something is asked, as whoever wrote the document can have written others; what somebody is made to say in it is its own. */
function endBelow(text: string, after: number): number {
  const ends = Array.from(text.slice(after).matchAll(askedBelow), ({ index }) => after + index);
  return ends.at(-1) ?? text.length;
}

const askedBelow = /^[^\S\n]{0,3}(?:question|q|task|instructions?)[^\S\n]?:/gim;

const questionFirst = /^\s{0,8}(?:q|question|task)[^\S\n]?:[^\n]{1,400}\n[^\S\n]*\n/i;

/** Below a question that is called one, where no answer follows it. */
function* belowQuestion(text: string): Generator<Stretch, void, void> {
  const found = questionFirst.exec(text);
  if (found === null) return;
  const rest = found[0].length;
  asking.lastIndex = rest;
  const isExample = asking.test(text);
  asking.lastIndex = 0;
  if (!isExample) yield [rest, text.length];
}

function merged(stretches: readonly Stretch[]): readonly Stretch[] {
  const apart: [number, number][] = [];
  for (const [start, end] of stretches.toSorted((one, other) => one[0] - other[0])) {
    const last = apart.at(-1);
    if (last !== undefined && start <= last[1]) last[1] = Math.max(last[1], end);
    else apart.push([start, end]);
  }
  return apart;
}
