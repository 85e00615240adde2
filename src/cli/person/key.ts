// `headgate person link`, `keys` and `unlink`: further keys of one's own, as of a browser that signs. A person asks alone, for
// themself only; the code that this makes brings one key, once, within the hour.
import type { Command } from "commander";
import { z } from "zod";
import type { State } from "../../acts/state.ts";
import { newSigner } from "../../proof/node.ts";
import { Failure } from "../../terms/failure.ts";
import { Instant, PersonId, type ProposalId, PublicKey, timestampOf } from "../../terms/ids.ts";
import { type Answer, done } from "../answer.ts";
import type { Context } from "../context.ts";
import { formatInvitation, linkOf } from "../../acts/invitation.ts";
import { type Session, committed, openSession, openingOf, recordedIndex, signAs, submit } from "../session.ts";
import { type Call, addVerb, argument, noOptions, parsed, sameProfile } from "../verb.ts";

const Link = z.object({ minutes: z.coerce.number().int().min(1).max(60).default(60) });
const Remove = z.object({ reason: z.string().trim().min(1).max(4000), person: PersonId.optional() });

export function addPersonKeyVerbs(person: Command, context: Context): void {
  addVerb(person, context, {
    usage: "link",
    summary: "print a link that opens the console in a browser, once, and makes you a key there",
    flags: [["--minutes <minutes>", "how long it works (default and at most 60)"]],
    options: Link,
    run: link,
    more: "The browser makes a key of its own that never leaves it; it signs as you, in your one seat. `headgate join CODE --profile FILE` makes a key for a further profile with the same code. `person unlink` takes one away.",
  });
  addVerb(person, context, { usage: "keys", summary: "which keys sign for you", options: noOptions, run: list });
  addVerb(person, context, {
    usage: "unlink <key>",
    summary: "take one of your keys away, for good; sessions and codes made with it end",
    flags: [
      ["--reason <text>", "why; kept aside, the ledger holds a commitment to it"],
      ["--person <person>", "whose it is, where an owner takes somebody else's away"],
    ],
    options: Remove,
    run: remove,
  });
}

async function link(call: Call<z.infer<typeof Link>>): Promise<Answer> {
  const session = await openSession(call.base, call.context);
  const { me, profile, replica } = session;
  const { signer, seed } = newSigner();
  const notAfter = timestampOf(Instant.parse(call.context.now() + call.options.minutes * 60_000));
  const { person, role, name, affiliation, mandated } = me;
  const body = {
    person,
    role,
    key: signer.publicKey,
    name,
    ...(affiliation === undefined ? {} : { affiliation }),
    ...(mandated === undefined ? {} : { mandated }),
    furtherKey: true as const,
    notAfter,
  };
  const submitted = await submit(session, await signAs(session, "invite", body));
  const ledgerIndex = recordedIndex(submitted);
  const { act } = submitted;
  const known = await openingOf(session, name);
  const code = formatInvitation({
    v: 1,
    server: profile.server,
    deployment: profile.deployment,
    root: profile.root,
    demo: profile.demo,
    invitation: act.digest,
    person,
    role,
    ...(known === undefined ? {} : { name: known }),
    seed,
    notAfter,
    seen: { size: replica.size(), root: replica.root() },
  });
  const url = linkOf(code, profile.server);
  return done(
    { link: url, code, person, role, act: act.digest, notAfter, ledgerIndex },
    url,
    `open it in your browser, by ${notAfter}. Whoever opens it first has a key of yours: send it to nobody.`,
  );
}

async function list(call: Call<object>): Promise<Answer> {
  const { me, signer } = await openSession(call.base, call.context);
  const keys = me.keys.map((one) => ({ ...one, madeIn: one.madeIn ?? null, here: one.key === signer.publicKey }));
  const lines = keys.map(
    ({ key, index, madeIn, here }) =>
      `${key}  since entry ${index}${madeIn === null ? "" : `, made in a ${madeIn}`}${here ? ", of this profile" : ""}`,
  );
  return done({ person: me.person, keys }, lines.join("\n"));
}

async function remove(call: Call<z.infer<typeof Remove>>): Promise<Answer> {
  const session = await openSession(call.base, call.context);
  const key = keyNamed(argument(call, 0), call.options.person ?? session.me.person, session);
  const reason = committed(call.options.reason);
  const body = { target: { kind: "person-key", ...key }, reason: reason.digest } as const;
  const ledgerIndex = recordedIndex(
    await submit(session, await signAs(session, "suspend", body), { openings: [reason.opening] }),
  );
  const counted = countedFor(session.state, key.person);
  const signed =
    counted.length === 0 ? "" : ` What it signed stays signed. Signed for, and not decided: ${counted.join(", ")}.`;
  return done(
    { ...key, removed: true, ledgerIndex, counted },
    `${key.key} signs for nobody any more.${signed}`,
    counted.length === 0
      ? `headgate person keys${sameProfile(call.base)}`
      : `where that was not you: headgate release refuse ${counted[0] ?? ""} --reason "…"${sameProfile(call.base)}`,
  );
}

/** Proposals that wait and that the person is for: whoever had their key may have said so. */
function countedFor({ proposals }: State, person: PersonId): readonly ProposalId[] {
  return [...proposals.values()]
    .filter(({ certified, signOffs }) => !certified && signOffs.get(person)?.verdict === "for")
    .map(({ release }) => release.proposal);
}

function keyNamed(
  text: string,
  person: PersonId,
  { state }: Pick<Session, "state">,
): { readonly person: PersonId; readonly key: PublicKey } {
  const key = parsed(PublicKey, text, "The key");
  if (hasKey(state, person, key)) return { person, key };
  throw new Failure("not_found", `${person} has no such key. See: headgate person keys`);
}

function hasKey(state: State, person: PersonId, key: PublicKey): boolean {
  return state.persons.get(person)?.keys.some((one) => one.key === key) === true;
}
