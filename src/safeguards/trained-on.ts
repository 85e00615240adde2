// What a safeguard was trained on, as far as anybody can say it here: those with weights name their rows by keys beside them, rules were
// trained on nothing, and what is asked over HTTP is somebody else's.
import { readFileSync } from "node:fs";
import { Failure } from "../terms/failure.ts";
import type { TrainedOn } from "../terms/training-rows.ts";
import { patternsName } from "./patterns/patterns-document.ts";
import { remoteNames } from "./remote/remote-document.ts";
import { structureName } from "./structure/structure-document.ts";

const rules: ReadonlySet<string> = new Set([patternsName, structureName]);
const remote: ReadonlySet<string> = new Set(remoteNames);

/** Fails with artefact_missing where a safeguard with weights does not say what it was trained on. */
export function trainedOn(safeguard: string): TrainedOn {
  if (rules.has(safeguard)) return { kind: "nothing" };
  if (remote.has(safeguard)) return { kind: "unknown" };
  const file = new URL(`artefacts/${safeguard.replace("@", "-")}.rows.bin`, import.meta.url);
  try {
    return { kind: "rows", keys: readFileSync(file) };
  } catch (cause) {
    throw new Failure(
      "artefact_missing",
      `What safeguard ${safeguard} was trained on does not lie beside its weights, so nobody can say whether a grader shares it. Restore the file from the release.`,
      { cause, detail: { safeguard } },
    );
  }
}
