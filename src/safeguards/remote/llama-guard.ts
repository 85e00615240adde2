// A classifier that answers as Llama Guard does: `safe`, or `unsafe` and, on the next line, the codes of its categories. The
// server puts the texts into the model's own template. Every code has to stand in the declared table.
import type { LlamaGuardEntry } from "./remote-document.ts";
import { chatText } from "./chat-answer.ts";
import { type RemoteAnswer, type RemoteFinding, type Speaker, bearer, tokensAbout } from "./question.ts";

const answerTokens = 64;
const unsafe = /^unsafe\n([A-Za-z0-9]{1,16}(?:, ?[A-Za-z0-9]{1,16}){0,31})$/;

export function llamaGuardSpeaker(entry: LlamaGuardEntry): Speaker {
  return {
    path: "/chat/completions",
    headers: bearer,
    question: (texts) => {
      const content = texts.map(({ text }) => text).join("\n\n");
      const { model } = entry;
      const messages = [{ role: "user", content }];
      return {
        body: { model, max_tokens: answerTokens, temperature: 0, seed: 0, messages },
        tokens: tokensAbout(content.length) + answerTokens,
        read: (answer) => {
          const said = chatText(answer);
          const findings = said === undefined ? undefined : findingsIn(said.text.trim(), entry);
          return findings === undefined ? undefined : ({ findings, tokens: said?.tokens } satisfies RemoteAnswer);
        },
      };
    },
  };
}

/** Undefined for anything but the two forms, and for a code that the table does not know. */
function findingsIn(text: string, { table, band }: LlamaGuardEntry): readonly RemoteFinding[] | undefined {
  if (text === "safe") return [];
  const codes = unsafe.exec(text)?.[1]?.split(/, ?/);
  if (codes === undefined) return undefined;
  const findings: RemoteFinding[] = [];
  for (const code of codes) {
    const row = table.find(({ theirs }) => theirs === code);
    if (row === undefined) return undefined;
    if (row.ours !== "none") findings.push({ category: row.ours, score: 1, band });
  }
  return findings;
}
