// A garak report (`*.report.jsonl`) as a report: one attempt an output, one cluster a prompt, since generations of a prompt
// are draws of one trial. An output that is missing erred, one that no detector could score is unscored, an attempt that
// never came to be evaluated erred with all its outputs. The hit log has only the hits, so it can be compared and never
// counted. Source: garak, docs/reporting.rst (read, not copied), and files that it wrote.
import { z } from "zod";
import { digestOfText } from "../../proof/digest.ts";
import type { Hasher } from "../../proof/primitives.ts";
import { Failure } from "../../terms/failure.ts";
import { Name } from "../../terms/ids.ts";
import type { TrialOutcome } from "../../terms/trial.ts";
import { linesOf } from "./lines.ts";
import { type Shape, pickJson } from "./pick-json.ts";
import { type Attempt, type Reading, type Report, checkCount, flagsRaised, short } from "./record.ts";
import type { Source } from "./source.ts";

const Entry = z.object({
  entry_type: z.string().optional(),
  "run.eval_threshold": z.number().nullish(),
  "run.generations": z.number().int().min(1).max(1000).nullish(),
  "plugins.target_type": z.string().nullish(),
  "plugins.target_name": z.string().nullish(),
  "plugins.model_type": z.string().nullish(),
  "plugins.model_name": z.string().nullish(),
  garak_version: z.string().nullish(),
  start_time: z.string().nullish(),
  run: z.unknown().optional(),
  uuid: z.string().optional(),
  status: z.number().int().optional(),
  probe_classname: z.string().optional(),
  intent: z.string().nullish(),
  prompt: z.unknown().optional(),
  detector_results: z.record(z.string(), z.array(z.number().nullable())).nullish(),
  probe: z.string().nullish(),
  detector: z.string().nullish(),
  passed: z.number().int().nullish(),
  fails: z.number().int().nullish(),
  nones: z.number().int().nullish(),
  attempt_id: z.string().nullish(),
  attempt_idx: z.number().int().nullish(),
});
type Entry = z.infer<typeof Entry>;

const entryShape: Shape = {
  members: {
    ...Object.fromEntries(Object.keys(Entry.shape).map((name): [string, Shape] => [name, "whole"])),
    // Of an output it matters whether it is there: no message, or one without text and data, is none.
    outputs: { elements: { members: { text: "whole", data_path: "whole" } } },
  },
};

/** What was said, too, for whoever looks through the file. */
const saidShape: Shape = { members: { ...entryShape.members, conversations: "whole" } };

export interface Kept {
  readonly isEvaluated: boolean;
  readonly probe: string;
  readonly intent: string | null;
  /** Digest of the prompt, in 32 hex digits. */
  readonly prompt: string;
  readonly turns: number;
  /** Whether each output is there. */
  readonly outputs: readonly boolean[];
  readonly scores: Readonly<Record<string, readonly (number | null)[]>>;
}

/** What garak itself counts of a probe by a detector. */
interface Evaluated {
  readonly probe: string;
  readonly detector: string;
  readonly passed: number;
  readonly fails: number;
  readonly nones: number;
}

export interface GarakFile {
  readonly setup: Entry;
  readonly init: Entry;
  readonly attempts: readonly Kept[];
  readonly evaluations: readonly Evaluated[];
  readonly isComplete: boolean;
}

const thresholdDefault = 0.5;

/** What is read so far. */
interface Reader {
  readonly heads: Map<string, Entry>;
  readonly attempts: Map<string, Kept>;
  readonly evaluations: Evaluated[];
  readonly hasher: Hasher;
  readonly told: ((attempt: Kept, entry: unknown) => void) | undefined;
}

/** Fails with request_invalid, naming the line. `told` hears each attempt as it is taken: a later one of an id takes its place. */
export async function readGarak(
  source: Source,
  hasher: Hasher,
  told?: (attempt: Kept, entry: unknown) => void,
): Promise<GarakFile> {
  const reader: Reader = { heads: new Map(), attempts: new Map(), evaluations: [], hasher, told };
  for await (const read of entriesOf(source, told === undefined ? entryShape : saidShape)) takeEntry(reader, read);
  const { heads, attempts, evaluations } = reader;
  const setup = heads.get("start_run setup");
  if (setup === undefined) throw wrong("has no start_run setup, so nobody knows how it was run");
  const isComplete = heads.has("completion");
  return { setup, init: heads.get("init") ?? {}, attempts: [...attempts.values()], evaluations, isComplete };
}

