// The routes of the contract on Hono: reads with a pass, writes that are statements, a public part. Every refusal is the
// contract's ErrorView; whatever is not a Failure is an error of ours, reported and answered without a word of detail.
import { Hono } from "hono";
import type { Context, MiddlewareHandler } from "hono";
import { z } from "zod";
import { fromBase64, toBase64, toUtf8 } from "../proof/encoding.ts";
import { readArtefact } from "../evidence/artefact-store.ts";
import { findReceipt, receiptsUnder } from "../evidence/receipt-store.ts";
import { candidatePlan, safeguardNames } from "../release/records.ts";
import { explain } from "../release/explain.ts";
import { observedSum } from "../release/observed.ts";
import { type Status, type StatusAsked, statusOf } from "../release/status.ts";
import { type BundleView, buildBundle } from "../report/bundle.ts";
import { openStatement } from "../acts/statement.ts";
import type { Proposal } from "../acts/state.ts";
import { Failure, httpStatus } from "../terms/failure.ts";
import { OpenStage } from "../terms/stage.ts";
import { Digest, Name, PermitId, ProposalId, timestampOf } from "../terms/ids.ts";
import { framesOf, kindOf } from "../terms/trouble.ts";
import { type Bodies, createBodies, firstIssue, strangerBytesMax } from "./body.ts";
import { contentOf } from "./content.ts";
import { serveConsole } from "./console-files.ts";
import {
  type BatchView,
  type DeploymentView,
  type GatewaysView,
  RootRequest,
  StatementRequest,
  type WatchAnswer,
  type WebhooksView,
  controlBodyBytesMax,
  receiptsPageMax,
  routes,
} from "./contract.ts";
import { addEvidenceRoutes } from "./evidence-routes.ts";
import { batchFrom } from "./feed-server.ts";
import type { Core } from "./core.ts";
import { findOpenings } from "./opening-store.ts";
import { openApi } from "./openapi.ts";
import { addLedgerRoutes } from "./ledger-routes.ts";
import { addLiveRoutes } from "./live-routes.ts";
import { addMetricsRoute } from "./metrics-route.ts";
import { createCardDesk } from "./card-desk.ts";
import { addCanaryRoutes } from "./canary-routes.ts";
import { addNeedsRoutes } from "./needs-routes.ts";
import { gatewaysHere } from "./gateways-here.ts";
import { addHoldRoutes } from "./hold-routes.ts";
import { addPolicyRoutes } from "./policy-routes.ts";
import { addOrganisationRoutes } from "./organisation-routes.ts";
import { askingPerson, checkConsole, isPerson, personRequired } from "./reader.ts";
import { addPartnerRoutes } from "./partner-routes.ts";
import { addReviewRoutes, checkNoReading } from "./review-routes.ts";
import { awaitReceipts } from "./receipts-awaited.ts";
import { addSettingsRoutes } from "./settings-routes.ts";
import { createMemory } from "./remember.ts";
import { createTries } from "./tries.ts";
import { addPasskeyRoutes } from "./passkey-routes.ts";
import { addSessionRoutes } from "./session-routes.ts";

/** Openings asked for at once. */
const openingsMax = 200;

export function createApp(core: Core): Hono {
  const app = new Hono();
  app.use(guardAnswers);
  app.use(checkHost(core.options.hosts));
  app.use(checkOrigin);
  app.use(checkConsole);
  app.use(serveConsole(core.options.console, core.options.dataPlane));
  addOpenRoutes(app, core);
  const bodies = createBodies(async (context) => isPerson(core, context));
  addWriteRoutes(app, core, bodies);
  addReadRoutes(app, core);
  addStatusRoutes(app, core);
  const read = personRequired(core);
  addEvidenceRoutes(app, { core, read });
  addReviewRoutes(app, { core, bodies, read });
  addCanaryRoutes(app, { core, read });
  addNeedsRoutes(app, { core, reader: askingPerson(core), gateways: () => gatewaysView(core) });
  addLedgerRoutes(app, { core, read });
  addPolicyRoutes(app, { core, bodies, read });
  addHoldRoutes(app, { core, read });
  addOrganisationRoutes(app, { core, read });
  addSettingsRoutes(app, {
    core,
    read,
    gateways: () => gatewaysView(core),
    webhooks: async () => webhooksView(core),
  });
  addPartnerRoutes(app, core);
  const tries = createTries(core.options.clock, core.options.proxies ?? []);
  addSessionRoutes(app, { core, bodies, tries });
  addPasskeyRoutes(app, { core, bodies, tries, read });
  addLiveRoutes(app, { core, read, gateways: () => gatewaysView(core) });
  addMetricsRoute(app, core);
  app.notFound((context) =>
    answerFailure(context, new Failure("not_found", "There is no such route. See /api/openapi.json.")),
  );
  app.onError((error, context) => {
    if (error instanceof Failure) return answerFailure(context, error);
    core.options.report("control-error", { path: new URL(context.req.url).pathname, error: placeOf(error) });
    return answerFailure(
      context,
      new Failure("store_unavailable", "The server met an error of its own; its log says which."),
    );
  });
  return app;
}

