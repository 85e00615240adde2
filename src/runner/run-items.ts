// From a suite's items to what is run: each with its body, and, where an attempt takes several requests, what writes them.
import type { LoadedItem } from "../evidence/suite.ts";
import type { Suite } from "../evidence/suite-document.ts";
import { assert } from "../proof/assert.ts";
import type { RunItem } from "./run-suite.ts";
import type { Script } from "./script.ts";
import { type AttackerMeans, attackerScript } from "./attacker-script.ts";
import { worldScript } from "./world-script.ts";

/** `attacker`: where the suite has one. */
export function runItemOf(item: LoadedItem, suite: Suite, attacker?: AttackerMeans): RunItem {
  const { id, cluster, body, expect, leafHash } = item;
  const asked = { id, messages: body.messages, expect };
  const known = { id, cluster, body: { ...body }, asked, leaf: leafHash };
  const script = scriptOf(item, suite, attacker);
  return script === undefined ? known : { ...known, script };
}

function scriptOf({ body, world }: LoadedItem, suite: Suite, attacker?: AttackerMeans): Script | undefined {
  if (suite.attacker !== undefined) {
    // What is missing here would make of an attack a plain question.
    assert(attacker !== undefined, "a suite with an attacker is run with one");
    return attackerScript(body.messages, attacker);
  }
  if (suite.world === undefined || world === undefined) return undefined;
  return worldScript(body.messages, world, suite.world);
}
