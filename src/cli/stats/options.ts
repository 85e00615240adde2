// What the verbs of `headgate stats` share: how sure, how many of how many, and tables for people.
import { z } from "zod";
import { doubtOf, type Counts, type Level } from "../../statistics/counts.ts";
import { Failure } from "../../terms/failure.ts";

export const levelOptions = {
  confidence: z.coerce.number().min(0.5).lt(1).optional(),
  doubt: z.coerce.number().gt(0).max(0.5).optional(),
};

export const levelFlags = [
  ["--confidence <share>", "default 0.95"],
  ["--doubt <share>", "1 - confidence, in its place: for claims as sure as 1e-9"],
] as const;

interface LevelOptions {
  readonly confidence?: number | undefined;
  readonly doubt?: number | undefined;
}

/** The level that was asked for, checked; 0.95 where none was. */
export function levelOf({ confidence, doubt }: LevelOptions): Level {
  if (confidence !== undefined && doubt !== undefined)
    throw new Failure("request_invalid", "--confidence and --doubt say the same thing: give one of them.");
  const level = doubt === undefined ? (confidence ?? 0.95) : { doubt };
  doubtOf(level);
  return level;
}

/** As answers print it. */
export function levelFields(level: Level): { readonly confidence: number; readonly doubt: number } {
  if (typeof level !== "number") return { confidence: 1 - level.doubt, doubt: level.doubt };
  return { confidence: level, doubt: Number((1 - level).toPrecision(12)) };
}

/** For example `95 %`, or `1 - 1e-9`. */
export function levelText(level: Level): string {
  const doubt = doubtOf(level);
  return doubt < 1e-6 ? `1 - ${Number(doubt.toPrecision(6))}` : `${Number(((1 - doubt) * 100).toPrecision(8))} %`;
}

export const countOptions = {
  failures: z.coerce.number().int().min(0).optional(),
  trials: z.coerce.number().int().min(1).optional(),
};

export const countFlags = [
  ["--failures <count>", "how many failed"],
  ["--trials <count>", "of how many"],
] as const;

/** Both counts, or undefined where neither was given. */
export function countsOf({
  failures,
  trials,
}: {
  readonly failures?: number | undefined;
  readonly trials?: number | undefined;
}): Counts | undefined {
  if (failures === undefined && trials === undefined) return undefined;
  if (failures === undefined) throw new Failure("request_invalid", "--failures: is missing. See --help.");
  if (trials === undefined) throw new Failure("request_invalid", "--trials: is missing. See --help.");
  return { failures, trials };
}

/** Rows in columns as wide as need be, numbers to the right but for the first column. */
export function tableOf(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** Four digits of a rate; `-` where there is none. */
export function rateText(rate: number | null): string {
  return rate === null ? "-" : rate === 0 || rate === 1 || rate === -1 ? String(rate) : rate.toPrecision(4);
}

/** A number that JSON can carry: what is not finite is null. */
export function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
