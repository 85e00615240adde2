// What safeguards that are asked over HTTP add to what the local ones found in a request. They are asked last, once a
// request, with all its texts, what disguised ones say without it, and what encoded ones say decoded. What they add can stop;
// what they may lower is one thing only: a local detector's finding between its two thresholds becomes a flag, where everyone
// who was asked about the doubt found nothing at all and one of them judges that category. A block, a find of a pattern, and
// what a safeguard found that is itself on trial stay.
import { setImmediate } from "node:timers/promises";
import type { Finding, Look, Span } from "../terms/finding.ts";
import { type SafeguardMode, isInEffect } from "../terms/safeguard-mode.ts";
import type { DecodedView } from "./decoding/decode.ts";
import { inMode, joined } from "./inspections.ts";
import { normalise } from "./normalise.ts";
import type { Remote } from "./remote/desk.ts";
import type { RemoteFinding, ShownText } from "./remote/question.ts";
import { type RemoteEntry, categoriesOf } from "./remote/remote-document.ts";
import type { Settle } from "./safeguard.ts";

/** A text of a request as it is shown, and where what is found in it stands in all its texts joined. */
export interface ReadText extends ShownText {
  readonly spanOf: (span: Span) => Span;
}

/** One of them in the mode that it has for somebody. */
export interface Judge {
  readonly remote: Remote;
  readonly mode: SafeguardMode;
}

export interface Judges {
  /** Whether one that is in effect reads every request: then no other safeguard has to stand on the way in. */
  readonly readAll: boolean;
  readonly judge: (local: Settle, read: readonly ReadText[], caller: string) => Settle;
}

/** Undefined where there are none. */
export function judgesOf(judges: readonly Judge[]): Judges | undefined {
  if (judges.length === 0) return undefined;
  return {
    readAll: judges.some(({ remote: { entry }, mode }) => entry.ask === "always" && isInEffect(mode)),
    judge: (local, read, caller) => async () => {
      const found = await local();
      if (found.kind === "unknown") return found;
      const hasDoubts = found.findings.some(isDoubt);
      const asked = judges.filter(({ remote: { entry } }) => entry.ask === "always" || hasDoubts);
      if (asked.length === 0) return found;
      const charsMax = Math.max(...asked.map(({ remote: { entry } }) => entry.charsMax));
      const views = withNormalised(read, charsMax);
      const ask = async (judge: Judge): Promise<Answer> => answerOf(judge, await views, caller);
      const [now, aside] = [
        asked.filter(({ mode }) => isInEffect(mode)),
        asked.filter(({ mode }) => !isInEffect(mode)),
      ];
      const later = aside.length === 0 ? undefined : inShadow(aside.map(ask));
      const answers = await Promise.all(now.map(ask)).catch(() => undefined);
      // Not logged and not passed on: the cause is in the verdict, and the verdict closes.
      if (answers === undefined) return { kind: "unknown", cause: "failed" };
      const kept = { ...found, findings: settled(found.findings, answers) };
      const inspection = joined([kept, ...answers.map(({ judge, look }) => inMode(judge.mode, look))]);
      return later === undefined ? inspection : { ...inspection, later };
    },
  };
}

/** What they say, who are asked while all else goes on. */
async function inShadow(asking: readonly Promise<Answer>[]): Promise<Look> {
  try {
    const answers = await Promise.all(asking);
    return (
      joined(answers.map(({ judge, look }) => inMode(judge.mode, look))).shadow ?? { kind: "inspected", findings: [] }
    );
  } catch {
    return { kind: "unknown", cause: "failed" };
  }
}

/** A text as it was written, which begins at `offset`. */
export function writtenText(text: string, offset: number): ReadText {
  return { text: text.toWellFormed(), view: "written", spanOf: (span) => moved(span, offset) };
}

/** What a text that begins at `offset` says decoded. */
export function decodedText({ text, sourceOf }: DecodedView, offset: number): ReadText {
  return { text: text.toWellFormed(), view: "decoded", spanOf: (span) => moved(sourceOf(span), offset) };
}

/**
 * With what is disguised in them as the detectors read it, too: what they are in doubt about, a judge has to see. Other work gets
 * its turn in between; more than anybody reads is left as it is.
 */
async function withNormalised(read: readonly ReadText[], charsMax: number): Promise<readonly ReadText[]> {
  // Only where that is sure to be too long for each of them: all of them are shown what was written, each text once.
  const written = new Set(read.flatMap(({ text, view }) => (view === "written" ? [text] : [])));
  if ([...written].reduce((sum, text) => sum + text.length, 0) > charsMax) return read;
  const views: ReadText[] = [];
  let work = 0;
  for (const one of read) {
    views.push(one);
    if (isAscii.test(one.text)) continue;
    for (const from of pieceStarts(one.text)) {
      const piece = one.text.slice(from, pieceEnd(one.text, from));
      const view = undisguised(piece);
      if (view !== undefined) views.push({ ...view, spanOf: (span) => one.spanOf(moved(view.spanOf(span), from)) });
      work += piece.length;
      if (work < stepChars) continue;
      work = 0;
      await setImmediate();
    }
  }
  return views;
}

