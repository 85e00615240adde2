// `headgate release hold` and `restrict`: closing. One person, from the profile alone: no ledger is read first
// (but where the control plane says that it knows no such model: a brake on a mistyped name would stop nothing), and the
// statement goes to the gateway directly as well as to the control plane, so that it works when either is down.
import type { Command } from "commander";
import { z } from "zod";
import type { BodyOf, HoldScope, Limit } from "../../acts/bodies.ts";
import { scopeInWords } from "../../acts/hold-scope.ts";
import { nodePrimitives, randomId } from "../../proof/node.ts";
import { openStatement } from "../../acts/statement.ts";
import { Country } from "../../terms/country.ts";
import { Category } from "../../terms/finding.ts";
import { Failure, type FailureCode } from "../../terms/failure.ts";
import { HoldId, KeyId, Name, type Timestamp } from "../../terms/ids.ts";
import { OpenStage } from "../../terms/stage.ts";
import { type Answer, done } from "../answer.ts";
import type { Context } from "../context.ts";
import { refuseUnknown } from "../known-model.ts";
import { type Identity, committed, identify, rememberHead, signAs, submit } from "../session.ts";

import { type Call, addVerb, parsed, sameProfile } from "../verb.ts";

const reasonText = z.string().trim().min(1).max(4000);
const Gateways = z
  .array(z.url({ protocol: /^https?$/ }))
  .max(64)
  .default([]);
const HoldOptions = z.object({
  reason: reasonText,
  stage: OpenStage.optional(),
  organisation: Name.optional(),
  key: KeyId.optional(),
  organisationType: Name.optional(),
  country: Country.optional(),
  scope: Name.optional(),
  everything: z.boolean().default(false),
  gateway: Gateways,
});
const RestrictOptions = z.object({
  reason: reasonText,
  outputTokens: z.coerce.number().int().min(1).optional(),
  prohibit: Category.optional(),
  gateway: Gateways,
});
const reasonFlag = ["--reason <text>", "why; kept aside, the ledger holds a commitment to it"] as const;

const gatewayFlag = [
  "--gateway <urls...>",
  "address of a further gateway's data plane, to be told directly as well; may be repeated",
] as const;

/** The gateway answers at once or not at all: a closed door must not wait for a slow one. */
const gatewayMsMax = 5_000;

export function addHoldVerbs(release: Command, context: Context): void {
  addVerb(release, context, {
    usage: "hold [model]",
    summary: "stop a model, a stage, some callers or everything now; running streams end within a second",
    flags: [
      reasonFlag,
      ["--stage <stage>", "of the model: this stage and wider ones; narrower ones go on"],
      ["--organisation <name>", "stop all keys of an organisation"],
      ["--key <key>", "stop a key"],
      ["--organisation-type <type>", "stop the callers of organisations of this type, for every model"],
      [
        "--country <code>",
        "stop the callers of organisations registered there (ISO 3166-1 alpha-2), for every model, and of those that no statement places anywhere; their addresses do not count",
      ],
      ["--scope <scope>", "let grants with this scope lift nothing more by it, for every model"],
      ["--everything", "stop every model"],
      gatewayFlag,
    ],
    options: HoldOptions,
    run: hold,
    more: "Works when only one of gateway and control plane is up; the one that took it tells all other gateways. With the control plane gone, name gateways elsewhere with --gateway. `headgate release resume MODEL` begins to reopen, with `--hold` for a type, a country or a scope; a held organisation or key is suspended, and works again as after `org suspend` and `key suspend`.",
  });
  addVerb(release, context, {
    usage: "restrict <model>",
    summary: "make decisions about a model stricter, now; never looser",
    flags: [
      reasonFlag,
      ["--output-tokens <max>", "answers are at most this long"],
      ["--prohibit <category>", `prohibit a category: ${Category.options.join(", ")}`],
      gatewayFlag,
    ],
    options: RestrictOptions,
    run: restrict,
  });
}

async function hold(call: Call<z.infer<typeof HoldOptions>>): Promise<Answer> {
  const scope = scopeOf(call);
  const who = identify(call.base, call.context);
  if ("model" in scope) await refuseUnknown(who, scope.model);
  const { reason, gateway: gateways } = call.options;
  const { body, closed } = await placeHold(who, { scope, reason, gateways });
  const words = `${scopeInWords(scope)} is held since ${closed.heldAt}${told(closed)}.`;
  return done({ hold: body.hold, scope, ...closed }, words, reopening(body, sameProfile(call.base)));
}

/** Signs a hold and tells the gateway, the further ones that are named, and the control plane, all at once. */
export async function placeHold(
  who: Identity,
  wish: { readonly scope: HoldScope; readonly reason: string; readonly gateways: readonly string[] },
): Promise<{ readonly body: BodyOf<"hold">; readonly closed: Closed }> {
  const reason = committed(wish.reason);
  const body = { hold: HoldId.parse(randomId("hold_", 16)), scope: wish.scope, reason: reason.digest };
  const envelope = await signAs(who, "hold", body);
  return { body, closed: await close(who, envelope, { opening: reason.opening, gateways: wish.gateways }) };
}

