// The safeguards of one document, ready to run: what is inspected on the way in, and on the way out, and in which
// windows. Whatever goes wrong inside becomes `unknown` with its cause; there is no path from an error to a pass.
import { Failure } from "../terms/failure.ts";
import type { Inspection, Look, Surface, UnknownCause } from "../terms/finding.ts";
import type { Digest } from "../terms/ids.ts";
import { type Provenance, type RequestText, textsAlone, withProvenance } from "../terms/provenance.ts";
import { type JudgedFor, type SafeguardMode, isInEffect, modesFor, modesWord } from "../terms/safeguard-mode.ts";
import { decodedViews, type DecodedView } from "./decoding/decode.ts";
import { exactPatterns } from "./patterns/exact-patterns.ts";
import { inBoth, inMode, joined } from "./inspections.ts";
import { decodedText, type Judge, type Judges, judgesOf, type ReadText, writtenText } from "./judged.ts";
import { type PlaceOf, placesIn } from "./places.ts";
import type { Registry } from "./registry.ts";
import type { RemoteDesk } from "./remote/desk.ts";
import { isRemote, type RemoteEntry } from "./remote/remote-document.ts";
import { digestOfRemote } from "./remote/speaker.ts";
import {
  type AnswerReader,
  type PlacedText,
  type Safeguard,
  type Settle,
  type Thresholds,
  readStretches,
} from "./safeguard.ts";
import { thresholdsOf } from "./entry-thresholds.ts";
import type { ChainEntry, LocalEntry, Safeguards, StreamBounds } from "./safeguards-document.ts";
import { allSteps } from "./steps.ts";
import { structure } from "./structure/structure.ts";
import { windowEnds, windowStart, type WindowShape } from "./windows.ts";

export interface Chain {
  /** Those that run here, which are not all where some are asked over HTTP. */
  readonly safeguards: readonly Safeguard[];
  /** The place among the entries of the document, from 0, of whoever found something or could not say anything. */
  readonly placeOf: PlaceOf;
  /** The mode of every entry of the document, as receipts spell it; undefined where all block. */
  readonly modes: string | undefined;
  readonly stream: StreamBounds;
  /** Windows of answers, the same for streamed and whole ones. */
  readonly shape: WindowShape;
  /** Whether a request should be read with stops however short it is. */
  readonly isSlow: boolean;
  /** Whether something in an answer may have to be redacted. */
  readonly redacts: boolean;
  /**
   * All texts of a request, each by itself and all together; spans count in the texts joined by two line ends. Callers take
   * turns where they have to wait for each other; nobody's requests, as tools and probes make them, are one caller's.
   */
  readonly inspectInput: (texts: Texts, caller?: string) => Promise<Inspection>;
  /** The same, with stops of a long text at which other work may be done; what it gives says what `inspectInput` says. */
  readonly inspectInputInSteps: (texts: Texts, caller?: string) => Generator<void, Settle, void>;
  /** What those that run here say of a text, as probes ask it: nobody else is asked. */
  readonly inspectLocally: (text: string) => Promise<Inspection>;
  /** A whole answer, in the windows a stream of it would be judged in. */
  readonly inspectOutput: (text: string) => Inspection;
  /** Reads an answer from its start on, stretch by stretch: what is found in the window that each of them ends. */
  readonly openAnswer: () => AnswerReader;
}

/** Texts of a request; one that says nothing of who wrote it, as tools and probes give it, is a user's. */
type Texts = readonly (string | RequestText)[];

/** The document with the digest of every safeguard filled in. Failure as `compileChain`. */
export function pinSafeguards(document: Safeguards, registry: Registry): Safeguards {
  const chain = document.chain.map((entry) => ({ ...entry, digest: digestHere(entry, registry) }));
  return { ...document, chain };
}

function digestHere(entry: ChainEntry, registry: Registry): Digest {
  return isRemote(entry) ? checked(entry, digestOfRemote(entry)) : pinned(entry, registry).digest;
}

