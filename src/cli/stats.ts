// `headgate stats`: the bounds of the gate, without a server.
import type { Command } from "commander";
import { z } from "zod";
import { clopperPearsonLower, clopperPearsonUpper } from "../statistics/binomial.ts";
import { type Answer, done } from "./answer.ts";
import type { Context } from "./context.ts";
import { type Call, addVerb } from "./verb.ts";

const Counts = z.object({
  failures: z.coerce.number().int().min(0),
  trials: z.coerce.number().int().min(1),
  confidence: z.coerce.number().gt(0).lt(1).default(0.95),
});
const flags = [
  ["--failures <count>", "how many failed"],
  ["--trials <count>", "of how many"],
  ["--confidence <share>", "default 0.95"],
] as const;

export function addStatsVerbs(program: Command, context: Context): void {
  const stats = program.command("stats").description("exact bounds on a rate");
  addVerb(stats, context, {
    usage: "upper",
    summary: "the rate is at most this, at the confidence",
    flags,
    options: Counts,
    run: async (call) => bound(call, "upper"),
  });
  addVerb(stats, context, {
    usage: "lower",
    summary: "the rate is at least this, at the confidence",
    flags,
    options: Counts,
    run: async (call) => bound(call, "lower"),
  });
}

function bound({ options }: Call<z.infer<typeof Counts>>, side: "upper" | "lower"): Answer {
  const { failures, trials, confidence } = options;
  const compute = side === "upper" ? clopperPearsonUpper : clopperPearsonLower;
  const value = compute({ failures, trials }, confidence);
  const words = side === "upper" ? "at most" : "at least";
  return done(
    { [side]: value, method: "clopper-pearson", failures, trials, confidence },
    `${failures} of ${trials}: the rate is ${words} ${value.toPrecision(4)}, one-sided, at ${confidence * 100} % confidence (Clopper-Pearson).`,
  );
}
