// Whoever reads what we write may leave before the end, as `head` does. A verb then ends, quietly, as it would where a signal
// ended it; a server goes on serving, and says nothing more.

/** Writes to standard output, and ends the process where nobody reads it any more. */
export function writeOut(text: string): void {
  process.stdout.write(text);
  // At once: the event comes after all that is worked out without a wait, which may be thousands of lines.
  if (process.stdout.errored !== null && isClosed(process.stdout.errored)) process.exit();
}

/** Once, before anything is written. */
export function mindReaders(isServer: boolean): void {
  process.stderr.on("error", (error: Error) => {
    if (!isClosed(error)) throw error;
  });
  process.stdout.on("error", (error: Error) => {
    if (!isClosed(error)) throw error;
    if (!isServer) process.exit();
  });
}

function isClosed(error: Error): boolean {
  return "code" in error && error.code === "EPIPE";
}
