// Numbers, shares, times and sizes as people read them: with their unit, in English, the same everywhere.
const whole = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat("en-GB", { maximumSignificantDigits: 3 });
const up = new Intl.NumberFormat("en-GB", { maximumSignificantDigits: 3, roundingMode: "ceil" });
const down = new Intl.NumberFormat("en-GB", { maximumSignificantDigits: 3, roundingMode: "floor" });
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const moment = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium", timeZone: "UTC" });
const day = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeZone: "UTC" });

/** A number and its unit stay on one line. */
const unbroken = "\u00A0";

/** 1842 → "1,842"; 0.034567 → "0.0346". */
export function numberInWords(value: number): string {
  return Number.isInteger(value) ? whole.format(value) : short.format(value);
}

/** 0.0154 → "1.54 %". */
export function percentInWords(share: number): string {
  return inPercent(short.format(share * 100));
}

function inPercent(number: string): string {
  return `${number}${unbroken}%`;
}

/** 0.0154 → "1 in 65": how often, for small shares that per cents say badly. */
export function oneInWords(share: number): string {
  if (share <= 0) return "none";
  return share >= 1 ? "every one" : `1 in ${down.format(Math.floor(1 / share))}`;
}

export interface Bounds {
  readonly lower: number;
  readonly upper: number;
  /** 0.95 for 95 %. */
  readonly confidence: number;
  /** Whether each bound by itself has that confidence, as limits are judged, and not the two together. */
  readonly isEach?: boolean;
}

/** Without the last digits of a binary fraction, which rounding away from zero would make a step of. */
function percentOf(share: number): number {
  return Number((share * 100).toPrecision(12));
}

/** Bounds are rounded outwards: what is said is never more than what was shown. "below 1 in 65 with 95 % confidence", or "between 12 % and 18 % with 95 % confidence". */
export function boundsInWords({ lower, upper, confidence, isEach }: Bounds): string {
  const sure = `with ${percentInWords(confidence)} confidence`;
  if (lower <= 0 && upper >= 1) return `not known: anything from none to all ${sure}`;
  if (lower <= 0) return `below ${upper < 0.1 ? oneInWords(upper) : inPercent(up.format(percentOf(upper)))} ${sure}`;
  if (upper >= 1) return `above ${inPercent(down.format(percentOf(lower)))} ${sure}`;
  const [least, most] = [inPercent(down.format(percentOf(lower))), inPercent(up.format(percentOf(upper)))];
  return isEach === true
    ? `at least ${least} and at most ${most}, each ${sure}`
    : `between ${least} and ${most} ${sure}`;
}

/** "3 of 200". */
export function countInWords(count: number, of: number): string {
  return `${whole.format(count)} of ${whole.format(of)}`;
}

const spans = [
  { unit: "year", ms: 31_557_600_000 },
  { unit: "month", ms: 2_629_800_000 },
  { unit: "day", ms: 86_400_000 },
  { unit: "hour", ms: 3_600_000 },
  { unit: "minute", ms: 60_000 },
  { unit: "second", ms: 1000 },
] as const;

/** The page's clock moves by quarters of a minute, and others' clocks differ by seconds: what just happened is never "in 5 seconds". */
const clockStepMs = 20_000;

/** "3 minutes ago", "in 12 days", "just now". */
export function agoInWords(at: number, now: number): string {
  const away = at - now;
  if (away > -5_000 && away < clockStepMs) return "just now";
  const { unit, ms } = spans.find((span) => Math.abs(away) >= span.ms) ?? { unit: "second", ms: 1000 };
  return relative.format(Math.trunc(away / ms), unit);
}

/** "30 Nov 2026, 23:58:00 UTC". */
export function momentInWords(at: number): string {
  return `${moment.format(at)} UTC`;
}

/** "30 Nov 2026". */
export function dayInWords(at: number): string {
  return day.format(at);
}

/** "840 ms", "2.31 s", "4 min 10 s". */
export function durationInWords(ms: number): string {
  if (ms < 1000) return `${short.format(ms)}${unbroken}ms`;
  if (ms < 60_000) return `${short.format(ms / 1000)}${unbroken}s`;
  const seconds = Math.round(ms / 1000);
  return `${whole.format(Math.floor(seconds / 60))} min ${seconds % 60} s`;
}

const sizes = ["bytes", "kB", "MB", "GB", "TB"] as const;

/** "1.8 MB"; in thousands, as disks count. */
export function bytesInWords(bytes: number): string {
  const power = Math.min(sizes.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, bytes)) / 3)));
  return `${short.format(bytes / 1000 ** power)} ${sizes[power] ?? "bytes"}`;
}

const shownChars = 12;

/** "sha256:0f3a4b5c6d7e…": the beginning of a digest, a key or an id, where the whole stands elsewhere. */
export function shortened(value: string): string {
  const at = value.indexOf(":") + 1;
  return value.length > at + shownChars + 1 ? `${value.slice(0, at + shownChars)}…` : value;
}

/** "12.4 requests/s". */
export function rateInWords(perSecond: number, what: string): string {
  return `${short.format(perSecond)} ${what}/s`;
}
