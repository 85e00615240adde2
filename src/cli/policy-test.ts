// `headgate policy test`: texts with the verdict that their author expects, judged by the chain and the policy of a folder
// of documents, without a server. For the cases that a policy was written for: it measures nothing, suites do.
import { z } from "zod";
import { decide } from "../policy/decide.ts";
import { canonicalBytes } from "../proof/canonical.ts";
import { digestOf } from "../proof/digest.ts";
import { nodePrimitives } from "../proof/node.ts";
import { pinSafeguards } from "../safeguards/chain.ts";
import { shippedSafeguards } from "../safeguards/registry.ts";
import { Failure } from "../terms/failure.ts";
import { Surface, type Verdict } from "../terms/finding.ts";
import { Name } from "../terms/ids.ts";
import { type Answer, done, notPassed } from "./answer.ts";
import {
  type JsonLine,
  type OfflineChain,
  callerOptions,
  inspectText,
  jsonLines,
  withOfflineChain,
} from "./guard/offline-chain.ts";
import { readNeeded } from "./files.ts";
import { openSession, recordedIndex, signAs, submit } from "./session.ts";
import { type Call, argument } from "./verb.ts";

export const TestOptions = z.object({
  documents: z.string().min(1).optional(),
  record: z.boolean().default(false),
  ...callerOptions,
});

/** One line of the file. A word too many is refused: a case that says `scope` for `scopes` would test something else. */
const Case = z.strictObject({
  id: z.union([z.string(), z.number()]).optional(),
  text: z.string(),
  verdict: z.enum(["pass", "flag", "review", "block", "unknown"]),
  on: Surface.default("input"),
  /** Scopes of the caller's grant. */
  scopes: z.array(Name).max(32).default([]),
});
type Case = z.infer<typeof Case>;

interface Judged {
  readonly line: number;
  readonly id: string | number | null;
  readonly expected: Verdict["kind"];
  readonly verdict: Verdict["kind"];
  /** What the verdict rests on: a category, or why nobody knows. */
  readonly because: string | null;
}

export async function testPolicy(call: Call<z.infer<typeof TestOptions>>): Promise<Answer> {
  const { options, context } = call;
  const { documents } = options;
  const asked = { ...options, safeguards: documents, policy: documents };
  return withOfflineChain(asked, context, async (means) => {
    const judged: Judged[] = [];
    for (const line of jsonLines(argument(call, 0))) judged.push(await judge(line, means));
    const answer = answerOf(judged, means);
    return options.record ? recorded(call, answer, { judged, means }) : answer;
  });
}

/** A fact bound to what was tested, whatever came of it: a plan may ask for one by which all cases are as expected. */
async function recorded(
  call: Call<z.infer<typeof TestOptions>>,
  answer: TestAnswer,
  { judged, means }: { readonly judged: readonly Judged[]; readonly means: OfflineChain },
): Promise<Answer> {
  const { stage, type } = call.options;
  if (stage !== undefined || type !== undefined)
    throw new Failure("request_invalid", "What is recorded is judged as for everybody: leave out --stage and --type.");
  const fact = {
    kind: "policy-test",
    policy: digestOf(canonicalBytes(means.policy), nodePrimitives),
    safeguards: digestOf(canonicalBytes(pinSafeguards(means.document, shippedSafeguards())), nodePrimitives),
    cases: digestOf(readNeeded(argument(call, 0), casesBytesMax), nodePrimitives),
    total: judged.length,
    failed: judged.filter(({ expected, verdict }) => expected !== verdict).length,
  } as const;
  const session = await openSession(call.base, call.context);
  const ledgerIndex = recordedIndex(await submit(session, await signAs(session, "fact", { fact, model: null })));
  const json = { ...answer.json, fact, ledgerIndex };
  return { ...answer, json, text: `${answer.text}\nRecorded as entry ${ledgerIndex} of the ledger.` };
}

const casesBytesMax = 256 * 1024 * 1024;

function answerOf(judged: readonly Judged[], { policy }: OfflineChain): TestAnswer {
  if (judged.length === 0) throw new Failure("request_invalid", "The file holds no case. A case is one line of JSON.");
  const differ = judged.filter(({ expected, verdict }) => expected !== verdict);
  const json = { ok: differ.length === 0, cases: judged.length, policy: policy.name, differ };
  const text = [...differ.map(lineOf), `${judged.length - differ.length} of ${judged.length} as expected.`].join("\n");
  return { ...(differ.length === 0 ? done(json, text) : notPassed(json, text)), json };
}

interface TestAnswer extends Answer {
  readonly json: object;
}

async function judge({ value, number }: JsonLine, { chain, policy }: OfflineChain): Promise<Judged> {
  const { text, on, scopes, verdict: expected, id = null } = caseOf(value, number);
  const verdict = decide(await inspectText(chain, text, on), policy, { scopes, surface: on });
  return { line: number, id, expected, verdict: verdict.kind, because: becauseOf(verdict) };
}

function caseOf(value: unknown, number: number): Case {
  const parsed = Case.safeParse(value);
  if (parsed.success) return parsed.data;
  const field = parsed.error.issues[0]?.path[0];
  throw new Failure(
    "request_invalid",
    `Line ${number} is not a case${field === undefined ? "" : ` (${String(field)})`}. ` +
      `A case is {"text": …, "verdict": "pass|flag|review|block|unknown"}, and may say "id", "on": "input|output" and "scopes": […].`,
  );
}

function becauseOf(verdict: Verdict): string | null {
  if (verdict.kind === "pass") return null;
  return verdict.kind === "unknown" ? verdict.cause : verdict.category;
}

function lineOf({ line, id, expected, verdict, because }: Judged): string {
  const name = id === null ? "" : ` (${id})`;
  return `line ${line}${name}: expected ${expected}, got ${verdict}${because === null ? "" : `: ${because}`}`;
}