/** What chains are made from; `remotes`: where safeguards are asked over HTTP. */
export type ChainMeans = Registry & { readonly remotes?: RemoteDesk | undefined };

/** The chains of one document: which one somebody gets depends on the exceptions in it. */
export interface Chains {
  /** Whether there are exceptions. */
  readonly isMixed: boolean;
  /** The same chain for the same modes. Cost: a look at the exceptions; the first one with some modes is put together. */
  readonly for: (whom: JudgedFor) => Chain;
}

/**
 * Failure configuration_invalid for an unknown safeguard or rate, or where one is asked over HTTP and there is nowhere to ask it
 * from; artefact_missing where a digest differs; destination_refused.
 */
export function compileChains(document: Safeguards, means: ChainMeans): Chains {
  const { chain, stream } = document;
  const all = chain.map((entry) => (isRemote(entry) ? judgeOf(entry, means) : linkOf(entry, means)));
  const known = new Map<string, Chain>();
  return {
    isMixed: chain.some(({ except }) => except !== undefined),
    for: (whom) => {
      const modes = modesFor(chain, whom);
      const name = modes.join();
      const compiled = known.get(name) ?? chainOf(all, modes, stream);
      known.set(name, compiled);
      return compiled;
    },
  };
}

/** The chain for one to whom no exception applies, or for another. Fails as `compileChains`. */
export function compileChain(document: Safeguards, means: ChainMeans, whom: JudgedFor = { kind: "caller" }): Chain {
  return compileChains(document, means).for(whom);
}

function chainOf(all: readonly (Link | Judge)[], modes: readonly SafeguardMode[], stream: StreamBounds): Chain {
  const running = all.map((one, at) => ({ ...one, mode: modes[at] ?? one.mode })).filter(({ mode }) => mode !== "off");
  const links = running.filter((one) => "safeguard" in one);
  const judges = judgesOf(running.filter((one) => "remote" in one));
  const readers: Readers = { links, judges, isGuarded: isGuarded(links, "input") || judges?.readAll === true };
  const shape: WindowShape = {
    windowChars: stream.windowChars,
    strideChars: Math.max(strideCharsMin, Math.floor(stream.windowChars / 8)),
  };
  const openAnswer = (): AnswerReader => readerOf(links, shape);
  const outputCharsMax = Math.min(
    ...links.filter(({ mode }) => isInEffect(mode)).map((link) => link.safeguard.maxChars),
  );
  return {
    safeguards: links.map(({ safeguard }) => safeguard),
    placeOf: placesIn(all.map((one) => ("remote" in one ? one.remote.entry : one.entry))),
    modes: modesWord(modes),
    stream,
    shape,
    isSlow: links.some(({ safeguard }) => safeguard.isSlow === true),
    redacts: links.some(isRedacting),
    inspectInput: (texts, caller = "") => allSteps(inspectRequestTexts(readers, texts, caller))(),
    inspectInputInSteps: (texts, caller = "") => inspectRequestTexts(readers, texts, caller),
    inspectLocally: (text) => allSteps(inspectRequestTexts({ ...readers, judges: undefined }, [text], ""))(),
    inspectOutput: (text) => {
      if (text.length > outputCharsMax) return unknown("too-long");
      return joined(readStretches(openAnswer(), { text, ends: windowEnds(text.length, shape), isEnd: true }));
    },
    openAnswer,
  };
}

/** What only flags, or runs in shadow, takes nothing out of an answer. */
function isRedacting({ safeguard, entry, mode }: Link): boolean {
  return safeguard.redacts === true && entry.on.includes("output") && (mode === "block" || mode === "review");
}

const strideCharsMin = 40;

/** One safeguard of the chain with its mode and its thresholds for each side. */
interface Link {
  readonly safeguard: Safeguard;
  readonly entry: LocalEntry;
  readonly mode: SafeguardMode;
  readonly thresholds: Readonly<Record<Surface, Thresholds>>;
}

