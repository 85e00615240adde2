// `headgate policy`: what a reader of a usage policy would trip over, and the cases it was written for. It changes nothing
// and needs no server.
import type { Command } from "commander";
import { parseDocuments } from "../documents/parse.ts";
import type { UsagePolicy } from "../policy/policy-document.ts";
import { Failure } from "../terms/failure.ts";
import { Category } from "../terms/finding.ts";
import { type Answer, done } from "./answer.ts";
import type { Context } from "./context.ts";
import { sourceFiles } from "./documents.ts";
import { callerFlags } from "./guard/offline-chain.ts";
import { TestOptions, testPolicy } from "./policy-test.ts";
import { type Call, addVerb, argument, noOptions } from "./verb.ts";

export function addPolicyVerbs(program: Command, context: Context): void {
  const policy = program.command("policy").description("usage policies by themselves");
  addVerb(policy, context, {
    usage: "lint <file>",
    summary: "check a usage policy, and say what it leaves to the default",
    options: noOptions,
    run: lint,
  });
  addVerb(policy, context, {
    usage: "test <file>",
    summary: "judge the cases {text, verdict} of a JSONL file by the safeguards and the policy of documents",
    flags: [
      ["--documents <path>", "a file or folder with one Safeguards and one UsagePolicy (default: the example)"],
      ["--record", "record what came of it in the ledger, for plans that ask for policy tests"],
      ...callerFlags,
    ],
    options: TestOptions,
    run: testPolicy,
    more: 'A case may also say "id", "on": "output" and "scopes": [...]. Leaves with 1 where a verdict is another one.',
  });
}

async function lint(call: Call<object>): Promise<Answer> {
  const path = argument(call, 0);
  const policies = parseDocuments(sourceFiles(path))
    .map(({ document }) => document)
    .filter((document) => document.kind === "UsagePolicy");
  if (policies.length === 0) throw new Failure("document_invalid", `There is no UsagePolicy in ${path}.`);
  const remarks = policies.flatMap((policy) => remarksOn(policy).map((remark) => ({ policy: policy.name, remark })));
  const lines = remarks.map(({ policy, remark }) => `${policy}: ${remark}`);
  return done(
    { policies: policies.map(({ name }) => name), remarks },
    lines.length === 0 ? "Nothing to remark." : lines.join("\n"),
  );
}

/** Sentences, not errors: a policy that parses is valid. */
function remarksOn(policy: UsagePolicy): readonly string[] {
  const named = new Set(policy.categories.map(({ category }) => category));
  const unnamed = Category.options.filter((category) => !named.has(category));
  const mild = policy.categories.filter((rule) => rule.treat === "prohibited" && rule.output === "flag");
  const isReviewed = policy.categories.some(({ input }) => input === "review");
  const waiting = policy.review === undefined && isReviewed;
  const answers = policy.categories.filter(({ output }) => output === "review");
  return [
    ...(waiting ? ["requests are for review, and nobody is named to look (`review`): they are blocked"] : []),
    ...answers.map(({ category }) => `${category} in an answer is for review: answers do not wait, so it is blocked`),
    ...(unnamed.length === 0 ? [] : [`not named, so prohibited and blocked: ${unnamed.join(", ")}`]),
    ...mild.map(
      ({ category }) => `${category} is prohibited, and a finding in an answer is only flagged: it is served`,
    ),
  ];
}
