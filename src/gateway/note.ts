// What one request came to, gathered on its way and told once, after its answer has ended: what metrics, access log, traces
// and `explain` are made from. Ids, numbers and closed words; there is no place in it for a text, a key or an address.
import type { Outcome } from "../acts/receipt.ts";
import type { Inspection, Look, Surface } from "../terms/finding.ts";
import type { Rates } from "./quota.ts";
import type { Trace } from "./trace-context.ts";
import type { Instant, KeyId, Name, ReceiptId } from "../terms/ids.ts";

/** Where a request went: the formats, and the gateway's own addresses. A closed set: it stands in metrics. */
export type Route =
  | "chat"
  | "responses"
  | "messages"
  | "embeddings"
  | "count"
  | "models"
  | "receipt"
  | "hold"
  | "probe"
  | "file"
  | "none";

/** Where time went, in milliseconds of the clock that only goes forward. */
interface Spans {
  /** From here until the safeguards had read the prompt, waiting for their turn included. */
  input?: { readonly from: number; readonly ms: number };
  /** Until a whole answer was there, or the first event of a stream. */
  upstream?: { readonly from: number; readonly ms: number };
  /** All that the safeguards took for the answer, in pieces where it streamed. */
  outputMs: number;
}

export interface Note {
  readonly at: Instant;
  /** Of the clock that only goes forward. */
  readonly startedMs: number;
  /** Where requests are traced. */
  readonly trace: Trace | undefined;
  route: Route;
  id?: ReceiptId;
  /** Known callers only. */
  key?: KeyId;
  organisation?: Name;
  /** Only models that the fold knows: a name of the caller's choosing has no place here. */
  model?: Name;
  stage?: string;
  isStream?: boolean;
  /** As the receipt says it. */
  outcome?: Outcome;
  /** In observe mode only: what would have become of it in enforce mode, as the receipt says it. */
  would?: Outcome;
  /** What safeguards found on each side, by their mode, each once: `input shadow cyber`. In shadow also what they could not judge. */
  found?: Set<string>;
  /** Stretches of the answer that were replaced. */
  redacted?: number;
  /** What the caller was told, where it was no answer. */
  refusal?: { readonly code: string; readonly reason: string | null };
  /** Prompt and answer. */
  tokens?: readonly [prompt: number, answer: number];
  /** Where the tightest limits stood when it was counted. */
  rates?: Rates;
  /** Times that a model's server was asked. */
  attempts: number;
  readonly spans: Spans;
}

/** A request that has been answered, to its end or until its caller left. */
export interface Answered extends Readonly<Note> {
  readonly status: number;
  readonly ms: number;
  /** Whether all of the answer was handed to the connection. */
  readonly isWhole: boolean;
}

export function beginNote(at: Instant, startedMs: number, trace: Trace | undefined): Note {
  return { at, startedMs, trace, route: "none", attempts: 0, spans: { outputMs: 0 } };
}

/** Notes what an inspection found. An inspection that is unknown stops what it is of, and is told as that; in shadow it is not. */
export function noteFound(note: Pick<Note, "found">, inspection: Inspection, surface: Surface): void {
  if (inspection.kind === "inspected") noteLook(note, inspection, surface);
  const { shadow } = inspection;
  if (shadow?.kind === "inspected") noteLook(note, shadow, surface);
  if (shadow?.kind === "unknown") (note.found ??= new Set()).add(`${surface} shadow unknown`);
}

function noteLook(note: Pick<Note, "found">, { findings }: Look & { kind: "inspected" }, surface: Surface): void {
  for (const { mode = "block", category } of findings) (note.found ??= new Set()).add(`${surface} ${mode} ${category}`);
}
