// The headers of an answer to a call: name and value in turn, as node:http writes them fastest.
import { modeOf } from "../terms/stage.ts";
import type { Format } from "../wire/format.ts";
import type { Refused, Streamed, Whole } from "./answer.ts";
import type { Exchange } from "./exchange.ts";
import { noticeHeader, noticeText } from "./notices.ts";
import type { Rates } from "./quota.ts";
import { rateHeaders } from "./rate-headers.ts";
import { reviewHeader } from "./refusals.ts";

export function wholeHeaders(
  { exchange, receipt, headers }: Whole,
  format: Format,
  rates: Rates | undefined,
): string[] {
  const list = idHeaders(exchange.id, format);
  addExposure(list, exchange);
  addNotices(list, exchange);
  list.push("x-headgate-receipt", receipt.text);
  if (rates !== undefined) rateHeaders(list, rates, format.name);
  for (const [name, value] of Object.entries(headers ?? {})) list.push(name, value);
  return list;
}

/** The receipt itself comes at the stream's end, and what is to be told of the answer. */
export function streamHeaders({ exchange }: Streamed, format: Format, rates: Rates | undefined): string[] {
  const list = idHeaders(exchange.id, format);
  addExposure(list, exchange);
  addNotices(list, exchange);
  list.push("x-headgate-receipt", exchange.id);
  if (rates !== undefined) rateHeaders(list, rates, format.name);
  list.push("content-type", "text/event-stream; charset=utf-8", "cache-control", "no-store", "x-accel-buffering", "no");
  return list;
}

export function refusedHeaders(
  { refusal, id, receipt }: Pick<Refused, "refusal" | "id"> & Partial<Refused>,
  format: Format,
  rates?: Rates,
): string[] {
  const list = idHeaders(id, format);
  if (!refusal.canRetry) list.push("x-should-retry", "false");
  if (refusal.review !== undefined) list.push(reviewHeader, refusal.review);
  if (refusal.retryAfterSeconds !== undefined) list.push("retry-after", String(refusal.retryAfterSeconds));
  if (receipt !== undefined) list.push("x-headgate-receipt", receipt.text);
  if (rates !== undefined) rateHeaders(list, rates, format.name);
  return list;
}

/** Anthropic's clients look for the id under a name of their own. */
function idHeaders(id: Exchange["id"], format: Format): string[] {
  return format.name === "messages" ? ["x-request-id", id, "request-id", id] : ["x-request-id", id];
}

function addNotices(list: string[], { notices }: Exchange): void {
  const text = noticeText(notices);
  if (text !== undefined) list.push(noticeHeader, text);
}

function addExposure(list: string[], { exposure, reviewed }: Exchange): void {
  if (reviewed.by !== undefined) list.push(reviewHeader, reviewed.by);
  if (exposure.kind === "permit") {
    list.push("x-headgate-stage", "permit", "x-headgate-permit", exposure.permit.permit);
    return;
  }
  const { release, glass } = exposure;
  list.push("x-headgate-stage", release.stage, "x-headgate-certificate", release.certificate);
  if (release.oneSigner) list.push("x-headgate-one-signer", "true");
  if (modeOf(release) === "observe") list.push("x-headgate-mode", "observe");
  if (glass !== undefined) list.push("x-headgate-break-glass", glass);
}
