// What an operator is told of an error. Its text is told only where it is ours or the system's: any other may quote what was
// being read, be it a caller's words, a secret or a server's answer (JSON.parse quotes, and so do checkers of types).
import { Failure } from "./failure.ts";

/** Our own sentence, the system's, or else the error's kind and the place it was thrown from. One line. */
export function troubleIn(error: unknown): string {
  if (error instanceof Failure) return error.message === "" ? error.code : error.message;
  if (isOfSystem(error)) return error.message;
  const { kind, place } = faultOf(error);
  const cause = error instanceof Error && isOfSystem(error.cause) ? `: ${error.cause.message}` : "";
  return `${kind} at ${place}${cause}`;
}

/** Its kind and its place. */
export function faultOf(error: unknown): { readonly kind: string; readonly place: string } {
  if (!(error instanceof Error)) return { kind: typeof error, place: "unknown" };
  const [place = "unknown"] = framesOf(error);
  return { kind: kindOf(error), place };
}

/** Where it was thrown from, innermost first. */
export function framesOf({ stack = "", message }: Error): readonly string[] {
  // The message stands before the frames, and may have lines that look like one.
  const start = message === "" ? 0 : stack.indexOf(message) + message.length;
  const lines = stack.slice(Math.max(0, start)).split("\n");
  const frames = lines.map((line) => frame.exec(line)?.[1]).filter((one) => one !== undefined);
  return frames.map((one) => one.replace(/\(?file:.*\/src\//, "src/").replace(/\)$/, ""));
}

const frame = /^\s+at (.*(?:file|node):\S+:\d+:\d+\)?)$/;

/** Names of errors are those of classes; anything longer is no name. */
export function kindOf({ name }: Error): string {
  return /^\w{1,64}$/.test(name) ? name : "Error";
}

/** Errors that the system gave: what they say is a call, its code, and a path or an address of ours. */
function isOfSystem(error: unknown): error is Error & { readonly syscall: string } {
  const hasCall = error instanceof Error && "syscall" in error && "errno" in error && "code" in error;
  return hasCall && typeof error.syscall === "string" && typeof error.errno === "number";
}
