// What is left of the limits, as response headers that the makers' clients read: OpenAI's `x-ratelimit-*` with durations
// (platform.openai.com/docs/guides/rate-limits), Anthropic's `anthropic-ratelimit-*` with moments in RFC 3339
// (docs.anthropic.com/en/api/rate-limits). Pure.
import { timestampOf } from "../terms/ids.ts";
import type { Format } from "../wire/format.ts";
import type { Rate, Rates } from "./quota.ts";

/** Headers of one answer in the words of its format; none for a limit that is not written. */
export function rateHeaders(rates: Rates, format: Format["name"]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const kind of ["requests", "tokens"] as const) {
    const rate = rates[kind];
    if (rate === undefined) continue;
    if (format === "messages") anthropic(headers, kind, rate);
    else openAi(headers, kind, { rate, at: rates.at });
  }
  return headers;
}

function openAi(
  headers: Record<string, string>,
  kind: string,
  now: { readonly rate: Rate; readonly at: number },
): void {
  const { limit, remaining, resetAt } = now.rate;
  headers[`x-ratelimit-limit-${kind}`] = String(limit);
  headers[`x-ratelimit-remaining-${kind}`] = String(remaining);
  headers[`x-ratelimit-reset-${kind}`] = durationText(resetAt - now.at);
}

function anthropic(headers: Record<string, string>, kind: string, { limit, remaining, resetAt }: Rate): void {
  const name = `anthropic-ratelimit-${kind}`;
  headers[`${name}-limit`] = String(limit);
  headers[`${name}-remaining`] = String(remaining);
  headers[`${name}-reset`] = timestampOf(resetAt).replace(/\.\d{3}Z$/, "Z");
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
