// What a permit still covers: each item as often as the permit says with an answer, and a few times more for attempts that
// got none; its tokens; and some exchanges at once. Kept in memory for as long as the permit lasts: what was sent before a
// restart stands in the ledger, and at the least its count is known from there.
import type { Permit } from "../acts/bodies.ts";
import { type Digest, type Instant, type PermitId, instantOf } from "../terms/ids.ts";
import { exchangesPerKeyMax } from "./quota.ts";

/** Sends per allowed attempt, unanswered ones included. */
const sendsPerAttemptMax = 4;

interface Send {
  readonly permit: Permit;
  readonly item: Digest;
  /** Of the item's text, and of its answer at the most. What the document adds is not the permit's. */
  readonly tokens: { readonly prompt: number; readonly answer: number };
  /** Exchanges under this permit that the ledger has. */
  readonly recorded: number;
  readonly at: Instant;
}

interface Sent {
  readonly kind: "reserved";
  readonly settle: (ended: { readonly isAnswered: boolean; readonly answerTokens: number }) => void;
}

interface UsedUp {
  readonly kind: "exhausted";
  readonly what: "attempts" | "tokens" | "exchanges";
}

export interface Attempts {
  readonly begin: (send: Send) => Sent | UsedUp;
  /** Permits that are kept count of. */
  readonly count: () => number;
}

interface Account {
  /** Nothing is sent under its permit from then on. */
  readonly end: Instant;
  sent: number;
  underWay: number;
  tokens: number;
  readonly items: Map<Digest, ItemAccount>;
}

interface ItemAccount {
  sent: number;
  underWay: number;
  answered: number;
}

export function createAttempts(): Attempts {
  const accounts = new Map<PermitId, Account>();
  const accountOf = ({ permit, at }: Send): Account => {
    const known = accounts.get(permit.permit);
    if (known !== undefined) return known;
    for (const [id, { end, underWay }] of accounts) if (end < at && underWay === 0) accounts.delete(id);
    const made: Account = { end: instantOf(permit.notAfter), sent: 0, underWay: 0, tokens: 0, items: new Map() };
    accounts.set(permit.permit, made);
    return made;
  };
  return {
    count: () => accounts.size,
    begin: (send) => {
      const { tokens } = send;
      const account = accountOf(send);
      const item: ItemAccount = account.items.get(send.item) ?? { sent: 0, underWay: 0, answered: 0 };
      account.items.set(send.item, item);
      const what = usedUp(send, account, item);
      if (what !== undefined) return { kind: "exhausted", what };
      const reserved = tokens.prompt + tokens.answer;
      account.sent += 1;
      account.underWay += 1;
      account.tokens += reserved;
      item.sent += 1;
      item.underWay += 1;
      let isSettled = false;
      const settle: Sent["settle"] = ({ isAnswered, answerTokens }) => {
        if (isSettled) return;
        isSettled = true;
        account.underWay -= 1;
        account.tokens += tokens.prompt + Math.min(answerTokens, tokens.answer) - reserved;
        item.underWay -= 1;
        if (isAnswered) item.answered += 1;
      };
      return { kind: "reserved", settle };
    },
  };
}

function usedUp({ permit, tokens, recorded }: Send, account: Account, item: ItemAccount): UsedUp["what"] | undefined {
  // What is under way counts as answered until it is known: else many at once would get more answers than one by one.
  const answersMax = permit.attempts * (permit.adaptive?.turns ?? 1);
  if (item.answered + item.underWay >= answersMax) return "attempts";
  const sendsMax = answersMax * sendsPerAttemptMax;
  const allMax = permit.adaptive?.requests ?? permit.items.count * sendsMax;
  if (item.sent >= sendsMax || Math.max(account.sent, recorded) >= allMax) return "attempts";
  if (account.tokens + tokens.prompt + tokens.answer > permit.tokens) return "tokens";
  return account.underWay >= exchangesPerKeyMax ? "exchanges" : undefined;
}
