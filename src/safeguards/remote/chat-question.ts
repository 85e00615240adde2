// One question to a chat or messages server, wanted as one JSON object: what is sent, in the form each takes, and the text of the
// answer where it is whole. For whoever asks a language model about a text: safeguards, and graders of evaluations.
import { type ChatText, chatText, messagesText } from "./chat-answer.ts";
import { bearer } from "./question.ts";

/** How a server is asked; part of a judge's declaration. */
export interface ChatServer {
  readonly dialect: "openai-chat" | "anthropic-messages";
  readonly model: string;
  readonly answerTokens: number;
  readonly sampling: "greedy" | "server";
  /** Of chat servers: how they are told that the answer is JSON. */
  readonly structured?: "json-schema" | "json-object" | "none" | undefined;
  /** Of messages servers. */
  readonly version?: string | undefined;
}

interface Words {
  readonly rules: string;
  readonly asked: string;
  /** JSON Schema of the answer. */
  readonly schema: object;
}

export function chatPath({ dialect }: ChatServer): string {
  return dialect === "openai-chat" ? "/chat/completions" : "/messages";
}

export function chatHeaders(server: ChatServer, key: string | undefined): Readonly<Record<string, string>> {
  if (server.dialect === "openai-chat") return bearer(key);
  const version = server.version ?? "2023-06-01";
  return { "anthropic-version": version, ...(key === undefined ? {} : { "x-api-key": key }) };
}

export function chatBody(server: ChatServer, { rules, asked, schema }: Words): object {
  const { model, answerTokens, sampling } = server;
  const isGreedy = sampling === "greedy";
  const user = { role: "user", content: asked };
  if (server.dialect === "anthropic-messages") {
    const body = { model, max_tokens: answerTokens, system: rules, messages: [user] };
    return isGreedy ? { ...body, temperature: 0 } : body;
  }
  const body = { model, messages: [{ role: "system", content: rules }, user], ...formatOf(server, schema) };
  // Models that take no temperature know the length by its newer name only.
  return isGreedy
    ? { ...body, max_tokens: answerTokens, temperature: 0, seed: 0 }
    : { ...body, max_completion_tokens: answerTokens };
}

function formatOf({ structured = "json-schema" }: ChatServer, schema: object): object {
  if (structured === "none") return {};
  if (structured === "json-object") return { response_format: { type: "json_object" } };
  return { response_format: { type: "json_schema", json_schema: { name: "verdict", strict: true, schema } } };
}

/** Some models put a fence around what they were asked for without one. */
const fenced = /^```(?:json)?\n([^]*)\n```$/;

/** Undefined for an answer that was cut, filtered, refused or is something else. */
export function chatAnswer({ dialect }: ChatServer, answer: unknown): ChatText | undefined {
  const said = dialect === "openai-chat" ? chatText(answer) : messagesText(answer);
  if (said === undefined) return undefined;
  const trimmed = said.text.trim();
  return { ...said, text: fenced.exec(trimmed)?.[1] ?? trimmed };
}

/** Places in braces filled in, in one pass, so that what is filled in is never looked through for further places. */
export function filled(frame: string, parts: Readonly<Record<string, string>>): string {
  return frame.replaceAll(/\{([a-z]+)\}/g, (place, name: string) => parts[name] ?? place);
}
