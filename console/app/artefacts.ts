// Content by its digest: what comes back is hashed here, so that a server can leave it out but never give another for it.
import { routes } from "../../src/control/contract.ts";
import { pathOf } from "../../src/control/contract-paths.ts";
import { browserPrimitives } from "../../src/proof/browser.ts";
import { digestOf } from "../../src/proof/digest.ts";
import { Failure } from "../../src/terms/failure.ts";
import type { Digest } from "../../src/terms/ids.ts";
import { askBytes } from "./server.ts";

/** Fails with proof_invalid where the server gives other bytes, or as it refuses. */
export async function askArtefact(digest: Digest): Promise<Uint8Array> {
  const bytes = await askBytes(pathOf(routes.artefact, { digest }));
  if (digestOf(bytes, browserPrimitives) === digest) return bytes;
  throw new Failure("proof_invalid", `The server gave other content than that of ${digest}.`);
}
