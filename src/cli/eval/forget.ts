// `headgate eval forget`: erases what a run's model answered, its one-time secret and the salts of what is sealed, by
// destroying the run's key. Nothing in the ledger changes: outcomes, counts and proofs stand without any text.
import { z } from "zod";
import { Failure } from "../../terms/failure.ts";
import { readRun } from "../../runner/run-file.ts";
import type { RunRecord } from "../../runner/run-record.ts";
import { type Instant, RunId, instantOf } from "../../terms/ids.ts";
import { type Answer, done } from "../answer.ts";
import type { Context } from "../context.ts";
import { identify } from "../session.ts";
import { type RunPlace, forgetRun, neededRunKey, runPlace, runsOver } from "./run-keys.ts";
import { type Call, parsed } from "../verb.ts";

export const ForgetOptions = z.object({ expired: z.boolean().default(false) });

export async function forget(call: Call<z.infer<typeof ForgetOptions>>): Promise<Answer> {
  const { args, options, base, context } = call;
  const [wanted] = args;
  if ((wanted === undefined) !== options.expired) {
    throw new Failure(
      "request_invalid",
      "Say which run: headgate eval forget RUN, or --expired for all whose time is over.",
    );
  }
  const { path } = identify(base, context);
  if (wanted === undefined) return forgotten(forgetExpired(context, path));
  const run = parsed(RunId, wanted, "The run");
  checkSealed(runPlace(context, path, run), context.now());
  if (forgetRun(runPlace(context, path, run), context.now())) return forgotten([run]);
  throw new Failure(
    "not_found",
    `There is nothing of ${run} here: it ran elsewhere or for another profile, or is erased already.`,
  );
}

/** What is erased cannot be sealed: a run that still can be is not erased by the way. */
function checkSealed(place: RunPlace, now: Instant): void {
  const open = openRecord(place, now);
  if (open === undefined || open.sealed !== null || now >= instantOf(open.begun.permit.notAfter)) return;
  throw new Failure(
    "conflict",
    `${place.run} is not sealed, and could not be any more. Seal it as it is first: headgate eval run --resume ${place.run} --seal. After ${open.begun.permit.notAfter} it can be erased as it is.`,
  );
}

/** Undefined where nothing of it can be read. */
function openRecord(place: RunPlace, now: Instant): RunRecord | undefined {
  try {
    return readRun(place.file, neededRunKey(place, now)).record;
  } catch (error) {
    if (error instanceof Failure) return undefined;
    throw error;
  }
}

/** Erases what this profile keeps of runs whose time is over. */
export function forgetExpired(context: Context, profile: string): readonly RunId[] {
  const places = runsOver(context, profile);
  for (const place of places) forgetRun(place, context.now());
  return places.map(({ run }) => run);
}

function forgotten(runs: readonly RunId[]): Answer {
  if (runs.length === 0) return done({ erased: [] }, "No run's time is over; nothing was erased.");
  return done(
    { erased: runs },
    `Erased are the texts of ${runs.join(", ")}: answers, secret and salts. What is sealed of them stays valid, and no answer can be shown or proven any more.`,
  );
}
