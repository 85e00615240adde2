// `headgate stats combine`: several p-values or e-values, where any one of them may raise an alarm.
import { z } from "zod";
import { doubtOf, type Level } from "../../statistics/counts.ts";
import {
  benjaminiHochberg,
  eBenjaminiHochberg,
  familyEValues,
  holm,
  logProductOfEValues,
  meanOfEValues,
} from "../../statistics/multiple.ts";
import { Failure } from "../../terms/failure.ts";
import { type Answer, done } from "../answer.ts";
import { finite, levelFields, levelFlags, levelOf, levelOptions, levelText, tableOf } from "./options.ts";
import type { Call } from "../verb.ts";

const Values = z
  .string()
  .regex(/^[\d.eE+-]+(,[\d.eE+-]+)*$/, "is numbers with commas between them: for example 0.001,0.03")
  .transform((text) => text.split(",").map(Number));

export const CombineOptions = z.object({ p: Values.optional(), e: Values.optional(), ...levelOptions });
type CombineOptions = z.infer<typeof CombineOptions>;

export const combineFlags = [
  ["--p <values>", "p-values, with commas between them"],
  ["--e <values>", "e-values, with commas between them"],
  ...levelFlags,
] as const;

export async function combine({ options }: Call<CombineOptions>): Promise<Answer> {
  const level = levelOf(options);
  const { p, e } = options;
  if (p !== undefined && e === undefined) return combinedP(p, level);
  if (e !== undefined && p === undefined) return combinedE(e, level);
  throw new Failure("request_invalid", "Give either --p or --e. See --help.");
}

function combinedP(values: readonly number[], level: Level): Answer {
  const [family, discoveries] = [holm(values), benjaminiHochberg(values)];
  const doubt = doubtOf(level);
  const each = values.map((p, at) => ({ p, holm: family[at] ?? 1, benjaminiHochberg: discoveries[at] ?? 1 }));
  const shown = each.map((one, at) => [
    String(at + 1),
    ...[one.p, one.holm, one.benjaminiHochberg].map((value) => String(Number(value.toPrecision(6)))),
    one.holm <= doubt ? "yes" : "no",
  ]);
  const head = ["", "p", "Holm", "Benjamini-Hochberg", `shown at ${levelText(level)} (Holm)`];
  return done({ values: each, ...levelFields(level) }, tableOf([head, ...shown]));
}

function combinedE(values: readonly number[], level: Level): Answer {
  const [family, discoveries] = [familyEValues(values), eBenjaminiHochberg(values)];
  const threshold = 1 / doubtOf(level);
  const each = values.map((e, at) => ({ e, family: family[at] ?? 0, benjaminiHochberg: discoveries[at] ?? 1 }));
  const mean = meanOfEValues(values);
  const logProduct = logProductOfEValues(values);
  const product = finite(Math.exp(logProduct));
  const json = { values: each, mean, product, logProduct: finite(logProduct), threshold, ...levelFields(level) };
  const shown = each.map((one, at) => [
    String(at + 1),
    ...[one.e, one.family, one.benjaminiHochberg].map((value) => String(Number(value.toPrecision(6)))),
    one.family >= threshold ? "yes" : "no",
  ]);
  const head = ["", "e", "of the family", "e-BH (as p)", `shown at ${levelText(level)}`];
  const all = `All together: mean ${Number(mean.toPrecision(6))}, whatever their dependence; product ${product === null ? `e^${logProduct.toPrecision(6)}` : Number(product.toPrecision(6))}, only where each is valid given those before it. Needed: ${Number(threshold.toPrecision(6))}.`;
  return done(json, `${tableOf([head, ...shown])}\n${all}`);
}
