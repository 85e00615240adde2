// Brings llama.cpp for Node into the cache on first use: node-llama-cpp and the one prebuilt binary this machine needs.
// Its install scripts are not run and its optional packages (CUDA, Vulkan: 700 MB) are not fetched.
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { Failure } from "../../terms/failure.ts";
import { openScratch } from "./scratch.ts";
import { runTool } from "./tool.ts";

const runtimeVersion = "3.22.1";

const binaries: Readonly<Record<string, string>> = {
  "linux-x64": "linux-x64",
  "linux-arm64": "linux-arm64",
  "linux-arm": "linux-armv7l",
  "darwin-arm64": "mac-arm64-metal",
  "darwin-x64": "mac-x64",
  "win32-x64": "win-x64",
  "win32-arm64": "win-arm64",
};
const npmMsMax = 600_000;

export interface RuntimeOptions {
  readonly cacheFolder: string;
  readonly onProgress?: (message: string) => void;
  readonly signal?: AbortSignal;
}

/** The folder the runtime is in, installed if need be. Throws `model_unavailable` with what to do. */
export async function ensureRuntime(options: RuntimeOptions): Promise<string> {
  const binary = binaries[`${process.platform}-${process.arch}`];
  if (binary === undefined) {
    throw new Failure(
      "model_unavailable",
      `There is no built llama.cpp for ${process.platform}-${process.arch}; use another upstream.`,
    );
  }
  const folder = join(options.cacheFolder, "runtime", `node-llama-cpp-${runtimeVersion}-${binary}`);
  if (await isComplete(folder, binary)) return folder;
  options.onProgress?.(`Fetching node-llama-cpp ${runtimeVersion} for ${binary} (about 90 MB, MIT, once)`);
  await mkdir(join(options.cacheFolder, "runtime"), { recursive: true });
  const scratch = await openScratch(join(options.cacheFolder, "runtime", ".installing-"));
  try {
    await install(scratch.folder, binary, options.signal);
    await putInPlace(scratch.folder, folder, binary);
  } finally {
    scratch.close();
  }
  return folder;
}

async function install(folder: string, binary: string, signal: AbortSignal | undefined): Promise<void> {
  await writeFile(join(folder, "package.json"), '{"private":true}\n');
  const quiet = ["--omit=optional", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", "--save-exact"];
  for (const name of [`node-llama-cpp@${runtimeVersion}`, `@node-llama-cpp/${binary}@${runtimeVersion}`]) {
    await runTool(["npm"], ["install", ...quiet, name], { msMax: npmMsMax, signal, folder });
  }
  if (!(await isComplete(folder, binary)))
    throw new Failure("model_unavailable", "npm did not install the whole runtime.");
}

/** Two programs may install at once: whoever comes second finds the place taken by the same thing. */
async function putInPlace(scratch: string, folder: string, binary: string): Promise<void> {
  try {
    await rename(scratch, folder);
  } catch (cause) {
    if (await isComplete(folder, binary)) return;
    await rm(folder, { recursive: true, force: true });
    await rename(scratch, folder).catch(() => {
      throw new Failure("model_unavailable", "The runtime could not be put into the cache folder.", { cause });
    });
  }
}

async function isComplete(folder: string, binary: string): Promise<boolean> {
  const versions = await Promise.all(
    ["node-llama-cpp", `@node-llama-cpp/${binary}`].map((name) => versionOf(folder, name)),
  );
  return versions.every((version) => version === runtimeVersion);
}

async function versionOf(folder: string, name: string): Promise<string | undefined> {
  try {
    const text = await readFile(join(folder, "node_modules", name, "package.json"), "utf8");
    return z.object({ version: z.string() }).parse(JSON.parse(text)).version;
  } catch {
    return undefined;
  }
}
