// `headgate explain ID`: what happened to one exchange and why, by the id in its refusal or receipt.
import type { Command } from "commander";
import { ExplainView, routes } from "../control/contract.ts";
import { pathOf } from "../control/contract-paths.ts";
import { type Answer, done } from "./answer.ts";
import type { Context } from "./context.ts";
import { openSession } from "./session.ts";
import { type Call, addVerb, argument, noOptions } from "./verb.ts";

export function addExplainVerb(program: Command, context: Context): void {
  addVerb(program, context, {
    usage: "explain <id>",
    summary: "what happened to a request and why, by the id in its refusal or receipt",
    options: noOptions,
    run: explain,
  });
}

async function explain(call: Call<object>): Promise<Answer> {
  const session = await openSession(call.base, call.context);
  const view = await session.client.get(pathOf(routes.explain, { id: argument(call, 0) }), ExplainView);
  return done(view, view.text ?? JSON.stringify(view, null, 2));
}
