// What `HEADGATE_STORE=postgres://…` may say, read strictly: a parameter that is not known here is an error, and a server on
// another machine is talked to in TLS with its certificate checked, unless the address says `sslmode=disable`.
import { readFileSync } from "node:fs";
import { Failure } from "../terms/failure.ts";

/** As the `pg` package takes it. */
export interface PostgresAddress {
  /** A name, an address, or the folder of a unix socket. */
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string | undefined;
  readonly ssl: false | Tls;
}

interface Tls {
  readonly rejectUnauthorized: true;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

const socketFolder = "/var/run/postgresql";
const known: ReadonlySet<string> = new Set(["user", "host", "port", "sslmode", "sslrootcert", "sslcert", "sslkey"]);
const loopback: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "::1"]);

/** Fails with configuration_invalid, never naming the password. */
export function parsePostgresAddress(text: string): PostgresAddress {
  const url = urlOf(text);
  const param = (name: string): string | undefined => url.searchParams.get(name) ?? undefined;
  for (const name of url.searchParams.keys()) {
    if (!known.has(name)) throw invalid(`does not take "${name}"; it takes ${[...known].join(", ")}`);
  }
  const host = decoded(url.hostname.replace(/^\[(.*)\]$/, "$1")) ?? param("host") ?? socketFolder;
  const port = portOf(url.port === "" ? (param("port") ?? "5432") : url.port);
  const database = decoded(url.pathname.slice(1));
  if (database === undefined || database.includes("/")) throw invalid("ends in the name of one database");
  const user = decoded(url.username) ?? param("user");
  if (user === undefined) throw invalid("names the user: postgres://USER@… or &user=USER");
  return { host, port, database, user, password: decoded(url.password), ssl: tlsOf(host, param) };
}

function portOf(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 1 && port <= 65_535) return port;
  throw invalid("has a port that is none");
}

function tlsOf(host: string, param: (name: string) => string | undefined): false | Tls {
  const mode = param("sslmode");
  if (mode === "disable") return false;
  if (mode === "verify-full") {
    const file = (name: string): string | undefined => fileOf(name, param(name));
    const [ca, cert, key] = [file("sslrootcert"), file("sslcert"), file("sslkey")];
    return {
      rejectUnauthorized: true,
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
    };
  }
  if (mode !== undefined) throw invalid("takes sslmode=verify-full or sslmode=disable");
  if (host.startsWith("/") || loopback.has(host)) return false;
  throw invalid("names another machine: add sslmode=verify-full (and sslrootcert=FILE), or sslmode=disable");
}

function fileOf(name: string, path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new Failure("configuration_invalid", `HEADGATE_STORE: the file of ${name} cannot be read.`, { cause });
  }
}

function urlOf(text: string): URL {
  try {
    return new URL(text);
  } catch {
    // The cause would carry the address, and with it the password.
    throw invalid(
      "is postgres://USER:PASSWORD@HOST:PORT/DATABASE, or postgres:///DATABASE?host=SOCKET_FOLDER&user=USER",
    );
  }
}

/** Nothing said is undefined. */
function decoded(part: string): string | undefined {
  if (part === "") return undefined;
  try {
    return decodeURIComponent(part);
  } catch {
    throw invalid("has a percent sign that stands for nothing");
  }
}

function invalid(what: string): Failure {
  return new Failure("configuration_invalid", `HEADGATE_STORE for PostgreSQL ${what}.`);
}
