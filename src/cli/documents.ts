// `headgate apply`, `diff`, `get` and `schema`: documents in and out. All files are parsed and resolved before anything is
// sent; the documents of one apply are one statement, and organisations are one each, judged here before the first leaves.
import { readdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Command } from "commander";
import { stringify } from "yaml";
import { z } from "zod";
import { judgeAct } from "../acts/fold.ts";
import { organisationBody } from "../acts/key-bodies.ts";
import { openStatement } from "../acts/statement.ts";
import { lacksReviewer, noReviewer } from "../control/contract-doctor.ts";
import { AnyKind, openDocument } from "../documents/kinds.ts";
import { type SourceFile, fileCharsMax, parseDocuments } from "../documents/parse.ts";
import { type AppliedDocument, type ResolvedDocument, documentKind, resolveDocuments } from "../documents/resolve.ts";
import { schemaOf } from "../documents/schema.ts";
import { suiteBytesMax } from "../evidence/suite-document.ts";
import { nodePrimitives } from "../proof/node.ts";
import { shippedSafeguards } from "../safeguards/registry.ts";
import { Failure } from "../terms/failure.ts";
import { type Digest, Name, instantOf } from "../terms/ids.ts";
import { type Answer, done } from "./answer.ts";
import type { Context } from "./context.ts";
import { differences } from "../terms/differences.ts";
import { readInside, readNeeded } from "./files.ts";
import { type Session, artefact, openSession, recordedIndex, signAs, submit } from "./session.ts";
import { type Call, addVerb, argument, noOptions, parsed } from "./verb.ts";

const Files = z.object({ file: z.string().min(1) });
const fileFlag = ["-f, --file <path>", "a YAML file, or a folder of them"] as const;

/** Files of one folder. */
const filesMax = 256;

export function addDocumentVerbs(program: Command, context: Context): void {
  addVerb(program, context, {
    usage: "apply",
    summary: "write documents as candidates; what is certified keeps serving",
    flags: [fileFlag],
    options: Files,
    run: apply,
  });
  addVerb(program, context, {
    usage: "diff",
    summary: "what apply would change",
    flags: [fileFlag],
    options: Files,
    run: diff,
  });
  addVerb(program, context, {
    usage: "get <kind> [name]",
    summary: `documents as applied last; kinds: ${AnyKind.options.join(", ")}`,
    options: noOptions,
    run: get,
  });
  addVerb(program, context, {
    usage: "schema <kind>",
    summary: "the JSON Schema of a kind of document, for editors",
    options: noOptions,
    run: async (call) => {
      const schema = schemaOf(parsed(AnyKind, argument(call, 0), "The kind"));
      return done(schema, JSON.stringify(schema, null, 2));
    },
  });
}

async function apply(call: Call<z.infer<typeof Files>>): Promise<Answer> {
  const session = await openSession(call.base, call.context);
  const resolved = withRenewals(session, await resolveFiles(session, call.options.file));
  const changed = resolved.filter(({ change }) => change !== "unchanged");
  expectNoneSuspended(session, changed);
  const statements = await judged(session, await statementsOf(session, changed));
  const indices: number[] = [];
  for (const { envelope, artefacts } of statements) {
    indices.push(recordedIndex(await submit(session, envelope, { artefacts })));
  }
  const documents = resolved.map(({ kind, name, change, digest }) => ({ kind, name, change, digest }));
  const lines = documents.map(({ kind, name, change, digest }) => `${change.padEnd(9)}  ${kind} ${name}  ${digest}`);
  const policies = resolved.flatMap(({ document }) => (document.kind === "UsagePolicy" ? [document] : []));
  const hint = lacksReviewer(session.state, policies) ? noReviewer : undefined;
  return done({ documents, ledgerIndex: indices.at(-1) ?? null }, lines.join("\n"), hint);
}

async function diff(call: Call<z.infer<typeof Files>>): Promise<Answer> {
  const session = await openSession(call.base, call.context);
  const resolved = await resolveFiles(session, call.options.file);
  const documents = await Promise.all(
    resolved.map(async ({ kind, name, change, digest, document }) => {
      const before = change === "changed" ? appliedDigest(session, kind, name) : undefined;
      const old = before === undefined ? undefined : openDocument(await artefact(session, before));
      return { kind, name, change, digest, differences: old === undefined ? [] : differences(old, document) };
    }),
  );
  const lines = documents.flatMap((one) => [
    `${one.change.padEnd(9)}  ${one.kind} ${one.name}`,
    ...one.differences.map(({ path, before, after }) => `    ${path}: ${short(before)} → ${short(after)}`),
  ]);
  return done({ documents }, lines.join("\n"));
}

const valueCharsMax = 60;

function short(value: unknown): string {
  const text = value === undefined ? "(absent)" : JSON.stringify(value);
  return text.length > valueCharsMax ? `${text.slice(0, valueCharsMax)}…` : text;
}

async function get(call: Call<object>): Promise<Answer> {
  const kind = parsed(AnyKind, argument(call, 0), "The kind");
  const session = await openSession(call.base, call.context);
  const all = appliedDocuments(session).filter((one) => one.kind === kind);
  const [, wanted] = call.args;
  if (wanted === undefined) {
    const documents = all.map(({ name, digest }) => ({ kind, name, digest }));
    const lines = documents.map(({ name, digest }) => `${kind} ${name}  ${digest}`);
    return done({ documents }, lines.length === 0 ? `There is no ${kind}.` : lines.join("\n"));
  }
  const name = parsed(Name, wanted, "The name");
  const digest = appliedDigest(session, kind, name);
  if (digest === undefined) {
    const names = all.map((one) => one.name);
    throw new Failure(
      "not_found",
      `There is no ${kind} "${name}"${names.length === 0 ? "" : `; there are: ${names.join(", ")}`}.`,
    );
  }
  const document = openDocument(await artefact(session, digest));
  return done({ kind, name, digest, document }, `# ${digest}\n${stringify(document).trimEnd()}`);
}

