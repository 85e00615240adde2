// `headgate key` and `headgate org`: the callers' side of the access programme. A key's secret is made here, shown once,
// and only its hash is sent. What a key may do is stated whole each time it is written.
import type { Command } from "commander";
import { z } from "zod";
import type { BodyOf } from "../acts/bodies.ts";
import {
  type KeyBody,
  definedOf,
  expectNotSuspended,
  latestSecret,
  resumedKey,
  resumedOrganisation,
  rotatedKey,
  secretStandingAt,
  whereAndHowMuch,
} from "../acts/key-bodies.ts";
import { limitFields } from "../acts/limits.ts";
import { overlapDaysMax } from "../acts/rules/programme.ts";
import { secretBytes, secretEnding, secretKeyOf } from "../acts/secret-key.ts";
import { nodePrimitives, randomBytes, randomId } from "../proof/node.ts";
import { Failure } from "../terms/failure.ts";
import { type Digest, Instant, KeyId, Name, type Timestamp, timestampOf } from "../terms/ids.ts";
import { Network } from "../terms/network.ts";
import { type Answer, done } from "./answer.ts";
import type { Context } from "./context.ts";
import { type Session, committed, openSession, recordedIndex, signAs, submit } from "./session.ts";
import { type Call, addVerb, argument, noOptions, parsed } from "./verb.ts";
import { limitLines } from "../acts/act-words.ts";

/** Times that say themselves: `30d`, `12h`, a day in UTC, or a moment. */
const When = z
  .string()
  .regex(/^(\d{1,5}[hd]|\d{4}-\d{2}-\d{2}(T[\d:.]+Z)?)$/, "say 30d, 12h, 2027-01-31 or 2027-01-31T12:00:00Z");

const limitOption = (of: z.ZodType<number, number>): z.ZodType<number | undefined> =>
  z.string().regex(/^\d+$/, "a whole number").transform(Number).pipe(of).optional();

const What = {
  expires: When.optional(),
  network: z.array(Network).min(1).optional(),
  requestsPerMinute: limitOption(limitFields.requestsPerMinute),
  tokensPerMinute: limitOption(limitFields.tokensPerMinute),
  tokensPerDay: limitOption(limitFields.tokensPerDay),
  exchanges: limitOption(limitFields.exchanges),
};
const Create = z.object({ organisation: Name, ...What });
const Change = z.object({ ...What, anyNetwork: z.boolean().default(false), withoutLimits: z.boolean().default(false) });
const Rotate = z.object({
  expires: When.optional(),
  overlap: z
    .string()
    .regex(/^\d{1,4}[hd]$/, "say 24h or 7d")
    .default("24h"),
});
const Reason = z.object({ reason: z.string().trim().min(1).max(4000) });
const reasonFlag = ["--reason <text>", "why; kept aside, the ledger holds a commitment to it"] as const;
const whatFlags = [
  ["--expires <when>", "when it ends: 30d, 12h or a date (default: when it is revoked)"],
  ["--network <cidr...>", "where it may be used from, for example 192.0.2.0/24 (default: anywhere)"],
  ["--requests-per-minute <count>", "over all models"],
  ["--tokens-per-minute <count>", "over all models, prompt and answer"],
  ["--tokens-per-day <count>", "over all models, prompt and answer"],
  ["--exchanges <count>", "requests under way at once (default 64)"],
] as const;

export function addKeyVerbs(program: Command, context: Context): void {
  const key = program.command("key").description("keys of the callers of the data plane");
  addVerb(key, context, {
    usage: "create",
    summary: "make a key; it is printed once and kept nowhere",
    flags: [["--organisation <name>", "whose key it is"], ...whatFlags],
    options: Create,
    run: createKey,
  });
  addVerb(key, context, { usage: "list", summary: "which keys there are", options: noOptions, run: listKeys });
  addVerb(key, context, {
    usage: "rotate <key>",
    summary: "give a key a new secret; the one before goes on working for a while and then ends by itself",
    flags: [
      ["--overlap <time>", `how long the old secret works: 0h to ${overlapDaysMax}d (default 24h)`],
      ["--expires <when>", "when the new secret ends (default: as the old one was to)"],
    ],
    options: Rotate,
    run: rotateKey,
  });
  addVerb(key, context, {
    usage: "change <key>",
    summary: "change end, networks or limits of a key; what is not named stays",
    flags: [
      ...whatFlags,
      ["--any-network", "take its networks away: it may be used from anywhere"],
      ["--without-limits", "take its own limits away; those of its grants stay"],
    ],
    options: Change,
    run: changeKey,
  });
  addVerb(key, context, {
    usage: "suspend <key>",
    summary: "stop a key at once, until it is resumed",
    flags: [reasonFlag],
    options: Reason,
    run: async (call) => stop(call, { kind: "key", key: keyOf(call) }),
  });
  addVerb(key, context, {
    usage: "resume <key>",
    summary: "let a suspended key work again, as it did before",
    options: noOptions,
    run: resumeKey,
  });
  addVerb(key, context, {
    usage: "revoke <key>",
    summary: "stop a key at once and for good, every secret it ever had",
    flags: [reasonFlag],
    options: Reason,
    run: async (call) => stop(call, { kind: "key", key: keyOf(call), forGood: true }),
  });
}

