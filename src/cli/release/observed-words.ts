// Modes as people read them: that nothing is stopped, and what would have been; and which safeguards do not block.
import type { StatusView } from "../../control/contract.ts";
import { declaredInWords, modeInWords, narrowInWords, sideInWords, unstoppedInWords } from "../../terms/stage-modes.ts";

type Sum = NonNullable<StatusView["observed"]>;

/** Lines for the status of a model; none where safeguards stop what they find. */
export function observedLines({ certified, observed }: Pick<StatusView, "certified" | "observed">): readonly string[] {
  if (certified?.mode !== "observe") return [];
  const mode =
    "  OBSERVE mode: safeguards stop nothing. What the gate asked for was measured with safeguards that stop.";
  return observed === null ? [mode] : [mode, ...sumLines(observed)];
}

/** Lines for safeguards that do not block everybody's, and for what those in shadow would have stopped. */
export function modesLines({
  safeguards,
  shadow,
  unstopped,
}: Pick<StatusView, "safeguards" | "shadow" | "unstopped">): readonly string[] {
  return [
    ...(safeguards?.modes ?? []).map((one) => `  ${modeInWords(one)}`),
    ...unstoppedInWords({ unstopped }).map((line) => `  ${line}`),
    ...narrowInWords(safeguards ?? {}).map((line) => `  ${line}`),
    ...(safeguards?.declared ?? []).map((one) => `  ${declaredInWords(one)}`),
    ...(shadow === null ? [] : sumLines(shadow, ", by safeguards in shadow")),
  ];
}

function sumLines({ hours, exchanges, stopped, by }: Sum, whose = ""): readonly string[] {
  const head = `  Last ${hours} h: ${counted(stopped)} of ${counted(exchanges)} would have been stopped${whose}`;
  const lines = by.map(
    ({ side, verdict, count }) => `    ${counted(count)}: ${causeOf(verdict)} in the ${sideInWords[side]}`,
  );
  return [by.length === 0 ? `${head}.` : `${head}${whose === "" ? ", by" : ""}:`, ...lines];
}

function causeOf(verdict: string): string {
  const [kind = "", what = ""] = verdict.split(":");
  if (kind === "unknown") return `not judged (${what})`;
  return kind === "review" ? `${what} (for review)` : what;
}

function counted(count: number): string {
  return count.toLocaleString("en-US");
}
