// What a running server says of itself: one JSON line an event on stderr. Callers of it pass ids, numbers and closed
// words; no text of a request, no secret.
export type Report = (event: string, detail: Readonly<Record<string, string | number>>) => void;

export function reportTo(stream: NodeJS.WritableStream): Report {
  return (event, detail) => {
    stream.write(`${JSON.stringify({ at: new Date().toISOString(), event, ...detail })}\n`);
  };
}
