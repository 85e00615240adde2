// What a browser loads before the first page is shown: the scripts and style sheets that index.html names.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

export interface FirstLoad {
  readonly scriptGzipBytes: number;
  readonly scriptBrotliBytes: number;
  readonly styleGzipBytes: number;
}

export function firstLoad(folder: string, html: string): FirstLoad {
  const named = [...html.matchAll(/(?:src|href)="\/(assets\/[^"]+\.(?:js|css))"/g)].map(([, name = ""]) => name);
  const scripts = named.filter((name) => name.endsWith(".js"));
  const bytes = (names: readonly string[], ending: string): number =>
    names.reduce((sum, name) => sum + packedBytes(join(folder, name), ending), 0);
  return {
    scriptGzipBytes: bytes(scripts, ".gz"),
    scriptBrotliBytes: bytes(scripts, ".br"),
    styleGzipBytes: bytes(
      named.filter((name) => name.endsWith(".css")),
      ".gz",
    ),
  };
}

/** Short files are not packed. */
function packedBytes(file: string, ending: string): number {
  return readFileSync(existsSync(file + ending) ? file + ending : file).length;
}
