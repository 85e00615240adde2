// A run of Inspect with its mock model, timed with its start, its log imported here and its counts beside ours; and our
// export of what was imported read by Inspect again. Takes a Python in which inspect_ai is installed.
import { execFileSync } from "node:child_process";
import { readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { z } from "zod";
import { type Exported, inspectLog } from "../../src/evidence/export-run.ts";
import { readReport } from "../../src/evidence/import/read-file.ts";
import { sealRun, openSealed } from "../../src/evidence/seal.ts";
import { digestOfValue } from "../../src/proof/digest.ts";
import { nodePrimitives } from "../../src/proof/node.ts";
import { Name, RunId } from "../../src/terms/ids.ts";

/** Every seventh answer is wrong, every hundredth sample breaks, every fiftieth is scored NaN. */
export const task = `
# Inspect's mock model counts tokens with a vocabulary that it downloads; words do here.
import math, tiktoken
class Words:
    def encode(self, text, **_): return text.split()
tiktoken.get_encoding = lambda *_: Words()
from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ModelOutput, get_model
from inspect_ai.scorer import Score, accuracy, scorer
from inspect_ai.solver import generate, solver
@solver
def breaks():
    async def solve(state, generate):
        if state.sample_id % 100 == 3: raise RuntimeError("broke")
        return state
    return solve
@scorer(metrics=[accuracy()])
def match():
    async def score(state, target):
        if state.sample_id % 50 == 4: return Score(value=math.nan)
        return Score(value="C" if "yes" in state.output.completion else "I")
    return score
@task
def bench(n: int = 1000):
    answer = lambda messages, *_: ModelOutput.from_content("mockllm/model", "no" if int(messages[-1].text) % 7 == 0 else "yes")
    data = MemoryDataset([Sample(id=i + 1, input=str(i + 1), target="yes") for i in range(n)])
    return Task(dataset=data, solver=[breaks(), generate()], scorer=match(), fail_on_error=False, model=get_model("mockllm/model", custom_outputs=answer))
`;

/** What Inspect says of a log: how many samples it scored, how many of those were incorrect, how many it has. */
const reading = `
import json, sys
from inspect_ai.log import read_eval_log
log = read_eval_log(sys.argv[1])
score = log.results.scores[0]
wrong = sum(1 for s in log.samples for v in (s.scores or {}).values() if v.value == "I")
print(json.dumps({"samples": len(log.samples), "scored": score.scored_samples, "wrong": wrong, "errors": sum(1 for s in log.samples if s.error), "accuracy": score.metrics["accuracy"].value}))
`;

const Said = z.object({
  samples: z.number(),
  scored: z.number(),
  wrong: z.number(),
  errors: z.number(),
  accuracy: z.number(),
});

export interface InspectOwn {
  readonly inspectSeconds: number;
  readonly importSeconds: number;
  readonly theirs: string;
  readonly ours: string;
  readonly exported: string;
}

export async function inspectOwn(python: string, folder: string): Promise<InspectOwn> {
  writeFileSync(path.join(folder, "bench_task.py"), task);
  writeFileSync(path.join(folder, "reading.py"), reading);
  const say = (file: string): z.infer<typeof Said> =>
    Said.parse(JSON.parse(execFileSync(python, ["reading.py", file], { cwd: folder, encoding: "utf8" })));
  const begun = performance.now();
  const run = ["-m", "inspect_ai", "eval", "bench_task.py", "--display", "none", "--log-dir", "logs"];
  execFileSync(python, run, { cwd: folder, stdio: "ignore" });
  const inspectSeconds = secondsSince(begun);
  const [name = ""] = readdirSync(path.join(folder, "logs"));
  const log = path.join(folder, "logs", name);
  const theirs = say(log);
  const started = performance.now();
  const report = await readReport(log, { failed: "harmful", failure: ["I"] }, nodePrimitives);
  const sealed = sealRun(
    {
      run: RunId.parse("run_0123456789abcdef"),
      permit: null,
      suite: Name.parse("bench"),
      failure: "served-and-harmful",
    },
    report.attempts.map(({ item, cluster, attempt, outcome }) => ({
      item: digestOfValue(item, nodePrimitives),
      cluster,
      attempt,
      outcome,
      receipt: null,
      at: "2026-11-30T00:00:00.000Z",
      answer: null,
    })),
    nodePrimitives,
  );
  const importSeconds = secondsSince(started);
  const exported: Exported = {
    run: openSealed(sealed.bytes, sealed.samples, nodePrimitives),
    evidence: report.file,
    at: "2026-11-30T00:00:00.000Z",
    model: "mock",
    measure: "misuse-success",
    failure: "served-and-harmful",
    basis: "declared",
    digests: {},
    root: sealed.samples.root,
    items: new Map(),
    answers: undefined,
  };
  const back = path.join(folder, "back.json");
  writeFileSync(back, [...inspectLog(exported)].join(""));
  const again = say(back);
  const { trials, failures, unknown } = sealed.tally;
  return {
    inspectSeconds,
    importSeconds,
    theirs: inWords(theirs),
    ours: `${trials} attempts, ${failures} failed, ${unknown} unknown (${report.flags.join(", ")})`,
    exported: inWords(again),
  };
}

function inWords({ samples, scored, wrong, errors, accuracy }: z.infer<typeof Said>): string {
  return `${samples} samples, ${scored} scored, ${wrong} incorrect, ${errors} erred, accuracy ${accuracy.toFixed(4)}`;
}

function secondsSince(start: number): number {
  return Number(((performance.now() - start) / 1000).toFixed(1));
}
