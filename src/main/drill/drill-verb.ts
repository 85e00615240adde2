// `headgate drill`: tries to get past one's own gate, and says how each attempt was stopped. What it runs is loaded only
// when it is asked for.
import { z } from "zod";
import type { Answer } from "../../cli/answer.ts";
import type { Context } from "../../cli/context.ts";
import type { ExtraVerb } from "../../cli/program.ts";
import { type Session, openSession, recordedIndex, signAs, submit } from "../../cli/session.ts";
import { type Call, addVerb } from "../../cli/verb.ts";
import { readNeeded } from "../../cli/files.ts";
import type { HoldScope } from "../../acts/bodies.ts";
import { scopeInWords } from "../../acts/hold-scope.ts";
import { digestOfText } from "../../proof/digest.ts";
import { nodePrimitives } from "../../proof/node.ts";
import { Failure } from "../../terms/failure.ts";
import { Name } from "../../terms/ids.ts";
import { version } from "../version.ts";
import type { Result } from "./attempt.ts";
import type { BrakeReport, GatewayReport } from "./brake.ts";
import type { DrillReport } from "./drill.ts";

const Options = z.object({
  hold: z.boolean().default(false),
  model: Name.optional(),
  keyFile: z.string().min(1).optional(),
  scope: z.enum(["key", "organisation", "model"]).default("key"),
  live: z.boolean().default(false),
  streams: z.coerce.number().int().min(1).max(100).default(10),
  gateway: z
    .array(z.url({ protocol: /^https?$/ }))
    .max(64)
    .default([]),
  resumeProfile: z.string().min(1).optional(),
});
type Options = z.infer<typeof Options>;

export const addDrillVerb: ExtraVerb = (program, context) => {
  addVerb(program, context, {
    usage: "drill",
    summary: "try to get past your own gate: real attempts on a scratch deployment with a scripted upstream",
    flags: [
      ["--hold", "try the brake of running gateways instead: from the order to the last token of streams through them"],
      ["--model <name>", "with --hold: the model that streams"],
      ["--key-file <file>", "with --hold: a file with a caller's key of the drill's own"],
      ["--scope <scope>", "with --hold: what is held: key, organisation (the key's) or model (default: key)"],
      ["--live", "with --hold: also where others than that key would be stopped; they are"],
      ["--streams <number>", "with --hold: at each gateway (default: 10)"],
      ["--gateway <urls...>", "with --hold: data planes besides the profile's; may be repeated"],
      ["--resume-profile <file>", "with --hold: owner or access, to let the key or organisation in again afterwards"],
    ],
    options: Options,
    run: async (call) => (call.options.hold ? drillBrake(call) : drill(call)),
    more:
      "Nothing of your deployment is touched without --hold. With --profile the counts become a fact in its ledger.\n" +
      "Exit 0: nothing opened. 1: something did. 3: an attempt could not be made, which is not a pass.",
  });
};

async function drill(call: Call<object>): Promise<Answer> {
  const { base, context } = call;
  const { loudLines, runDrill } = await import("./drill.ts");
  const report = await runDrill({
    version: version(),
    onResult: (result, done, total) => {
      if (!base.json) context.tell(`${done}/${total}  ${lineOf(result)}\n`);
    },
  });
  const isOwn = (base.profile ?? context.profile) !== undefined;
  const ledgerIndex = isOwn ? await stateFact(call, report, context) : null;
  const exit = exitOf(report);
  return {
    json: { ...report, ledgerIndex },
    text: [...loudLines(report.results), summaryOf(report, ledgerIndex)].join("\n"),
    exit,
    next: undefined,
  };
}

function lineOf({ name, opened, unfinished, how }: Result): string {
  const word = opened ? "OPENED" : unfinished ? "UNFINISHED" : "stopped";
  return `${word.padEnd(10)}  ${name}: ${how}`;
}

function summaryOf(report: DrillReport, ledgerIndex: number | null): string {
  const { attempts, opened, unfinished, seconds, control } = report;
  const fact = ledgerIndex === null ? "" : ` Recorded as entry ${ledgerIndex} of the ledger.`;
  const gate = control.opened ? "the scratch gate opened when everything was right" : `DEAD GATE (${control.how})`;
  return (
    `${attempts} attempts, ${opened} opened, ${unfinished} unfinished, in ${seconds} s; ${gate}.\n` +
    `Scratch deployment, own root and folder, scripted upstream (no model was asked).${fact}`
  );
}

async function stateFact({ base }: Call<object>, report: DrillReport, context: Context): Promise<number> {
  const session = await openSession(base, context);
  const { attempts, opened, unfinished } = report;
  const body = { fact: { kind: "drill", attempts, opened, unfinished }, model: null } as const;
  return recordedIndex(await submit(session, await signAs(session, "fact", body)));
}

const keyBytesMax = 4_096;

