// The command `headgate`: its verbs, in the order people meet them. Verbs that run servers are handed in by src/main,
// because only it may build them.
import { Command, CommanderError } from "commander";
import { showFailure } from "./answer.ts";
import { addBundleVerb } from "./ledger/bundle.ts";
import { addConnectVerb } from "./connect.ts";
import type { Context } from "./context.ts";
import { addDoctorVerb } from "./doctor/doctor.ts";
import { addDocumentVerbs } from "./documents.ts";
import { addEvalVerbs } from "./eval/eval.ts";
import { addExplainVerb } from "./explain.ts";
import { addFactVerbs } from "./fact.ts";
import { addGuardVerbs } from "./guard/guard.ts";
import { addHoldVerbs } from "./release/hold.ts";
import { addIncidentVerbs } from "./incident.ts";
import { addInitVerb } from "./init.ts";
import { addJoinVerb } from "./person/join.ts";
import { addKeyVerbs, addOrganisationVerbs } from "./key.ts";
import { addLedgerVerbs } from "./ledger/ledger.ts";
import { addPersonVerbs } from "./person/person.ts";
import { addPolicyVerbs } from "./policy.ts";
import { addReceiptVerbs } from "./ledger/receipt.ts";
import { addReleaseVerbs } from "./release/release.ts";
import { addBreakGlassVerbs } from "./release/break-glass.ts";
import { addStepVerbs } from "./release/steps.ts";
import { addReviewVerbs } from "./review.ts";
import { addRootVerbs } from "./person/root.ts";
import { addStatsVerbs } from "./stats/stats.ts";
import { addVerifyVerb } from "./ledger/verify.ts";

/** Verbs from elsewhere: each registers itself. */
export type ExtraVerb = (program: Command, context: Context) => void;

export function buildProgram(context: Context, version: string, extras: readonly ExtraVerb[]): Command {
  const program = new Command("headgate");
  program.description("Holds a model back and lets it out only as far as the evidence for its safeguards reaches.");
  program.version(version);
  program.exitOverride();
  program.showHelpAfterError("(see --help)");
  program.configureOutput({ writeOut: context.write, writeErr: context.tell });
  for (const add of extras) add(program, context);
  addInitVerb(program, context);
  addPersonVerbs(program, context);
  addJoinVerb(program, context);
  addRootVerbs(program, context);
  addDocumentVerbs(program, context);
  addConnectVerb(program, context);
  addKeyVerbs(program, context);
  addOrganisationVerbs(program, context);
  addEvalVerbs(program, context);
  const release = program.command("release").description("decide how far a model is out");
  addReleaseVerbs(release, context);
  addStepVerbs(release, context);
  addBreakGlassVerbs(release, context);
  addHoldVerbs(release, context);
  addIncidentVerbs(program, context);
  addFactVerbs(program, context);
  addReviewVerbs(program, context);
  addReceiptVerbs(program, context);
  addLedgerVerbs(program, context);
  addBundleVerb(program, context);
  addVerifyVerb(program, context);
  addStatsVerbs(program, context);
  addGuardVerbs(program, context);
  addPolicyVerbs(program, context);
  addExplainVerb(program, context);
  addDoctorVerb(program, context);
  return program;
}

/** Runs one command line, without the node and script names. Leaves through the context, never by throwing. */
export async function runProgram(program: Command, args: readonly string[], context: Context): Promise<void> {
  try {
    await program.parseAsync(args, { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError) context.leave(error.exitCode === 0 ? 0 : 2);
    else showFailure(error, args.includes("--json"), context);
  }
}
