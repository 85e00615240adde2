// What PostgreSQL and the way to it answer when something is wrong, as our failures. The codes are those of appendix A of its
// manual. What is no fault of the world (bad SQL) comes through as it is.
import { DatabaseError } from "pg";
import { Failure, type FailureCode } from "../terms/failure.ts";

type Meaning = readonly [FailureCode, string];

const gone: Meaning = ["store_unavailable", "The database does not answer. Look at PostgreSQL and the way to it."];
const refused: Meaning = [
  "store_unavailable",
  "PostgreSQL does not let this user in. Look at HEADGATE_STORE, the user's password and what it may do.",
];

const codes: Readonly<Record<string, Meaning>> = {
  "25006": ["store_unavailable", "This PostgreSQL, or this connection, only reads."],
  "3D000": ["store_unavailable", "PostgreSQL has no database of this name. Make it: createdb NAME."],
  "40001": ["store_unavailable", "Others write to the database at the same time. Only the control plane may."],
  "40P01": ["store_unavailable", "Others write to the database at the same time. Only the control plane may."],
  "42501": refused,
  "53100": ["disk_full", "The database's disk is full: nothing more can be recorded. Make room."],
  "53300": ["store_unavailable", "PostgreSQL takes no more connections. Headgate needs five."],
  "55P03": ["store_unavailable", "Another control plane is writing to this database. Only one may."],
  "57014": ["store_unavailable", "The database took too long and was told to stop. Look at its load."],
  "58030": ["store_unavailable", "PostgreSQL could not read or write its disk. Look at the disk."],
  "22P02": ["conflict", "A value is of another type than its column."],
  "22003": ["conflict", "A number is larger than its column holds."],
  "22021": ["conflict", "PostgreSQL keeps no text with a zero byte in it."],
};

/** By the first two characters of the code. */
const classes: Readonly<Record<string, Meaning>> = {
  "08": gone,
  "23": ["conflict", "What is stored already excludes this."],
  "28": refused,
  "53": ["store_unavailable", "PostgreSQL is out of memory or connections."],
  "57": ["store_unavailable", "PostgreSQL is starting, stopping or was told to end this. Ask again."],
  "58": ["store_unavailable", "PostgreSQL has trouble with its own files. Look at its log."],
  XX: ["store_unavailable", "PostgreSQL calls its own data damaged. Look at its log; restore from a copy."],
};

/** Whether PostgreSQL itself answered, so that its connection can be used on. */
export function isAnswer(error: unknown): error is DatabaseError {
  return error instanceof DatabaseError && error.severity !== "FATAL" && error.severity !== "PANIC";
}

/** The failure that an error of the `pg` package is. */
export function postgresFailureOf(cause: unknown): unknown {
  if (cause instanceof Failure) return cause;
  if (!(cause instanceof DatabaseError)) return new Failure(gone[0], gone[1], { cause });
  const code = cause.code ?? "";
  const [failure, message] = codes[code] ?? classes[code.slice(0, 2)] ?? [];
  return failure === undefined || message === undefined ? cause : new Failure(failure, message, { cause });
}
