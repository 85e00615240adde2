// TLS from two files in PEM, read at the start and again when they change or on SIGHUP: a renewed certificate is served from
// the next connection on, and a broken pair is told and not used. Both listeners have the same one.
import { X509Certificate, createPrivateKey } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { createSecureContext } from "node:tls";
import { Failure } from "../terms/failure.ts";
import { troubleIn } from "../terms/trouble.ts";
import type { Report } from "./report.ts";

export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
}

interface TlsPair {
  readonly cert: string;
  readonly key: string;
}

/** What takes a new pair while it runs: a server of node:https. */
interface Renewable {
  readonly setSecureContext: (pair: TlsPair) => void;
}

export interface Tls {
  readonly pair: TlsPair;
  /** End of the certificate that is served, in milliseconds since 1970. */
  readonly notAfter: () => number;
  readonly serve: (server: Renewable) => void;
  readonly reload: () => void;
  readonly close: () => void;
}

/** How often the files are looked at, in milliseconds. */
const lookMs = 10_000;

/** Fails with configuration_invalid where the files cannot be read, are no certificate and key, or do not belong together. */
export function openTls(files: TlsFiles, report: Report): Tls {
  let present = readPair(files);
  let stamp = stampOf(files);
  const servers: Renewable[] = [];
  const reload = (): void => {
    stamp = stampOf(files);
    try {
      const next = readPair(files);
      for (const server of servers) server.setSecureContext(next.pair);
      present = next;
      report("tls-reloaded", { notAfter: new Date(next.notAfter).toISOString() });
    } catch (error) {
      report("tls", { why: troubleIn(error) });
    }
  };
  const timer = setInterval(() => {
    if (stampOf(files) !== stamp) reload();
  }, lookMs);
  timer.unref();
  return {
    pair: present.pair,
    notAfter: () => present.notAfter,
    serve: (server) => {
      servers.push(server);
    },
    reload,
    close: () => {
      clearInterval(timer);
    },
  };
}

interface Read {
  readonly pair: TlsPair;
  readonly notAfter: number;
}

function readPair({ cert: certFile, key: keyFile }: TlsFiles): Read {
  const pair = { cert: textOf(certFile), key: textOf(keyFile) };
  try {
    const certificate = new X509Certificate(pair.cert);
    if (!certificate.checkPrivateKey(createPrivateKey(pair.key))) throw new Error("the key is another certificate's");
    // What node:https would refuse, it refuses here, before the pair in use is given up.
    createSecureContext(pair);
    return { pair, notAfter: certificate.validToDate.getTime() };
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : "unknown";
    throw invalid(`${certFile} and ${keyFile} are not a certificate and its key in PEM: ${why}.`, cause);
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw invalid(`${file} cannot be read. HEADGATE_TLS_CERT and HEADGATE_TLS_KEY name files in PEM.`, cause);
  }
}

function invalid(message: string, cause: unknown): Failure {
  return new Failure("configuration_invalid", message, { cause });
}

/** Changes when a file does, also when it was put in place by a rename or behind a link. */
function stampOf({ cert, key }: TlsFiles): string {
  return [cert, key].map(partStamp).join(" ");
}

function partStamp(file: string): string {
  try {
    const { mtimeMs, ino, size } = statSync(file);
    return `${mtimeMs}:${ino}:${size}`;
  } catch {
    return "gone";
  }
}
