// `headgate verify FILE`: a whole decision checked without any server: signatures, ledger, and every step of the judgement.
import type { Command } from "commander";
import { z } from "zod";
import { parseDocuments } from "../../documents/parse.ts";
import { ReleasePlan } from "../../gates/plan-document.ts";
import { saysOpenedSample } from "../../evidence/opened-sample.ts";
import { nodePrimitives } from "../../proof/node.ts";
import { verifyBundle } from "../../report/verify-bundle.ts";
import { Failure } from "../../terms/failure.ts";
import type { Digest } from "../../terms/ids.ts";
import { type Answer, done, inconclusive, notPassed } from "../answer.ts";
import { bundleBytesMax, parseBundle } from "../../report/bundle-file.ts";
import type { Context } from "../context.ts";
import { readNeeded } from "../files.ts";
import { readProfile } from "../profile.ts";
import { rootOfTrustFile, trustFileHere } from "./trust.ts";
import { type Call, addVerb, argument } from "../verb.ts";
import { verifySample } from "./verify-sample.ts";

const planBytesMax = 1024 * 1024;

const VerifyOptions = z.object({ trust: z.string().optional(), plan: z.string().optional() });

export function addVerifyVerb(program: Command, context: Context): void {
  addVerb(program, context, {
    usage: "verify <file>",
    summary: "check a bundle offline, with every step of the judgement, or one sample that was opened to you",
    flags: [
      ["--trust <file>", "the server's trust.json, got on a way you trust"],
      ["--plan <file>", "judge by a release plan of your own"],
    ],
    options: VerifyOptions,
    run: verify,
    more: "Exit code 3 where the proposal is not certified or its gate is inconclusive, and without a known root: the bundle is consistent in itself, but anyone could have made it.",
  });
}

async function verify(call: Call<z.infer<typeof VerifyOptions>>): Promise<Answer> {
  const { options } = call;
  const file = argument(call, 0);
  const bytes = readNeeded(file, bundleBytesMax);
  if (saysOpenedSample(bytes)) {
    const { base, context } = call;
    return verifySample({ file, bytes, trust: options.trust, base, context });
  }
  const bundle = parseBundle(bytes);
  const pin = await knownRoot(call);
  const plan = options.plan === undefined ? undefined : readPlan(options.plan);
  const result = await verifyBundle(bundle, { pin, plan, primitives: nodePrimitives, at: call.context.now() });
  const lines = result.checks.map(({ name, ok, detail }) => `${ok ? "ok  " : "FAIL"}  ${name}: ${detail}`).join("\n");
  const json = { ...result, authenticated: pin !== undefined };
  if (!result.ok) return notPassed(json, `${lines}\nFirst difference: ${result.firstDifference ?? "see above"}`);
  const verdict = result.judgement?.verdict ?? "inconclusive";
  if (!result.certified || verdict !== "pass") {
    const what = result.certified ? "" : "NOT CERTIFIED: this is a proposal, and nothing was let out by it. ";
    return inconclusive(
      json,
      `${lines}\n${what}By what the bundle shows the gate is ${verdict}.`,
      "ask for the bundle again once the proposal is certified",
    );
  }
  if (pin !== undefined) return done(json, `${lines}\nConsistent, and under the trust root you gave.`);
  return inconclusive(
    json,
    `${lines}\nConsistent, not authenticated: no trust root was given.`,
    `headgate verify ${argument(call, 0)} --trust ${trustFileHere(call.context)}`,
  );
}

async function knownRoot(call: Call<z.infer<typeof VerifyOptions>>): Promise<Digest | undefined> {
  const { options, base, context } = call;
  if (options.trust !== undefined) return (await rootOfTrustFile(options.trust)).digest;
  const path = base.profile ?? context.profile;
  return path === undefined ? undefined : readProfile(path).root;
}

function readPlan(path: string): ReleasePlan {
  const text = Buffer.from(readNeeded(path, planBytesMax)).toString("utf8");
  const plans = parseDocuments([{ path, text }]).filter(({ document }) => document.kind === "ReleasePlan");
  const [only] = plans;
  if (only !== undefined && plans.length === 1) return ReleasePlan.parse(only.document);
  throw new Failure("document_invalid", `${path} must hold exactly one ReleasePlan.`);
}
