// `headgate release widen` and `narrow`: the steps of a certificate that opens a stage to a part of its callers first. Its steps
// were signed with it; taking the next takes one person, and so does going back.
import type { Command } from "commander";
import { z } from "zod";
import { type Stepped, narrowerStep, steppedIn, widerStep } from "../../acts/stepped.ts";
import { Name } from "../../terms/ids.ts";
import { WatchAnswer, routes } from "../../control/contract.ts";
import { pathOf } from "../../control/contract-paths.ts";
import { type Answer, done } from "../answer.ts";
import type { Context } from "../context.ts";
import { type Session, committed, openSession, recordedIndex, signAs, submit } from "../session.ts";
import { type Call, addVerb, argument, parsed, sameProfile } from "../verb.ts";
import { percentInWords } from "../../acts/condition-words.ts";

const reasonText = z.string().trim().min(1).max(4000);
const reasonFlag = ["--reason <text>", "why; kept aside, the ledger holds a commitment to it"] as const;
const Widen = z.object({ reason: reasonText });
const Narrow = z.object({ reason: reasonText, step: z.coerce.number().int().min(1).optional() });

export function addStepVerbs(release: Command, context: Context): void {
  addVerb(release, context, {
    usage: "widen <model>",
    summary: "open a stage to the next larger part of its callers, as its certificate was signed for",
    flags: [reasonFlag],
    options: Widen,
    run: widen,
  });
  addVerb(release, context, {
    usage: "narrow <model>",
    summary: "go back to a smaller part of a stage's callers, now",
    flags: [["--step <number>", "the step to go back to, from 1 on (default: the one before)"], reasonFlag],
    options: Narrow,
    run: narrow,
    more: "Requests that run end as they began; the next one of a caller who is out is refused. To stop everybody at once: headgate release hold MODEL.",
  });
}

type SteppedHere = Stepped & { readonly session: Session };

async function widen(call: Call<z.infer<typeof Widen>>): Promise<Answer> {
  const stepped = await steppedOf(call);
  return take(call, "widen", { ...stepped, step: widerStep(stepped) });
}

async function narrow(call: Call<z.infer<typeof Narrow>>): Promise<Answer> {
  const stepped = await steppedOf(call);
  const { step } = call.options;
  return take(call, "narrow", { ...stepped, step: narrowerStep(stepped, step === undefined ? undefined : step - 1) });
}

async function steppedOf(call: Call<unknown>): Promise<SteppedHere> {
  const model = parsed(Name, argument(call, 0), "The model");
  const session = await openSession(call.base, call.context);
  return { session, ...steppedIn(session.state, model) };
}

async function take(
  call: Call<Stepping>,
  verb: "widen" | "narrow",
  { session, release, share, step }: SteppedHere,
): Promise<Answer> {
  const { certificate, model, stage } = release;
  const reason = committed(call.options.reason);
  const body = { certificate, step, reason: reason.digest };
  const warning = verb === "widen" && share.watch !== undefined ? await warningOf(session, model) : null;
  const submitted = await submit(session, await signAs(session, verb, body), { openings: [reason.opening] });
  const open = share.steps[step] ?? 0;
  const ledgerIndex = recordedIndex(submitted);
  const json = { model, certificate, step: step + 1, steps: share.steps, open, warning, ledgerIndex };
  const where = `${model} is open to ${percentInWords(open)} of its ${share.by}s at ${stage}: step ${step + 1} of ${share.steps.length}.`;
  const text = warning === null ? where : `${where}\nWARNING: ${warning}`;
  return done(json, text, `headgate release status ${model}${sameProfile(call.base)}`);
}

/** What the watch says against the next step, where its plan leaves that to whoever takes it; else the server refuses. */
async function warningOf({ client }: Session, model: Name): Promise<string | null> {
  const { watch } = await client.get(pathOf(routes.watch, { model }), WatchAnswer);
  if (watch === null || watch.verdict === "may-widen") return null;
  const open = watch.measures.filter(({ verdict }) => verdict !== "kept").map(({ id }) => id);
  return `it was not shown that these keep their limit: ${open.join(", ")}.`;
}

interface Stepping {
  readonly reason: string;
}
