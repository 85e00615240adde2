// An answer behind its guards: what comes in are a server's events, what goes out are those that may be sent on. Text of one
// kind (text, refusal, reasoning) of a choice passes one guard whatever block it stands in, so that a word split over two
// blocks is seen as one; where one follows the other nothing of it has left by then. The arguments of each tool call pass a
// guard of their own. A finish waits until all before it is cleared.
import { stricter } from "../policy/decide.ts";
import type { Chain } from "../safeguards/chain.ts";
import {
  type GuardStep,
  type StreamGuard,
  answerCharsMax,
  createStreamGuard,
} from "../safeguards/stream/stream-guard.ts";
import { Failure } from "../terms/failure.ts";
import { type Verdict, lets } from "../terms/finding.ts";
import { type AnswerEvent, type Usage, sealPattern } from "../wire/answer.ts";
import type { Exchange } from "./exchange.ts";
import type { Redaction } from "./record.ts";

/** Blocks of one answer, all its choices together. */
const blocksMax = 600;

export interface GuardedAnswer {
  /** What may be sent, of this event and of what was held back before it. Throws `upstream_failed` for events out of order. */
  readonly push: (event: AnswerEvent) => readonly AnswerEvent[];
  /** What may be sent where no more of the answer is taken: every choice that has begun ends for its length. */
  readonly cutShort: () => readonly AnswerEvent[];
  /** Characters that came, sent on or not. */
  readonly taken: () => number;
  /** The verdict that stopped the answer; nothing is pushed after it. */
  readonly stoppedBy: () => Verdict | undefined;
  /** The strictest verdict so far. */
  readonly verdict: () => Verdict;
  /** Where something was taken out of the answer, or stopped it. */
  readonly redaction: () => Redaction | undefined;
  /** What the server counted last. */
  readonly usage: () => Usage | undefined;
}

/** What an answer is guarded by; an exchange is one of these. */
export interface Guarded extends Pick<Exchange, "call" | "judge" | "redacts" | "isHeldBack"> {
  readonly configuration: {
    readonly chain: Chain;
    readonly document: { readonly envelope: { readonly reasoning: boolean } };
  };
}

type Spoken = "text" | "refusal" | "reasoning";

type OpenBlock = { readonly block: number } & (
  | { readonly as: Spoken | "tool"; readonly guard: StreamGuard }
  /** Sealed by its maker; `isShown` where the envelope admits it. */
  | { readonly as: "sealed"; readonly isShown: boolean }
);

interface ChoiceState {
  /** One guard a kind, kept over blocks. */
  readonly guards: Partial<Record<Spoken, StreamGuard>>;
  /** Few: a block of each kind of text, and the calls that are under way. */
  open: readonly OpenBlock[];
  /** Kinds of which text of a block that was closed is still held back. */
  seams?: Partial<Record<Spoken, Seam>> | undefined;
  lastBlock: number;
  hasEnded: boolean;
  /** The last block of reasoning of which something was replaced: a seal is of the whole. */
  unsealed?: number;
}

/** Between blocks of one kind: text is held back over the end of one until the next one has gone on. */
interface Seam {
  readonly guard: StreamGuard;
  /** Whose text comes next out of the guard. */
  block: number;
  /** For each border in the guard what follows there: ends, seals and beginnings of blocks. */
  readonly waiting: AnswerEvent[][];
}

interface Books {
  readonly exchange: Guarded;
  readonly nextToolId: () => string;
  readonly isOneText: boolean;
  /** By their number, undefined where one has not begun. An empty list would make room for many at its first. */
  readonly choices: (ChoiceState | undefined)[];
  out: AnswerEvent[];
  blocks: number;
  /** Characters that came. */
  taken: number;
  /** Of them, and how many stretches were replaced; calls that have ended. */
  checked: number;
  redacted: number;
  usage: Usage | undefined;
  verdict: Verdict;
  stop: Verdict | undefined;
}

/** Ids of tool calls are ours: a server's would be text of its choosing that no safeguard reads. */
export function toolIds({ id }: Pick<Exchange, "id">): () => string {
  let count = 0;
  return () => {
    const at = count;
    count += 1;
    return `call_${id.slice("rcpt_".length)}_${at}`;
  };
}

