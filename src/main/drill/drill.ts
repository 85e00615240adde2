// The drill: real attempts to get past one's own gate, on a scratch deployment. First a control shows that the scratch
// gate opens when everything is right; then the attempts, in an order in which none spoils the next. Only what opened
// counts as opened, and only what was stopped for its own reason counts as stopped.
import { tmpdir } from "node:os";
import path from "node:path";
import { nodePrimitives } from "../../proof/node.ts";
import { shippedSafeguards } from "../../safeguards/registry.ts";
import { openScratch } from "../../upstream/embedded/scratch.ts";
import { type Attempt, type Result, makeAttempt } from "./attempt.ts";
import { boardAttempts } from "./attempts/board.ts";
import { callerAttempts } from "./attempts/callers.ts";
import { copyAttempts } from "./attempts/copies.ts";
import { holdAttempts } from "./attempts/hold.ts";
import { leaseAttempts } from "./attempts/lease.ts";
import { heldPermitAttempts, permitAttempts } from "./attempts/permits.ts";
import { recordAttempts } from "./attempts/record.ts";
import { copyGate, knock, openGate } from "./gate.ts";
import { type Ground, type Seams, prepareGround } from "./ground.ts";

export interface DrillOptions {
  readonly version: string;
  /** Called after each attempt. */
  readonly onResult?: (result: Result, done: number, total: number) => void;
  readonly seams?: Seams;
}

export interface DrillReport {
  readonly attempts: number;
  readonly opened: number;
  readonly unfinished: number;
  /** Whether the scratch gate opened when everything was right. */
  readonly control: { readonly opened: boolean; readonly how: string };
  /** No model was asked; the drill tries locks. */
  readonly upstream: "scripted";
  readonly seconds: number;
  readonly results: readonly Result[];
}

const openGateAttempts = [...callerAttempts, ...recordAttempts, ...boardAttempts, ...permitAttempts, ...leaseAttempts];
const heldGateAttempts = [...holdAttempts, ...heldPermitAttempts];

/** How many attempts a whole drill makes. */
const attemptsTotal = openGateAttempts.length + heldGateAttempts.length + copyAttempts.length;

/** Everything lies in a folder of its own, which is gone afterwards. */
export async function runDrill(options: DrillOptions): Promise<DrillReport> {
  const startMs = performance.now();
  const { folder, close } = await openScratch(path.join(tmpdir(), "headgate-drill-"));
  try {
    const registry = shippedSafeguards();
    const seams = options.seams ?? { primitives: nodePrimitives };
    const ground = await prepareGround({ folder, registry, version: options.version, seams });
    const { control, results } = await makeAll(ground, options);
    return {
      attempts: results.length,
      opened: results.filter((result) => result.opened).length,
      unfinished: results.filter((result) => result.unfinished).length,
      control,
      upstream: "scripted",
      seconds: Math.round((performance.now() - startMs) / 100) / 10,
      results,
    };
  } finally {
    close();
  }
}

/** A line for each attempt that is a reason for alarm, those that opened first. */
export function loudLines(results: readonly Result[]): readonly string[] {
  const opened = results.filter((result) => result.opened);
  const unfinished = results.filter((result) => result.unfinished && !result.opened);
  return [
    ...opened.map(({ name, attempted, how }) => `ALARM, OPENED: ${name}: ${attempted} ${how}`),
    ...unfinished.map(({ name, how }) => `NOT SHOWN, unfinished: ${name}: ${how}`),
  ];
}

interface Made {
  readonly control: DrillReport["control"];
  readonly results: readonly Result[];
}

async function makeAll(first: Ground, options: DrillOptions): Promise<Made> {
  const results: Result[] = [];
  let control: DrillReport["control"] = { opened: false, how: "" };
  const make = async (attempts: readonly Attempt[], ground: Ground): Promise<void> => {
    for (const attempt of attempts) {
      const made = await makeAttempt(attempt, ground);
      // Before a dead gate every door is closed: nothing that is stopped there was stopped by a lock.
      const counted = control.opened || made.opened ? made : { ...made, unfinished: true };
      results.push(counted);
      options.onResult?.(counted, results.length, attemptsTotal);
    }
  };
  let { gate } = first;
  try {
    control = await controlAt(first);
    await make(openGateAttempts, first);
    await gate.close();
    await copyGate(gate.folder, first.openFolder);
    gate = await openGate(gate.folder, first.options);
    const again = { ...first, gate };
    control = both(control, await controlAt(again));
    await make(heldGateAttempts, again);
  } finally {
    await gate.close();
  }
  await make(copyAttempts, first);
  return { control, results };
}

/** The control: with key, certificate and question in order, the model answers. */
async function controlAt(ground: Ground): Promise<DrillReport["control"]> {
  const { reply, asked } = await knock(ground.gate, { secret: ground.caller });
  const isOpen = reply.status === 200 && asked === 1;
  return { opened: isOpen, how: `${reply.status} ${reply.code ?? "answered"}` };
}

function both(one: DrillReport["control"], other: DrillReport["control"]): DrillReport["control"] {
  return one.opened ? other : one;
}