export function addOrganisationVerbs(program: Command, context: Context): void {
  const org = program.command("org").description("organisations that callers belong to");
  addVerb(org, context, {
    usage: "list",
    summary: "which organisations there are",
    options: noOptions,
    run: listOrganisations,
  });
  addVerb(org, context, {
    usage: "suspend <organisation>",
    summary: "stop all keys of an organisation at once, until it is resumed",
    flags: [reasonFlag],
    options: Reason,
    run: async (call) =>
      stop(call, { kind: "organisation", organisation: parsed(Name, argument(call, 0), "The organisation") }),
  });
  addVerb(org, context, {
    usage: "resume <organisation>",
    summary: "let an organisation that was suspended in again, with the grants it had",
    options: noOptions,
    run: resumeOrganisation,
  });
}

function keyOf(call: Call<unknown>): KeyId {
  return parsed(KeyId, argument(call, 0), "The key");
}

async function createKey(call: Call<z.infer<typeof Create>>): Promise<Answer> {
  const session = await openSession(call.base, call.context);
  const { organisation, expires, network, ...limits } = call.options;
  const made = newSecret(session);
  const body: KeyBody = {
    key: KeyId.parse(randomId("key_", 16)),
    organisation,
    hash: made.hash,
    ending: made.ending,
    notAfter: expires === undefined ? null : momentOf(expires, call.context),
    ...whereAndHowMuch({ networks: network, limits }),
  };
  await write(session, body);
  return shown(session, body, made.secret);
}

async function rotateKey(call: Call<z.infer<typeof Rotate>>): Promise<Answer> {
  const session = await openSession(call.base, call.context);
  const { known } = latestSecret(session.state, keyOf(call));
  const { expires, overlap } = call.options;
  const made = newSecret(session);
  const { hash, ending } = made;
  const body = rotatedKey(known, {
    hash,
    ending,
    until: momentOf(overlap, call.context),
    notAfter: expires === undefined ? undefined : momentOf(expires, call.context),
    now: call.context.now(),
  });
  await write(session, body);
  return shown(session, body, made.secret);
}

async function changeKey(call: Call<z.infer<typeof Change>>): Promise<Answer> {
  const session = await openSession(call.base, call.context);
  const { hash, known } = latestSecret(session.state, keyOf(call));
  expectNotSuspended(known, "a change");
  const { expires, network, anyNetwork, withoutLimits, ...limits } = call.options;
  if (anyNetwork && network !== undefined) {
    throw new Failure("request_invalid", "--network and --any-network say two things.");
  }
  const body: KeyBody = {
    key: known.key,
    organisation: known.organisation,
    hash,
    notAfter: expires === undefined ? known.notAfter : momentOf(expires, call.context),
    ...whereAndHowMuch({
      networks: anyNetwork ? undefined : (network ?? known.networks ?? undefined),
      limits: { ...(withoutLimits ? {} : known.limits), ...definedOf(limits) },
    }),
    anew: { kind: "change" },
  };
  const index = await write(session, body);
  return done({ id: known.key, ledgerIndex: index, ...said(body) }, `${known.key} is changed.`);
}

async function resumeKey(call: Call<object>): Promise<Answer> {
  const session = await openSession(call.base, call.context);
  const { hash, known } = latestSecret(session.state, keyOf(call));
  const index = await write(session, resumedKey(known, hash));
  return done({ id: known.key, ledgerIndex: index }, `${known.key} works again.`);
}

interface NewSecret {
  readonly secret: string;
  readonly hash: Digest;
  readonly ending: string;
}

function newSecret({ profile }: Session): NewSecret {
  const { secret, hash } = secretKeyOf(randomBytes(secretBytes), profile.demo, nodePrimitives);
  return { secret, hash, ending: secretEnding(secret) };
}

