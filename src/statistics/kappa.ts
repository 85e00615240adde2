// How far two graders agree beyond chance: Cohen's kappa (Educational and Psychological Measurement 20, 1960), with two intervals.
// The usual one for many pairs, by the standard error of Fleiss, Cohen and Everitt (Psychological Bulletin 72, 1969); and bounds that
// hold for every truth and every number of pairs, from exact bounds on the agreement and on how often each grader says what.
import { clopperPearson } from "./binomial.ts";
import { type Interval, checkConfidence, doubtOf } from "./counts.ts";
import { normalQuantile } from "./normal.ts";

/** `table[i][j]`: how often the first grader said the i-th thing and the second one the j-th. Square, of counts. */
export type AgreementTable = readonly (readonly number[])[];

export interface Kappa {
  readonly pairs: number;
  /** Share of pairs with the same word; null where there are none. */
  readonly agreed: number | null;
  /** Null where there are no pairs, or both say one and the same thing always: nothing is beyond chance then. */
  readonly kappa: number | null;
  /** Approximate, two-sided; null where it is not defined or, having no spread, says nothing. */
  readonly interval: Interval | null;
  /** Two-sided, at least as sure as asked whatever the truth is, and wide. */
  readonly bounds: Interval;
}

export function cohensKappa(table: AgreementTable, confidence: number): Kappa {
  checkConfidence(confidence);
  const pairs = sum(table.map(sum));
  if (pairs === 0) return { pairs, agreed: null, kappa: null, interval: null, bounds: { lower: -1, upper: 1 } };
  const shares = table.map((row) => row.map((count) => count / pairs));
  const { rows, columns, agreed } = marginsOf(shares);
  const chance = sum(rows.map((row, at) => row * (columns[at] ?? 0)));
  const bounds = boundsOf(table, pairs, confidence);
  if (chance >= 1) return { pairs, agreed, kappa: null, interval: null, bounds };
  const kappa = beyond(agreed, chance);
  return { pairs, agreed, kappa, interval: largeSampleInterval(shares, { kappa, chance, pairs, confidence }), bounds };
}

function beyond(agreed: number, chance: number): number {
  return chance >= 1 ? (agreed >= 1 ? 1 : -1) : Math.max(-1, (agreed - chance) / (1 - chance));
}

interface Estimated {
  readonly kappa: number;
  readonly chance: number;
  readonly pairs: number;
  readonly confidence: number;
}

/** Their formula 13. */
function largeSampleInterval(shares: AgreementTable, { kappa, chance, pairs, confidence }: Estimated): Interval | null {
  const { rows, columns } = marginsOf(shares);
  const disagreement = 1 - kappa;
  const terms = shares.flatMap((row, i) =>
    row.map((share, j) => {
      if (i === j) return share * (1 - ((rows[i] ?? 0) + (columns[i] ?? 0)) * disagreement) ** 2;
      return share * disagreement ** 2 * ((columns[i] ?? 0) + (rows[j] ?? 0)) ** 2;
    }),
  );
  const variance = (sum(terms) - (kappa - chance * disagreement) ** 2) / (pairs * (1 - chance) ** 2);
  if (!(variance > 1e-15)) return null;
  const reach = normalQuantile(doubtOf(confidence) / 2) * Math.sqrt(variance);
  return { lower: Math.max(-1, kappa - reach), upper: Math.min(1, kappa + reach) };
}

/** Kappa grows with the agreement and falls with what chance gives: the ends of both, each bound at its part of the doubt. */
function boundsOf(table: AgreementTable, pairs: number, confidence: number): Interval {
  const each = 1 - (1 - confidence) / (1 + 2 * table.length);
  const boxOf = (counts: readonly number[]): readonly Interval[] =>
    counts.map((failures) => clopperPearson({ failures, trials: pairs }, each));
  const [one, other] = [table.map(sum), table.map((_, at) => sum(table.map((row) => row[at] ?? 0)))];
  const [first, second] = [verticesOf(boxOf(one)), verticesOf(boxOf(other))];
  const chances = first.flatMap((p) => second.map((q) => sum(p.map((share, at) => share * (q[at] ?? 0)))));
  const failures = sum(table.map((row, at) => row[at] ?? 0));
  const agreed = clopperPearson({ failures, trials: pairs }, each);
  const [least, most] = [Math.min(...chances), Math.max(...chances)];
  return { lower: beyond(agreed.lower, most), upper: beyond(agreed.upper, least) };
}

/** The corners of all shares in these intervals that make one whole: all but one stand at an end. A product of two such is extreme at corners. */
function verticesOf(box: readonly Interval[]): readonly (readonly number[])[] {
  return box.flatMap((free, at) =>
    endsOf(box, at).flatMap((ends) => {
      const left = 1 - sum(ends);
      return left < free.lower - 1e-12 || left > free.upper + 1e-12 ? [] : [ends.toSpliced(at, 1, left)];
    }),
  );
}

/** Every choice of ends of all but one, in whose place there is a 0. */
function endsOf(box: readonly Interval[], free: number): readonly (readonly number[])[] {
  return box.reduce<readonly (readonly number[])[]>(
    (before, { lower, upper }, at) =>
      before.flatMap((ends) =>
        at === free
          ? [[...ends, 0]]
          : [
              [...ends, lower],
              [...ends, upper],
            ],
      ),
    [[]],
  );
}

function marginsOf(shares: AgreementTable): {
  readonly rows: readonly number[];
  readonly columns: readonly number[];
  readonly agreed: number;
} {
  return {
    rows: shares.map(sum),
    columns: shares.map((_, at) => sum(shares.map((row) => row[at] ?? 0))),
    agreed: sum(shares.map((row, at) => row[at] ?? 0)),
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
