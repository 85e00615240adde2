// Both suites through the front door by the real runner, then what the gate makes of them, and the decision of the reader,
// who is the safety lead.
import { readFileSync } from "node:fs";
import path from "node:path";
import { setTimeout } from "node:timers/promises";
import { z } from "zod";
import { readProfile } from "../../cli/profile.ts";
import { neededRunKey, runPlace } from "../../cli/eval/run-keys.ts";
import { StatusView } from "../../control/contract.ts";
import { readRun } from "../../runner/run-file.ts";
import { RunId } from "../../terms/ids.ts";
import { percentToTenth } from "../../statistics/share.ts";
import { type Besides, need, refusalIn } from "../in-process.ts";
import { ask } from "../talk.ts";
import { type Cast, modelName } from "./cast.ts";
import { showSigningLink } from "./console-links.ts";
import { question } from "./opening.ts";

const Ran = z.object({
  run: RunId,
  measures: z
    .array(
      z.object({
        name: z.string(),
        failures: z.number(),
        trials: z.number(),
        unknown: z.number(),
        upper: z.number(),
        confidence: z.number(),
      }),
    )
    .min(1),
});
export type Ran = z.infer<typeof Ran>;

const suites = ["misuse-core", "everyday"] as const;
type SuiteName = (typeof suites)[number];

/** What a suite's failure is called in a line. */
const failureWords = { "misuse-core": "harmful", everyday: "refused" } as const;

/** Requests of one suite on their way at one time: enough that neither safeguards nor model wait for each other. */
const inFlight = "5";

/** Runs both suites, with one line whose bounds shrink. Returns the run over misuse. */
export async function runSuites(cast: Cast): Promise<Ran> {
  const { screen } = cast;
  const lines = new Map<SuiteName, string>();
  const stop = new AbortController();
  const runOne = async (suite: SuiteName): Promise<Ran> => {
    const hear = (text: string): void => {
      const line = lineOf(suite, text);
      if (line === undefined || stop.signal.aborted) return;
      lines.set(suite, line);
      screen.live(suites.flatMap((name) => lines.get(name) ?? []).join(" · "));
    };
    return runSuite(cast, suite, { hear, signal: stop.signal });
  };
  const runs = [runOne("misuse-core"), runOne("everyday")] as const;
  try {
    const [misuse, everyday] = await Promise.all(runs);
    screen.endLive();
    showMeasures(cast, "misuse-core", misuse);
    showMeasures(cast, "everyday", everyday);
    return misuse;
  } catch (error) {
    // One run is worth nothing without the other, which would only write over what is said of this one.
    stop.abort();
    await Promise.allSettled(runs);
    throw error;
  }
}

async function runSuite({ desk, folder }: Cast, suite: SuiteName, besides: Besides): Promise<Ran> {
  const args = ["eval", "run", suite, "--model", modelName, "--concurrency", inFlight, "--profile", folder.owner];
  return need(desk.run(args, besides), Ran);
}

function showMeasures({ screen }: Cast, suite: SuiteName, { measures }: Ran): void {
  for (const { failures, trials, unknown, upper, confidence } of measures) {
    const without = unknown === 0 ? "" : `, ${unknown} without an answer (counted against it)`;
    screen.say(
      `${suite}: ${failures} of ${trials} ${failureWords[suite]}${without}. The rate is at most ${percentToTenth(upper)} ` +
        `at ${100 * confidence} % confidence, for prompts like these; not for attackers who adapt.`,
    );
  }
}

const Progress = /(\d+)\/(\d+)\s.*at most ([\d.]+) %/;

/** The runner's own line, so short that those of both suites stand side by side in 80 columns. */
function lineOf(suite: SuiteName, text: string): string | undefined {
  const [, done = "", total = "", upper] = Progress.exec(text) ?? [];
  return upper === undefined ? undefined : `${suite} at most ${Number(upper).toFixed(1)} % (${done} of ${total})`;
}

export async function statusNow({ desk }: Cast): Promise<StatusView> {
  return need(desk.run(["release", "status", modelName]), StatusView);
}

type Requirement = StatusView["requirements"][number];

/** Whether evidence and time suffice, so that only people are missing. */
export function lacksOnlyPeople({ requirements }: StatusView): boolean {
  return (
    requirements.length > 0 && requirements.every(({ verdict, kind }) => verdict === "pass" || kind === "sign-offs")
  );
}

/** What passed, what not yet, what is still to be shown. */
export function showStanding({ screen }: Cast, status: StatusView): void {
  const { requirements, next } = status;
  const passed = requirements.filter(({ verdict }) => verdict === "pass");
  const open = requirements.filter(({ verdict }) => verdict !== "pass");
  screen.head(`What this says about stage ${next ?? "?"}, judged by limits that were fixed before:`);
  screen.good(`Passed: ${listed(passed, ({ id, why }) => `${id} (${plain(why)})`)}.`);
  screen.say(`Not yet: ${listed(open, ({ id, why }) => `${id} (${plain(why)})`)}.`);
  screen.say(`Still to be shown: ${listed(open, ({ id, stillToShow }) => `${id}: ${stillToShow || "nothing more"}`)}.`);
}

/** A sentence as part of another. */
export function plain(sentence: string): string {
  return sentence.replace(/\.+$/, "");
}

function listed(requirements: readonly Requirement[], word: (one: Requirement) => string): string {
  return requirements.length === 0 ? "nothing" : requirements.map(word).join("; ");
}

const Proposed = z.object({ proposal: z.string() });

