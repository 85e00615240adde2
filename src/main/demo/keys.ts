// The keyboard of the demo: single keys while something runs, one line where an address is asked for. Where there is no
// terminal there are no keys, and whoever asks has to decide by itself and say so.
import { createInterface } from "node:readline/promises";
import type { ReadStream } from "node:tty";

export interface Keys {
  /** Whether anybody can press one. */
  readonly areThere: boolean;
  /** Resolves with the first of these keys that is pressed; Enter is "enter". Rejects when the signal aborts. */
  readonly next: (among: readonly string[], signal?: AbortSignal) => Promise<string>;
  readonly line: (question: string) => Promise<string>;
  readonly close: () => void;
}

export const noKeys: Keys = {
  areThere: false,
  next: async () => new Promise(() => undefined),
  line: async () => "",
  close: () => undefined,
};

const interrupt = "\u0003";

/** `onInterrupt` is called for Ctrl-C, which a terminal in raw mode no longer turns into a signal. */
export function openKeys(input: ReadStream, onInterrupt: () => void): Keys {
  if (!input.isTTY) return noKeys;
  const listeners = new Set<(key: string) => void>();
  const hear = (bytes: Buffer): void => {
    const text = bytes.toString("utf8");
    if (text.includes(interrupt)) onInterrupt();
    const key = text === "\r" || text === "\n" ? "enter" : text.toLowerCase();
    for (const listener of listeners) listener(key);
  };
  const begin = (): void => {
    input.setRawMode(true);
    input.on("data", hear);
    input.resume();
  };
  const end = (): void => {
    input.off("data", hear);
    input.setRawMode(false);
    input.pause();
  };
  begin();
  return {
    areThere: true,
    next: async (among, signal) =>
      new Promise((resolve, reject) => {
        const done = (): void => {
          listeners.delete(listener);
          signal?.removeEventListener("abort", gone);
        };
        const listener = (key: string): void => {
          if (!among.includes(key)) return;
          done();
          resolve(key);
        };
        const gone = (): void => {
          done();
          reject(new Error("nobody waits for this key any more"));
        };
        listeners.add(listener);
        signal?.addEventListener("abort", gone);
      }),
    line: async (question) => {
      end();
      const reader = createInterface({ input, output: process.stdout });
      try {
        return (await reader.question(question)).trim();
      } finally {
        reader.close();
        begin();
      }
    },
    close: end,
  };
}
