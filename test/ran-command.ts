// The command line in this process, for tests of verbs that need no server: what it wrote, and how it left.
import { Readable } from "node:stream";
import type { Context } from "../src/cli/context.ts";
import { buildProgram, runProgram } from "../src/cli/program.ts";
import { Instant } from "../src/terms/ids.ts";

export interface Ran {
  out: string;
  err: string;
  exit: number;
}

interface Place {
  /** Where a user's state would lie. */
  readonly folder: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** What comes on the standard input, in pieces. */
  readonly input?: readonly string[];
}

export async function ranCommand(args: readonly string[], { folder, environment = {}, input }: Place): Promise<Ran> {
  const ran: Ran = { out: "", err: "", exit: 0 };
  const context: Context = {
    server: "http://127.0.0.1:9",
    dataPlane: "http://127.0.0.1:9",
    codeFile: "",
    stateFolder: folder,
    profile: undefined,
    secrets: { environment, folder: undefined },
    ...(input === undefined ? {} : { input: () => Readable.from(input) }),
    isWatched: false,
    now: () => Instant.parse(1_800_000_000_000),
    wait: async () => undefined,
    write: (text) => void (ran.out += text),
    tell: (text) => void (ran.err += text),
    leave: (code) => void (ran.exit = code),
  };
  await runProgram(buildProgram(context, "1.2.3", []), args, context);
  return ran;
}
