// `headgate verify FILE` of one opened sample: what it proves, checked offline, and the transcript itself.
import {
  type CheckedSample,
  type OpenedSample,
  checkOpenedSample,
  parseOpenedSample,
} from "../../evidence/opened-sample.ts";
import { nodePrimitives } from "../../proof/node.ts";
import { Failure, failureCode } from "../../terms/failure.ts";
import { z } from "zod";
import { type Answer, done, inconclusive, notPassed } from "../answer.ts";
import type { Context } from "../context.ts";
import { LedgerProof, checkLedgerProof } from "../../acts/ledger-proof.ts";
import { legible, legibleLines } from "../legible.ts";
import { type Trust, trustFileHere, trustFor } from "./trust.ts";
import type { Base } from "../verb.ts";

export interface SampleAsked {
  readonly file: string;
  readonly bytes: Uint8Array;
  readonly trust: string | undefined;
  readonly base: Base;
  readonly context: Context;
}

export async function verifySample(asked: SampleAsked): Promise<Answer> {
  let file: OpenedSample;
  let checked: CheckedSample;
  let trust: Trust | undefined;
  let head: string | undefined;
  try {
    file = parseOpenedSample(asked.bytes);
    checked = await checkOpenedSample(file, nodePrimitives);
    trust = await knownTrust(asked);
    head = await checkLedger(file, checked, trust);
  } catch (error) {
    const code = failureCode(error);
    if (!(error instanceof Failure) || !differences.has(code ?? "")) throw error;
    const firstDifference = error.message;
    return notPassed({ ok: false, firstDifference }, `FAIL  First difference: ${legibleLines(firstDifference)}`);
  }
  const checks = [...checked.checks, { name: "ledger", detail: head ?? "not checked: no trust root was given" }];
  const { sample, item } = file;
  const { evidence, act, at } = checked;
  const json = {
    ok: true,
    authenticated: trust !== undefined,
    checks,
    run: evidence.run,
    evidence: act,
    at,
    model: evidence.model,
    basis: evidence.basis,
    digests: evidence.digests,
    item: item.id,
    attempt: sample.attempt,
    outcome: sample.outcome,
    ...(sample.graded === undefined ? {} : { graded: sample.graded }),
    request: item.body,
    answer: file.opening?.text ?? null,
  };
  const text = [
    ...checks.map(({ name, detail }) => `ok    ${name}: ${legible(detail)}`),
    "",
    ...transcript(file),
    "",
    meaning(file),
  ].join("\n");
  if (trust !== undefined) return done(json, text);
  return inconclusive(
    json,
    `${text}\nConsistent, not authenticated: no trust root was given, and anyone could have made it.`,
    `headgate verify ${asked.file} --trust ${trustFileHere(asked.context)}`,
  );
}

/** What a changed file fails with; anything else is trouble on the way. */
const differences: ReadonlySet<string> = new Set([
  "proof_invalid",
  "signature_invalid",
  "statement_invalid",
  "fork_detected",
]);

async function knownTrust({ trust, base, context }: SampleAsked): Promise<Trust | undefined> {
  try {
    return await trustFor(base, { trust, offline: true }, context);
  } catch (error) {
    if (trust === undefined && base.profile === undefined && failureCode(error) === "trust_unknown") return undefined;
    throw error;
  }
}

/** Undefined where nobody has said whose ledger it is to stand in. */
async function checkLedger(
  { evidence }: OpenedSample,
  { envelope, gateway }: CheckedSample,
  trust: Trust | undefined,
): Promise<string | undefined> {
  const proof = LedgerProof.safeParse(evidence.proof).data;
  if (proof?.kind !== "inclusion")
    throw new Failure("proof_invalid", "ledger: the file's proof is not one of an entry.");
  if (trust === undefined) return undefined;
  const { head, entry } = await checkLedgerProof(
    proof,
    { name: trust.log.origin, publicKey: trust.log.key },
    nodePrimitives,
  );
  if (entry?.statement !== envelope || entry.verb !== "evidence") {
    throw new Failure("proof_invalid", "ledger: the entry that is proven is not the evidence in the file.");
  }
  if (trust.seen.some(({ size, root }) => size === head.size && root !== head.root)) {
    throw new Failure("fork_detected", `ledger: another one than was seen before at size ${head.size}.`);
  }
  const ours =
    gateway === undefined || isGateway(gateway, trust)
      ? ""
      : "; the receipt's gateway is none of that root's, which later ones may have let in";
  return `entry ${entry.index} of ${head.size}, under ${trust.source}${ours}`;
}

function isGateway(gateway: string, { gateways }: Trust): boolean {
  return gateways.some((known) => known === gateway);
}

const Message = z.looseObject({ role: z.string(), content: z.unknown() });

/** All that was said, a line break at a time; nothing in it steers the terminal. */
function transcript({ item, opening, sample }: OpenedSample): readonly string[] {
  const messages = z.array(Message).safeParse(item.body["messages"]).data ?? [];
  const said = messages.flatMap(({ role, content }) =>
    spoken(role, typeof content === "string" ? content : JSON.stringify(content)),
  );
  const { messages: _messages, ...rest } = item.body;
  return [
    `Item ${item.place.index + 1}, which the file calls ${legible(item.id)}, attempt ${sample.attempt}: ${sample.outcome}`,
    `asked with ${legible(JSON.stringify(rest))}`,
    ...said,
    ...spoken("answer", opening?.text ?? "(none)"),
  ];
}

function spoken(role: string, text: string): readonly string[] {
  return [`── ${legible(role)}`, legibleLines(text)];
}

function meaning({ sample }: OpenedSample): string {
  const graders = sample.graded?.map(({ by, verdict }) => `${legible(by)} said ${verdict}`).join(", ");
  return [
    "It proves that this request and this answer are one sample of the sealed run, graded as above before it was sealed, and that the run was in the ledger.",
    ...(graders === undefined ? [] : [`Graders: ${graders}.`]),
    "It does not prove that the suite calls the item so, that the grade is right, that the signer was entitled or that nobody took the run back since (the whole ledger shows both), nor anything of other samples.",
  ].join("\n");
}
