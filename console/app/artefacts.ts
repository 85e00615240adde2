// Content by its digest: what comes back is hashed here, so that a server can leave it out but never give another for it.
import type { z } from "zod";
import { routes } from "../../src/control/contract.ts";
import { pathOf } from "../../src/control/contract-paths.ts";
import { browserPrimitives } from "../../src/proof/browser.ts";
import { parseJson } from "../../src/proof/canonical.ts";
import { digestOf } from "../../src/proof/digest.ts";
import { Failure } from "../../src/terms/failure.ts";
import type { Digest } from "../../src/terms/ids.ts";
import { askBytes } from "./server.ts";

const bounds = { bytesMax: 1024 * 1024, depthMax: 32, code: "document_invalid" } as const;

/** A document. Fails with proof_invalid where the server gives other bytes, with document_invalid where they are none, or as it refuses. */
export async function askDocument<T>(digest: Digest, type: z.ZodType<T>): Promise<T> {
  const bytes = await askBytes(pathOf(routes.artefact, { digest }));
  if (digestOf(bytes, browserPrimitives) !== digest)
    throw new Failure("proof_invalid", `The server gave other content than that of ${digest}.`);
  const parsed = type.safeParse(parseJson(bytes, bounds));
  if (parsed.success) return parsed.data;
  throw new Failure("document_invalid", `What ${digest} names is not what was expected there.`, {
    cause: parsed.error,
  });
}
