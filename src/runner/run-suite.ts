// A suite through the front door: every item as often as the permit says, some at a time, each intent and each result on
// disk before the next step. What was answered before is not asked again; what was left without an answer is, until the
// permit ends; and whatever stays without one is unknown, never forgotten.
import { itemHeader, itemLeaf, itemNamedIn, itemProofIn } from "../acts/item-proof.ts";
import { type OpenedReceipt, openReceipt } from "../acts/receipt.ts";
import type { Permit } from "../acts/bodies.ts";
import type { GradedItem, Grader } from "../evidence/graders/grader.ts";
import { type Answer, outcomeAfter, outcomeBefore } from "../evidence/sample.ts";
import { type ProvingTree, provingTree } from "../proof/merkle.ts";
import type { Primitives } from "../proof/primitives.ts";
import { Failure } from "../terms/failure.ts";
import { type Instant, type PublicKey, instantOf, timestampOf } from "../terms/ids.ts";
import type { FailureKind, TrialOutcome } from "../terms/trial.ts";
import type { Budget } from "./budget.ts";
import { type Sent, converse } from "./conversation.ts";
import { type Ask, type Exchange, exchange } from "./exchange.ts";
import type { RunFile } from "./run-file.ts";
import { type Result, type Turn, placeOf } from "./run-lines.ts";
import { settledPlaces } from "./run-record.ts";
import type { Script } from "./script.ts";

