// `headgate incident`: what goes wrong, on the record. Opening one takes anybody but an auditor and closes what was signed to close
// by it; ending one takes those who answer for it.
import type { Command } from "commander";
import { z } from "zod";
import type { Incident } from "../acts/state.ts";
import { randomId } from "../proof/node.ts";
import { Failure } from "../terms/failure.ts";
import { IncidentId, Name } from "../terms/ids.ts";
import { Severity, isAtLeast } from "../terms/severity.ts";
import { type Answer, done } from "./answer.ts";
import type { Context } from "./context.ts";
import { refuseUnknown } from "./known-model.ts";
import { legible } from "./legible.ts";
import { type Session, committed, openSession, openingsOf, recordedIndex, signAs, submit } from "./session.ts";
import { type Call, addVerb, argument, noOptions, parsed, sameProfile } from "./verb.ts";

const summaryText = z.string().trim().min(1).max(4000);
const summaryFlag = ["--summary <text>", "what happened; kept aside, the ledger holds a commitment to it"] as const;
const severityFlag = ["--severity <severity>", `one of: ${Severity.options.join(", ")}`] as const;
const Open = z.object({ severity: Severity, summary: summaryText, allModels: z.boolean().default(false) });
const Raise = z.object({ severity: Severity, summary: summaryText });
const Close = z.object({ summary: summaryText });

export function addIncidentVerbs(program: Command, context: Context): void {
  const incident = program.command("incident").description("record what goes wrong, and what that ends");
  addVerb(incident, context, {
    usage: "open [model]",
    summary: "open an incident about a model or about all; ends what was certified to end by it",
    flags: [severityFlag, summaryFlag, ["--all-models", "it is about every model"]],
    options: Open,
    run: open,
    more: "To stop a model whatever its certificate says: headgate release hold MODEL.",
  });
  addVerb(incident, context, {
    usage: "raise <incident>",
    summary: "make an open incident worse",
    flags: [severityFlag, summaryFlag],
    options: Raise,
    run: raise,
  });
  addVerb(incident, context, {
    usage: "close <incident>",
    summary: "end an incident (owner, safety, assurance); reopens nothing",
    flags: [summaryFlag],
    options: Close,
    run: close,
  });
  addVerb(incident, context, {
    usage: "list",
    summary: "incidents, newest first",
    options: noOptions,
    run: list,
  });
}

async function open(call: Call<z.infer<typeof Open>>): Promise<Answer> {
  const { args, options, base, context } = call;
  const model = args[0] === undefined ? null : parsed(Name, args[0], "The model");
  if ((model === null) !== options.allModels)
    throw new Failure("request_invalid", "Name the model that it is about, or say --all-models.");
  const session = await openSession(base, context);
  if (model !== null) await refuseUnknown(session, model, "RECORDED");
  const incident = IncidentId.parse(randomId("inc_", 16));
  return state(call, session, { incident, model, severity: options.severity, state: "open" });
}

async function raise(call: Call<z.infer<typeof Raise>>): Promise<Answer> {
  const session = await openSession(call.base, call.context);
  const known = incidentOf(session, argument(call, 0));
  const { severity } = call.options;
  if (severity === known.severity || !isAtLeast(severity, known.severity))
    throw new Failure("conflict", `${known.incident} is ${known.severity} already; it is raised to something worse.`);
  return state(call, session, { ...known, severity, state: "open" });
}

async function close(call: Call<z.infer<typeof Close>>): Promise<Answer> {
  const session = await openSession(call.base, call.context);
  return state(call, session, { ...incidentOf(session, argument(call, 0)), state: "closed" });
}

type Stated = Pick<Incident, "incident" | "model" | "severity" | "state">;

async function state(call: Call<{ readonly summary: string }>, session: Session, stated: Stated): Promise<Answer> {
  const { incident, model, severity } = stated;
  const summary = committed(call.options.summary);
  const fact = { kind: "incident", incident, severity, state: stated.state, summary: summary.digest } as const;
  const envelope = await signAs(session, "fact", { fact, model });
  const submitted = await submit(session, envelope, { openings: [summary.opening] });
  const ended = [...session.state.ended].flatMap(([certificate, by]) => (by === incident ? [certificate] : []));
  const json = { incident, model, severity, state: stated.state, ended, ledgerIndex: recordedIndex(submitted) };
  const what = `${incident} (${severity}) about ${model ?? "all models"} is ${stated.state}.`;
  const effect = ended.length === 0 ? "" : ` It ended ${ended.join(", ")}: opening that again takes a new release.`;
  const next = `headgate ${model === null ? "incident list" : `release status ${model}`}${sameProfile(call.base)}`;
  return done(json, `${what}${effect}`, next);
}

function incidentOf({ state: { incidents } }: Session, text: string): Incident {
  const known = incidents.get(parsed(IncidentId, text, "The incident"));
  if (known?.state === "open") return known;
  const why = known === undefined ? `There is no incident ${text} in the ledger.` : `${known.incident} is closed.`;
  throw new Failure("not_found", `${why} headgate incident list has those there are.`);
}

async function list({ base, context }: Call<object>): Promise<Answer> {
  const session = await openSession(base, context);
  const newestFirst = [...session.state.incidents.values()].toSorted((one, other) => other.index - one.index);
  const summaries = newestFirst.map(({ summary }) => summary);
  const said = await openingsOf(session, summaries);
  const incidents = newestFirst.map((one): ListedIncident => ({ ...one, summary: said.get(one.summary) ?? null }));
  const lines = incidents.map(
    ({ incident, model, severity, state: now, at, summary }) =>
      `${now.padEnd(6)}  ${severity.padEnd(8)}  ${incident}  ${model ?? "all models"}  since ${at}: ${summary === null ? "what was said is erased" : legible(summary)}`,
  );
  return done({ incidents }, lines.length === 0 ? "No incident is on record." : lines.join("\n"));
}

interface ListedIncident extends Omit<Incident, "summary"> {
  /** What was said of it last; null where it was erased. */
  readonly summary: string | null;
}
