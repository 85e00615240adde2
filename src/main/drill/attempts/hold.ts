// Attempts to get past a hold: to go on with a stream that runs, to reopen alone, to reopen with the certificate that was
// in force before.
import { monitorEventLoopDelay } from "node:perf_hooks";
import { z } from "zod";
import { need, refusalIn } from "../../in-process.ts";
import { askStream } from "../../talk.ts";
import {
  type Attempt,
  type Outcome,
  Unfinished,
  judgeKnock,
  judgeRefusal,
  opened,
  stopped,
  worst,
} from "../attempt.ts";
import { knock, plainBody } from "../gate.ts";
import type { Ground } from "../ground.ts";
import { recorded } from "./board.ts";
import { refusalOf, sessionOf } from "../submitting.ts";

/** Pieces of text that have to arrive before the hold is placed. */
const piecesFirst = 3;
/** A running stream ends within this long after the hold was answered, in milliseconds. */
const endMsMax = 1_000;

interface Watched {
  readonly finish: string;
  /** From the answer to the hold until the last text came. */
  readonly lateMs: number;
  /** The longest that this process, which reads the stream, stood still meanwhile. */
  readonly stalledMs: number;
}

/** A text that lay unread because the machine was busy says nothing of when it was sent. */
export function judgeStream({ finish, lateMs, stalledMs }: Watched): Outcome {
  const how = `ended as ${finish}, last text ${lateMs} ms after the hold was answered`;
  if (finish !== "content_filter") return opened(how);
  if (lateMs <= endMsMax) return stopped(how);
  if (lateMs - stalledMs > endMsMax) return opened(how);
  throw new Unfinished(`${how}, and this process stood still for ${stalledMs} ms`);
}

async function isHeld({ gate, caller }: Ground): Promise<Outcome> {
  return judgeKnock(await knock(gate, { secret: caller }), ["stage_closed:held"]);
}

const streamAcrossHold: Attempt = {
  name: "stream-across-a-hold",
  attempted: "An answer is streaming while one person holds the model; the stream tries to go on.",
  make: async (ground) => {
    const { gate, desk, caller, safety } = ground;
    const door = { dataPlane: gate.serving.dataPlane, secret: caller };
    const { pieces, refused } = await askStream(door, { ...plainBody, max_tokens: 4_000 });
    if (refused !== undefined) throw new Unfinished(`no stream began: ${refused.code ?? refused.status}`);
    const watched = { texts: 0, lastMs: 0, finish: "" };
    let holding: Promise<number> | undefined;
    const stalls = monitorEventLoopDelay();
    stalls.enable();
    const hold = async (): Promise<number> => {
      const args = ["release", "hold", "drill", "--reason", "drill", "--profile", safety];
      await need(desk.run(args), z.unknown());
      return performance.now();
    };
    for await (const piece of pieces) {
      if (piece.kind === "end") watched.finish = piece.finish;
      if (piece.kind !== "text") continue;
      watched.texts += 1;
      watched.lastMs = piece.atMs;
      if (watched.texts === piecesFirst) holding = hold();
    }
    if (holding === undefined) throw new Unfinished("the stream ended before the hold was placed");
    const lateMs = Math.round(watched.lastMs - (await holding));
    stalls.disable();
    const stream = judgeStream({ finish: watched.finish, lateMs, stalledMs: Math.round(stalls.max / 1e6) });
    return worst([stream, await isHeld(ground)]);
  },
};

const Resumed = z.object({ proposal: z.string() });

const loneResume: Attempt = {
  name: "lone-resume",
  attempted: "The owner alone proposes to reopen, signs, and advances.",
  make: async (ground) => {
    const { desk, owner } = ground;
    const asked = await desk.run(["release", "resume", "drill", "--profile", owner]);
    const { proposal } = Resumed.parse(asked.json);
    await need(desk.run(["release", "sign", proposal, "--reason", "drill", "--profile", owner]), z.unknown());
    const refused = refusalIn(await desk.run(["release", "advance", proposal, "--profile", owner]));
    return worst([judgeRefusal(refused?.code, ["gate_not_passed", "quorum_missing"]), await isHeld(ground)]);
  },
};

const replayedCertificate: Attempt = {
  name: "replayed-certificate",
  attempted: "The certificate that was in force before the hold is sent again.",
  make: async (ground) => {
    const session = await sessionOf(ground, ground.owner);
    const certificate = await recorded(session, (payload) => payload.includes('"verb":"certificate"'));
    const code = await refusalOf(session, certificate);
    const outcome = await isHeld(ground);
    return { ...outcome, how: `${code ?? "taken for what is recorded already"}; ${outcome.how}` };
  },
};

export const holdAttempts: readonly Attempt[] = [streamAcrossHold, loneResume, replayedCertificate];