export interface RunItem {
  readonly id: string;
  /** The independent unit that the item belongs to: what a bound counts. */
  readonly cluster: string;
  /** The exact request body without `model`: the leaf that the permit's root commits to. */
  readonly body: Readonly<Record<string, unknown>>;
  /** What was asked, as graders see it. */
  readonly asked: GradedItem;
  /** Where an attempt takes several requests: what writes them; the leaf is then of the item, and not of each body. */
  readonly script?: Script | undefined;
  readonly leaf?: Uint8Array | undefined;
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
  /** Places of the items in the order that they are asked in; as they stand where it is not said. */
  readonly order?: readonly number[] | undefined;
  /** How often something may be tried again, so that all tries can be sealed; no bound where it is not said. */
  readonly triesLeft?: number | undefined;
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
  /** Asked before a cluster is begun: whether what came of the others is enough, so that no further one is. */
  readonly isEnough?: (() => boolean) | undefined;
  /** What this sitting may cost; no bound where it is not said. */
  readonly budget?: Budget | undefined;
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

/** Asks what there is to ask. What came of it stands in the file, and in its record, earlier sittings included. */
export async function runSuite(plan: RunPlan, ports: RunPorts): Promise<void> {
  const tasks = openTasks(plan, ports.file);
  const total = (plan.order ?? plan.items).length * plan.permit.attempts;
  let done = total - tasks.length;
  const leaves = plan.items.map(({ body, leaf }) => leaf ?? itemLeaf(body, ports.primitives));
  const tree = provingTree(leaves, ports.primitives);
  const conversations = plan.permit.adaptive === undefined ? new Map<string, Turn[]>() : openConversations(ports.file);
  const tried = new Set(ports.file.record.results.map((result) => placeOf(result)));
  const room = { tried, left: plan.triesLeft ?? Infinity };
  const next = queueOf(tasks, begunClusters(plan, ports.file), ports);
  let isStopped = false;
  const worker = async (): Promise<void> => {
    const patience = { closedMs: 0 };
    const sitting: Sitting = { kept: Promise.resolve() };
    for (let task = next(); task !== undefined; task = next()) {
      if (isStopped || isAtEnd(ports)) break;
      const outcome = await work(task, { plan, ports, tree, leaves, conversations, patience, sitting, room });
      done += 1;
      ports.progress({ done, total, outcome, cluster: task.item.cluster });
    }
    await sitting.kept;
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
}

/** Clusters that an earlier sitting asked about. */
function begunClusters({ items, permit }: RunPlan, { record }: RunFile): Set<string> {
  const begun = new Set<string>();
  for (const { id, cluster } of items) {
    for (let attempt = 1; attempt <= permit.attempts; attempt++) {
      if (record.begins.has(placeOf({ item: id, attempt }))) begun.add(cluster);
    }
  }
  return begun;
}

/** One task after another; none of a cluster that was not begun yet while what is known is enough. */
function queueOf(tasks: readonly Task[], begun: Set<string>, { isEnough }: RunPorts): () => Task | undefined {
  let at = 0;
  return () => {
    const task = tasks[at];
    if (task === undefined || (!begun.has(task.item.cluster) && isEnough?.() === true)) return undefined;
    begun.add(task.item.cluster);
    at += 1;
    return task;
  };
}

/** Attempts that there is something to ask about. */
function openTasks(plan: RunPlan, file: RunFile): readonly Task[] {
  const { results, begins } = file.record;
  const settled = settledPlaces(results);
  const tasks: Task[] = [];
  for (const index of plan.order ?? plan.items.keys()) {
    const item = plan.items[index];
    if (item === undefined) continue;
    for (let attempt = 1; attempt <= plan.permit.attempts; attempt++) {
      const place = placeOf({ item: item.id, attempt });
      if (!settled.has(place)) tasks.push({ item, index, attempt, begun: begins.get(place)?.count ?? 0 });
    }
  }
  return tasks;
}

/** What one of those that ask at one time has written last: it goes to the disk together with the next intent. */
interface Sitting {
  kept: Promise<void>;
}

interface Around {
  readonly plan: RunPlan;
  readonly ports: RunPorts;
  readonly tree: ProvingTree;
  readonly leaves: readonly Uint8Array[];
  /** What was answered of attempts that are not over, by place. */
  readonly conversations: Map<string, Turn[]>;
  readonly sitting: Sitting;
  /** What has a try on record, by place, and for how many more of these there is room. */
  readonly room: { readonly tried: Set<string>; left: number };
  /** For how long this one has waited before a closed gateway. */
  readonly patience: { closedMs: number };
}

/** How it ended; tries without an answer are on record as well. */
async function work(task: Task, around: Around): Promise<TrialOutcome> {
  const { ports, patience } = around;
  let number = task.begun;
  for (let counted = 0; counted < triesMax;) {
    if (isOver(around) || !(await mayBegin(task, around))) return "errored";
    number += 1;
    const { result, retryAfterMs } = await tryTask(task, number, around);
    if (!isClosed(result)) patience.closedMs = 0;
    if (result.outcome !== "errored" || retryAfterMs === null) return result.outcome;
    const closedMs = isClosed(result) ? closedWaitMs(retryAfterMs, patience) : null;
    patience.closedMs += closedMs ?? 0;
    if (closedMs === null) counted += 1;
    if (counted < triesMax) await ports.wait(closedMs ?? retryAfterMs * 2 ** (counted - 1));
  }
  return "errored";
}

/** Each try is a sample. The first of an attempt has its place; one more takes what is left. */
function takesRoom({ item, attempt }: Task, { room }: Around): boolean {
  const place = placeOf({ item: item.id, attempt });
  if (!room.tried.has(place)) {
    room.tried.add(place);
    return true;
  }
  if (room.left <= 0) return false;
  room.left -= 1;
  return true;
}

function isOver({ plan, ports }: Around): boolean {
  return isAtEnd(ports) || ports.now() >= instantOf(plan.permit.notAfter);
}

/** Nothing more is asked in this sitting. */
function isAtEnd({ signal, budget, now }: RunPorts): boolean {
  return signal?.aborted === true || budget?.spent(now()) !== undefined;
}

/** Whether there is room for it, in its turn; of several requests each takes its turn when it is sent. */
async function mayBegin(task: Task, around: Around): Promise<boolean> {
  if (!takesRoom(task, around)) return false;
  const { item } = task;
  return item.script !== undefined || waitsItsTurn(around);
}

/** Until the request may leave, in steps: whoever stops the run is not kept waiting. False where its end came before. */
async function waitsItsTurn(around: Around): Promise<boolean> {
  const { ports } = around;
  for (let leftMs = ports.budget?.take(ports.now()) ?? 0; leftMs > 0; leftMs -= stepMsMax) {
    await ports.wait(Math.min(leftMs, stepMsMax));
    if (ports.signal?.aborted === true) return false;
  }
  return true;
}

const stepMsMax = 1_000;

function isClosed({ code, receipt }: Tried["result"]): boolean {
  return code === "gateway_closed" && receipt === null;
}

/** As long as it has been closed already, within bounds, so that a lapse of moments costs moments; null where it was long enough. */
function closedWaitMs(retryAfterMs: number, { closedMs }: Around["patience"]): number | null {
  if (closedMs >= closedMsMax) return null;
  return Math.min(Math.max(retryAfterMs, closedMs, closedWaitMsMin), closedWaitMsMax);
}

interface Tried {
  readonly result: Pick<Result, "outcome" | "code" | "receipt">;
  readonly retryAfterMs: number | null;
}

async function tryTask(task: Task, number: number, around: Around): Promise<Tried> {
  const { script } = task.item;
  return script === undefined ? tryOnce(task, number, around) : tryScript({ ...task, script }, number, around);
}

/** Attempts that went on over several requests, and have no result yet: what they had by then, from the file. */
function openConversations(file: RunFile): Map<string, Turn[]> {
  const open = new Map<string, Turn[]>();
  for (const line of file.lines()) {
    if (line.kind === "turn") open.set(placeOf(line), [...(open.get(placeOf(line)) ?? []), line]);
    if (line.kind === "result") open.delete(placeOf(line));
  }
  return open;
}

/** Goes on with an attempt of several requests, from wherever it is. */
async function tryScript(task: Task & { readonly script: Script }, number: number, around: Around): Promise<Tried> {
  const { plan, ports, tree, leaves, conversations } = around;
  const { item, index, attempt, script } = task;
  const turns = conversations.get(placeOf({ item: item.id, attempt })) ?? [];
  conversations.set(placeOf({ item: item.id, attempt }), turns);
  const place = { item: item.id, attempt, number: turns[0]?.number ?? number };
  const { messages: _first, ...rest } = item.body;
  const headers = { [itemHeader]: itemNamedIn(tree, index, leaves[index] ?? new Uint8Array()) };
  const { result, failed } = await converse(
    { place, script, turns },
    {
      write: ports.file.write,
      at: () => timestampOf(ports.now()),
      isOver: () => isOver(around),
      grade: async (answer) => gradeOf(item, answer, plan),
      send: async (messages) => {
        await waitsItsTurn(around);
        const answer = await exchange(requestOf(plan, { ...rest, messages }, headers));
        const receipt = await receiptOf(answer.receipt, plan, ports.primitives);
        useTokens(receipt, ports);
        return { answer, receipt };
      },
    },
  );
  if (result !== undefined) conversations.delete(placeOf(place));
  return triedSo(result, failed);
}

function triedSo(result: Result | undefined, failed: Sent | undefined): Tried {
  if (failed === undefined) return { result: result ?? notAsked, retryAfterMs: null };
  const { code, receipt, retryAfterMs } = failed.answer;
  return { result: result ?? { outcome: "errored", code, receipt }, retryAfterMs };
}

const notAsked = { outcome: "errored", code: null, receipt: null } as const;

function useTokens(receipt: OpenedReceipt | null, { budget }: RunPorts): void {
  const [prompt, completion] = receipt?.receipt.tokens ?? [0, 0];
  budget?.use(prompt + completion);
}

function requestOf(plan: RunPlan, body: Readonly<Record<string, unknown>>, headers: Ask["headers"]): Ask {
  return {
    url: `${plan.dataPlane.replace(/\/+$/, "")}/v1/chat/completions`,
    secret: plan.secret,
    body: { model: plan.permit.model, ...body },
    headers,
    msMax: requestMsMax,
  };
}

async function tryOnce(task: Task, number: number, { plan, ports, tree, sitting }: Around): Promise<Tried> {
  const { item, attempt, index } = task;
  const place = { item: item.id, attempt, number };
  await ports.file.write({ kind: "intent", ...place, at: timestampOf(ports.now()) });
  const answer = await exchange(requestOf(plan, item.body, { [itemHeader]: itemProofIn(tree, index) }));
  const receipt = await receiptOf(answer.receipt, plan, ports.primitives);
  useTokens(receipt, ports);
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
  sitting.kept = ports.file.write(result);
  // Whether it failed is known by the next line, and at the end.
  sitting.kept.catch(() => undefined);
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
