// The routes of the deployment itself: people, trust root, what stands against models, what is kept how long, where settings come
// from, and what the server sees of its own health.
import type { Hono, MiddlewareHandler } from "hono";
import { refusalDaysMax } from "../access/refusal-store.ts";
import { scopeInWords } from "../acts/hold-scope.ts";
import { standingGlass } from "../acts/rules/break-glass.ts";
import { holdsOn, type State } from "../acts/state.ts";
import { openDocument } from "../documents/kinds.ts";
import { standing } from "../exposure/exposure.ts";
import type { UsagePolicy } from "../policy/policy-document.ts";
import { observedDaysMax } from "../release/observed.ts";
import { sampleDaysMax } from "../release/watch-store.ts";
import { Failure } from "../terms/failure.ts";
import { type Digest, type Instant, instantOf, timestampOf } from "../terms/ids.ts";
import { stageInWords } from "../terms/stage.ts";
import {
  type CheckView,
  type DoctorView,
  certificateChecks,
  doctorRoutes,
  gatewayChecks,
  limitChecks,
  policiesInUse,
  reviewerChecks,
  warning,
  webhookChecks,
  well,
} from "./contract-doctor.ts";
import type { GatewaysView, WebhooksView } from "./contract.ts";
import {
  type PeopleView,
  type SettingsView,
  type StandingView,
  type TrustView,
  peopleMax,
  settingsRoutes,
} from "./contract-settings.ts";
import type { Core } from "./core.ts";
import { findOpenings } from "./opening-store.ts";
import { keptDays } from "./webhooks/webhook-store.ts";

interface SettingsRoutes {
  readonly core: Core;
  readonly read: MiddlewareHandler;
  /** What routes of their own answer, for the checks that rest on it. */
  readonly gateways: () => GatewaysView;
  readonly webhooks: () => Promise<WebhooksView>;
}

export function addSettingsRoutes(app: Hono, given: SettingsRoutes): void {
  const { core, read } = given;
  app.get(settingsRoutes.settings, read, async (context) => context.json(await settingsView(core)));
  app.get(settingsRoutes.people, read, async (context) => context.json(await peopleView(core)));
  app.get(settingsRoutes.trust, read, (context) => context.json(trustView(core.replica.state)));
  app.get(settingsRoutes.standing, read, (context) =>
    context.json(standingView(core.replica.state, core.options.clock())),
  );
  app.get(doctorRoutes.doctor, read, async (context) => context.json(await doctorView(given)));
}

async function settingsView(core: Core): Promise<SettingsView> {
  const { options } = core;
  const policies = await policiesOf(core);
  return {
    version: options.version,
    demo: options.demo,
    settings: (options.settings ?? []).map((one) => ({ ...one })),
    kept: [
      { what: "ledger", days: null },
      { what: "receipts", days: null },
      { what: "documents", days: null },
      { what: "usage", days: null },
      { what: "refusals", days: refusalDaysMax },
      { what: "observed", days: observedDaysMax },
      { what: "webhook-messages", days: keptDays },
      { what: "watch-samples", days: sampleDaysMax },
    ],
    reviewTexts: policies.flatMap(({ name, review }) =>
      review === undefined ? [] : [{ policy: name, retentionDays: review.retentionDays }],
    ),
  };
}

/** Those in use that are kept here. */
async function policiesOf({ records, replica }: Core): Promise<readonly UsagePolicy[]> {
  const found: UsagePolicy[] = [];
  for (const digest of policiesInUse(replica.state)) {
    const document = await documentAt(records.artefact, digest);
    if (document?.kind === "UsagePolicy") found.push(document);
  }
  return found;
}

async function documentAt(
  artefact: Core["records"]["artefact"],
  digest: Digest,
): Promise<ReturnType<typeof openDocument> | undefined> {
  try {
    return openDocument(await artefact(digest));
  } catch (error) {
    if (error instanceof Failure) return undefined;
    throw error;
  }
}

