// `headgate doctor`: looks at what most often goes wrong and says how to mend it. Each check says what it saw.
import type { Command } from "commander";
import { z } from "zod";
import { standing } from "../exposure/exposure.ts";
import { DeploymentView, routes } from "../control/contract.ts";
import { Failure } from "../terms/failure.ts";
import { type Answer, done, notPassed } from "./answer.ts";
import { createClient } from "./client.ts";
import type { Context } from "./context.ts";
import { openSession } from "./session.ts";
import { type Base, type Call, addVerb, noOptions } from "./verb.ts";

interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
}

const nodeMajorMin = 24;

export function addDoctorVerb(program: Command, context: Context): void {
  addVerb(program, context, {
    usage: "doctor",
    summary: "check that everything a deployment needs is there",
    options: noOptions,
    run: doctor,
  });
}

async function doctor(call: Call<object>): Promise<Answer> {
  const { base, context } = call;
  const node = {
    name: "node",
    ok: Number.parseInt(process.versions.node, 10) >= nodeMajorMin,
    detail: process.versions.node,
  };
  const control = await check("control plane", async () => aboutControl(base, context));
  const data = await check("data plane", async () => aboutGateway(base, context));
  const profile = base.profile ?? context.profile;
  const person =
    profile === undefined ? [] : [await check("profile and ledger", async () => aboutLedger(base, context))];
  const checks = [node, control, data, ...person];
  const text = checks.map(({ name, ok, detail }) => `${ok ? "ok  " : "FAIL"}  ${name}: ${detail}`).join("\n");
  const ok = checks.every((one) => one.ok);
  return ok ? done({ ok, checks }, text) : notPassed({ ok, checks }, text);
}

async function check(name: string, look: () => Promise<string>): Promise<Check> {
  try {
    return { name, ok: true, detail: await look() };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { name, ok: false, detail: error.message };
  }
}

async function aboutControl(base: Base, context: Context): Promise<string> {
  const client = createClient({ server: base.server ?? context.server, reader: undefined, now: context.now });
  const view = await client.get(routes.deployment, DeploymentView);
  if (view.initialised) return `${view.deployment}, version ${view.version}${view.demo ? ", a demo" : ""}`;
  throw new Failure(
    "deployment_uninitialised",
    `${client.server} runs and has no owner yet. Run: headgate init --name NAME --profile FILE`,
  );
}

async function aboutGateway(base: Base, context: Context): Promise<string> {
  const client = createClient({ server: base.server ?? context.server, reader: undefined, now: context.now });
  const dataPlane = await client.get(routes.deployment, DeploymentView).then(
    (view) => view.dataPlane,
    () => context.dataPlane,
  );
  const { ready, closure, live } = await readiness(dataPlane);
  if (ready) return `${dataPlane} is ready, ${live} exchange(s) under way`;
  const why = closure === null ? "" : ` (${closure}): ${closures[closure] ?? "see the server's own output."}`;
  throw new Failure("gateway_closed", `${dataPlane} is closed${why}`);
}

const Readiness = z.object({ ready: z.boolean(), closure: z.string().max(100).nullable(), live: z.number() });

/** What a closed gateway waits for, by the word in `/readyz`, and what to do. */
const closures: Readonly<Record<string, string>> = {
  starting: "it waits for the trust root and the ledger. Run `headgate init` if nobody has; else try again shortly.",
  "behind-mark": "the ledger it is shown is shorter than the one it served from. Do not go on; see docs/operate.md.",
  lease: "the control plane gives it no lease. Look at the control plane and at what lies between.",
  clock: "the clock of its machine was set back. Set it right.",
  disk: "its disk does not take receipts or the mark. Free space in the data folder; it opens again by itself.",
  draining: "it is shutting down.",
  records: "it hands over what an earlier run left. Try again shortly; if it stays, look at its spool folder.",
  backlog: "too many receipts wait for the ledger. Look at the control plane.",
};

const readyMsMax = 10_000;

/** `/readyz` says why with its 503, so the status alone decides nothing. */
async function readiness(dataPlane: string): Promise<z.infer<typeof Readiness>> {
  const signal = AbortSignal.timeout(readyMsMax);
  try {
    const response = await fetch(`${dataPlane.replace(/\/+$/, "")}/readyz`, { redirect: "error", signal });
    return Readiness.parse(await response.json());
  } catch (cause) {
    throw new Failure("server_unreachable", `${dataPlane} does not answer as a gateway does.`, { cause });
  }
}

async function aboutLedger(base: Base, context: Context): Promise<string> {
  const session = await openSession(base, context);
  const { state } = session;
  const moment = { at: context.now(), early: [] };
  const models = [...(state.documents.get("Model")?.keys() ?? [])].map((model) => {
    const now = standing(state, model, moment);
    return `${model}: ${now.kind === "open" ? now.stage : now.reason}`;
  });
  const anomalies = state.anomalies.length === 0 ? "" : `; ${state.anomalies.length} entries that the rules refuse`;
  return `${session.me.role}, ledger of ${session.replica.size()} entries${anomalies}${models.length === 0 ? "" : `; ${models.join(", ")}`}`;
}