/** Characters that are looked at between two turns of other work, and in one piece of a text. */
const stepChars = 16_384;
const pieceChars = 4_096;

/** A piece ends where a word does, if one does. */
function pieceEnd(text: string, from: number): number {
  const end = from + pieceChars;
  if (end >= text.length) return text.length;
  const space = text.lastIndexOf(" ", end);
  return space > from ? space + 1 : end;
}

function* pieceStarts(text: string): Generator<number, void, void> {
  for (let from = 0; from < text.length; from = pieceEnd(text, from)) yield from;
}

function undisguised(piece: string): ReadText | undefined {
  const { text, offsets } = normalise(piece);
  if (!hidden.test(piece) && lettersOf(text) === lettersOf(piece)) return undefined;
  const spanOf = ([start, end]: Span): Span => [offsets[start] ?? 0, offsets[end] ?? piece.length];
  return { text: text.toWellFormed(), view: "normalised", spanOf };
}

function moved([start, end]: Span, offset: number): Span {
  return [start + offset, end + offset];
}

const isAscii = /^[\0-\x7f]*$/;
/** What cannot be seen, but for how emoji are drawn; and marks piled on one another. */
const hidden = /(?!\ufe0f)\p{Default_Ignorable_Code_Point}|\p{M}{3}/u;

/** What is left of a text for who sees neither case nor accents: where that differs, letters stood for others. */
function lettersOf(text: string): string {
  return text
    .normalize("NFD")
    .replaceAll(/\p{M}|[^\p{L}\p{N}]/gu, "")
    .toLowerCase();
}

/** Of a detector that may stop something, between its two thresholds. What a pattern finds is not in doubt. */
function isDoubt({ band, pattern, isPastBlock }: Finding): boolean {
  return band === "review" && pattern === undefined && isPastBlock === undefined;
}

interface Answer {
  readonly judge: Judge;
  readonly look: Look;
}

async function answerOf(judge: Judge, read: readonly ReadText[], caller: string): Promise<Answer> {
  const { entry, ask } = judge.remote;
  const shown = distinct(shownTo(entry, read));
  const asked = await ask(
    shown.map(({ text, view }) => ({ text, view })),
    caller,
  );
  if (asked.kind === "unknown") return { judge, look: { ...asked, detector: nameOf(entry) } };
  const findings = asked.findings.map((finding) => inRequest(finding, { entry, shown }));
  return { judge, look: { kind: "inspected", findings } };
}

/** The first of each text: words of JSON, and what a text says decoded, often stand in a request more than once. */
function distinct(read: readonly ReadText[]): readonly ReadText[] {
  const first = new Map(read.toReversed().map((one) => [one.text, one]));
  return read.filter((one) => first.get(one.text) === one);
}

function shownTo(entry: RemoteEntry, read: readonly ReadText[]): readonly ReadText[] {
  if (entry.safeguard !== "service@1") return read;
  return read.filter(({ view }) => entry.views.includes(view));
}

interface Shown {
  readonly entry: RemoteEntry;
  readonly shown: readonly ReadText[];
}

function inRequest({ category, score, band, place }: RemoteFinding, { entry, shown }: Shown): Finding {
  const text = place === undefined ? undefined : shown[place.text];
  const span = place === undefined || text === undefined ? wholeOf(shown) : text.spanOf(place.span);
  const detector = nameOf(entry);
  return { category, score, band, span, detector, basis: "declared" };
}

function nameOf({ safeguard, name }: RemoteEntry): string {
  return `${safeguard} ${name}`;
}

function wholeOf(shown: readonly ReadText[]): Span {
  const ends = shown.filter(({ view }) => view === "written").map(({ text, spanOf }) => spanOf([0, text.length])[1]);
  return [0, Math.max(0, ...ends)];
}

/** With doubts as flags, where they are settled. What is on trial settles none. */
function settled(local: readonly Finding[], answers: readonly Answer[]): readonly Finding[] {
  const settling = answers.filter(({ judge: { remote, mode } }) => remote.entry.ask === "in-doubt" && doesSettle[mode]);
  const isCleared = settling.every(({ look }) => look.kind === "inspected" && look.findings.length === 0);
  if (settling.length === 0 || !isCleared) return local;
  const categories = new Set(settling.flatMap(({ judge }) => [...categoriesOf(judge.remote.entry)]));
  return local.map((finding) =>
    isDoubt(finding) && categories.has(finding.category) ? { ...finding, band: "flag" } : finding,
  );
}

const doesSettle = { off: false, shadow: false, flag: false, review: true, block: true } as const satisfies Record<
  SafeguardMode,
  boolean
>;
