// What `headgate doctor` sees of this machine: room on the disk, who may read the keys, whose the ports are, and whether
// the server's clock is this one. Only where a data folder lies here; elsewhere there is nothing to look at.
import { existsSync, readdirSync, statSync, statfsSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { Failure } from "../../terms/failure.ts";
import type { Context } from "../context.ts";

/** Less room than this, and the gateway may soon be unable to write receipts. */
const freeBytesMin = 1024 ** 3;
const gib = 1024 ** 3;

/** Fails with disk_full where too little is left; undefined where no data folder is here. */
export function aboutDisk(folder: string): string | undefined {
  if (!existsSync(folder)) return undefined;
  const { bavail, bsize } = statfsSync(folder);
  const free = bavail * bsize;
  const words = `${(free / gib).toFixed(1)} GiB free in ${folder}`;
  if (free >= freeBytesMin) return words;
  throw new Failure("disk_full", `${words}. Free some: with none left nothing is served; holds still work.`);
}

/** Fails with configuration_invalid where others may read a key; undefined where no keys lie here. */
export function aboutKeys(keysFolder: string | undefined): string | undefined {
  if (keysFolder === undefined || !existsSync(keysFolder)) return undefined;
  const files = readdirSync(keysFolder).map((name) => join(keysFolder, name));
  const exposed = [keysFolder, ...files].filter((path) => (statSync(path).mode & 0o077) !== 0);
  if (exposed.length === 0) return `${files.length} file(s) in ${keysFolder}, for their owner only`;
  throw new Failure(
    "configuration_invalid",
    `Others may read ${exposed.join(", ")}. Run: chmod 700 ${keysFolder}; chmod 600 ${keysFolder}/*`,
  );
}

/** How far the clocks may be apart before statements of this machine are refused as too old or from the future. */
const clockMsMax = 60_000;
const askMsMax = 5_000;

/** Fails with clock_behind where server and this machine disagree. */
export async function aboutClock(server: string, context: Context): Promise<string> {
  const date = await dateOf(server);
  const apart = Math.abs(date - context.now());
  if (apart <= clockMsMax) return "this machine's clock is the server's, to the minute";
  throw new Failure(
    "clock_behind",
    `This machine and ${server} are ${Math.round(apart / 1000)} seconds apart. Set the clock that is wrong.`,
  );
}

async function dateOf(server: string): Promise<number> {
  try {
    const signal = AbortSignal.timeout(askMsMax);
    const response = await fetch(`${server.replace(/\/+$/, "")}/healthz`, { redirect: "error", signal });
    await response.body?.cancel();
    const date = Date.parse(response.headers.get("date") ?? "");
    if (Number.isFinite(date)) return date;
  } catch (cause) {
    throw new Failure("server_unreachable", `${server} does not say what time it is.`, { cause });
  }
  throw new Failure("server_unreachable", `${server} does not say what time it is.`);
}

/** What a port that no headgate answers at is: somebody else's, or nobody's. */
export async function portInWords(address: string): Promise<string> {
  const { hostname, port } = new URL(address);
  const isTaken = await new Promise<boolean>((resolve) => {
    const socket = connect({ host: hostname.replaceAll(/[[\]]/g, ""), port: Number(port), timeout: 1_000 });
    const end = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once("connect", () => {
      end(true);
    });
    socket.once("error", () => {
      end(false);
    });
    socket.once("timeout", () => {
      end(false);
    });
  });
  return isTaken
    ? `Something else listens on port ${port}: stop it, or set HEADGATE_PORT and HEADGATE_CONTROL_PORT.`
    : `Nothing listens on port ${port}: start it with \`headgate serve\`.`;
}
