// One request to the data plane, straight from this browser: the console's server sees neither the key nor the text. The answer is
// bounded and read as text; nothing of it is trusted.
import { z } from "zod";
import { fromBase64Url } from "../../../src/proof/encoding.ts";

export interface Asked {
  readonly url: string;
  readonly key: string;
  readonly model: string;
  readonly prompt: string;
}

/** What came back. `null` where a header is not there. */
export interface Called {
  readonly status: number;
  readonly text: string;
  readonly code: string | null;
  readonly reason: string | null;
  readonly stage: string | null;
  readonly certificate: string | null;
  readonly request: string | null;
  /** The id of the receipt. */
  readonly receipt: string | null;
  /** The page that checks it: of the whole receipt, as the header has it, or of its id where there is no more. */
  readonly proof: string | null;
}

const answerMsMax = 120_000;
const answerTokensMax = 200;
const shownCharsMax = 4_000;

const Completion = z.object({
  choices: z.array(z.object({ message: z.object({ content: z.string().nullable() }) })).min(1),
});
const Refused = z.object({
  error: z.object({
    message: z.string(),
    code: z.string().nullable().optional(),
    reason: z.string().optional(),
    id: z.string().optional(),
  }),
});

/** Undefined where nothing came back at all: it is down, or it does not let this page call. */
export async function callModel({ url, key, model, prompt }: Asked): Promise<Called | undefined> {
  try {
    const answer = await fetch(`${url}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
      body: JSON.stringify({ model, messages: [{ role: "user", content: prompt }], max_tokens: answerTokensMax }),
      credentials: "omit",
      referrerPolicy: "no-referrer",
      cache: "no-store",
      redirect: "error",
      signal: AbortSignal.timeout(answerMsMax),
    });
    return calledFrom(answer, await answer.text());
  } catch {
    return undefined;
  }
}

function calledFrom({ status, headers }: Response, body: string): Called {
  const json = jsonOf(body);
  const served = Completion.safeParse(json).data?.choices[0]?.message.content;
  const refused = Refused.safeParse(json).data?.error;
  const receipt = headers.get("x-headgate-receipt");
  return {
    status,
    text: (served ?? refused?.message ?? body).slice(0, shownCharsMax),
    code: refused?.code ?? null,
    reason: refused?.reason ?? null,
    stage: headers.get("x-headgate-stage"),
    certificate: headers.get("x-headgate-certificate"),
    request: headers.get("x-request-id"),
    receipt: receiptIdIn(receipt),
    proof: receipt === null ? null : `/ledger?receipt=${encodeURIComponent(receipt)}`,
  };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const ReceiptJson = z.object({ id: z.string().regex(/^rcpt_[0-9a-f]{1,64}$/) });

/** The header has the whole receipt, of a stream its id alone. */
function receiptIdIn(text: string | null): string | null {
  if (text === null) return null;
  if (/^rcpt_[0-9a-f]{1,64}$/.test(text)) return text;
  const bytes = fromBase64Url(text.split(".")[1] ?? "");
  if (bytes === undefined) return null;
  return ReceiptJson.safeParse(jsonOf(new TextDecoder().decode(bytes))).data?.id ?? null;
}
