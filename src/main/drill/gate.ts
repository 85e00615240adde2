// A scratch gate of the drill: both planes on free ports over a folder of its own, with the scripted upstream. Knocking
// says what came back and whether the model was asked, which no refusal can hide.
import { cp, mkdir } from "node:fs/promises";
import path from "node:path";
import type { Clock } from "../../gateway/follower.ts";
import type { Registry } from "../../safeguards/registry.ts";
import { Instant } from "../../terms/ids.ts";
import { type Serving, serve } from "../serve.ts";
import { type ChatBody, type Reply, ask } from "../talk.ts";
import { type ScriptedUpstream, scriptUpstream } from "./scripted-upstream.ts";

export interface Gate {
  readonly folder: string;
  readonly serving: Serving;
  readonly upstream: ScriptedUpstream;
  readonly close: () => Promise<void>;
}

export interface Knock {
  readonly reply: Reply;
  /** How often the model was asked meanwhile. */
  readonly asked: number;
}

export interface GateOptions {
  readonly registry: Registry;
  readonly version: string;
  /** How far the machine's clock is off, in milliseconds. */
  readonly clockShiftMs?: number;
  readonly ports?: { readonly data: number; readonly control: number };
}

/** Fails with whatever a server refuses to start for. */
export async function openGate(folder: string, options: GateOptions): Promise<Gate> {
  const upstream = scriptUpstream();
  const data = path.join(folder, "data");
  const serving = await serve({
    configuration: {
      host: "127.0.0.1",
      port: options.ports?.data ?? 0,
      controlPort: options.ports?.control ?? 0,
      data,
      keys: path.join(folder, "keys"),
      store: { kind: "sqlite", path: path.join(data, "headgate.db") },
      cache: path.join(folder, "cache"),
      modelFile: undefined,
      secrets: undefined,
      trust: undefined,
      contact: "the drill",
      hosts: [],
    },
    environment: {},
    version: options.version,
    demo: false,
    report: () => undefined,
    clock: shiftedClock(options.clockShiftMs ?? 0),
    upstream: upstream.open,
    registry: options.registry,
  });
  return { folder, serving, upstream, close: serving.close };
}

export function shiftedClock(shiftMs: number): Clock {
  return { now: () => Instant.parse(Date.now() + shiftMs), monotonic: () => performance.now() };
}

/** A copy of a gate's folder. The gate must be closed, so that the database is one file. */
export async function copyGate(from: string, to: string): Promise<string> {
  await mkdir(to, { recursive: true });
  for (const part of ["data", "keys"]) await cp(path.join(from, part), path.join(to, part), { recursive: true });
  return to;
}

/** The question that every knock asks unless it tries something else. Nothing in it is anybody's business. */
export const plainBody: ChatBody = {
  model: "drill",
  messages: [{ role: "user", content: "Good morning! How many boats can pass the lock at one time?" }],
  max_tokens: 16,
};

export interface Visit {
  readonly secret: string;
  readonly body?: ChatBody;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What a gateway says that has not got its ledger and its lease yet, or lost the lease while the machine was busy. */
const notYet: ReadonlySet<string | null> = new Set(["starting", "lease"]);
const readyMsMax = 4_000;

/** Knocks once the gate has begun, or, after some time, whatever it says. */
export async function knock(gate: Gate, visit: Visit): Promise<Knock> {
  const end = performance.now() + readyMsMax;
  for (;;) {
    const came = await knockOnce(gate, visit);
    const { code, reason } = came.reply;
    if (code !== "gateway_closed" || !notYet.has(reason) || performance.now() >= end) return came;
    await new Promise((resolve) => {
      setTimeout(resolve, 50);
    });
  }
}

async function knockOnce(gate: Gate, { secret, body, headers }: Visit): Promise<Knock> {
  const before = gate.upstream.asked();
  const reply = await ask({ dataPlane: gate.serving.dataPlane, secret }, body ?? plainBody, headers);
  return { reply, asked: gate.upstream.asked() - before };
}
