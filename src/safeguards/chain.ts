// The safeguards of one document, ready to run: what is inspected on the way in, and on the way out, and in which
// windows. Whatever goes wrong inside becomes `unknown` with its cause; there is no path from an error to a pass.
import { Failure } from "../terms/failure.ts";
import type { Finding, Inspection, Surface, UnknownCause } from "../terms/finding.ts";
import { decodedViews, type DecodedView } from "./decode.ts";
import { exactPatterns } from "./exact-patterns.ts";
import type { Registry } from "./registry.ts";
import type { AnswerReader, Safeguard, Settle, Thresholds } from "./safeguard.ts";
import type { ChainEntry, Safeguards, StreamBounds } from "./safeguards-document.ts";
import { allSteps } from "./steps.ts";
import { windowEnds, windowStart, type WindowShape } from "./windows.ts";

export interface Chain {
  readonly safeguards: readonly Safeguard[];
  readonly stream: StreamBounds;
  /** Windows of answers, the same for streamed and whole ones. */
  readonly shape: WindowShape;
  /**
   * All texts of a request, each by itself and all together; spans count in the texts joined by two line ends. Callers take
   * turns where they have to wait for each other; nobody's requests, as tools and probes make them, are one caller's.
   */
  readonly inspectInput: (texts: readonly string[], caller?: string) => Promise<Inspection>;
  /** The same, with stops of a long text at which other work may be done; what it gives says what `inspectInput` says. */
  readonly inspectInputInSteps: (texts: readonly string[], caller?: string) => Generator<void, Settle, void>;
  /** A whole answer, in the windows a stream of it would be judged in. */
  readonly inspectOutput: (text: string) => Inspection;
  /** Reads an answer from its start on, stretch by stretch: what is found in the window that each of them ends. */
  readonly openAnswer: () => AnswerReader;
}

/** The document with the digest of every safeguard filled in. Failure as `compileChain`. */
export function pinSafeguards(document: Safeguards, registry: Registry): Safeguards {
  const chain = document.chain.map((entry) => ({ ...entry, digest: pinned(entry, registry).digest }));
  return { ...document, chain };
}

/** Failure configuration_invalid for an unknown safeguard or rate, artefact_missing where a digest differs. */
export function compileChain(document: Safeguards, registry: Registry): Chain {
  const links = document.chain.map((entry) => linkOf(entry, registry));
  const shape: WindowShape = {
    windowChars: document.stream.windowChars,
    strideChars: Math.max(strideCharsMin, Math.floor(document.stream.windowChars / 8)),
  };
  const openAnswer = (): AnswerReader => readerOf(links, shape);
  return {
    safeguards: links.map(({ safeguard }) => safeguard),
    stream: document.stream,
    shape,
    inspectInput: (texts, caller = "") => allSteps(inspectTexts(links, texts, caller))(),
    inspectInputInSteps: (texts, caller = "") => inspectTexts(links, texts, caller),
    inspectOutput: (text) => {
      if (text.length > Math.min(...links.map((link) => link.safeguard.maxChars))) return unknown("too-long");
      return inspectAnswer(openAnswer(), windowEnds(text.length, shape), text);
    },
    openAnswer,
  };
}

const strideCharsMin = 40;

/** One safeguard of the chain with its thresholds for each side. */
interface Link {
  readonly safeguard: Safeguard;
  readonly entry: ChainEntry;
  readonly thresholds: Readonly<Record<Surface, Thresholds>>;
}

function linkOf(entry: ChainEntry, registry: Registry): Link {
  const safeguard = pinned(entry, registry);
  const rates = "patterns" in entry ? noRates : { block: entry.block.benignRate, review: entry.review.benignRate };
  return {
    safeguard,
    entry,
    thresholds: { input: safeguard.thresholds(rates, "input"), output: safeguard.thresholds(rates, "output") },
  };
}

const noRates = { block: 0, review: 0 };

