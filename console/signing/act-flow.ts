// An act from what a person asked for to the ledger's answer. The body is made from the state that this browser verified and from
// what was typed, never from bytes that the server chose; the statement names the ledger that its signer saw.
import { bodyInWords } from "../../src/acts/act-words.ts";
import type { BodyOf, Verb } from "../../src/acts/bodies.ts";
import type { State } from "../../src/acts/state.ts";
import { openStatement, signStatement } from "../../src/acts/statement.ts";
import { StatementAnswer, routes, unpackedRatioMax } from "../../src/control/contract.ts";
import { browserPrimitives } from "../../src/proof/browser.ts";
import type { Opening } from "../../src/proof/digest.ts";
import { toBase64 } from "../../src/proof/encoding.ts";
import { Failure } from "../../src/terms/failure.ts";
import { timestampOf, toInstant } from "../../src/terms/ids.ts";
import { ask } from "../app/server.ts";
import { type BrowserKey, signerOf } from "./browser-key.ts";
import { freshId } from "./fresh.ts";
import type { Verified } from "./messages.ts";
import { bringUpToDate } from "./verified.ts";

export interface Prepared<V extends Verb> {
  readonly body: BodyOf<V>;
  /** Texts behind the body's commitments. */
  readonly openings?: readonly Opening[];
  /** Content behind the body's digests. */
  readonly artefacts?: readonly Uint8Array[];
}

export interface Draft<V extends Verb> extends Prepared<V> {
  readonly verb: V;
  readonly verified: Verified;
  /** What is signed, in a sentence: the one that the command line shows. */
  readonly sentence: string;
}

/** Fails as bringing the ledger up to date does, where the person is not admitted any more, and as `prepare` does. */
export async function draftAct<V extends Verb>(
  key: BrowserKey,
  verb: V,
  prepare: (state: State) => Prepared<V> | Promise<Prepared<V>>,
): Promise<Draft<V>> {
  const verified = await bringUpToDate();
  checkSigner(key, verified);
  const prepared = await prepare(verified.state);
  return { ...prepared, verb, verified, sentence: bodyInWords(verb, prepared.body, verified.state) };
}

function checkSigner(key: BrowserKey, { state, basis, deployment }: Verified): void {
  const id = state.personByKey.get(key.publicKey);
  const person = id === undefined ? undefined : state.persons.get(id);
  if (person === undefined || person.suspended || deployment !== key.deployment) {
    throw new Failure(
      "authority_missing",
      "The key of this browser is not admitted here, or was suspended. Ask an owner.",
    );
  }
  if (basis !== "told") {
    throw new Failure(
      "trust_unknown",
      "Nobody told this browser which ledger is the right one. Open the link of your invitation.",
    );
  }
}

/** Signs it, sends it, and looks whether the ledger has it where the server says. */
export async function signAct<V extends Verb>(key: BrowserKey, draft: Draft<V>): Promise<StatementAnswer> {
  const { verified, verb, body } = draft;
  const statement = {
    deployment: key.deployment,
    verb,
    body,
    nonce: freshId("", 32),
    at: timestampOf(toInstant(Date.now())),
    seen: { size: verified.size, root: verified.root },
  };
  return submitEnvelope(await signStatement(statement, [signerOf(key)], browserPrimitives), draft);
}

/** Sends a signed statement; of one that others began too. */
export async function submitEnvelope(
  envelope: Uint8Array,
  { openings = [], artefacts = [] }: Pick<Prepared<Verb>, "openings" | "artefacts">,
): Promise<StatementAnswer> {
  const act = await openStatement(envelope, browserPrimitives);
  const body = { envelope: toBase64(envelope), openings: [...openings], ...(await asSent(artefacts)) };
  const answer = await ask(routes.statements, StatementAnswer, { method: "POST", body });
  if (answer.act !== act.digest) {
    throw new Failure("proof_invalid", "The server answered about another statement than the one it was sent.");
  }
  if (answer.kind === "recorded") await bringUpToDate(answer.index);
  return answer;
}

/** One artefact of more than this is sent packed: that of a long run would be too large as it is. */
const packedFromBytes = 4 * 1024 * 1024;

async function asSent(artefacts: readonly Uint8Array[]): Promise<{ artefacts: string[]; packed?: string }> {
  const large = artefacts.find(({ length }) => length > packedFromBytes);
  const packed = large === undefined ? undefined : await gzipped(large);
  // What packs to next to nothing a server takes for a trap.
  if (large === undefined || packed === undefined || large.length > packed.length * unpackedRatioMax) {
    return { artefacts: artefacts.map(toBase64) };
  }
  return { artefacts: artefacts.filter((one) => one !== large).map(toBase64), packed: toBase64(packed) };
}

async function gzipped(bytes: Uint8Array): Promise<Uint8Array> {
  const stream = new Blob([bytes.slice()]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
