// The ground the drill stands on: a scratch deployment with its own root, folder, ports and two persons, brought to stage
// trusted by the same verbs as any deployment, so that there is a gate to get past.
import path from "node:path";
import { z } from "zod";
import { neededRunKey, runPlace } from "../../cli/eval/run-keys.ts";
import type { Primitives } from "../../proof/primitives.ts";
import { readRun } from "../../runner/run-file.ts";
import { RunId } from "../../terms/ids.ts";
import type { Registry } from "../../safeguards/registry.ts";
import { type Desk, need, openDesk } from "../in-process.ts";
import { writeDocuments } from "./documents.ts";
import { type Gate, type GateOptions, openGate } from "./gate.ts";

export interface Ground {
  /** The running scratch gate; another object after `restart`. */
  readonly gate: Gate;
  readonly desk: Desk;
  readonly owner: string;
  readonly safety: string;
  /** A key whose stage is open, and one whose stage is not. */
  readonly caller: string;
  readonly later: string;
  /** The one-time secret of the evaluation run. */
  readonly permit: string;
  readonly options: GateOptions;
  /** A new empty folder. */
  readonly freshFolder: (name: string) => string;
  /** A closed gate's folder, for attempts that change files: with the gate open, and with it held. */
  readonly openFolder: string;
  readonly heldFolder: string;
  readonly seams: Seams;
}

/** For tests of the drill itself: what gateways that the drill composes are built with. */
export interface Seams {
  /** A gateway whose signature check is switched off must make the drill report that it opened. */
  readonly primitives: Primitives;
}

export interface GroundOptions {
  readonly folder: string;
  readonly registry: Registry;
  readonly version: string;
  readonly seams: Seams;
}

const Code = z.object({ code: z.string() });
const Key = z.object({ key: z.string() });
const Ran = z.object({ run: RunId });
const Proposed = z.object({ proposal: z.string() });

/** Fails with what a verb failed with: then there is nothing to try. */
export async function prepareGround(options: GroundOptions): Promise<Ground> {
  const { folder, registry, version } = options;
  const gate = await openGate(path.join(folder, "gate"), { registry, version });
  try {
    return await settle(gate, options);
  } catch (error) {
    await gate.close();
    throw error;
  }
}

async function settle(gate: Gate, options: GroundOptions): Promise<Ground> {
  const { folder, registry, version, seams } = options;
  const desk = deskOf(gate, folder, version);
  const owner = path.join(folder, "owner.json");
  const safety = path.join(folder, "safety.json");
  await need(desk.run(["init", "--name", "Drill owner", "--profile", owner]), z.unknown());
  const { code } = await need(
    desk.run(["person", "invite", "--name", "Drill safety", "--role", "safety", "--profile", owner]),
    Code,
  );
  await need(desk.run(["join", code, "--profile", safety]), z.unknown());
  await need(desk.run(["apply", "-f", writeDocuments(folder), "--profile", owner]), z.unknown());
  const caller = await need(desk.run(["key", "create", "--organisation", "caller", "--profile", owner]), Key);
  const later = await need(desk.run(["key", "create", "--organisation", "later", "--profile", owner]), Key);
  const { run } = await need(desk.run(["eval", "run", "locks", "--model", "drill", "--profile", owner]), Ran);
  await release({ desk, owner, safety }, "trusted");
  return {
    gate,
    desk,
    owner,
    safety,
    caller: caller.key,
    later: later.key,
    permit: permitSecret(desk, owner, run),
    options: { registry, version, ports: portsOf(gate) },
    freshFolder: (name) => path.join(folder, name),
    openFolder: path.join(folder, "open"),
    heldFolder: path.join(folder, "gate"),
    seams,
  };
}

function deskOf(gate: Gate, folder: string, version: string): Desk {
  return openDesk({
    server: gate.serving.controlPlane,
    dataPlane: gate.serving.dataPlane,
    codeFile: gate.serving.control.codeFile() ?? "",
    stateFolder: path.join(folder, "state"),
    version,
  });
}

function portsOf({ serving }: Gate): { readonly data: number; readonly control: number } {
  return { data: Number(new URL(serving.dataPlane).port), control: Number(new URL(serving.controlPlane).port) };
}

type Board = Pick<Ground, "desk" | "owner" | "safety">;

/** Proposes a stage and lets both persons sign. */
export async function proposeSigned({ desk, owner, safety }: Board, stage: string): Promise<string> {
  const { proposal } = await need(
    desk.run(["release", "propose", "drill", "--stage", stage, "--reason", "drill", "--profile", owner]),
    Proposed,
  );
  for (const profile of [owner, safety]) {
    await need(desk.run(["release", "sign", proposal, "--reason", "drill", "--profile", profile]), z.unknown());
  }
  return proposal;
}

async function release(board: Board, stage: string): Promise<void> {
  const proposal = await proposeSigned(board, stage);
  await need(board.desk.run(["release", "advance", proposal, "--profile", board.owner]), z.unknown());
}

/** The runner keeps it in its run file, encrypted under a key beside the profile. */
function permitSecret({ context }: Desk, profile: string, run: RunId): string {
  const place = runPlace(context, profile, run);
  return readRun(place.file, neededRunKey(place, context.now())).record.begun.secret;
}
