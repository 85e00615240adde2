// Resolves the secret a document names, of a model server or a safeguard. Documents never carry secrets and must not be a way to read this
// machine: only UPSTREAM_* variables, and only plain files inside one configured folder.
import { open, realpath } from "node:fs/promises";
import { join, sep } from "node:path";
import { Failure } from "../terms/failure.ts";

/** The most bytes a secret's file may have. */
const secretBytesMax = 8_192;
const environmentName = /^UPSTREAM_[A-Z0-9_]{1,64}$/;
const fileName = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}$/;
/** What may stand in a header's value: visible ASCII. */
const secretText = /^[\x21-\x7e]{1,8192}$/;

export interface SecretSources {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The only folder `file:` secrets are read from; undefined when none is configured. */
  readonly folder: string | undefined;
}

/** The secret named by `env:UPSTREAM_…` or `file:name`. Throws `configuration_invalid`; the message never holds it. */
export async function resolveSecret(reference: string, sources: SecretSources): Promise<string> {
  const [scheme, name] = split(reference);
  const text = scheme === "env" ? fromEnvironment(name, sources) : await fromFile(name, sources);
  if (!secretText.test(text)) throw invalid(reference, "is empty, too long, or holds what no header can carry");
  return text;
}

function split(reference: string): ["env" | "file", string] {
  const cut = reference.indexOf(":");
  const scheme = reference.slice(0, Math.max(cut, 0));
  if (scheme !== "env" && scheme !== "file") {
    throw new Failure("configuration_invalid", "A secret is named `env:UPSTREAM_…` or `file:name`, never written out.");
  }
  return [scheme, reference.slice(cut + 1)];
}

function fromEnvironment(name: string, sources: SecretSources): string {
  const reference = `env:${name}`;
  if (!environmentName.test(name))
    throw invalid(reference, "is not one of the UPSTREAM_* variables, the only ones read");
  const value = Object.hasOwn(sources.environment, name) ? sources.environment[name] : undefined;
  if (value === undefined) throw invalid(reference, "is not set in the environment of this program");
  return value;
}

async function fromFile(name: string, sources: SecretSources): Promise<string> {
  const reference = `file:${name}`;
  if (sources.folder === undefined)
    throw invalid(reference, "cannot be read: HEADGATE_SECRETS names no folder for secrets");
  if (!fileName.test(name)) throw invalid(reference, "is not a plain file name (a-z A-Z 0-9 . _ -)");
  const path = await insideFolder(reference, sources.folder);
  const handle = await open(path, "r");
  try {
    const status = await handle.stat();
    if (!status.isFile() || status.size > secretBytesMax) throw invalid(reference, "is not a file of at most 8 KiB");
    return (await handle.readFile("utf8")).replace(/\r?\n$/, "");
  } finally {
    await handle.close();
  }
}

/** The real path behind links, which must still be inside the folder (mounted secrets are links within it). */
async function insideFolder(reference: string, folder: string): Promise<string> {
  const root = await realpath(folder).catch(() => undefined);
  const path = await realpath(join(folder, reference.slice("file:".length))).catch(() => undefined);
  if (root === undefined || path === undefined) throw invalid(reference, "does not exist in the folder for secrets");
  if (!path.startsWith(root + sep)) throw invalid(reference, "is a link that leads out of the folder for secrets");
  return path;
}

function invalid(reference: string, why: string): Failure {
  return new Failure("configuration_invalid", `The secret ${reference} ${why}.`);
}
