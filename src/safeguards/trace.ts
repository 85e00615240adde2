// What each safeguard of a chain says of one text, step by step, for people who try a text: the same code that serves judges it,
// with one chain for each entry beside the chain of all of them, so that what decides is not what is shown, and both come from
// the same entries. Scores and thresholds stand beside each other here, and nowhere a caller sees them.
import { Category, type Finding, type Look, type Surface, type UnknownCause } from "../terms/finding.ts";
import type { Digest } from "../terms/ids.ts";
import type { RequestText } from "../terms/provenance.ts";
import { type JudgedFor, type SafeguardMode, modesFor } from "../terms/safeguard-mode.ts";
import { type Chain, type ChainMeans, compileChain } from "./chain.ts";
import { decodedViews } from "./decoding/decode.ts";
import { disguiseOf } from "./disguise.ts";
import { thresholdsOf } from "./entry-thresholds.ts";
import { inMode, whole } from "./inspections.ts";
import { normalise } from "./normalise.ts";
import type { Remote, RemoteDesk } from "./remote/desk.ts";
import { type RemoteEntry, isRemote } from "./remote/remote-document.ts";
import type { Safeguard, Thresholds } from "./safeguard.ts";
import type { ChainEntry, LocalEntry, Safeguards } from "./safeguards-document.ts";
import { allSteps } from "./steps.ts";
import { answerCharsMax, readWhole } from "./stream/stream-guard.ts";

/** What one text reads as to the safeguards. */
export interface ReadAs {
  /** As detectors see its letters: disguises undone, case and accents gone. */
  readonly normalised: string;
  /** The share of its characters that was undone, 0 to 1. */
  readonly disguise: number;
  /** What is encoded in it, decoded; each is read as well. */
  readonly decoded: readonly string[];
  /** Whether detectors read the decoded ones in its place, and whether something is left that nobody here can read. */
  readonly isReplaced: boolean;
  readonly isLeft: boolean;
}

/** A score that can be a finding. */
interface TracedScore {
  readonly category: Category;
  readonly score: number;
  readonly review: number | null;
  readonly block: number | null;
}

/** `other-side`: it does not stand on this side. `not-asked`: it is asked in doubt only, and nothing was in doubt. */
type Did = "ran" | "off" | "other-side" | "not-asked" | "unknown";

export interface TracedSafeguard {
  /** Its place in the document, from 0. */
  readonly place: number;
  readonly name: string;
  readonly mode: SafeguardMode;
  readonly did: Did;
  readonly cause: UnknownCause | null;
  readonly digest: Digest | null;
  readonly isDeclared: boolean;
  readonly findings: readonly Finding[];
  readonly scores: readonly TracedScore[];
  readonly ms: number | null;
}

export interface Tracing {
  readonly document: Safeguards;
  readonly whom: JudgedFor;
  readonly means: ChainMeans;
}

export interface Traced {
  /** Of all of them, as it is served. */
  readonly chain: Chain;
  readonly look: Look & { readonly shadow?: Look };
  readonly safeguards: readonly TracedSafeguard[];
}

/** Cost: linear in the length of `text`. */
export function readAs(text: string, surface: Surface): ReadAs {
  const { views, isReplaced, isLeft } =
    surface === "input" ? allSteps(decodedViews(text)) : { views: [], isReplaced: false, isLeft: false };
  return {
    normalised: normalise(text).text,
    disguise: disguiseOf(text),
    decoded: [...new Set(views.map((view) => view.text))],
    isReplaced,
    isLeft,
  };
}

/** All texts of a request, as a gateway reads them, or a whole answer as its only text. Fails as `compileChain`. */
export async function trace(
  texts: readonly RequestText[],
  surface: Surface,
  { document, whom, means }: Tracing,
): Promise<Traced> {
  const modes = modesFor(document.chain, whom);
  const known = document.chain.map((entry, place) => ({ place, entry, mode: modes[place] ?? entry.mode }));
  // Each by itself first: what all of them need is then known already, and would take no time that could be shown.
  const local = new Map<ChainEntry, TracedSafeguard>();
  for (const { entry, ...one } of known)
    if (!isRemote(entry)) local.set(entry, await localStep({ ...one, entry }, { texts, surface, document, means }));
  const asked = new Map<RemoteEntry, Asked>();
  const chain = compileChain(document, { ...means, remotes: recorded(means.remotes, asked) }, whom);
  const look = await inspected(chain, texts, surface);
  const safeguards = known.flatMap(({ entry, ...one }) =>
    isRemote(entry)
      ? [remoteStep({ ...one, entry }, surface, { look, asked: asked.get(entry) })]
      : (local.get(entry) ?? []),
  );
  return { chain, look, safeguards };
}

async function inspected(chain: Chain, texts: readonly RequestText[], surface: Surface): Promise<Traced["look"]> {
  if (surface === "input") return whole(await chain.inspectInput(texts));
  return readWhole(chain, texts.map(({ text }) => text).join(""), { outputCharsMax: answerCharsMax }).inspection;
}

