// `headgate stats`: the statistics of evidence, without a server: the bounds of the gate, and what it takes to read them rightly.
import type { Command } from "commander";
import type { Context } from "../context.ts";
import { bound, boundFlags, BoundOptions, type Side } from "./bounds.ts";
import { combine, combineFlags, CombineOptions } from "./combine.ts";
import { judge, judgeFlags, JudgeOptions } from "./judge.ts";
import { paired, pairedFlags, PairedOptions } from "./paired.ts";
import { plan, planFlags, PlanOptions } from "./plan.ts";
import { evalue, eValueFlags, EValueOptions, sequence, sequenceFlags, SequenceOptions } from "./watched.ts";
import { addVerb } from "../verb.ts";

const more = "docs/statistics.md says what each number means, what it rests on and what it does not say.";

export function addStatsVerbs(program: Command, context: Context): void {
  const stats = program.command("stats").description("how sure counts make a rate, exactly");
  addBoundVerb(stats, context, { side: "upper", summary: "the rate is at most this, at the confidence" });
  addBoundVerb(stats, context, { side: "lower", summary: "the rate is at least this, at the confidence" });
  addBoundVerb(stats, context, { side: "interval", summary: "the rate lies between these, at the confidence" });
  addVerb(stats, context, {
    usage: "sequence",
    summary: "bounds on a rate that hold at all looks at once",
    flags: sequenceFlags,
    options: SequenceOptions,
    more,
    run: sequence,
  });
  addVerb(stats, context, {
    usage: "evalue",
    summary: "promote, hold or roll back: evidence against a limit that may be watched",
    flags: eValueFlags,
    options: EValueOptions,
    more,
    run: evalue,
  });
  addVerb(stats, context, {
    usage: "judge",
    summary: "correct a rate for the errors of the judge that counted it",
    flags: judgeFlags,
    options: JudgeOptions,
    more,
    run: judge,
  });
  addVerb(stats, context, {
    usage: "paired",
    summary: "compare two systems on the same items",
    flags: pairedFlags,
    options: PairedOptions,
    more,
    run: paired,
  });
  addVerb(stats, context, {
    usage: "combine",
    summary: "several p-values or e-values at once",
    flags: combineFlags,
    options: CombineOptions,
    more,
    run: combine,
  });
  addVerb(stats, context, {
    usage: "plan",
    summary: "how many trials a claim takes",
    flags: planFlags,
    options: PlanOptions,
    more,
    run: plan,
  });
}

function addBoundVerb(
  stats: Command,
  context: Context,
  { side, summary }: { readonly side: Side; readonly summary: string },
): void {
  addVerb(stats, context, {
    usage: side,
    summary,
    flags: boundFlags,
    options: BoundOptions,
    more,
    run: (call) => bound(call, side),
  });
}