function reopening({ hold: id, scope }: BodyOf<"hold">, profile: string): string {
  switch (scope.kind) {
    case "model":
    case "stage":
      return `headgate release resume ${scope.model}${profile}`;
    case "everything":
      return `headgate release resume MODEL${profile}, for each`;
    case "organisation-type":
    case "country":
    case "scope":
      return `headgate release resume MODEL --hold ${id}${profile}, for each`;
    case "organisation":
      return `headgate org resume ${scope.organisation}${profile}`;
    case "key":
      return `headgate key resume ${scope.key}${profile}`;
  }
}

function scopeOf({ args, options }: Call<z.infer<typeof HoldOptions>>): HoldScope {
  const { stage, organisation, key, everything } = options;
  const model = args[0] === undefined ? undefined : parsed(Name, args[0], "The model");
  const scopes: readonly (HoldScope | false)[] = [
    model !== undefined && (stage === undefined ? { kind: "model", model } : { kind: "stage", model, stage }),
    organisation !== undefined && { kind: "organisation", organisation },
    key !== undefined && { kind: "key", key },
    ...callerScopes(options),
    everything && { kind: "everything" },
  ];
  const [scope, ...others] = scopes.filter((one) => one !== false);
  if (scope === undefined || others.length > 0) {
    throw new Failure(
      "request_invalid",
      "Name one thing to hold: a model, --organisation, --key, --organisation-type, --country, --scope, or --everything.",
    );
  }
  if (stage !== undefined && scope.kind !== "stage") {
    throw new Failure("request_invalid", "A stage is held of one model: name it before --stage.");
  }
  return scope;
}

function callerScopes(options: z.infer<typeof HoldOptions>): readonly (HoldScope | false)[] {
  const { organisationType: type, country, scope } = options;
  return [
    type !== undefined && { kind: "organisation-type", type },
    country !== undefined && { kind: "country", country },
    scope !== undefined && { kind: "scope", scope },
  ];
}

async function restrict(call: Call<z.infer<typeof RestrictOptions>>): Promise<Answer> {
  const model = parsed(Name, call.args[0], "The model");
  const limit = limitOf(call.options);
  const who = identify(call.base, call.context);
  await refuseUnknown(who, model, "RESTRICTED");
  const reason = committed(call.options.reason);
  const body = { hold: HoldId.parse(randomId("hold_", 16)), model, limit, reason: reason.digest };
  const envelope = await signAs(who, "restriction", body);
  const closed = await close(who, envelope, { opening: reason.opening, gateways: call.options.gateway });
  return done(
    { restriction: body.hold, model, limit, ...closed },
    `${model} is restricted since ${closed.heldAt}${told(closed)}. It stands until a certificate lifts it.`,
    `headgate release resume ${model} --lift ${body.hold}${sameProfile(call.base)}`,
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
  /** Which of the two took it. At least one did; of several gateways that were asked, whether any did. */
  readonly gateway: boolean;
  /** Each gateway that was told directly, and whether it took it. */
  readonly gateways: readonly { readonly gateway: string; readonly held: boolean }[];
  readonly recorded: boolean;
  readonly ledgerIndex: number | null;
  /** What the control plane answered where it did not record; null where it did, or did not answer. */
  readonly refused: { readonly code: FailureCode; readonly message: string } | null;
}

interface Closing {
  readonly opening: ReturnType<typeof committed>["opening"];
  /** Besides the one of the profile. */
  readonly gateways: readonly string[];
}

/** All at once: nobody waits for another, and one is enough. */
async function close(who: Identity, envelope: Uint8Array, { opening, gateways }: Closing): Promise<Closed> {
  const act = await openStatement(envelope, nodePrimitives);
  const urls = [...new Set([who.profile.dataPlane, ...gateways].map((url) => url.replace(/\/+$/, "")))];
  const [direct, [logged]] = await Promise.all([
    Promise.allSettled(urls.map(async (url) => tellGateway(url, envelope))),
    Promise.allSettled([submit(who, envelope, { openings: [opening] })]),
  ]);
  const took = direct.find((one) => one.status === "fulfilled");
  if (took === undefined && logged.status === "rejected") throw worst(logged.reason);
  const heldAt = took?.value ?? act.predicate.at;
  const answer = logged.status === "fulfilled" ? logged.value.answer : undefined;
  if (answer?.kind === "recorded") await Promise.race([rememberHead(who), soon()]);
  return {
    heldAt,
    gateway: took !== undefined,
    gateways: urls.map((gateway, at) => ({ gateway, held: direct[at]?.status === "fulfilled" })),
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
async function tellGateway(url: string, envelope: Uint8Array): Promise<Timestamp | undefined> {
  const response = await fetch(`${url}/hold`, {
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
export function told(closed: Pick<Closed, "gateway" | "gateways" | "recorded" | "refused">): string {
  const silent = closed.gateways.filter(({ held }) => !held).map((one) => one.gateway);
  const lacks = silent.length === 0 || !closed.gateway ? "" : `; NOT told directly: ${silent.join(", ")}`;
  return `${where(closed)}${lacks}`;
}

function where({ gateway, recorded, refused }: Pick<Closed, "gateway" | "recorded" | "refused">): string {
  if (gateway && recorded) return "";
  if (!gateway) return " in the ledger; the gateway did not answer directly and will learn of it over its feed";
  return refused === null
    ? " at the gateway; the control plane did not answer, the gateway will hand it on"
    : ` at the gateway; the control plane did not record it yet (${refused.code}: ${refused.message.replace(/\.$/, "")}), the gateway will hand it on`;
}
