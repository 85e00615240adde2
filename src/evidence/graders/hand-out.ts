// Answers that go to somebody who marks them elsewhere, and the marks that come back. What is handed out says nothing of the item but
// what was asked, and nothing of the system, of attacks, categories or what others said. A mark names the very text that it is on, and
// all of one person are signed together by their key.
import { z } from "zod";
import { canonicalBytes, parseJson } from "../../proof/canonical.ts";
import { digestOfValue } from "../../proof/digest.ts";
import { Envelope, openEnvelope, signEnvelope } from "../../proof/envelope.ts";
import type { Hasher, Primitives, Signer } from "../../proof/primitives.ts";
import { Failure } from "../../terms/failure.ts";
import { DeploymentId, Digest, PersonId, type PublicKey, type RunId, Timestamp } from "../../terms/ids.ts";
import { GraderVerdict, ToolCall, type GradedAnswer, type GradedItem } from "./grader.ts";

export const handOutAnswersMax = 10_000;
export const handOutBytesMax = 256 * 1024 * 1024;

const AnswerKey = z.string().regex(/^answer_[0-9a-f]{32}$/);

const HandedOut = z.strictObject({
  key: AnswerKey,
  asked: z.array(z.strictObject({ role: z.enum(["system", "user", "assistant"]), content: z.string() })),
  answered: z.string(),
  calls: z.array(ToolCall),
});
export type HandedOut = z.infer<typeof HandedOut>;

export const HandOut = z.strictObject({
  format: z.literal("headgate-hand-out/1"),
  deployment: DeploymentId,
  rubric: z.string(),
  answers: z.array(HandedOut).min(1).max(handOutAnswersMax),
});
export type HandOut = z.infer<typeof HandOut>;

/** A name for one answer that says nothing of its item. */
export function answerKey(run: RunId, tryKey: string, hasher: Hasher): string {
  return `answer_${digestOfValue(["answer", run, tryKey], hasher).slice("sha256:".length, "sha256:".length + 32)}`;
}

export function handedOut(key: string, item: GradedItem, answer: GradedAnswer): HandedOut {
  return {
    key,
    asked: item.messages.map(({ role, content }) => ({ role, content: content.toWellFormed() })),
    answered: answer.text.toWellFormed(),
    calls: answer.calls.map((call) => ({ name: call.name.toWellFormed(), arguments: call.arguments.toWellFormed() })),
  };
}

/** Of what was shown. */
export function shownDigest(shown: HandedOut, hasher: Hasher): Digest {
  return digestOfValue(shown, hasher);
}

/** Fails with request_invalid. */
export function parseHandOut(bytes: Uint8Array, name: string): HandOut {
  const parsed = HandOut.safeParse(parsedJson(bytes, name));
  if (parsed.success) return parsed.data;
  throw new Failure("request_invalid", `${name} is no hand-out of answers to mark.`, { cause: parsed.error });
}

const Mark = z.strictObject({
  key: AnswerKey,
  /** Of the text that was marked. */
  shown: Digest,
  verdict: GraderVerdict,
});
export type Mark = z.infer<typeof Mark>;

const Said = z.strictObject({
  format: z.literal("headgate-marks/1"),
  deployment: DeploymentId,
  person: PersonId,
  at: Timestamp,
  marks: Digest,
});

const Marks = z.strictObject({ marks: z.array(Mark).min(1).max(handOutAnswersMax), signed: Envelope });

const marksType = "application/vnd.headgate.marks+json";

export interface Marker {
  readonly deployment: DeploymentId;
  readonly person: PersonId;
  readonly at: Timestamp;
}

export async function signMarks(
  marks: readonly Mark[],
  marker: Marker,
  means: { readonly signer: Signer; readonly hasher: Hasher },
): Promise<string> {
  const said: z.infer<typeof Said> = {
    format: "headgate-marks/1",
    ...marker,
    marks: digestOfValue([...marks], means.hasher),
  };
  const signed = await signEnvelope(canonicalBytes(said), marksType, [means.signer]);
  return `${JSON.stringify({ marks, signed })}\n`;
}

export interface OpenedMarks {
  readonly marks: readonly Mark[];
  readonly person: PersonId;
  readonly deployment: DeploymentId;
  readonly key: PublicKey;
  readonly at: Timestamp;
}

/** Marks that one key signed. Whose key that is, is for the caller. Fails with request_invalid or signature_invalid. */
export async function openMarks(bytes: Uint8Array, name: string, primitives: Primitives): Promise<OpenedMarks> {
  const file = Marks.safeParse(parsedJson(bytes, name)).data;
  if (file === undefined) throw new Failure("request_invalid", `${name} is no file of marks.`);
  const { payload, payloadType, signers } = await openEnvelope(file.signed, primitives);
  const said = Said.safeParse(parsedJson(payload, name)).data;
  const [key] = signers;
  const isWhole =
    said !== undefined &&
    key !== undefined &&
    signers.length === 1 &&
    payloadType === marksType &&
    said.marks === digestOfValue(file.marks, primitives) &&
    new Set(file.marks.map((mark) => mark.key)).size === file.marks.length;
  if (!isWhole) throw new Failure("signature_invalid", `${name} holds other marks than were signed.`);
  return { marks: file.marks, person: said.person, deployment: said.deployment, key, at: said.at };
}

function parsedJson(bytes: Uint8Array, name: string): unknown {
  try {
    return parseJson(bytes, { bytesMax: handOutBytesMax, depthMax: 8, partsMax: 1_000_000, code: "request_invalid" });
  } catch (cause) {
    throw new Failure("request_invalid", `${name} is no JSON that can be read.`, { cause });
  }
}
