// `headgate stats judge`: a rate that an imperfect judge counted, with what its calibration says of its errors.
import { z } from "zod";
import { clopperPearson, clopperPearsonLower, clopperPearsonUpper } from "../../statistics/binomial.ts";
import { doubtOf, type Counts, type Level } from "../../statistics/counts.ts";
import { correctedBounds, correctedInterval, correctedRate, doubtedBounds } from "../../statistics/judge.ts";
import { type Answer, done } from "../answer.ts";
import { levelFields, levelFlags, levelOf, levelOptions, levelText, rateText, tableOf } from "./options.ts";
import type { Call } from "../verb.ts";

const Count = z.coerce.number().int().min(0);

export const JudgeOptions = z.object({
  failures: Count,
  trials: z.coerce.number().int().min(1),
  caught: Count,
  failed: Count,
  raised: Count,
  clean: Count,
  unknown: Count.default(0),
  answers: z.coerce.number().int().min(1).max(1_000_000).default(1),
  ...levelOptions,
});
type JudgeOptions = z.infer<typeof JudgeOptions>;

export const judgeFlags = [
  ["--failures <count>", "how many the judge called failures"],
  ["--trials <count>", "of how many"],
  ["--failed <count>", "calibration: how many had failed in truth, as people found"],
  ["--caught <count>", "calibration: how many of those the judge called failures"],
  ["--clean <count>", "calibration: how many were clean in truth"],
  ["--raised <count>", "calibration: how many of those the judge called failures, wrongly"],
  ["--unknown <count>", "of the trials those of which nobody can say, as a gate counts them (default 0)"],
  ["--answers <count>", "answers of one trial, at the most, where a trial fails with any of them (default 1)"],
  ...levelFlags,
] as const;

export async function judge({ options }: Call<JudgeOptions>): Promise<Answer> {
  const level = levelOf(options);
  const counts = {
    judged: { failures: options.failures, trials: options.trials },
    failed: { failures: options.caught, trials: options.failed },
    clean: { failures: options.raised, trials: options.clean },
  };
  const { lower, upper, fits } = correctedBounds(counts, level);
  const { unknown, answers: answersMax } = options;
  const half = { doubt: doubtOf(level) / 2 };
  const against = { failures: options.failures + unknown, trials: options.trials };
  const called = { upper: clopperPearsonUpper(against, half), lower: clopperPearsonLower(counts.judged, half) };
  const gate = doubtedBounds({ ...counts, called, answersMax }, level);
  const json = {
    rate: correctedRate(counts),
    lower,
    upper,
    method: "exact-in-thirds",
    fits,
    gate: { ...gate, unknown, answers: answersMax, method: "exact-in-halves" },
    interval: { ...correctedInterval(counts, level), method: "lee" },
    uncorrected: shareOf(counts.judged, level),
    sensitivity: shareOf(counts.failed, level),
    specificity: shareOf({ failures: options.clean - options.raised, trials: options.clean }, level),
    ...counts,
    ...levelFields(level),
  };
  return done(json, textOf(json, level));
}

interface Share {
  readonly estimate: number | null;
  readonly lower: number;
  readonly upper: number;
}

function shareOf(counts: Counts, level: Level): Share {
  return { estimate: counts.trials === 0 ? null : counts.failures / counts.trials, ...clopperPearson(counts, level) };
}

interface Judged {
  readonly rate: number | null;
  readonly lower: number;
  readonly upper: number;
  readonly fits: boolean;
  readonly gate: { readonly lower: number; readonly upper: number };
  readonly interval: { readonly lower: number; readonly upper: number };
  readonly uncorrected: Share;
  readonly sensitivity: Share;
  readonly specificity: Share;
}

function textOf(judged: Judged, level: Level): string {
  const { rate, lower, upper, interval, fits, gate } = judged;
  const lines = [
    rate === null
      ? "The judge tells failures from clean trials no better than chance, so it says nothing of their rate."
      : `Corrected for the judge's errors the rate is ${rateText(rate)}.`,
    `At most ${rateText(upper)}, at least ${rateText(lower)}: one-sided, at ${levelText(level)} confidence whatever the judge is (exact, a third of the doubt on each count).`,
    `With corrected: true a gate reads at most ${rateText(gate.upper)}, at least ${rateText(gate.lower)}: what the judge may have missed added, nothing taken off (half of the doubt on each count).`,
    `By approximation from ${rateText(interval.lower)} to ${rateText(interval.upper)}, two-sided (Lee and others).`,
    tableOf([
      ["", "estimate", "from", "to"],
      row("as judged", judged.uncorrected),
      row("sensitivity", judged.sensitivity),
      row("specificity", judged.specificity),
    ]),
  ];
  if (!fits)
    lines.push("No rate fits these counts: the calibration is not of trials like these. The bounds say nothing.");
  return lines.join("\n");
}

function row(name: string, { estimate, lower, upper }: Share): readonly string[] {
  return [`  ${name}`, ...[estimate, lower, upper].map(rateText)];
}
