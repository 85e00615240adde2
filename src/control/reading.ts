// What a pass is compared with: the method and path that were really asked.
import type { Context } from "hono";
import type { Reading } from "./passes.ts";

export function readingOf(context: Context): Reading {
  const url = new URL(context.req.url);
  return {
    authorization: context.req.header("authorization"),
    method: context.req.method,
    path: url.pathname + url.search,
  };
}
