// What is applied, as content: the documents behind the digests in the folded state, fetched by digest and checked.
import type { Digest, Name } from "../terms/ids.ts";
import type { DocumentKind, Release } from "../acts/bodies.ts";
import { type AnyDocument, openDocument } from "../documents/kinds.ts";
import { graderDigest } from "../evidence/graders/grader-digest.ts";
import type { Suite } from "../evidence/suite-document.ts";
import type { SuiteDigests } from "../gates/draft.ts";
import type { ReleasePlan } from "../gates/plan-document.ts";
import { nodePrimitives } from "../proof/node.ts";
import type { Safeguards } from "../safeguards/safeguards-document.ts";
import { Failure } from "../terms/failure.ts";
import { modesAtStage, stageModesInWords } from "../terms/stage-modes.ts";
import { type Session, artefact } from "./session.ts";

/** Digest of the candidate of a kind and name. Fails with not_found, naming those there are. */
export function candidateDigest(session: Session, kind: DocumentKind, name: Name): Digest {
  const ofKind = session.state.documents.get(kind);
  const applied = ofKind?.get(name);
  if (applied !== undefined) return applied.candidate;
  const names = [...(ofKind?.keys() ?? [])];
  const known = names.length === 0 ? "none was applied" : `there are: ${names.join(", ")}`;
  const ships =
    kind === "Suite" ? "Those that ship lie in examples/suites and examples/first-release; your own: write" : "Write";
  throw new Failure(
    "not_found",
    `There is no ${kind} "${name}"; ${known}. ${ships} it in YAML and run: headgate apply -f FILE`,
  );
}

async function documentOf(session: Session, digest: Digest): Promise<AnyDocument> {
  return openDocument(await artefact(session, digest));
}

export async function candidatePlan(
  session: Session,
  model: Name,
): Promise<{ readonly plan: ReleasePlan; readonly digest: Digest }> {
  const digest = candidateDigest(session, "ReleasePlan", model);
  return { plan: await planOf(session, digest), digest };
}

export async function planOf(session: Session, digest: Digest): Promise<ReleasePlan> {
  const document = await documentOf(session, digest);
  if (document.kind === "ReleasePlan") return document;
  throw otherKind(digest, "ReleasePlan");
}

export async function suiteOf(session: Session, digest: Digest): Promise<Suite> {
  const document = await documentOf(session, digest);
  if (document.kind === "Suite") return document;
  throw otherKind(digest, "Suite");
}

/** The modes of a release's safeguards at its stage, in words; empty where all of them block. */
export async function releaseModesInWords(session: Session, { digests, stage }: Release): Promise<string> {
  return stageModesInWords(modesAtStage((await safeguardsOf(session, digests.safeguards)).chain, stage));
}

export async function safeguardsOf(session: Session, digest: Digest): Promise<Safeguards> {
  const document = await documentOf(session, digest);
  if (document.kind === "Safeguards") return document;
  throw otherKind(digest, "Safeguards");
}

/** Where the claim comes from that the model is what its document says. */
export async function identityBasisOf(session: Session, digest: Digest): Promise<Release["identityBasis"]> {
  const document = await documentOf(session, digest);
  if (document.kind === "Model") return document.identity.basis;
  throw otherKind(digest, "Model");
}

/** The suites of these names with their graders: among `pinned` where a certificate pins them, else as applied last. */
export async function suitesForStage(
  session: Session,
  names: readonly Name[],
  pinned: readonly Digest[] | undefined,
): Promise<readonly SuiteDigests[]> {
  const digests = pinned ?? names.map((name) => candidateDigest(session, "Suite", name));
  const suites = await Promise.all(digests.map(async (suite) => ({ suite, document: await suiteOf(session, suite) })));
  return suites.map(({ suite, document }) => ({
    name: document.name,
    suite,
    grader: graderDigest(document, nodePrimitives),
  }));
}

function otherKind(digest: Digest, kind: DocumentKind): Failure {
  return new Failure("proof_invalid", `${digest} was applied as a ${kind} and is something else. Apply it again.`);
}