/** The safeguard of an entry. Failure configuration_invalid for an unknown one, artefact_missing where its digest differs. */
function pinned(entry: ChainEntry, registry: Registry): Safeguard {
  const safeguard = "patterns" in entry ? exactPatterns(entry.patterns) : registry.get(entry.safeguard);
  if (entry.digest === undefined || entry.digest === safeguard.digest) return safeguard;
  throw new Failure(
    "artefact_missing",
    `Safeguard ${entry.safeguard} is pinned as ${entry.digest}, but the one here is ${safeguard.digest}. ` +
      `Restore the pinned weights, or apply the document again without the digest and have it certified.`,
    { detail: { safeguard: entry.safeguard, pinned: entry.digest, loaded: safeguard.digest } },
  );
}

function* inspectTexts(
  links: readonly Link[],
  texts: readonly string[],
  caller: string,
): Generator<void, Settle, void> {
  const spoken = texts.filter((text) => text !== "");
  const looks: Settle[] = [];
  let offset = 0;
  let work = 0;
  for (const text of spoken) {
    // Many short texts are a long one, too.
    work += text.length + textWork;
    if (work >= stepWork) {
      yield;
      work = 0;
    }
    for (const look of yield* inspectViews(links, text, caller)) looks.push(movedLater(look, offset));
    offset += text.length + separator.length;
  }
  // Together too: what is harmless in pieces may not be so as a whole.
  if (spoken.length > 1) looks.push(...(yield* inspectViews(links, spoken.join(separator), caller)));
  if (spoken.length === 0) looks.push(yield* inspectAll(links, "", caller));
  return together(looks);
}

const separator = "\n\n";
/** Work between two stops, in characters; a text costs something however short it is. */
const stepWork = 16_384;
const textWork = 64;

/**
 * A text as it stands and, where something in it is encoded, as it reads decoded. Detectors do not read as it stands what is
 * read decoded: to them Base64 looks like an attack, whatever it says.
 */
function* inspectViews(links: readonly Link[], text: string, caller: string): Generator<void, Settle[], void> {
  const { views, isReplaced, isLeft } = yield* decodedViews(text);
  const asWritten = isReplaced ? links.filter(isForAsWritten) : links;
  const looks = isReplaced && asWritten.length === 0 ? [] : [yield* inspectAll(asWritten, text, caller)];
  for (const view of views) {
    yield;
    looks.push(inSource(yield* inspectAll(links, view.text, caller), view));
  }
  if (isLeft) looks.push(settled(unknown("unscannable")));
  return looks;
}

function isForAsWritten({ safeguard, entry }: Link): boolean {
  return safeguard.readsAsWritten === true && entry.on.includes("input");
}

/** With spans in the text that was decoded. */
function inSource(settle: Settle, { sourceOf }: DecodedView): Settle {
  return async () => {
    const inspection = await settle();
    if (inspection.kind === "unknown") return inspection;
    return { kind: "inspected", findings: inspection.findings.map((one) => ({ ...one, span: sourceOf(one.span) })) };
  };
}

/** Every safeguard that stands on the way in. None at all is not a pass. */
function* inspectAll(links: readonly Link[], text: string, caller: string): Generator<void, Settle, void> {
  const active = links.filter((link) => link.entry.on.includes("input"));
  if (active.length === 0) return settled(unknown("not-configured"));
  const looks: Settle[] = [];
  for (const link of active) looks.push(yield* inspectRequest(link, text, caller));
  return together(looks);
}

function* inspectRequest(link: Link, text: string, caller: string): Generator<void, Settle, void> {
  const { safeguard, entry, thresholds } = link;
  if (text.length > safeguard.maxChars || safeguard.inspectRequest === undefined)
    return settled(inspectOne(link, text, "input"));
  try {
    const settle = yield* safeguard.inspectRequest(text, thresholds.input, caller);
    return async () => {
      const inspection = await settle();
      return entry.mode === "flag" ? onlyFlagged(inspection) : inspection;
    };
  } catch {
    return settled(unknown("failed"));
  }
}

/** All that was begun is awaited; what goes wrong in one of them is not a pass of the others. */
function together(looks: readonly Settle[]): Settle {
  const [only] = looks;
  if (only !== undefined && looks.length === 1) {
    return () =>
      only().then(
        (inspection) => joined([inspection]),
        () => unknown("failed"),
      );
  }
  return async () => {
    const inspections = await Promise.all(looks.map((settle) => settle().catch(() => unknown("failed"))));
    return joined(inspections);
  };
}

function settled(inspection: Inspection): Settle {
  return () => Promise.resolve(inspection);
}

