// The thread that the second look runs in, away from the thread that serves: word pieces in, logits out, one window a
// message. It reads the weights itself and refuses to start with others than those it was told of.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { z } from "zod";
import { encoderOf } from "./encoder.ts";
import { readWeights } from "../weights.ts";

const Start = z.strictObject({ file: z.string(), sha256: z.string() });
const Question = z.strictObject({ id: z.number(), pieces: z.instanceof(Uint16Array) });

const { file, sha256 } = Start.parse(workerData);
const bytes = readFileSync(file);
if (createHash("sha256").update(bytes).digest("hex") !== sha256)
  throw new Error("The weights of the second look are not those that the detector names.");
const encode = encoderOf(readWeights(bytes));
parentPort?.on("message", (message: unknown) => {
  const { id, pieces } = Question.parse(message);
  parentPort?.postMessage({ id, logits: encode(pieces) }, []);
});
