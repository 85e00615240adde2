// The attacker's server, asked over HTTP for one message at a time, through the guarded connector. What it says is text for the model
// under evaluation, and nothing else: it is not read for anything.
import { z } from "zod";
import type { Attacker } from "../evidence/attacker/attacker-document.ts";
import { strategyOf } from "../evidence/attacker/strategies.ts";
import { chatHeaders, chatPath } from "../safeguards/remote/chat-question.ts";
import { tokensAbout } from "../safeguards/remote/question.ts";
import { type ServerMeans, jsonOf, openRemoteServer } from "../safeguards/remote/remote-server.ts";
import { Failure } from "../terms/failure.ts";

type Attack =
  | { readonly kind: "said"; readonly text: string; readonly tokens: number | undefined }
  /** It answered nothing that can be sent, or may have been paid without an answer coming. */
  | { readonly kind: "nothing"; readonly why: string };

export interface AttackServer {
  readonly attacker: Attacker;
  /** Of a question and its answer, about. */
  readonly tokensFor: (question: string) => number;
  /** Fails only for what is wrong with the declaration: destination_refused, configuration_invalid. */
  readonly ask: (question: string, seed: number) => Promise<Attack>;
  readonly close: () => Promise<void>;
}

/** Letters of one message that are taken. */
const messageCharsMax = 16_000;

/** Failure destination_refused for an address that is never used. `concurrent`: questions under way at once. */
export function openAttacker(attacker: Attacker, concurrent: number, means: ServerMeans): AttackServer {
  const { rules } = strategyOf[attacker.strategy];
  const how = { ...attacker, sampling: "server" } as const;
  const speaker = { path: chatPath(how), headers: (key: string | undefined) => chatHeaders(how, key) };
  const server = openRemoteServer({ ...attacker, concurrent }, speaker, means);
  return {
    attacker,
    tokensFor: (question) => tokensAbout(rules.length + question.length) + attacker.answerTokens,
    ask: async (question, seed) => {
      try {
        const body = JSON.stringify(bodyOf(attacker, { rules, question: question.toWellFormed(), seed }));
        return said(jsonOf(await server.post(body, { msMax: attacker.timeoutMs })));
      } catch (error) {
        if (error instanceof Failure && error.code.startsWith("upstream_"))
          return { kind: "nothing", why: error.code === "upstream_timeout" ? "it is too slow" : "it does not answer" };
        throw error;
      }
    },
    close: server.close,
  };
}

function bodyOf(
  { dialect, model, answerTokens, temperature }: Attacker,
  { rules, question, seed }: { readonly rules: string; readonly question: string; readonly seed: number },
): object {
  const user = { role: "user", content: question };
  const common = { model, max_tokens: answerTokens, temperature };
  // Messages servers take no seed: with them a run is repeated only as far as they answer alike.
  if (dialect === "anthropic-messages") return { ...common, system: rules, messages: [user] };
  return { ...common, seed, messages: [{ role: "system", content: rules }, user] };
}

const Tokens = z.number().int().min(0).max(1_000_000_000);
const Chat = z.looseObject({
  choices: z.array(z.looseObject({ message: z.looseObject({ content: z.string() }) })).min(1),
  usage: z.looseObject({ prompt_tokens: Tokens, completion_tokens: Tokens }).optional().catch(undefined),
});
const Messages = z.looseObject({
  content: z.array(z.looseObject({ type: z.string(), text: z.string().optional() })),
  usage: z.looseObject({ input_tokens: Tokens, output_tokens: Tokens }).optional().catch(undefined),
});

function said(answer: unknown): Attack {
  const chat = Chat.safeParse(answer).data;
  if (chat !== undefined) {
    const { usage } = chat;
    const tokens = usage === undefined ? undefined : usage.prompt_tokens + usage.completion_tokens;
    return attackOf(chat.choices[0]?.message.content ?? "", tokens);
  }
  const messages = Messages.safeParse(answer).data;
  if (messages === undefined) return { kind: "nothing", why: "what it answers is no answer" };
  const text = messages.content.flatMap((part) => (part.type === "text" ? (part.text ?? "") : [])).join("\n");
  const { usage } = messages;
  return attackOf(text, usage === undefined ? undefined : usage.input_tokens + usage.output_tokens);
}

/** As it is, but for its length: a cut message is one, too. */
function attackOf(text: string, tokens: number | undefined): Attack {
  const message = text.trim().slice(0, messageCharsMax).toWellFormed();
  return message === "" ? { kind: "nothing", why: "it says nothing" } : { kind: "said", text: message, tokens };
}
