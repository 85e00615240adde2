// What the embedded model's process and its parent say to each other beside the socket.
import { z } from "zod";
import { Digest } from "../../terms/ids.ts";

/** Parent to child, once, right after it was started. */
export const ChildTask = z.strictObject({
  runtimeFolder: z.string(),
  file: z.string(),
  socketPath: z.string(),
  contextTokens: z.number().int(),
  parallel: z.number().int(),
  threads: z.number().int().min(1),
});
export type ChildTask = z.infer<typeof ChildTask>;

/** Child to parent, once: it answers on the socket, or why it does not. */
export const ChildReport = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("ready"), weights: Digest }),
  z.strictObject({ kind: z.literal("failed"), message: z.string() }),
]);
export type ChildReport = z.infer<typeof ChildReport>;
