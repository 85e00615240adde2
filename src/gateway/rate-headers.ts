// What is left of the limits, as response headers that the makers' clients read: OpenAI's `x-ratelimit-*` with durations
// (platform.openai.com/docs/guides/rate-limits), Anthropic's `anthropic-ratelimit-*` with moments in RFC 3339
// (docs.anthropic.com/en/api/rate-limits). Pure.
import { timestampOf } from "../terms/ids.ts";
import type { Format } from "../wire/format.ts";
import type { Rate, Rates } from "./quota.ts";

/** Headers of one answer in the words of its format; none for a limit that is not written. */
export function rateHeaders(rates: Rates, format: Format["name"]): Record<string, string> {
  const isAnthropic = format === "messages";
  const said = (["requests", "tokens"] as const).flatMap((kind) => {
    const rate = rates[kind];
    if (rate === undefined) return [];
    return isAnthropic ? anthropic(kind, rate) : openAi(kind, rate, rates.at);
  });
  return Object.fromEntries(said);
}

type Header = readonly [name: string, value: string];

function openAi(kind: string, { limit, remaining, resetAt }: Rate, at: number): readonly Header[] {
  return [
    [`x-ratelimit-limit-${kind}`, String(limit)],
    [`x-ratelimit-remaining-${kind}`, String(remaining)],
    [`x-ratelimit-reset-${kind}`, durationText(resetAt - at)],
  ];
}

function anthropic(kind: string, { limit, remaining, resetAt }: Rate): readonly Header[] {
  const name = `anthropic-ratelimit-${kind}`;
  return [
    [`${name}-limit`, String(limit)],
    [`${name}-remaining`, String(remaining)],
    [`${name}-reset`, timestampOf(resetAt).replace(/\.\d{3}Z$/, "Z")],
  ];
}

/** `120ms`, `1s`, `6m0s`, `23h59m59s`: as Go writes durations, whole seconds from one second on, rounded up. */
export function durationText(ms: number): string {
  if (ms < 1000) return `${Math.max(0, Math.ceil(ms))}ms`;
  const seconds = Math.ceil(ms / 1000);
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const rest = `${seconds % 60}s`;
  if (hours > 0) return `${hours}h${minutes}m${rest}`;
  return minutes > 0 ? `${minutes}m${rest}` : rest;
}
