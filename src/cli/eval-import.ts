// `headgate eval import`: a report made elsewhere becomes evidence with basis `declared`: what the file says, with the
// file's digest, and flags for what a reader should know of it.
import { Failure } from "../terms/failure.ts";
import type { Answer } from "./answer.ts";
import type { ImportOptions } from "./eval.ts";
import type { Call } from "./verb.ts";

export async function importReport(_call: Call<ImportOptions>): Promise<Answer> {
  throw new Failure("feature_unsupported", "Importing is not here yet.");
}
