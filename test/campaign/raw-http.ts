// Requests as bytes on a socket, and what comes back as bytes: no client stands between that would refuse, repair or
// normalise what an attacker may write.
import { connect } from "node:net";

export interface RawAnswer {
  readonly bytes: Buffer;
  /** Whether the other side closed; false when it fell silent and we left. */
  readonly isClosed: boolean;
  /** Pieces with the moment they came, on the monotonic clock in milliseconds. */
  readonly pieces: readonly { readonly at: number; readonly bytes: Buffer }[];
}

export interface Sending {
  readonly port: number;
  /** One after another; where there are several, each is a packet of its own. */
  readonly packets: readonly Uint8Array[];
  /** Silence after which the sender leaves, in milliseconds. */
  readonly silenceMs: number;
}

/** Sends and reads until the other side closes or is silent for too long. */
export async function sendRaw({ port, packets, silenceMs }: Sending): Promise<RawAnswer> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    const pieces: { at: number; bytes: Buffer }[] = [];
    let isClosed = true;
    socket.setNoDelay(true);
    socket.setTimeout(silenceMs, () => {
      isClosed = false;
      socket.destroy();
    });
    socket.on("data", (bytes) => pieces.push({ at: performance.now(), bytes }));
    socket.on("error", () => undefined);
    socket.on("close", () => {
      resolve({ bytes: Buffer.concat(pieces.map(({ bytes }) => bytes)), isClosed, pieces });
    });
    const write = (at: number): void => {
      const packet = packets[at];
      if (packet === undefined || socket.destroyed) return;
      socket.write(packet, () => setImmediate(write, at + 1));
    };
    write(0);
  });
}

export interface RawRequest {
  readonly method: string;
  readonly target: string;
  /** Whole lines, as they are written. */
  readonly headers: readonly string[];
  readonly body: Uint8Array;
  /** `HTTP/1.1` unless said otherwise. */
  readonly version?: string;
  /** Between lines; the right one unless said otherwise. */
  readonly lineEnd?: string;
}

/** The bytes of a request; adds a length unless a line says something about length or encoding already. */
export function requestBytes(request: RawRequest): Buffer {
  const { method, target, headers, body, version = "HTTP/1.1", lineEnd = "\r\n" } = request;
  const isSized = headers.some((line) => /^(?:content-length|transfer-encoding)/i.test(line));
  const lines = isSized ? headers : [...headers, `Content-Length: ${body.length}`];
  const head = [`${method} ${target} ${version}`, ...lines, "", ""].join(lineEnd);
  return Buffer.concat([Buffer.from(head, "latin1"), body]);
}
