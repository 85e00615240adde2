// What a worker and the process that started it say to one another, over the channel that node:child_process opens between
// them: that it listens, its numbers for /metrics, and a refusal it remembers. When that channel breaks, the process that
// started it is gone, and the worker ends. What serves requests goes over the feed, not here.
import { z } from "zod";
import { LiveProcess } from "../control/contract-live.ts";
import { ReceiptId, Timestamp } from "../terms/ids.ts";
import { Running } from "../terms/running.ts";
import type { RecentRefusal } from "./telemetry/refusals.ts";
import type { Snapshot } from "./telemetry/series.ts";
import type { Telemetry } from "./telemetry/telemetry.ts";

/** What a worker is asked. */
export type Question =
  | { readonly ask: "metrics" }
  | { readonly ask: "live"; readonly since: number }
  | { readonly ask: "running" }
  | { readonly ask: "refusal"; readonly id: ReceiptId };

const Asked = z.discriminatedUnion("ask", [
  z.object({ ask: z.literal("metrics"), number: z.number() }),
  z.object({ ask: z.literal("live"), number: z.number(), since: z.number() }),
  z.object({ ask: z.literal("running"), number: z.number() }),
  z.object({ ask: z.literal("refusal"), number: z.number(), id: ReceiptId }),
]);

/** What a worker says: first that it listens, later an answer to the question of this number. */
export const Said = z.union([
  z.object({ ready: z.literal(true) }),
  z.object({ number: z.number(), answer: z.unknown() }),
]);

/** Resolves when whoever started this process is gone, also where that was before it was asked. */
export async function starterGone(): Promise<void> {
  if (!process.connected) return;
  await new Promise<void>((resolve) => {
    process.once("disconnect", resolve);
  });
}

/** Tells whoever started this process that it listens, and answers their questions. */
export function talkToStarter(telemetry: Telemetry): void {
  process.on("message", (message) => {
    const asked = Asked.safeParse(message).data;
    if (asked === undefined) return;
    answerTo(asked, telemetry).then(
      (answered) => {
        say({ number: asked.number, answer: answered });
      },
      () => undefined,
    );
  });
  say({ ready: true });
}

async function answerTo(asked: z.infer<typeof Asked>, telemetry: Telemetry): Promise<unknown> {
  switch (asked.ask) {
    case "metrics":
      return telemetry.snapshots();
    case "live":
      return telemetry.liveHere(asked.since);
    case "running":
      return telemetry.running();
    case "refusal":
      return (await telemetry.recentRefusal(asked.id)) ?? null;
  }
}

/** What a worker's own gateway has under way. */
export const WorkerRunning = z.array(z.object({ running: z.array(Running).nullable() })).min(1);

/** Infinite ones too. */
const AnyNumber = z.custom<number>((value) => typeof value === "number");
function say(message: object): void {
  // Where nobody is there to hear it, `starterGone` says so.
  process.send?.(message, undefined, undefined, () => undefined);
}

const Labels = z.record(z.string(), z.string());
const named = { name: z.string(), help: z.string() };

/** A worker's numbers, as it tells them. */
export const Snapshots: z.ZodType<readonly Snapshot[]> = z.array(
  z.discriminatedUnion("kind", [
    z.object({
      ...named,
      kind: z.enum(["counter", "gauge"]),
      points: z.array(z.object({ labels: Labels, value: AnyNumber })),
    }),
    z.object({
      ...named,
      kind: z.literal("histogram"),
      bounds: z.array(z.number()),
      points: z.array(z.object({ labels: Labels, sum: z.number(), count: z.number(), counts: z.array(z.number()) })),
    }),
  ]),
);

/** The seconds that a worker counted. */
export const Counted = LiveProcess.shape.samples;

/** A refusal that a worker remembers; null where it does not. */
export const Remembered: z.ZodType<RecentRefusal | null> = z
  .object({
    id: ReceiptId,
    at: Timestamp,
    route: z.string(),
    code: z.string(),
    reason: z.string().nullable(),
    status: z.number(),
    key: z.string().nullable(),
    model: z.string().nullable(),
  })
  .nullable();
