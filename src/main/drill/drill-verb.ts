// `headgate drill`: tries to get past one's own gate, and says how each attempt was stopped. What it runs is loaded only
// when it is asked for.
import { z } from "zod";
import type { Answer } from "../../cli/answer.ts";
import type { Context } from "../../cli/context.ts";
import type { ExtraVerb } from "../../cli/program.ts";
import { openSession, recordedIndex, signAs, submit } from "../../cli/session.ts";
import { type Call, addVerb } from "../../cli/verb.ts";
import { version } from "../version.ts";
import type { Result } from "./attempt.ts";
import type { DrillReport } from "./drill.ts";

const noOptions = z.object({});

export const addDrillVerb: ExtraVerb = (program, context) => {
  addVerb(program, context, {
    usage: "drill",
    summary: "try to get past your own gate: real attempts on a scratch deployment with a scripted upstream",
    options: noOptions,
    run: drill,
    more:
      "Nothing of your deployment is touched. With --profile the counts become a fact in its ledger.\n" +
      "Exit 0: nothing opened. 1: something did. 3: an attempt could not be made, which is not a pass.",
  });
};

async function drill(call: Call<object>): Promise<Answer> {
  const { base, context } = call;
  const { loudLines, runDrill } = await import("./drill.ts");
  const report = await runDrill({
    version: version(),
    onResult: (result, done, total) => {
      if (!base.json) context.tell(`${done}/${total}  ${lineOf(result)}\n`);
    },
  });
  const isOwn = (base.profile ?? context.profile) !== undefined;
  const ledgerIndex = isOwn ? await stateFact(call, report, context) : null;
  const exit = report.opened > 0 ? 1 : report.unfinished > 0 ? 3 : 0;
  return {
    json: { ...report, ledgerIndex },
    text: [...loudLines(report.results), summaryOf(report, ledgerIndex)].join("\n"),
    exit,
    next: undefined,
  };
}

function lineOf({ name, opened, unfinished, how }: Result): string {
  const word = opened ? "OPENED" : unfinished ? "UNFINISHED" : "stopped";
  return `${word.padEnd(10)}  ${name}: ${how}`;
}

function summaryOf(report: DrillReport, ledgerIndex: number | null): string {
  const { attempts, opened, unfinished, seconds, control } = report;
  const fact = ledgerIndex === null ? "" : ` Recorded as entry ${ledgerIndex} of the ledger.`;
  const gate = control.opened ? "the scratch gate opened when everything was right" : `DEAD GATE (${control.how})`;
  return (
    `${attempts} attempts, ${opened} opened, ${unfinished} unfinished, in ${seconds} s; ${gate}.\n` +
    `Scratch deployment, own root and folder, scripted upstream (no model was asked).${fact}`
  );
}

async function stateFact({ base }: Call<object>, report: DrillReport, context: Context): Promise<number> {
  const session = await openSession(base, context);
  const { attempts, opened, unfinished } = report;
  const body = { fact: { kind: "drill", attempts, opened, unfinished }, model: null } as const;
  return recordedIndex(await submit(session, await signAs(session, "fact", body)));
}