function judgeOf(entry: RemoteEntry, { remotes }: ChainMeans): Judge {
  checked(entry, digestOfRemote(entry));
  if (remotes !== undefined) return { remote: remotes.open(entry), mode: entry.mode };
  throw new Failure(
    "configuration_invalid",
    `The safeguard ${entry.name} is asked over HTTP, which cannot be done here.`,
  );
}

function linkOf(entry: LocalEntry, registry: Registry): Link {
  const safeguard = pinned(entry, registry);
  const on = (surface: Surface): Thresholds => thresholdsOf(entry, safeguard, surface);
  return { safeguard, entry, mode: entry.mode, thresholds: { input: on("input"), output: on("output") } };
}

/** The safeguard of an entry. Failure configuration_invalid for an unknown one, artefact_missing where its digest differs. */
function pinned(entry: LocalEntry, registry: Registry): Safeguard {
  const safeguard = safeguardOf(entry, registry);
  checked(entry, safeguard.digest);
  const { surfaces } = safeguard;
  if (surfaces === undefined || entry.on.every((surface) => surfaces.includes(surface))) return safeguard;
  throw new Failure(
    "configuration_invalid",
    `The safeguard ${entry.safeguard} stands on ${surfaces.join(" and ")} only.`,
  );
}

function safeguardOf(entry: LocalEntry, registry: Registry): Safeguard {
  if ("patterns" in entry) return exactPatterns(entry.patterns);
  return "rules" in entry ? structure(entry.rules) : registry.get(entry.safeguard);
}

/** The digest of what decides here. Failure artefact_missing where the entry pins another. */
function checked({ safeguard, digest: pin }: ChainEntry, digest: Digest): Digest {
  if (pin === undefined || pin === digest) return digest;
  throw new Failure(
    "artefact_missing",
    `Safeguard ${safeguard} is pinned as ${pin}, but the one here is ${digest}. ` +
      `Restore the pinned weights, or apply the document again without the digest and have it certified.`,
    { detail: { safeguard, pinned: pin, loaded: digest } },
  );
}

/** What reads a request: the links that run here, and, where some are asked over HTTP, those. */
interface Readers {
  readonly links: readonly Link[];
  readonly judges: Judges | undefined;
  /** Whether something in effect reads every request. */
  readonly isGuarded: boolean;
}

function inspectRequestTexts(
  { links, judges, isGuarded: isRead }: Readers,
  texts: Texts,
  caller: string,
): Generator<void, Settle, void> {
  if (!isRead) return unguarded();
  const said = withProvenance(texts);
  return judges === undefined
    ? inspectTexts({ links, caller }, said)
    : inspectJudged({ links, caller, read: [] }, said, judges);
}

// oxlint-disable-next-line require-yield -- the same as what has steps
function* unguarded(): Generator<void, Settle, void> {
  return settled(unknown("not-configured"));
}

function* inspectJudged(
  looking: Looking & { readonly read: ReadText[] },
  texts: readonly RequestText[],
  judges: Judges,
): Generator<void, Settle, void> {
  const local = yield* inspectTexts(looking, texts);
  return judges.judge(local, looking.read, looking.caller);
}

interface Looking {
  readonly links: readonly Link[];
  readonly caller: string;
  /** Takes down what was read, where others are to be asked about it. */
  readonly read?: ReadText[];
}

function* inspectTexts(looking: Looking, texts: readonly RequestText[]): Generator<void, Settle, void> {
  const spoken = texts.filter(({ text }) => text !== "");
  const looks: Settle[] = [];
  let offset = 0;
  let work = 0;
  for (const said of spoken) {
    const { text } = said;
    // Many short texts are a long one, too.
    work += text.length + textWork;
    if (work >= stepWork) {
      yield;
      work = 0;
    }
    looking.read?.push(writtenText(text, offset));
    for (const look of yield* inspectViews(looking, said, offset)) looks.push(movedLater(look, offset));
    offset += text.length + separator.length;
  }
  // Together too: what is harmless in pieces may not be so as a whole.
  if (spoken.length > 1) {
    looks.push(...(yield* inspectViews(looking, joinedText(spoken), 0)));
    looks.push(...inspectConversation(looking, spoken));
  }
  if (spoken.length === 0) looks.push(yield* inspectAll(looking, joinedText([])));
  return together(looks);
}

