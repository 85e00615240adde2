// `headgate release status`: where a model stands, what is still to be shown, what holds it and who may reopen it, and
// when its certificate ends. With --watch it stays and says what changes. The server's view is shown, never signed from.
import { z } from "zod";
import { type GatewaysView, StatusView, routes } from "../../control/contract.ts";
import { pathOf } from "../../control/contract-paths.ts";
import { keptInWords, servedInWords } from "../../acts/condition-words.ts";
import { Failure } from "../../terms/failure.ts";
import { Name } from "../../terms/ids.ts";
import { OpenStage, compareStages, stageInWords } from "../../terms/stage.ts";
import { stageModesInWords } from "../../terms/stage-modes.ts";
import { type Answer, done, inconclusive, notPassed } from "../answer.ts";
import { afterStatus, proposing } from "./after-status.ts";
import { createClient } from "../client.ts";
import { gatewaysLine, readGateways } from "../gateways.ts";
import { modesLines, observedLines } from "./observed-words.ts";
import { openSession } from "../session.ts";
import { type Call, argument, parsed, sameProfile } from "../verb.ts";
import { watchLines } from "./watch-words.ts";
import { limitInWords } from "../../acts/act-words.ts";
import { percentInWords } from "../../acts/condition-words.ts";

export const StatusOptions = z.object({ watch: z.boolean().default(false), gate: OpenStage.optional() });

type Read = () => Promise<StatusView>;

/** Between two looks of --watch, in milliseconds. */
const watchMs = 2_000;

export async function status(call: Call<z.infer<typeof StatusOptions>>): Promise<Answer> {
  const model = parsed(Name, argument(call, 0), "The model");
  const { read, gateways } = await statusReader(call, model);
  const view = await read();
  if (call.options.gate !== undefined) return gateOf(view, call);
  if (!call.options.watch) {
    const among = await gateways();
    const line = among === undefined ? undefined : gatewaysLine(among);
    const profile = sameProfile(call.base);
    const said = statusInWords(view, profile);
    const words = line === undefined ? said : `${said}\n${line}`;
    return done({ ...view, ...among }, words, afterStatus(view, profile));
  }
  await watch(call, view, read);
  return { json: null, text: "", exit: 0, next: undefined, isPrinted: true };
}

/** The gate of one stage as an exit code, for a deployment that waits for it. What nobody can judge has not passed. */
function gateOf(view: StatusView, { options, base }: Call<z.infer<typeof StatusOptions>>): Answer {
  if (options.watch) throw new Failure("request_invalid", "--gate answers once: leave out --watch.");
  const { model, verdict, requirements } = view;
  const head = `${model}, gate for ${options.gate}: ${verdict ?? "it cannot be judged: a document that it takes is missing"}`;
  const text = [head, ...tierLines(view), ...requirements.map(requirementLine)].join("\n");
  const next = afterStatus(view, sameProfile(base));
  if (verdict === "pass") return done(view, text);
  return verdict === "fail" ? notPassed(view, text, next) : inconclusive(view, text, next);
}

/** Stays until the process is told to end: a whole page anew for people, one line a change with --json. */
async function watch(call: Call<unknown>, first: StatusView, read: Read): Promise<void> {
  const { context, base } = call;
  for await (const view of changes(first, read, call)) {
    if (base.json) context.write(`${JSON.stringify(view)}\n`);
    else {
      // Cleared on the error stream, so that an output that goes into a file holds words only.
      if (context.isWatched) context.tell("\u001b[H\u001b[2J");
      const next = afterStatus(view, sameProfile(base));
      const step = next === undefined ? "" : `\nNext: ${next}`;
      context.write(
        `${statusInWords(view, sameProfile(base))}${step}\n${context.isWatched ? "Ctrl-C ends this.\n" : "\n"}`,
      );
    }
  }
}

/** The first view and each that differs from the one before. A server that is away for a while is waited for, once told. */
export async function* changes(
  first: StatusView,
  read: Read,
  { context }: Pick<Call<unknown>, "context">,
): AsyncGenerator<StatusView, void> {
  let [last, isAway] = ["", false];
  for (let view: StatusView | undefined = first; ; view = await readOrAway()) {
    const text = view === undefined ? last : whatMatters(view);
    if (view !== undefined && text !== last) yield view;
    last = text;
    await context.wait(watchMs);
  }

  async function readOrAway(): Promise<StatusView | undefined> {
    try {
      const view = await read();
      isAway = false;
      return view;
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== "server_unreachable") throw error;
      if (!isAway) context.tell(`headgate: ${error.message} Waiting for it.\n`);
      isAway = true;
      return undefined;
    }
  }
}

/** The ledger grows every second by receipts alone: that is no change of the model's, nor is one exchange more. */
function whatMatters(view: StatusView): string {
  const { ledgerSize: _size, observed, shadow, rejudged, watch: live, ...rest } = view;
  return JSON.stringify([rest, observed?.by, shadow?.by, rejudged?.verdict, live?.verdict, live?.blindSince]);
}

