// Steps of a check, in their order: each passed with what was compared, failed with what does not fit, or was not made because it
// rests on one that failed. Nothing counts as passed that was not looked at.
import { Failure } from "../../../src/terms/failure.ts";
import { words } from "../../words/words.ts";

export interface Step {
  readonly name: string;
  readonly result: "pass" | "fail" | "not-checked";
  /** What was compared, or what does not fit. */
  readonly said: string;
}

export interface Made<T> {
  readonly value: T;
  readonly said: string;
}

export interface Checks {
  readonly steps: Step[];
  /** What was made; undefined where it failed. Never rejects. */
  readonly step: <T>(name: string, make: () => Promise<Made<T>>) => Promise<T | undefined>;
  /** A step that rests on another. */
  readonly after: <B, T>(
    name: string,
    before: B | undefined,
    make: (before: B) => Promise<Made<T>>,
  ) => Promise<T | undefined>;
}

export function createChecks(): Checks {
  const steps: Step[] = [];
  const step: Checks["step"] = async (name, make) => {
    try {
      const { value, said } = await make();
      steps.push({ name, result: "pass", said });
      return value;
    } catch (error) {
      const said = error instanceof Failure ? error.message : words.ledger.steps.unexpected;
      steps.push({ name, result: "fail", said });
      return undefined;
    }
  };
  return {
    steps,
    step,
    after: async (name, before, make) => {
      if (before !== undefined) return step(name, async () => make(before));
      steps.push({ name, result: "not-checked", said: words.ledger.steps.restsOnAnother });
      return undefined;
    },
  };
}
