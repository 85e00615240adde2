// Builds the console into console/dist: Vite's files, each packed beside it for browsers that take brotli or gzip, and the digest
// of what they were built from. Built beside the old one and put in its place whole.
import { existsSync, globSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { build } from "vite";
import { consoleFolder, digestOfSources, sourcesFile } from "../src/main/console-build.ts";

const beside = `${consoleFolder}-${process.pid}`;
const old = `${beside}-old`;
/** Shorter ones go in one packet as they are. */
const packedFromBytes = 1400;

try {
  const digest = digestOfSources();
  await build({
    configFile: path.join(path.dirname(consoleFolder), "vite.config.ts"),
    logLevel: "error",
    build: { outDir: beside },
  });
  pack();
  writeFileSync(path.join(beside, sourcesFile), digest);
  putInPlace();
} finally {
  for (const folder of [beside, old]) rmSync(folder, { recursive: true, force: true });
}

function pack(): void {
  for (const name of globSync("**/*.{html,js,css,svg,md}", { cwd: beside })) {
    const file = path.join(beside, name);
    const bytes = readFileSync(file);
    if (bytes.length < packedFromBytes) continue;
    writeFileSync(`${file}.br`, brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }));
    writeFileSync(`${file}.gz`, gzipSync(bytes, { level: 9 }));
  }
}

/** Another build may have been put there meanwhile: the later one stays. */
function putInPlace(): void {
  for (let tries = 0; tries < 3; tries += 1) {
    try {
      if (existsSync(consoleFolder)) renameSync(consoleFolder, old);
      renameSync(beside, consoleFolder);
      return;
    } catch (error) {
      if (tries === 2) throw error;
      rmSync(old, { recursive: true, force: true });
    }
  }
}
