// How a verb is registered: its usage, its options as a zod type (nothing of commander's untyped values goes further),
// and what it does. Every verb has --json, --profile and --server; every way out goes through src/cli/answer.ts.
import type { Command } from "commander";
import { z } from "zod";
import { Failure } from "../terms/failure.ts";
import { type Answer, show, showFailure } from "./answer.ts";
import type { Context } from "./context.ts";
import { issueInWords } from "./issue-words.ts";

const Base = z.object({
  json: z.boolean().default(false),
  profile: z.string().min(1).optional(),
  server: z.string().min(1).optional(),
});
export type Base = z.infer<typeof Base>;

export interface Call<Options> {
  readonly args: readonly string[];
  readonly options: Options;
  readonly base: Base;
  readonly context: Context;
}

export interface Verb<Options> {
  /** For example `create` or `sign <proposal>`. */
  readonly usage: string;
  readonly summary: string;
  readonly flags?: readonly (readonly [flags: string, description: string])[];
  readonly options: z.ZodType<Options>;
  /** Words after the options in --help. */
  readonly more?: string;
  readonly run: (call: Call<Options>) => Promise<Answer>;
}

export const noOptions = z.object({});

export function addVerb<Options>(parent: Command, context: Context, verb: Verb<Options>): void {
  const command = parent.command(verb.usage).description(verb.summary);
  for (const [flags, description] of verb.flags ?? []) command.option(flags, description);
  command.option("--json", "print one line of JSON, for scripts");
  command.option("--profile <file>", "who you are: the file that init or join wrote (or set HEADGATE_PROFILE)");
  command.option("--server <url>", "address of the control plane, where no profile names it");
  if (verb.more !== undefined) command.addHelpText("after", `\n${verb.more}`);
  command.action(async () => {
    await runVerb(verb, command, context);
  });
}

async function runVerb<Options>(verb: Verb<Options>, command: Command, context: Context): Promise<void> {
  const given: unknown = command.opts();
  const base = Base.parse(given);
  try {
    const options = parseOptions(verb.options, given);
    show(await verb.run({ args: command.args, options, base, context }), base.json, context);
  } catch (error) {
    showFailure(error, base.json, context);
  }
}

function parseOptions<Options>(schema: z.ZodType<Options>, given: unknown): Options {
  const read = schema.safeParse(given);
  if (read.success) return read.data;
  const issue = read.error.issues[0];
  const name = String(issue?.path[0] ?? "");
  const flag = name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  const typed = z.record(z.string(), z.unknown()).safeParse(given).data?.[name];
  throw new Failure("request_invalid", `--${flag}: ${issueInWords(issue, typed)}. See --help.`);
}

/** The end of a line to run next: the same profile as this one had, where it was named in the command. */
export function sameProfile({ profile }: Base): string {
  if (profile === undefined) return "";
  return ` --profile ${quoted(profile)}`;
}

/** A word of a command line as a shell reads it. */
export function quoted(word: string): string {
  return /^[\w./@:+-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

/** The n-th argument. Commander has made sure that those it calls required are there. */
export function argument(call: Call<unknown>, at: number): string {
  const text = call.args[at];
  if (text === undefined) throw new Failure("request_invalid", "An argument is missing. See --help.");
  return text;
}

/** Parses an argument or option, or fails with a sentence that names it. */
export function parsed<T extends z.ZodType>(type: T, text: unknown, what: string): z.infer<T> {
  const result = type.safeParse(text);
  if (result.success) return result.data;
  throw new Failure("request_invalid", `${what}: ${issueInWords(result.error.issues[0], text)}.`);
}
