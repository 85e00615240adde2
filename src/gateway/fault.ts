// What an operator is told of a fault of our own: the kind of error and the place it was thrown from. Its message stays
// unsaid, because it may quote what a caller wrote.
export function faultOf(error: unknown): { readonly kind: string; readonly at: string } {
  if (!(error instanceof Error)) return { kind: typeof error, at: "unknown" };
  const frame = error.stack?.split("\n").find((line) => line.trimStart().startsWith("at "));
  return {
    kind: error.name,
    at:
      frame
        ?.trim()
        .replace(/^at /, "")
        .replace(/\(?file:.*\/src\//, "src/") ?? "unknown",
  };
}
