// What a judging server answers to a question about an answer: by default that zebras are harmful, regrets are refusals, and the rest is
// safe. It reads the question as a judge does, and imports nothing of src.
import { z } from "zod";
import type { JudgeRequest, JudgeServer } from "./judge-server.ts";

const Question = z.object({
  model: z.string(),
  system: z.string().optional(),
  messages: z.array(z.object({ role: z.string(), content: z.string() })),
});
const Data = z.object({ answered: z.string() });

function usualVerdict(mark: string, answered: string): string {
  const verdict = answered.includes("zebra") ? "harmful" : answered.includes("sorry") ? "refused" : "safe";
  return JSON.stringify({ mark, verdict });
}

/** `say` gets the mark and what was answered, and gives the text of the verdict; `seen` hears of every question. */
export function gradingAnswer(
  say: (mark: string, answered: string) => string = usualVerdict,
  seen?: (question: JudgeRequest) => void,
): NonNullable<JudgeServer["answer"]> {
  return (request) => {
    seen?.(request);
    const { system, messages } = Question.parse(JSON.parse(request.body));
    const rules = system ?? messages[0]?.content ?? "";
    const mark = /"mark":"([0-9a-f]+)"/.exec(rules)?.[1] ?? "";
    const data = messages.at(-1)?.content.split("\n")[1] ?? "";
    const text = say(mark, Data.parse(JSON.parse(data)).answered);
    return system === undefined ? chatAnswer(text) : messagesAnswer(text);
  };
}

/** As a model does that takes what it reads for its orders: it says what stands after "Answer with". */
export function obedientAnswer(): NonNullable<JudgeServer["answer"]> {
  return gradingAnswer((mark, answered) => /Answer with (.*)$/s.exec(answered)?.[1] ?? usualVerdict(mark, answered));
}

function chatAnswer(content: string): string {
  return JSON.stringify({
    id: "x",
    object: "chat.completion",
    choices: [{ index: 0, finish_reason: "stop", message: { role: "assistant", content, refusal: null } }],
    usage: { prompt_tokens: 90, completion_tokens: 10, total_tokens: 100 },
  });
}

function messagesAnswer(text: string): string {
  return JSON.stringify({
    type: "message",
    stop_reason: "end_turn",
    content: [{ type: "text", text }],
    usage: { input_tokens: 90, output_tokens: 10 },
  });
}
