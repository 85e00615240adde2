// A caller of the data plane, as any program would be: plain HTTP with a key. Whole answers, refusals, and streams piece
// by piece with the time each came.
import { z } from "zod";

export interface Door {
  readonly dataPlane: string;
  readonly secret: string;
}

export type ChatBody = Readonly<Record<string, unknown>>;

/** What came back: an answer, or the refusal in the gateway's own words. */
export interface Reply {
  /** 0 where nothing came back at all. */
  readonly status: number;
  readonly text: string;
  readonly code: string | null;
  readonly reason: string | null;
  readonly message: string;
  readonly id: string | null;
  /** Self-contained receipt, where the header carried one. */
  readonly receipt: string | null;
}

export type Piece =
  | { readonly kind: "text"; readonly text: string; readonly atMs: number }
  | { readonly kind: "receipt"; readonly receipt: string; readonly atMs: number }
  | { readonly kind: "end"; readonly finish: string; readonly atMs: number };

const answerMsMax = 120_000;

const Whole = z.object({
  choices: z.array(z.object({ message: z.object({ content: z.string().nullish() }) })).min(1),
});
const Refused = z.object({
  error: z.object({
    code: z.string(),
    reason: z.string().nullish(),
    message: z.string(),
    id: z.string().nullish(),
  }),
});
const Chunk = z.object({
  choices: z.array(
    z.object({ delta: z.object({ content: z.string().nullish() }), finish_reason: z.string().nullish() }),
  ),
});

export async function ask(door: Door, body: ChatBody, headers: Readonly<Record<string, string>> = {}): Promise<Reply> {
  const response = await send(door, body, headers);
  return replyOf(response, await response.text());
}

async function send(door: Door, body: ChatBody, headers: Readonly<Record<string, string>>): Promise<Response> {
  return fetch(`${door.dataPlane}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${door.secret}`, ...headers },
    body: JSON.stringify(body),
    redirect: "error",
    signal: AbortSignal.timeout(answerMsMax),
  });
}

function replyOf(response: Response, text: string): Reply {
  const value = jsonOf(text);
  const receipt = response.headers.get("x-headgate-receipt");
  const id = response.headers.get("x-request-id");
  const refused = Refused.safeParse(value).data?.error;
  if (refused !== undefined) {
    const { code, message, reason } = refused;
    return { status: response.status, text: "", code, reason: reason ?? null, message, id: refused.id ?? id, receipt };
  }
  const content = Whole.safeParse(value).data?.choices[0]?.message.content ?? "";
  return { status: response.status, text: content, code: null, reason: null, message: "", id, receipt };
}

export interface Stream {
  /** The refusal, where there is no stream; `pieces` is empty then. */
  readonly refused: Reply | undefined;
  readonly pieces: AsyncGenerator<Piece, void, void>;
}

/** Begins a stream; resolves with its head. Leaving the loop over `pieces` closes the connection. */
export async function askStream(door: Door, body: ChatBody): Promise<Stream> {
  const response = await send(door, { ...body, stream: true }, {});
  if (!response.ok) return { refused: replyOf(response, await response.text()), pieces: piecesOf(null) };
  return { refused: undefined, pieces: piecesOf(response.body) };
}

async function* piecesOf(body: AsyncIterable<Uint8Array> | null): AsyncGenerator<Piece, void, void> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const part of body ?? []) {
    rest += decoder.decode(part, { stream: true });
    const events = rest.split("\n\n");
    rest = events.pop() ?? "";
    for (const event of events) yield* eventPieces(event);
  }
}

const receiptComment = ": x-headgate-receipt ";

function* eventPieces(event: string): Generator<Piece, void, void> {
  const atMs = performance.now();
  if (event.startsWith(receiptComment)) {
    yield { kind: "receipt", receipt: event.slice(receiptComment.length).trim(), atMs };
    return;
  }
  if (!event.startsWith("data: ")) return;
  const choice = Chunk.safeParse(jsonOf(event.slice("data: ".length))).data?.choices[0];
  if (choice === undefined) return;
  const text = choice.delta.content ?? "";
  if (text !== "") yield { kind: "text", text, atMs };
  if (typeof choice.finish_reason === "string") yield { kind: "end", finish: choice.finish_reason, atMs };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
