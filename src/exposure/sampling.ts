// Which exchanges of a watched stage somebody looks at: drawn by a hash of certificate, live measure and receipt, so that the gateway
// that keeps a text and the control plane that counts the receipt draw the same ones, and so does whoever checks them later.
import type { Receipt } from "../acts/receipt.ts";
import type { CallerMeasure, LiveMeasure, SampledMeasure } from "../acts/watch.ts";
import type { Hasher } from "../proof/primitives.ts";
import type { CertificateId, ReceiptId } from "../terms/ids.ts";
import { placeOfText } from "./share.ts";

export interface Drawn {
  readonly certificate: CertificateId;
  readonly receipt: ReceiptId;
}

export function isSampled(measure: LiveMeasure): measure is SampledMeasure {
  return measure.measure !== "safeguard-failures" && measure.measure !== "probes";
}

/** Whether an exchange is among those that a measure looks at, if it is one of its kind at all. */
export function isDrawn(
  { id, sample }: Pick<SampledMeasure, "id" | "sample">,
  { certificate, receipt }: Drawn,
  hasher: Hasher,
): boolean {
  return placeOfText(["headgate watch v1", certificate, id, receipt].join("\n"), hasher) < sample;
}

export type Ended = Pick<Receipt, "outcome" | "why" | "input" | "output">;

/**
 * Whether a measure is about exchanges that ended so. Misuse is looked for in what was let in, whether or not the caller waited
 * for its end; over-blocking in what policy stopped.
 */
export function isAbout({ measure }: CallerMeasure, { outcome, why, input, output }: Ended): boolean {
  switch (measure) {
    case "safeguard-failures":
      // Something was to be looked at.
      return input !== "none" || output !== "none";
    case "confirmed-misuse":
      // A request that only counts tokens, and one for vectors, has no answer that anybody looked at.
      return outcome === "served"
        ? output !== "none"
        : input !== "none" && (outcome === "cut" || outcome === "stopped");
    case "over-blocking":
      return outcome === "blocked" && why?.startsWith("policy_blocked") === true;
  }
}