/** Kind of an error and where it was thrown; its message could hold text of a request. */
function placeOf(error: Error): string {
  return [kindOf(error), ...framesOf(error).slice(0, 8)].join(" at ");
}

function addOpenRoutes(app: Hono, core: Core): void {
  const { options, here, replica, records } = core;
  const statuses = createMemory<Status>(options.clock);
  const bundles = createMemory<BundleView>(options.clock);
  app.get("/healthz", (context) => context.json({ ok: true, version: options.version, ledgerSize: replica.size() }));
  app.get("/api/openapi.json", (context) => context.json(openApi(options.version)));
  app.get(routes.deployment, (context) => {
    const view: DeploymentView = {
      version: options.version,
      initialised: replica.state.root !== undefined,
      demo: here.demo,
      deployment: here.deployment,
      firstRoot: replica.state.firstRoot ?? null,
      log: { origin: here.origin, key: here.log.publicKey },
      control: here.control.publicKey,
      gateways: here.gateways.map(({ publicKey }) => publicKey),
      dataPlane: options.dataPlane,
    };
    return context.json(view);
  });
  app.get(routes.publicStatus, async (context) => {
    const model = parsed(Name, context.req.param("model"), "model_unknown");
    await checkPublic(core, model);
    const gate = parsed(OpenStage.optional(), context.req.query("gate"), "request_invalid");
    const key = `${model} ${gate} ${replica.size()}`;
    return context.json(await statuses(key, async () => statusView(core, { model, gate })));
  });
  app.get(routes.publicBundle, async (context) => {
    const proposal = proposalOf(core, context.req.param("proposal"));
    const plan = await candidatePlan(records, replica.state, proposal.release.model);
    if (plan?.public !== true) throw unknownProposal();
    const key = `${proposal.release.proposal} ${replica.size()}`;
    return context.json(await bundles(key, async () => bundleOf(core, proposal, [])));
  });
}

/** One answer for a model that is not public and for one that does not exist. */
async function checkPublic({ records, replica }: Core, model: Name): Promise<void> {
  const plan = await candidatePlan(records, replica.state, model);
  if (plan?.public !== true)
    throw new Failure("model_unknown", `There is no public model "${model}" here. Reading others takes --profile.`);
}

function addWriteRoutes(app: Hono, core: Core, bodies: Bodies): void {
  const { primitives } = core.options;
  app.post(routes.root, async (context) => {
    const answer = await bodies.take(
      context,
      { type: RootRequest, bytesMax: strangerBytesMax },
      async ({ envelope, openings }) => {
        const content = await contentOf({ openings, artefacts: [] }, primitives);
        return core.initialise(envelopeOf(envelope), context.req.header("x-headgate-code") ?? "", content);
      },
    );
    return context.json(answer);
  });
  app.post(routes.statements, async (context) => {
    if (core.replica.state.root === undefined) {
      throw new Failure("deployment_uninitialised", "Nobody owns this deployment yet. Run: headgate init");
    }
    const answer = await bodies.take(
      context,
      { type: StatementRequest, bytesMax: controlBodyBytesMax },
      async (request) => {
        const envelope = envelopeOf(request.envelope);
        const content = await contentOf(request, primitives);
        const act = await openStatement(envelope, primitives);
        checkNoReading(act);
        await awaitReceipts(core, act, content);
        return core.submit(envelope, content);
      },
    );
    return context.json(answer);
  });
}

/** How far into a list. */
const Place = z.coerce.number().int().nonnegative().max(1_000_000_000);