function said({ networks, limits, notAfter }: KeyBody): object {
  return { notAfter, networks: networks ?? null, limits: limits ?? {} };
}

async function write(session: Session, body: KeyBody): Promise<number> {
  return recordedIndex(await submit(session, await signAs(session, "key", body)));
}

function shown({ profile }: Session, body: KeyBody, secret: string): Answer {
  const overlap = body.anew?.kind === "rotation" ? `The secret before it ends at ${body.anew.until}.` : "";
  const lines = [secret, `${body.key} of ${body.organisation}. This is the only time the key is shown.`, overlap];
  return done(
    {
      id: body.key,
      key: secret,
      ...said(body),
      ...(body.anew?.kind === "rotation" ? { oldUntil: body.anew.until } : {}),
    },
    lines.filter((line) => line !== "").join("\n"),
    `use it as the API key of an OpenAI client with base URL ${profile.dataPlane}/v1`,
  );
}

const hourMs = 3_600_000;

function momentOf(when: string, context: Context): Timestamp {
  const now = context.now();
  const [, count, unit] = /^(\d+)([hd])$/.exec(when) ?? [];
  const ms = count === undefined ? Date.parse(when) : now + Number(count) * (unit === "d" ? 24 : 1) * hourMs;
  if (!Number.isFinite(ms) || ms < now) throw new Failure("request_invalid", `"${when}" is no time to come.`);
  return timestampOf(Instant.parse(ms));
}

async function listKeys(call: Call<object>): Promise<Answer> {
  const { state } = await openSession(call.base, call.context);
  const at = call.context.now();
  const keys = [...state.keys.values()].map(({ at: _written, standing: _word, ...known }) => known);
  const states = [...state.keys.values()].map((known) => secretStandingAt(known, at));
  const listed = keys.map((known, index) => ({ ...known, state: states[index] ?? "revoked" }));
  const lines = listed.map(({ key, organisation, ending, notAfter, networks, limits, state: standing }) =>
    [
      key,
      organisation,
      `…${ending ?? "????"}`,
      standing,
      notAfter === null ? "" : `until ${notAfter}`,
      networks === null ? "" : `from ${networks.join(", ")}`,
      ...limitLines(limits),
    ]
      .filter((part) => part !== "")
      .join("  "),
  );
  return done({ keys: listed }, lines.length === 0 ? "There are no keys." : lines.join("\n"));
}

async function listOrganisations(call: Call<object>): Promise<Answer> {
  const { state } = await openSession(call.base, call.context);
  const organisations = [...state.organisations.values()];
  const lines = organisations.map(
    ({ organisation, type, country, grants, limits, suspended }) =>
      `${organisation}  ${type}  ${country ?? "no country"}  ${[...grants.map(({ model, stage }) => `${model} from ${stage} on`), ...limitLines(limits)].join(", ")}${suspended ? "  suspended" : ""}`,
  );
  return done({ organisations }, lines.length === 0 ? "There are no organisations." : lines.join("\n"));
}

/** Written anew as it was: its document, and the ends of its grants. */
async function resumeOrganisation(call: Call<object>): Promise<Answer> {
  const name = parsed(Name, argument(call, 0), "The organisation");
  const session = await openSession(call.base, call.context);
  const known = session.state.organisations.get(name);
  if (known === undefined) throw new Failure("not_found", `There is no organisation "${name}".`);
  if (!known.suspended) return done({ organisation: name, suspended: false }, `${name} is not suspended.`);
  const index = recordedIndex(await submit(session, await signAs(session, "organisation", resumedOrganisation(known))));
  return done({ resumed: name, ledgerIndex: index }, `The keys of ${name} work again.`);
}

type Target = BodyOf<"suspend">["target"];

async function stop(
  call: Call<z.infer<typeof Reason>>,
  target: Exclude<Target, { kind: "person" | "person-key" }>,
): Promise<Answer> {
  const session = await openSession(call.base, call.context);
  const reason = committed(call.options.reason);
  const envelope = await signAs(session, "suspend", { target, reason: reason.digest });
  const index = recordedIndex(await submit(session, envelope, { openings: [reason.opening] }));
  const what = target.kind === "key" ? target.key : target.organisation;
  const isForGood = target.kind === "key" && target.forGood === true;
  return done(
    { [isForGood ? "revoked" : "suspended"]: what, ledgerIndex: index },
    `${what} is ${isForGood ? "revoked" : "suspended"}.`,
  );
}
