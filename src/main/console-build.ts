// The console of a clone is built when its sources changed since the last time: one digest over all that goes into it says so.
// The published package has it built and no sources of it. A console that cannot be built keeps nothing else from working.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, globSync, readFileSync } from "node:fs";
import path from "node:path";

const root = path.dirname(path.dirname(import.meta.dirname));

export const consoleFolder = path.join(root, "console", "dist");

/** Beside the built files: the digest of what they were built from. */
export const sourcesFile = "sources";

const ingredients = [
  "console/**/*.{ts,tsx,js,css,html,svg,json}",
  "src/{terms,proof,statistics,plots,acts,gates,policy,feed}/**/*.ts",
  "src/control/contract*.ts",
  "docs/errors.md",
  "package-lock.json",
];

/** Of names and contents, so that a file that went away counts too. */
export function digestOfSources(): string {
  const hash = createHash("sha256");
  for (const name of globSync(ingredients, { cwd: root })
    .filter((one) => !isLeftOut(one))
    .toSorted()) {
    hash
      .update(`${name}\0`)
      .update(readFileSync(path.join(root, name)))
      .update("\0");
  }
  return hash.digest("hex");
}

function isLeftOut(name: string): boolean {
  return name.startsWith(path.join("console", "dist")) || name.endsWith(".test.ts");
}

/** Builds it where this is a clone with its development packages and the sources changed; tells that it does, and what failed. */
export async function keepConsoleBuilt(tell: (text: string) => void): Promise<void> {
  const isClone = existsSync(path.join(root, "console", "vite.config.ts"));
  const canBuild = existsSync(path.join(root, "node_modules", "vite"));
  if (!isClone || builtFrom() === digestOfSources()) return;
  if (!canBuild) {
    const state = builtFrom() === undefined ? "not built" : "not of these sources";
    tell(
      `The console is ${state}, and what builds it is not installed. Run: npm ci && node scripts/build-console.ts\n`,
    );
    return;
  }
  tell("building the console (once) …");
  const begun = performance.now();
  const trouble = await build();
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  tell(trouble === undefined ? ` ${seconds} s\n` : ` it failed after ${seconds} s; all else goes on\n${trouble}\n`);
}

function builtFrom(): string | undefined {
  const file = path.join(consoleFolder, sourcesFile);
  return existsSync(file) ? readFileSync(file, "utf8") : undefined;
}

const complaintCharsMax = 4000;

/** What it complained of, where it failed. */
async function build(): Promise<string | undefined> {
  const script = path.join(root, "scripts", "build-console.ts");
  const child = spawn(process.execPath, [script], { cwd: root, stdio: ["ignore", "ignore", "pipe"] });
  let complaint = "";
  child.stderr.on("data", (part: Buffer) => {
    complaint = (complaint + part.toString("utf8")).slice(-complaintCharsMax);
  });
  return new Promise((resolve) => {
    child.on("error", (error) => {
      resolve(error.message);
    });
    child.on("close", (code) => {
      resolve(code === 0 ? undefined : complaint.trim() || `it ended with ${String(code)}`);
    });
  });
}