function addReadRoutes(app: Hono, core: Core): void {
  const { replica, writer, database } = core;
  const { primitives } = core.options;
  const read = personRequired(core);
  app.get(routes.pending, read, async (context) => {
    const pending = await writer.pending();
    const view = pending.map(({ act, envelope, at, needs }) => ({
      act: act.digest,
      verb: act.predicate.verb,
      envelope: toBase64(envelope),
      at: timestampOf(at),
      needs,
    }));
    return context.json({ pending: view });
  });
  app.get(routes.gateways, read, (context) => context.json(gatewaysView(core)));
  app.get(routes.webhooks, read, async (context) => context.json(await webhooksView(core)));
  app.get(routes.batch, read, async (context) => {
    const from = parsed(Place, context.req.query("from") ?? "0", "request_invalid");
    if (from > replica.size())
      throw new Failure("not_found", `The ledger has ${replica.size()} entries, fewer than you have seen.`);
    return context.json(await batchView(core, from));
  });
  app.get(routes.artefact, read, async (context) => {
    const digest = parsed(Digest, context.req.param("digest"), "not_found");
    const bytes = await readArtefact(database, digest, primitives);
    return context.body(new Uint8Array(bytes), 200, { "content-type": "application/octet-stream" });
  });
  app.get(routes.receipts, read, async (context) => {
    const permit = parsed(PermitId, context.req.param("permit"), "not_found");
    const from = parsed(Place, context.req.query("from") ?? "0", "request_invalid");
    return context.json({ receipts: await receiptsUnder(database, permit, { from, count: receiptsPageMax }) });
  });
  app.get(routes.openings, read, async (context) => {
    const asked = parsed(z.array(Digest).max(openingsMax), context.req.queries("commitment") ?? [], "request_invalid");
    return context.json({ openings: await findOpenings(database, asked, primitives) });
  });
  app.get(routes.bundle, read, async (context) =>
    context.json(await openedBundle(core, context.req.param("proposal"))),
  );
  const cards = createCardDesk();
  app.get(routes.releaseCard, read, async (context) => {
    const { proposal } = proposalOf(core, context.req.param("proposal")).release;
    const card = await cards.card(`${proposal} ${replica.size()}`, core.options.clock(), async () =>
      toUtf8(JSON.stringify(await openedBundle(core, proposal))),
    );
    context.header("content-disposition", `attachment; filename="${proposal}.card.html"`);
    context.header("content-type", "text/html; charset=utf-8");
    return context.body(card);
  });
  app.get(routes.explain, read, async (context) => {
    const means = {
      state: replica.state,
      primitives,
      findReceipt: async (id: Parameters<typeof findReceipt>[1]) => findReceipt(database, id),
      safeguardsOf: async (digest: Digest) => safeguardNames(core.records, digest),
      recentRefusal: core.options.recentRefusal,
      findReview: core.reviews.find,
      at: core.options.clock(),
    };
    const explanation = await explain(context.req.param("id"), means);
    return context.json({ ...explanation, text: explanation.lines.join("\n") });
  });
}

function addStatusRoutes(app: Hono, core: Core): void {
  const { replica, database } = core;
  const read = personRequired(core);
  app.get(routes.status, read, async (context) => {
    const model = parsed(Name, context.req.param("model"), "model_unknown");
    const gate = parsed(OpenStage.optional(), context.req.query("gate"), "request_invalid");
    const observed: StatusAsked["observed"] = async (as, at) => observedSum(database, { as, model }, at);
    const status = await statusView(core, { model, gate, observed });
    return context.json({ ...status, watch: await core.watch.view(model) });
  });
  app.get(routes.watch, read, async (context) => {
    const model = parsed(Name, context.req.param("model"), "model_unknown");
    if (replica.state.documents.get("Model")?.has(model) !== true)
      throw new Failure("model_unknown", `There is no model "${model}" here.`);
    const view: z.infer<typeof WatchAnswer> = { watch: await core.watch.view(model) };
    return context.json(view);
  });
}

async function webhooksView({ webhooks }: Core): Promise<WebhooksView> {
  return { endpoints: (await webhooks.view()).map((one) => ({ ...one, events: [...one.events] })) };
}

function gatewaysView(core: Core): GatewaysView {
  const size = core.replica.size();
  const gateways = gatewaysHere(core).map(({ key, name, connected, has, lastAsked }) => ({
    key,
    name,
    connected,
    behind: has === undefined ? null : Math.max(0, size - has),
    lastSeen: lastAsked === undefined ? null : timestampOf(lastAsked),
  }));
  return { size, gateways };
}

async function statusView(core: Core, asked: Pick<StatusAsked, "model" | "gate" | "observed">): Promise<Status> {
  const { records, replica, options, rejudging } = core;
  const now = { state: replica.state, at: options.clock(), ledgerSize: replica.size(), rejudged: rejudging.last };
  return statusOf(records, { ...asked, ...now });
}

