// Which code this is: the version of its package, and a digest over all its source files, so that evidence says by what it was
// made. Whoever has the same sources has the same digest; it does not show that they ran.
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { RunCode } from "../acts/bodies.ts";
import { digestOf, digestOfText } from "../proof/digest.ts";
import { nodePrimitives } from "../proof/node.ts";
import { version } from "./version.ts";

/** The digest is of a line a file, `path digest`, in the order of the paths below `src`. Some tens of milliseconds. */
export function codeHere(): RunCode {
  const folder = join(import.meta.dirname, "..");
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => /\.[jt]s$/.test(path) && !path.endsWith(".test.ts"))
    .map((path) => path.replaceAll("\\", "/"))
    .toSorted();
  const lines = files.map((path) => `${path} ${digestOf(readFileSync(join(folder, path)), nodePrimitives)}`);
  return { version: version(), sources: digestOfText(lines.join("\n"), nodePrimitives) };
}
