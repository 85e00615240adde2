// An act from what a person asked for to the ledger's answer. The body is made from the state that this browser verified and from
// what was typed, never from bytes that the server chose; the statement names the ledger that its signer saw.
import { bodyInWords, describeAct } from "../../src/acts/act-words.ts";
import type { BodyOf, Verb } from "../../src/acts/bodies.ts";
import type { State } from "../../src/acts/state.ts";
import { type Act, cosignStatement, openStatement, signStatement } from "../../src/acts/statement.ts";
import { OpeningsView, StatementAnswer, routes, unpackedRatioMax } from "../../src/control/contract.ts";
import { browserPrimitives } from "../../src/proof/browser.ts";
import { type Opening, commit } from "../../src/proof/digest.ts";
import { toBase64 } from "../../src/proof/encoding.ts";
import { parseEnvelope } from "../../src/proof/envelope.ts";
import { bytesOf } from "../../src/feed/catch-up.ts";
import { Failure } from "../../src/terms/failure.ts";
import { timestampOf, toInstant } from "../../src/terms/ids.ts";
import { quoted } from "../../src/terms/visible.ts";
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

/** What is about to be signed, and how. */
export interface Draft {
  /** Who signs it: by the ledger, as all that is said here. */
  readonly who: string;
  /** In a sentence: the one that the command line shows. */
  readonly sentence: string;
  /** Signs it, sends it, and looks whether the ledger has it where the server says. */
  readonly sign: () => Promise<StatementAnswer>;
}

/** Fails as bringing the ledger up to date does, where the person is not admitted any more, and as `prepare` does. */
export async function draftAct<V extends Verb>(
  key: BrowserKey,
  verb: V,
  prepare: (state: State) => Prepared<V> | Promise<Prepared<V>>,
): Promise<Draft> {
  const verified = await bringUpToDate();
  const who = await signerIn(key, verified);
  const prepared = await prepare(verified.state);
  const { body } = prepared;
  return {
    who,
    sentence: await withNames(bodyInWords(verb, body, verified.state), verified.state),
    sign: async () => {
      const statement = {
        deployment: key.deployment,
        verb,
        body,
        nonce: freshId("", 32),
        at: timestampOf(toInstant(Date.now())),
        seen: { size: verified.size, root: verified.root },
      };
      return submit(await signStatement(statement, [signerOf(key)], browserPrimitives), prepared);
    },
  };
}

/** A statement that others signed and that waits for more: opened here, so that what it says comes from its own bytes. */
export async function draftCosign(key: BrowserKey, envelope: string): Promise<Draft> {
  const verified = await bringUpToDate();
  const who = await signerIn(key, verified);
  const bytes = bytesOf(envelope);
  const act = await openStatement(bytes, browserPrimitives);
  if (act.predicate.deployment !== key.deployment) {
    throw new Failure("statement_invalid", "A waiting statement was made for another deployment. Do not sign it.");
  }
  return {
    who,
    sentence: `${await withNames(describeAct(act, verified.state, browserPrimitives), verified.state)}${await invitedInWords(act)}`,
    sign: async () => submit(await cosignStatement(parseEnvelope(bytes), signerOf(key)), {}),
  };
}

/** An invitation names whom it is for by a commitment: the name behind it, checked. */
async function invitedInWords({ predicate }: Act): Promise<string> {
  if (predicate.verb !== "invite") return "";
  const { name, person } = predicate.body;
  const { openings } = await ask(`${routes.openings}?commitment=${encodeURIComponent(name)}`, OpeningsView);
  const opening = openings.find((one) => commit(one, browserPrimitives) === name);
  return ` ${person} is ${opening === undefined ? "someone whose name was erased" : quoted(opening.text)}.`;
}

/** Persons that are named in one sentence, at the most; the others stand there by their ids. */
const namesMax = 16;

/** Persons by their names too, each checked against what the ledger commits to: whose name a page shows beside an id the server chose. */
async function withNames(sentence: string, { persons }: State): Promise<string> {
  const named = [...persons.values()].filter(({ person }) => sentence.includes(person)).slice(0, namesMax);
  if (named.length === 0) return sentence;
  const query = named.map(({ name }) => `commitment=${encodeURIComponent(name)}`).join("&");
  // Whoever keeps the names back keeps nobody from signing.
  const told = await ask(`${routes.openings}?${query}`, OpeningsView).catch(() => ({ openings: [] }));
  const texts = new Map(told.openings.map((one) => [commit(one, browserPrimitives), one.text]));
  return named.reduce((words, { person, name }) => {
    const text = texts.get(name);
    return text === undefined ? words : words.replaceAll(person, () => `${quoted(text)} (${person})`);
  }, sentence);
}

async function signerIn(key: BrowserKey, { state, basis, deployment }: Verified): Promise<string> {
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
  return withNames(`${person.person} (${person.role})`, state);
}

async function submit(
  envelope: Uint8Array,
  { openings = [], artefacts = [] }: Pick<Prepared<Verb>, "openings" | "artefacts">,
): Promise<StatementAnswer> {
  const act = await openStatement(envelope, browserPrimitives);
  const body = { envelope: toBase64(envelope), openings: [...openings], ...(await asSent(artefacts)) };
  const answer = await ask(routes.statements, StatementAnswer, { method: "POST", body });
  if (answer.act !== act.digest) {
    throw new Failure("proof_invalid", "The server answered about another statement than the one it was sent.");
  }
  if (answer.kind === "recorded") await bringUpToDate({ index: answer.index, act: act.digest });
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
