// Files that hold texts of a run, opened in this browser and nowhere else: a run's own file with its key, the openings beside a run of
// before runs were encrypted, or one sample as `headgate eval open` writes it. What comes out is openings; whoever takes one
// checks it against the commitment that was sealed, so that no other text is ever shown as the answer.
import { z } from "zod";
import { OpenedSample } from "../../../../src/evidence/opened-sample.ts";
import { answerOpening } from "../../../../src/evidence/seal.ts";
import { browserPrimitives } from "../../../../src/proof/browser.ts";
import { canonicalBytes } from "../../../../src/proof/canonical.ts";
import { Opening, commit } from "../../../../src/proof/digest.ts";
import { fromBase64, toBase64, toUtf8 } from "../../../../src/proof/encoding.ts";
import { RunId } from "../../../../src/terms/ids.ts";
import { Failure } from "../../../../src/terms/failure.ts";
import { words } from "../../../words/words.ts";

/** Bytes of one file that are read at all. */
const textFileBytesMax = 512 * 1024 * 1024;

const RunHead = z.strictObject({ format: z.literal("headgate-run/2"), run: RunId });
const KeyFile = z.object({ format: z.literal("headgate-run-key/1"), run: RunId, key: z.string() });
const Plain = z.object({ run: RunId, openings: z.array(Opening) });
const SealedLine = z.tuple([z.string(), z.number().int(), z.string()]);
const Result = z.object({
  kind: z.literal("result"),
  item: z.string(),
  attempt: z.number().int(),
  number: z.number().int(),
  answer: z.string(),
  calls: z.array(z.object({ name: z.string(), arguments: z.string() })).optional(),
  transcript: z.string().optional(),
});
type Result = z.infer<typeof Result>;

/** Answers by the commitment that each opens. Fails with request_invalid where the files hold none. */
export async function answersIn(files: readonly File[], run: RunId): Promise<ReadonlyMap<string, string>> {
  const key = await keyIn(files);
  const answers = new Map<string, string>();
  for (const file of files) {
    if (file.size > textFileBytesMax) throw wrong(words.evidence.sample.notKnown);
    if (key?.file === file) continue;
    for await (const opening of openingsIn(file, { key: key?.bytes, run }))
      answers.set(commit(opening, browserPrimitives), opening.text);
  }
  return answers;
}

async function keyIn(files: readonly File[]): Promise<{ readonly file: File; readonly bytes: Uint8Array } | undefined> {
  for (const file of files) {
    if (file.size > 4096) continue;
    const found = KeyFile.safeParse(jsonIn(await file.text())).data;
    const bytes = found === undefined ? undefined : fromBase64(found.key);
    if (bytes !== undefined) return { file, bytes };
  }
  return undefined;
}

interface Wanted {
  readonly key: Uint8Array | undefined;
  readonly run: RunId;
}

async function* openingsIn(file: File, { key, run }: Wanted): AsyncGenerator<Opening, void> {
  const text = await file.text();
  const end = text.indexOf("\n");
  const head = RunHead.safeParse(jsonIn(end < 0 ? text : text.slice(0, end))).data;
  if (head !== undefined) {
    if (head.run !== run) throw wrong(words.evidence.sample.wrongFile);
    if (key === undefined) throw wrong(words.evidence.sample.needsKey);
    yield* openingsOfRun(text.slice(end + 1), await cipherOf(key, head.run));
    return;
  }
  const value = jsonIn(text);
  const plain = Plain.safeParse(value).data;
  const opened = OpenedSample.safeParse(value).data;
  if (plain?.run === run) yield* plain.openings;
  else if (opened?.opening !== undefined && opened.opening !== null) yield opened.opening;
  else throw wrong(words.evidence.sample.notKnown);
}

interface Cipher {
  readonly open: (sealed: string, place: readonly [sitting: string, number: number]) => Promise<string | undefined>;
  readonly salt: (result: Result) => Promise<string>;
}

const nonceBytes = 12;

/** As src/runner/run-cipher.ts does, by WebCrypto. */
async function cipherOf(key: Uint8Array, run: RunId): Promise<Cipher> {
  const base = await crypto.subtle.importKey("raw", key.slice(), "HKDF", false, ["deriveBits"]);
  const derived = async (info: string): Promise<ArrayBuffer> =>
    crypto.subtle.deriveBits(
      { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(0), info: toUtf8(info).slice() },
      base,
      256,
    );
  const lines = await crypto.subtle.importKey("raw", await derived("headgate run lines v1"), "AES-GCM", false, [
    "decrypt",
  ]);
  const hmac = { name: "HMAC", hash: "SHA-256" };
  const salts = await crypto.subtle.importKey("raw", await derived("headgate run salts v1"), hmac, false, ["sign"]);
  return {
    open: async (sealed, [sitting, number]) => {
      const bytes = fromBase64(sealed);
      if (bytes === undefined || bytes.length <= nonceBytes) return undefined;
      const bound = canonicalBytes(["headgate run line v1", run, sitting, number]).slice();
      const given = { name: "AES-GCM", iv: bytes.slice(0, nonceBytes), additionalData: bound, tagLength: 128 };
      try {
        return new TextDecoder().decode(await crypto.subtle.decrypt(given, lines, bytes.slice(nonceBytes)));
      } catch {
        // WebCrypto says no by throwing; which of key, place and bytes was wrong cannot be told.
        return undefined;
      }
    },
    salt: async ({ item, attempt, number }) =>
      toBase64(
        new Uint8Array(await crypto.subtle.sign("HMAC", salts, canonicalBytes([item, attempt, number]).slice())),
      ),
  };
}

async function* openingsOfRun(text: string, cipher: Cipher): AsyncGenerator<Opening, void> {
  for (const line of text.split("\n")) {
    const sealed = SealedLine.safeParse(jsonIn(line)).data;
    if (sealed === undefined) continue;
    const [sitting, number, content] = sealed;
    const opened = await cipher.open(content, [sitting, number]);
    if (opened === undefined) throw wrong(words.evidence.sample.wrongFile);
    const result = Result.safeParse(jsonIn(opened)).data;
    if (result === undefined) continue;
    const spoken = result.transcript ?? spokenIn(result);
    const of = result.transcript === undefined ? "answer" : "transcript";
    if (spoken !== "") yield answerOpening(spoken, await cipher.salt(result), of);
  }
}

/** As it is committed to: the text, and a line for every tool that it calls. */
function spokenIn({ answer, calls = [] }: Result): string {
  const lines = calls.map((call) => `[calls ${call.name} with ${call.arguments}]`);
  return [...(answer === "" ? [] : [answer]), ...lines].join("\n");
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function wrong(message: string): Failure {
  return new Failure("request_invalid", message);
}