/** The owner proposes and signs; both are verbs of the command line. */
export async function propose({ desk, folder }: Cast, stage: string): Promise<string> {
  const reason = ["--reason", `The evidence meets the limits for ${stage} (DEMO).`, "--profile", folder.owner];
  const { proposal } = await need(desk.run(["release", "propose", modelName, "--stage", stage, ...reason]), Proposed);
  await need(desk.run(["release", "sign", proposal, ...reason]), z.unknown());
  return proposal;
}

/** The reader's decision. Without a terminal the demo signs, and says so. */
export async function decide(cast: Cast, proposal: string, status: StatusView): Promise<"signed" | "refused"> {
  const { screen, keys, desk, folder } = cast;
  screen.head(`Ada (DEMO owner) proposes stage ${status.next ?? "?"} and has signed. One seat is empty: safety.`);
  await showSigningLink(cast);
  for (;;) {
    screen.say("You are the safety lead (DEMO). Enter sign · r refuse · w why");
    if (!keys.areThere) screen.say("No terminal here, so the demo signs in your place.");
    const key = keys.areThere ? await keyOrElsewhere(cast, proposal) : "enter";
    if (key === "w") {
      explain(cast, status);
      continue;
    }
    if (key === "signed" || key === "refused") {
      screen.say(
        `You ${key === "signed" ? "signed" : "refused"} elsewhere, as an entry of the ledger; the play goes on.`,
      );
      return key;
    }
    const isFor = key === "enter";
    const reason = isFor ? "The evidence meets the limits (DEMO)." : "The safety lead is not convinced (DEMO).";
    const verb = ["release", isFor ? "sign" : "refuse", proposal, "--reason", reason, "--profile", folder.safety];
    await need(desk.run(verb), z.unknown());
    return isFor ? "signed" : "refused";
  }
}

/** The reader may sign here by a key, or in the console; whichever comes first. */
async function keyOrElsewhere(cast: Cast, proposal: string): Promise<string> {
  const over = new AbortController();
  const pressed = cast.keys.next(["enter", "r", "w"], over.signal);
  pressed.catch(() => undefined);
  try {
    return await Promise.race([pressed, decidedElsewhere(cast, proposal, over.signal)]);
  } finally {
    over.abort();
  }
}

const lookEveryMs = 1_000;

/** Resolves once the safety lead's word on the proposal stands in the ledger; never, where it does not come. */
async function decidedElsewhere(cast: Cast, proposal: string, signal: AbortSignal): Promise<"signed" | "refused"> {
  const { person } = readProfile(cast.folder.safety);
  while (!signal.aborted) {
    await setTimeout(lookEveryMs, undefined, { signal, ref: false });
    const { proposals } = await statusNow(cast);
    const signOffs = proposals.find((one) => one.proposal === proposal)?.signOffs ?? [];
    const mine = signOffs.find((signOff) => signOff.person === person)?.verdict;
    if (mine !== undefined) return mine === "for" ? "signed" : "refused";
  }
  throw new Error("nobody waits for the ledger any more");
}

function explain({ screen }: Cast, { requirements }: StatusView): void {
  for (const { id, verdict, why, stillToShow } of requirements) {
    screen.say(`  ${id}: ${verdict}. ${plain(why)}${stillToShow === "" ? "" : `; still to show: ${stillToShow}`}`);
  }
  screen.say(
    "  You sign that you answer for it, not that the model is harmless: the bounds hold for prompts like the suites'. " +
      "Your name stays out of the ledger, your signature and a commitment to your reason are in it.",
  );
}

const Advanced = z.object({ certificate: z.string(), ledgerIndex: z.number(), validUntil: z.string() });

/** Certifies. Fails where the gate does not pass. */
export async function advance(cast: Cast, proposal: string): Promise<z.infer<typeof Advanced>> {
  return need(cast.desk.run(["release", "advance", proposal, "--profile", cast.folder.owner]), Advanced);
}

/** What comes of a refusal: the owner cannot go on alone, and the door stays shut. */
export async function showRefused(cast: Cast, proposal: string): Promise<void> {
  const { screen, desk, folder, partner } = cast;
  const refused = refusalIn(await desk.run(["release", "advance", proposal, "--profile", folder.owner]));
  screen.say(`Your refusal is recorded. Ada tries to go on without you: ${refused?.message ?? "SHE COULD"}`);
  const reply = await ask(partner, question);
  screen.bad(`The partner asks again: ${reply.status} ${reply.code ?? ""} (${reply.reason ?? ""}): ${reply.message}`);
}

const Item = z.object({ id: z.string(), text: z.string(), category: z.string() });
export type Item = z.infer<typeof Item>;

/** Characters of an item that reads well in one line. */
const itemCharsMax = 110;

/** An item that the safeguards blocked in this very run: short, and of a kind that can stand on a screen. */
export function blockedItem({ folder, desk: { context } }: Cast, run: RunId, documents: string): Item | undefined {
  const place = runPlace(context, folder.owner, run);
  const { results } = readRun(place.file, neededRunKey(place, context.now())).record;
  const blocked = new Set(results.filter(({ code }) => code === "policy_blocked").map(({ item }) => item));
  const items = readFileSync(path.join(documents, "misuse-core.jsonl"), "utf8").split("\n");
  const candidates = items
    .map((line) => Item.safeParse(parsed(line)).data)
    .filter((item) => item !== undefined)
    .filter(({ id, text }) => blocked.has(id) && text.length <= itemCharsMax);
  return candidates.find(({ category }) => category === "fraud") ?? candidates[0];
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
