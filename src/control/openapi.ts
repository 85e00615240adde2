// The interface as OpenAPI 3.1, made from the contract's own types, so that it cannot say something else.
import { z } from "zod";
import {
  BatchView,
  DeploymentView,
  ErrorView,
  ExplainView,
  GatewaysView,
  WebhooksView,
  OpeningsView,
  PendingView,
  ReceiptsView,
  ReadingRequest,
  ReviewTextView,
  ReviewView,
  ReviewsView,
  RootRequest,
  StatementAnswer,
  StatementRequest,
  StatusView,
  WatchAnswer,
  routes,
} from "./contract.ts";
import { SeriesView, canaryRoutes } from "./contract-canary.ts";
import { NeedsView, needsRoutes } from "./contract-needs.ts";
import { LedgerEntryView, LedgerView, ledgerRoutes } from "./contract-ledger.ts";
import { ReceiptProof } from "../acts/receipt-proof.ts";
import { HoldEffectView, HoldPreviewView, HoldsView, holdRoutes } from "./contract-hold.ts";
import { RulesView, SafeguardCardView, TryRequest, TryView, policyRoutes } from "./contract-policy.ts";
import {
  CompareView,
  EvidencePlanView,
  EvidenceRunView,
  EvidenceView,
  SampleView,
  SamplesView,
  evidenceRoutes,
} from "./contract-evidence.ts";
import { DoctorView, doctorRoutes } from "./contract-doctor.ts";
import { OrganisationView, OrganisationsView, WhyView, organisationRoutes } from "./contract-organisations.ts";
import { PartnerExplainView, PartnerView, partnerRoutes } from "./contract-partner.ts";
import { PeopleView, SettingsView, StandingView, TrustView, settingsRoutes } from "./contract-settings.ts";
import {
  EndedView,
  SessionHoldRequest,
  SessionHoldView,
  SessionView,
  SessionsView,
  sessionCookie,
  sessionRoutes,
} from "./contract-session.ts";
import { LiveView, liveRoutes } from "./contract-live.ts";
import {
  NoBody,
  PasskeyOptions,
  PasskeyRequest,
  PasskeySignInRequest,
  PasskeyView,
  PasskeysView,
  passkeyRoutes,
} from "./contract-passkey.ts";
import { Bundle } from "../report/bundle-file.ts";

interface Operation {
  readonly method: "get" | "post" | "delete";
  readonly path: string;
  readonly summary: string;
  /** Names, with spaces between. */
  readonly query?: string;
  readonly request?: z.ZodType;
  /** Undefined: bytes. */
  readonly answer: z.ZodType | undefined;
}

const sampleQuery = "outcome counts category attack differ q sort";