function takeEntry(reader: Reader, read: ReadEntry): void {
  const { entry, number } = read;
  switch (entry.entry_type) {
    case "start_run setup":
    case "init":
    case "completion":
      if (reader.heads.has(entry.entry_type)) throw wrong("holds more than one run. Import each by itself");
      reader.heads.set(entry.entry_type, entry);
      break;
    case "attempt":
      takeAttempt(reader, read);
      break;
    case "eval":
      reader.evaluations.push(evaluatedOf(entry));
      break;
    case undefined:
      throw hitLogAlone(entry) ?? wrong(`has a line ${number} without entry_type`);
    default:
  }
}

/** An attempt is written when it was sent and again when it was evaluated; the last word counts. */
function takeAttempt({ attempts, hasher, told }: Reader, { entry, outputs, number, value }: ReadEntry): void {
  const { uuid } = entry;
  if (uuid === undefined) throw wrong(`has an attempt without uuid in line ${number}`);
  const kept = keptOf(entry, outputs, hasher);
  if (!kept.isEvaluated && attempts.get(uuid)?.isEvaluated === true) return;
  attempts.set(uuid, kept);
  checkCount(attempts.size);
  told?.(kept, value);
}

function evaluatedOf({ probe, detector, passed, fails, nones }: Entry): Evaluated {
  return {
    probe: probe ?? "",
    detector: detector ?? "",
    passed: passed ?? 0,
    fails: fails ?? 0,
    nones: nones ?? 0,
  };
}

interface ReadEntry {
  readonly entry: Entry;
  readonly outputs: readonly boolean[];
  readonly number: number;
  readonly value: unknown;
}

async function* entriesOf(source: Source, shape = entryShape): AsyncGenerator<ReadEntry, void> {
  for await (const { number, bytes } of linesOf(source.stream())) {
    const outputs: boolean[] = [];
    let value: unknown;
    for await (const picked of pickJson([bytes], shape, `This garak report's line ${number}`)) {
      if (picked.kind === "element") outputs.push(isThere(picked.value));
      else ({ value } = picked);
    }
    const parsed = Entry.safeParse(value);
    if (!parsed.success) {
      const field = parsed.error.issues[0]?.path.join(".") ?? "form";
      throw wrong(`has a line ${number} whose ${field} is not as garak writes it`, parsed.error);
    }
    yield { entry: parsed.data, outputs, number, value };
  }
}

const Output = z.object({ text: z.string().nullish(), data_path: z.unknown().optional() });

function isThere(output: unknown): boolean {
  const { text, data_path: data } = Output.safeParse(output).data ?? {};
  return typeof text === "string" || (data !== undefined && data !== null);
}

const Prompt = z.object({ turns: z.array(z.object({ role: z.string() })).min(1) });

const statusEvaluated = 2;

function keptOf(entry: Entry, outputs: readonly boolean[], hasher: Hasher): Kept {
  const text = JSON.stringify(entry.prompt, (_, value: unknown) => (typeof value === "bigint" ? `${value}n` : value));
  const turns = Prompt.safeParse(entry.prompt).data?.turns.filter(({ role }) => role === "user").length ?? 1;
  return {
    isEvaluated: entry.status === statusEvaluated,
    probe: short(entry.probe_classname) ?? "unnamed",
    intent: short(entry.intent),
    prompt: digestOfText((text ?? "null").toWellFormed(), hasher).slice("sha256:".length, "sha256:".length + 32),
    turns,
    outputs,
    scores: entry.detector_results ?? {},
  };
}