function movedLater(settle: Settle, offset: number): Settle {
  if (offset === 0) return settle;
  return async () => moved(await settle(), offset);
}

function inspectOne(link: Link, text: string, surface: Surface): Inspection {
  if (text.length > link.safeguard.maxChars) return unknown("too-long");
  try {
    const inspection = link.safeguard.inspect(text, surface, link.thresholds[surface]);
    return link.entry.mode === "flag" ? onlyFlagged(inspection) : inspection;
  } catch {
    // Not logged and not passed on: the cause is in the verdict, and the verdict closes.
    return unknown("failed");
  }
}

function inspectAnswer(reader: AnswerReader, ends: readonly number[], text: string): Inspection {
  let start = 0;
  return joined(
    ends.map((end) => {
      const stretch = text.slice(start, end);
      start = end;
      return reader.read(stretch, end === text.length);
    }),
  );
}

/** All safeguards that stand on the way out. None at all is not a pass. */
function readerOf(links: readonly Link[], shape: WindowShape): AnswerReader {
  const readers = links.filter((link) => link.entry.on.includes("output")).map((link) => linkReader(link, shape));
  const [only] = readers;
  if (only === undefined) return { read: () => unknown("not-configured") };
  if (readers.length === 1) return only;
  return { read: (stretch, isEnd) => joined(readers.map((reader) => reader.read(stretch, isEnd))) };
}

/** One safeguard's reader; what goes wrong in it is not a pass, of that window and of all after it. */
function linkReader(link: Link, shape: WindowShape): AnswerReader {
  const { safeguard, entry, thresholds } = link;
  if (safeguard.openAnswer === undefined) return windowByWindow(link, shape);
  let hasFailed = false;
  try {
    const reader = safeguard.openAnswer(thresholds.output, shape);
    return {
      read: (stretch, isEnd) => {
        if (hasFailed) return unknown("failed");
        try {
          const inspection = reader.read(stretch, isEnd);
          return entry.mode === "flag" ? onlyFlagged(inspection) : inspection;
        } catch {
          hasFailed = true;
          return unknown("failed");
        }
      },
    };
  } catch {
    return { read: () => unknown("failed") };
  }
}

/** For safeguards that know only whole texts. */
function windowByWindow(link: Link, shape: WindowShape): AnswerReader {
  let held = "";
  let end = 0;
  return {
    read: (stretch) => {
      end += stretch.length;
      const start = windowStart(end, shape);
      held = (held + stretch).slice(-(end - start));
      return moved(inspectOne(link, held, "output"), start);
    },
  };
}

function onlyFlagged(inspection: Inspection): Inspection {
  if (inspection.kind === "unknown") return inspection;
  return { kind: "inspected", findings: inspection.findings.map((finding) => ({ ...finding, band: "flag" })) };
}

function moved(inspection: Inspection, offset: number): Inspection {
  if (inspection.kind === "unknown" || offset === 0 || inspection.findings.length === 0) return inspection;
  const findings = inspection.findings.map((finding): Finding => ({
    ...finding,
    span: [finding.span[0] + offset, finding.span[1] + offset],
  }));
  return { kind: "inspected", findings };
}

/** All findings of several inspections; unknown as soon as one of them is. */
export function joined(inspections: readonly Inspection[]): Inspection {
  const findings: Finding[] = [];
  for (const inspection of inspections) {
    if (inspection.kind === "unknown") return inspection;
    for (const finding of inspection.findings) findings.push(finding);
  }
  return findings.length === 0 ? nothingFound : { kind: "inspected", findings: highestOfEach(findings) };
}

/** Of nearly every window. */
const nothingFound: Inspection = { kind: "inspected", findings: [] };

function highestOfEach(findings: readonly Finding[]): Finding[] {
  const best = new Map<string, Finding>();
  for (const finding of findings) {
    const { detector, pattern = "", category, band } = finding;
    const key = `${detector} ${pattern} ${category} ${band === "flag" ? "flag" : "stop"}`;
    const before = best.get(key);
    if (before === undefined || finding.score > before.score) best.set(key, finding);
  }
  return [...best.values()];
}

function unknown(cause: UnknownCause): Inspection {
  return { kind: "unknown", cause };
}
