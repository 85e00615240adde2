// The safeguards that ship with Headgate: read from their files on first use, named by the SHA-256 of the bytes that were
// really loaded, so that a digest in a document or receipt can only mean what ran.
import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Failure } from "../terms/failure.ts";
import { Digest } from "../terms/ids.ts";
import { detectorOf } from "./misuse/detector.ts";
import { plantedOrdersOf } from "./injection/planted-orders.ts";
import { type EncoderFile, secondLookAt } from "./misuse/second-look.ts";
import type { Safeguard } from "./safeguard.ts";
import { type Weights, readWeights, weightBytesMax } from "./weights.ts";

export interface Registry {
  readonly names: readonly string[];
  /** The safeguard called `name@version`. Failure configuration_invalid or artefact_missing. */
  readonly get: (name: string) => Safeguard;
}

const shipped: Readonly<Record<string, URL>> = {
  "misuse@4": new URL("artefacts/misuse-4.bin", import.meta.url),
  "injection@2": new URL("artefacts/injection-2.bin", import.meta.url),
};

/** The safeguards that ship with Headgate. Cost: the first `get` of each reads its weights. */
export function shippedSafeguards(): Registry {
  const loaded = new Map<string, Safeguard>();
  return {
    names: Object.keys(shipped),
    get: (name) => {
      const before = loaded.get(name);
      if (before !== undefined) return before;
      const file = shipped[name];
      if (file === undefined) throw unknownSafeguard(name);
      const safeguard = loadSafeguard(name, file);
      loaded.set(name, safeguard);
      return safeguard;
    },
  };
}

function loadSafeguard(name: string, file: URL): Safeguard {
  const bytes = readArtefact(name, file);
  const weights = readWeights(bytes);
  if (weights.detector !== name)
    throw new Failure("artefact_missing", `The weights of ${name} name another detector. Restore the shipped file.`);
  const [stem = name, version = "1"] = name.split("@");
  const digest = Digest.parse(`sha256:${createHash("sha256").update(bytes).digest("hex")}`);
  return { name: stem, version: Number(version), digest, ...judging(name, file, weights) };
}

/** By what the weights are of: planted orders, or misuse, beside which lies an encoder. */
function judging(name: string, file: URL, weights: Weights): Omit<Safeguard, "name" | "version" | "digest"> {
  if (weights.has("ngrams:planted")) return plantedOrdersOf(weights);
  return detectorOf(weights, secondLookAt(encoderOf(name, file, weights)));
}

/** The encoder beside the weights, which hold its digest: one digest names both files. */
function encoderOf(name: string, file: URL, weights: Weights): EncoderFile {
  const beside = new URL(file.href.replace(/\.bin$/u, ".encoder.bin"));
  const sha256 = Buffer.from(weights.bytes("encoder:sha256")).toString("hex");
  if (createHash("sha256").update(readArtefact(name, beside)).digest("hex") === sha256)
    return { file: fileURLToPath(beside), sha256 };
  throw new Failure(
    "artefact_missing",
    `The encoder of safeguard ${name} is not the one that its weights name (${fileURLToPath(beside)}). Restore the file from the release.`,
    { detail: { safeguard: name } },
  );
}

function readArtefact(name: string, file: URL): Uint8Array {
  try {
    if (statSync(file).size > weightBytesMax) throw new RangeError("too large");
    return readFileSync(file);
  } catch (cause) {
    throw new Failure(
      "artefact_missing",
      `The weights of safeguard ${name} cannot be read (${fileURLToPath(file)}). Restore the file from the release.`,
      { cause, detail: { safeguard: name } },
    );
  }
}

function unknownSafeguard(name: string): Failure {
  const names = Object.keys(shipped).join(", ");
  return new Failure("configuration_invalid", `There is no safeguard ${name}. There are: ${names}.`, {
    detail: { safeguard: name },
  });
}
