// `headgate release hold` and `restrict`: closing. One person, from the profile alone: no ledger is read first, and the
// statement goes to the gateway directly as well as to the control plane, so that it works when either is down.
import type { Command } from "commander";
import { z } from "zod";
import type { BodyOf, HoldScope, Limit } from "../acts/bodies.ts";
import { nodePrimitives, randomId } from "../proof/node.ts";
import { openStatement } from "../acts/statement.ts";
import { Category } from "../terms/finding.ts";
import { Failure, type FailureCode } from "../terms/failure.ts";
import { HoldId, Name, type Timestamp } from "../terms/ids.ts";
import { type Answer, done } from "./answer.ts";
import type { Context } from "./context.ts";
import { type Identity, committed, identify, rememberHead, signAs, submit } from "./session.ts";
import { type Call, addVerb, parsed, sameProfile } from "./verb.ts";

const reasonText = z.string().trim().min(1).max(4000);
const HoldOptions = z.object({ reason: reasonText, everything: z.boolean().default(false) });
const RestrictOptions = z.object({
  reason: reasonText,
  outputTokens: z.coerce.number().int().min(1).optional(),
  prohibit: Category.optional(),
});
const reasonFlag = ["--reason <text>", "why; kept aside, the ledger holds a commitment to it"] as const;

/** The gateway answers at once or not at all: a closed door must not wait for a slow one. */
const gatewayMsMax = 5_000;

export function addHoldVerbs(release: Command, context: Context): void {
  addVerb(release, context, {
    usage: "hold [model]",
    summary: "stop a model now; running streams end within a second",
    flags: [reasonFlag, ["--everything", "stop every model"]],
    options: HoldOptions,
    run: hold,
    more: "Works when only one of gateway and control plane is up. `headgate release resume MODEL` begins to reopen.",
  });
  addVerb(release, context, {
    usage: "restrict <model>",
    summary: "make decisions about a model stricter, now; never looser",
    flags: [
      reasonFlag,
      ["--output-tokens <max>", "answers are at most this long"],
      ["--prohibit <category>", `prohibit a category: ${Category.options.join(", ")}`],
    ],
    options: RestrictOptions,
    run: restrict,
  });
}

async function hold(call: Call<z.infer<typeof HoldOptions>>): Promise<Answer> {
  const scope = scopeOf(call);
  const who = identify(call.base, call.context);
  const reason = committed(call.options.reason);
  const body: BodyOf<"hold"> = { hold: HoldId.parse(randomId("hold_", 16)), scope, reason: reason.digest };
  const closed = await close(who, await signAs(who, "hold", body), reason.opening);
  const what = scope.kind === "model" ? scope.model : "every model";
  const model = scope.kind === "model" ? scope.model : "MODEL";
  const next = `headgate release resume ${model}${sameProfile(call.base)}${scope.kind === "model" ? "" : ", for each"}`;
  return done({ hold: body.hold, scope, ...closed }, `${what} is held since ${closed.heldAt}${told(closed)}.`, next);
}

function scopeOf(call: Call<z.infer<typeof HoldOptions>>): HoldScope {
  const [model] = call.args;
  if (call.options.everything === (model !== undefined)) {
    throw new Failure("request_invalid", "Name the model to hold, or say --everything; not both.");
  }
  return model === undefined ? { kind: "everything" } : { kind: "model", model: parsed(Name, model, "The model") };
}

async function restrict(call: Call<z.infer<typeof RestrictOptions>>): Promise<Answer> {
  const model = parsed(Name, call.args[0], "The model");
  const limit = limitOf(call.options);
  const who = identify(call.base, call.context);
  const reason = committed(call.options.reason);
  const body = { hold: HoldId.parse(randomId("hold_", 16)), model, limit, reason: reason.digest };
  const closed = await close(who, await signAs(who, "restriction", body), reason.opening);
  return done(
    { restriction: body.hold, model, limit, ...closed },
    `${model} is restricted since ${closed.heldAt}${told(closed)}.`,
  );
}

