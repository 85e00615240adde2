// A model server that answers what a test wrote down: pieces of a body, with pauses that the test ends. For frames in formats
// that the other mock does not speak. Independent on purpose: it imports nothing of src.
import { once } from "node:events";
import { type IncomingMessage, type ServerResponse, createServer } from "node:http";

export interface Script {
  readonly status?: number;
  readonly type: "application/json" | "text/event-stream";
  /** Written one after another; a promise is waited for, and writes nothing. */
  readonly pieces: readonly (string | Promise<unknown>)[];
  /** The connection is dropped after the last piece. */
  readonly isCut?: boolean;
}

export interface ScriptedRecord {
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: unknown;
}

export interface Scripted {
  readonly port: number;
  readonly records: readonly ScriptedRecord[];
  /** What requests to a path are answered with from now on; other paths are 404. */
  readonly play: (path: string, script: Script) => void;
  readonly close: () => Promise<void>;
}

export async function startScripted(): Promise<Scripted> {
  const scripts = new Map<string, Script>();
  const records: ScriptedRecord[] = [];

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = "";
    request.setEncoding("utf8");
    for await (const piece of request) text += String(piece);
    const path = request.url ?? "";
    records.push({ path, headers: request.headers, body: text === "" ? undefined : JSON.parse(text) });
    const script = scripts.get(path);
    if (script === undefined) return void response.writeHead(404).end();
    response.writeHead(script.status ?? 200, { "content-type": script.type });
    for (const piece of script.pieces) {
      if (typeof piece === "string") response.write(piece);
      else await piece;
    }
    if (script.isCut === true) response.write("", () => response.destroy());
    else response.end();
  }

  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("a port was asked for");
  return {
    port: address.port,
    records,
    play: (path, script) => scripts.set(path, script),
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}
