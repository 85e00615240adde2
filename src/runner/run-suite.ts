// A suite through the front door: every item as often as the permit says, some at a time, each intent and each result on
// disk before the next step. What was answered before is not asked again; what was left without an answer is, until the
// permit ends; and whatever stays without one is unknown, never forgotten.
import { itemHeader, itemLeaf, itemProof } from "../acts/item-proof.ts";
import { type OpenedReceipt, openReceipt } from "../acts/receipt.ts";
import type { Permit } from "../acts/bodies.ts";
import type { GradedItem, Grader } from "../evidence/graders/grader.ts";
import { type Answer, outcomeAfter, outcomeBefore } from "../evidence/sample.ts";
import type { Primitives } from "../proof/primitives.ts";
import { Failure } from "../terms/failure.ts";
import { type Instant, type PublicKey, instantOf, timestampOf } from "../terms/ids.ts";
import type { FailureKind, TrialOutcome } from "../terms/trial.ts";
import { type Exchange, exchange } from "./exchange.ts";
import { type Result, type RunFile, placeOf, settledPlaces } from "./run-file.ts";

export interface RunItem {
  readonly id: string;
  /** The independent unit that the item belongs to: what a bound counts. */
  readonly cluster: string;
  /** The exact request body without `model`: the leaf that the permit's root commits to. */
  readonly body: Readonly<Record<string, unknown>>;
  /** What was asked, as graders see it. */
  readonly asked: GradedItem;
}

export interface RunPlan {
  readonly permit: Permit;
  readonly secret: string;
  readonly dataPlane: string;
  readonly items: readonly RunItem[];
  /** What the suite's measure counts as a failure. */
  readonly failure: FailureKind;
  /** Undefined where models or people grade what is on disk afterwards. */
  readonly grader: Grader | undefined;
  /** Gateways of the trust root: a receipt by any other key is none. */
  readonly gateways: readonly PublicKey[];
  /** Requests on their way at one time. */
  readonly concurrency: number;
}

export interface Progress {
  readonly done: number;
  readonly total: number;
  readonly outcome: TrialOutcome;
  readonly cluster: string;
}

export interface RunPorts {
  readonly file: RunFile;
  readonly progress: (progress: Progress) => void;
  readonly now: () => Instant;
  readonly wait: (ms: number) => Promise<void>;
  /** Once aborted, nothing more is asked. */
  readonly signal?: AbortSignal | undefined;
  readonly primitives: Primitives;
}

/** Tries of one attempt in one sitting; `--resume` gives as many again, up to the gateway's own limit. */
export const triesMax = 3;
/** How long a closed gateway is waited for, since it last said anything else, by each of those that ask at one time. */
export const closedMsMax = 60_000;
const closedWaitMsMin = 500;
const closedWaitMsMax = 5_000;
/** A suite's answer that takes longer is no answer. */
const requestMsMax = 180_000;

interface Task {
  readonly item: RunItem;
  readonly index: number;
  readonly attempt: number;
  /** Tries that were begun before. */
  readonly begun: number;
}

/** Every result on record after this sitting, earlier ones included. */
export async function runSuite(plan: RunPlan, ports: RunPorts): Promise<readonly Result[]> {
  const results: Result[] = [...ports.file.record.results];
  const tasks = openTasks(plan, ports.file);
  const total = plan.items.length * plan.permit.attempts;
  let done = total - tasks.length;
  const leaves = plan.items.map(({ body }) => itemLeaf(body, ports.primitives));
  const queue = tasks.values();
  let isStopped = false;
  const worker = async (): Promise<void> => {
    const patience = { closedMs: 0 };
    for (const task of queue) {
      if (isStopped || ports.signal?.aborted === true) return;
      const tries = await work(task, { plan, ports, leaves, patience });
      results.push(...tries);
      done += 1;
      const outcome = tries.at(-1)?.outcome ?? "errored";
      ports.progress({ done, total, outcome, cluster: task.item.cluster });
    }
  };
  const stopping = async (): Promise<void> => {
    try {
      await worker();
    } catch (error) {
      isStopped = true;
      throw error;
    }
  };
  // Whoever called closes the file: nothing may still be writing to it when this ends, however it ends.
  const ended = await Promise.allSettled(Array.from({ length: plan.concurrency }, stopping));
  for (const one of ended) if (one.status === "rejected") throw one.reason;
  return results;
}

/** Attempts that there is something to ask about. */
function openTasks(plan: RunPlan, file: RunFile): readonly Task[] {
  const { results, intents } = file.record;
  const settled = settledPlaces(results);
  const begun = Map.groupBy(intents, (intent) => placeOf(intent));
  const tasks: Task[] = [];
  for (const [index, item] of plan.items.entries()) {
    for (let attempt = 1; attempt <= plan.permit.attempts; attempt++) {
      const place = placeOf({ item: item.id, attempt });
      if (!settled.has(place)) tasks.push({ item, index, attempt, begun: begun.get(place)?.length ?? 0 });
    }
  }
  return tasks;
}

