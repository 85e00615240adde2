// `headgate release break-glass`: in an emergency an owner and somebody from safety go on, for some hours, with what a
// certificate covers, over the holds that stand. And what comes after: a third person says what they found of it.
import type { Command } from "commander";
import { z } from "zod";
import { breakGlassHours, breakGlassHoursMax, glassOf, whyUnreviewed } from "../../acts/rules/break-glass.ts";
import { holdsOn, latestCertificate } from "../../acts/state.ts";
import { randomId } from "../../proof/node.ts";
import { Failure } from "../../terms/failure.ts";
import { GlassId, HoldId, Instant, Name, instantOf, timestampOf } from "../../terms/ids.ts";
import { type Answer, done, notPassed } from "../answer.ts";
import type { Context } from "../context.ts";
import { committed, openSession, recordedIndex, signAs, submit } from "../session.ts";
import { type Call, addVerb, argument, parsed, sameProfile } from "../verb.ts";

const text = z.string().trim().min(1).max(4000);
const Break = z.object({
  reason: text,
  hours: z.coerce.number().gt(0).max(breakGlassHoursMax).optional(),
  hold: z.array(HoldId).max(64).default([]),
});
const Review = z.object({ finding: z.enum(["justified", "unjustified"]), summary: text });

export function addBreakGlassVerbs(release: Command, context: Context): void {
  addVerb(release, context, {
    usage: "break-glass <model>",
    summary: "in an emergency: go on over holds, for some hours, with what is certified; an owner and safety sign it",
    flags: [
      ["--reason <text>", "why; kept aside, the ledger holds a commitment to it"],
      ["--hours <number>", "how long, at the most (default: one hour, or less where the certificate says so)"],
      ["--hold <holds...>", "a hold to go on over, by id; may be repeated (default: all that stand on the model)"],
    ],
    options: Break,
    run: breakGlass,
    more: "The other of the two signs with `headgate cosign`, within the hour. It never outlasts or widens the certificate; any further hold ends it at once; everybody who is served is told. Until a third person has reviewed it nothing of the model is certified. To reopen in order: headgate release resume MODEL.",
  });
  addVerb(release, context, {
    usage: "review-break-glass <id>",
    summary: "say what you found of a break-glass that is over; by a person who did not sign it",
    flags: [
      ["--finding <finding>", "justified or unjustified"],
      ["--summary <text>", "what happened; kept aside, the ledger holds a commitment to it"],
    ],
    options: Review,
    run: review,
  });
}

const hourMs = 3_600_000;

async function breakGlass(call: Call<z.infer<typeof Break>>): Promise<Answer> {
  const model = parsed(Name, argument(call, 0), "The model");
  const session = await openSession(call.base, call.context);
  const { state, context } = session;
  const release = latestCertificate(state, model)?.release;
  if (release === undefined)
    throw new Failure("conflict", `${model} was never released: there is nothing to go on with.`);
  const open = whyUnreviewed(state, model);
  if (open !== undefined) throw new Failure("conflict", open);
  const standing = holdsOn(state, model).map(({ hold }) => hold);
  const holds = call.options.hold.length === 0 ? standing : [...new Set(call.options.hold)];
  if (holds.length === 0) return done({ model, held: false }, `${model} is not held.`);
  const hours = call.options.hours ?? Math.min(1, breakGlassHours(release));
  const end = Math.min(context.now() + hours * hourMs, instantOf(release.notAfter));
  const reason = committed(call.options.reason);
  const body = {
    glass: GlassId.parse(randomId("glass_", 16)),
    model,
    certificate: release.certificate,
    holds,
    notAfter: timestampOf(Instant.parse(end)),
    reason: reason.digest,
  };
  const submitted = await submit(session, await signAs(session, "break-glass", body), { openings: [reason.opening] });
  const { act, answer } = submitted;
  const json = { breakGlass: body.glass, model, certificate: body.certificate, holds, until: body.notAfter };
  if (answer.kind === "recorded")
    return done(
      { ...json, ledgerIndex: answer.index },
      `${model} goes on over ${holds.join(", ")} until ${body.notAfter}.`,
    );
  return notPassed(
    { ...json, act: act.digest, needs: answer.needs },
    `${body.glass} waits for: ${answer.needs.join(", ")}. Nothing is open yet.`,
    `the other of owner and safety runs: headgate cosign ${act.digest} --profile THEIRS.json`,
  );
}

async function review(call: Call<z.infer<typeof Review>>): Promise<Answer> {
  const id = parsed(GlassId, argument(call, 0), "The break-glass");
  const session = await openSession(call.base, call.context);
  const found = glassOf(session.state, id);
  if (found === undefined) throw new Failure("not_found", `There is no ${id} in the ledger.`);
  const summary = committed(call.options.summary);
  const { finding } = call.options;
  const fact = { kind: "break-glass-review", glass: id, finding, summary: summary.digest } as const;
  const envelope = await signAs(session, "fact", { fact, model: found.model });
  const index = recordedIndex(await submit(session, envelope, { openings: [summary.opening] }));
  return done(
    { breakGlass: id, model: found.model, finding, ledgerIndex: index },
    `${id} is reviewed: ${finding}. ${found.model} can be certified again.`,
    `headgate release status ${found.model}${sameProfile(call.base)}`,
  );
}
