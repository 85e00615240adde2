// Verbs of the command line, run inside this process: the same parser, code and checks as in a shell, against a server
// that this process runs or knows. The demo and the drill act only through these and through plain HTTP.
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import type { Context, ExitCode } from "../cli/context.ts";
import { buildProgram, runProgram } from "../cli/program.ts";
import { Failure } from "../terms/failure.ts";
import { Instant } from "../terms/ids.ts";
import { codeHere } from "./code.ts";

export interface DeskOptions {
  readonly server: string;
  readonly dataPlane: string;
  readonly codeFile: string;
  readonly stateFolder: string;
  readonly version: string;
}

export interface Said {
  readonly exit: ExitCode;
  /** What the verb printed with --json; undefined where it printed none. */
  readonly json: unknown;
  /** What it said on the error stream, its refusal included. */
  readonly told: string;
}

export interface Besides {
  /** Gets the error stream as it comes. */
  readonly hear?: (text: string) => void;
  readonly signal?: AbortSignal;
}

export interface Desk {
  readonly context: Context;
  /** Runs one command line with --json. */
  readonly run: (args: readonly string[], besides?: Besides) => Promise<Said>;
}

export function openDesk(options: DeskOptions): Desk {
  const { version, ...addresses } = options;
  const context: Context = {
    ...addresses,
    profile: undefined,
    code: codeHere,
    isWatched: true,
    now: () => Instant.parse(Date.now()),
    wait: async (ms) => {
      await sleep(ms);
    },
    write: () => undefined,
    tell: () => undefined,
    leave: () => undefined,
  };
  return {
    context,
    run: async (args, { hear, signal } = {}) => {
      let written = "";
      let told = "";
      let exit: ExitCode = 0;
      const own: Context = {
        ...context,
        signal,
        write: (text) => {
          written += text;
        },
        tell: (text) => {
          told += text;
          hear?.(text);
        },
        leave: (code) => {
          exit = code;
        },
      };
      await runProgram(buildProgram(own, version, []), [...args, "--json"], own);
      return { exit, json: lastJson(written), told };
    },
  };
}

function lastJson(text: string): unknown {
  return jsonOf(text.trim().split("\n").at(-1) ?? "");
}

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

const Refused = z.object({ error: z.object({ code: z.string(), message: z.string() }) });

export interface VerbRefusal {
  readonly code: string;
  readonly message: string;
}

/** The refusal that a verb ended in; undefined where it was done. */
export function refusalIn(said: Said): VerbRefusal | undefined {
  if (said.exit === 0) return undefined;
  const lines = said.told.trim().split("\n").toReversed();
  const found = lines.map((line) => Refused.safeParse(jsonOf(line)).data).find((line) => line !== undefined);
  return found?.error ?? { code: "none", message: wordsOf(said) };
}

/** What it said without the lines of its progress; where that is nothing, how it ended. */
function wordsOf({ told, exit, json }: Said): string {
  const lines = told.replaceAll("\r\u001B[K", "\n").split("\n");
  const words = lines.filter((line) => !/^\d+\/\d+\s/.test(line)).join("\n");
  return words.trim().slice(-500) || `It ended with code ${exit}, and answered ${JSON.stringify(json ?? null)}.`;
}

/** What a verb answered. Fails with server_unreachable, and the verb's own words, where it was not done. */
export async function need<T>(saying: Promise<Said>, type: z.ZodType<T>): Promise<T> {
  const said = await saying;
  const parsed = type.safeParse(said.json);
  if (said.exit === 0 && parsed.success) return parsed.data;
  const refusal = refusalIn(said);
  throw new Failure("server_unreachable", refusal?.message ?? "The verb answered something else than was expected.", {
    detail: { refused: refusal?.code ?? "unexpected" },
  });
}
