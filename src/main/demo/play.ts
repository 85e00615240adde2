// The demo of `npm start`, scene by scene. Every figure on the screen is measured in this very run; limits were fixed
// before it, in examples/first-release. Where the gate does not pass, the play ends withheld, and says what is missing.
import { fileURLToPath } from "node:url";
import type { StatusView } from "../../control/contract.ts";
import { Failure } from "../../terms/failure.ts";
import { loudLines, runDrill } from "../drill/drill.ts";
import { showCard } from "./card.ts";
import type { Cast } from "./cast.ts";
import { showLinks } from "./console-links.ts";
import { type Fetching, announceModel, beginFetching } from "./fetching.ts";
import { type Ending, readNote, readdress, writeNote } from "./folder.ts";
import {
  advance,
  blockedItem,
  decide,
  lacksOnlyPeople,
  plain,
  propose,
  runSuites,
  showRefused,
  showStanding,
  statusNow,
} from "./judging.ts";
import {
  type Stagehands,
  admitAssurance,
  begin,
  demoConfiguration,
  serveDemo,
  showAddresses,
  showRefusal,
} from "./opening.ts";
import { leaveOneShort, showAnswer, showBlocked, showHold, showReceipt, showResume } from "./released.ts";

/** The documents that ship as the first example. */
export const shippedDocuments = fileURLToPath(new URL("../../../examples/first-release", import.meta.url));

export interface Played {
  readonly ending: Ending;
  readonly cast: Cast;
}

/** Plays from an empty folder to the card. The demo is up when it resolves; the caller closes it. */
export async function play(hands: Stagehands): Promise<Played> {
  const ports = await demoConfiguration(hands.environment, hands.folder);
  const cast = await begin(hands, ports.configuration);
  try {
    showAddresses(cast, ports);
    await showLinks(cast);
    await showRefusal(cast);
    announceModel(cast, ports.configuration);
    const fetching = beginFetching(cast, ports.configuration);
    await admitAssurance(cast);
    const drilling = beginDrill(cast);
    drilling.done.catch(() => undefined);
    cast.model.isHere = await waitForModel(cast, fetching, drilling);
    const { ending, proposal } = cast.model.isHere ? await release(cast, { ...hands, drilling }) : withoutModel;
    await drilling.done;
    writeNote(cast.folder, { ending, key: cast.partner.secret, proposal });
    await showCard(cast, { ending, proposal, status: ending === "no-model" ? undefined : await statusNow(cast) });
    return { ending, cast };
  } catch (error) {
    // What is said of the error stands on a line of its own.
    cast.screen.endLive();
    await cast.serving.close();
    throw brokenOff(error);
  }
}

/** The same failure, and what to do about it. */
function brokenOff(error: unknown): unknown {
  if (!(error instanceof Failure)) return error;
  const next = "`npm start` plays again from the beginning; `./bin/headgate demo erase` removes what this play left.";
  return new Failure(error.code, `The demo broke off: ${error.message}\n${next}`, { cause: error });
}

/** A later start: serves what the last play left, and shows its card. */
export async function playOn(hands: Stagehands): Promise<Played | undefined> {
  const note = readNote(hands.folder);
  if (note?.ending === undefined || note.ending === null || note.ending === "no-model") return undefined;
  const { ending, key, proposal } = note;
  const ports = await demoConfiguration(hands.environment, hands.folder);
  const model = { isHere: true };
  const { serving, desk } = await serveDemo(hands, ports.configuration, model);
  readdress(hands.folder, { server: serving.controlPlane, dataPlane: serving.dataPlane });
  const partner = { dataPlane: serving.dataPlane, secret: key };
  const { screen, keys, folder, version } = hands;
  const cast: Cast = { screen, keys, folder, version, serving, desk, partner, model };
  showAddresses(cast, ports);
  await showCard(cast, { ending, proposal, status: await statusNow(cast) });
  return { ending, cast };
}

interface End {
  readonly ending: Ending;
  readonly proposal: string | null;
}

const withoutModel: End = { ending: "no-model", proposal: null };

interface Drilling {
  readonly progress: () => string;
  /** Resolves when its result was shown. */
  readonly done: Promise<void>;
}

/** While the model comes, and while it works, the drill tries to get past a gate like this one. */
function beginDrill({ screen, version }: Cast): Drilling {
  let progress = "drill begins";
  const drill = async (): Promise<void> => {
    const { attempts, opened, unfinished, seconds, control, results } = await runDrill({
      version,
      onResult: (_result, done, total) => {
        progress = `drill ${done} of ${total}`;
      },
    });
    progress = "";
    const shown = opened === 0 && unfinished === 0 && control.opened ? screen.good : screen.bad;
    shown(
      `Drill: ${attempts} attempts to get past a gate like this one (scratch copy, scripted upstream): ${opened} opened, ` +
        `${unfinished} unfinished, in ${seconds} s.`,
    );
    for (const line of loudLines(results)) screen.bad(line);
  };
  return { progress: () => progress, done: drill() };
}

/** Shows both counters until the model is here, or until it is sure that it does not come. */
async function waitForModel(cast: Cast, fetching: Fetching, drilling: Drilling): Promise<boolean> {
  const timer = setInterval(() => {
    const besides = fetching.isAsking() ? "" : drilling.progress();
    cast.screen.live([besides, fetching.progress()].filter((text) => text !== "").join(" · "));
  }, 200);
  try {
    return await fetching.done;
  } finally {
    clearInterval(timer);
  }
}

interface Rehearsal {
  readonly documents: string;
  readonly drilling: Drilling;
}

async function release(cast: Cast, { documents, drilling }: Rehearsal): Promise<End> {
  const { screen } = cast;
  screen.head("The safeguards judge every item of both suites; what they let through goes to the model.");
  const misuse = await runSuites(cast);
  await drilling.done;
  const status = await statusNow(cast);
  showStanding(cast, status);
  if (!lacksOnlyPeople(status)) return withheld(cast, status);
  const proposal = await propose(cast, status.next ?? "trusted");
  if ((await decide(cast, proposal, await statusNow(cast))) === "refused") {
    await showRefused(cast, proposal);
    return { ending: "refused", proposal: null };
  }
  const { certificate, ledgerIndex, validUntil } = await advance(cast, proposal);
  screen.good(`OPEN at ${status.next ?? "?"}: ${certificate}, at ${ledgerIndex} of the ledger, until ${validUntil}.`);
  const receipt = await showAnswer(cast);
  await showBlocked(cast, blockedItem(cast, misuse.run, documents));
  await showReceipt(cast, receipt);
  if ((await showHold(cast)) === "held elsewhere") return { ending: "released", proposal: null };
  await showResume(cast);
  return { ending: "released", proposal: await leaveOneShort(cast) };
}

/** The gate has not passed: nobody is asked to sign, and nothing opens. */
function withheld({ screen }: Cast, { requirements }: StatusView): End {
  const lacking = requirements.filter(({ verdict, kind }) => verdict !== "pass" && kind !== "sign-offs");
  screen.bad(`The gate stays shut. Missing: ${lacking.map(({ id, why }) => `${id} (${plain(why)})`).join("; ")}.`);
  screen.say("No signature can make up for that: the limits were fixed before the run, and are not bent to it.");
  return { ending: "withheld", proposal: null };
}
