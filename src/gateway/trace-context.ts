// W3C Trace Context (w3.org/TR/trace-context, version 00): which trace a request belongs to. A caller's header is believed for
// its ids and its sampling flag only, and only in the exact form; everything else begins a trace of our own.
import { toHex } from "../proof/encoding.ts";

export interface Trace {
  readonly traceId: string;
  /** The caller's span, where it named one. */
  readonly parentId: string | undefined;
  /** Our span over the whole request, and the one over asking the model's server. */
  readonly spanId: string;
  readonly askId: string;
  readonly isSampled: boolean;
}

/** `tracestate` is neither read nor passed on. */
export function beginTrace(traceparent: string | undefined, randomBytes: (count: number) => Uint8Array): Trace {
  const ids = toHex(randomBytes(32));
  const own = { spanId: ids.slice(32, 48), askId: ids.slice(48, 64) };
  const parent = parseTraceparent(traceparent);
  if (parent === undefined) return { traceId: ids.slice(0, 32), parentId: undefined, isSampled: true, ...own };
  return { ...parent, ...own };
}

const form = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

/** Undefined for a version that is not known, for ids of zeros, and for anything that is not this form exactly. */
function parseTraceparent(text: string | undefined): Pick<Trace, "traceId" | "parentId" | "isSampled"> | undefined {
  const [, traceId = "", parentId = "", flags = ""] = form.exec(text ?? "") ?? [];
  if (traceId === "" || /^0+$/.test(traceId) || /^0+$/.test(parentId)) return undefined;
  return { traceId, parentId, isSampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

/** What the model's server is told. */
export function traceparentOf({ traceId, askId, isSampled }: Trace): string {
  return `00-${traceId}-${askId}-${isSampled ? "01" : "00"}`;
}
