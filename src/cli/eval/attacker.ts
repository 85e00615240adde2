// The attacker of a run whose suite has one: its server, opened for as long as the run asks, and what it cost.
import type { Suite } from "../../evidence/suite-document.ts";
import { openAttacker } from "../../runner/ask-attacker.ts";
import type { AttackerMeans } from "../../runner/attacker-script.ts";
import type { RunFile } from "../../runner/run-file.ts";
import { type Context, secretsOf } from "../context.ts";
import { serverInWords } from "./suite-servers.ts";

export interface OpenedAttacker {
  /** Undefined for a suite without one. */
  readonly means: AttackerMeans | undefined;
  readonly close: () => Promise<void>;
}

interface Attacked {
  readonly suite: Suite;
  readonly file: RunFile;
  readonly concurrency: number;
}

/** Failure destination_refused for an address that is never used. */
export function attackerOf({ suite, file, concurrency }: Attacked, context: Context): OpenedAttacker {
  const { attacker, seed = 0 } = suite;
  if (attacker === undefined) return { means: undefined, close: () => Promise.resolve() };
  const { budget, strategy, model } = attacker;
  const server = openAttacker(attacker, concurrency, { secrets: secretsOf(context), ownPorts: new Set<number>() });
  const book = file.record.attacks;
  const spent = (): string =>
    `${book.spent().requests} of ${budget.requests} requests and ${book.spent().tokens} of ${budget.tokens} tokens`;
  context.tell(`Attacked by ${model} at ${serverInWords(attacker)} (${strategy}); spent so far: ${spent()}.\n`);
  return {
    means: { server, book, write: file.write, now: context.now, wait: context.wait, seed },
    close: async () => {
      context.tell(`The attacker has spent ${spent()}.\n`);
      await server.close();
    },
  };
}
