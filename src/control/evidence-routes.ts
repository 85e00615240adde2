// The routes of evidence: what is on record, one run taken apart, its samples, two runs side by side, and an export of just what a
// filter shows. Reads only. Runs are opened and looked through by a thread of their own (evidence/run-desk.ts).
import type { Context, Hono, MiddlewareHandler } from "hono";
import { z } from "zod";
import type { Evidence } from "../acts/state.ts";
import { countReceiptsUnder } from "../evidence/receipt-store.ts";
import { shownConfidence } from "../evidence/part-figures.ts";
import { deviationWords } from "../gates/deviation.ts";
import { type RunRecord, openRowsDesk, runRecords } from "../release/evidence-rows.ts";
import { followedFrom } from "../release/followed.ts";
import { clopperPearson } from "../statistics/binomial.ts";
import { Failure } from "../terms/failure.ts";
import { Digest, type Name, type PersonId } from "../terms/ids.ts";
import { firstIssue } from "./body.ts";
import {
  CompareQuery,
  CompareView,
  EvidenceQuery,
  type EvidencePlanView,
  type EvidenceRunView,
  type EvidenceView,
  ExportQuery,
  OverviewView,
  SampleFilter,
  SampleView,
  SamplesQuery,
  SamplesView,
  evidenceRoutes as routes,
} from "./contract-evidence.ts";
import type { Core } from "./core.ts";
import type { RunDesk } from "./evidence/run-desk.ts";
import { createMemory } from "./remember.ts";

export interface EvidenceRoutes {
  readonly core: Core;
  /** Lets only admitted persons through. */
  readonly read: MiddlewareHandler;
}

export function addEvidenceRoutes(app: Hono, { core, read }: EvidenceRoutes): void {
  const { replica, records, runs, options } = core;
  const desk = openRowsDesk(records);
  const plans = createMemory<EvidencePlanView>(options.clock);
  app.get(routes.evidence, read, async (context) =>
    context.json(await listed(core, desk, queryIn(context, EvidenceQuery))),
  );
  app.get(routes.evidenceRun, read, async (context) => {
    const evidence = evidenceIn(core, context.req.param("digest"));
    return context.json(await runView(core, desk, evidence));
  });
  app.get(routes.evidencePlan, read, async (context) => {
    const evidence = evidenceIn(core, context.req.param("digest"));
    return context.json(await plans(`${evidence.act} ${replica.size()}`, async () => planView(core, evidence)));
  });
  app.get(routes.evidenceSamples, read, async (context) => {
    const evidence = evidenceIn(core, context.req.param("digest"));
    const { after, limit, ...filter } = queryIn(context, SamplesQuery);
    return context.json(SamplesView.parse(await runs.ask([evidence], { ask: "page", filter, after, limit })));
  });
  app.get(routes.evidenceSample, read, async (context) => {
    const evidence = evidenceIn(core, context.req.param("digest"));
    const number = parsedAs(Place, context.req.param("number"));
    const filter = queryIn(context, SampleFilter);
    return context.json(SampleView.parse(await runs.ask([evidence], { ask: "sample", filter, number })));
  });
  app.get(routes.evidenceExport, read, async (context) => {
    const evidence = evidenceIn(core, context.req.param("digest"));
    const { format, ...filter } = queryIn(context, ExportQuery);
    return exported(context, { runs, evidence, filter, format, measure: evidence.body.measures[0]?.name ?? "" });
  });
  app.get(routes.evidenceCompare, read, async (context) => {
    const pair = [context.req.param("digest"), context.req.param("other")].map((text) => evidenceIn(core, text));
    return context.json(await compareView(core, desk, { pair, ...queryIn(context, CompareQuery) }));
  });
}

const Place = z.coerce.number().int().nonnegative().max(1_000_000);

type Rows = ReturnType<typeof openRowsDesk>;

function queryIn<S extends z.ZodType>(context: Context, type: S): z.infer<S> {
  return parsedAs(type, context.req.query());
}

