// Where a model's certificate stands among its steps, for whoever takes the next or goes back. Pure.
import { Failure } from "../terms/failure.ts";
import type { Name } from "../terms/ids.ts";
import type { Release } from "./bodies.ts";
import type { Share } from "./conditions.ts";
import { stepOf } from "./rules/share.ts";
import { type State, latestCertificate } from "./state.ts";

export interface Stepped {
  readonly release: Release;
  readonly share: Share;
  /** From 0 on. */
  readonly step: number;
}

/** Fails with conflict where nothing was released, or by no steps. */
export function steppedIn(state: State, model: Name): Stepped {
  const release = latestCertificate(state, model)?.release;
  if (release === undefined) throw new Failure("conflict", `${model} was never released.`);
  const { share } = release.conditions;
  if (share !== undefined) return { release, share, step: stepOf(state, release.certificate) };
  throw new Failure(
    "conflict",
    `The certificate of ${model} has no steps: its stage is open to all whom it admits. A plan's stage has them in conditions.share.`,
  );
}

/** The next step. Fails with conflict at the last one. */
export function widerStep({ release, share, step }: Stepped): number {
  if (step + 1 < share.steps.length) return step + 1;
  throw new Failure(
    "conflict",
    `${release.model} is at the last of the steps that were signed. Wider takes a proposal.`,
  );
}

/** An earlier step, the one before unless `to` says which, from 0 on. Fails with conflict where there is none. */
export function narrowerStep({ release, share, step }: Stepped, to: number = step - 1): number {
  if (to >= 0 && to < step) return to;
  const { model } = release;
  throw new Failure(
    "conflict",
    `${model} is at step ${step + 1} of ${share.steps.length}: only an earlier one is narrower. To stop it: headgate release hold ${model}`,
  );
}
