// From a suite's items to what is run: each with its body, and, where an attempt takes several requests, what writes them.
import type { LoadedItem } from "../evidence/suite.ts";
import type { Suite } from "../evidence/suite-document.ts";
import type { RunItem } from "./run-suite.ts";
import type { Script } from "./script.ts";
import { worldScript } from "./world-script.ts";

export function runItemOf(item: LoadedItem, suite: Suite): RunItem {
  const { id, cluster, body, expect, leafHash } = item;
  const asked = { id, messages: body.messages, expect };
  const known = { id, cluster, body: { ...body }, asked, leaf: leafHash };
  const script = scriptOf(item, suite);
  return script === undefined ? known : { ...known, script };
}

function scriptOf({ body, world }: LoadedItem, suite: Suite): Script | undefined {
  if (suite.world === undefined || world === undefined) return undefined;
  return worldScript(body.messages, world, suite.world);
}
