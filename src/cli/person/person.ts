// `headgate person` and `headgate cosign`: who may act here. An invitation is a statement; since two persons were ever
// admitted it takes two signatures, so it may wait for a second person, who reads in words what they sign.
import type { Command } from "commander";
import { z } from "zod";
import { bytesOf } from "../../feed/catch-up.ts";
import { type Act, cosignStatement, openStatement } from "../../acts/statement.ts";
import { PendingView, routes } from "../../control/contract.ts";
import { parseEnvelope } from "../../proof/envelope.ts";
import { newSigner, nodePrimitives, randomId } from "../../proof/node.ts";
import { Failure } from "../../terms/failure.ts";
import { Digest, Instant, Name, PersonId, timestampOf } from "../../terms/ids.ts";
import { Role } from "../../terms/role.ts";
import { type Answer, done, notPassed } from "../answer.ts";
import type { Context } from "../context.ts";
import { formatInvitation, linkOf } from "../../acts/invitation.ts";
import { addPersonKeyVerbs } from "./key.ts";
import {
  type Session,
  committed,
  openSession,
  openingOf,
  openingsOf,
  recordedIndex,
  signAs,
  submit,
} from "../session.ts";
import { type Call, addVerb, argument, noOptions, parsed } from "../verb.ts";
import { describeAct } from "../../acts/act-words.ts";
import { quoted } from "../../terms/visible.ts";

const Invite = z.object({
  name: z.string().trim().min(1).max(200),
  role: Role,
  affiliation: Name.optional(),
  days: z.coerce.number().int().min(1).max(30).default(7),
});
const Reason = z.object({ reason: z.string().trim().min(1).max(4000) });

export function addPersonVerbs(program: Command, context: Context): void {
  const person = program.command("person").description("the people who may act here");
  addVerb(person, context, {
    usage: "invite",
    summary: "invite a person; prints a code that works once",
    flags: [
      ["--name <name>", "their name, for people; it stays out of the ledger"],
      ["--role <role>", `one of: ${Role.options.join(", ")}`],
      ["--affiliation <name>", "the organisation they belong to, where it is not the operator of this deployment"],
      ["--days <days>", "how long the code works (default 7)"],
    ],
    options: Invite,
    run: invite,
  });
  addPersonKeyVerbs(person, context);
  addVerb(person, context, { usage: "list", summary: "who was admitted", options: noOptions, run: list });
  addVerb(person, context, {
    usage: "suspend <person>",
    summary: "take a person's authority away; others admit people again",
    flags: [["--reason <text>", "why; kept aside, the ledger holds a commitment to it"]],
    options: Reason,
    run: suspend,
  });
  addVerb(program, context, {
    usage: "cosign [act]",
    summary: "sign, as the second person, a statement that waits; without ACT lists what waits",
    options: noOptions,
    run: cosign,
  });
}

async function invite(call: Call<z.infer<typeof Invite>>): Promise<Answer> {
  const session = await openSession(call.base, call.context);
  const { name, role, days, affiliation } = call.options;
  const { signer, seed } = newSigner();
  const opening = committed(name);
  const person = PersonId.parse(randomId("person_", 16));
  const notAfter = timestampOf(Instant.parse(call.context.now() + days * 86_400_000));
  const body = {
    person,
    role,
    key: signer.publicKey,
    name: opening.digest,
    ...(affiliation === undefined ? {} : { affiliation }),
    // What an evaluator from elsewhere may run is for the operator to say: headgate eval mandate.
    ...(affiliation !== undefined && role === "evaluator" ? { mandated: true as const } : {}),
    notAfter,
  };
  const { act, answer } = await submit(session, await signAs(session, "invite", body), { openings: [opening.opening] });
  const { profile, me } = session;
  const by = await openingOf(session, me.name);
  const code = formatInvitation({
    v: 1,
    server: profile.server,
    deployment: profile.deployment,
    root: profile.root,
    demo: profile.demo,
    invitation: act.digest,
    person,
    role,
    name,
    ...(by === undefined ? {} : { by }),
    seed,
    notAfter,
    seen: { size: session.replica.size(), root: session.replica.root() },
  });
  const link = linkOf(code, profile.server);
  const json = { code, link, person, role, act: act.digest, notAfter };
  if (answer.kind === "recorded") {
    return done(
      json,
      code,
      `hand the code to ${name} on a channel you trust; they run: headgate join CODE --profile FILE\n      or, to work in the browser, hand over this link instead:\n${link}`,
    );
  }
  const text = `${code}\nIt works once another person signed too: headgate cosign ${act.digest}`;
  return notPassed({ ...json, needs: answer.needs }, text);
}

