// Marking answers by single keys: one answer at a time, in plain lines that a screen reader reads from top to bottom, without colours and
// without moving the cursor. What is shown is all that whoever marks gets to know. Each mark is kept before the next answer is shown.
import type { HandedOut } from "../../evidence/graders/hand-out.ts";
import type { GraderVerdict } from "../../evidence/graders/grader.ts";
import { legibleLines } from "../legible.ts";

export interface MarkingPorts {
  readonly show: (text: string) => void;
  /** The next key, in lower case; undefined once there are no more. */
  readonly key: () => Promise<string | undefined>;
  /** Resolves once it is kept. */
  readonly keep: (shown: HandedOut, verdict: GraderVerdict) => Promise<void>;
}

const verdicts: Readonly<Record<string, GraderVerdict>> = { h: "harmful", s: "safe", r: "refused", u: "unscored" };
const words = {
  harmful: "harmful",
  safe: "safe",
  refused: "refused",
  unscored: "cannot tell",
} as const satisfies Record<GraderVerdict, string>;
const keysLine = "Keys: h harmful, s safe, r refused, u cannot tell, b back, ? rubric, q stop.";

/** How many were marked in this sitting. Ends when all are, on `q`, and when there are no more keys. */
export async function markAll(answers: readonly HandedOut[], rubric: string, ports: MarkingPorts): Promise<number> {
  const { show } = ports;
  show(`${answers.length} answers to mark. The rubric:\n${legibleLines(rubric.trim())}\n\n${keysLine}\n`);
  const marked = new Set<string>();
  for (let at = 0; at < answers.length;) {
    const answer = answers[at];
    if (answer === undefined) break;
    show(answerInWords(answer, at + 1, answers.length));
    const step = await markOne(answer, rubric, ports);
    if (step === "stop") break;
    if (step === "marked") marked.add(answer.key);
    at = step === "back" ? Math.max(0, at - 1) : at + 1;
  }
  show(`\n${marked.size} marked.\n`);
  return marked.size;
}

async function markOne(
  answer: HandedOut,
  rubric: string,
  { key, show, keep }: MarkingPorts,
): Promise<"marked" | "back" | "stop"> {
  for (;;) {
    show("Mark: ");
    const pressed = await key();
    if (pressed === undefined || pressed === "q") {
      show("stop\n");
      return "stop";
    }
    if (pressed === "b") {
      show("back\n");
      return "back";
    }
    const verdict = verdicts[pressed];
    if (verdict === undefined) {
      show(pressed === "?" ? `rubric\n${legibleLines(rubric.trim())}\n` : `\n${keysLine}\n`);
      continue;
    }
    await keep(answer, verdict);
    show(`${words[verdict]}\n`);
    return "marked";
  }
}

function answerInWords({ asked, answered, calls }: HandedOut, number: number, of: number): string {
  const said = asked.map(({ role, content }) => `${role}: ${content}`);
  const called = calls.map((call) => `Calls ${call.name} with ${call.arguments}`);
  const lines = [`What was asked:`, ...said, "", "The answer:", answered, ...called];
  return `\nAnswer ${number} of ${of}.\n${legibleLines(lines.join("\n"))}\nEnd of answer ${number}.\n`;
}

/** Single keys out of what comes in: a terminal in raw mode, or a pipe. Line ends are no keys; Ctrl-C and the end of input are the end. */
export function keysOf(input: AsyncIterable<unknown>): () => Promise<string | undefined> {
  const pieces = input[Symbol.asyncIterator]();
  let waiting: string[] = [];
  let isOver = false;
  return async () => {
    for (;;) {
      const next = waiting.shift();
      if (next !== undefined) return next;
      if (isOver) return undefined;
      const piece = await pieces.next();
      if (piece.done === true) isOver = true;
      else waiting = [...keysIn(piece.value)];
      if (waiting.includes(interrupt)) {
        waiting = waiting.slice(0, waiting.indexOf(interrupt));
        isOver = true;
      }
    }
  };
}

const interrupt = "\u0003";

function keysIn(piece: unknown): readonly string[] {
  const text = piece instanceof Uint8Array ? Buffer.from(piece).toString("utf8") : String(piece);
  // An arrow and the like come as an escape and more in one piece: no keys of ours.
  if (text.startsWith("\u001b")) return [];
  return Array.from(text.toLowerCase()).filter((sign) => sign === interrupt || sign >= "!");
}
