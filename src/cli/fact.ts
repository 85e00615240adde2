// `headgate fact`: what the world reports beside incidents and drills, for requirements that ask for it.
import type { Command } from "commander";
import { z } from "zod";
import type { BodyOf } from "../acts/bodies.ts";
import { digestOf } from "../proof/digest.ts";
import { nodePrimitives } from "../proof/node.ts";
import { Failure } from "../terms/failure.ts";
import { Name } from "../terms/ids.ts";
import { type Answer, done } from "./answer.ts";
import type { Context } from "./context.ts";
import { readNeeded } from "./files.ts";
import { refuseUnknown } from "./known-model.ts";
import { openSession, recordedIndex, signAs, submit } from "./session.ts";
import { type Call, addVerb, argument, parsed } from "./verb.ts";

const modelFlag = ["--model <name>", "it is about this model (default: about all)"] as const;
const Consultation = z.object({
  open: z.boolean().default(false),
  closed: z.boolean().default(false),
  model: Name.optional(),
});
const Publication = z.object({ file: z.string().min(1), model: Name.optional() });

/** Bytes of a document that was published. */
const documentBytesMax = 256 * 1024 * 1024;

export function addFactVerbs(program: Command, context: Context): void {
  const fact = program.command("fact").description("record what the world reports, for plans that ask for it");
  addVerb(fact, context, {
    usage: "consultation <name>",
    summary: "that a consultation began, or is over",
    flags: [["--open", "it began"], ["--closed", "it is over"], modelFlag],
    options: Consultation,
    run: consultation,
  });
  addVerb(fact, context, {
    usage: "publication <name>",
    summary: "that a document was made public; the ledger gets the digest of its bytes",
    flags: [["--file <file>", "the document, as it was published"], modelFlag],
    options: Publication,
    run: publication,
  });
}

async function consultation(call: Call<z.infer<typeof Consultation>>): Promise<Answer> {
  const { open, closed } = call.options;
  if (open === closed) throw new Failure("request_invalid", "Say --open or --closed.");
  const name = parsed(Name, argument(call, 0), "The consultation");
  return state(call, { kind: "consultation", name, state: open ? "open" : "closed" });
}

async function publication(call: Call<z.infer<typeof Publication>>): Promise<Answer> {
  const name = parsed(Name, argument(call, 0), "The publication");
  const bytes = readNeeded(call.options.file, documentBytesMax);
  return state(call, { kind: "publication", name, document: digestOf(bytes, nodePrimitives) });
}

async function state(call: Call<{ readonly model?: Name | undefined }>, fact: BodyOf<"fact">["fact"]): Promise<Answer> {
  const session = await openSession(call.base, call.context);
  const model = call.options.model ?? null;
  if (model !== null) await refuseUnknown(session, model, "RECORDED");
  const ledgerIndex = recordedIndex(await submit(session, await signAs(session, "fact", { fact, model })));
  return done({ fact, model, ledgerIndex }, `Recorded as entry ${ledgerIndex} of the ledger.`);
}