interface Known<E extends ChainEntry> {
  readonly place: number;
  readonly entry: E;
  readonly mode: SafeguardMode;
}

interface About extends Pick<Tracing, "document" | "means"> {
  readonly texts: readonly RequestText[];
  readonly surface: Surface;
}

async function localStep({ place, entry, mode }: Known<LocalEntry>, about: About): Promise<TracedSafeguard> {
  const { texts, surface, document, means } = about;
  const bare = {
    place,
    name: entry.safeguard,
    mode,
    isDeclared: false,
    cause: null,
    findings: [],
    scores: [],
    ms: null,
  };
  const alone: Safeguards = { ...document, chain: [{ ...entry, mode: "block", except: undefined }] };
  const chain = compileChain(alone, { ...means, remotes: undefined });
  const [safeguard] = chain.safeguards;
  const digest = safeguard?.digest ?? null;
  if (!entry.on.includes(surface)) return { ...bare, digest, did: "other-side" };
  if (mode === "off") return { ...bare, digest, did: "off" };
  const from = performance.now();
  const look = await inspected(chain, texts, surface);
  const ms = performance.now() - from;
  if (look.kind === "unknown") return { ...bare, digest, did: "unknown", cause: look.cause, ms };
  const own = inMode(mode, look);
  const said = mode === "shadow" ? own.shadow : own;
  const scores = safeguard === undefined ? [] : await scoresOf(safeguard, { entry, surface, texts });
  return { ...bare, digest, did: "ran", findings: said?.kind === "inspected" ? said.findings : [], scores, ms };
}

interface Scoring {
  readonly entry: LocalEntry;
  readonly surface: Surface;
  readonly texts: readonly RequestText[];
}

/** The highest of each category over the texts, as they stand and decoded. */
async function scoresOf(safeguard: Safeguard, { entry, surface, texts }: Scoring): Promise<readonly TracedScore[]> {
  const thresholds = thresholdsOf(entry, safeguard, surface);
  const categories = namedIn(thresholds);
  if (categories.length === 0) return [];
  const views = texts.flatMap((said) => viewsOf(said, surface)).filter(({ text }) => text.length <= safeguard.maxChars);
  const all = await Promise.all(views.map(async ({ text, provenance }) => safeguard.scores(text, surface, provenance)));
  return categories.map((category) => ({
    category,
    score: Math.max(0, ...all.map((scores) => scores[category])),
    review: thresholds.review[category] ?? null,
    block: thresholds.block[category] ?? null,
  }));
}

function viewsOf(said: RequestText, surface: Surface): readonly RequestText[] {
  if (surface === "output") return [said];
  const { decoded, isReplaced } = readAs(said.text, surface);
  const views = decoded.map((text) => ({ ...said, text }));
  return isReplaced ? views : [said, ...views];
}

function namedIn({ review, block }: Thresholds): readonly Category[] {
  const named = new Set([...Object.keys(review), ...Object.keys(block)]);
  return Category.options.filter((category) => named.has(category));
}

interface Asked {
  readonly answer: Awaited<ReturnType<Remote["ask"]>>;
  readonly ms: number;
}

interface RemoteSaid {
  readonly look: Traced["look"];
  /** Undefined where it was not asked. */
  readonly asked: Asked | undefined;
}

function remoteStep(
  { place, entry, mode }: Known<RemoteEntry>,
  surface: Surface,
  { look, asked }: RemoteSaid,
): TracedSafeguard {
  const name = `${entry.safeguard} ${entry.name}`;
  const digest = entry.digest ?? null;
  const bare = { place, name, mode, digest, isDeclared: true, cause: null, findings: [], scores: [], ms: null };
  if (!entry.on.includes(surface)) return { ...bare, did: "other-side" };
  if (mode === "off") return { ...bare, did: "off" };
  if (asked === undefined) return { ...bare, did: "not-asked" };
  const { answer, ms } = asked;
  if (answer.kind === "unknown") return { ...bare, did: "unknown", cause: answer.cause, ms };
  const said = mode === "shadow" ? look.shadow : look;
  const placed = said?.kind === "inspected" ? said.findings.filter(({ detector }) => detector === name) : [];
  return { ...bare, did: "ran", findings: placed, ms };
}

/** Takes down who was asked, what each answered, and how long that took. */
function recorded(remotes: RemoteDesk | undefined, asked: Map<RemoteEntry, Asked>): RemoteDesk | undefined {
  if (remotes === undefined) return undefined;
  return {
    ...remotes,
    open: (entry) => {
      const remote = remotes.open(entry);
      return {
        entry: remote.entry,
        ask: async (texts, caller) => {
          const from = performance.now();
          const answer = await remote.ask(texts, caller);
          asked.set(entry, { answer, ms: performance.now() - from });
          return answer;
        },
      };
    },
  };
}
