// What one safeguard of a chain does with what it finds, and for whom it does something else. Apart from the safeguards,
// because gateways, gates and outsiders all work out the same thing from a document: which modes somebody gets, and which
// ones an evaluation is made under, so that its evidence holds for everybody at the stage.
import { z } from "zod";
import { Name } from "./ids.ts";
import { OpenStage, type Stage } from "./stage.ts";
import type { FailureKind } from "./trial.ts";

const modes = ["off", "shadow", "flag", "review", "block"] as const;

/**
 * Mildest first. off: not run; shadow: what it would do is on record, and nothing else comes of it, not even where it cannot
 * judge; flag: what it finds is on record, and shown; review: what it would block is for review; block: policy decides.
 */
export const SafeguardMode = z.enum(modes);
export type SafeguardMode = z.infer<typeof SafeguardMode>;

/** Whether anything comes of what it finds. */
export function isInEffect(mode: SafeguardMode): boolean {
  return mode !== "off" && mode !== "shadow";
}

/** Whether an answer is stopped where something is found in it that policy blocks. */
export function isStopping(mode: SafeguardMode): boolean {
  return mode === "review" || mode === "block";
}

/** Exceptions of one safeguard, and organisation types in one of them. */
const exceptionsMax = 8;
const typesMax = 32;

/** Another mode, while a model is at one of the stages, for organisations of one of the types; what is left out is any. */
export const ModeException = z
  .strictObject({
    stages: z.array(OpenStage).min(1).max(OpenStage.options.length).optional(),
    types: z.array(Name).min(1).max(typesMax).optional(),
    mode: SafeguardMode,
  })
  .refine(({ stages, types }) => stages !== undefined || types !== undefined, "name stages, types or both");
interface ModeException {
  readonly stages?: readonly OpenStage[] | undefined;
  readonly types?: readonly Name[] | undefined;
  readonly mode: SafeguardMode;
}

export const moded = {
  mode: SafeguardMode.default("block"),
  /** The first that fits counts. */
  except: z
    .array(ModeException)
    .min(1)
    .max(exceptionsMax)
    .superRefine((exceptions, context) => {
      for (const [at, exception] of exceptions.entries()) {
        if (isReached(exception, exceptions.slice(0, at))) continue;
        context.addIssue({ code: "custom", path: [at], message: "never reached: those before it cover all it is for" });
      }
    })
    .optional(),
};

/** Whether somebody fits it whom none before it fits. */
function isReached({ stages = OpenStage.options, types }: ModeException, before: readonly ModeException[]): boolean {
  return stages.some((stage) => {
    const here = before.filter((other) => other.stages?.includes(stage) ?? true);
    if (here.some((other) => other.types === undefined)) return false;
    return types?.some((type) => !here.some((other) => other.types?.includes(type) === true)) ?? true;
  });
}

/** As much of a safeguard in a chain as its mode depends on. */
export interface Moded {
  readonly mode: SafeguardMode;
  readonly except?: readonly ModeException[] | undefined;
}

/** For whom a chain judges. */
export type JudgedFor =
  /** What is left out fits no exception that asks for it. */
  | { readonly kind: "caller"; readonly stage?: Stage | undefined; readonly type?: Name | undefined }
  /** An evaluation for a stage, or for all of them. */
  | { readonly kind: "evaluation"; readonly failure: FailureKind; readonly stage?: OpenStage | undefined };

/**
 * The mode of each safeguard, in order. An evaluation has of each the mildest that any type of caller may get at the stage,
 * where it measures what gets through, and the strictest where it measures what is refused: nobody there gets milder modes than
 * misuse was measured under, nor stricter ones than refusals were.
 */
export function modesFor(chain: readonly Moded[], whom: JudgedFor): readonly SafeguardMode[] {
  if (whom.kind === "caller") return chain.map(({ mode, except = [] }) => except.find(fits(whom))?.mode ?? mode);
  const stages = whom.stage === undefined ? OpenStage.options : [whom.stage];
  return chain.map((one) => {
    const strictness = stages.flatMap((stage) => modesAt(one, stage)).map((mode) => modes.indexOf(mode));
    const at = whom.failure === "refused" ? Math.max(...strictness) : Math.min(...strictness);
    return modes[at] ?? one.mode;
  });
}

function fits({ stage, type }: JudgedFor & { readonly kind: "caller" }): (exception: ModeException) => boolean {
  return ({ stages, types }) =>
    (stages?.some((known) => known === stage) ?? true) && (types?.some((known) => known === type) ?? true);
}

/** The mode of some callers at a stage. */
export interface ModeCase {
  readonly mode: SafeguardMode;
  /** Of organisations of these types, as far as no case before it is; undefined: of all others. */
  readonly types: readonly Name[] | undefined;
}

/** Which modes there are at a stage, and for whom, in the order in which they count. */
export function casesAt({ mode, except = [] }: Moded, stage: OpenStage): readonly ModeCase[] {
  const here = except.filter(({ stages }) => stages?.includes(stage) ?? true);
  // Nothing after an exception for all types is ever reached.
  const last = here.findIndex(({ types }) => types === undefined);
  const reached = last < 0 ? [...here, { mode }] : here.slice(0, last + 1);
  return reached.map((one) => ({ mode: one.mode, types: "types" in one ? one.types : undefined }));
}

/** The modes that callers may get at a stage, whatever types there are. */
export function modesAt(one: Moded, stage: OpenStage): readonly SafeguardMode[] {
  return casesAt(one, stage).map(({ mode }) => mode);
}

/** Every mode that somebody may get. */
export function modesAnywhere(one: Moded): readonly SafeguardMode[] {
  return [...new Set(OpenStage.options.flatMap((stage) => modesAt(one, stage)))];
}

/** Modes as receipts spell them; undefined where all are `block`. */
export function modesWord(of: readonly SafeguardMode[]): string | undefined {
  return of.every((mode) => mode === "block") ? undefined : of.join(",");
}

/** Safeguards of one chain. */
export const safeguardsMax = 8;

const one = `(${modes.join("|")})`;
export const ModesWord = z.string().regex(new RegExp(`^${one}(,${one}){0,${safeguardsMax - 1}}$`));
