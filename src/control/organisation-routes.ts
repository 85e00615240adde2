// The routes of organisations, their keys, and what a key would get now. All is worked out from the fold and the sums of the
// store at each question; the list is bounded by its page.
import type { Context, Hono, MiddlewareHandler } from "hono";
import { OrganisationDocument } from "../acts/organisation-document.ts";
import { secretStandingAt } from "../acts/key-bodies.ts";
import type { CallerKey, Organisation, State } from "../acts/state.ts";
import { type Check, checksOf } from "../exposure/checks.ts";
import { standing } from "../exposure/exposure.ts";
import { parseJson } from "../proof/canonical.ts";
import { Failure, httpStatus } from "../terms/failure.ts";
import { type Instant, type KeyId, Name, instantOf, timestampOf } from "../terms/ids.ts";
import { refusalSentence } from "../terms/refusal-words.ts";
import { type CallerUse, dailyLimits, keysByOrganisation, readUse, sumOf, usageView } from "./caller-use.ts";
import {
  type GrantView,
  type KeyView,
  type OrganisationSummary,
  type OrganisationView,
  OrganisationsQuery,
  type OrganisationsView,
  WhyQuery,
  type WhyView,
  keysMax,
  organisationRoutes,
} from "./contract-organisations.ts";
import type { Core } from "./core.ts";
import { queryOf } from "./query.ts";

export function addOrganisationRoutes(
  app: Hono,
  { core, read }: { readonly core: Core; readonly read: MiddlewareHandler },
): void {
  const { replica, database, options } = core;
  app.get(organisationRoutes.organisations, read, async (context) => {
    const query = queryOf(context, OrganisationsQuery);
    const at = options.clock();
    return context.json(await listed(core, query, { at, use: await readUse(database, at) }));
  });
  app.get(organisationRoutes.organisation, read, async (context) => {
    const at = options.clock();
    const organisation = organisationIn(core, context);
    return context.json(await organisationView(core, organisation, { at, use: await readUse(database, at) }));
  });
  app.get(organisationRoutes.why, read, async (context) => {
    const asked = queryOf(context, WhyQuery);
    const organisation = organisationIn(core, context);
    const key = latestOf(secretsOf(replica.state, asked.key));
    if (key?.organisation !== organisation.organisation)
      throw new Failure("not_found", "This organisation has no such key. Its page lists those that it has.");
    const at = options.clock();
    const { today } = await readUse(database, at);
    return context.json(whyView(core, { ...asked, organisation, key }, { at, today }));
  });
}

function organisationIn({ replica }: Core, context: Context): Organisation {
  const name = Name.safeParse(context.req.param("organisation"));
  const found = name.success ? replica.state.organisations.get(name.data) : undefined;
  if (found !== undefined) return found;
  throw new Failure(
    "not_found",
    "There is no such organisation here. GET /api/v1/organisations lists those there are.",
  );
}

interface Now {
  readonly at: Instant;
  readonly use: CallerUse;
}

async function listed(core: Core, query: OrganisationsQuery, now: Now): Promise<OrganisationsView> {
  const all = [...core.replica.state.organisations.values()];
  const keys = keysByOrganisation(core.replica.state);
  const rows = all
    .filter((one) => isAsked(one, query, now.at))
    .map((one) => summaryOf(one, [...(keys.get(one.organisation)?.values() ?? [])], now))
    .toSorted((one, other) => compare(one, other, query));
  const from = query.after === undefined ? 0 : rows.findIndex(({ organisation }) => organisation === query.after) + 1;
  if (query.after !== undefined && from === 0)
    throw new Failure("request_invalid", `${query.after} is not in this list any more. Begin with its first page.`);
  const page = rows.slice(from, from + query.limit);
  return {
    organisations: await Promise.all(page.map(async (row) => ({ ...row, purpose: await purposeOf(core, row) }))),
    total: rows.length,
    next: from + query.limit < rows.length ? (page.at(-1)?.organisation ?? null) : null,
    types: [...new Set(all.map(({ type }) => type))].toSorted(),
  };
}

