// `headgate backup FOLDER` and `headgate restore FOLDER`, on the machine of the server.
import { readFileSync } from "node:fs";
import path from "node:path";
import { z } from "zod";
import { type Answer, done } from "../../cli/answer.ts";
import { readNeeded } from "../../cli/files.ts";
import { readProfile } from "../../cli/profile.ts";
import type { ExtraVerb } from "../../cli/program.ts";
import { type Call, addVerb, argument, noOptions } from "../../cli/verb.ts";
import { signerFromSeed } from "../../proof/node.ts";
import { Failure } from "../../terms/failure.ts";
import type { PublicKey } from "../../terms/ids.ts";
import { readConfiguration } from "../configuration.ts";
import { version } from "../version.ts";
import { backUp } from "./backup.ts";
import { restore } from "./restore.ts";

const RestoreFlags = z.object({ checkpoint: z.string().min(1).optional(), newest: z.boolean().default(false) });

const checkpointBytesMax = 64 * 1024;

export const addBackupVerbs: ExtraVerb = (program, context) => {
  addVerb(program, context, {
    usage: "backup <folder>",
    summary: "copy database, mark, holds and spool of the server on this machine, while it runs or not",
    options: noOptions,
    run: runBackup,
    more: "The server's keys are not in it: copy the keys folder once, to another place. See docs/operate.md.",
  });
  addVerb(program, context, {
    usage: "restore <folder>",
    summary: "put a backup in place of the data folder, unless the log has gone further than it",
    flags: [
      ["--checkpoint <file>", "a checkpoint of the log that somebody outside kept (/log/checkpoint)"],
      ["--newest", "nothing else is known of the log, here or anywhere: no profile, mark or checkpoint"],
    ],
    options: RestoreFlags,
    run: runRestore,
    more: "The server must be stopped. With --profile, the backup must contain what that person saw.",
  });
};

async function runBackup(call: Call<object>): Promise<Answer> {
  const { data, store } = readConfiguration(process.env);
  const to = path.resolve(argument(call, 0));
  const list = await backUp({ data, store, to, version: version(), now: call.context.now });
  const files = Object.keys(list.files).length;
  return done(
    { folder: to, ...list, files },
    `${to}: ${files} files, the log up to entry ${list.size}. The server's keys are not in it.`,
    store.kind === "sqlite"
      ? undefined
      : "now dump the database, in this order: pg_dump --format=custom --file=FILE DATABASE",
  );
}

async function runRestore(call: Call<z.infer<typeof RestoreFlags>>): Promise<Answer> {
  const { data, store, keys } = readConfiguration(process.env);
  const { checkpoint, newest } = call.options;
  const profile = call.base.profile ?? call.context.profile;
  const seen = profile === undefined ? null : readProfile(profile).checkpoint;
  const { size, aside } = await restore({
    from: path.resolve(argument(call, 0)),
    data,
    store,
    keys,
    logKey: logKeyIn(keys),
    seen: seen === null ? [] : [seen],
    checkpoints: checkpoint === undefined ? [] : [readNeeded(checkpoint, checkpointBytesMax)],
    isNewest: newest,
    now: call.context.now(),
  });
  const before = aside === undefined ? "" : ` What was there lies in ${aside}.`;
  const next = "start the server, then `headgate doctor`; every person's next command compares it with what they saw";
  return done({ size, aside: aside ?? null }, `The log is there up to entry ${size}.${before}`, next);
}

function logKeyIn(keys: string): PublicKey {
  const file = path.join(keys, "log.key");
  try {
    return signerFromSeed(readFileSync(file, "utf8").trim()).publicKey;
  } catch (cause) {
    const message = `${file} cannot be read. A restore needs the keys folder first; HEADGATE_KEYS names it.`;
    throw new Failure("configuration_invalid", message, { cause });
  }
}
