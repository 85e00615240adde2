// What is left of the limits, as response headers that the makers' clients read: OpenAI's `x-ratelimit-*` with durations
// (platform.openai.com/docs/guides/rate-limits), Anthropic's `anthropic-ratelimit-*` with moments in RFC 3339
// (docs.anthropic.com/en/api/rate-limits). Pure.
import { type Instant, timestampOf } from "../terms/ids.ts";
import type { Format } from "../wire/format.ts";
import type { Rate, Rates } from "./quota.ts";

/** Adds the headers of one answer in the words of its format, name and value in turn; none for a limit that is not written. */
export function rateHeaders(list: string[], { at, requests, tokens }: Rates, format: Format["name"]): void {
  const names = format === "messages" ? anthropicNames : openAiNames;
  if (requests !== undefined) add(list, names.requests, { rate: requests, at });
  if (tokens !== undefined) add(list, names.tokens, { rate: tokens, at });
}

interface Names {
  readonly limit: string;
  readonly remaining: string;
  readonly reset: string;
  readonly resetText: (resetAt: Instant, at: Instant) => string;
}

function add(list: string[], names: Names, { rate, at }: { readonly rate: Rate; readonly at: Instant }): void {
  const { limit, remaining, resetAt } = rate;
  list.push(names.limit, String(limit), names.remaining, String(remaining), names.reset, names.resetText(resetAt, at));
}

const openAiNames = { requests: openAi("requests"), tokens: openAi("tokens") } as const;
const anthropicNames = { requests: anthropic("requests"), tokens: anthropic("tokens") } as const;

function openAi(kind: string): Names {
  return {
    limit: `x-ratelimit-limit-${kind}`,
    remaining: `x-ratelimit-remaining-${kind}`,
    reset: `x-ratelimit-reset-${kind}`,
    resetText: durationTo,
  };
}

function anthropic(kind: string): Names {
  const name = `anthropic-ratelimit-${kind}`;
  return { limit: `${name}-limit`, remaining: `${name}-remaining`, reset: `${name}-reset`, resetText: momentText };
}

function durationTo(resetAt: Instant, at: Instant): string {
  return durationText(resetAt - at);
}

function momentText(resetAt: Instant): string {
  return timestampOf(resetAt).replace(/\.\d{3}Z$/, "Z");
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
