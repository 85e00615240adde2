// What a running server says of itself: one JSON line an event on stderr. Callers of it pass ids, numbers and closed
// words; no text of a request, no secret. What looks like a key all the same is taken out here, and long words are cut.
import { faultOf, framesOf } from "../terms/trouble.ts";

export type Report = (event: string, detail: Readonly<Record<string, string | number>>) => void;

export const logLevels = ["error", "warn", "info"] as const;
export type LogLevel = (typeof logLevels)[number];

/** What needs somebody, and what somebody may want to know; the rest is information. */
const levels: Readonly<Record<string, LogLevel>> = {
  fault: "error",
  "control-error": "error",
  lost: "error",
  spool: "error",
  drain: "warn",
  feed: "warn",
  hold: "error",
  lease: "warn",
  review: "warn",
  safeguard: "warn",
  tls: "warn",
  upstream: "warn",
  usage: "warn",
  telemetry: "warn",
};

/** Characters of one word of a line. */
const wordCharsMax = 600;

export function reportTo(stream: NodeJS.WritableStream, least: LogLevel = "info"): Report {
  return (event, detail) => {
    const level = levels[event] ?? "info";
    if (logLevels.indexOf(level) > logLevels.indexOf(least)) return;
    const words = Object.entries(detail).map(([name, value]) => [
      name,
      typeof value === "string" ? clean(value) : value,
    ]);
    stream.write(`${JSON.stringify({ at: new Date().toISOString(), level, event, ...Object.fromEntries(words) })}\n`);
  };
}

/** Keys of callers, invitations, and whatever stands behind the words that carry credentials. */
const secrets = /\b(?:hg_|hgi1_|sk-)[\w.-]{6,}|\b(?:Bearer|Basic|Headgate)\s+\S+/gi;

function clean(text: string): string {
  const cleaned = text.slice(0, 4 * wordCharsMax).replaceAll(secrets, "[secret]");
  return cleaned.length <= wordCharsMax ? cleaned : `${cleaned.slice(0, wordCharsMax)}…`;
}

/** A server that breaks ends, as a broken program does, and says where it broke: what it was handling may stand in the error. */
export function endOnFault(report: Report): void {
  process.on("uncaughtException", (error: unknown) => {
    const { kind, place } = faultOf(error);
    const [, ...outer] = error instanceof Error ? framesOf(error).slice(0, 8) : [];
    report("fault", { kind, place: [place, ...outer].join(" at "), isLast: 1 });
    process.exit(1);
  });
}
