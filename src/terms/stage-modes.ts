// The modes of a document's safeguards at one stage, for people: which of them do not block and for whom, on which side
// somebody's requests or answers are stopped by nothing, and which are asked over HTTP, so that what answers is only declared.
import { z } from "zod";
import { Surface } from "./finding.ts";
import type { Name } from "./ids.ts";
import { type Moded, type SafeguardMode, casesAt, isStopping, modesFor } from "./safeguard-mode.ts";
import type { OpenStage } from "./stage.ts";

export interface StageModes {
  /** Those that do not block everybody's, in the order of their document; the first case that fits somebody counts. */
  readonly modes: readonly {
    readonly safeguard: string;
    readonly on: readonly Surface[];
    /** `types` null: of all others. */
    readonly cases: readonly { readonly mode: SafeguardMode; readonly types: readonly Name[] | null }[];
  }[];
  /** Sides on which nothing is stopped for some callers. */
  readonly unstopped: readonly Surface[];
  /** Those that are asked over HTTP. */
  readonly declared: readonly { readonly safeguard: string; readonly name: string; readonly ask: Ask }[];
}

/** About which requests one that is asked over HTTP is asked; what runs here has none. */
export const Ask = z.enum(["always", "inDoubt"]);
type Ask = z.infer<typeof Ask>;

/** As much of a chain as is told of it. */
export type ModedChain = readonly (Moded & {
  readonly safeguard: string;
  readonly on: readonly Surface[];
  readonly name?: string | undefined;
  readonly ask?: Ask | undefined;
})[];

export function modesAtStage(chain: ModedChain, stage: OpenStage): StageModes {
  const all = chain.map(({ safeguard, on, ...moded }) => ({
    safeguard,
    on,
    cases: casesAt(moded, stage).map(({ mode, types }) => ({ mode, types: types ?? null })),
  }));
  return {
    modes: all.filter(({ cases }) => cases.some(({ mode }) => mode !== "block")),
    unstopped: Surface.options.filter((surface) => {
      // What is asked about doubts only stops nothing by itself.
      const here = chain.filter(({ on, ask }) => on.includes(surface) && ask !== "inDoubt");
      return !modesFor(here, { kind: "evaluation", failure: "served-and-harmful", stage }).some(isStopping);
    }),
    declared: chain.flatMap(({ safeguard, name = "", ask }) => (ask === undefined ? [] : [{ safeguard, name, ask }])),
  };
}
