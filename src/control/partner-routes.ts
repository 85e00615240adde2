// An organisation's own page: for sessions that were signed in to with one of its keys, and about nobody but it. What is not its
// own is not found, in the words in which what does not exist is not found.
import type { Context, Hono } from "hono";
import { servedInWords } from "../acts/condition-words.ts";
import { openReceipt } from "../acts/receipt.ts";
import { type CallerKey, type Organisation, type State, latestCertificate } from "../acts/state.ts";
import { findReceipt } from "../evidence/receipt-store.ts";
import { Failure } from "../terms/failure.ts";
import { type Instant, KeyId, type Name, ReceiptId, ReviewId, timestampOf } from "../terms/ids.ts";
import { compareStages } from "../terms/stage.ts";
import { readUse, toldBy, usageView } from "./caller-use.ts";
import { type PartnerExplainView, type PartnerView, partnerRoutes } from "./contract-partner.ts";
import type { Core } from "./core.ts";
import { keyView, keysOf, summaryOf, whyView } from "./organisation-routes.ts";
import { anyReaderRequired, readerOf } from "./reader.ts";

export function addPartnerRoutes(app: Hono, core: Core): void {
  const read = anyReaderRequired(core);
  app.get(partnerRoutes.partner, read, async (context) =>
    context.json(await partnerView(core, partnerIn(core, context))),
  );
  app.get(partnerRoutes.partnerExplain, read, async (context) => {
    const { organisation } = partnerIn(core, context);
    return context.json(await explained(core, organisation.organisation, context.req.param("id")));
  });
}

interface Partner {
  readonly organisation: Organisation;
  readonly key: CallerKey;
}

function partnerIn({ replica }: Core, context: Context): Partner {
  const reader = readerOf(context);
  if (reader.kind !== "partner")
    throw new Failure(
      "authority_missing",
      "This is an organisation's own page. Sign in with a key of that organisation.",
    );
  const organisation = replica.state.organisations.get(reader.organisation);
  const key = replica.state.keys.get(reader.session.secret);
  if (organisation !== undefined && key !== undefined) return { organisation, key };
  throw new Failure("not_found", "This organisation is not here any more.");
}

async function partnerView(core: Core, { organisation, key }: Partner): Promise<PartnerView> {
  const { replica, database, options } = core;
  const at = options.clock();
  const use = await readUse(database, at);
  const keys = keysOf(replica.state, organisation.organisation);
  const { grants, today } = summaryOf(organisation, keys, { at, use });
  const own = keys.flatMap((secrets) => keyView(secrets, { at, use }));
  const ids = own.map((one) => one.key);
  return {
    organisation: organisation.organisation,
    key: key.key,
    at: timestampOf(at),
    contact: options.contact ?? null,
    dataPlane: options.dataPlane,
    trust: trustOf(replica.state),
    models: grants.map((grant) => ({
      ...grant,
      answer: answerFor(core, { organisation, key, model: grant.model }, at),
      conditions: [...conditionsOf(replica.state, organisation, grant.model)],
    })),
    limits: organisation.limits,
    keys: own.map(({ key: id, state, notAfter, lastUsed }) => ({ key: id, state, notAfter, lastUsed })),
    today,
    usage: await usageView(database, { organisation: organisation.organisation, keys: ids, at }),
  };
}

function trustOf({ root }: State): PartnerView["trust"] {
  if (root === undefined) throw new Failure("deployment_uninitialised", "Nobody owns this deployment yet.");
  const { version, gateways, log } = root.body;
  return { version, root: root.digest, gateways: [...gateways], log };
}

/** As a caller with the key that signed in would be told. */
function answerFor(
  core: Core,
  asked: Partner & { readonly model: Name },
  at: Instant,
): PartnerView["models"][number]["answer"] {
  const { answer, checks } = whyView(core, asked, { at, today: [] });
  if (answer.kind === "open") return answer;
  const { code, reason, sentence } = answer;
  return {
    kind: "refused",
    code,
    reason,
    sentence,
    opensAt: checks.find(({ name }) => name === answer.check)?.opensAt ?? null,
  };
}

/** Those of the stage that was opened, where they bind this organisation. */
function conditionsOf(state: State, { grants }: Organisation, model: Name): readonly string[] {
  const release = latestCertificate(state, model)?.release;
  const grant = grants.find((one) => one.model === model);
  if (release === undefined || grant === undefined || compareStages(grant.stage, release.stage) !== 0) return [];
  return servedInWords(release.conditions);
}

async function explained(core: Core, organisation: Name, text: string): Promise<PartnerExplainView> {
  const review = ReviewId.safeParse(text);
  if (review.success) return aboutReview(core, organisation, review.data);
  const id = ReceiptId.safeParse(text);
  const found = id.success ? await aboutRequest(core, organisation, id.data) : undefined;
  if (found !== undefined) return found;
  throw unknown();
}

function unknown(): Failure {
  return new Failure(
    "not_found",
    "Nothing of your keys has this id. Receipts come after a second or two; a refusal without one is remembered for a while.",
  );
}

function isOwn({ keySecrets, keys }: State, organisation: Name, key: KeyId): boolean {
  return (keySecrets.get(key) ?? []).some((hash) => keys.get(hash)?.organisation === organisation);
}

async function aboutRequest(core: Core, organisation: Name, id: ReceiptId): Promise<PartnerExplainView | undefined> {
  const { replica, database, options } = core;
  const kept = await findReceipt(database, id);
  if (kept !== undefined) {
    const { receipt } = await openReceipt(kept, options.primitives);
    const { key, at, model, outcome, why, tokens } = receipt;
    if (key === null || !isOwn(replica.state, organisation, key)) return undefined;
    return { id, kind: "receipt", at, key, model, outcome, ...told(why), tokens };
  }
  const refusal = await options.recentRefusal?.(id);
  const key = KeyId.safeParse(refusal?.key).data;
  if (refusal === undefined || key === undefined || !isOwn(replica.state, organisation, key)) return undefined;
  const { at, code, reason, model } = refusal;
  const word = reason === null ? code : `${code}:${reason}`;
  return { id, kind: "refusal", at, key, model, outcome: "refused", ...told(word), tokens: null };
}

function told(why: string | null): Pick<PartnerExplainView, "code" | "reason" | "sentence"> {
  return why === null ? { code: null, reason: null, sentence: null } : toldBy(why);
}

async function aboutReview({ reviews, replica }: Core, organisation: Name, id: ReviewId): Promise<PartnerExplainView> {
  const found = await reviews.find(id);
  // An exchange that is looked at afterwards, to measure a stage, is nothing that its caller waits for.
  if (found === undefined || found.sample !== null || !isOwn(replica.state, organisation, found.facts.key))
    throw unknown();
  const { key, model } = found.facts;
  const verdict = replica.state.reviews.get(id)?.verdict;
  const outcome = verdict === undefined ? "waiting" : verdict === "allow" ? "allowed" : "refused";
  const word = { waiting: "review_pending", allowed: null, refused: "policy_blocked" }[outcome];
  return { id, kind: "review", at: timestampOf(found.at), key, model, outcome, ...told(word), tokens: null };
}
