// Who was served what they may not have? Judged from outside the gateway: by what reached the model server, and by what
// came back to callers, against a table of who may reach which model at which moment.
import type { Attempt, Part } from "./attempt.ts";
import { gift, type UpstreamCall } from "./counting-upstream.ts";
import type { RawAnswer } from "./raw-http.ts";

/** Whether who holds these secrets may reach the model that the server knows by this name. */
export type Table = (secrets: readonly string[], served: string) => boolean;

export interface Tried {
  readonly attempt: Attempt;
  readonly answer: RawAnswer;
}

export interface Violation {
  readonly attempt: string;
  readonly what: string;
}

export interface Findings {
  readonly attempts: number;
  /** Requests that reached the model server, all of them allowed where there are no violations. */
  readonly calls: number;
  /** Attempts that were served something. */
  readonly served: number;
  /** Answers by their status; 0 is a connection that was closed without one. */
  readonly statuses: ReadonlyMap<number, number>;
  readonly violations: readonly Violation[];
}

/** Characters of the model's in an answer, whatever format it is in. */
export function giftsIn(bytes: Buffer, character = gift): number {
  const text = bytes.toString("utf8");
  const escape = `\\u${character.charCodeAt(0).toString(16)}`;
  return text.split(character).length + text.toLowerCase().split(escape).length - 2;
}

/** Responses says a text once in pieces and four times whole. */
const repeatsMax = 5;

export function judge(tried: readonly Tried[], calls: readonly UpstreamCall[], table: Table): Findings {
  const partOf = new Map<string, Part>(
    tried.flatMap(({ attempt }) => attempt.parts.map((part) => [part.tag, part] as const)),
  );
  const due = new Map<string, number>();
  const violations: Violation[] = [];
  for (const call of calls) {
    if (!isAllowed(call, partOf, table)) {
      const what = `${call.model} was asked at ${call.path}: ${call.body.slice(0, 300)}`;
      violations.push({ attempt: call.tags.join(" "), what });
      continue;
    }
    for (const tag of new Set(call.tags)) due.set(tag, (due.get(tag) ?? 0) + call.given);
  }
  return { calls: calls.length, ...judgeAnswers(tried, due, violations) };
}

/** A call without a tag, or with one that nobody sent, is nobody's. */
function isAllowed(call: UpstreamCall, partOf: ReadonlyMap<string, Part>, table: Table): boolean {
  if (call.tags.length === 0) return false;
  return call.tags.every((tag) => {
    const part = partOf.get(tag);
    return part !== undefined && table(part.secrets, call.model);
  });
}

function judgeAnswers(
  tried: readonly Tried[],
  due: ReadonlyMap<string, number>,
  known: readonly Violation[],
): Omit<Findings, "calls"> {
  const violations = [...known];
  const statuses = new Map<number, number>();
  let served = 0;
  for (const { attempt, answer } of tried) {
    const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(answer.bytes.toString("latin1"))?.[1] ?? 0);
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    const got = giftsIn(answer.bytes);
    if (got > 0) served += 1;
    const owed = attempt.parts.reduce((sum, { tag }) => sum + (due.get(tag) ?? 0) * repeatsMax, 0);
    if (got > owed) {
      const what = `${got} characters were served, ${owed} were due: ${answer.bytes.toString("latin1").slice(0, 300)}`;
      violations.push({ attempt: `${attempt.name} ${attempt.parts.map(({ tag }) => tag).join(" ")}`, what });
    }
  }
  return { attempts: tried.length, served, statuses, violations };
}

/** One line for people. */
export function said({ attempts, calls, served, statuses, violations }: Findings): string {
  const counts = [...statuses].toSorted(([one], [other]) => one - other).map(([status, count]) => `${status}×${count}`);
  return `${attempts} attempts, ${calls} model calls, ${served} served, ${violations.length} not allowed; ${counts.join(" ")}`;
}
