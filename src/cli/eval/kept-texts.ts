// The texts of a run that are kept on this machine, for whoever shows or exports them: from the run's file under its key,
// or, of a run that was sealed before runs were encrypted, from the plain file beside it.
import { existsSync } from "node:fs";
import { z } from "zod";
import { Opening } from "../../proof/digest.ts";
import { readRun } from "../../runner/run-file.ts";
import { openingsIn } from "../../runner/seal-run.ts";
import { Failure } from "../../terms/failure.ts";
import { type ReceiptId, RunId, type Timestamp } from "../../terms/ids.ts";
import { readBounded } from "../files.ts";
import { type RunKey, neededRunKey, readRunKey, runPlace } from "./run-keys.ts";
import type { Session } from "../session.ts";

/** Bytes of the plain answers of one run that are read at all. */
const plainBytesMax = 400 * 1024 * 1024;

const PlainOpenings = z.object({ run: RunId, openings: z.array(Opening) });

/** What opens the sealed answers of a run. Fails with not_found, in words that say what became of them. */
export function* keptOpenings({ context, path }: Session, run: RunId): Generator<Opening, void> {
  const place = runPlace(context, path, run);
  const isOld = readRunKey(place, context.now()).kind === "none" && existsSync(place.plainOpenings);
  if (isOld) yield* plainOpenings(place.plainOpenings, run);
  else for (const { opening } of openingsIn(readRun(place.file, neededRunKey(place, context.now())))) yield opening;
}

/** The receipt of one try, as the gateway gave it; null where it was not kept. */
export function keptReceipt({ context, path }: Session, run: RunId, receipt: ReceiptId): string | null {
  const place = runPlace(context, path, run);
  if (readRunKey(place, context.now()).kind !== "kept") return null;
  for (const line of readRun(place.file, neededRunKey(place, context.now())).lines()) {
    if (line.kind === "result" && line.receiptId === receipt) return line.receipt;
  }
  return null;
}

/** What became of a run's texts, as far as this machine and profile know. */
export type KeptTexts =
  | Exclude<RunKey, { kind: "kept" }>
  | { readonly kind: "kept"; readonly until: Timestamp }
  | { readonly kind: "plain" };

export function textsKept({ context, path }: Session, run: RunId): KeptTexts {
  const place = runPlace(context, path, run);
  const found = readRunKey(place, context.now());
  if (found.kind === "kept") return { kind: "kept", until: found.until };
  return found.kind === "none" && existsSync(place.plainOpenings) ? { kind: "plain" } : found;
}

export function textsInWords(texts: KeptTexts): string {
  switch (texts.kind) {
    case "kept":
      return `Texts are kept here, encrypted, until ${texts.until}.`;
    case "plain":
      return "Texts are kept here unencrypted, as runs once were; headgate eval forget erases them.";
    case "over":
      return `Texts were kept until ${texts.until}; headgate eval forget --expired erases them.`;
    case "erased":
      return `Texts were erased at ${texts.at}; what is sealed stays valid.`;
    case "none":
      return "Texts are not here, or not for this profile.";
  }
}

function plainOpenings(path: string, run: RunId): readonly Opening[] {
  const file = readBounded(path, plainBytesMax);
  const parsed = PlainOpenings.safeParse(jsonIn(file?.bytes ?? new Uint8Array(0)));
  if (parsed.success && parsed.data.run === run) return parsed.data.openings;
  throw new Failure("request_invalid", `${path} is damaged.`);
}

function jsonIn(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch {
    return undefined;
  }
}
