// `headgate eval mandate`: what an evaluator outside the operator may run, given once; without a person, the mandates there are and
// what is left of them; and one withdrawn before its end. Permits under it, suites of their own and evidence are then the evaluator's.
import { z } from "zod";
import type { Permit } from "../../acts/bodies.ts";
import { tokensUnder, unfit } from "../../acts/rules/mandate.ts";
import type { GivenMandate } from "../../acts/state.ts";
import { Failure } from "../../terms/failure.ts";
import { Digest, Instant, Name, PersonId, timestampOf } from "../../terms/ids.ts";
import { type Answer, done } from "../answer.ts";
import { type Session, committed, openSession, recordedIndex, signAs, submit } from "../session.ts";
import { type Call, parsed } from "../verb.ts";
import { mandateInWords } from "../../acts/act-words.ts";

export const MandateOptions = z.object({
  model: Name.optional(),
  /** With commas between them. */
  suite: z.string().min(1).optional(),
  ownSuites: z.boolean().default(false),
  tokens: z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER).optional(),
  days: z.coerce.number().int().min(1).max(366).default(30),
  withdraw: Digest.optional(),
  reason: z.string().trim().min(1).max(4000).optional(),
});
type MandateCall = Call<z.infer<typeof MandateOptions>>;

export async function mandate(call: MandateCall): Promise<Answer> {
  const session = await openSession(call.base, call.context);
  const [wanted] = call.args;
  const { withdraw, reason } = call.options;
  if (withdraw !== undefined) {
    if (wanted !== undefined || reason === undefined)
      throw new Failure(
        "request_invalid",
        "To withdraw a mandate: headgate eval mandate --withdraw MANDATE --reason TEXT",
      );
    return withdrawn(session, withdraw, reason);
  }
  return wanted === undefined ? listed(session) : given(call, session, parsed(PersonId, wanted, "The person"));
}

function listed({ state }: Session): Answer {
  const mandates = [...state.mandates.values()].map((one) => ({ ...one, used: tokensUnder(state, one.act) }));
  const lines = mandates.map(
    (one) => `${one.act}\n  ${one.person}: ${mandateInWords(one)}; ${one.used} given out${withdrawnInWords(one)}`,
  );
  return done({ mandates }, lines.length === 0 ? "There is no mandate." : lines.join("\n"));
}

function withdrawnInWords({ withdrawn: ended }: GivenMandate): string {
  return ended === undefined ? "" : `; WITHDRAWN ${ended.at} by ${ended.by}`;
}

async function withdrawn(session: Session, digest: Digest, why: string): Promise<Answer> {
  const known = session.state.mandates.get(digest);
  if (known === undefined) throw new Failure("not_found", `There is no mandate ${digest}. See: headgate eval mandate`);
  if (known.withdrawn !== undefined)
    return done({ mandate: digest, withdrawn: true, already: true }, `${digest} was withdrawn ${known.withdrawn.at}.`);
  const reason = committed(why);
  const envelope = await signAs(session, "withdrawal", { mandate: digest, reason: reason.digest });
  const submitted = await submit(session, envelope, { openings: [reason.opening] });
  const { person } = known;
  return done(
    { mandate: digest, person, withdrawn: true, ledgerIndex: recordedIndex(submitted) },
    `${person} runs nothing more under ${digest}: no permit is given, and gateways refuse those there are. What was answered before can still be sealed.`,
  );
}

async function given(call: MandateCall, session: Session, person: PersonId): Promise<Answer> {
  const { model, suite, ownSuites, tokens, days } = call.options;
  if (model === undefined || tokens === undefined)
    throw new Failure(
      "request_invalid",
      "Say for which model and how many tokens in all: --model NAME --tokens COUNT.",
    );
  const suites = (suite ?? "").split(",").filter((name) => name !== "");
  const now = call.context.now();
  const body = {
    person,
    model,
    suites: suites.map((name) => parsed(Name, name, "The suite")),
    ...(ownSuites ? { ownSuites } : {}),
    tokens,
    notBefore: timestampOf(now),
    notAfter: timestampOf(Instant.parse(now + days * 86_400_000)),
  } as const;
  if (body.suites.length === 0 && !ownSuites)
    throw new Failure("request_invalid", "Say what they may run: --suite NAME,NAME, or --own-suites.");
  const submitted = await submit(session, await signAs(session, "mandate", body));
  const ledgerIndex = recordedIndex(submitted);
  return done(
    { mandate: submitted.act.digest, ...body, ledgerIndex },
    `${person} may run ${mandateInWords(body)}.\nMandate ${submitted.act.digest}`,
  );
}

type Drafted = Pick<Permit, "model" | "tokens" | "notAfter"> & { readonly suite: Digest };

/** The mandate under which a person from outside runs this, and its end where that comes first. Nothing for all others. */
export function mandateFor(
  { state, me, context }: Session,
  draft: Drafted,
): Partial<Pick<Permit, "mandate" | "notAfter">> {
  if (me.mandated !== true) return {};
  const at = timestampOf(context.now());
  const mine = [...state.mandates.values()].filter(({ person }) => person === me.person);
  const judged = mine.map((one) => ({ one, why: unfit(state, one, { ...withinIts(one, draft), at }) }));
  const fit = judged.find(({ why }) => why === undefined)?.one;
  if (fit !== undefined) return { mandate: fit.act, notAfter: withinIts(fit, draft).notAfter };
  const reasons = judged.map(({ one, why }) => ` Of ${one.act.slice(0, 15)}…: ${why ?? ""}.`).join("");
  throw new Failure(
    "authority_missing",
    `No mandate of yours lets you run this.${reasons} Ask the operator: headgate eval mandate ${me.person}`,
  );
}

function withinIts({ notAfter }: GivenMandate, draft: Drafted): Drafted {
  return { ...draft, notAfter: draft.notAfter < notAfter ? draft.notAfter : notAfter };
}
