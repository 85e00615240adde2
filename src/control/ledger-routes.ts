// The routes by which the ledger is looked through: a search with filters, an entry with what proves it, the proof of a
// receipt. To every reader.
import type { Context, Hono, MiddlewareHandler } from "hono";
import { z } from "zod";
import { Failure } from "../terms/failure.ts";
import { Digest } from "../terms/ids.ts";
import { firstIssue } from "./body.ts";
import { ledgerRoutes, ledgerRowsMax, ledgerRowsUsual, searchCharsMax } from "./contract-ledger.ts";
import type { Core } from "./core.ts";
import { isVerb } from "./ledger-index.ts";
import { anyReaderRequired } from "./reader.ts";
import { searched } from "./ledger-search.ts";
import { entryView, ledgerView } from "./ledger-views.ts";

interface LedgerRoutes {
  readonly core: Core;
  /** Lets only admitted persons through. */
  readonly read: MiddlewareHandler;
}

const Place = z.coerce.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER);
/** A moment, or a day, which begins then in UTC. */
const Moment = z.iso
  .datetime({ offset: true })
  .or(z.iso.date())
  .transform((text) => Date.parse(text))
  .refine((at) => at >= 0, "before 1970 there was nothing");

const Query = z.strictObject({
  q: z.string().max(searchCharsMax).default(""),
  verb: z
    .string()
    .max(400)
    .transform((text) => text.split(",").filter((word) => word !== ""))
    .pipe(z.array(z.string().refine(isVerb, "there is no such verb")))
    .default([]),
  since: Moment.default(0),
  until: Moment.default(Number.MAX_SAFE_INTEGER),
  before: Place.default(Number.MAX_SAFE_INTEGER),
  limit: z.coerce.number().int().min(1).max(ledgerRowsMax).default(ledgerRowsUsual),
});

export function addLedgerRoutes(app: Hono, { core, read }: LedgerRoutes): void {
  app.get(ledgerRoutes.ledger, read, async (context) => {
    const query = asked(Query, context.req.query());
    const { among, verbs } = await searched(query.q, core);
    const sought = { ...query, among, verbs: [...query.verb.filter((verb) => isVerb(verb)), ...verbs] };
    return context.json(await ledgerView(core, { ...sought, matches: among?.length ?? null }));
  });
  app.get(ledgerRoutes.ledgerEntry, read, async (context) => {
    const index = Place.safeParse(context.req.param("index"));
    if (!index.success) throw new Failure("not_found", "An entry is named by its number, counted from 0.");
    const { from } = asked(z.strictObject({ from: Place.optional() }), context.req.query());
    return context.json(await entryView(core, index.data, from));
  });
  // Whoever has a receipt may see where it stands; gateways give the same to anyone.
  app.get(ledgerRoutes.receiptProof, anyReaderRequired(core), async (context) => proofOf(core, context));
}

async function proofOf(core: Core, context: Context): Promise<Response> {
  const digest = Digest.safeParse(context.req.param("digest"));
  const file = digest.success ? await core.publicFile(`log/proof/${digest.data}`) : undefined;
  if (file !== undefined) return context.body(new Uint8Array(file.body), 200, { "content-type": file.contentType });
  throw new Failure(
    "not_found",
    "No interval of the ledger holds this receipt. A receipt is logged a second or two after its answer.",
  );
}

/** Fails with request_invalid. */
function asked<S extends z.ZodType>(type: S, query: unknown): z.infer<S> {
  const result = type.safeParse(query);
  if (result.success) return result.data;
  throw new Failure("request_invalid", `This cannot be asked of the ledger: ${firstIssue(result.error)}`);
}
