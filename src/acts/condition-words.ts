// What a release's conditions say of who is served, over what and when, in words that go on after "is served".
import type { Conditions, Retention, Share } from "./conditions.ts";
import { type Hours, hoursInWords } from "./hours.ts";

interface Served {
  readonly hours?: Hours | undefined | null;
  readonly countries?: readonly string[] | undefined | null;
  readonly surfaces?: readonly string[] | undefined | null;
}

/** They are of the stage that was opened, and bind nobody who has the model from a narrower one. */
export function servedInWords({ hours, countries, surfaces }: Served): readonly string[] {
  return [
    ...(countries ? [`only where their organisation is registered in ${countries.join(", ")}`] : []),
    ...(surfaces ? [`only over ${surfaces.join(", ")}`] : []),
    ...(hours ? [`only on ${hoursInWords(hours)}`] : []),
  ];
}

/** Goes on after the steps of a share; nothing where nobody watches them. */
export function watchInWords(watch: Share["watch"]): string {
  if (watch === undefined) return "";
  const measures = watch.measures.map(({ id, measure, limit, back, ...more }) => {
    const seen = "labels" in more && more.labels.answers === true ? "; whoever labels sees the answers" : "";
    return `${id} (${measure} over ${percentInWords(limit)}: back to ${back === "one" ? "the step before" : "the first"}${seen})`;
  });
  const widen = watch.widen === undefined ? "" : ", widened only once all of them are shown to be kept";
  return `, watched for ${measures.join(", ")}${widen}`;
}

/** A share as people write it. */
export function percentInWords(part: number): string {
  return `${Number((100 * part).toPrecision(4))} %`;
}

/** Of the texts of all callers; nothing where the release says nothing of them. */
export function keptInWords(retention: Retention | null | undefined): readonly string[] {
  const { waitHours, decidedDays } = retention ?? {};
  const decided = decidedDays === 0 ? "once they decided" : `${decidedDays} day(s) after they decided`;
  return [
    ...(waitHours === undefined ? [] : [`A text that is kept for reviewers waits ${waitHours} hour(s) at the most.`]),
    ...(decidedDays === undefined ? [] : [`What reviewers have read is erased ${decided}, at the latest.`]),
  ];
}

/** How a certificate ends before its time, and what may go on over a hold. */
export function endedInWords({
  endsOnIncident,
  endsOnFailedGate,
  breakGlassHours,
}: Pick<Conditions, "endsOnIncident" | "endsOnFailedGate" | "breakGlassHours">): readonly string[] {
  const failing = endsOnFailedGate === "fail" ? "fails" : "does not pass";
  return [
    ...(endsOnIncident === undefined
      ? []
      : [`An incident of severity ${endsOnIncident} or a worse one ends it for good.`]),
    ...(endsOnFailedGate === undefined ? [] : [`It lapses where its gate, judged again each day, ${failing}.`]),
    ...(breakGlassHours === undefined ? [] : [`Over a hold it goes on for ${breakGlassHours} hour(s) at the most.`]),
  ];
}