async function drillBrake(call: Call<Options>): Promise<Answer> {
  const { base, context, options } = call;
  const { tryBrake } = await import("./brake.ts");
  const session = await openSession(base, context);
  const { scope, secret, model } = await aimOf(options, session);
  const planes = [session.profile.dataPlane, ...options.gateway].map((url) => url.replace(/\/+$/, ""));
  const gateways = [...new Set(planes)];
  const { streams } = options;
  const report = await tryBrake({ who: session, scope, reason: "drill", gateways, secret, model, streams });
  const resumed = await letIn(call, scope);
  const { milliseconds, opened, unfinished } = report;
  const hold = { gateways: report.gateways, milliseconds };
  const fact = { kind: "drill", attempts: report.streams, opened, unfinished, hold } as const;
  const ledgerIndex = recordedIndex(await submit(session, await signAs(session, "fact", { fact, model })));
  return {
    json: { ...report, resumed, ledgerIndex },
    text: `${brakeInWords(report)} Recorded as entry ${ledgerIndex} of the ledger.`,
    exit: exitOf(report),
    next: resumed ? undefined : resuming(scope),
  };
}

function exitOf({ opened, unfinished }: Pick<DrillReport, "opened" | "unfinished">): 0 | 1 | 3 {
  if (opened > 0) return 1;
  return unfinished > 0 ? 3 : 0;
}

function brakeInWords(report: BrakeReport): string {
  const { scope, gateways, streams, milliseconds, opened, unfinished, byGateway, stalledMs } = report;
  const each = byGateway.length < 2 && unfinished === 0 ? "" : `${byGateway.map(gatewayInWords).join("\n")}\n`;
  return (
    each +
    `The last token of ${streams} streams at ${gateways} gateway(s) came ${milliseconds} ms after the order to hold ${scopeInWords(scope)}; ` +
    `${opened} did not end, ${unfinished} ended otherwise. This program stood still for ${stalledMs} ms at the most.`
  );
}

function gatewayInWords(report: GatewayReport): string {
  const { gateway, streams, milliseconds, opened, unfinished, otherEnds } = report;
  const last = milliseconds === null ? "unknown" : `${milliseconds} ms`;
  const how = otherEnds.length === 0 ? "" : ` (${otherEnds.join("; ")})`;
  return `${gateway}  ${last}  ${streams} streams, ${opened} did not end, ${unfinished} ended otherwise${how}`;
}

interface Aim {
  readonly scope: DrillScope & HoldScope;
  readonly secret: string;
  readonly model: Name;
}

/** What is held, and through whose key it is seen. Fails with conflict where others would be stopped, and nobody said so. */
async function aimOf({ model, keyFile, scope: wanted, live }: Options, { state }: Session): Promise<Aim> {
  if (model === undefined || keyFile === undefined)
    throw new Failure("request_invalid", "Say what streams, and with which key: --model NAME --key-file FILE.");
  const { othersReached, organisationOf } = await import("./brake.ts");
  const secret = Buffer.from(readNeeded(keyFile, keyBytesMax)).toString("utf8").trim();
  const key = state.keys.get(digestOfText(secret, nodePrimitives))?.key;
  const organisation = key === undefined ? undefined : organisationOf(state, key);
  if (key === undefined || organisation === undefined)
    throw new Failure("key_unknown", `What ${keyFile} holds is no key of this deployment: headgate key create`);
  const scopes = {
    key: { kind: "key", key },
    organisation: { kind: "organisation", organisation },
    model: { kind: "model", model },
  } as const;
  const scope = scopes[wanted];
  const others = othersReached(state, scope, key);
  if (others.length === 0 || live) return { scope, secret, model };
  const named = `${others.slice(0, 5).join(", ")}${others.length > 5 ? ", …" : ""}`;
  throw new Failure(
    "conflict",
    `This would stop others too: ${named}. Hold the key alone (--scope key), or say --live.`,
  );
}

type DrillScope =
  | { readonly kind: "key"; readonly key: string }
  | { readonly kind: "organisation"; readonly organisation: string }
  | { readonly kind: "model"; readonly model: string };

function resuming(scope: DrillScope): string {
  if (scope.kind === "key") return `headgate key resume ${scope.key}`;
  return scope.kind === "organisation"
    ? `headgate org resume ${scope.organisation}`
    : `headgate release resume ${scope.model}`;
}

/** Whether it was let in again: a model takes its quorum, and stays held. */
async function letIn({ context, options }: Call<Options>, scope: DrillScope): Promise<boolean> {
  if (options.resumeProfile === undefined || scope.kind === "model") return false;
  const { openDesk } = await import("../in-process.ts");
  const desk = openDesk({ ...context, version: version() });
  const [, ...words] = resuming(scope).split(" ");
  const { exit, told } = await desk.run([...words, "--profile", options.resumeProfile]);
  if (exit !== 0) context.tell(`headgate: not let in again: ${told.trim()}\n`);
  return exit === 0;
}
