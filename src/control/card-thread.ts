// The thread that makes one release card, away from the one that serves: verifying a bundle and packing the modules takes seconds.
import { parentPort, workerData } from "node:worker_threads";
import { z } from "zod";
import { cardFile, judgedBundle } from "../report/card-file.ts";
import { Failure } from "../terms/failure.ts";
import { Instant } from "../terms/ids.ts";

const { bundle, at } = z.object({ bundle: z.instanceof(Uint8Array), at: Instant }).parse(workerData);

try {
  parentPort?.postMessage({ kind: "card", card: await cardFile(await judgedBundle(bundle, at)) }, []);
} catch (error) {
  if (!(error instanceof Failure)) throw error;
  parentPort?.postMessage({ kind: "failed", code: error.code, message: error.message }, []);
}
