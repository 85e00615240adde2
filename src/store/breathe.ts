// A pause in long work, for the event loop to look at its sockets: a gateway may answer callers in the same process.

/** Rows, receipts and the like that are worked on between two pauses. */
export const piecesAtOnce = 64;

export async function breathe(): Promise<void> {
  await new Promise<void>((resolve) => {
    setImmediate(resolve);
  });
}
