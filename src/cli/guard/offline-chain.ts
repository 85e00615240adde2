// Safeguards and policy as documents in files, without a server: what `guard scan`, `tune` and `label` and `policy test` judge by.
// Where none are named, those of the shipped example.
import { randomBytes } from "node:crypto";
import { fileURLToPath } from "node:url";
import { parseDocuments } from "../../documents/parse.ts";
import { UsagePolicy } from "../../policy/policy-document.ts";
import { type Chain, type ChainMeans, compileChain } from "../../safeguards/chain.ts";
import { shippedSafeguards } from "../../safeguards/registry.ts";
import { type Remote, type RemoteDesk, openRemoteDesk } from "../../safeguards/remote/desk.ts";
import type { Safeguard } from "../../safeguards/safeguard.ts";
import { Safeguards } from "../../safeguards/safeguards-document.ts";
import { answerCharsMax, readWhole } from "../../safeguards/stream/stream-guard.ts";
import { Failure } from "../../terms/failure.ts";
import type { Inspection, Surface } from "../../terms/finding.ts";
import { Name } from "../../terms/ids.ts";
import { type RequestText, textsAlone, withProvenance } from "../../terms/provenance.ts";
import { OpenStage } from "../../terms/stage.ts";
import { withWordsOfJson } from "../../wire/json-words.ts";
import { type Context, secretsOf } from "../context.ts";
import { sourceFiles } from "../documents.ts";
import { readNeeded } from "../files.ts";

export interface OfflineChain {
  readonly document: Safeguards;
  /** With what was read once; another chain by the same ones reads nothing twice. */
  readonly means: ChainMeans;
  readonly chain: Chain;
  readonly safeguards: readonly Safeguard[];
  readonly policy: UsagePolicy;
}

/** Paths of documents; a folder may stand for the one document of the kind in it. */
export interface DocumentPaths {
  readonly safeguards?: string | undefined;
  readonly policy?: string | undefined;
}

/** For whom it judges; what is left out fits no exception that asks for it. */
export interface OfflineCaller {
  readonly stage?: OpenStage | undefined;
  readonly type?: Name | undefined;
}

/** The flags and options of verbs that judge as a caller would be judged. */
export const callerFlags = [
  ["--stage <stage>", "judge as while the model is at this stage, where safeguards' modes differ"],
  ["--type <type>", "judge as for organisations of this type, where they differ"],
] as const;
export const callerOptions = { stage: OpenStage.optional(), type: Name.optional() };

/** The documents of the first example, shipped with the program. */
const shippedFolder = new URL("../../../examples/first-release/", import.meta.url);

/**
 * What `use` makes of the chain; what it asked over HTTP is closed after that. Fails with document_invalid where a path does
 * not hold exactly one document of the kind.
 */
export async function withOfflineChain<Made>(
  { safeguards, policy, stage, type }: DocumentPaths & OfflineCaller,
  context: Context,
  use: (offline: OfflineChain) => Promise<Made>,
): Promise<Made> {
  const document = safeguardsIn(safeguards);
  const usagePolicy = UsagePolicy.parse(documentIn("UsagePolicy", policy));
  const remotes = remotesFrom(context);
  try {
    const means = { ...shippedSafeguards(), remotes };
    const chain = compileChain(document, means, { kind: "caller", stage, type });
    return await use({ document, means, chain, safeguards: chain.safeguards, policy: usagePolicy });
  } finally {
    await remotes.close();
  }
}

/** What a chain finds in a text, read as gateways read it: the words of JSON in a request, an answer without its escapes. */
export async function inspectText(chain: Chain, said: string | RequestText, surface: Surface): Promise<Inspection> {
  const texts = withProvenance([said]);
  if (surface === "input") return chain.inspectInput(withWordsOfJson(texts));
  return readWhole(chain, textsAlone(texts).join(""), { outputCharsMax: answerCharsMax }).inspection;
}

/** Fails with document_invalid where the path does not hold exactly one. */
export function safeguardsIn(file: string | undefined): Safeguards {
  return Safeguards.parse(documentIn("Safeguards", file));
}

/** Asked from this machine, with the secrets that its environment has. */
function remotesFrom(context: Context): RemoteDesk {
  const desk = openRemoteDesk({
    secrets: secretsOf(context),
    ownPorts: new Set(),
    now: context.now,
    randomBytes: (count) => randomBytes(count),
    report: () => undefined,
  });
  const known = new Map<Remote, Remote>();
  const open: RemoteDesk["open"] = (entry) => {
    const remote = desk.open(entry);
    const once = known.get(remote) ?? askedOnce(remote);
    known.set(remote, once);
    return once;
  };
  return { ...desk, open };
}

/** The last answer is given again to the same question: several chains may judge one text. */
function askedOnce(remote: Remote): Remote {
  let last: { readonly question: string; readonly answer: ReturnType<Remote["ask"]> } | undefined;
  return {
    entry: remote.entry,
    ask: async (texts, caller) => {
      const question = JSON.stringify(texts);
      if (last?.question !== question) last = { question, answer: remote.ask(texts, caller) };
      return last.answer;
    },
  };
}

function documentIn(kind: "Safeguards" | "UsagePolicy", file: string | undefined): unknown {
  const path = file ?? fileURLToPath(shippedFolder);
  const found = parseDocuments(sourceFiles(path)).filter(({ document }) => document.kind === kind);
  const [only] = found;
  if (only !== undefined && found.length === 1) return only.document;
  throw new Failure("document_invalid", `${path} must hold exactly one ${kind}; it holds ${found.length}.`);
}

const rowsBytesMax = 256 * 1024 * 1024;

export interface JsonLine {
  readonly value: unknown;
  /** From 1. */
  readonly number: number;
}

/** The lines of a JSONL file that are not empty. Fails with request_invalid, naming the line that is not JSON. */
export function* jsonLines(path: string): Generator<JsonLine, void> {
  // Without the mark that some editors write before a text.
  const text = Buffer.from(readNeeded(path, rowsBytesMax))
    .toString("utf8")
    .replace(/^\ufeff/, "");
  for (const [at, line] of text.split("\n").entries()) {
    if (line.trim() !== "") yield { value: valueOf(line, at + 1), number: at + 1 };
  }
}

function valueOf(line: string, number: number): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw new Failure("request_invalid", `Line ${number} is not JSON. A row is an object on one line.`);
  }
}
