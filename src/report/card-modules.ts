// The modules that a release card carries: those that verify a bundle, as they lie here, with their types taken off and their
// imports named so that an import map finds them. No bundler: what runs in the reader's browser is the very text of this program
// and of the three packages that it needs.
import { existsSync, readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { basename, dirname, join, relative, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { assert } from "../proof/assert.ts";

/** Their texts, by the names that they import each other under. */
export type Modules = ReadonlyMap<string, string>;

const sources = dirname(import.meta.dirname);
/** Sources where this runs from sources; what was built of them in the published package. */
const ending = import.meta.filename.endsWith(".ts") ? ".ts" : ".js";

/** Where a card begins; card-page.ts imports it by this name. */
const cardEntry = "report/card-recheck";

/** Fails where a module imports something that a browser does not have. */
export function cardModules(): Modules {
  const modules = new Map<string, string>();
  const waiting = [join(sources, `${cardEntry}${ending}`)];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    const name = nameOf(file);
    if (modules.has(name)) continue;
    const from = file;
    const text = readText(file).replaceAll(imports, (_, before: string, specifier: string) => {
      const found = fileOf(specifier, from);
      waiting.push(found);
      return `${before}${nameOf(found)}`;
    });
    modules.set(name, text);
  }
  return modules;
}

/** Of whole statements at the beginning of a line, as this program and its packages write them. */
const imports = /^((?:(?:import|export)\b[^;"'`]*?\bfrom\s*|import\s*)["'])([^"'\n]+)/gm;

function nameOf(file: string): string {
  if (file.startsWith(shims)) return file;
  const path = relative(sources, file);
  const end = path.lastIndexOf(`node_modules${sep}`);
  return (end < 0 ? path : path.slice(end + "node_modules/".length)).replaceAll(sep, "/").replace(/\.[jt]s$/, "");
}

/** Before the names of modules that stand in for Node's own. */
const shims = "in-place-of/";

function fileOf(specifier: string, from: string): string {
  if (specifier.startsWith("node:")) return `${shims}${specifier.slice("node:".length)}`;
  if (specifier.startsWith(".")) return join(dirname(from), specifier);
  return fileURLToPath(import.meta.resolve(specifier));
}

function readText(file: string): string {
  if (file.startsWith(shims)) return shimOf(file.slice(shims.length));
  // Messages in languages that are not shown.
  if (/zod.v4.locales.index\.js$/.test(file)) return "export {};\n";
  const text = readFileSync(file, "utf8");
  // Where a module reads a file beside it, a shim has it.
  return (file.endsWith(".ts") ? stripTypeScriptTypes(text) : text).replaceAll("import.meta.url", '"file:///"');
}

/** What the classifier of answers needs of Node to be the same one: a hash, and its weights. */
function shimOf(name: string): string {
  if (name === "crypto")
    return [
      `import { browserPrimitives } from "${pathToFileURL(join(sources, "proof", `browser${ending}`)).href}";`,
      `export function createHash() { let all; const hash = { update: (bytes) => ((all = bytes), hash), digest: () => [...browserPrimitives.sha256(all)].map((byte) => byte.toString(16).padStart(2, "0")).join("") }; return hash; }`,
    ].join("\n");
  assert(name === "fs", `a card has nothing in place of node:${name}`);
  const weights = join(sources, "evidence", "graders", "response-classifier-1.bin");
  const known = existsSync(weights) ? { [basename(weights)]: readFileSync(weights).toString("base64") } : {};
  return [
    `const files = ${JSON.stringify(known)};`,
    `export function readFileSync(url) { return Uint8Array.from(atob(files[String(url).split("/").pop()]), (char) => char.charCodeAt(0)); }`,
  ].join("\n");
}
