// Judges what is certified again, once a day and whenever the ledger has something new to judge it by, and lets lapse what was signed to
// lapse. One at a time, behind everything else; what it finds is shown in status and metrics, whether anything lapses or not.
import { randomBytes } from "node:crypto";
import { type Certificate, type State, latestCertificate } from "../acts/state.ts";
import { signStatement } from "../acts/statement.ts";
import { standing } from "../exposure/exposure.ts";
import type { Replica } from "../feed/replica.ts";
import type { Primitives, Signer } from "../proof/primitives.ts";
import type { Records } from "../release/records.ts";
import { type Rejudged, lapsesBy, rejudge } from "../release/rejudge.ts";
import { Failure } from "../terms/failure.ts";
import { type DeploymentId, type Instant, type Name, timestampOf } from "../terms/ids.ts";
import { troubleIn } from "../terms/trouble.ts";
import { noContent } from "./content.ts";
import type { Writer } from "./writer.ts";

export interface RejudgingOptions {
  readonly replica: Pick<Replica, "state">;
  readonly records: Records;
  readonly writer: Pick<Writer, "record">;
  readonly control: Signer;
  readonly deployment: DeploymentId;
  readonly primitives: Primitives;
  readonly clock: () => Instant;
  readonly report: (event: string, detail: Readonly<Record<string, string | number>>) => void;
}

export interface Rejudging {
  /** What each model's certificate came to when it was judged last; none where none is open. */
  readonly last: (model: Name) => Rejudged | undefined;
  readonly all: () => readonly Rejudged[];
  /** Judges what there is to judge by now; what fails is reported, and tried again at the next look. Never fails. */
  readonly look: () => Promise<void>;
  readonly close: () => Promise<void>;
}

const lookMs = 1_000;
const dayMs = 86_400_000;

export function openRejudging(options: RejudgingOptions): Rejudging {
  const { replica, clock, report } = options;
  const found = new Map<Name, Seen>();
  let isClosed = false;
  let looking: Promise<void> | undefined;

  async function lookOnce(): Promise<void> {
    const { state } = replica;
    const open = openCertificates(state, clock());
    for (const model of found.keys()) if (!open.some(({ release }) => release.model === model)) found.delete(model);
    for (const certificate of open) {
      if (isClosed) return;
      const { model, certificate: id } = certificate.release;
      const [seen, news, at] = [found.get(model), newsIn(state), clock()];
      const isSeen = seen?.rejudged.certificate === id && seen.news === news && at - seen.rejudged.at < dayMs;
      if (isSeen) continue;
      try {
        const rejudged = await rejudge(options.records, { state, certificate, at });
        // What came while this read is judged at the next look: nothing lapses for good by half of what there is.
        if (newsIn(state) !== news) continue;
        if (lapsesBy(certificate, rejudged.verdict)) await letLapse(rejudged, options);
        found.set(model, { news, rejudged });
      } catch (error) {
        // One that cannot be judged now keeps no other from being judged.
        report("rejudge", { model, why: troubleIn(error) });
      }
    }
  }

  /** One at a time. */
  async function look(): Promise<void> {
    looking ??= lookOnce().finally(() => {
      looking = undefined;
    });
    await looking;
  }

  const timer = setInterval(() => void look(), lookMs);
  return {
    last: (model) => found.get(model)?.rejudged,
    all: () => [...found.values()].map(({ rejudged }) => rejudged),
    look,
    close: async () => {
      isClosed = true;
      clearInterval(timer);
      await looking;
    },
  };
}

interface Seen {
  readonly rejudged: Rejudged;
  /** What there was to judge by. */
  readonly news: string;
}

function openCertificates(state: State, at: Instant): readonly Certificate[] {
  return [...state.certificates.keys()].flatMap((model) => {
    const latest = latestCertificate(state, model);
    const isOpen = standing(state, model, { at, early: [] }).kind === "open";
    return isOpen && latest !== undefined ? [latest] : [];
  });
}

/** Changes with whatever a gate could come out otherwise by; exchanges under a permit count once its run is sealed, or a day later. */
function newsIn({ facts, evidence, persons, proposals, lost }: State): string {
  const withdrawn = [...evidence.values()].filter((one) => one.withdrawn).length;
  const suspended = [...persons.values()].filter((one) => one.suspended).length;
  return [facts.length, evidence.size, withdrawn, persons.size, suspended, proposals.size, lost.length].join(" ");
}

async function letLapse(rejudged: Rejudged, options: RejudgingOptions): Promise<void> {
  const { model, certificate, verdict, open } = rejudged;
  if (await recordLapse(rejudged, options))
    options.report("lapsed", { model, certificate, verdict, requirements: open.join(",") });
}

/** Whether it lapsed by this. */
async function recordLapse(
  { certificate, verdict, open }: Rejudged,
  { writer, control, deployment, primitives, clock }: RejudgingOptions,
): Promise<boolean> {
  if (verdict === "pass") return false;
  const body = { certificate, verdict, requirements: [...open] };
  const nonce = randomBytes(16).toString("hex");
  const draft = { deployment, verb: "lapse", body, nonce, at: timestampOf(clock()), seen: null } as const;
  try {
    await writer.record(await signStatement(draft, [control], primitives), noContent);
    return true;
  } catch (error) {
    // It lapsed meanwhile, or another certificate took its place: there is nothing left to end.
    if (!(error instanceof Failure) || (error.code !== "conflict" && error.code !== "not_found")) throw error;
    return false;
  }
}
