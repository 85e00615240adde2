// How far graders agree, in words.
import type { GraderAgreement } from "../../evidence/graders/agreement.ts";
import { percentToTenth } from "../../statistics/share.ts";

export function kappaInWords(
  { one, other, pairs, agreed, kappa, interval, bounds }: GraderAgreement,
  confidence: number,
): string {
  const share = agreed === null ? "nothing" : percentToTenth(agreed);
  const beyond =
    kappa === null ? "Cohen's kappa is not defined, as both always say the same" : `Cohen's kappa ${kappa.toFixed(2)}`;
  const usual = interval === null ? "" : `, ${100 * confidence} % interval ${ends(interval)} for many pairs`;
  return `${one} and ${other} agree on ${share} of ${pairs}: ${beyond}${usual}, ${ends(bounds)} whatever the truth is.`;
}

function ends({ lower, upper }: { readonly lower: number; readonly upper: number }): string {
  return `${lower.toFixed(2)} to ${upper.toFixed(2)}`;
}