interface Around {
  readonly plan: RunPlan;
  readonly ports: RunPorts;
  readonly leaves: readonly Uint8Array[];
  /** For how long this one has waited before a closed gateway. */
  readonly patience: { closedMs: number };
}

async function work(task: Task, around: Around): Promise<readonly Result[]> {
  const { ports, patience } = around;
  const tries: Result[] = [];
  for (let counted = 0; counted < triesMax;) {
    if (isOver(around)) return tries;
    const { result, retryAfterMs } = await tryOnce(task, task.begun + tries.length + 1, around);
    tries.push(result);
    if (!isClosed(result)) patience.closedMs = 0;
    if (result.outcome !== "errored" || retryAfterMs === null) return tries;
    const closedMs = isClosed(result) ? closedWaitMs(retryAfterMs, patience) : null;
    patience.closedMs += closedMs ?? 0;
    if (closedMs === null) counted += 1;
    if (counted < triesMax) await ports.wait(closedMs ?? retryAfterMs * 2 ** (counted - 1));
  }
  return tries;
}

function isOver({ plan, ports }: Around): boolean {
  return ports.signal?.aborted === true || ports.now() >= instantOf(plan.permit.notAfter);
}

function isClosed({ code, receipt }: Result): boolean {
  return code === "gateway_closed" && receipt === null;
}

/** As long as it has been closed already, within bounds, so that a lapse of moments costs moments; null where it was long enough. */
function closedWaitMs(retryAfterMs: number, { closedMs }: Around["patience"]): number | null {
  if (closedMs >= closedMsMax) return null;
  return Math.min(Math.max(retryAfterMs, closedMs, closedWaitMsMin), closedWaitMsMax);
}

interface Tried {
  readonly result: Result;
  readonly retryAfterMs: number | null;
}

async function tryOnce(task: Task, number: number, { plan, ports, leaves }: Around): Promise<Tried> {
  const { item, attempt, index } = task;
  const place = { item: item.id, attempt, number };
  ports.file.write({ kind: "intent", ...place, at: timestampOf(ports.now()) });
  const answer = await exchange({
    url: `${plan.dataPlane.replace(/\/+$/, "")}/v1/chat/completions`,
    secret: plan.secret,
    body: { model: plan.permit.model, ...item.body },
    headers: { [itemHeader]: itemProof(leaves, index, ports.primitives) },
    msMax: requestMsMax,
  });
  const receipt = await receiptOf(answer.receipt, plan, ports.primitives);
  const { outcome, waits } = await gradeOf(item, seenOf(answer, receipt), plan);
  const result: Result = {
    kind: "result",
    ...place,
    at: timestampOf(ports.now()),
    outcome,
    receipt: answer.receipt,
    receiptId: receipt?.receipt.id ?? null,
    status: answer.status,
    code: answer.code,
    reason: answer.reason,
    answer: answer.answer,
    ...(answer.calls.length === 0 ? {} : { calls: [...answer.calls] }),
    ...(waits === undefined ? {} : { waits }),
  };
  ports.file.write(result);
  return { result, retryAfterMs: answer.retryAfterMs };
}

function seenOf(answer: Exchange, receipt: OpenedReceipt | null): Answer {
  const { status, code, finish, answer: text, calls } = answer;
  return { status, code, finishReason: finish, text, calls, receipt: receipt?.receipt ?? null };
}

async function gradeOf(
  { asked }: RunItem,
  answer: Answer,
  { failure, grader }: RunPlan,
): Promise<Pick<Result, "outcome" | "waits">> {
  const before = outcomeBefore(answer);
  if (typeof before === "string") return { outcome: before };
  const { isCut } = before;
  if (grader === undefined) return { outcome: "unscored", waits: isCut ? "cut" : "whole" };
  return { outcome: outcomeAfter(await grader.grade({ item: asked, answer }), { failure, isCut }) };
}

/** A receipt of a gateway of ours for this permit; anything else is no receipt, and what came with it no answer. */
async function receiptOf(text: string | null, plan: RunPlan, primitives: Primitives): Promise<OpenedReceipt | null> {
  if (text === null) return null;
  try {
    const opened = await openReceipt(text, primitives);
    const isOurs = plan.gateways.includes(opened.gateway) && opened.receipt.under === plan.permit.permit;
    return isOurs ? opened : null;
  } catch (error) {
    if (error instanceof Failure) return null;
    throw error;
  }
}