/** What is found in how the texts of a request follow each other, where a safeguard looks at that. */
function inspectConversation({ links }: Looking, texts: readonly RequestText[]): readonly Settle[] {
  if (!links.some(({ safeguard }) => safeguard.inspectConversation !== undefined)) return none;
  return links.flatMap(({ safeguard, entry, mode }) => {
    const { inspectConversation: inspect } = safeguard;
    if (inspect === undefined || !entry.on.includes("input")) return [];
    try {
      return [settled(inMode(mode, inspect(placed(texts))))];
    } catch {
      return [settled(inMode(mode, unknown("failed", entry)))];
    }
  });
}

const none: readonly Settle[] = [];

function placed(texts: readonly RequestText[]): readonly PlacedText[] {
  let at = 0;
  return texts.map((said) => {
    const one = { ...said, at };
    at += said.text.length + separator.length;
    return one;
  });
}

/** Texts as they stand one after another, which nobody wrote as a whole. */
function joinedText(texts: readonly RequestText[]): InspectedText {
  return { text: textsAlone(texts).join(separator), provenance: undefined };
}

/** A text of a request, or all of them joined. */
interface InspectedText {
  readonly text: string;
  readonly provenance: Provenance | undefined;
}

const separator = "\n\n";
/** Work between two stops, in characters; a text costs something however short it is. */
const stepWork = 16_384;
const textWork = 64;

/**
 * A text as it stands and, where something in it is encoded, as it reads decoded. Detectors do not read as it stands what is
 * read decoded: to them Base64 looks like an attack, whatever it says.
 */
function* inspectViews(looking: Looking, said: InspectedText, offset: number): Generator<void, Settle[], void> {
  const { provenance } = said;
  const { views, isReplaced, isLeft } = yield* decodedViews(said.text);
  const asWritten = isReplaced ? { ...looking, links: looking.links.filter(isForAsWritten) } : looking;
  const looks = isReplaced && asWritten.links.length === 0 ? [] : [yield* inspectAll(asWritten, said)];
  for (const view of views) {
    yield;
    looking.read?.push(decodedText(view, offset));
    looks.push(inSource(yield* inspectAll(looking, { text: view.text, provenance }), view));
  }
  if (isLeft) looks.push(settled(unknown("unscannable")));
  return looks;
}

function isForAsWritten({ safeguard, entry }: Link): boolean {
  return safeguard.readsAsWritten === true && entry.on.includes("input");
}

/** With spans in the text that was decoded. */
function inSource(settle: Settle, { sourceOf }: DecodedView): Settle {
  return async () => inBoth(await settle(), (one) => ({ ...one, span: sourceOf(one.span) }));
}

/** Whether something is in effect on a side: nothing at all is not a pass. */
function isGuarded(links: readonly Link[], surface: Surface): boolean {
  return links.some(({ entry, mode }) => entry.on.includes(surface) && isInEffect(mode));
}

/** Every safeguard that stands on the way in. */
function* inspectAll({ links, caller }: Looking, { text, provenance }: InspectedText): Generator<void, Settle, void> {
  const looks: Settle[] = [];
  for (const link of links) {
    if (!link.entry.on.includes("input")) continue;
    const { inspectWritten } = link.safeguard;
    if (inspectWritten === undefined) looks.push(yield* inspectRequest(link, text, caller));
    else if (provenance !== undefined) looks.push(yield* inspectSaid(link, { text, provenance }, inspectWritten));
  }
  return together(looks);
}

function* inspectSaid(
  { safeguard, entry, mode, thresholds }: Link,
  said: RequestText,
  inspectWritten: NonNullable<Safeguard["inspectWritten"]>,
): Generator<void, Settle, void> {
  if (said.text.length > safeguard.maxChars) return settled(inMode(mode, unknown("too-long", entry)));
  try {
    const found = yield* inspectWritten(said, thresholds.input);
    return settled(inMode(mode, found));
  } catch {
    return settled(inMode(mode, unknown("failed", entry)));
  }
}