function isAsked(organisation: Organisation, { q, type, country, state }: OrganisationsQuery, at: Instant): boolean {
  if (!organisation.organisation.includes(q.toLowerCase())) return false;
  if (type !== undefined && organisation.type !== type) return false;
  if (country !== undefined && organisation.country !== country) return false;
  const ends = organisation.grants.map((grant) => endDue(instantOf(grant.notAfter), at));
  switch (state) {
    case "all":
      return true;
    case "active":
      return !organisation.suspended;
    case "suspended":
      return organisation.suspended;
    case "ending":
      return ends.some((due) => due !== null && due > 0);
    case "ended":
      return ends.includes(0);
  }
}

function compare(one: OrganisationSummary, other: OrganisationSummary, { sort, order }: OrganisationsQuery): number {
  const [left, right] = [sortable(one, sort), sortable(other, sort)];
  const by = left < right ? -1 : left > right ? 1 : 0;
  // What is alike stands by name, whichever way it is sorted.
  return (order === "up" ? by : -by) || (one.organisation < other.organisation ? -1 : 1);
}

/** What there is nothing to say of stands first where small things do. */
function sortable(one: OrganisationSummary, sort: OrganisationsQuery["sort"]): string | number {
  switch (sort) {
    case "name":
      return one.organisation;
    case "type":
      return one.type;
    case "country":
      return one.country ?? "";
    case "ends":
      return one.grants.map(({ notAfter }) => notAfter).toSorted()[0] ?? "9999";
    case "used":
      return one.usedPart ?? -1;
    case "seen":
      return one.lastSeen ?? "";
  }
}

/** Without its purpose, which lies in its document. */
export function summaryOf(
  organisation: Organisation,
  keys: readonly (readonly CallerKey[])[],
  { at, use }: Now,
): OrganisationSummary {
  const { organisation: name, type, country, suspended, grants } = organisation;
  const own = use.today.filter((one) => one.organisation === name);
  const parts = dailyLimits(organisation, {}, use.today).map(({ limit, used }) => used / limit);
  const latest = keys.flatMap((secrets) => latestOf(secrets) ?? []);
  const days = latest.flatMap(({ key }) => use.last.get(key)?.day ?? []);
  return {
    organisation: name,
    type,
    country,
    purpose: null,
    suspended,
    grants: grants.map((grant) => grantView(grant, sumOf(own.filter((one) => one.model === grant.model)), at)),
    keys: { active: latest.filter((one) => secretStandingAt(one, at) === "active").length, all: keys.length },
    today: sumOf(own),
    usedPart: parts.length === 0 ? null : Math.max(...parts),
    lastSeen: days.toSorted().at(-1) ?? null,
  };
}

function grantView(grant: Organisation["grants"][number], today: GrantView["today"], at: Instant): GrantView {
  const end = instantOf(grant.notAfter);
  return {
    model: grant.model,
    stage: grant.stage,
    scopes: [...grant.scopes],
    requestsPerMinute: grant.requestsPerMinute,
    tokensPerMinute: grant.tokensPerMinute ?? null,
    tokensPerDay: grant.tokensPerDay,
    exchanges: grant.exchanges ?? null,
    notAfter: grant.notAfter,
    endsInDays: Math.max(0, Math.floor((end - at) / dayMs)),
    endDue: endDue(end, at),
    today,
  };
}

const dayMs = 86_400_000;

/** Days before the end of a grant from which on people are told. */
const dues = [1, 7, 14, 30] as const;

function endDue(end: Instant, at: Instant): GrantView["endDue"] {
  if (at >= end) return 0;
  return dues.find((due) => end - at <= due * dayMs) ?? null;
}

const purposeBytesMax = 65_536;

/** Null where its document is not kept, or is none. */
async function documentOf({ records }: Core, digest: Organisation["document"]): Promise<OrganisationDocument | null> {
  const limits = { bytesMax: purposeBytesMax, depthMax: 8, code: "document_invalid" } as const;
  try {
    return OrganisationDocument.safeParse(parseJson(await records.artefact(digest), limits)).data ?? null;
  } catch (error) {
    if (error instanceof Failure && (error.code === "artefact_missing" || error.code === "document_invalid"))
      return null;
    throw error;
  }
}