const operations: readonly Operation[] = [
  {
    method: "get",
    path: routes.deployment,
    summary: "What a client needs before it knows anybody",
    answer: DeploymentView,
  },
  {
    method: "post",
    path: routes.root,
    summary: "The first trust root, with header x-headgate-code",
    request: RootRequest,
    answer: StatementAnswer,
  },
  {
    method: "post",
    path: routes.statements,
    summary: "A signed statement, with what it names",
    request: StatementRequest,
    answer: StatementAnswer,
  },
  { method: "get", path: routes.pending, summary: "Statements that lack signatures", answer: PendingView },
  {
    method: "get",
    path: routes.webhooks,
    summary: "Who is told of what happens, and how far each is behind",
    answer: WebhooksView,
  },
  { method: "get", path: routes.gateways, summary: "Gateways and how far each has come", answer: GatewaysView },
  { method: "get", path: routes.reviews, summary: "Requests that wait for a person", answer: ReviewsView },
  { method: "get", path: routes.review, summary: "One of them, decided or not", answer: ReviewView },
  {
    method: "post",
    path: routes.reviewText,
    summary: "The text of one, to a reviewer's signed reading of it",
    request: ReadingRequest,
    answer: ReviewTextView,
  },
  { method: "get", path: holdRoutes.holds, summary: "Holds that stand, and what there is to hold", answer: HoldsView },
  {
    method: "get",
    path: holdRoutes.holdPreview,
    summary: "What a hold would cut now",
    query: "kind",
    answer: HoldPreviewView,
  },
  {
    method: "get",
    path: holdRoutes.holdEffect,
    summary: "How long a hold took to reach the last gateway and the last token",
    answer: HoldEffectView,
  },
  {
    method: "get",
    path: policyRoutes.rules,
    summary: "Policy and safeguards of a model, in force and candidate",
    answer: RulesView,
  },
  {
    method: "get",
    path: policyRoutes.card,
    summary: "What was measured of a safeguard that ships, and what was not",
    answer: SafeguardCardView,
  },
  {
    method: "post",
    path: policyRoutes.try,
    summary: "What a text would come to; nothing of it is kept",
    request: TryRequest,
    answer: TryView,
  },
  { method: "get", path: routes.batch, summary: "Ledger records from an index on", query: "from", answer: BatchView },
  { method: "get", path: routes.artefact, summary: "Content by digest", answer: undefined },
  {
    method: "get",
    path: routes.receipts,
    summary: "Receipts under a permit, 1000 at a time",
    query: "from",
    answer: ReceiptsView,
  },
  {
    method: "get",
    path: routes.openings,
    summary: "Texts behind commitments",
    query: "commitment",
    answer: OpeningsView,
  },
  { method: "get", path: routes.status, summary: "Where a model stands", query: "gate", answer: StatusView },
  { method: "get", path: routes.watch, summary: "What a watch counted since the last step", answer: WatchAnswer },
  { method: "get", path: canaryRoutes.series, summary: "How a watch came to what it counted", answer: SeriesView },
  { method: "get", path: needsRoutes.needs, summary: "What needs the person who asks, and others", answer: NeedsView },
  {
    method: "get",
    path: routes.publicStatus,
    summary: "Where a public model stands",
    query: "gate",
    answer: StatusView,
  },
  { method: "get", path: routes.bundle, summary: "A whole decision", answer: Bundle },
  {
    method: "get",
    path: routes.releaseCard,
    summary: "The same as a page of HTML to save, which checks itself when it is opened",
    answer: undefined,
  },
  { method: "get", path: routes.publicBundle, summary: "A whole decision about a public model", answer: Bundle },
  {
    method: "get",
    path: ledgerRoutes.ledger,
    summary: "Entries of the ledger, newest first",
    query: "q verb since until before limit",
    answer: LedgerView,
  },
  {
    method: "get",
    path: ledgerRoutes.ledgerEntry,
    summary: "One entry, and what proves it",
    query: "from",
    answer: LedgerEntryView,
  },
  {
    method: "get",
    path: liveRoutes.live,
    summary: "What goes on now, by the second",
    query: "since",
    answer: LiveView,
  },
  { method: "get", path: ledgerRoutes.receiptProof, summary: "That a receipt is logged", answer: ReceiptProof },
  {
    method: "get",
    path: evidenceRoutes.evidence,
    summary: "Runs on record, unfinished ones included, newest first",
    query: "model suite person basis slot standing since until after limit",
    answer: EvidenceView,
  },
  { method: "get", path: evidenceRoutes.evidenceRun, summary: "One run taken apart", answer: EvidenceRunView },
  {
    method: "get",
    path: evidenceRoutes.evidencePlan,
    summary: "Whether a run went as registered",
    answer: EvidencePlanView,
  },
  {
    method: "get",
    path: evidenceRoutes.evidenceSamples,
    summary: "Samples of a run, 200 at the most",
    query: `${sampleQuery} after limit`,
    answer: SamplesView,
  },
  {
    method: "get",
    path: evidenceRoutes.evidenceSample,
    summary: "One sample, with what was asked",
    query: sampleQuery,
    answer: SampleView,
  },
  {
    method: "get",
    path: evidenceRoutes.evidenceExport,
    summary: "The samples that a filter shows, as CSV or a JSON object a line",
    query: `${sampleQuery} format`,
    answer: undefined,
  },
  {
    method: "get",
    path: evidenceRoutes.evidenceCompare,
    summary: "Two runs of one suite, and what came out otherwise",
    query: "after limit",
    answer: CompareView,
  },
  {
    method: "get",
    path: organisationRoutes.organisations,
    summary: "Organisations, their grants and use, a page of them",
    query: "q type country state sort order after limit",
    answer: OrganisationsView,
  },
  {
    method: "get",
    path: organisationRoutes.organisation,
    summary: "One of them with keys, use and refusals",
    answer: OrganisationView,
  },
  {
    method: "get",
    path: organisationRoutes.why,
    summary: "What a key would get now, check by check",
    query: "key model from format",
    answer: WhyView,
  },
  {
    method: "get",
    path: partnerRoutes.partner,
    summary: "An organisation's own page, for a session of its key",
    answer: PartnerView,
  },
  {
    method: "get",
    path: partnerRoutes.partnerExplain,
    summary: "One request of its own keys, by its id",
    answer: PartnerExplainView,
  },
  { method: "get", path: settingsRoutes.people, summary: "Who was admitted, and who is invited", answer: PeopleView },
  { method: "get", path: settingsRoutes.trust, summary: "The trust root in force", answer: TrustView },
  { method: "get", path: settingsRoutes.standing, summary: "What stands against models", answer: StandingView },
  {
    method: "get",
    path: settingsRoutes.settings,
    summary: "Where each setting comes from, and what is kept how long",
    answer: SettingsView,
  },
  { method: "get", path: doctorRoutes.doctor, summary: "What the server sees of its own health", answer: DoctorView },
  {
    method: "post",
    path: sessionRoutes.session,
    summary: "Sign in with a pass, or with `authorization: Bearer hg_…`; sets the session's cookie",
    answer: SessionView,
  },
  {
    method: "get",
    path: sessionRoutes.session,
    summary: "Who is signed in; null where nobody is",
    answer: SessionView.nullable(),
  },
  { method: "delete", path: sessionRoutes.session, summary: "Sign out", answer: EndedView },
  {
    method: "post",
    path: sessionRoutes.sessionHold,
    summary: "A hold by whoever is signed in, under the control plane's key",
    request: SessionHoldRequest,
    answer: SessionHoldView,
  },
  {
    method: "get",
    path: sessionRoutes.sessions,
    summary: "Sessions of one's own; an owner's, of all",
    answer: SessionsView,
  },
  { method: "delete", path: sessionRoutes.sessionOne, summary: "End one of them", answer: EndedView },
  { method: "get", path: passkeyRoutes.passkeys, summary: "One's own passkeys", answer: PasskeysView },
  {
    method: "post",
    path: passkeyRoutes.passkeyOptions,
    summary: "What a browser makes a passkey from; with a pass",
    request: NoBody,
    answer: PasskeyOptions,
  },
  {
    method: "post",
    path: passkeyRoutes.passkeys,
    summary: "Add a passkey; with a pass",
    request: PasskeyRequest,
    answer: PasskeyView,
  },
  {
    method: "delete",
    path: passkeyRoutes.passkey,
    summary: "Remove one, and the sessions it opened",
    answer: EndedView,
  },
  {
    method: "post",
    path: passkeyRoutes.passkeySignInOptions,
    summary: "What a browser asks a passkey",
    request: NoBody,
    answer: PasskeyOptions,
  },
  {
    method: "post",
    path: passkeyRoutes.passkeySignIn,
    summary: "Sign in with a passkey; sets the session's cookie",
    request: PasskeySignInRequest,
    answer: SessionView,
  },
  { method: "get", path: routes.explain, summary: "What happened, in sentences", answer: ExplainView },
];

