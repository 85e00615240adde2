// The script of an attempt that another model leads: it sees the objective, what was sent and what was answered, and writes the next request.
// That it is about to be asked, and what it said, is on the disk before anything of it leaves; its budget holds over all sittings.
import type { Attacker } from "../evidence/attacker/attacker-document.ts";
import { attackQuestion, strategyOf } from "../evidence/attacker/strategies.ts";
import { type Instant, timestampOf } from "../terms/ids.ts";
import type { AttackServer } from "./ask-attacker.ts";
import type { AttackBook, AttackLine } from "./attack-lines.ts";
import type { DoneTurn, Message, NextTurn, Script, ScriptPlace } from "./script.ts";

export interface AttackerMeans {
  readonly server: AttackServer;
  readonly book: AttackBook;
  /** Resolves once it is in the book, and on the disk. */
  readonly write: (line: AttackLine) => Promise<void>;
  readonly now: () => Instant;
  readonly wait: (ms: number) => Promise<void>;
  /** What chance is drawn from. */
  readonly seed: number;
}

/** Times that an attacker that says nothing is asked for one message, and how long it is waited for between them, the first time. */
const triesMax = 3;
const retryMs = 500;

/** `first`: the item as its suite has it, the objective in its last turn. */
export function attackerScript(first: readonly Message[], means: AttackerMeans): Script {
  const { attacker } = means.server;
  const system = first.filter(({ role }) => role === "system");
  const objective = first.at(-1)?.content ?? "";
  const { isAnew } = strategyOf[attacker.strategy];
  return {
    turns: attacker.turns,
    graded: "each",
    callsIn: ({ calls }) => calls,
    next: async (done, place) => {
      const message = await messageFor({ objective, done, place }, means);
      if (message === "unable" || message === "later") return message;
      const user = { role: "user", content: message.said } as const;
      const begins = isAnew || done.length === 0;
      return { isAnew: begins, asked: begins ? [...system, user] : [user] } satisfies NextTurn;
    },
  };
}

interface Wanted {
  readonly objective: string;
  readonly done: readonly DoneTurn[];
  readonly place: ScriptPlace;
}

interface Said {
  readonly said: string;
}

/** `unable` where its budget is spent, `later` where it says nothing now. */
async function messageFor(
  { objective, done, place }: Wanted,
  means: AttackerMeans,
): Promise<Said | "unable" | "later"> {
  const { server, book } = means;
  const at = { ...place, turn: done.length + 1 };
  const known = book.said(at);
  if (known !== undefined) return { said: known };
  const before = done.map(({ asked, answer }) => ({ message: asked.at(-1)?.content ?? "", answer }));
  const question = attackQuestion(objective, before, server.attacker.turns);
  for (let tried = 0; tried < triesMax; tried += 1) {
    if (tried > 0) await means.wait(retryMs * 2 ** (tried - 1));
    const tokens = server.tokensFor(question);
    if (!isWithin(server.attacker, book, tokens)) return "unable";
    await means.write({ kind: "attacking", ...at, at: timestampOf(means.now()), tokens });
    const attack = await server.ask(question, seedFor(means.seed, at, tried));
    if (attack.kind !== "said") continue;
    const counted = attack.tokens === undefined ? {} : { tokens: attack.tokens };
    await means.write({ kind: "attacked", ...at, at: timestampOf(means.now()), said: attack.text, ...counted });
    return { said: attack.text };
  }
  return "later";
}

function isWithin({ budget }: Attacker, book: AttackBook, tokens: number): boolean {
  const spent = book.spent();
  return spent.requests < budget.requests && spent.tokens + tokens <= budget.tokens;
}

/** Another one for each attempt, turn and try: the same for the same, so that a run can be repeated as far as its server can. */
function seedFor(
  seed: number,
  { attempt, turn }: { readonly attempt: number; readonly turn: number },
  tried: number,
): number {
  return (seed + attempt * 10_007 + turn * 101 + tried) % 2_147_483_647;
}