function* inspectRequest(link: Link, text: string, caller: string): Generator<void, Settle, void> {
  const { safeguard, entry, mode, thresholds } = link;
  if (text.length > safeguard.maxChars || safeguard.inspectRequest === undefined)
    return settled(inspectOne(link, text, "input"));
  try {
    const settle = yield* safeguard.inspectRequest(text, thresholds.input, caller);
    if (mode === "block") return settle;
    return async () => inMode(mode, await settle().catch(() => unknown("failed", entry)));
  } catch {
    return settled(inMode(mode, unknown("failed", entry)));
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
  if (text.length > link.safeguard.maxChars) return inMode(link.mode, unknown("too-long", link.entry));
  try {
    return inMode(link.mode, link.safeguard.inspect(text, surface, link.thresholds[surface]));
  } catch {
    // Not logged and not passed on: the cause is in the verdict, and the verdict closes.
    return inMode(link.mode, unknown("failed", link.entry));
  }
}

/** All safeguards that stand on the way out. None in effect is not a pass. */
function readerOf(links: readonly Link[], shape: WindowShape): AnswerReader {
  if (!isGuarded(links, "output")) return { read: () => unknown("not-configured") };
  const readers = links.filter((link) => link.entry.on.includes("output")).map((link) => linkReader(link, shape));
  const [only] = readers;
  if (only !== undefined && readers.length === 1) return only;
  return {
    read: (stretch, isEnd) => joined(readers.map((reader) => reader.read(stretch, isEnd))),
    readAll: (text, ends, isEnd) => {
      const found = readers.map((reader) => readStretches(reader, { text, ends, isEnd }));
      return ends.map((_, at) => joined(found.map((inspections) => inspections[at] ?? unknown("failed"))));
    },
  };
}

function linkReader(link: Link, shape: WindowShape): AnswerReader {
  const { safeguard, entry, mode, thresholds } = link;
  if (safeguard.openAnswer === undefined) return windowByWindow(link, shape);
  try {
    return new LinkReader(safeguard.openAnswer(thresholds.output, shape), link);
  } catch {
    return { read: () => inMode(mode, unknown("failed", entry)) };
  }
}

/**
 * One safeguard's reader; what goes wrong in it is not a pass, of that window and of all after it. A class, as thousands of
 * them are there at a time: functions of their own would take as much as what they hold.
 */
class LinkReader implements AnswerReader {
  readonly #link: Link;
  /** Undefined once it has failed. */
  #reader: AnswerReader | undefined;

  constructor(reader: AnswerReader, link: Link) {
    this.#reader = reader;
    this.#link = link;
  }

  read(stretch: string, isEnd: boolean): Inspection {
    try {
      if (this.#reader !== undefined) return inMode(this.#link.mode, this.#reader.read(stretch, isEnd));
    } catch {
      this.#reader = undefined;
    }
    return this.#failed();
  }

  readAll(text: string, ends: readonly number[], isEnd: boolean): readonly Inspection[] {
    try {
      if (this.#reader !== undefined)
        return readStretches(this.#reader, { text, ends, isEnd }).map((look) => inMode(this.#link.mode, look));
    } catch {
      this.#reader = undefined;
    }
    return ends.map(() => this.#failed());
  }

  #failed(): Inspection {
    return inMode(this.#link.mode, unknown("failed", this.#link.entry));
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

function moved(inspection: Inspection, offset: number): Inspection {
  if (offset === 0) return inspection;
  return inBoth(inspection, (one) => ({ ...one, span: [one.span[0] + offset, one.span[1] + offset] }));
}

/** `of`: the entry of the one that could not say anything, where it was one. */
function unknown(cause: UnknownCause, of?: LocalEntry): Look {
  return of === undefined ? { kind: "unknown", cause } : { kind: "unknown", cause, detector: of.safeguard };
}