/** Reads, parses and resolves everything there is in a file or folder. Sends nothing. */
async function resolveFiles(session: Session, path: string): Promise<readonly ResolvedDocument[]> {
  const documents = parseDocuments(sourceFiles(path));
  if (documents.length === 0) throw new Failure("document_invalid", `There is no document in ${path}.`);
  return resolveDocuments(documents, {
    hasher: nodePrimitives,
    safeguards: shippedSafeguards(),
    items: (documentPath, itemsPath) => readInside(dirname(documentPath), itemsPath, suiteBytesMax),
    measured: new Map(),
    applied: appliedDocuments(session),
  });
}

export function sourceFiles(path: string): readonly SourceFile[] {
  return yamlFiles(path).map((file) => ({
    path: file,
    text: Buffer.from(readNeeded(file, fileCharsMax * 4)).toString("utf8"),
  }));
}

function yamlFiles(path: string): readonly string[] {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) throw new Failure("request_invalid", `There is no file or folder ${path}.`);
  if (!found.isDirectory()) return [path];
  const names = readdirSync(path).filter((name) => /\.ya?ml$/.test(name));
  if (names.length > filesMax) throw new Failure("request_invalid", `${path} holds more than ${filesMax} YAML files.`);
  return names.toSorted().map((name) => join(path, name));
}

function appliedDocuments(session: Session): readonly AppliedDocument[] {
  const { documents, organisations } = session.state;
  const ofKinds = [...documents].flatMap(([kind, named]) =>
    [...named].map(([name, { candidate }]) => ({ kind, name, digest: candidate })),
  );
  const programme = [...organisations.values()].map(
    ({ organisation, document }) => ({ kind: "Organisation", name: organisation, digest: document }) as const,
  );
  return [...ofKinds, ...programme];
}

function appliedDigest(session: Session, kind: AnyKind, name: Name): Digest | undefined {
  return appliedDocuments(session).find((one) => one.kind === kind && one.name === name)?.digest;
}

/** A document of which nothing changed but time: its grants begin anew. */
type Written = Omit<ResolvedDocument, "change"> & { readonly change: ResolvedDocument["change"] | "renewed" };

function withRenewals(session: Session, resolved: readonly ResolvedDocument[]): readonly Written[] {
  return resolved.map((one) => (isRenewed(session, one) ? { ...one, change: "renewed" } : one));
}

/** A grant's end that would move by less is left alone: to apply twice in a row is to apply once. */
const renewalMsMin = 86_400_000;

function isRenewed({ state, context }: Session, { change, document }: ResolvedDocument): boolean {
  if (change !== "unchanged" || document.kind !== "Organisation") return false;
  const known = state.organisations.get(document.name);
  if (known === undefined || known.suspended) return false;
  const ends = new Map(known.grants.map(({ model, notAfter }) => [model, instantOf(notAfter)]));
  return document.grants.some(
    ({ model, expiresInDays }) => context.now() + expiresInDays * dayMs - (ends.get(model) ?? 0) >= renewalMsMin,
  );
}

/** Whoever applies a folder does not mean to let somebody in again who was stopped. */
function expectNoneSuspended({ state }: Session, changed: readonly Written[]): void {
  const stopped = changed.find(
    ({ kind, name }) => kind === "Organisation" && state.organisations.get(name)?.suspended === true,
  );
  if (stopped === undefined) return;
  throw new Failure(
    "conflict",
    `Organisation ${stopped.name} is suspended, and a new document would let it in again. If that is meant: headgate org resume ${stopped.name}, then apply.`,
  );
}

interface Statement {
  readonly envelope: Uint8Array;
  readonly artefacts: readonly Uint8Array[];
}

async function statementsOf(session: Session, changed: readonly Written[]): Promise<readonly Statement[]> {
  const documents = changed.flatMap((one) => {
    const kind = documentKind(one.kind);
    return kind === undefined ? [] : [{ kind, one }];
  });
  const statements: Statement[] = [];
  if (documents.length > 0) {
    const body = { documents: documents.map(({ kind, one }) => ({ kind, name: one.name, digest: one.digest })) };
    const artefacts = documents.flatMap(({ one }) => [one.bytes].concat(one.attached.map(({ bytes }) => bytes)));
    statements.push({ envelope: await signAs(session, "document", body), artefacts: unique(artefacts) });
  }
  for (const { document, digest, bytes } of changed) {
    if (document.kind !== "Organisation") continue;
    const body = organisationBody(document, digest, session.context.now());
    statements.push({ envelope: await signAs(session, "organisation", body), artefacts: [bytes] });
  }
  return statements;
}

/** Two suites may share their items. */
function unique(artefacts: readonly Uint8Array[]): readonly Uint8Array[] {
  const byText = new Map(artefacts.map((bytes) => [Buffer.from(bytes).toString("base64"), bytes]));
  return [...byText.values()];
}

const dayMs = 86_400_000;

/** All or nothing: what the rules would refuse is refused before the first statement leaves. */
async function judged(session: Session, statements: readonly Statement[]): Promise<readonly Statement[]> {
  const { state, replica } = session;
  const place = { index: replica.size(), rootAt: replica.rootAt, now: session.context.now() };
  for (const { envelope } of statements) {
    const answer = judgeAct(state, await openStatement(envelope, nodePrimitives), place);
    if (answer.kind === "refused") throw new Failure(answer.code, answer.why);
  }
  return statements;
}
