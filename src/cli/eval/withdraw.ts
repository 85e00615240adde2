// `headgate eval withdraw`: takes a piece of evidence back. It never counts again, and the exchanges of its permit count
// as unknown from then on: a bad run does not vanish by being withdrawn. What was certified on it lapses at once.
import { z } from "zod";
import { type Evidence, type State, latestCertificate } from "../../acts/state.ts";
import { Failure } from "../../terms/failure.ts";
import { Digest, type Name } from "../../terms/ids.ts";
import { type Answer, done } from "../answer.ts";
import { type Session, committed, openSession, recordedIndex, signAs, submit } from "../session.ts";
import { type Call, argument, sameProfile } from "../verb.ts";

export const WithdrawOptions = z.object({ reason: z.string().trim().min(1).max(4000) });

export async function withdraw(call: Call<z.infer<typeof WithdrawOptions>>): Promise<Answer> {
  const session = await openSession(call.base, call.context);
  const evidence = evidenceCalled(session.state, argument(call, 0));
  const { run, model } = evidence.body;
  const lapses = restingOn(session.state, evidence);
  // Whoever gave it can still take back what somebody else withdrew: their word is another one.
  const isTheirs = evidence.by === session.me.person && evidence.withdrawnBy !== session.me.person;
  if (evidence.withdrawn && !isTheirs)
    return done({ run, withdrawn: true, lapses, already: true }, `${run} is withdrawn already.`);
  if (lapses.length > 0) call.context.tell(`This closes ${lapses.join(", ")}: its certificate rests on ${run}.\n`);
  const reason = committed(call.options.reason);
  const body = { evidence: run, reason: reason.digest };
  const submitted = await submit(session, await signAs(session, "withdrawal", body), { openings: [reason.opening] });
  const json = { run, evidence: evidence.act, withdrawn: true, lapses, ledgerIndex: recordedIndex(submitted) };
  const stands = isOthers(session, evidence)
    ? " It is an outside evaluator's and not yours: what it found failed stays failed."
    : "";
  return done(
    json,
    `${inWords(evidence, lapses)}${stands}`,
    `headgate release status ${model}${sameProfile(call.base)}`,
  );
}

/** Whether it was given by somebody outside the operator, of another house than who takes it back. */
function isOthers({ state, me }: Session, { by }: Evidence): boolean {
  const house = state.persons.get(by)?.affiliation;
  return house !== undefined && house !== me.affiliation;
}

/** Models whose certificate rests on this evidence. */
export function restingOn(state: State, { act }: Pick<Evidence, "act">): readonly Name[] {
  return [...state.certificates.keys()].filter(
    (model) => latestCertificate(state, model)?.release.digests.evidence.includes(act) === true,
  );
}

function inWords({ body }: Evidence, lapses: readonly Name[]): string {
  const tries = body.permit === null ? "" : " The exchanges of its permit count as unknown.";
  const closed = lapses.length === 0 ? "" : ` ${lapses.join(", ")} lapsed and is shut.`;
  return `${body.run} is withdrawn and counts for nothing.${tries}${closed}`;
}

/** Evidence by its run or its digest. Fails with not_found. */
export function evidenceCalled(state: State, wanted: string): Evidence {
  const digest = Digest.safeParse(wanted).data;
  const found = [...state.evidence.values()].find(({ act, body }) => body.run === wanted || act === digest);
  if (found !== undefined) return found;
  if ([...state.permits.values()].some(({ run }) => run === wanted))
    throw new Failure(
      "not_found",
      `${wanted} is not sealed, so there is no evidence of it yet. See: headgate eval show`,
    );
  throw new Failure("not_found", `There is no evidence called ${wanted}. See: headgate eval show`);
}
