// The command `headgate`: reads the environment, hands the verbs of src/cli what they need, and adds those that run
// servers. One command line a process.
import { homedir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { showFailure } from "../cli/answer.ts";
import type { Context } from "../cli/context.ts";
import { type ExtraVerb, buildProgram, runProgram } from "../cli/program.ts";
import { Failure } from "../terms/failure.ts";
import { Instant } from "../terms/ids.ts";
import { type Environment, readConfiguration } from "./configuration.ts";
import { addBackupVerbs } from "./backup/backup-verbs.ts";
import { addDemoVerb } from "./demo/demo-verb.ts";
import { addDrillVerb } from "./drill/drill-verb.ts";
import { addGatewayVerb } from "./gateway-verb.ts";
import { mindReaders, writeOut } from "./readers.ts";
import { keepHeapSmall } from "./heap.ts";
import { codeHere } from "./code.ts";
import { addWebhookVerbs } from "./webhook-verbs.ts";
import { addServeVerb } from "./serve-verb.ts";
import { version } from "./version.ts";

/** Verbs that run servers, each a file of this folder. */
const extras: readonly ExtraVerb[] = [
  addServeVerb,
  addGatewayVerb,
  addBackupVerbs,
  addDrillVerb,
  addDemoVerb,
  addWebhookVerbs,
];

function contextFrom(environment: Environment): Context {
  const configuration = readConfiguration(environment);
  const { host, port, controlPort, data, keys, operating, secrets } = configuration;
  const name = host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host;
  const scheme = operating?.tls === undefined ? "http" : "https";
  const address = `${scheme}://${name.includes(":") ? `[${name}]` : name}`;
  return {
    server: environment["HEADGATE_SERVER"] ?? `${address}:${controlPort}`,
    dataPlane: `${address}:${port}`,
    codeFile: path.join(data, "init-code"),
    keysFolder: keys,
    secrets: { environment, folder: secrets },
    code: codeHere,
    stateFolder: stateFolderOf(environment),
    // Set to nothing is not set.
    profile: environment["HEADGATE_PROFILE"] === "" ? undefined : environment["HEADGATE_PROFILE"],
    ...processPorts,
  };
}

/** Where this user's run files and known servers lie. */
function stateFolderOf(environment: Environment): string {
  const own = environment["HEADGATE_STATE"];
  if (own !== undefined) return path.resolve(own);
  return path.join(environment["XDG_STATE_HOME"] ?? path.join(homedir(), ".local", "state"), "headgate");
}

const line = process.argv.slice(2);
const isServer = line[0] === "serve" || line[0] === "gateway";

const processPorts = {
  input: () => process.stdin,
  keyboard: () => {
    if (!process.stdin.isTTY) return { close: () => process.stdin.pause() };
    process.stdin.setRawMode(true);
    return {
      close: () => {
        process.stdin.setRawMode(false);
        process.stdin.pause();
      },
    };
  },
  isWatched: process.stderr.isTTY,
  now: () => Instant.parse(Date.now()),
  wait: async (ms: number) => {
    await sleep(ms);
  },
  write: isServer ? (text: string) => void process.stdout.write(text) : writeOut,
  tell: (text: string) => void process.stderr.write(text),
  leave: (code: number) => {
    process.exitCode = code;
  },
};

async function main(args: readonly string[]): Promise<void> {
  keepHeapSmall();
  let context: Context;
  try {
    context = contextFrom(process.env);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    showFailure(error, args.includes("--json"), processPorts);
    return;
  }
  await runProgram(buildProgram(context, version(), extras), args, context);
}

mindReaders(isServer);
await main(line);
