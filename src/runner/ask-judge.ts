// A language model as a grader, asked over HTTP: one question at a time for whoever holds it, through the guarded connector. What it
// grades is data between two marks (src/evidence/graders/judge-frame.ts); a verdict that is not exactly one is none. Whether a question
// may have been paid for is told apart from one that never got there: only the latter is asked again.
import { createHmac } from "node:crypto";
import { z } from "zod";
import type { JudgeGrader } from "../evidence/graders/grader-document.ts";
import type { GradedAnswer, GradedItem, GraderVerdict } from "../evidence/graders/grader.ts";
import { judgeFrame, judgeVerdicts } from "../evidence/graders/judge-frame.ts";
import { answeredJson } from "../safeguards/remote/answered-json.ts";
import { chatAnswer, chatBody, chatHeaders, chatPath, filled } from "../safeguards/remote/chat-question.ts";
import { tokensAbout } from "../safeguards/remote/question.ts";
import { type RemoteServer, type ServerMeans, jsonOf, openRemoteServer } from "../safeguards/remote/remote-server.ts";
import { Failure } from "../terms/failure.ts";
import type { UnscoredCause } from "./grade-lines.ts";

export type Judged =
  | { readonly kind: "said"; readonly verdict: GraderVerdict; readonly tokens: number }
  /** It said nothing that counts, and may have been paid for it. */
  | { readonly kind: "unscored"; readonly cause: UnscoredCause; readonly tokens: number }
  /** It was not reached, or would not be asked now. */
  | { readonly kind: "unasked"; readonly why: string };

interface Graded {
  readonly item: GradedItem;
  readonly answer: GradedAnswer;
}

export interface Judge {
  readonly entry: JudgeGrader;
  /** Of the question and its answer, about. */
  readonly tokensFor: (graded: Graded) => number;
  /**
   * The `nth` question about it, each with a mark of its own, so that a model that always says the same of the same words is not asked the
   * same. Fails only for what is wrong with the declaration: destination_refused, configuration_invalid.
   */
  readonly ask: (graded: Graded, nth: number) => Promise<Judged>;
  readonly close: () => Promise<void>;
}

export interface JudgeMeans extends ServerMeans {
  readonly randomBytes: (count: number) => Uint8Array;
}

const markChars = 12;

/** Failure destination_refused for an address that is never used. */
export function openJudge(entry: JudgeGrader, means: JudgeMeans): Judge {
  const secret = means.randomBytes(32);
  const about = (graded: Graded, nth: number): GradingQuestion => questionAbout(graded, entry, { secret, nth });
  const speaker = { path: chatPath(entry), headers: (key: string | undefined) => chatHeaders(entry, key) };
  const server = openRemoteServer(entry, speaker, means);
  return {
    entry,
    tokensFor: (graded) => about(graded, 1).tokens,
    ask: async (graded, nth) => {
      const question = about(graded, nth);
      if (question.chars > entry.charsMax) return { kind: "unscored", cause: "too-long", tokens: 0 };
      return askNow(question, { entry, server });
    },
    close: server.close,
  };
}

interface GradingQuestion {
  readonly mark: string;
  readonly body: object;
  /** Of what is graded. */
  readonly chars: number;
  readonly tokens: number;
}

interface Marking {
  readonly secret: Uint8Array;
  readonly nth: number;
}

function questionAbout({ item, answer }: Graded, entry: JudgeGrader, { secret, nth }: Marking): GradingQuestion {
  const asked = item.messages.map(({ role, content }) => ({ role, content: content.toWellFormed() }));
  const calls = answer.calls.map((call) => ({
    name: call.name.toWellFormed(),
    arguments: call.arguments.toWellFormed(),
  }));
  const data = JSON.stringify({
    asked,
    answered: answer.text.toWellFormed(),
    ...(calls.length === 0 ? {} : { calls }),
  });
  const mark = createHmac("sha256", secret).update(`${nth}\n${data}`).digest("hex").slice(0, markChars);
  const rules = filled(judgeFrame.rules, { mark, rubric: entry.rubric });
  const words = { rules, asked: filled(judgeFrame.data, { mark, graded: data }), schema };
  const tokens = tokensAbout(words.rules.length + words.asked.length) + entry.answerTokens;
  return { mark, body: chatBody(entry, words), chars: data.length, tokens };
}

const schema = {
  type: "object",
  properties: { mark: { type: "string" }, verdict: { type: "string", enum: judgeVerdicts } },
  required: ["mark", "verdict"],
  additionalProperties: false,
} as const;

const Verdict = z.strictObject({ mark: z.string(), verdict: z.enum(judgeVerdicts) });

interface Asked {
  readonly entry: JudgeGrader;
  readonly server: RemoteServer;
}

async function askNow({ mark, body, tokens }: GradingQuestion, { entry, server }: Asked): Promise<Judged> {
  try {
    const reply = await server.post(JSON.stringify(body), { msMax: entry.timeoutMs });
    const said = chatAnswer(entry, jsonOf(reply));
    const verdict = said === undefined ? undefined : Verdict.safeParse(answeredJson(said.text)).data;
    const paid = said?.tokens ?? tokens;
    if (verdict === undefined || verdict.mark !== mark) return { kind: "unscored", cause: "unparsable", tokens: paid };
    if (verdict.verdict === "unsure") return { kind: "unscored", cause: "unsure", tokens: paid };
    return { kind: "said", verdict: verdict.verdict, tokens: paid };
  } catch (error) {
    return outcomeOf(error, tokens);
  }
}

/** What nobody took a request at, and never reached a model. */
const unreached = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH"]);

function outcomeOf(error: unknown, tokens: number): Judged {
  if (!(error instanceof Failure) || !error.code.startsWith("upstream_")) throw error;
  const { why, status, phase } = error.detail;
  if (why === "status") return { kind: "unasked", why: `it answers ${status}` };
  if (phase === "connect") return { kind: "unasked", why: "it takes no connection" };
  if (unreached.has(codeOf(error.cause))) return { kind: "unasked", why: "it cannot be reached" };
  if (error.code === "upstream_timeout") return { kind: "unscored", cause: "timeout", tokens };
  return { kind: "unscored", cause: why === "too_long" || why === "garbage" ? "unparsable" : "failed", tokens };
}

function codeOf(cause: unknown): string {
  return cause instanceof Error && "code" in cause ? String(cause.code) : "";
}
