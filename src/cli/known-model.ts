// A brake on a mistyped name would look like a brake and stop nothing. The control plane is asked for the model, for a short
// while only; where it knows none of that name, the verified ledger decides, so that no server's word alone keeps anything
// open. Whatever goes wrong with asking, the brake is not kept waiting.
import { nearestWord } from "../documents/nearest.ts";
import { StatusView, routes } from "../control/contract.ts";
import { pathOf } from "../control/contract-paths.ts";
import { Failure, failureCode } from "../terms/failure.ts";
import type { State } from "../acts/state.ts";
import type { Name } from "../terms/ids.ts";
import { type Identity, replay } from "./session.ts";

/** What asking may take of the time of a brake. */
const askingMsMax = 3_000;

/** What did not happen. */
type Without = "HELD" | "RESTRICTED" | "RECORDED";

/** Fails with request_invalid for a model that the ledger knows nothing of. */
export async function refuseUnknown(who: Identity, model: Name, without: Without = "HELD"): Promise<void> {
  const known = await Promise.race([namesWithout(who, model), givenUp()]);
  if (known === undefined) return;
  const near = nearestWord(model, known);
  const hint = near === undefined ? "" : ` Did you mean "${near}"?`;
  throw new Failure("request_invalid", `NOTHING IS ${without}: there is no model "${model}" here.${hint}`);
}

/** The models there are, where this is none of them; undefined where it is, or nobody can tell. */
async function namesWithout(who: Identity, model: Name): Promise<readonly string[] | undefined> {
  try {
    await who.client.get(pathOf(routes.status, { model }), StatusView);
    return undefined;
  } catch (error) {
    if (failureCode(error) !== "model_unknown") return undefined;
  }
  try {
    const known = modelsOf((await replay(who)).state);
    return known.has(model) ? undefined : [...known];
  } catch {
    return undefined;
  }
}

function modelsOf({ documents, certificates }: State): ReadonlySet<string> {
  const named = [documents.get("Model"), documents.get("ReleasePlan"), certificates];
  return new Set(named.flatMap((names) => [...(names?.keys() ?? [])]));
}

async function givenUp(): Promise<undefined> {
  await new Promise<void>((resolve) => {
    setTimeout(resolve, askingMsMax).unref();
  });
  return undefined;
}
