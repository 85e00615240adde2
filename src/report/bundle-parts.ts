// The parts of a bundle that stand beside its ledger, each by itself: every document is the one under its digest, every text
// is behind a commitment that somebody signed, every receipt is a gateway's for a permit of the ledger. What a judgement may leave
// out of account is looked at here too, so that nothing in a bundle can be changed unnoticed. And whether two judgements are the same.
import { openReceipt } from "../acts/receipt.ts";
import type { State } from "../acts/state.ts";
import type { Act } from "../acts/statement.ts";
import type { Judgement } from "../gates/judgement.ts";
import { commit, digestOf } from "../proof/digest.ts";
import { fromBase64 } from "../proof/encoding.ts";
import type { Primitives } from "../proof/primitives.ts";
import { Failure } from "../terms/failure.ts";
import { type Timestamp, isPermitId } from "../terms/ids.ts";
import type { BundleView } from "./bundle.ts";

/** The parts of a bundle as its JSON holds them. */
export type BundleLike = Omit<BundleView, "artefacts" | "judged"> & {
  readonly artefacts: Readonly<Record<string, string>>;
  readonly judged?: { readonly at: Timestamp; readonly judgement: unknown } | undefined;
};

/** What a step of a verification comes to, and what is said of it. */
export interface Step<T> {
  readonly value: T;
  readonly detail: string;
}

interface Ledger {
  readonly acts: readonly Act[];
  readonly state: State;
}

/** Fails with artefact_missing, or with proof_invalid naming the part. */
export async function checkParts(
  bundle: BundleLike,
  { acts, state }: Ledger,
  primitives: Primitives,
): Promise<Step<undefined>> {
  for (const [digest, text] of Object.entries(bundle.artefacts)) {
    const bytes = fromBase64(text);
    if (bytes === undefined || digestOf(bytes, primitives) !== digest)
      throw new Failure("artefact_missing", `${digest} is missing in the bundle, or is other content.`);
  }
  const said = new Set(acts.flatMap(({ predicate }) => stringsIn(predicate.body)));
  for (const opening of bundle.openings) {
    if (said.has(commit(opening, primitives))) continue;
    throw new Failure("proof_invalid", "A text in the bundle is not behind any commitment in its ledger.");
  }
  for (const [at, text] of bundle.receipts.entries()) await checkReceipt(at, text, { state, primitives });
  const count = { documents: Object.keys(bundle.artefacts).length, texts: bundle.openings.length };
  return {
    value: undefined,
    detail: `${count.documents} documents by their digests, ${count.texts} texts by their commitments, ${bundle.receipts.length} receipts by their signatures`,
  };
}

async function checkReceipt(
  at: number,
  text: string,
  { state, primitives }: { readonly state: State; readonly primitives: Primitives },
): Promise<void> {
  const { receipt, gateway } = await opened(at, text, primitives);
  const isOurs = isPermitId(receipt.under) && state.permits.has(receipt.under) && state.intervals.has(gateway);
  if (isOurs) return;
  throw new Failure("proof_invalid", `Receipt ${at + 1} is not by a gateway of the ledger for a permit of it.`);
}

async function opened(at: number, text: string, primitives: Primitives): ReturnType<typeof openReceipt> {
  try {
    return await openReceipt(text, primitives);
  } catch (cause) {
    if (!(cause instanceof Failure)) throw cause;
    throw new Failure("proof_invalid", `Receipt ${at + 1} does not verify. ${cause.message}`, { cause });
  }
}

function stringsIn(value: unknown): readonly string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(stringsIn) : [];
}

/** Fails with proof_invalid at the first thing that is said otherwise. */
export function compareJudgements(stated: unknown, found: unknown): void {
  const difference = firstDifference(stated, found, "");
  if (difference === undefined) return;
  throw new Failure("proof_invalid", `The bundle says otherwise than what it holds comes to: ${difference}.`);
}

/**
 * Figures are saved with so many digits: the last ones of a double depend on the library of mathematics that made it, and what is
 * saved is either exactly what is found, rounded, or something else.
 */
const digits = 9;

/** How a gate was judged and when, as bundles hold it: verdicts and figures. Sentences are for people, and may be put better one day. */
export function judgedPart(
  { stage, verdict, tier, requirements }: Judgement,
  at: Timestamp,
): { at: Timestamp; judgement: Record<string, unknown> } {
  const told = {
    stage,
    verdict,
    ...(tier === undefined ? {} : { tier: { tier: tier.tier } }),
    requirements: requirements.map(({ id, kind, verdict: of, have }) => ({ id, kind, verdict: of, have })),
  };
  return { at, judgement: roundedMembers(told) };
}

function roundedMembers(members: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(members).map(([name, value]) => [name, rounded(value)]));
}

function rounded(value: unknown): unknown {
  if (typeof value === "number") return Number(value.toPrecision(digits));
  if (Array.isArray(value)) return value.map(rounded);
  return typeof value === "object" && value !== null ? roundedMembers(value) : value;
}

/** Where the digit that follows is a five, libraries may round to either side. */
function isRounded(stated: number, found: number): boolean {
  if (Number.isInteger(found)) return stated === found;
  const unit = 10 ** (Math.floor(Math.log10(Math.abs(found))) + 1 - digits);
  return Math.abs(stated - found) <= 0.51 * unit;
}

function firstDifference(stated: unknown, found: unknown, path: string): string | undefined {
  if (typeof stated === "number" && typeof found === "number")
    return isRounded(stated, found) ? undefined : differs(stated, found, path);
  const isDeep = typeof stated === "object" && typeof found === "object" && stated !== null && found !== null;
  if (isDeep) return firstWithin(stated, found, path);
  return stated === found ? undefined : differs(stated, found, path);
}

/** What is not stated, as a figure that was not reckoned then, is not said otherwise. */
function firstWithin(stated: object, found: object, path: string): string | undefined {
  const come = new Map<string, unknown>(Object.entries(found));
  if (Array.isArray(found) && come.size !== Object.keys(stated).length) return differs(stated, found, path);
  return Object.entries(stated)
    .map(([name, said]) => firstDifference(said, come.get(name), path === "" ? name : `${path}.${name}`))
    .find((difference) => difference !== undefined);
}

function differs(stated: unknown, found: unknown, path: string): string {
  return `${path} is ${JSON.stringify(stated) ?? "missing"} there and ${JSON.stringify(found) ?? "missing"} here`;
}
