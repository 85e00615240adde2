// What `headgate doctor` sees of the models: whether their servers answer from this machine and have the model that the
// document names, and which certificates are about to end.
import { latestCertificate } from "../../acts/state.ts";
import { type CheckView, policiesInUse, reviewerChecks } from "../../control/contract-doctor.ts";
import { nearestWord } from "../../documents/nearest.ts";
import { openDocument } from "../../documents/kinds.ts";
import { outboundDefaults } from "../../outbound/connector.ts";
import { Failure } from "../../terms/failure.ts";
import type { Digest, Name } from "../../terms/ids.ts";
import { discover } from "../../upstream/discover.ts";
import { type UpstreamSource, sourcesOf } from "../../upstream/model-document.ts";
import type { UsagePolicy } from "../../policy/policy-document.ts";
import { type Session, artefact } from "../session.ts";

/** Models whose servers one call looks at. */
const modelsMax = 32;
const discoverMsMax = 10_000;

export interface Served {
  readonly model: Name;
  /** What is certified and what was applied since, where they differ. */
  readonly documents: readonly Digest[];
}

export function servedModels({ state }: Session): readonly Served[] {
  return [...(state.documents.get("Model") ?? [])].slice(0, modelsMax).map(([model, { candidate }]) => {
    const certified = latestCertificate(state, model)?.release.digests.model;
    return { model, documents: [...new Set([certified ?? candidate, candidate])] };
  });
}

/** What the servers of a model say, from this machine. Fails with upstream_failed where one would not serve it. */
export async function aboutUpstream(session: Session, { documents }: Served): Promise<string> {
  const said: string[] = [];
  for (const digest of documents) {
    const document = openDocument(await artefact(session, digest));
    if (document.kind !== "Model") continue;
    for (const source of sourcesOf(document)) said.push(await lookAt(source));
  }
  return [...new Set(said)].join("; ");
}

const remedy = "Start the model's server, or mend the address in the Model document and apply it.";

async function lookAt(upstream: UpstreamSource): Promise<string> {
  if (!("url" in upstream)) return "runs beside the gateway, which starts it";
  const found = await discover(new URL(upstream.url), {
    rules: { ...outboundDefaults, allowPrivate: true },
    key: undefined,
    signal: AbortSignal.timeout(discoverMsMax),
  }).catch((error: unknown) => {
    throw error instanceof Failure ? new Failure(error.code, `${error.message} ${remedy}`, { cause: error }) : error;
  });
  if (found.kind === "nothing")
    throw new Failure("upstream_failed", `What answers at ${upstream.url} is no model server known here. ${remedy}`);
  if (found.kind === "key-needed") return `${upstream.url} answers and wants the gateway's key`;
  if (found.models.length === 0 || found.models.includes(upstream.model)) {
    return `${upstream.url} answers${found.models.length === 0 ? ", and lists no models" : ` and has ${upstream.model}`}`;
  }
  const near = nearestWord(upstream.model, found.models);
  throw new Failure(
    "upstream_failed",
    `${upstream.url} has no model "${upstream.model}"${near === undefined ? "" : `; it has "${near}"`}. Mend the Model document.`,
  );
}

/** What is to be said of who reviews, under the policies that are certified or were applied last. */
export async function aboutReviewers(session: Session): Promise<readonly CheckView[]> {
  const policies: UsagePolicy[] = [];
  for (const digest of policiesInUse(session.state)) {
    const document = openDocument(await artefact(session, digest));
    if (document.kind === "UsagePolicy") policies.push(document);
  }
  return reviewerChecks(session.state, policies);
}
