// The script of an item in a toy world: what the model called is answered from the world's tables, until it calls nothing.
import { callsInText, resultsInWords } from "../evidence/world/calls.ts";
import { resultOf } from "../evidence/world/tools.ts";
import type { World, WorldRun } from "../evidence/world/world-document.ts";
import { type DoneTurn, type Message, type NextTurn, type Script, callId } from "./script.ts";

/** Pure: the same answers make the same requests. */
export function worldScript(first: readonly Message[], world: World, { turns, calls }: WorldRun): Script {
  const told = calls === "text" ? toldInText : toldNatively;
  return {
    turns,
    graded: "together",
    callsIn: (answer) => (calls === "text" ? callsInText(answer.answer) : answer.calls),
    next: (done) => {
      const last = done.at(-1);
      if (last === undefined) return { asked: first, isAnew: true };
      return told(world, last);
    },
  };
}

function toldInText(world: World, last: DoneTurn): NextTurn | undefined {
  const calls = callsInText(last.answer);
  if (calls.length === 0) return undefined;
  return { isAnew: false, asked: [{ role: "user", content: resultsInWords(world, calls) }] };
}

function toldNatively(world: World, { calls }: DoneTurn): NextTurn | undefined {
  if (calls.length === 0) return undefined;
  const asked = calls.map((call, at) => ({
    role: "tool" as const,
    tool_call_id: callId(at),
    content: resultOf(world, call),
  }));
  return { isAnew: false, asked };
}