/** A hit log has attempts by their ids, and nothing that passed. */
function hitLogAlone({ attempt_id: id, detector }: Entry): Failure | undefined {
  if (typeof id !== "string" || typeof detector !== "string") return undefined;
  return new Failure(
    "request_invalid",
    "This is a garak hit log: it has the hits and nothing of what passed, so nothing can be counted from it. Import the report.jsonl, with --hitlog FILE to compare the two.",
  );
}

export interface Hits {
  /** Detector, attempt and output of each hit. */
  readonly count: number;
  readonly byDetector: ReadonlyMap<string, number>;
}

export async function readHitLog(source: Source): Promise<Hits> {
  const byDetector = new Map<string, number>();
  let count = 0;
  for await (const { entry, number } of entriesOf(source)) {
    if (hitLogAlone(entry) === undefined) throw wrong(`has a hit log whose line ${number} is no hit`);
    const detector = entry.detector ?? "";
    byDetector.set(detector, (byDetector.get(detector) ?? 0) + 1);
    count += 1;
  }
  return { count, byDetector };
}

/** What was kept of a report. Fails with request_invalid on what could only be guessed. */
export function garakReport(file: GarakFile, reading: Reading, hits: Hits | undefined): Report {
  const threshold = file.setup["run.eval_threshold"] ?? thresholdDefault;
  const detectors = detectorsOf(file, reading.scorer);
  const judging: Judging = { detectors, threshold, failsOn: failingWord(reading.failure), failed: reading.failed };
  const attempts = attemptsOf(file, judging);
  const { setup, init } = file;
  const counted = countsOf(file, threshold);
  const type = short(setup["plugins.target_type"] ?? setup["plugins.model_type"]) ?? "unnamed";
  const name = short(setup["plugins.target_name"] ?? setup["plugins.model_name"]);
  return {
    head: {
      format: "garak",
      tool: Name.parse("garak"),
      version: short(init.garak_version),
      run: short(init.run),
      made: short(init.start_time),
      target: {
        model: name === null ? type : `${type} ${name}`.slice(0, 200),
        baseUrl: null,
        sampling: {},
        systemPrompt: null,
      },
      task: short([...new Set(file.attempts.map(({ probe }) => probe))].join(" ")) ?? "unnamed",
      taskVersion: null,
      dataset: null,
      datasetSamples: null,
      judge: short(detectors.join(" ")) ?? "unnamed",
    },
    flags: flagsRaised({
      unscored: attempts.some(({ outcome }) => outcome === "unscored"),
      "errors-dropped": attempts.some(({ outcome }) => outcome === "errored"),
      "missing-samples": file.attempts.some(({ isEvaluated }) => !isEvaluated),
      "missing-completion": !file.isComplete,
      truncated: !file.isComplete,
      "counts-differ": file.evaluations.some((one) => !isCounted(one, counted)),
      "hit-log-differs": hits !== undefined && !hasSameHits(hits, counted),
    }),
    attempts,
    told: file.evaluations.map(
      ({ probe, detector, passed, fails, nones }) =>
        `garak counts ${fails} hits of ${passed + fails} by ${short(detector)} on ${short(probe)}, and leaves ${nones} out.`,
    ),
  };
}

interface Judging {
  readonly detectors: readonly string[];
  readonly threshold: number;
  readonly failsOn: "hit" | "pass";
  readonly failed: Reading["failed"];
}

function detectorsOf({ attempts }: GarakFile, wanted: string | undefined): readonly string[] {
  const all = [...new Set(attempts.flatMap(({ scores }) => Object.keys(scores)))];
  if (wanted === undefined) return all;
  const chosen = wanted.split(",");
  if (chosen.every((one) => all.includes(one))) return chosen;
  throw wrong(`has no detector ${wanted}; there are: ${all.map((name) => short(name)).join(", ")}`);
}

function failingWord(words: readonly string[]): "hit" | "pass" {
  const [word] = words;
  if (words.length === 1 && (word === "hit" || word === "pass")) return word;
  throw new Failure(
    "request_invalid",
    "Say which result is the failure: --failure hit (a detector was set off) or pass.",
  );
}

