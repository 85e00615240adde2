// `headgate guard conform`: whether safeguards that are asked over HTTP keep to what their entries declare, asked from this
// machine with the secrets of its environment.
import { randomBytes } from "node:crypto";
import { z } from "zod";
import { type ConformMeans, type Conformance, conform } from "../../safeguards/remote/conform.ts";
import { RemoteEntry, isRemote } from "../../safeguards/remote/remote-document.ts";
import { Failure } from "../../terms/failure.ts";
import { Category } from "../../terms/finding.ts";
import { type Answer, done, notPassed } from "../answer.ts";
import { secretsOf } from "../context.ts";
import { legible } from "../legible.ts";
import { jsonLines, safeguardsIn } from "./offline-chain.ts";
import { type Call, argument } from "../verb.ts";

export const ConformOptions = z.object({
  key: z.string().optional(),
  timeoutMs: z.coerce.number().int().min(50).max(60_000).optional(),
  finds: z.string().min(1).optional(),
  findsUntested: z.boolean().default(false),
});

/** Addresses are of services; what else is asked over HTTP needs its entry. */
export async function conformTo(call: Call<z.infer<typeof ConformOptions>>): Promise<Answer> {
  const target = argument(call, 0);
  const entries = /^https?:/.test(target) ? [entryFor(target, call.options)] : entriesIn(target);
  const means = meansOf(call);
  const results: Result[] = [];
  for (const entry of entries) results.push({ entry, ...(await conform(entry, means)) });
  const ok = results.every(({ checks }) => checks.every((one) => one.ok));
  const json = { ok, safeguards: results.map(shown) };
  const text = results.map(tableOf).join("\n\n");
  return ok ? done(json, text) : notPassed(json, text);
}

type Result = Conformance & { readonly entry: RemoteEntry };

function meansOf({ context, options }: Call<z.infer<typeof ConformOptions>>): ConformMeans {
  return {
    secrets: secretsOf(context),
    ownPorts: new Set(),
    randomBytes: (count) => randomBytes(count),
    finds: options.finds === undefined ? [] : textsIn(options.finds),
    isUntestedFine: options.findsUntested,
  };
}

/** Texts that a safeguard has to find, and each is asked about. */
const findsMax = 64;

const Find = z.object({ text: z.string().min(1) });

/** One a line, in rows as other verbs read them. */
function textsIn(path: string): readonly string[] {
  const texts = Array.from(jsonLines(path), ({ value, number }) => {
    const row = Find.safeParse(value);
    if (row.success) return row.data.text;
    throw new Failure("request_invalid", `Line ${number} of ${path} is not a row: {"text": …}.`);
  });
  if (texts.length > 0 && texts.length <= findsMax) return texts;
  throw new Failure("request_invalid", `${path} must hold 1 to ${findsMax} texts; it holds ${texts.length}.`);
}

function entryFor(url: string, { key, timeoutMs }: z.infer<typeof ConformOptions>): RemoteEntry {
  const read = RemoteEntry.safeParse({
    safeguard: "service@1",
    name: "service",
    on: ["input"],
    url,
    judges: Category.options,
    block: { score: 0.9 },
    review: { score: 0.5 },
    ...(key === undefined ? {} : { key }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  });
  if (read.success) return read.data;
  throw new Failure(
    "request_invalid",
    "This address or key cannot be used: an http or https address without a query, a key as env:UPSTREAM_… or file:NAME.",
  );
}

function entriesIn(path: string): readonly RemoteEntry[] {
  const entries = safeguardsIn(path).chain.filter(isRemote);
  if (entries.length > 0) return entries;
  throw new Failure("request_invalid", `No safeguard of ${path} is asked over HTTP.`);
}

function shown({ entry, checks, slowestMs }: Result): object {
  const { name, safeguard, timeoutMs } = entry;
  return { name, safeguard, basis: "declared", checks, slowestMs, timeoutMs };
}

function tableOf({ entry, checks, slowestMs }: Result): string {
  const { name, safeguard, url, timeoutMs } = entry;
  const rows = checks.map((one) => `${one.ok ? "ok  " : "FAIL"}  ${one.name}: ${legible(one.detail)}`);
  const slowest =
    slowestMs === null ? "nothing was answered" : `slowest answer ${slowestMs} ms of ${timeoutMs} ms declared`;
  return [`${name} (${safeguard}, declared) at ${url}`, ...rows, `      ${slowest}`].join("\n");
}
