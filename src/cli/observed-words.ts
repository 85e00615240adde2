// Observe mode as people read it: that nothing is stopped, and what would have been.
import type { StatusView } from "../control/contract.ts";

type Sum = NonNullable<StatusView["observed"]>;

/** Lines for the status of a model; none where safeguards stop what they find. */
export function observedLines({ certified, observed }: Pick<StatusView, "certified" | "observed">): readonly string[] {
  if (certified?.mode !== "observe") return [];
  const mode =
    "  OBSERVE mode: safeguards stop nothing. What the gate asked for was measured with safeguards that stop.";
  return observed === null ? [mode] : [mode, ...sumLines(observed)];
}

function sumLines({ hours, exchanges, stopped, by }: Sum): readonly string[] {
  const head = `  Last ${hours} h: ${counted(stopped)} of ${counted(exchanges)} would have been stopped`;
  const lines = by.map(
    ({ side, verdict, count }) => `    ${counted(count)}: ${causeOf(verdict)} in the ${sideOf[side]}`,
  );
  return [by.length === 0 ? `${head}.` : `${head}, by:`, ...lines];
}

const sideOf = { input: "request", output: "answer" } as const satisfies Record<Sum["by"][number]["side"], string>;

function causeOf(verdict: string): string {
  const [kind = "", what = ""] = verdict.split(":");
  if (kind === "unknown") return `not judged (${what})`;
  return kind === "review" ? `${what} (for review)` : what;
}

function counted(count: number): string {
  return count.toLocaleString("en-US");
}