interface Reading {
  readonly read: Read;
  /** Undefined for whoever reads without a profile. */
  readonly gateways: () => Promise<Pick<GatewaysView, "gateways"> | undefined>;
}

async function statusReader(call: Call<z.infer<typeof StatusOptions>>, model: Name): Promise<Reading> {
  const { base, context } = call;
  const gate = call.options.gate === undefined ? "" : `?gate=${call.options.gate}`;
  if ((base.profile ?? context.profile) === undefined) {
    const client = createClient({ server: base.server ?? context.server, reader: undefined, now: context.now });
    const read = async (): Promise<StatusView> => client.get(pathOf(routes.publicStatus, { model }) + gate, StatusView);
    return { read, gateways: async () => undefined };
  }
  const { client, replica } = await openSession(base, context);
  let seen = replica.size();
  const read = async (): Promise<StatusView> => {
    const view = await client.get(pathOf(routes.status, { model }) + gate, StatusView);
    if (view.ledgerSize < seen) {
      throw new Failure(
        "fork_detected",
        "The server judged a shorter ledger than the one you have seen. Do not rely on it.",
      );
    }
    seen = view.ledgerSize;
    return view;
  };
  return { read, gateways: async () => ({ gateways: (await readGateways({ client })).gateways }) };
}

/** `profile`: the end of a line to run, as this one was. */
export function statusInWords(view: StatusView, profile = ""): string {
  const { model, stage, closed } = view;
  const head = `${model}: ${stage}${closed === null || closed === stage ? "" : ` (${closed})`}`;
  const next = view.next === null ? [] : [`For ${view.next}: ${view.verdict ?? "not judged"}`];
  const requirements = view.requirements.map(requirementLine);
  return [
    ...breakGlassLines(view),
    head,
    ...observedLines(view),
    ...modesLines(view),
    ...shareLines(view, profile),
    ...servedLines(view),
    ...(stage === "withheld" ? [] : watchLines(view.watch, isHeld(view))),
    ...holdLines(view),
    ...restrictionLines(view),
    ...view.incidents.map(({ incident, severity, at }) => `  ${incident} (${severity}) is open since ${at}`),
    ...endLines(view, profile),
    ...rejudgedLines(view),
    ...waitingLines(view),
    ...next,
    ...tierLines(view),
    ...requirements,
  ].join("\n");
}

function requirementLine({ id, verdict, why, stillToShow, waiting }: StatusView["requirements"][number]): string {
  const isSaid = stillToShow === "" || why.includes(stillToShow);
  const shown = isSaid ? why : `${why.replace(/\.$/, "")}; still to show: ${stillToShow}`;
  const days =
    waiting === null || waiting.days === 0 ? "" : ` Waits for ${waiting.days} day(s) on ${waiting.on.join(", ")}.`;
  return `  ${verdict.padEnd(12)}  ${id}: ${shown}${days}`;
}

/** Whether what is certified would pass today, where it would not, and what lapsed. */
function rejudgedLines({ certified, lapsed, rejudged }: StatusView): readonly string[] {
  if (certified === null) return [];
  if (lapsed !== null) {
    const by = lapsed.requirements.length === 0 ? "it could not be judged any more" : lapsed.requirements.join(", ");
    return [`  ${certified.certificate} lapsed at ${lapsed.at}: its gate is ${lapsed.verdict} now (${by})`];
  }
  if (rejudged === null || rejudged.verdict === "pass") return [];
  const by = rejudged.open.length === 0 ? "it cannot be judged any more" : rejudged.open.join(", ");
  return [
    `  WARNING: ${certified.certificate} would not pass today: ${rejudged.verdict} (${by}), judged at ${rejudged.at}`,
  ];
}

/** Above everything else: what a hold says is not what is done. */
function breakGlassLines({ breakGlass, model }: StatusView): readonly string[] {
  if (breakGlass === null) return [];
  const { glass, holds, since, until, open, endedBy } = breakGlass;
  const review = `headgate release review-break-glass ${glass} --finding justified|unjustified --summary "…" --profile THEIRS.json`;
  const end = endedBy === null ? `until ${until}` : `until ${endedBy} ended it`;
  const line = open
    ? `*** BREAK-GLASS ${glass}: ${model} goes on over ${holds.join(", ")} since ${since}, until ${until}. Any hold ends it. ***`
    : `*** BREAK-GLASS ${glass}: ${model} went on over ${holds.join(", ")} from ${since} ${end}. ***`;
  return [
    line,
    `*** Nothing of ${model} is certified or widened until a third person reviews it, once it is over: ${review} ***`,
  ];
}

/** All of it, or what it is out at; not only some callers of every model, or stages wider than that. */
function isHeld({ holds, certified }: StatusView): boolean {
  return holds.some(
    ({ callers, stage }) =>
      callers === undefined &&
      (stage === undefined || certified === null || compareStages(certified.stage, stage) >= 0),
  );
}

