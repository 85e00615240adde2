// A consultation of this name that is over: others had the time that was promised to say something.
import { z } from "zod";
import { Name } from "../../terms/ids.ts";
import { TierNumber } from "../tier-number.ts";
import type { GateCase, RequirementJudgement } from "../judgement.ts";

export const Consulted = z.strictObject({ id: Name, consulted: Name, tier: TierNumber.optional() });
export type Consulted = z.infer<typeof Consulted>;

export function judgeConsulted({ id, consulted }: Consulted, { facts }: Pick<GateCase, "facts">): RequirementJudgement {
  const said = facts.flatMap(({ fact, at }) =>
    fact.kind === "consultation" && fact.name === consulted ? [{ state: fact.state, at }] : [],
  );
  const last = said.at(-1);
  // One that was never opened is none, whatever is said of its end.
  const isOver = last?.state === "closed" && said.some(({ state }) => state === "open");
  return {
    id,
    kind: "consulted",
    verdict: isOver ? "pass" : "inconclusive",
    have: { state: last?.state ?? null, since: last?.at ?? null },
    need: { consulted },
    why: isOver
      ? `The consultation ${consulted} was open, and is over since ${last.at}.`
      : last?.state === "open"
        ? `The consultation ${consulted} is open since ${last.at}.`
        : `No consultation ${consulted} was held.`,
    stillToShow: isOver ? null : `the end of consultation ${consulted}`,
  };
}