async function purposeOf(
  core: Core,
  { organisation }: Pick<OrganisationSummary, "organisation">,
): Promise<string | null> {
  const digest = core.replica.state.organisations.get(organisation)?.document;
  return digest === undefined ? null : ((await documentOf(core, digest))?.purpose ?? null);
}

async function organisationView(core: Core, organisation: Organisation, now: Now): Promise<OrganisationView> {
  const { database, replica } = core;
  const { at, use } = now;
  const keys = keysOf(replica.state, organisation.organisation);
  const ids = keys.flatMap(([first]) => first?.key ?? []);
  const content = await documentOf(core, organisation.document);
  return {
    ...summaryOf(organisation, keys, now),
    purpose: content?.purpose ?? null,
    limits: organisation.limits,
    document: { digest: organisation.document, content },
    at: organisation.at,
    keyList: keys.slice(-keysMax).flatMap((secrets) => keyView(secrets, { at, use })),
    usage: await usageView(database, { organisation: organisation.organisation, keys: ids, at }),
  };
}

/** A key by its secrets, oldest first. */
export function keyView(secrets: readonly CallerKey[], { at, use }: Now): readonly KeyView[] {
  const latest = latestOf(secrets);
  if (latest === undefined) return [];
  const { key, made, notAfter, networks, limits } = latest;
  return [
    {
      key,
      state: secretStandingAt(latest, at),
      made,
      notAfter,
      networks: networks === null ? null : [...networks],
      limits,
      lastUsed: use.last.get(key)?.day ?? null,
      secrets: secrets.map((secret) => ({
        ending: secret.ending,
        state: secretStandingAt(secret, at),
        notAfter: secret.notAfter,
      })),
    },
  ];
}

/** Keys of one organisation, each as its secrets, oldest first. */
export function keysOf({ keys }: State, organisation: Name): readonly (readonly CallerKey[])[] {
  const own = [...keys.values()].filter((secret) => secret.organisation === organisation);
  return [...Map.groupBy(own, ({ key }) => key).values()];
}

function secretsOf({ keySecrets, keys }: State, key: KeyId): readonly CallerKey[] {
  return (keySecrets.get(key) ?? []).flatMap((hash) => keys.get(hash) ?? []);
}

function latestOf(secrets: readonly CallerKey[] | undefined): CallerKey | undefined {
  return secrets?.find(({ isLatest }) => isLatest) ?? secrets?.at(-1);
}

interface WhyAsked {
  readonly organisation: Organisation;
  readonly key: CallerKey;
  readonly model: Name;
  readonly from?: string | undefined;
  readonly format?: Parameters<typeof checksOf>[1]["format"] | undefined;
}

export function whyView(
  { replica, options }: Core,
  { organisation, key, model, from, format = "any" }: WhyAsked,
  { at, today }: { readonly at: Instant; readonly today: CallerUse["today"] },
): WhyView {
  const moment = { at, early: [], hasher: options.primitives };
  const checks = checksOf(replica.state, { key, model, from, format }, moment);
  return {
    organisation: organisation.organisation,
    key: key.key,
    model,
    at: timestampOf(at),
    stage: standing(replica.state, model, moment).stage,
    answer: answerOf(checks),
    checks: checks.map((check) => ({
      ...check,
      sentence: check.code === null ? null : refusalSentence(check.code, check.reason),
      opensAt: check.opensAt === null ? null : timestampOf(check.opensAt),
    })),
    limits: dailyLimits(organisation, { key, model }, today),
  };
}

function answerOf(checks: readonly Check[]): WhyView["answer"] {
  const first = checks.find(({ verdict }) => verdict === "refuses");
  if (first === undefined || first.code === null) return { kind: "open" };
  const { name, code, reason } = first;
  return {
    kind: "refused",
    check: name,
    status: httpStatus[code],
    code,
    reason,
    sentence: refusalSentence(code, reason),
  };
}