function limitOf(options: z.infer<typeof RestrictOptions>): Limit {
  const { outputTokens, prohibit } = options;
  if (outputTokens !== undefined && prohibit === undefined) return { kind: "output-tokens", max: outputTokens };
  if (prohibit !== undefined && outputTokens === undefined) return { kind: "category-prohibited", category: prohibit };
  throw new Failure("request_invalid", "Say one limit: --output-tokens MAX or --prohibit CATEGORY.");
}

interface Closed {
  readonly heldAt: Timestamp;
  /** Which of the two took it. At least one did. */
  readonly gateway: boolean;
  readonly recorded: boolean;
  readonly ledgerIndex: number | null;
  /** What the control plane answered where it did not record; null where it did, or did not answer. */
  readonly refused: { readonly code: FailureCode; readonly message: string } | null;
}

type Opening = ReturnType<typeof committed>["opening"];

/** Both at once: neither waits for the other, and one is enough. */
async function close(who: Identity, envelope: Uint8Array, opening: Opening): Promise<Closed> {
  const act = await openStatement(envelope, nodePrimitives);
  const [direct, logged] = await Promise.allSettled([
    tellGateway(who, envelope),
    submit(who, envelope, { openings: [opening] }),
  ]);
  if (direct.status === "rejected" && logged.status === "rejected") throw worst(logged.reason);
  const heldAt = direct.status === "fulfilled" ? (direct.value ?? act.predicate.at) : act.predicate.at;
  const answer = logged.status === "fulfilled" ? logged.value.answer : undefined;
  if (answer?.kind === "recorded") await Promise.race([rememberHead(who), soon()]);
  return {
    heldAt,
    gateway: direct.status === "fulfilled",
    recorded: logged.status === "fulfilled",
    ledgerIndex: answer?.kind === "recorded" ? answer.index : null,
    refused: logged.status === "rejected" ? refusalIn(logged.reason) : null,
  };
}

/** It is held already: saying so does not wait longer than this for the ledger to be read. */
async function soon(): Promise<void> {
  await new Promise<void>((resolve) => {
    setTimeout(resolve, gatewayMsMax).unref();
  });
}

const HeldAnswer = z.object({ heldAt: z.string().optional() });

/** Hands the statement to the gateway itself. Answers when it was held, as the gateway says. */
async function tellGateway(who: Identity, envelope: Uint8Array): Promise<Timestamp | undefined> {
  const url = `${who.profile.dataPlane.replace(/\/+$/, "")}/hold`;
  const response = await fetch(url, {
    method: "POST",
    body: Buffer.from(envelope),
    headers: { "content-type": "application/json" },
    redirect: "error",
    signal: AbortSignal.timeout(gatewayMsMax),
  });
  const text = await response.text();
  if (!response.ok)
    throw new Failure("gateway_closed", `The gateway answered ${response.status}: ${text.slice(0, 200)}`);
  return HeldAnswer.safeParse(JSON.parse(text)).data?.heldAt;
}

/** Neither took it. What the control plane says is the clearer of the two. */
function worst(reason: unknown): Failure {
  if (reason instanceof Failure && reason.code !== "server_unreachable") return reason;
  const message =
    "NOTHING IS HELD: neither the gateway nor the control plane answered. Stop the model server or the gateway by hand, now.";
  return new Failure("server_unreachable", message, { cause: reason });
}

function refusalIn(reason: unknown): Closed["refused"] {
  if (!(reason instanceof Failure) || reason.code === "server_unreachable") return null;
  return { code: reason.code, message: reason.message };
}

/** What is to be said where not both of them took it. */
export function told({ gateway, recorded, refused }: Pick<Closed, "gateway" | "recorded" | "refused">): string {
  if (gateway && recorded) return "";
  if (!gateway) return " in the ledger; the gateway did not answer directly and will learn of it over its feed";
  return refused === null
    ? " at the gateway; the control plane did not answer, the gateway will hand it on"
    : ` at the gateway; the control plane did not record it yet (${refused.code}: ${refused.message.replace(/\.$/, "")}), the gateway will hand it on`;
}
