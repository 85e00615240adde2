// Ends work from outside, once, and says why. An AbortSignal does the same for everybody; two of them for every request, and
// who listens to them, cost as much as all that is checked at its admission.
import type { Failure } from "../terms/failure.ts";

/** What is listened to. An AbortSignal is one. */
export interface StopSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: "abort", listener: () => void): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

export class Stop implements StopSignal {
  #reason: Failure | undefined;
  /** Few. A list that grows in place would make room for many at its first. */
  #listeners: readonly (() => void)[] = [];

  get aborted(): boolean {
    return this.#reason !== undefined;
  }

  get reason(): Failure | undefined {
    return this.#reason;
  }

  /** Only the first word counts. Listeners are told once, in the order in which they came. */
  abort(reason: Failure): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    const listeners = this.#listeners;
    this.#listeners = [];
    for (const listener of listeners) listener();
  }

  throwIfAborted(): void {
    if (this.#reason !== undefined) throw this.#reason;
  }

  addEventListener(_type: "abort", listener: () => void): void {
    if (this.#reason === undefined) this.#listeners = this.#listeners.concat(listener);
  }

  removeEventListener(_type: "abort", listener: () => void): void {
    const at = this.#listeners.indexOf(listener);
    if (at >= 0) this.#listeners = this.#listeners.toSpliced(at, 1);
  }
}
