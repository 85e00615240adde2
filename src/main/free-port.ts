// A port that nobody has, where its number must be known before it is listened on. It is not one of those that systems give to
// outgoing connections and to whoever asks for any port (RFC 6335, section 6, and 32768 up on Linux), so that none of these
// takes it in the meantime.
import { randomInt } from "node:crypto";
import { type Server, createServer } from "node:net";

const [portMin, portMax] = [20_000, 32_000];
const triesMax = 50;

/** Throws where no port of many tried was free. */
export async function freePort(host = "127.0.0.1"): Promise<number> {
  for (let tried = 0; tried < triesMax; tried += 1) {
    const port = randomInt(portMin, portMax);
    const server = createServer();
    if (!(await isListening(server, { host, port }))) continue;
    await new Promise<void>((resolve) => {
      server.close(() => {
        resolve();
      });
    });
    return port;
  }
  throw new Error(`no port of ${host} is free`);
}

async function isListening(server: Server, at: { readonly host: string; readonly port: number }): Promise<boolean> {
  return new Promise((resolve) => {
    server.once("error", () => {
      resolve(false);
    });
    server.listen(at, () => {
      resolve(true);
    });
  });
}
