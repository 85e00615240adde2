// The control plane's part in reviews: it keeps what gateways hand over, shows who waits, opens a text for a reviewer once the
// ledger says who read it, and erases. What was decided is the ledger's word; rows follow it.
import type { Retention } from "../acts/conditions.ts";
import { shorterOf } from "../acts/retention.ts";
import { type State, latestCertificate } from "../acts/state.ts";
import { openStatement } from "../acts/statement.ts";
import type { Replica } from "../feed/replica.ts";
import {
  type AskedReview,
  type KeptReview,
  type ReviewText,
  type SealingKey,
  type SignedSealingKey,
  openText,
  signSealingKey,
} from "../feed/reviews.ts";
import type { Primitives, Signer } from "../proof/primitives.ts";
import { labelOf, labelSamples } from "../release/watch-store.ts";
import type { Database } from "../store/database.ts";
import { Failure } from "../terms/failure.ts";
import { type Instant, type Name, type ReviewId, type Timestamp, instantOf } from "../terms/ids.ts";
import { troubleIn } from "../terms/trouble.ts";
import { noContent } from "./content.ts";
import {
  type StoredReview,
  type Waiting,
  eraseReviews,
  findReview,
  hasReviews,
  keepReview,
  listUndecided,
  listWaiting,
  markDecided,
  sealingKeysNeeded,
  shortenReviews,
  waitingReviews,
} from "./review-store.ts";
import type { Writer } from "./writer.ts";

/** Private halves of what texts are sealed to. They lie with the server's keys, not with its data. */
export interface SealingKeys {
  /** What to seal to now, and until when. */
  readonly current: () => { readonly key: SealingKey; readonly notAfter: Timestamp };
  /** The private half; undefined once it is destroyed. */
  readonly find: (key: SealingKey) => Uint8Array | undefined;
  /** Destroys those that nobody seals to any more, but for `needed`: what was sealed to them is then lost for good. */
  readonly destroy: (needed: ReadonlySet<string>) => void;
}

export interface ReviewOptions {
  readonly database: Database;
  readonly replica: Replica;
  readonly writer: Writer;
  readonly sealing: SealingKeys;
  readonly control: Signer;
  readonly primitives: Primitives;
  readonly clock: () => Instant;
  readonly report: (event: string, detail: Readonly<Record<string, string | number>>) => void;
}

export interface ReviewDesk {
  readonly sealingKey: () => Promise<SignedSealingKey>;
  /** Fails with statement_invalid where the fold does not know the key. */
  readonly keep: (asked: AskedReview) => Promise<KeptReview>;
  readonly waiting: () => Promise<Waiting>;
  readonly list: () => Promise<readonly StoredReview[]>;
  readonly find: (review: ReviewId) => Promise<StoredReview | undefined>;
  /**
   * The text of a review, to whoever signed this `reading` of it, once: it is in the ledger before the text is shown.
   * Fails as the rules do, with not_found where the text is erased, and with conflict where the statement came before.
   */
  readonly read: (
    review: ReviewId,
    envelope: Uint8Array,
  ) => Promise<{ readonly text: ReviewText; readonly stored: StoredReview }>;
  /** Brings rows to where the ledger is, and erases what is over. */
  readonly sweep: () => Promise<void>;
  readonly close: () => Promise<void>;
}

const sweepMs = 60_000;

export function openReviewDesk(options: ReviewOptions): ReviewDesk {
  const { database, replica, sealing, clock } = options;
  let last: Promise<void> = Promise.resolve();
  /** Decisions and certificates that rows have been told of. */
  let swept = 0;

  async function sweepNow(): Promise<void> {
    swept = newsIn(replica);
    if (await hasReviews(database)) {
      const undecided = await listUndecided(database);
      const decided = undecided.flatMap((id) => replica.state.reviews.get(id) ?? []);
      await database.transaction(async (transaction) => {
        for (const { review, at, sample, verdict } of decided) {
          await markDecided(transaction, review, instantOf(at));
          if (sample === undefined) continue;
          await labelSamples(transaction, { review, label: labelOf(sample, verdict) }, clock());
        }
        for (const { release } of [...replica.state.certificates.values()].flatMap((all) => all.slice(-1)))
          await shortenReviews(transaction, release.model, release.conditions.retention);
        await eraseReviews(transaction, clock());
      });
    }
    sealing.destroy(await sealingKeysNeeded(database));
  }

  async function sweep(): Promise<void> {
    last = last.then(sweepNow).catch((error: unknown) => {
      options.report("review", { why: troubleIn(error) });
    });
    await last;
  }

  const timer = setInterval(() => void sweep(), sweepMs);
  options.writer.onAppend(() => {
    if (newsIn(replica) > swept) void sweep();
  });
  return {
    sealingKey: async () => signSealingKey(sealing.current(), options.control),
    keep: async (asked) => {
      if (!replica.state.keySecrets.has(asked.facts.key))
        throw new Failure("statement_invalid", "There is no such key.");
      // A gateway that knows the certificate of before keeps nothing for longer than the one that counts says.
      const rules = shorterOf(asked.rules, retentionOf(replica.state, asked.facts.model));
      return database.transaction(async (transaction) => keepReview(transaction, { ...asked, rules }, clock()));
    },
    waiting: async () => waitingReviews(database, clock()),
    list: async () =>
      (await listWaiting(database, clock())).filter(({ facts }) => !replica.state.reviews.has(facts.review)),
    find: async (review) => findReview(database, review),
    read: async (review, envelope) => {
      // What was decided a moment ago is erased first, and whatever else is over; where that fails nothing is shown.
      await last;
      await sweepNow();
      return readText(options, review, envelope);
    },
    sweep,
    close: async () => {
      clearInterval(timer);
      await last;
    },
  };
}

function retentionOf(state: State, model: Name): Retention | undefined {
  return latestCertificate(state, model)?.release.conditions.retention;
}

/** How much there was by now of what ends the time of a text. */
function newsIn({ state: { reviewed, certificates } }: Replica): number {
  const certified = [...certificates.values()].reduce((sum, all) => sum + all.length, 0);
  return certified + reviewed.allow + reviewed.refuse + reviewed.labels;
}

async function readText(
  options: ReviewOptions,
  review: ReviewId,
  envelope: Uint8Array,
): Promise<{ readonly text: ReviewText; readonly stored: StoredReview }> {
  const { database, sealing, primitives, writer } = options;
  const { predicate } = await openStatement(envelope, primitives);
  if (predicate.verb !== "reading" || predicate.body.review !== review) {
    throw new Failure("statement_invalid", "A text is opened to a signed reading of that very review.");
  }
  const stored = await findReview(database, review);
  if (stored === undefined) throw new Failure("not_found", "There is no such review here.");
  const key = stored.sealed === null ? undefined : sealing.find(stored.sealed.to);
  if (stored.sealed === null || key === undefined) throw erased();
  // Before it is recorded: the ledger must not say that somebody was shown what cannot be shown.
  const text = openText(stored.sealed, key, { facts: stored.facts, hasher: primitives });
  let isNew = false;
  await writer.record(envelope, noContent, async () => {
    isNew = true;
  });
  // Envelopes stand in the ledger for all readers to see: one that opened a text must not open it again for others.
  if (!isNew) throw new Failure("conflict", "This reading was recorded before. Sign another one.");
  return { text, stored };
}

function erased(): Failure {
  return new Failure("not_found", "The text of this review is erased: it was decided, or its time was over.");
}
