// What the verbs get from the process that runs them. Only src/main reads the environment and knows the process; tests
// hand in their own.
import type { RunCode } from "../acts/bodies.ts";
import type { SecretSources } from "../outbound/secret.ts";
import type { Instant } from "../terms/ids.ts";

/** 0 done, 1 not passed, 2 bad input, 3 inconclusive. */
export type ExitCode = 0 | 1 | 2 | 3;

export interface Context {
  /** Address of the control plane where no profile names one. */
  readonly server: string;
  /** Address of the data plane where no profile and no server names one. */
  readonly dataPlane: string;
  /** Where a server on this machine writes its one-time code. */
  readonly codeFile: string;
  /** Folder of the server keys, where the server runs on this machine. */
  readonly keysFolder?: string;
  /** Folder of this user: run files, and what was seen of ledgers without a profile. */
  readonly stateFolder: string;
  /** What documents may name as `env:…` and `file:…`, where safeguards are asked over HTTP from here. */
  readonly secrets?: SecretSources;
  /** Profile to use where --profile is not given. */
  readonly profile: string | undefined;
  /** Which program this is, for evidence that it makes. */
  readonly code?: () => RunCode;
  /** Whether people watch the error stream, so that a line may be written over. */
  readonly isWatched: boolean;
  /** What comes on the standard input, where a verb is told to read it. */
  readonly input?: () => AsyncIterable<unknown>;
  /** Gives the keys of a terminal one by one, as they are pressed, until it is closed; absent where there is none. */
  readonly keyboard?: () => { readonly close: () => void };
  /** Once aborted, a run asks nothing more and is left unsealed. */
  readonly signal?: AbortSignal | undefined;
  readonly now: () => Instant;
  readonly wait: (ms: number) => Promise<void>;
  readonly write: (text: string) => void;
  readonly tell: (text: string) => void;
  readonly leave: (code: ExitCode) => void;
}

/** Where documents name none there is none to read. */
export function secretsOf({ secrets }: Context): SecretSources {
  return secrets ?? { environment: {}, folder: undefined };
}