/** What anybody may ask, besides what is public: these carry signatures or a secret of their own, or answer that nobody is here. */
const open: ReadonlySet<string> = new Set([
  `post ${routes.root}`,
  `post ${routes.statements}`,
  `post ${routes.reviewText}`,
  `get ${sessionRoutes.session}`,
  `post ${sessionRoutes.session}`,
  `post ${passkeyRoutes.passkeySignInOptions}`,
  `post ${passkeyRoutes.passkeySignIn}`,
]);

const security = [{ pass: [] }, { session: [] }] as const;

/** The document. */
export function openApi(version: string): Readonly<Record<string, unknown>> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const operation of operations) {
    const path = operation.path.replaceAll(/:([a-z]+)/g, "{$1}");
    paths[path] = { ...paths[path], [operation.method]: describe(operation) };
  }
  return {
    openapi: "3.1.0",
    info: { title: "Headgate control plane", version },
    paths,
    components: {
      securitySchemes: {
        pass: { type: "apiKey", in: "header", name: "authorization", description: "Headgate <pass>: src/acts/pass.ts" },
        session: { type: "apiKey", in: "cookie", name: sessionCookie },
      },
    },
  };
}

function describe({ path, method, summary, query, request, answer }: Operation): unknown {
  const isOpen = path.includes("/public/") || open.has(`${method} ${path}`);
  const names = [...path.matchAll(/:([a-z]+)/g)].map(([, name]) => ({
    name,
    in: "path",
    required: true,
    schema: text,
  }));
  const asked = (query?.split(" ") ?? []).map((name) => ({ name, in: "query", required: false, schema: text }));
  const body = request === undefined ? {} : { requestBody: { required: true, content: json(request, "input") } };
  const content = answer === undefined ? { "application/octet-stream": {} } : json(answer, "output");
  return {
    summary,
    ...(isOpen ? {} : { security }),
    parameters: [...names, ...asked],
    ...body,
    responses: {
      "200": { description: "Done", content },
      default: { description: "Refused", content: json(ErrorView, "output") },
    },
  };
}

const text = { type: "string" } as const;

function json(type: z.ZodType, io: "input" | "output"): unknown {
  return { "application/json": { schema: z.toJSONSchema(type, { io, unrepresentable: "any" }) } };
}
