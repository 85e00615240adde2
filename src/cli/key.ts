// `headgate key` and `headgate org`: the callers' side of the access programme. A key's secret is made here, shown once,
// and only its hash is sent.
import type { Command } from "commander";
import { z } from "zod";
import { nodePrimitives, randomBytes, randomId } from "../proof/node.ts";
import { Instant, KeyId, Name, timestampOf } from "../terms/ids.ts";
import { type Answer, done } from "./answer.ts";
import type { Context } from "./context.ts";
import { secretBytes, secretKeyOf } from "./secret-key.ts";
import { committed, openSession, recordedIndex, signAs, submit } from "./session.ts";
import { type Call, addVerb, argument, noOptions, parsed } from "./verb.ts";

const Create = z.object({ organisation: Name, days: z.coerce.number().int().min(1).max(3650).optional() });
const Reason = z.object({ reason: z.string().trim().min(1).max(4000) });
const reasonFlag = ["--reason <text>", "why; kept aside, the ledger holds a commitment to it"] as const;

export function addKeyVerbs(program: Command, context: Context): void {
  const key = program.command("key").description("keys of the callers of the data plane");
  addVerb(key, context, {
    usage: "create",
    summary: "make a key; it is printed once and kept nowhere",
    flags: [
      ["--organisation <name>", "whose key it is"],
      ["--days <days>", "how long it works (default: until suspended)"],
    ],
    options: Create,
    run: createKey,
  });
  addVerb(key, context, { usage: "list", summary: "which keys there are", options: noOptions, run: listKeys });
  addVerb(key, context, {
    usage: "suspend <key>",
    summary: "stop a key at once, for good",
    flags: [reasonFlag],
    options: Reason,
    run: suspendKey,
  });
  const org = program.command("org").description("organisations that callers belong to");
  addVerb(org, context, {
    usage: "list",
    summary: "which organisations there are",
    options: noOptions,
    run: listOrganisations,
  });
  addVerb(org, context, {
    usage: "suspend <organisation>",
    summary: "stop all keys of an organisation at once, until its document is applied anew",
    flags: [reasonFlag],
    options: Reason,
    run: suspendOrganisation,
  });
}

async function createKey(call: Call<z.infer<typeof Create>>): Promise<Answer> {
  const session = await openSession(call.base, call.context);
  const { organisation, days } = call.options;
  const { secret, hash } = secretKeyOf(randomBytes(secretBytes), session.profile.demo, nodePrimitives);
  const id = KeyId.parse(randomId("key_", 16));
  const notAfter = days === undefined ? null : timestampOf(Instant.parse(call.context.now() + days * 86_400_000));
  recordedIndex(await submit(session, await signAs(session, "key", { key: id, organisation, hash, notAfter })));
  return done(
    { id, key: secret },
    `${secret}\n${id} of ${organisation}. This is the only time the key is shown.`,
    `use it as the API key of an OpenAI client with base URL ${session.profile.dataPlane}/v1`,
  );
}

async function listKeys(call: Call<object>): Promise<Answer> {
  const { state } = await openSession(call.base, call.context);
  const keys = [...state.keys.values()];
  const lines = keys.map(
    ({ key, organisation, notAfter, suspended }) =>
      `${key}  ${organisation}  ${suspended ? "suspended" : `until ${notAfter ?? "suspended"}`}`,
  );
  return done({ keys }, lines.length === 0 ? "There are no keys." : lines.join("\n"));
}

async function listOrganisations(call: Call<object>): Promise<Answer> {
  const { state } = await openSession(call.base, call.context);
  const organisations = [...state.organisations.values()];
  const lines = organisations.map(
    ({ organisation, type, grants, suspended }) =>
      `${organisation}  ${type}  ${grants.map(({ model, stage }) => `${model} from ${stage} on`).join(", ")}${suspended ? "  suspended" : ""}`,
  );
  return done({ organisations }, lines.length === 0 ? "There are no organisations." : lines.join("\n"));
}

async function suspendKey(call: Call<z.infer<typeof Reason>>): Promise<Answer> {
  const key = parsed(KeyId, argument(call, 0), "The key");
  return suspend(call, { kind: "key", key });
}

async function suspendOrganisation(call: Call<z.infer<typeof Reason>>): Promise<Answer> {
  const organisation = parsed(Name, argument(call, 0), "The organisation");
  return suspend(call, { kind: "organisation", organisation });
}

type Target =
  | { readonly kind: "key"; readonly key: KeyId }
  | { readonly kind: "organisation"; readonly organisation: Name };

async function suspend(call: Call<z.infer<typeof Reason>>, target: Target): Promise<Answer> {
  const session = await openSession(call.base, call.context);
  const reason = committed(call.options.reason);
  const envelope = await signAs(session, "suspend", { target, reason: reason.digest });
  const index = recordedIndex(await submit(session, envelope, { openings: [reason.opening] }));
  const what = target.kind === "key" ? target.key : target.organisation;
  return done({ suspended: what, ledgerIndex: index }, `${what} is suspended.`);
}
