// The modes of a document's safeguards at one stage, for people: which of them do not block and for whom, on which side
// somebody's requests or answers are stopped by nothing, and which are asked over HTTP, so that what answers is only declared.
import { z } from "zod";
import { Surface } from "./finding.ts";
import type { Name } from "./ids.ts";
import { type Moded, type SafeguardMode, casesAt, isInEffect, isStopping, modesFor } from "./safeguard-mode.ts";
import type { OpenStage } from "./stage.ts";

export interface StageModes {
  /** Those that do not block everybody's, in the order of their document; the first case that fits somebody counts. */
  readonly modes: readonly {
    readonly safeguard: string;
    readonly on: readonly Surface[];
    /** `types` null: of all others. */
    readonly cases: readonly { readonly mode: SafeguardMode; readonly types: readonly Name[] | null }[];
  }[];
  /** Sides on which safeguards of some callers stop nothing, whatever they find. */
  readonly unstopped: readonly Surface[];
  /** Sides on which nothing that may stop something looks for misuse, for some callers; missing where there are none. */
  readonly narrow?: readonly Surface[] | undefined;
  /** Those that are asked over HTTP. */
  readonly declared: readonly { readonly safeguard: string; readonly name: string; readonly ask: Ask }[];
}

/** About which requests one that is asked over HTTP is asked; what runs here has none. */
export const Ask = z.enum(["always", "in-doubt"]);
type Ask = z.infer<typeof Ask>;

/** As much of a chain as is told of it. */
export type ModedChain = readonly (Moded & {
  readonly safeguard: string;
  readonly on: readonly Surface[];
  readonly name?: string | undefined;
  readonly ask?: Ask | undefined;
})[];

export function modesAtStage(chain: ModedChain, stage: OpenStage): StageModes {
  const all = chain.map(({ safeguard, name, on, ...moded }) => ({
    safeguard: name === undefined ? safeguard : `${safeguard} ${name}`,
    on,
    cases: casesAt(moded, stage).map(({ mode, types }) => ({ mode, types: types ?? null })),
  }));
  const types = new Set(all.flatMap(({ cases }) => cases.flatMap((one) => one.types ?? [])));
  const isSo = (surface: Surface, of: (running: readonly Running[]) => boolean): boolean => {
    // What is asked about others' doubts only stops nothing by itself.
    const here = chain.filter(({ on, ask }) => on.includes(surface) && ask !== "in-doubt");
    return [...types, undefined].some((type) => {
      const modes = modesFor(here, { kind: "caller", stage, type });
      return of(here.map(({ safeguard }, at) => ({ safeguard, mode: modes[at] ?? "off" })));
    });
  };
  const narrow = Surface.options.filter((surface) => isSo(surface, isNarrow));
  return {
    modes: all.filter(({ cases }) => cases.some(({ mode }) => mode !== "block")),
    unstopped: Surface.options.filter((surface) => isSo(surface, isUnstopped)),
    ...(narrow.length === 0 ? {} : { narrow }),
    declared: chain.flatMap(({ safeguard, name = "", ask }) => (ask === undefined ? [] : [{ safeguard, name, ask }])),
  };
}

interface Running {
  readonly safeguard: string;
  readonly mode: SafeguardMode;
}

function isUnstopped(running: readonly Running[]): boolean {
  return running.some(({ mode }) => isInEffect(mode)) && !running.some(({ mode }) => isStopping(mode));
}

/** Those that look for something of their own, and not for harm that is asked for or given. */
const partial = /^(?:patterns|structure|injection)@/;

function isNarrow(running: readonly Running[]): boolean {
  const stopping = running.filter(({ mode }) => isStopping(mode));
  return stopping.length > 0 && stopping.every(({ safeguard }) => partial.test(safeguard));
}

/** In a line; empty where all block and are measured. */
export function stageModesInWords(of: StageModes): string {
  return [
    ...of.modes.map(modeInWords),
    ...unstoppedInWords(of),
    ...narrowInWords(of),
    ...of.declared.map(declaredInWords),
  ].join("; ");
}

export function declaredInWords({ name, safeguard, ask }: StageModes["declared"][number]): string {
  const when = ask === "always" ? "about every request" : "about doubts";
  return `${name} (${safeguard}): asked over HTTP ${when}, declared: what answers there is not measured`;
}

export function modeInWords({ safeguard, on, cases }: StageModes["modes"][number]): string {
  const words = cases.map(({ mode, types }, at) => {
    if (types !== null) return `${mode} for ${types.join(", ")}`;
    return at === 0 ? mode : `${mode} for all others`;
  });
  return `${safeguard} (${on.map((side) => sideInWords[side]).join(", ")}): ${words.join("; ")}`;
}

/** A sentence, or none. */
export function unstoppedInWords({ unstopped }: Pick<StageModes, "unstopped">): readonly string[] {
  if (unstopped.length === 0) return [];
  const sides = unstopped.map((side) => sideInWords[side]).join(" and the ");
  return [`NOTHING IS STOPPED in the ${sides}, for some callers at least: safeguards there only record.`];
}

/** A sentence, or none. */
export function narrowInWords({ narrow = [] }: Pick<StageModes, "narrow">): readonly string[] {
  if (narrow.length === 0) return [];
  const sides = narrow.map((side) => sideInWords[side]).join(" and the ");
  return [
    `NOTHING LOOKS FOR MISUSE in the ${sides}, for some callers at least: what may stop something there looks for patterns, planted orders or what requests look like.`,
  ];
}

export const sideInWords = { input: "request", output: "answer" } as const satisfies Record<Surface, string>;
