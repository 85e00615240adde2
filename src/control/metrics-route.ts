// `GET /metrics`: numbers for Prometheus. They tell models and volumes, so they are not for everybody: whoever bears the
// token of the operator's file, or a person's pass; where no token is set, also whoever asks from this machine itself, with
// no proxy in between, since a proxy makes everybody look like this machine.
import { timingSafeEqual } from "node:crypto";
import { getConnInfo } from "@hono/node-server/conninfo";
import type { Context, Hono } from "hono";
import { toUtf8 } from "../proof/encoding.ts";
import { Failure } from "../terms/failure.ts";
import type { Core } from "./core.ts";
import { bearerOf } from "./passes.ts";
import { readingOf } from "./reading.ts";

const path = "/metrics";

export function addMetricsRoute(app: Hono, core: Core): void {
  const { metrics } = core.options;
  if (metrics === undefined) return;
  app.get(path, async (context) => {
    await checkReader(context, core, metrics.token);
    const { text, type } = await metrics.read();
    return context.body(text, 200, { "content-type": type });
  });
}

/** Fails with session_missing. */
async function checkReader(context: Context, core: Core, token: string | undefined): Promise<void> {
  if (token === undefined && isFromHere(context)) return;
  if (token !== undefined && isSame(context.req.header("authorization") ?? "", `Bearer ${token}`)) return;
  const given = { at: core.options.clock(), primitives: core.options.primitives };
  if ((await bearerOf(core.replica.state, readingOf(context), given)) !== undefined) return;
  const how =
    token === undefined
      ? "Metrics are read from this machine; for others, set HEADGATE_METRICS_TOKEN."
      : "Metrics are read with the token in the file that HEADGATE_METRICS_TOKEN names, as `Authorization: Bearer`.";
  throw new Failure("session_missing", how);
}

/** Headers by which a proxy says that somebody else is asking. */
const forwarded = ["x-forwarded-for", "forwarded", "via", "x-real-ip"] as const;

function isFromHere(context: Context): boolean {
  if (forwarded.some((name) => context.req.header(name) !== undefined)) return false;
  const address = getConnInfo(context).remote.address ?? "";
  return address === "::1" || /^(?:::ffff:)?127\./.test(address);
}

/** In a time that does not tell how much of it was right. */
function isSame(given: string, wanted: string): boolean {
  const [left, right] = [toUtf8(given), toUtf8(wanted)];
  return left.length === right.length && timingSafeEqual(left, right);
}