function parsedAs<S extends z.ZodType>(type: S, value: unknown): z.infer<S> {
  const result = type.safeParse(value);
  if (result.success) return result.data;
  throw new Failure("request_invalid", `What was asked for is not known here: ${firstIssue(result.error)}`);
}

function evidenceIn({ replica }: Core, text: string | undefined): Evidence {
  const digest = Digest.safeParse(text).data;
  const found = digest === undefined ? undefined : replica.state.evidence.get(digest);
  if (found !== undefined) return found;
  throw new Failure("not_found", "There is no such evidence here. See: headgate eval show");
}

async function listed({ replica }: Core, desk: Rows, query: EvidenceQuery): Promise<EvidenceView> {
  const { state } = replica;
  const all = runRecords(state);
  const named = await suiteNames(desk, all);
  const found = all.filter((record) => isAsked(record, query, named));
  const { after, limit } = query;
  const rest = after === undefined ? found : found.filter(({ index }) => index < after);
  const page = rest.slice(0, limit);
  const runs = [];
  for (const record of page) runs.push(await desk.rowOf(state, record));
  return {
    runs: runs.map((row) => ({
      ...row,
      gates: row.gates.map((gate) => ({ ...gate, requirements: [...gate.requirements] })),
    })),
    next: rest.length > page.length ? (page.at(-1)?.index ?? null) : null,
    total: found.length,
    models: distinct(all.map((record) => aboutOf(record)?.model)),
    suites: distinct([...named.values()]),
    persons: distinct<PersonId>(all.map(({ evidence, permit }) => (evidence ?? permit)?.by)),
  };
}

async function suiteNames(desk: Rows, all: readonly RunRecord[]): Promise<ReadonlyMap<string, Name>> {
  const names = new Map<string, Name>();
  for (const digest of new Set(all.map((record) => aboutOf(record)?.digests.suite))) {
    const suite = digest === undefined ? undefined : await desk.suiteOf(digest);
    if (digest !== undefined && suite !== undefined) names.set(digest, suite.name);
  }
  return names;
}

function aboutOf({
  evidence,
  permit,
}: RunRecord): { readonly model: Name; readonly digests: { readonly suite: Digest } } | undefined {
  return evidence?.body ?? permit;
}

function distinct<T extends string>(values: readonly (T | undefined)[]): T[] {
  return [...new Set(values.filter((value) => value !== undefined))].toSorted();
}

function isAsked(record: RunRecord, query: EvidenceQuery, suites: ReadonlyMap<string, Name>): boolean {
  const { evidence, permit } = record;
  const about = aboutOf(record);
  const given = evidence ?? permit;
  const wanted: readonly (readonly [unknown, unknown])[] = [
    [query.model, about?.model],
    [query.suite, suites.get(about?.digests.suite ?? "")],
    [query.person, given?.by],
    [query.basis, evidence?.body.basis],
    [query.slot, permit?.slot],
    [query.standing, standingOf(evidence)],
  ];
  return wanted.every(([asked, has]) => asked === undefined || asked === has) && isWithin(given?.at ?? "", query);
}

/** Days are those of UTC, both ends included. */
function isWithin(at: string, { since = "", until }: EvidenceQuery): boolean {
  const day = at.slice(0, "2026-01-01".length);
  return day >= since && (until === undefined || day <= until);
}

function standingOf(evidence: Evidence | undefined): EvidenceQuery["standing"] {
  if (evidence === undefined) return "unfinished";
  return evidence.withdrawn ? "withdrawn" : "counts";
}

function recordOf({ replica }: Core, evidence: Evidence): RunRecord {
  const { permit } = evidence.body;
  return {
    evidence,
    permit: permit === null ? undefined : replica.state.permits.get(permit),
    index: evidence.index,
  };
}

const Opened = z.object({
  overview: OverviewView,
  suite: z.custom<EvidenceRunView["suite"]>((value) => typeof value === "object" && value !== null),
});

