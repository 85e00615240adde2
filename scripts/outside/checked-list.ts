// A result that is checked in: compared with what came now, or, with `--write`, written anew. Differences are shown.
import { readFileSync, writeFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";

/** Whether what came is what the file says; `--write` makes it so. */
export function checkList(file: URL, came: Readonly<Record<string, unknown>>, isWriting: boolean): boolean {
  if (isWriting) {
    writeFileSync(file, `${JSON.stringify(came, null, 2)}\n`);
    return true;
  }
  const kept: unknown = JSON.parse(readFileSync(file, "utf8"));
  const differences = differencesOf(kept, JSON.parse(JSON.stringify(came)), "");
  for (const line of differences) console.log(line);
  return differences.length === 0;
}

function differencesOf(kept: unknown, came: unknown, at: string): readonly string[] {
  if (isDeepStrictEqual(kept, came)) return [];
  if (!isPlain(kept) || !isPlain(came)) return [`${at}: was ${JSON.stringify(kept)}, is ${JSON.stringify(came)}`];
  const names = new Set([...Object.keys(kept), ...Object.keys(came)]);
  return [...names].flatMap((name) => differencesOf(kept[name], came[name], `${at}/${name}`));
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