async function list(call: Call<object>): Promise<Answer> {
  const session = await openSession(call.base, call.context);
  const all = [...session.state.persons.values()];
  const names = await openingsOf(
    session,
    all.map(({ name }) => name),
  );
  const persons = all.map(({ name, key: _key, keys, ...person }) => ({
    ...person,
    keys: keys.length,
    name: names.get(name) ?? null,
  }));
  const lines = persons.map(
    ({ person, role, name, suspended, affiliation }) =>
      `${person}  ${role.padEnd(9)}  ${name ?? "(name erased)"}${affiliation === undefined ? "" : `  of ${affiliation}`}${suspended ? "  suspended" : ""}`,
  );
  return done({ persons }, lines.join("\n"));
}

async function suspend(call: Call<z.infer<typeof Reason>>): Promise<Answer> {
  const person = parsed(PersonId, argument(call, 0), "The person");
  const session = await openSession(call.base, call.context);
  const reason = committed(call.options.reason);
  const body = { target: { kind: "person", person }, reason: reason.digest } as const;
  const index = recordedIndex(
    await submit(session, await signAs(session, "suspend", body), { openings: [reason.opening] }),
  );
  return done({ person, suspended: true, ledgerIndex: index }, `${person} is suspended.`);
}

async function cosign(call: Call<object>): Promise<Answer> {
  const session = await openSession(call.base, call.context);
  const waiting = await pendingActs(session);
  const [wanted] = call.args;
  if (wanted === undefined) return await listed(waiting, session);
  const digest = parsed(Digest, wanted, "The act");
  const found = waiting.find(({ act }) => act.digest === digest);
  if (found === undefined) throw new Failure("not_found", `Nothing called ${digest} waits for signatures.`);
  const words = await inWords(found.act, session);
  call.context.tell(`You sign: ${words}\n`);
  const envelope = await cosignStatement(parseEnvelope(found.bytes), session.signer);
  const { answer } = await submit(session, envelope);
  const json = { act: digest, verb: found.act.predicate.verb, words, kind: answer.kind };
  if (answer.kind === "recorded") return done({ ...json, ledgerIndex: answer.index }, "Signed and recorded.");
  return notPassed({ ...json, needs: answer.needs }, `Signed; still missing: ${answer.needs.join(", ")}.`);
}

interface Waiting {
  readonly act: Act;
  readonly bytes: Uint8Array;
  readonly needs: readonly string[];
}

/** Each is opened here: what it says and who signed it comes from its own bytes, not from the server's summary. */
async function pendingActs(session: Session): Promise<readonly Waiting[]> {
  const { pending } = await session.client.get(routes.pending, PendingView);
  return Promise.all(
    pending.map(async ({ envelope, needs }) => {
      const bytes = bytesOf(envelope);
      const act = await openStatement(bytes, nodePrimitives);
      if (act.predicate.deployment !== session.profile.deployment) {
        throw new Failure("statement_invalid", "A waiting statement was made for another deployment. Do not sign it.");
      }
      return { act, bytes, needs };
    }),
  );
}

/** The statement in words; an invitation with the name that its commitment stands for, which the ledger does not hold. */
async function inWords(act: Act, session: Session): Promise<string> {
  const words = describeAct(act, session.state, nodePrimitives);
  const { predicate } = act;
  if (predicate.verb !== "invite") return words;
  const name = await openingOf(session, predicate.body.name);
  return `${words} ${predicate.body.person} is ${name === undefined ? "someone whose name was erased" : quoted(name)}.`;
}

async function listed(waiting: readonly Waiting[], session: Session): Promise<Answer> {
  const pending = await Promise.all(
    waiting.map(async ({ act, needs }) => ({
      act: act.digest,
      verb: act.predicate.verb,
      words: await inWords(act, session),
      needs,
    })),
  );
  const lines = pending.map(({ act, words }) => `${act}\n  ${words}`);
  return done({ pending }, lines.length === 0 ? "Nothing waits for signatures." : lines.join("\n"));
}
