// The keyboard of the demo: single keys while something runs, one line where an address is asked for. Where there is no
// terminal there are no keys, and whoever asks has to decide by itself and say so.

export interface Keys {
  /** Whether anybody can press one. */
  readonly areThere: boolean;
  /** Resolves with the first of these keys that is pressed; Enter is "enter". Rejects when the signal aborts. */
  readonly next: (among: readonly string[], signal?: AbortSignal) => Promise<string>;
  /** A line of text up to Enter; `show` is told what is there so far. Rejects when the signal aborts. */
  readonly line: (show: (typed: string) => void, signal?: AbortSignal) => Promise<string>;
  readonly close: () => void;
}

/** What is used of a terminal's input. */
export interface KeyInput {
  readonly isTTY: boolean;
  readonly on: (event: "data", listener: (bytes: Buffer) => void) => unknown;
  readonly off: (event: "data", listener: (bytes: Buffer) => void) => unknown;
  readonly setRawMode: (isRaw: boolean) => unknown;
  readonly resume: () => unknown;
  readonly pause: () => unknown;
}

export const noKeys: Keys = {
  areThere: false,
  next: async () => new Promise(() => undefined),
  line: async () => "",
  close: () => undefined,
};

const interrupt = "\u0003";
const enters = new Set(["\r", "\n"]);
const deletes = new Set(["\u007F", "\b"]);

/** `onInterrupt` is called for Ctrl-C, which a terminal in raw mode no longer turns into a signal. */
export function openKeys(input: KeyInput, onInterrupt: () => void): Keys {
  if (!input.isTTY) return noKeys;
  const listeners = new Set<(text: string) => void>();
  const hear = (bytes: Buffer): void => {
    const text = bytes.toString("utf8");
    if (text.includes(interrupt)) onInterrupt();
    for (const listener of listeners) listener(text);
  };
  input.setRawMode(true);
  input.on("data", hear);
  input.resume();

  /** Listens until `take` has what it waits for. */
  async function until(take: (text: string) => string | undefined, signal: AbortSignal | undefined): Promise<string> {
    return new Promise((resolve, reject) => {
      const done = (): void => {
        listeners.delete(listener);
        signal?.removeEventListener("abort", gone);
      };
      const listener = (text: string): void => {
        const taken = take(text);
        if (taken === undefined) return;
        done();
        resolve(taken);
      };
      const gone = (): void => {
        done();
        reject(new Error("nobody waits for this key any more"));
      };
      listeners.add(listener);
      signal?.addEventListener("abort", gone);
    });
  }

  return {
    areThere: true,
    next: async (among, signal) =>
      until((text) => {
        const key = enters.has(text) ? "enter" : text.toLowerCase();
        return among.includes(key) ? key : undefined;
      }, signal),
    line: async (show, signal) => {
      let typed = "";
      show(typed);
      return until((text) => {
        // What is pasted comes in one piece; what begins with an escape is an arrow or the like.
        if (text.startsWith("\u001B")) return undefined;
        for (const character of text) {
          if (enters.has(character)) return typed.trim();
          typed = deletes.has(character) ? typed.slice(0, -1) : typed + (character < " " ? "" : character);
        }
        show(typed);
        return undefined;
      }, signal);
    },
    close: () => {
      input.off("data", hear);
      input.setRawMode(false);
      input.pause();
    },
  };
}
