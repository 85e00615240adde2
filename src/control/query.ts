// Query strings, parsed once by the type of their route: an unknown name, a name said twice and a wrong value are refused.
import type { Context } from "hono";
import type { z } from "zod";
import { Failure } from "../terms/failure.ts";
import { firstIssue } from "./body.ts";

export function queryOf<S extends z.ZodType>(context: Context, type: S): z.infer<S> {
  const said = Object.entries(context.req.queries());
  const twice = said.find(([, values]) => values.length !== 1);
  if (twice !== undefined) throw new Failure("request_invalid", "The query says a name more than once.");
  const parsed = type.safeParse(Object.fromEntries(said.map(([name, [value]]) => [name, value])));
  if (parsed.success) return parsed.data;
  throw new Failure("request_invalid", `The query is not what this route takes (${firstIssue(parsed.error)}).`);
}
