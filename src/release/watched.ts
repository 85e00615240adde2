// What receipts tell the watch over a stage that opens by steps: which exchanges of the running period each live measure counts or
// looks at. Pure; what it comes to is counted by watch-store.ts and judged by src/gates/watch.ts.
import { Receipt, receiptCharsMax } from "../acts/receipt.ts";
import { type Period, periodOf } from "../acts/rules/share.ts";
import { type State, latestCertificate } from "../acts/state.ts";
import type { LiveMeasure, SampledMeasure } from "../acts/watch.ts";
import { isAbout, isDrawn, isSampled } from "../exposure/sampling.ts";
import { parseJson } from "../proof/canonical.ts";
import { fromUtf8 } from "../proof/encoding.ts";
import type { Hasher } from "../proof/primitives.ts";
import { Failure } from "../terms/failure.ts";
import { CertificateId, type Instant, type Name, instantOf } from "../terms/ids.ts";

/** A stage that is watched now. */
export interface WatchedStage {
  readonly certificate: CertificateId;
  readonly model: Name;
  readonly period: Period;
  readonly measures: readonly LiveMeasure[];
}

/** By certificate. */
export type WatchedStages = ReadonlyMap<CertificateId, WatchedStage>;

export function watchedStages(state: State): WatchedStages {
  const watched = new Map<CertificateId, WatchedStage>();
  for (const model of state.certificates.keys()) {
    const stage = watchedStage(state, model);
    if (stage !== undefined) watched.set(stage.certificate, stage);
  }
  return watched;
}

/** Undefined where its certificate has no watch; one that ended or lapsed has none any more. */
export function watchedStage(state: State, model: Name): WatchedStage | undefined {
  const latest = latestCertificate(state, model);
  const watch = latest?.release.conditions.share?.watch;
  if (latest === undefined || watch === undefined) return undefined;
  const { certificate } = latest.release;
  if (state.ended.has(certificate) || state.lapsed.has(certificate)) return undefined;
  return { certificate, model, period: periodOf(state, latest), measures: watch.measures };
}

/** The receipt, if it was made under one of these certificates. No signature is checked here. */
export function watchedReceipt(bytes: Uint8Array, watched: WatchedStages): Receipt | undefined {
  if (watched.size === 0) return undefined;
  const named = /"under":"([^"]{1,64})"/.exec(fromUtf8(bytes) ?? "")?.[1];
  const under = CertificateId.safeParse(named).data;
  if (under === undefined || !watched.has(under)) return undefined;
  try {
    return Receipt.safeParse(parseJson(bytes, { bytesMax: receiptCharsMax, depthMax: 3, code: "proof_invalid" })).data;
  } catch (error) {
    // What cannot be read is not counted, and recorded all the same: counting is no reason to lose receipts.
    if (error instanceof Failure) return undefined;
    throw error;
  }
}

/** What one receipt is to the watch: an exchange of the period, and what it is to each live measure that is about it. */
export type Seen = { readonly stage: WatchedStage } &
  /** Late: served before the server stepped back, and drained after it, so that it says nothing of the step that stands now. */
  (
    | { readonly kind: "exchange"; readonly isLate: boolean }
    | { readonly kind: "counted"; readonly measure: LiveMeasure; readonly isBad: boolean }
    | { readonly kind: "drawn"; readonly measure: SampledMeasure; readonly receipt: Receipt; readonly at: Instant }
  );

export function seenIn(receipt: Receipt, watched: WatchedStages, hasher: Hasher): readonly Seen[] {
  const under = CertificateId.safeParse(receipt.under).data;
  const stage = under === undefined ? undefined : watched.get(under);
  if (stage === undefined) return [];
  const at = instantOf(receipt.at);
  const isLate = stage.period.watch !== null && at < instantOf(stage.period.at);
  if (isLate) return [{ kind: "exchange", stage, isLate }];
  const seen = stage.measures.flatMap((measure): readonly Seen[] => {
    if (measure.measure === "probes" || !isAbout(measure, receipt)) return [];
    if (!isSampled(measure)) return [{ kind: "counted", stage, measure, isBad: hasFailed(receipt) }];
    const drawn = { certificate: stage.certificate, receipt: receipt.id };
    if (!isDrawn(measure, drawn, hasher)) return [];
    return [{ kind: "drawn", stage, measure, receipt, at }];
  });
  return [{ kind: "exchange", stage, isLate }, ...seen];
}

/** Causes that lie with the safeguards; a caller who sends too much, or for whom no reviewer has room, makes none of them fail. */
const failures = new Set(["timeout", "failed", "overloaded", "not-configured", "unparsable", "budget-spent"]);

function hasFailed({ input, output }: Receipt): boolean {
  return [input, output].some((verdict) => {
    const [kind, cause = ""] = verdict.split(":");
    return kind === "unknown" && failures.has(cause);
  });
}
