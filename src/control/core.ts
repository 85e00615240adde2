// What the parts of a running control plane know of each other; made once by src/control/open-control.ts.
import type { PublicFile } from "../feed/feed.ts";
import type { Replica } from "../feed/replica.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { Mark } from "../ledger/load.ts";
import type { Primitives, Signer } from "../proof/primitives.ts";
import type { RecentRefusal } from "../release/explain.ts";
import type { Records } from "../release/records.ts";
import type { Database } from "../store/database.ts";
import type { Digest, Instant, ReceiptId } from "../terms/ids.ts";
import type { ConsoleFiles } from "./console-files.ts";
import type { RunningAt } from "../terms/running.ts";
import type { Content } from "./content.ts";
import type { LiveProcess } from "./contract-live.ts";
import type { StatementAnswer } from "./contract.ts";
import type { RunDesk } from "./evidence/run-desk.ts";
import type { CheckView } from "./contract-doctor.ts";
import type { SettingView } from "./contract-settings.ts";
import type { FeedServer } from "./feed-server.ts";
import type { Network } from "../terms/network.ts";
import type { HoldWatch } from "./hold-watch.ts";
import type { Here } from "./initialise.ts";
import type { LedgerIndex } from "./ledger-index.ts";
import type { ReviewDesk, SealingKeys } from "./review-desk.ts";
import type { Rejudging } from "./rejudging.ts";
import type { TryText } from "./try-desk.ts";
import type { OpenEndpoint, Webhooks } from "./webhooks/webhooks.ts";
import type { SessionDesk } from "./session-desk.ts";
import type { WatchDesk } from "./watch-desk.ts";
import type { WatchedDatabase } from "./watched-database.ts";
import type { Writer } from "./writer.ts";

export interface ControlOptions {
  /** Open, migrated or not. Closed by whoever opened it, after the control plane. */
  readonly database: Database;
  readonly primitives: Primitives;
  readonly clock: () => Instant;
  readonly random: (count: number) => Uint8Array;
  readonly signers: { readonly log: Signer; readonly control: Signer; readonly gateways: readonly Signer[] };
  /** What texts for reviewers are sealed to. */
  readonly sealing: SealingKeys;
  readonly paths: {
    /** The one-time code, written while nobody owns the deployment. */
    readonly codeFile: string;
    /** What the deployment is pinned to. */
    readonly trustFile: string;
  };
  readonly version: string;
  /** Base URL of the data plane, for those who ask. */
  readonly dataPlane: string;
  readonly demo: boolean;
  /** The built console; where it is not given, its address says how it comes to be built. */
  readonly console?: ConsoleFiles | undefined;
  /** Names besides those of this machine that the Host header may carry. */
  readonly hosts: readonly string[];
  /** Of the operator, before this listener: what they forward is whom a request comes from. None where it is not given. */
  readonly proxies?: readonly Network[] | undefined;
  /** A tree seen before: the ledger must contain it. */
  readonly mark?: Mark | undefined;
  /** The first trust root, known from elsewhere. */
  readonly pin?: Digest | undefined;
  /** What `/metrics` shows, and the token that reads it; no such page where it is not given. */
  readonly metrics?: Metrics | undefined;
  /** Who is told of what happens here; nobody where it is not given. */
  readonly endpoints?: readonly OpenEndpoint[] | undefined;
  /** Whom callers are told to ask. */
  readonly contact?: string | undefined;
  /** Where each setting of the server comes from; nothing where it is not given. */
  readonly settings?: readonly SettingView[] | undefined;
  /** What is seen of the machine that the server runs on. */
  readonly machineChecks?: (() => readonly CheckView[]) | undefined;
  /** A refusal that left no receipt, where a gateway of this server remembers it. */
  readonly recentRefusal?: ((id: ReceiptId) => Promise<RecentRefusal | undefined>) | undefined;
  /** What the gateways of this server have under way; nobody knows where it is not given. */
  readonly running?: (() => Promise<readonly RunningAt[]>) | undefined;
  /** What a text would come to; nobody can try one where it is not given. */
  readonly tryText?: TryText | undefined;
  /** What goes on now, by the second, of the processes here that have gateways. */
  readonly live?: ((since: number) => Promise<readonly LiveProcess[]>) | undefined;
  readonly report: (event: string, detail: Readonly<Record<string, string | number>>) => void;
}

export interface Metrics {
  readonly token: string | undefined;
  readonly read: () => Promise<{ readonly text: string; readonly type: string }>;
}

/** Everything the routes need; made once by `openControl`. */
export interface Core {
  readonly options: ControlOptions;
  readonly here: Here;
  readonly database: WatchedDatabase;
  readonly ledger: Ledger;
  readonly replica: Replica;
  /** What the ledger is looked through by. */
  readonly index: LedgerIndex;
  readonly writer: Writer;
  readonly feeds: FeedServer;
  readonly holdWatch: HoldWatch;
  readonly records: Records;
  /** Sealed runs, opened and looked through. */
  readonly runs: RunDesk;
  readonly reviews: ReviewDesk;
  readonly watch: WatchDesk;
  readonly webhooks: Webhooks;
  readonly rejudging: Rejudging;
  /** As `publicFile` of src/feed/feed.ts. */
  readonly publicFile: (path: string) => Promise<PublicFile | undefined>;
  readonly sessions: SessionDesk;
  readonly submit: (envelope: Uint8Array, content: Content) => Promise<StatementAnswer>;
  readonly initialise: (envelope: Uint8Array, code: string, content: Content) => Promise<StatementAnswer>;
}
