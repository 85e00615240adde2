// `headgate stats plan`: how many trials a claim takes, before the first one is made.
import { z } from "zod";
import { failuresAllowed, trialsNeeded, type Claim } from "../../statistics/binomial.ts";
import type { BetaShape } from "../../statistics/beta.ts";
import { chanceToShow, decisionOf, trialsForPower, type Decision, type Plan } from "../../statistics/plan.ts";
import { Failure } from "../../terms/failure.ts";
import { type Answer, done } from "../answer.ts";
import { levelFields, levelFlags, levelOf, levelOptions, levelText, rateText, tableOf } from "./options.ts";
import { Prior } from "./watched.ts";
import type { Call } from "../verb.ts";

export const PlanOptions = z.object({
  limit: z.coerce.number().gt(0).lt(1),
  failuresMax: z.coerce.number().int().min(0).max(1000).default(5),
  trueRate: z.coerce.number().min(0).max(1).optional(),
  power: z.coerce.number().gt(0).lt(1).default(0.9),
  trials: z.coerce.number().int().min(1).optional(),
  horizon: z.coerce.number().int().min(1).optional(),
  every: z.coerce.number().int().min(1).default(1),
  prior: Prior.default({ a: 1, b: 1 }),
  ...levelOptions,
});
type PlanOptions = z.infer<typeof PlanOptions>;

export const planFlags = [
  ["--limit <rate>", "the rate that is not to be exceeded"],
  ["--failures-max <count>", "list the trials needed with up to so many failures; default 5"],
  ["--true-rate <rate>", "if this is the true rate: how likely is the claim to be shown, and when"],
  ["--power <share>", "with --true-rate: find the trials that show it with this chance; default 0.9"],
  ["--trials <count>", "with --true-rate: the chance that so many trials show it"],
  ["--horizon <count>", "with --true-rate: also of bets that are watched, given up after so many trials"],
  ["--every <count>", "with --horizon: looked at after each so many trials; default 1"],
  ["--prior <a,b>", "with --horizon: how the stakes are spread; default 1,1"],
  ...levelFlags,
] as const;

export async function plan({ options }: Call<PlanOptions>): Promise<Answer> {
  const level = levelOf(options);
  const claim: Claim = { limit: options.limit, confidence: level };
  mustBeAsked(options);
  const needed = Array.from({ length: options.failuresMax + 1 }, (_, failures) => ({
    failures,
    trials: trialsNeeded(failures, claim) ?? null,
  }));
  const { trueRate } = options;
  const json = {
    limit: options.limit,
    ...levelFields(level),
    needed,
    ...(trueRate === undefined ? {} : { ifTrue: ifTrue(trueRate, claim, options) }),
  };
  const lines = [
    `To show a rate of at most ${options.limit} at ${levelText(level)} confidence, one-sided, exact, fixed in advance:`,
    tableOf([
      ["failures", "trials"],
      ...needed.map(({ failures, trials }) => [String(failures), trials === null ? "out of reach" : String(trials)]),
    ]),
  ];
  if (json.ifTrue !== undefined) lines.push(...ifTrueText(json.ifTrue));
  return done(json, lines.join("\n"));
}

/** What needs another option says so, and is not passed over. */
function mustBeAsked({ trueRate, trials, horizon, every }: PlanOptions): void {
  if (trueRate === undefined && trials !== undefined)
    throw new Failure("request_invalid", "--trials: the chance to show a claim takes a --true-rate. See --help.");
  if (trueRate === undefined && horizon !== undefined)
    throw new Failure("request_invalid", "--horizon: when a bet decides takes a --true-rate. See --help.");
  if (horizon === undefined && every !== 1)
    throw new Failure("request_invalid", "--every: looks take a --horizon. See --help.");
}

interface IfTrue {
  readonly trueRate: number;
  /** Of the trials that were named: how many may fail (null: even none would show it), and the chance to show the claim. */
  readonly atTrials?: { readonly trials: number; readonly failures: number | null; readonly power: number };
  /** The fewest trials with the power that is wanted; null where there are none. */
  readonly planned: Plan | null;
  readonly powerWanted: number;
  readonly watched?: Watched;
}

interface Watched {
  readonly horizon: number;
  readonly every: number;
  readonly prior: BetaShape;
  readonly promote: Watching;
  readonly rollback: Watching;
}

/** With the chance that the bet is won at the limit, where it should not be. */
type Watching = Decision & { readonly chanceAtLimit: number };

function ifTrue(trueRate: number, claim: Claim, options: PlanOptions): IfTrue {
  const { trials, power, horizon, every, prior, limit } = options;
  const watching = (side: "below" | "above", last: number): Watching => {
    const watch = { bet: { limit, side, prior }, level: claim.confidence, every, horizon: last };
    return { ...decisionOf(watch, trueRate), chanceAtLimit: decisionOf(watch, limit).chance };
  };
  return {
    trueRate,
    ...(trials === undefined
      ? {}
      : {
          atTrials: {
            trials,
            failures: failuresAllowed(trials, claim) ?? null,
            power: chanceToShow(trials, claim, trueRate),
          },
        }),
    planned: trialsForPower(claim, trueRate, power) ?? null,
    powerWanted: power,
    ...(horizon === undefined
      ? {}
      : {
          watched: { horizon, every, prior, promote: watching("below", horizon), rollback: watching("above", horizon) },
        }),
  };
}

function ifTrueText({ trueRate, atTrials, planned, powerWanted, watched }: IfTrue): readonly string[] {
  const lines = [`If the true rate is ${trueRate}:`];
  if (atTrials !== undefined) {
    const { trials, failures, power } = atTrials;
    lines.push(
      failures === null
        ? `  ${trials} trials cannot show it, even without a failure.`
        : `  ${trials} trials, of which ${failures} may fail, show it with a chance of ${rateText(power)}.`,
    );
  }
  lines.push(
    planned === null
      ? `  No number of trials that is looked for shows it with a chance of ${powerWanted}.`
      : `  ${planned.trials} trials, of which ${planned.failures} may fail, are the fewest that show it with a chance of ${powerWanted} (${rateText(planned.power)}).`,
  );
  if (watched !== undefined) lines.push(...watchedText(watched));
  return lines;
}

function watchedText({ horizon, every, promote, rollback }: Watched): readonly string[] {
  return [
    `Watched, looking after each ${every === 1 ? "trial" : `${every} trials`} up to ${horizon}:`,
    tableOf([
      ["  bet", "decides by then", "a tenth after", "half", "nine tenths", "at the limit, wrongly"],
      row("below (promote)", promote),
      row("above (rollback)", rollback),
    ]),
  ];
}

function row(name: string, { chance, trials, chanceAtLimit }: Watching): readonly string[] {
  const times = [trials.tenth, trials.half, trials.nineTenths].map((at) => (at === null ? "-" : String(at)));
  return [`  ${name}`, rateText(chance), ...times, rateText(chanceAtLimit)];
}