async function peopleView({ replica, database, options }: Core): Promise<PeopleView> {
  const { persons, invitations, pairSeen } = replica.state;
  const at = options.clock();
  const admitted = [...persons.values()].slice(0, peopleMax);
  const open = [...invitations]
    .filter(([, { spent, notAfter }]) => !spent && at < instantOf(notAfter))
    .slice(0, peopleMax);
  const names = async (commitment: Digest): Promise<string | null> =>
    (await findOpenings(database, [commitment], options.primitives))[0]?.text ?? null;
  return {
    people: await Promise.all(
      admitted.map(async ({ person, name, role, affiliation = null, suspended, admitted: entry }) => ({
        person,
        name: await names(name),
        role,
        affiliation,
        suspended,
        admitted: entry,
      })),
    ),
    invited: await Promise.all(
      open.map(async ([invitation, { person, name, role, affiliation = null, notAfter }]) => ({
        invitation,
        person,
        name: await names(name),
        role,
        affiliation,
        notAfter,
      })),
    ),
    takesTwo: pairSeen,
  };
}

function trustView({ root, firstRoot }: State): TrustView {
  if (root === undefined || firstRoot === undefined)
    throw new Failure("deployment_uninitialised", "Nobody owns this deployment yet. Run: headgate init");
  return { digest: root.digest, firstRoot, ledgerIndex: root.index, root: root.body };
}

function standingView(state: State, at: Instant): StandingView {
  const models = [...(state.documents.get("Model")?.keys() ?? [])];
  const held = new Map(models.map((model) => [model, new Set(holdsOn(state, model).map(({ hold }) => hold))]));
  return {
    holds: [...state.holds.values()].flatMap(({ hold, at: since, scope }) => {
      const reached = models.filter((model) => held.get(model)?.has(hold) === true);
      return reached.length === 0 ? [] : [{ hold, at: since, scope: scopeInWords(scope), models: reached }];
    }),
    restrictions: [...state.restrictions.values()].map(({ hold, model, limit, at: since }) => ({
      restriction: hold,
      model,
      limit,
      at: since,
    })),
    incidents: [...state.incidents.values()]
      .filter(({ state: now }) => now === "open")
      .map(({ incident, model, severity, at: since }) => ({ incident, model, severity, at: since })),
    breakGlasses: [...state.glasses].flatMap(([model, all]) =>
      all
        .map(({ glass, notAfter, review }) => ({
          glass,
          model,
          until: notAfter,
          open: standingGlass(state, model, at)?.glass === glass,
          reviewed: review !== undefined,
        }))
        .filter(({ open, reviewed }) => open || !reviewed),
    ),
  };
}

const order = { failed: 0, warning: 1, well: 2 } as const;

async function doctorView({ core, gateways, webhooks }: SettingsRoutes): Promise<DoctorView> {
  const { replica, options } = core;
  const at = options.clock();
  const view = gateways();
  const checks = [
    ...(options.machineChecks?.() ?? []),
    ledgerCheck(core, at),
    ...gatewayChecks(view),
    ...limitChecks(replica.state, view.gateways.length),
    ...reviewerChecks(replica.state, await policiesOf(core)),
    ...certificateChecks(replica.state, at),
    ...webhookChecks(await webhooks()),
  ];
  return { at: timestampOf(at), checks: checks.toSorted((one, other) => order[one.verdict] - order[other.verdict]) };
}

function ledgerCheck({ replica, database }: Core, at: Instant): CheckView {
  const { state } = replica;
  const models = [...(state.documents.get("Model")?.keys() ?? [])].map((model) => {
    const now = standing(state, model, { at, early: [] });
    return `${model}: ${now.kind === "open" ? stageInWords(now.certificate.release) : now.reason}`;
  });
  const lost = state.lost.reduce((sum, { count }) => sum + count, 0);
  const seen = [`${replica.size()} entries, all verified from the pinned root`, ...models].join("; ");
  if (database.isDoubtful())
    return warning("ledger", seen, "A write to the store failed lately. See the server's own output.");
  if (state.anomalies.length > 0)
    return warning(
      "ledger",
      `${seen}; ${state.anomalies.length} entries that the rules refuse`,
      "Nothing of them is in force. See who signed them.",
    );
  if (lost > 0)
    return warning("ledger", `${seen}; ${lost} receipts were lost`, "See docs/operate.md, What lies where.");
  return well("ledger", seen);
}