async function batchView(core: Core, from: number): Promise<z.infer<typeof BatchView>> {
  const { records, checkpoint } = await batchFrom(core, from);
  const view = records.map(({ leaf, envelope }) => ({ leaf: toBase64(leaf), envelope: toBase64(envelope) }));
  return { from, records: view, checkpoint };
}

/** With the reasons that were given. */
async function openedBundle(core: Core, text: string): ReturnType<typeof buildBundle> {
  const proposal = proposalOf(core, text);
  const reasons = [proposal.release.reason, ...[...proposal.signOffs.values()].map(({ reason }) => reason)];
  return bundleOf(core, proposal, reasons);
}

async function bundleOf(
  core: Core,
  proposal: Proposal,
  commitments: readonly Digest[],
): ReturnType<typeof buildBundle> {
  const { replica, ledger, records, database } = core;
  const size = replica.size();
  const entries = [];
  while (entries.length < size) {
    const page = await ledger.entries(entries.length, size - entries.length);
    if (page.length === 0) throw new Failure("store_unavailable", "Entries of the ledger are missing in the store.");
    entries.push(...page.map(({ leaf, envelope }) => ({ leaf: toBase64(leaf), envelope: toBase64(envelope) })));
  }
  const batch = { from: 0, records: entries, checkpoint: await ledger.checkpointAt(size) };
  const openings = await findOpenings(database, commitments, core.options.primitives);
  return buildBundle(records, { state: replica.state, proposal, batch, openings });
}

function proposalOf({ replica }: Core, text: string): Proposal {
  const id = ProposalId.safeParse(text);
  const proposal = id.success ? replica.state.proposals.get(id.data) : undefined;
  if (proposal === undefined) throw unknownProposal();
  return proposal;
}

function unknownProposal(): Failure {
  return new Failure(
    "not_found",
    "There is no such proposal here, or it is not public: then reading it takes --profile.",
  );
}

/** First of all, so that what is refused at the door has it too. The console's own files say it for themselves. */
const guardAnswers: MiddlewareHandler = async (context, next) => {
  await next();
  if (context.res.headers.has("content-security-policy")) return;
  context.header("x-content-type-options", "nosniff");
  context.header("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'");
  context.header("cross-origin-resource-policy", "same-origin");
  context.header("referrer-policy", "no-referrer");
  context.header("cache-control", "no-store");
};

const localNames = ["localhost", "127.0.0.1", "[::1]"];

/** A page of another site that resolves its own name to this machine must not reach us. */
function checkHost(hosts: readonly string[]): MiddlewareHandler {
  const admitted = new Set([...localNames, ...hosts]);
  return async (context, next) => {
    const host = (context.req.header("host") ?? "").replace(/:\d{1,5}$/, "").toLowerCase();
    if (!admitted.has(host)) {
      throw new Failure("request_invalid", "This host name is not served here. List it in HEADGATE_HOSTS.");
    }
    await next();
  };
}

/** A page of another site that knows our address: the browser says where it comes from. */
const checkOrigin: MiddlewareHandler = async (context, next) => {
  const origin = context.req.header("origin");
  if (origin !== undefined && !isOwnOrigin(origin, context.req.header("host") ?? "")) {
    throw new Failure("request_invalid", "Requests of pages of another site are not served here.");
  }
  await next();
};

function isOwnOrigin(origin: string, host: string): boolean {
  const scheme = /^https?:/.exec(origin)?.[0];
  const own = scheme === undefined ? undefined : URL.parse(`${scheme}//${host}`);
  return own !== undefined && own !== null && own.origin === URL.parse(origin)?.origin;
}

function parsed<S extends z.ZodType>(
  type: S,
  value: unknown,
  code: "request_invalid" | "not_found" | "model_unknown",
): z.infer<S> {
  const result = type.safeParse(value);
  if (result.success) return result.data;
  throw new Failure(code, `"${String(value).slice(0, 100)}" is not known here: ${firstIssue(result.error)}`);
}

function envelopeOf(text: string): Uint8Array {
  const bytes = fromBase64(text);
  if (bytes === undefined) throw new Failure("request_invalid", "The envelope is not standard base64.");
  return bytes;
}

function answerFailure(context: Context, failure: Failure): Response {
  const { code, message, detail } = failure;
  const { needs, ...rest } = detail;
  const list = typeof needs === "string" && needs !== "" ? needs.split(",") : [];
  return context.json({ error: { code, message, detail: rest, needs: list } }, httpStatus[code]);
}