async function runView(core: Core, desk: Rows, evidence: Evidence): Promise<EvidenceRunView> {
  const { body } = evidence;
  const { overview, suite } = Opened.parse(await core.runs.ask([evidence], { ask: "overview" }));
  const row = await rowView(core, desk, evidence);
  const calibration = body.grading?.calibration;
  return {
    row,
    overview,
    suite,
    digests: { ...body.digests },
    samples: { ...body.samples },
    source: body.source,
    calibration:
      calibration === undefined
        ? null
        : {
            set: calibration.set,
            sensitivity: hitsView(calibration.sensitivity),
            specificity: hitsView(calibration.specificity),
          },
    code: body.code ?? null,
    receipts: body.permit === null ? 0 : await countReceiptsUnder(core.database, body.permit),
  };
}

async function rowView(core: Core, desk: Rows, evidence: Evidence): Promise<EvidenceRunView["row"]> {
  const row = await desk.rowOf(core.replica.state, recordOf(core, evidence));
  return { ...row, gates: row.gates.map((gate) => ({ ...gate, requirements: [...gate.requirements] })) };
}

interface Hits {
  readonly hits: number;
  readonly of: number;
}

function hitsView({ hits, of }: Hits): Hits & { readonly lower: number; readonly upper: number } {
  return { hits, of, ...clopperPearson({ failures: hits, trials: of }, shownConfidence) };
}

async function planView({ records, replica }: Core, evidence: Evidence): Promise<EvidencePlanView> {
  const { permit: id } = evidence.body;
  const permit = id === null ? undefined : replica.state.permits.get(id);
  if (permit === undefined) return { plan: null };
  const { registered, deviations } = await followedFrom(records, replica.state, permit);
  return { plan: { registered, deviations: deviations.map((code) => ({ code, words: deviationWords[code] })) } };
}

interface Compared extends z.infer<typeof CompareQuery> {
  readonly pair: readonly Evidence[];
}

async function compareView(core: Core, desk: Rows, { pair, after, limit }: Compared): Promise<CompareView> {
  const [one, other] = pair;
  if (one === undefined || other === undefined) throw new Failure("request_invalid", "Two runs are compared.");
  if (one.body.permit === null || other.body.permit === null)
    throw new Failure("request_invalid", "One of these is a report from elsewhere: there are no items to compare.");
  const [first, second] = [one.body.digests.suite, other.body.digests.suite];
  if (first !== second)
    throw new Failure(
      "request_invalid",
      `These are runs of different suites (${first} and ${second}): only runs of the same one can be compared.`,
    );
  const answer = CompareView.omit({ one: true, other: true }).parse(
    await core.runs.ask([one, other], { ask: "compare", after, limit }),
  );
  return { ...answer, one: await rowView(core, desk, one), other: await rowView(core, desk, other) };
}

interface Exporting {
  readonly runs: RunDesk;
  readonly evidence: Evidence;
  readonly filter: SampleFilter;
  readonly format: "csv" | "jsonl";
  readonly measure: string;
}

const contentTypes = { csv: "text/csv; charset=utf-8", jsonl: "application/jsonl; charset=utf-8" } as const;

/** Piece by piece, as it is taken: no more than a piece lies here. */
async function exported(context: Context, { runs, evidence, filter, format, measure }: Exporting): Promise<Response> {
  const { act, at, body } = evidence;
  const { root } = body.samples;
  const about = {
    evidence: act,
    at,
    model: body.model,
    measure,
    basis: body.basis,
    digests: { ...body.digests },
    root,
  };
  const id = z.number().parse(await runs.ask([evidence], { ask: "export", filter, format, exported: about }));
  const encoder = new TextEncoder();
  const stream = new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      const text = z
        .string()
        .nullable()
        .parse(await runs.ask([evidence], { ask: "export-more", export: id }));
      if (text === null) controller.close();
      else controller.enqueue(encoder.encode(text));
    },
    // Where that cannot be said, newer exports end this one.
    cancel: async () => runs.endExport(id).catch(() => undefined),
  });
  context.header("content-type", contentTypes[format]);
  context.header("content-disposition", `attachment; filename="${body.run}.${format}"`);
  return context.body(stream);
}