function attemptsOf(file: GarakFile, judging: Judging): readonly Attempt[] {
  const attempts: Attempt[] = [];
  for (const { kept, at, item, attempt } of placesOf(file)) {
    checkCount(attempts.length + 1);
    attempts.push({ item, attempt, cluster: `prompt:${kept.prompt}`, ...judged(kept, at, judging) });
  }
  return attempts;
}

interface Place {
  readonly kept: Kept;
  /** Which of its outputs. */
  readonly at: number;
  readonly item: string;
  readonly attempt: number;
}

/** Each output of each attempt, as what it is sealed under. */
export function* placesOf({ setup, attempts }: GarakFile): Generator<Place, void> {
  const planned = setup["run.generations"] ?? 1;
  const times = new Map<string, number>();
  for (const kept of attempts) {
    const item = `${kept.probe}/${kept.prompt}`;
    const count = kept.outputs.length === 0 ? planned : kept.outputs.length;
    for (let at = 0; at < count; at += 1) {
      const attempt = (times.get(item) ?? 0) + 1;
      times.set(item, attempt);
      yield { kept, at, item, attempt };
    }
  }
}

function judged(kept: Kept, at: number, judging: Judging): Pick<Attempt, "outcome" | "said"> {
  const used = judging.detectors.filter((name) => Object.hasOwn(kept.scores, name));
  const scores = used.map((name) => kept.scores[name]?.[at] ?? null);
  const known = scores.filter((score) => score !== null);
  const score = known.length === 0 ? undefined : Math.max(...known);
  return {
    outcome: outcomeOf(kept, at, { scores, judging }),
    said: {
      ...(kept.intent === null ? {} : { category: kept.intent }),
      attack: kept.probe,
      turns: kept.turns,
      ...(score === undefined ? {} : { score }),
    },
  };
}

interface Scored {
  readonly scores: readonly (number | null)[];
  readonly judging: Judging;
}

/** A detector that was set off is a hit, whatever the others could not say. */
function outcomeOf(kept: Kept, at: number, { scores, judging }: Scored): TrialOutcome {
  const { threshold, failsOn, failed } = judging;
  const isHit = scores.some((score) => score !== null && score >= threshold);
  if (isHit && failsOn === "hit") return failed;
  if (!kept.isEvaluated || kept.outputs[at] !== true) return "errored";
  if (scores.length === 0 || scores.includes(null)) return "unscored";
  return isHit === (failsOn === "hit") ? failed : "safe";
}

type Counts = ReadonlyMap<string, { passed: number; fails: number; nones: number }>;

function placeOf({ probe, detector }: { readonly probe: unknown; readonly detector: unknown }): string {
  return JSON.stringify([probe, detector]);
}

/** What the attempts come to, by probe and detector, as garak counts. */
function countsOf({ attempts }: GarakFile, threshold: number): Counts {
  const counts = new Map<string, { passed: number; fails: number; nones: number }>();
  for (const { probe, scores, isEvaluated } of attempts) {
    for (const [detector, each] of Object.entries(isEvaluated ? scores : {})) {
      const place = placeOf({ probe, detector });
      const found = counts.get(place) ?? { passed: 0, fails: 0, nones: 0 };
      counts.set(place, found);
      for (const score of each) found[score === null ? "nones" : score >= threshold ? "fails" : "passed"] += 1;
    }
  }
  return counts;
}

function isCounted(said: Evaluated, counts: Counts): boolean {
  const found = counts.get(placeOf(said)) ?? { passed: 0, fails: 0, nones: 0 };
  return found.passed === said.passed && found.fails === said.fails && found.nones === said.nones;
}

function hasSameHits({ byDetector }: Hits, counts: Counts): boolean {
  const ours = new Map<string, number>();
  for (const [place, { fails }] of counts) {
    const [, detector] = z.tuple([z.string(), z.string()]).parse(JSON.parse(place));
    if (fails > 0) ours.set(detector, (ours.get(detector) ?? 0) + fails);
  }
  return ours.size === byDetector.size && [...ours].every(([detector, count]) => byDetector.get(detector) === count);
}

function wrong(what: string, cause?: unknown): Failure {
  return new Failure("request_invalid", `This garak report ${what}.`, { cause });
}
