// A whole answer: asked of the model, every text in it judged in the windows a stream of it would be judged in, and sent
// with the texts that were let through. A choice that was not ends as the format says a refusal ends: content_filter.
import { stricter } from "../policy/decide.ts";
import { type Verdict, lets } from "../terms/finding.ts";
import { type ChatCompletion, completionTexts } from "../upstream/chat.ts";
import type { AnswerParts, Whole } from "./answer.ts";
import { type Exchange, type Recording, blocked, recordEnding, verdictWord } from "./exchange.ts";
import { toolCallsOf, usageOf } from "./wire.ts";

type Choice = ChatCompletion["choices"][number];

export async function wholeAnswer(parts: AnswerParts): Promise<Whole> {
  const { exchange, recording } = parts;
  const completion = await exchange.configuration.upstream.complete(exchange.body, exchange.signal);
  exchange.mustGoOn();
  const verdicts = completion.choices.map((choice) => judgeChoice(choice, completion, exchange));
  const output = verdicts.reduce(stricter, { kind: "pass" });
  if (output.kind === "unknown") throw blocked(output);
  const choices = completion.choices.map((choice, at) => sentChoice(choice, verdicts[at], exchange));
  const usage = usageOf(exchange, completion.usage ?? undefined, textOf(completion));
  const isBlocked = !lets(output);
  const receipt = await recordEnding(
    exchange,
    {
      outcome: isBlocked ? "blocked" : "served",
      why: isBlocked ? "policy_blocked" : null,
      input: parts.input,
      output: verdictWord(output),
      answer: JSON.stringify(choices),
      tokens: [usage.prompt_tokens, usage.completion_tokens],
    },
    recording,
  );
  const head = { id: `chatcmpl-${exchange.id}`, object: "chat.completion", created: createdAt(recording) };
  return { kind: "whole", exchange, receipt, completion: { ...head, model: exchange.model, choices, usage } };
}

function createdAt({ gateway }: Recording): number {
  return Math.floor(gateway.clock.now() / 1000);
}

function textOf(completion: ChatCompletion): string {
  return completionTexts(completion)
    .map(({ text }) => text)
    .join("\n");
}

function judgeChoice(choice: Choice, completion: ChatCompletion, exchange: Exchange): Verdict {
  const texts = completionTexts({ ...completion, choices: [choice] });
  return texts
    .map(({ text }) => exchange.judge(exchange.configuration.chain.inspectOutput(text), "output"))
    .reduce(stricter, { kind: "pass" });
}

function sentChoice(choice: Choice, verdict: Verdict | undefined, exchange: Exchange): object {
  const { index, message } = choice;
  if (verdict === undefined || !lets(verdict)) {
    return {
      index,
      message: { role: "assistant", content: "", refusal: null },
      logprobs: null,
      finish_reason: "content_filter",
    };
  }
  const { content, refusal, reasoning_content: reasoning } = message;
  const calls = toolCallsOf(message.tool_calls ?? [], exchange);
  return {
    index,
    message: {
      role: "assistant",
      content: content ?? null,
      refusal: refusal ?? null,
      ...(reasoning === undefined || reasoning === null ? {} : { reasoning_content: reasoning }),
      ...(calls.length === 0 ? {} : { tool_calls: calls }),
    },
    logprobs: null,
    finish_reason: choice.finish_reason,
  };
}
