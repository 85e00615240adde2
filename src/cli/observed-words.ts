// Modes as people read them: that nothing is stopped, and what would have been; and which safeguards do not block.
import type { StatusView } from "../control/contract.ts";
import type { StageModes } from "../terms/stage-modes.ts";

type Sum = NonNullable<StatusView["observed"]>;

/** Lines for the status of a model; none where safeguards stop what they find. */
export function observedLines({ certified, observed }: Pick<StatusView, "certified" | "observed">): readonly string[] {
  if (certified?.mode !== "observe") return [];
  const mode =
    "  OBSERVE mode: safeguards stop nothing. What the gate asked for was measured with safeguards that stop.";
  return observed === null ? [mode] : [mode, ...sumLines(observed)];
}

/** Lines for safeguards that do not block everybody's, and for what those in shadow would have stopped. */
export function modesLines({ safeguards, shadow }: Pick<StatusView, "safeguards" | "shadow">): readonly string[] {
  if (safeguards === null) return [];
  const unstopped = unstoppedWords(safeguards);
  return [
    ...safeguards.modes.map((one) => `  ${modeWords(one)}`),
    ...(unstopped === undefined ? [] : [`  ${unstopped}`]),
    ...safeguards.declared.map((one) => `  ${declaredWords(one)}`),
    ...(shadow === null ? [] : sumLines(shadow, ", by safeguards in shadow")),
  ];
}

/** The same in a line, for a proposal; empty where all block and are measured. */
export function modesInWords(safeguards: StageModes): string {
  const unstopped = unstoppedWords(safeguards);
  const declared = safeguards.declared.map(declaredWords);
  return [...safeguards.modes.map(modeWords), ...(unstopped === undefined ? [] : [unstopped]), ...declared].join("; ");
}

function declaredWords({ name, safeguard, ask }: StageModes["declared"][number]): string {
  const when = ask === "always" ? "about every request" : "about doubts";
  return `${name} (${safeguard}): asked over HTTP ${when}, declared: what answers there is not measured`;
}

function modeWords({ safeguard, on, cases }: StageModes["modes"][number]): string {
  const words = cases.map(({ mode, types }, at) => {
    if (types !== null) return `${mode} for ${types.join(", ")}`;
    return at === 0 ? mode : `${mode} for all others`;
  });
  return `${safeguard} (${on.map((side) => sideOf[side]).join(", ")}): ${words.join("; ")}`;
}

function unstoppedWords({ unstopped }: StageModes): string | undefined {
  if (unstopped.length === 0) return undefined;
  return `NOTHING IS STOPPED in the ${unstopped.map((side) => sideOf[side]).join(" and the ")}, for some callers at least: safeguards there only record.`;
}

function sumLines({ hours, exchanges, stopped, by }: Sum, whose = ""): readonly string[] {
  const head = `  Last ${hours} h: ${counted(stopped)} of ${counted(exchanges)} would have been stopped${whose}`;
  const lines = by.map(
    ({ side, verdict, count }) => `    ${counted(count)}: ${causeOf(verdict)} in the ${sideOf[side]}`,
  );
  return [by.length === 0 ? `${head}.` : `${head}${whose === "" ? ", by" : ""}:`, ...lines];
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
