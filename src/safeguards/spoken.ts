// The last thing that somebody is made to say in a dialogue written into a request: `User: …`, after other turns. It is what the model
// is to answer, and among ten harmless turns a detector that reads windows hardly sees it. Judged by itself, too.
import type { Stretch } from "./windows.ts";

/** Who asks, in dialogues as people invent them. */
const asker =
  /(?:^|\n)[ \t>]{0,8}[*_#]{0,3}(?:user|human|me|person|customer|student|interviewer|question|q)(?: ?\d{1,3})?[*_]{0,2}[ \t]{0,2}:[*_ \t]{0,6}/gi;
/** Somebody, with a name of up to three words. */
const speaker = /\n[ \t>]{0,8}[*_#]{0,3}[A-Za-z][\w'-]{0,20}(?: [\w'-]{1,20}){0,2}[*_]{0,2}[ \t]{0,2}:/g;

const charsMin = 16;

/** Where it stands, without who says it; undefined where there is none, or it is all that is said. Cost: linear. */
export function spokenLast(text: string): Stretch | undefined {
  let from: number | undefined;
  for (const { index, 0: mark } of text.matchAll(asker)) from = index + mark.length;
  if (from === undefined || isAllOf(text, from)) return undefined;
  speaker.lastIndex = from;
  const to = speaker.exec(text)?.index ?? text.length;
  return to - from < charsMin ? undefined : [from, to];
}

/** Nothing but the mark stands before it: it is the request. */
function isAllOf(text: string, from: number): boolean {
  return text.slice(0, from).trim().length < charsMin;
}
