// `headgate doctor`: looks at what most often goes wrong and says how to mend it. Each check says what it saw.
import { dirname } from "node:path";
import type { Command } from "commander";
import { z } from "zod";
import { standing } from "../../exposure/exposure.ts";
import { DeploymentView, WebhooksView, routes } from "../../control/contract.ts";
import { type CheckView, certificateChecks, webhookChecks } from "../../control/contract-doctor.ts";
import { Failure } from "../../terms/failure.ts";
import { stageInWords } from "../../terms/stage.ts";
import { type Answer, done, notPassed } from "../answer.ts";
import { createClient } from "../client.ts";
import type { Context } from "../context.ts";
import { aboutClock, aboutDisk, aboutKeys, portInWords } from "./machine.ts";
import { aboutGateways } from "../gateways.ts";
import { aboutReviewers, aboutUpstream, servedModels } from "./models.ts";
import { aboutRemote, remoteEntries } from "./safeguards.ts";
import { readProfile } from "../profile.ts";
import { type Session, openSession } from "../session.ts";
import { type Base, type Call, addVerb, noOptions, sameProfile } from "../verb.ts";

interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
  /** It works now, and will not for long. */
  readonly warning?: true;
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

async function doctor({ base: given, context }: Call<object>): Promise<Answer> {
  const base = { ...given, server: serverOf(given, context) };
  const node = {
    name: "node",
    ok: Number.parseInt(process.versions.node, 10) >= nodeMajorMin,
    detail: process.versions.node,
  };
  const { server } = base;
  const control = await check("control plane", async () => withPort(server, async () => aboutControl(base, context)));
  const data = await check("data plane", async () => aboutGateway(base, context));
  const machine = [
    ...(await ifHere("disk", () => aboutDisk(dirname(context.codeFile)))),
    ...(await ifHere("keys", () => aboutKeys(context.keysFolder))),
    ...(control.ok ? [await check("clock", async () => aboutClock(server, context))] : []),
  ];
  const checks = [node, control, data, ...machine, ...(await aboutPerson(base, context))];
  const text = checks.map((one) => `${markOf(one)}  ${one.name}: ${one.detail}`).join("\n");
  const ok = checks.every((one) => one.ok);
  return ok ? done({ ok, checks }, text) : notPassed({ ok, checks }, text);
}

/** The server that the profile names, where there is one that can be read. */
function serverOf(base: Base, context: Context): string {
  const path = base.profile ?? context.profile;
  try {
    return base.server ?? (path === undefined ? context.server : readProfile(path).server);
  } catch {
    // What is wrong with the profile is said by the check that needs it.
    return context.server;
  }
}

function markOf({ ok, warning }: Check): string {
  return ok ? (warning === true ? "WARN" : "ok  ") : "FAIL";
}

/** What only somebody with a profile can see. */
async function aboutPerson(base: Base, context: Context): Promise<readonly Check[]> {
  if ((base.profile ?? context.profile) === undefined) return [];
  let session: Session | undefined;
  const ledger = await check("profile and ledger", async () => {
    session = await openSession(base, context);
    return aboutLedger(session, context);
  });
  if (session === undefined) return [ledger];
  const opened = session;
  const gateways = await aboutGateways(opened);
  const upstreams: Check[] = [];
  for (const served of servedModels(opened)) {
    upstreams.push(await check(`upstream of ${served.model}`, async () => aboutUpstream(opened, served)));
  }
  for (const entry of await remoteEntries(opened)) {
    upstreams.push(await check(`safeguard ${entry.name}`, async () => aboutRemote(entry, opened)));
  }
  const seen = [
    ...(await aboutReviewers(opened)),
    ...certificateChecks(opened.state, context.now(), sameProfile(base)),
    ...webhookChecks(await opened.client.get(routes.webhooks, WebhooksView)),
  ];
  return [ledger, ...gateways.map(checkOf), ...upstreams, ...seen.map(checkOf)];
}

function checkOf({ name, verdict, seen, fix }: CheckView): Check {
  const detail = fix === null ? seen : `${seen}. ${fix}`;
  return { name, ok: verdict !== "failed", detail, ...(verdict === "warning" ? { warning: true } : {}) };
}

async function ifHere(name: string, look: () => string | undefined): Promise<readonly Check[]> {
  const seen = await check(name, async () => look() ?? "");
  return seen.detail === "" ? [] : [seen];
}

/** Where nobody answers as a headgate would, whether anybody listens there. */
async function withPort<T>(address: string, look: () => Promise<T>): Promise<T> {
  try {
    return await look();
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== "server_unreachable") throw error;
    throw new Failure(error.code, `${error.message} ${await portInWords(address)}`, { cause: error });
  }
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
  const { ready, closure, live } = await withPort(dataPlane, async () => readiness(dataPlane));
  if (ready) return `${dataPlane} is ready, ${live} exchange(s) under way`;
  const undecided = ": it cannot make a decision for any model that is open. See the server's own output.";
  const why = closure === null ? undecided : ` (${closure}): ${closures[closure] ?? "see the server's own output."}`;
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

function aboutLedger(session: Session, context: Context): string {
  const { state } = session;
  const moment = { at: context.now(), early: [] };
  const models = [...(state.documents.get("Model")?.keys() ?? [])].map((model) => {
    const now = standing(state, model, moment);
    return `${model}: ${now.kind === "open" ? stageInWords(now.certificate.release) : now.reason}`;
  });
  const anomalies = state.anomalies.length === 0 ? "" : `; ${state.anomalies.length} entries that the rules refuse`;
  const lost = state.lost.reduce((sum, { count }) => sum + count, 0);
  const losses = lost === 0 ? "" : `; ${lost} receipts were lost`;
  return `${session.me.role}, ledger of ${session.replica.size()} entries${anomalies}${losses}${models.length === 0 ? "" : `; ${models.join(", ")}`}`;
}