/**
 * `isOneText`: the caller's format puts the texts of a choice together, whatever stands between them, and takes them whenever
 * they come; so nothing that comes between ends one.
 */
export function guardAnswer(exchange: Guarded, nextToolId: () => string, isOneText = false): GuardedAnswer {
  const books: Books = {
    exchange,
    nextToolId,
    isOneText,
    choices: [undefined],
    out: [],
    blocks: 0,
    taken: 0,
    checked: 0,
    redacted: 0,
    usage: undefined,
    verdict: { kind: "pass" },
    stop: undefined,
  };
  return new AnswerGuard(books);
}

/** A class, as thousands of them are there at a time: methods of their own would take as much as what they hold. */
class AnswerGuard implements GuardedAnswer {
  readonly #books: Books;

  constructor(books: Books) {
    this.#books = books;
  }

  push(event: AnswerEvent): readonly AnswerEvent[] {
    if (this.#books.stop === undefined) take(this.#books, event);
    return this.#out();
  }

  cutShort(): readonly AnswerEvent[] {
    const books = this.#books;
    for (const [choice, state] of books.choices.entries()) {
      if (state?.hasEnded === false && books.stop === undefined)
        take(books, { kind: "finish", choice, ending: { finish: "length" } });
    }
    return this.#out();
  }

  taken(): number {
    return this.#books.taken;
  }

  stoppedBy(): Verdict | undefined {
    return this.#books.stop;
  }

  verdict(): Verdict {
    return this.#books.verdict;
  }

  redaction(): Redaction | undefined {
    const { redacted, stop } = this.#books;
    return redacted === 0 && stop === undefined ? undefined : { redacted, checked: checkedIn(this.#books) };
  }

  usage(): Usage | undefined {
    return this.#books.usage;
  }

  #out(): readonly AnswerEvent[] {
    const { out } = this.#books;
    // Most pieces let nothing go.
    if (out.length > 0) this.#books.out = [];
    return out;
  }
}

function take(books: Books, event: AnswerEvent): void {
  switch (event.kind) {
    case "usage":
      books.usage = event.usage;
      books.out.push(event);
      return;
    // Whether a line is kept alive is our own business.
    case "ping":
      return;
    case "open":
      return openBlock(books, event);
    case "text":
      return takeText(books, event);
    case "seal":
      return takeSeal(books, event);
    case "close":
      return closeBlock(books, event);
    case "finish":
      return finishChoice(books, event);
  }
}

interface Place {
  readonly choice: number;
  readonly block: number;
}

function choiceAt(books: Books, choice: number): ChoiceState {
  if (choice >= books.exchange.call.choices) throw outOfOrder("choice");
  const state = books.choices[choice] ?? { guards: {}, open: [], lastBlock: -1, hasEnded: false };
  books.choices[choice] = state;
  if (state.hasEnded) throw outOfOrder("ended");
  return state;
}

function blockAt(books: Books, { choice, block }: Place): OpenBlock {
  const found = choiceAt(books, choice).open.find((open) => open.block === block);
  if (found === undefined) throw outOfOrder("block");
  return found;
}

function openBlock(books: Books, event: Extract<AnswerEvent, { readonly kind: "open" }>): void {
  const state = choiceAt(books, event.choice);
  if (event.block <= state.lastBlock) throw outOfOrder("block");
  const { block } = event;
  state.lastBlock = block;
  books.blocks += 1;
  if (endsTooLong(books, books.blocks > blocksMax)) return;
  if (endsSeam(books, event, event.as)) return;
  switch (event.as) {
    case "sealed": {
      const isShown = isReasoningAdmitted(books);
      if (!sealPattern.test(event.data)) throw outOfOrder("seal");
      state.open = state.open.concat({ block, as: "sealed", isShown });
      if (isShown) books.out.push(event);
      return;
    }
    case "tool": {
      const name = declaredTool(event.name, books.exchange);
      state.open = state.open.concat({ block, as: "tool", guard: guardText(books.exchange, true) });
      books.out.push({ ...event, id: books.nextToolId(), name });
      return;
    }
    case "text":
    case "refusal":
    case "reasoning":
      openText(books, state, event);
  }
}

function openText(
  books: Books,
  state: ChoiceState,
  event: Extract<AnswerEvent, { readonly kind: "open"; readonly as: Spoken }>,
): void {
  const { block, as } = event;
  if (state.open.some((open) => open.as === as)) throw outOfOrder("block");
  const guard = state.guards[as] ?? guardText(books.exchange, as === "text" && isJsonAsked(books.exchange));
  state.guards[as] = guard;
  state.open = state.open.concat({ block, as, guard });
  (state.seams?.[as]?.waiting.at(-1) ?? books.out).push(event);
}

function checkedIn({ checked, choices }: Books): number {
  let sum = checked;
  for (const state of choices) {
    for (const guard of Object.values(state?.guards ?? {})) sum += guard.checked();
    for (const open of state?.open ?? []) sum += open.as === "tool" ? open.guard.checked() : 0;
  }
  return sum;
}

/** For one text; the bound is of all texts of an answer together. */
export function guardText(exchange: Guarded, isJson = false): StreamGuard {
  const { chain } = exchange.configuration;
  const { isHeldBack } = exchange;
  return createStreamGuard(chain, (inspection) => exchange.judge(inspection, "output"), {
    outputCharsMax: answerCharsMax,
    isHeldBack,
    isJson,
    ...(chain.redacts ? { redacts: exchange.redacts } : {}),
  });
}

/** Whether the caller asked for JSON, so that it has to stay that. */
export function isJsonAsked({ call: { output } }: Guarded): boolean {
  return output !== undefined && output.kind !== "text";
}

function takeText(books: Books, event: Extract<AnswerEvent, { readonly kind: "text" }>): void {
  const block = blockAt(books, event);
  if (block.as === "sealed") throw outOfOrder("sealed");
  books.taken += event.text.length;
  if (endsTooLong(books, books.taken > answerCharsMax)) return;
  if (endsSeam(books, event, block.as)) return;
  release(books, { ...event, as: block.as }, block.guard.push(event.text));
}

function takeSeal(books: Books, event: Extract<AnswerEvent, { readonly kind: "seal" }>): void {
  const block = blockAt(books, event);
  if (block.as !== "reasoning" || !sealPattern.test(event.seal)) throw outOfOrder("seal");
  if (!isReasoningAdmitted(books) || endsSeam(books, event, block.as)) return;
  // The seal waits for the text before it.
  seamUp(books, { ...event, as: block.as, guard: block.guard }, event);
}

function closeBlock(books: Books, { choice, block: at }: Place): void {
  const block = blockAt(books, { choice, block: at });
  if (endsSeam(books, { choice, block: at }, block.as)) return;
  if (block.as === "tool") release(books, { choice, block: at, as: "tool" }, block.guard.finish());
  if (books.stop !== undefined) return;
  const state = choiceAt(books, choice);
  state.open = state.open.filter((open) => open !== block);
  if (block.as === "tool") books.checked += block.guard.checked();
  const close = { kind: "close", choice, block: at } as const;
  if (block.as === "tool") books.out.push(close);
  else if (block.as !== "sealed") seamUp(books, { choice, block: at, as: block.as, guard: block.guard }, close);
  else if (block.isShown) books.out.push(close);
}

function finishChoice(books: Books, event: Extract<AnswerEvent, { readonly kind: "finish" }>): void {
  const state = choiceAt(books, event.choice);
  for (const { block } of state.open) {
    closeBlock(books, { choice: event.choice, block });
    if (books.stop !== undefined) return;
  }
  const place = { choice: event.choice, block: state.lastBlock };
  if (endsSeam(books, place, "finish")) return;
  // Where nothing is held back, nothing waited for the end of the text to be judged.
  if (!books.exchange.isHeldBack)
    for (const as of spoken)
      if (state.guards[as] !== undefined) release(books, { ...place, as }, state.guards[as].finish());
  state.hasEnded = true;
  books.out.push(event);
}

const spoken = ["text", "refusal", "reasoning"] as const satisfies readonly Spoken[];

/** Has `event` follow once all text before it was let go, which may be now. */
function seamUp(
  books: Books,
  { choice, block, as, guard }: Place & { readonly as: Spoken; readonly guard: StreamGuard },
  event: AnswerEvent,
): void {
  const state = choiceAt(books, choice);
  const seam = state.seams?.[as] ?? { guard, block, waiting: [] };
  state.seams = { ...state.seams, [as]: seam };
  seam.waiting.push([event]);
  release(books, { choice, block, as }, guard.border());
}

/** What comes and is not text of its kind ends the text before it. Whether that stopped the answer. */
function endsSeam(books: Books, { choice, block }: Place, by: OpenBlock["as"] | "finish"): boolean {
  const { seams } = choiceAt(books, choice);
  if (seams === undefined) return false;
  for (const as of spoken) {
    const seam = seams[as];
    // Reasoning comes first: its end would wait for that of all other text.
    const goesOn = as === by || (books.isOneText && as !== "reasoning" && by !== "finish");
    if (seam === undefined || goesOn) continue;
    release(books, { choice, block, as }, seam.guard.finish());
    if (books.stop !== undefined) return true;
  }
  return false;
}

/** Sends on what the guard of a kind let go. */
function release(books: Books, { choice, block, as }: Place & { readonly as: Spoken | "tool" }, step: GuardStep): void {
  books.verdict = stricter(books.verdict, step.verdict);
  books.redacted += step.replacements ?? 0;
  const state = choiceAt(books, choice);
  const seam = as === "tool" ? undefined : state.seams?.[as];
  const at = seam?.block ?? block;
  sendOn(books, { choice, block: at }, step.text);
  if (as === "reasoning" && step.changed?.[0] === true) state.unsealed = at;
  if (seam !== undefined) sendBeyond(books, { choice, seam, as }, step);
  if (step.kind === "stop") books.stop = step.verdict;
}

function without(seams: ChoiceState["seams"], seam: Seam): ChoiceState["seams"] {
  const left = Object.entries(seams ?? {}).filter(([, other]) => other !== seam);
  return left.length === 0 ? undefined : Object.fromEntries(left);
}

/** What follows each of the next borders, and the text behind it. */
function sendBeyond(
  books: Books,
  { choice, seam, as }: { readonly choice: number; readonly seam: Seam; readonly as: Spoken | "tool" },
  { beyond = [], changed = [] }: GuardStep,
): void {
  const state = choiceAt(books, choice);
  for (const [at, text] of beyond.entries()) {
    for (const event of seam.waiting.shift() ?? none) {
      if (event.kind !== "seal" || state.unsealed !== event.block) books.out.push(event);
      if (event.kind === "open") seam.block = event.block;
    }
    sendOn(books, { choice, block: seam.block }, text);
    if (as === "reasoning" && changed[at + 1] === true) state.unsealed = seam.block;
  }
  if (seam.waiting.length === 0) state.seams = without(state.seams, seam);
}

const none: readonly never[] = [];

function sendOn(books: Books, { choice, block }: Place, text: string): void {
  // Half a surrogate pair is no text: it could be sent, and not committed to.
  if (text !== "") books.out.push({ kind: "text", choice, block, text: text.toWellFormed() });
}

/** Stops an answer that is too long to be judged, unless it is one that nothing stops. */
function endsTooLong(books: Books, isTooLong: boolean): boolean {
  if (!isTooLong) return false;
  const verdict = books.exchange.judge({ kind: "unknown", cause: "too-long" }, "output");
  books.verdict = stricter(books.verdict, verdict);
  if (lets(verdict)) return false;
  books.stop = verdict;
  return true;
}

function isReasoningAdmitted({ exchange }: Books): boolean {
  return exchange.configuration.document.envelope.reasoning;
}

/** The name of a tool that the caller declared; any other is a failure of the upstream. */
function declaredTool(name: string, { call }: Guarded): string {
  if (call.tools.some((tool) => tool.name === name)) return name;
  throw new Failure("upstream_failed", "", { detail: { why: "undeclared_tool" } });
}

function outOfOrder(what: string): Failure {
  return new Failure("upstream_failed", `The upstream's answer is out of order (${what}).`, {
    detail: { why: "garbage" },
  });
}
