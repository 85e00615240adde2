// The grading part of a run whose grader says afterwards what answers were: judges are asked, from what is on disk, and what they cost
// and failed at is told. People's part is src/cli/eval/grade.ts.
import { type Combined, judgeName } from "../../evidence/graders/combine.ts";
import { judgesOf } from "../../evidence/graders/grader-document.ts";
import type { LoadedItem } from "../../evidence/suite.ts";
import type { Suite } from "../../evidence/suite-document.ts";
import { nodePrimitives, randomBytes } from "../../proof/node.ts";
import { type Judge, openJudge } from "../../runner/ask-judge.ts";
import type { GraderSum } from "../../runner/grade-lines.ts";
import { type GradingProgress, type Waiting, gradeRun, questionsInSitting } from "../../runner/grade-run.ts";
import type { RunFile } from "../../runner/run-file.ts";
import { gradesOf, waitingTries } from "../../runner/settle-grades.ts";
import { type Context, secretsOf } from "../context.ts";
import { serverInWords } from "./suite-servers.ts";

export interface GradingWork {
  readonly suite: Suite;
  readonly items: readonly LoadedItem[];
  readonly file: RunFile;
}

/** Answers that wait for graders, one by one as they are read; the model's own words are in no other place. */
export function* waitingIn({ items, file }: GradingWork): Generator<Waiting, void> {
  const byId = new Map(items.map((item) => [item.id, item]));
  for (const line of file.lines()) {
    if (line.kind !== "result" || line.waits === undefined) continue;
    const item = byId.get(line.item);
    if (item === undefined) continue;
    const { attempt, number, answer, calls = [] } = line;
    const { id, body, expect } = item;
    yield {
      item: id,
      attempt,
      number,
      asked: { id, messages: body.messages, expect },
      answer: { text: line.transcript ?? answer, calls },
    };
  }
}

/** Asks the judges what they were not asked. Why any was left alone is told. */
export async function gradeByJudges(work: GradingWork, context: Context): Promise<void> {
  const entries = judgesOf(work.suite.grader);
  const count = waitingTries(work.file.record).length;
  if (entries.length === 0 || count === 0) return;
  const means = { secrets: secretsOf(context), ownPorts: new Set<number>(), randomBytes };
  const judges = entries.map((entry) => openJudge(entry, means));
  try {
    tellCost(work, judges, context);
    const troubles = await gradeRun(
      { grader: work.suite.grader, judges, waiting: () => waitingIn(work), count },
      {
        book: work.file.record.grades,
        write: work.file.write,
        progress: progressLine(context),
        now: context.now,
        wait: context.wait,
        signal: context.signal,
      },
    );
    for (const [by, why] of troubles) context.tell(`${by} was left alone: ${why}.\n`);
    for (const line of sumsInWords(work.file.record.grades.sums())) context.tell(`${line}\n`);
  } finally {
    await Promise.all(judges.map(async (judge) => judge.close()));
  }
}

/** Before anything is paid for: how many questions, about how many tokens, and where it ends at the latest. */
function tellCost(work: GradingWork, judges: readonly Judge[], { tell }: Context): void {
  const { grades } = work.file.record;
  for (const [at, judge] of judges.entries()) {
    const { name, model, budget } = judge.entry;
    const by = judgeName(judge.entry);
    let [questions, tokens] = [0, 0];
    for (const waits of waitingIn(work)) {
      if (!grades.isToAsk(waits, by)) continue;
      questions += 1;
      tokens += judge.tokensFor({ item: waits.asked, answer: waits.answer });
    }
    if (questions === 0) continue;
    const most = Object.entries(budget ?? {}).map(([what, max]) => `${max} ${what}`);
    const cap = most.length === 0 ? "no budget is set" : `at most ${most.join(" and ")} in all sittings`;
    const when = at === 2 ? ", where the first two differ" : "";
    const where = serverInWords(judge.entry);
    tell(
      `Grading by ${name} (${model} at ${where})${when}: up to ${questions} questions, about ${tokens} tokens, up to ${questionsInSitting} times that where it says nothing usable; ${cap}.\n`,
    );
  }
}

const watchedMs = 100;
const unwatchedMs = 5_000;

export function progressLine({ now, tell, isWatched }: Context): (progress: GradingProgress) => void {
  let last = 0;
  const startMs = now();
  let made = 0;
  return ({ by, done, total, tokens }) => {
    made += 1;
    const at = now();
    if (at - last < (isWatched ? watchedMs : unwatchedMs)) return;
    last = at;
    const rate = made / Math.max(0.001, (at - startMs) / 1000);
    const start = isWatched ? "\r\u001b[K" : "";
    tell(`${start}${by} ${done}/${total}  ${rate.toFixed(1)}/s in all  ${tokens} tokens${isWatched ? "" : "\n"}`);
  };
}

/** What each grader said, and of how many it said nothing and why. */
export function sumsInWords(sums: readonly GraderSum[]): readonly string[] {
  return sums.map(({ by, verdicts, causes, questions, tokens }) => {
    const { harmful, safe, refused, unscored } = verdicts;
    const all = harmful + safe + refused + unscored;
    const why = Object.entries(causes).map(([cause, count]) => `${cause} ${count}`);
    const none = unscored === 0 ? "" : `, no verdict on ${unscored}${why.length === 0 ? "" : ` (${why.join(", ")})`}`;
    const never = all > 0 && unscored === all ? "; it has said nothing at all" : "";
    const cost = questions === 0 ? "" : `; ${questions} questions, ${tokens} tokens`;
    return `${by}: harmful ${harmful}, safe ${safe}, refused ${refused}${none}${never}${cost}`;
  });
}

/** `again`: a judge has said nothing usable so far, and may be asked again. */
type Ask = Extract<Combined, { kind: "open" }>["ask"] | "again";

/** Answers that somebody is still to say something of, by who. */
export function openGrades({ suite, file }: GradingWork): ReadonlyMap<Ask, number> {
  const grades = gradesOf(suite, file.record, nodePrimitives);
  const open = new Map<Ask, number>();
  if (grades === undefined) return open;
  const judges = judgesOf(suite.grader).map((judge) => judgeName(judge));
  for (const tried of waitingTries(file.record)) {
    const combined = grades.combined(tried);
    if (combined.kind === "verdict" && combined.verdict !== "unscored") continue;
    const isAgain = judges.some((by) => file.record.grades.mayAskAgain(tried, by));
    const ask = isAgain ? "again" : combined.kind === "open" ? combined.ask : undefined;
    if (ask !== undefined) open.set(ask, (open.get(ask) ?? 0) + 1);
  }
  return open;
}

const asks = {
  again: "a judge that has said nothing usable so far",
  judges: "a judge",
  "tie-break": "the third judge",
  person: "a person",
  "second-person": "a second person",
  "third-person": "a third person",
} as const satisfies Record<Ask, string>;

export function openInWords(open: ReadonlyMap<Ask, number>): string {
  return [...open].map(([ask, count]) => `${count} for ${asks[ask]}`).join(", ");
}
