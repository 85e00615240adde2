// A server that passes each request on and tells what went by: before the gateway it gives a foreign test suite the right
// address and key, behind it it shows what a server was sent. For the runs of scripts/outside only.
import { once } from "node:events";
import { type IncomingMessage, createServer } from "node:http";
import { z } from "zod";

const bodyBytesMax = 64 * 1024 * 1024;

/** A request as it came, and after its answer, what that was. */
export interface Passed {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly sent: string;
  readonly status: number;
  readonly answer: string;
}

export interface Onward {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** What becomes of the answer on its way back. */
  readonly mend?: (answer: string) => string;
}

export interface Relay {
  readonly url: string;
  readonly port: number;
  readonly close: () => Promise<void>;
}

export type Asked = Omit<Passed, "status" | "answer">;

export async function openRelay(
  onwardOf: (asked: Asked) => Onward,
  onPassed: (passed: Passed) => void,
): Promise<Relay> {
  const server = createServer((request, response) => {
    void (async (): Promise<void> => {
      try {
        const asked = await askedOf(request);
        const { url, headers, mend } = onwardOf(asked);
        const init = { method: asked.method, headers: { ...asked.headers, ...headers } };
        const answered = await fetch(url, asked.sent === "" ? init : { ...init, body: asked.sent });
        const came = await answered.text();
        const answer = answered.ok && mend !== undefined ? mend(came) : came;
        const { status } = answered;
        onPassed({ ...asked, status, answer });
        response.writeHead(status, { "content-type": answered.headers.get("content-type") ?? "text/plain" });
        response.end(answer);
      } catch (error) {
        console.error(error);
        response.destroy();
      }
    })();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = z.object({ port: z.number() }).parse(server.address());
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** What belongs to one connection, or to a length that is counted anew, is not passed on. */
const ownHeaders = new Set([
  "host",
  "connection",
  "content-length",
  "transfer-encoding",
  "accept-encoding",
  "keep-alive",
]);

async function askedOf(request: IncomingMessage): Promise<Asked> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request) {
    if (!Buffer.isBuffer(part)) throw new Error("a body is bytes");
    bytes += part.length;
    if (bytes > bodyBytesMax) throw new Error("a body is too large");
    parts.push(part);
  }
  const headers = Object.entries(request.headers).flatMap(([name, value]) =>
    typeof value === "string" && !ownHeaders.has(name) ? [[name, value] as const] : [],
  );
  const { method = "", url = "" } = request;
  return { method, path: url, headers: Object.fromEntries(headers), sent: Buffer.concat(parts).toString() };
}
