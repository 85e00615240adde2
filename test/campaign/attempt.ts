// One attempt of the campaign: what is written on the wire, whose secrets stand in it, and the tag by which the upstream's
// record finds it. Tricks change a draft; any number of them can be put on one another.
import type { Chance } from "../fuzz/seeded.ts";
import { type RawRequest, requestBytes } from "./raw-http.ts";

export type FormatName = "chat" | "responses" | "messages" | "count" | "embeddings";
export const formatNames: readonly FormatName[] = ["chat", "responses", "messages", "count", "embeddings"];

export const targets: Readonly<Record<FormatName, string>> = {
  chat: "/v1/chat/completions",
  responses: "/v1/responses",
  messages: "/v1/messages",
  count: "/v1/messages/count_tokens",
  embeddings: "/v1/embeddings",
};

/** A request that tricks may still change. */
export interface Draft {
  readonly tag: string;
  readonly format: FormatName;
  readonly model: string;
  readonly stream: boolean;
  /** Every real secret that stands in the request. */
  secrets: readonly string[];
  request: RawRequest;
  /** Members of the body, where it is still one object; undefined once a trick has made bytes of it. */
  body: Readonly<Record<string, unknown>> | undefined;
  /** Names of the tricks, for the report. */
  tricks: readonly string[];
}

/** One request of an attempt: whoever sees its tag knows who held what. */
export interface Part {
  readonly tag: string;
  readonly secrets: readonly string[];
}

export interface Attempt {
  readonly name: string;
  readonly parts: readonly Part[];
  readonly packets: readonly Uint8Array[];
}

export type Trick = (draft: Draft, chance: Chance) => Draft;

export interface Wanted {
  readonly secret: string | undefined;
  readonly model: string;
  readonly format: FormatName;
  readonly stream: boolean;
  readonly tag: string;
}

export function tagOf(count: number): string {
  return `tag${String(count).padStart(7, "0")}z`;
}

/** A plain, right request. */
export function draftOf({ secret, model, format, stream, tag }: Wanted): Draft {
  const auth = secret === undefined ? [] : [`Authorization: Bearer ${secret}`];
  const headers = ["Host: localhost", ...auth, "Content-Type: application/json", "Connection: close"];
  const body = bodyFor({ model, format, stream, text: `say ${tag}` });
  return {
    tag,
    format,
    model,
    stream,
    secrets: secret === undefined ? [] : [secret],
    request: { method: "POST", target: targets[format], headers, body: Buffer.from(JSON.stringify(body)) },
    body,
    tricks: [],
  };
}

export interface Saying {
  readonly model: unknown;
  readonly format: FormatName;
  readonly stream: boolean;
  readonly text: string;
}

export function bodyFor({ model, format, stream, text }: Saying): Record<string, unknown> {
  const streamed = stream ? { stream: true } : {};
  const messages = [{ role: "user", content: text }];
  switch (format) {
    case "chat":
      return { model, messages, ...streamed };
    case "responses":
      return { model, input: text, store: false, ...streamed };
    case "messages":
      return { model, max_tokens: 64, messages, ...streamed };
    case "count":
      return { model, messages };
    case "embeddings":
      return { model, input: text };
  }
}

/** The draft with another body, as members or as bytes. */
export function withBody(draft: Draft, body: Readonly<Record<string, unknown>> | Uint8Array | string): Draft {
  if (typeof body === "string" || body instanceof Uint8Array) {
    const bytes = typeof body === "string" ? Buffer.from(body) : body;
    return { ...draft, body: undefined, request: { ...draft.request, body: bytes } };
  }
  return { ...draft, body, request: { ...draft.request, body: Buffer.from(JSON.stringify(body)) } };
}

export function withHeaders(draft: Draft, headers: readonly string[]): Draft {
  return { ...draft, request: { ...draft.request, headers: [...draft.request.headers, ...headers] } };
}

export function withoutHeader(draft: Draft, name: string): Draft {
  const headers = draft.request.headers.filter((line) => !line.toLowerCase().startsWith(`${name.toLowerCase()}:`));
  return { ...draft, request: { ...draft.request, headers } };
}

export function attemptOf(draft: Draft): Attempt {
  const name = `${draft.format} ${draft.model} ${draft.tricks.join("+") || "plain"}`;
  return { name, parts: [draft], packets: [requestBytes(draft.request)] };
}