function shareLines(view: StatusView, profile: string): readonly string[] {
  const { certified, stage, model } = view;
  if (certified === null || certified.share === null || stage === "withheld") return [];
  const { by, steps, step, open, since } = certified.share;
  const line = `  open to ${percentInWords(open)} of its ${by}s at ${certified.stage} since ${since}: step ${step} of ${steps.length}`;
  const next = steps[step];
  // What is held opens to nobody by a wider step.
  const wider =
    next === undefined || isHeld(view)
      ? ""
      : `; to ${percentInWords(next)}: headgate release widen ${model} --reason "…"${profile}`;
  return [`${line}${wider}`];
}

function servedLines({ certified, stage }: StatusView): readonly string[] {
  if (certified === null || stage === "withheld") return [];
  const { countries, surfaces, hours, retention } = certified;
  const served = servedInWords({ countries, surfaces, hours: hours?.windows });
  const lines = [
    ...served.map((words) => `  at ${certified.stage} served ${words}`),
    ...keptInWords(retention).map((words) => `  ${words}`),
  ];
  if (hours === null || hours.open) return lines;
  const next = hours.opensAt === null ? "not again before its certificate ends" : `again at ${hours.opensAt}`;
  return [...lines, `  CLOSED at this hour for callers at ${certified.stage}: open ${next}`];
}

function tierLines({ tier }: StatusView): readonly string[] {
  if (tier === null) return [];
  return [
    `  Tier ${tier.tier}: what is asked from a higher one on is not asked.`,
    ...tier.rules.map(({ why }) => `    ${why}`),
  ];
}

function holdLines({ holds, certified }: StatusView): readonly string[] {
  if (holds.length === 0) return [];
  const lines = holds.map(({ hold, at, stage, callers }) => {
    const what = callers ?? (stage === undefined ? "it" : `stage ${stage} and wider ones`);
    return `  ${hold} holds ${what} since ${at}`;
  });
  const who =
    certified === null
      ? "  Its first release reopens it: an owner proposes one, which answers the hold."
      : `  Reopening it at ${certified.stage} takes a proposal by an owner or somebody from safety, signed like a release.`;
  return [...lines, who];
}

function restrictionLines({ restrictions, model, certified }: StatusView): readonly string[] {
  const lines = restrictions.map(({ restriction, limit, at, reviewDue }) => {
    const due = reviewDue ? "; for more than 72 hours: look at it again" : "";
    return `  ${restriction} makes it stricter since ${at}: ${limitInWords(limit)}${due}`;
  });
  if (lines.length === 0 || certified === null) return lines;
  const ids = restrictions.map(({ restriction }) => restriction).join(" ");
  const [what, it] = restrictions.length === 1 ? ["It stands", "it"] : ["They stand", "them"];
  return [
    ...lines,
    `  ${what} until a certificate lifts ${it}: headgate release resume ${model} --lift ${ids} --reason "…"`,
  ];
}

function endLines(view: StatusView, profile: string): readonly string[] {
  const { certified, stage } = view;
  if (certified === null) return [];
  const { certificate, validUntil, endsInDays, renewalDue } = certified;
  const isOpen = stage !== "withheld";
  if (view.closed === "expired")
    return [`  ${certificate} ended at ${validUntil}: opening it again takes a proposal, signed like its release.`];
  if (!isOpen && view.closed !== "held")
    return [`  ${certificate} serves nobody any more; it would have ended at ${validUntil}`];
  const left = endsInDays === 0 ? "less than a day is left" : `${endsInDays} day(s) are left`;
  const how = `Renew it while it stands: ${proposing(view, certified.stage)}${profile}, then sign and advance.`;
  const line = `  ${certificate} is valid until ${validUntil}: ${left}`;
  return renewalDue === null || !isOpen
    ? [line]
    : [`${line}.`, `  WARNING: it ends within ${renewalDue} day(s). ${how}`];
}

function guardedBy(safeguards: StatusView["safeguards"]): string {
  const words = safeguards === null ? "" : stageModesInWords(safeguards);
  return words === "" ? "" : `; safeguards there: ${words}`;
}

/** Of what a proposal still lacks one, behind "the sign-off of". */
export function lackingInWords(need: string): string {
  if (need === "person") return "a second person, of any role";
  return need === "command-line"
    ? "one of its signers by a key kept at the command line (headgate release sign)"
    : need;
}

function waitingLines({ proposals }: StatusView): readonly string[] {
  return proposals
    .filter(({ waiting }) => waiting)
    .map(({ proposal, stage, mode, decideBy, needs, answers, lifts, current, safeguards }) => {
      const lacks = (needs ?? []).map(lackingInWords);
      const state = lacks.length === 0 ? "no sign-off is missing" : `it lacks the sign-off of: ${lacks.join("; ")}`;
      const answering = answers.length === 0 ? "" : `, answering ${answers.join(", ")}`;
      const what = lifts.length === 0 ? answering : `${answering}, LIFTING ${lifts.join(", ")}`;
      return `  ${proposal} waits to open ${stageInWords({ stage, mode })}${what}; ${state}; to be decided by ${decideBy}${current ? "" : "; about documents that were changed since"}${guardedBy(safeguards)}`;
    });
}
