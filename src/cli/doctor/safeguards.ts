// What `headgate doctor` sees of safeguards that are asked over HTTP: whether each answers from this machine, with the key
// where this machine has it. It asks each once, so that a judging model is asked once as well.
import { randomBytes } from "node:crypto";
import { latestCertificate } from "../../acts/state.ts";
import { openDocument } from "../../documents/kinds.ts";
import { type RemoteEntry, isRemote } from "../../safeguards/remote/remote-document.ts";
import { jsonOf, openRemoteServer, troubleWith } from "../../safeguards/remote/remote-server.ts";
import { speakerOf } from "../../safeguards/remote/speaker.ts";
import { Failure, failureCode } from "../../terms/failure.ts";
import { secretsOf } from "../context.ts";
import { type Session, artefact } from "../session.ts";

/** Safeguards documents that one call looks at, and what it asks over HTTP. */
const documentsMax = 32;
const remotesMax = 16;

/** Of what is certified and what was applied last, each once. */
export async function remoteEntries(session: Session): Promise<readonly RemoteEntry[]> {
  const { state } = session;
  const applied = [...(state.documents.get("Safeguards")?.values() ?? [])].map(({ candidate }) => candidate);
  const certified = [...state.certificates.keys()].flatMap(
    (model) => latestCertificate(state, model)?.release.digests.safeguards ?? [],
  );
  const found = new Map<string, RemoteEntry>();
  for (const digest of [...new Set([...certified, ...applied])].slice(0, documentsMax)) {
    const document = openDocument(await artefact(session, digest));
    if (document.kind !== "Safeguards") continue;
    for (const entry of document.chain.filter(isRemote)) found.set(JSON.stringify(entry), entry);
  }
  return [...found.values()].slice(0, remotesMax);
}

/** What it says. Fails with upstream_failed or upstream_timeout where it would give no verdict. */
export async function aboutRemote(entry: RemoteEntry, { context }: Session): Promise<string> {
  const speaker = speakerOf(entry, randomBytes(32));
  const server = openRemoteServer(entry, speaker, { secrets: secretsOf(context), ownPorts: new Set() });
  const { body, read } = speaker.question([{ text: "Is it there?", view: "written" }]);
  const asking = { msMax: entry.timeoutMs, statuses: "any" } as const;
  try {
    const reply = await server.post(JSON.stringify(body), asking).catch((error: unknown) => {
      // The gateway's environment has its secret, and this one need not.
      if (failureCode(error) !== "configuration_invalid") throw error;
      return server.post(JSON.stringify(body), { ...asking, isStranger: true });
    });
    const { status } = reply.head;
    if (status === 401 || status === 403) return `${entry.url} answers and wants the gateway's key (declared)`;
    if (status === 200 && read(jsonOf(reply)) !== undefined) return `${entry.url} answers with a verdict (declared)`;
    const what = status === 200 ? "an answer that is no verdict" : `${status}`;
    throw new Failure("upstream_failed", `${entry.url} gives ${what}`);
  } catch (error) {
    const trouble = troubleWith(entry, error);
    if (trouble === undefined || !(error instanceof Failure)) throw error;
    throw new Failure(error.code, `${trouble}. See: headgate guard conform`, { cause: error });
  } finally {
    await server.close();
  }
}
