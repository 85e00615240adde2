// The style that a machine can hold: who may import whom, what lies where, how files begin and how long they are. The
// import table below is the architecture; ARCHITECTURE.md prints the same lines for people, and a test compares both.
import { execFileSync } from "node:child_process";
import { existsSync, globSync, readFileSync, statSync } from "node:fs";
import { dirname, join, matchesGlob, posix } from "node:path";
import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { z } from "zod";

const Locked = z.object({
  resolved: z.string().optional(),
  hasInstallScript: z.boolean().optional(),
  dev: z.boolean().optional(),
});
type Locked = z.infer<typeof Locked>;
const LockFile = z.object({ packages: z.record(z.string(), Locked) });
const Manifest = z.object({ dependencies: z.record(z.string(), z.string()) });

const root = dirname(import.meta.dirname);

/**
 * A folder of src/ and the folders that it may import from. `noun(not PATTERN)` leaves out the files that match, with
 * all that only they reach; `noun(only PATTERN)` admits no other file of it; `*` is everything. The console is a folder of its own.
 */
const importTable = `
src/terms:
src/proof: terms
src/statistics: terms
src/plots: terms statistics
src/acts: terms proof
src/gates: terms proof statistics acts
src/policy: terms
src/outbound: terms
src/wire: terms
src/upstream: terms outbound wire
src/safeguards: terms outbound upstream(only {exchange-request,whole-exchange,stop}.ts)
src/exposure: terms proof acts
src/feed: terms proof acts
src/gateway: terms proof acts policy safeguards wire upstream exposure feed
src/store: terms
src/ledger: terms proof store
src/access: terms acts store ledger
src/evidence: terms proof statistics acts store ledger outbound(only server-fields.ts)
src/documents: terms proof acts policy safeguards wire upstream gates evidence(only suite*.ts)
src/runner: terms proof statistics acts evidence(not *-store.ts) safeguards wire upstream
src/release: terms proof acts store ledger evidence gates exposure
src/watch: terms store ledger access
src/report: terms proof statistics plots acts gates exposure feed access evidence release watch
src/control: terms proof statistics acts gates policy safeguards documents exposure feed store ledger access evidence release watch report outbound
src/cli: terms proof statistics plots acts gates policy exposure feed documents evidence(not *-store.ts) runner safeguards wire upstream outbound report(only {verify-bundle,bundle-parts,bundle-file,card-file}.ts) control(only contract*.ts)
src/main: *
console: control(only contract*.ts) terms proof statistics acts gates policy evidence(not *-store.ts) feed(only {replica,batch,catch-up}.ts)
`;

/** What no file of a folder reaches, through however many others: the promises behind the table. */
const neverReached: readonly { readonly from: string; readonly patterns: readonly string[]; readonly why: string }[] = [
  {
    from: "src/gateway",
    patterns: [
      "src/{store,ledger,access,evidence,release,watch,report,control,runner,documents,cli,main}/**",
      "node:sqlite",
    ],
    why: "the gateway reaches neither SQL nor what promotes",
  },
  {
    from: "src/runner",
    patterns: ["src/{store,ledger}/**", "src/**/*-store.ts", "node:sqlite"],
    why: "it runs at a client",
  },
  {
    from: "src/cli",
    patterns: ["src/{store,ledger,main}/**", "src/**/*-store.ts", "node:sqlite"],
    why: "it runs at a client",
  },
  {
    from: "src/documents",
    patterns: ["src/{store,ledger}/**", "src/**/*-store.ts", "node:sqlite"],
    why: "it only parses",
  },
  {
    from: "console",
    patterns: ["src/{store,ledger,main}/**", "src/**/*-store.ts", "node:*"],
    why: "it runs in a browser",
  },
];

/** Folders whose decisions are pure: no module of Node that does input or output, keeps time or draws at random. */
const pureFolders = new Set(["terms", "proof", "statistics", "plots", "acts", "gates", "policy", "exposure"]);
/** The one file that binds the primitives of src/proof to Node. */
const primitivesForNode = "src/proof/node.ts";
/** Files that load code whose path is known only when they run, each for the reason beside it. */
const computedImports = new Set([
  "src/upstream/embedded/llama.ts", // the runtime of the embedded model lies in the user's cache
]);

const forbiddenWords = new Set([
  "util",
  "utils",
  "helper",
  "helpers",
  "common",
  "shared",
  "misc",
  "manager",
  "managers",
]);
const codeLinesMax = 400;

interface Row {
  readonly folder: string;
  readonly everything: boolean;
  readonly admitted: readonly Admitted[];
}

interface Admitted {
  readonly folder: string;
  readonly only?: string | undefined;
  readonly not?: string | undefined;
}

interface Import {
  /** Path from the root for files of ours, else the name of the module. */
  readonly to: string;
}

const files = listFiles();
const codeFiles = files.filter((path) => /\.(?:ts|tsx|mjs|js)$/.test(path));
const sources = codeFiles.filter((path) => /^(?:src|console)\//.test(path) && !isTest(path));
const table = parseTable(importTable);
const imports = new Map(codeFiles.map((path) => [path, importsOf(path)]));

describe("imports", () => {
  test("the table equals the one in ARCHITECTURE.md", () => {
    const path = join(root, "ARCHITECTURE.md");
    assert.ok(
      existsSync(path),
      "ARCHITECTURE.md is missing: it prints the table in a block that begins with ```imports",
    );
    const block = /^```imports\n(.*?)^```$/ms.exec(readFileSync(path, "utf8"))?.[1];
    assert.ok(block !== undefined, "ARCHITECTURE.md has no block that begins with ```imports");
    assert.deepEqual(parseTable(block), table);
  });

  test("every folder of src stands in the table", () => {
    const folders = new Set(sources.map(folderOf));
    const known = new Set(table.map(({ folder }) => folder));
    assert.deepEqual(
      [...folders].filter((folder) => !known.has(folder)),
      [],
    );
  });

  test("the table admits no cycle of folders", () => {
    const edges = new Map(table.map((row) => [row.folder, row.admitted.map(({ folder }) => folder)]));
    assert.deepEqual(cyclesOf(edges), []);
  });

  test("a source imports only what the row of its folder lists", () => {
    const wrong = sources.flatMap((path) =>
      importsOfOurs(path)
        .filter(({ to }) => !isAdmitted(path, to))
        .map(({ to }) => `${path} imports ${to}`),
    );
    assert.deepEqual(wrong, []);
  });

  test("what a folder reaches through others stays within what it promises", () => {
    const wrong = neverReached.flatMap(({ from, patterns, why }) =>
      sources
        .filter((path) => folderOf(path) === from)
        .flatMap((path) => [...reachedFrom(path)].map(([to, by]) => ({ path, to, by })))
        .filter(({ to }) => patterns.some((pattern) => matchesGlob(to, pattern)))
        .map(({ path, to, by }) => `${path} reaches ${to} through ${by}: ${why}`),
    );
    assert.deepEqual(wrong, []);
  });

  test("files import one another in no circle, types included", () => {
    const edges = new Map(codeFiles.map((path) => [path, importsOfOurs(path).map(({ to }) => to)]));
    assert.deepEqual(cyclesOf(edges), []);
  });

  test("folders of src import one another in no circle", () => {
    const edges = new Map<string, string[]>();
    for (const path of sources) {
      const others = importsOfOurs(path).map(({ to }) => folderOf(to));
      edges.set(folderOf(path), [
        ...(edges.get(folderOf(path)) ?? []),
        ...others.filter((to) => to !== folderOf(path)),
      ]);
    }
    assert.deepEqual(cyclesOf(edges), []);
  });

  test("an import of ours names an existing file, ending included", () => {
    const wrong = codeFiles.flatMap((path) =>
      importsOfOurs(path)
        .filter(({ to }) => !existsSync(join(root, to)))
        .map(({ to }) => `${path} imports ${to}`),
    );
    assert.deepEqual(wrong, []);
  });

  test("pure folders use no module of Node", () => {
    const wrong = sources
      .filter((path) => pureFolders.has(folderOf(path).slice("src/".length)) && path !== primitivesForNode)
      .flatMap((path) => modulesOf(path).map((name) => `${path} imports ${name}`))
      .filter((line) => line.includes("imports node:"));
    assert.deepEqual(wrong, []);
  });

  test("SQLite is opened in src/store, and by the drill where it plays a forger", () => {
    const forger = "src/main/drill/meddling.ts";
    const others = sources.filter((path) => folderOf(path) !== "src/store" && path !== forger);
    const wrong = others.filter((path) => modulesOf(path).includes("node:sqlite"));
    assert.deepEqual(wrong, []);
  });

  test("no report holds the text of an error: troubleIn says what may be told of one", () => {
    const quoting = /\breport\(\s*[^\s{](?:[^()]|\([^()]*\))*\.(?:message|stack)\b/;
    const wrong = sources.filter((path) => quoting.test(withoutComments(read(path))));
    assert.deepEqual(wrong, []);
  });

  test("the console writes no HTML of its own making: what comes from outside is text", () => {
    const mark = /\bdangerously[S]etInnerHTML|\.(?:inner|outer)HTML\b|insertAdjacentHTML|document\.write/;
    const wrong = codeFiles.filter((path) => path.startsWith("console/") && mark.test(read(path)));
    assert.deepEqual(wrong, []);
  });

  test("every import names what it loads in a literal, but for the files listed here", () => {
    const computed = /\bimport\(\s*(?!\s*["'])|\bcreateRequire\b|\brequire\s*\(/;
    const wrong = sources.filter((path) => computed.test(withoutComments(read(path))) && !computedImports.has(path));
    assert.deepEqual(wrong, []);
  });
});

describe("files", () => {
  test("no path has a word that says nothing", () => {
    const wrong = files.filter((path) => path.split(/[/._-]/).some((word) => forbiddenWords.has(word.toLowerCase())));
    assert.deepEqual(wrong, []);
  });

  test(`no file has more than ${codeLinesMax} lines of code, tests and data left aside`, () => {
    const wrong = codeFiles
      .filter((path) => !isTest(path) && !path.split("/").includes("data"))
      .map((path) => ({ path, lines: codeLinesOf(read(path)) }))
      .filter(({ lines }) => lines > codeLinesMax);
    assert.deepEqual(wrong, []);
  });

  test("every file of code begins with a comment that says what it is, tests beside their source left aside", () => {
    const wrong = codeFiles
      .filter((path) => !(path.endsWith(".test.ts") && isFile(path.replace(".test.ts", ".ts"))))
      .filter((path) => !/^(?:#!.*\n)?(?:\/\/ \S|\/\*)/.test(read(path)));
    assert.deepEqual(wrong, []);
  });

  test("nothing is left as a note to do later", () => {
    const mark = new RegExp(String.raw`\b(?:TO${"DO"}|FIX${"ME"}|X${"XX"})\b`);
    assert.deepEqual(
      proseAndCode().filter((path) => mark.test(read(path))),
      [],
    );
  });

  test("no file names a folder of somebody's machine", () => {
    const places = ["work", "tmp", "root", String.raw`home/\w+`, String.raw`Users/\w+`].join("|");
    const mark = new RegExp(String.raw`(?<![\w.~*$}-])/(?:${places})/`);
    const lines = proseAndCode().flatMap((path) =>
      read(path)
        .split("\n")
        .filter((line) => mark.test(line))
        .map((line) => `${path}: ${line.trim()}`),
    );
    assert.deepEqual(lines, []);
  });

  test("no test is named by what the program ought to do", () => {
    const mark = new RegExp(String.raw`\b(?:test|it|describe)(?:\.\w+)?\(\s*["'\x60]sho${"uld"}\b`, "i");
    assert.deepEqual(
      codeFiles.filter((path) => mark.test(read(path))),
      [],
    );
  });
});

describe("the dependency tree", () => {
  test("the lock file names no host", () => {
    const wrong = lockedPackages().filter(([, { resolved }]) => resolved !== undefined && resolved.includes("://"));
    assert.deepEqual(
      wrong.map(([name]) => name),
      [],
    );
  });

  test("no package of the production tree has an install script", () => {
    const wrong = lockedPackages().filter(([, locked]) => locked.dev !== true && locked.hasInstallScript === true);
    assert.deepEqual(
      wrong.map(([name]) => name),
      [],
    );
  });

  test("every package of the production tree has a decision", () => {
    const { dependencies } = Manifest.parse(JSON.parse(read("package.json")));
    const text = read("decisions/002-dependencies.md");
    assert.deepEqual(
      Object.keys(dependencies).filter((name) => !text.includes(`\`${name}\``)),
      [],
    );
  });
});

describe("what the papers name", () => {
  const papers = files.filter((path) => /^(?:[A-Z-]+|docs\/.*|decisions\/.*)\.md$/.test(path));

  test("every file of ours that a paper names is there", () => {
    const mark = /`((?:src|test|bin|scripts|decisions|docs)\/[\w./-]+\.(?:ts|mjs|md))\b/g;
    const wrong = papers.flatMap((paper) =>
      [...read(paper).matchAll(mark)]
        .map(([, path = ""]) => path)
        .filter((path) => !path.includes("/NNN-") && !existsSync(join(root, path)))
        .map((path) => `${paper} names ${path}`),
    );
    assert.deepEqual(wrong, []);
  });

  test("every type that GLOSSARY.md places in a file stands there", () => {
    const places = [...read("GLOSSARY.md").matchAll(/((?:`\w+`(?:, )?)+) in `(src\/[\w./-]+\.ts)`/g)];
    assert.ok(places.length > 40, "GLOSSARY.md has lost its form: `Type` in `src/…`");
    const wrong = places.flatMap(([, names = "", path = ""]) =>
      [...names.matchAll(/\w+/g)]
        .map(([name]) => name)
        .filter((name) => isFile(path) && !isDeclared(name, read(path)))
        .map((name) => `${name} is not in ${path}`),
    );
    assert.deepEqual(wrong, []);
  });

  for (const paper of ["docs/threat-model.md", "docs/guarantees.md"])
    test(`every test that ${paper} names exists`, () => {
      const named = [...read(paper).matchAll(/`([\w./-]+\.test\.ts): ([^`]+)`/g)];
      assert.ok(named.length > 0, `${paper} has lost its form: \`file.test.ts: name\``);
      const wrong = named.filter(([, path = "", name = ""]) => !isFile(path) || !read(path).includes(name));
      assert.deepEqual(
        wrong.map(([whole]) => whole),
        [],
      );
    });
});

describe("this test", () => {
  test("sees static, side-effect, re-exporting, dynamic and worker imports, and no commented ones", () => {
    const text = [
      'import { a } from "./a.ts";',
      'import type { B } from "./b.ts";',
      'import "./c.ts";',
      'export { d } from "./d.ts";',
      'const e = await import("./e.ts");',
      'new Worker(new URL("./f.ts", import.meta.url));',
      'import {\n  g,\n} from "../g.ts";',
      '// import "./never.ts";',
      'import yaml from "yaml";',
    ].join("\n");
    const seen = specifiersOf(text).toSorted();
    assert.deepEqual(seen, ["../g.ts", "./a.ts", "./b.ts", "./c.ts", "./d.ts", "./e.ts", "./f.ts", "yaml"]);
  });

  test("finds a circle of three and none in a diamond", () => {
    const circle = new Map([
      ["a", ["b"]],
      ["b", ["c"]],
      ["c", ["a"]],
    ]);
    const diamond = new Map([
      ["a", ["b", "c"]],
      ["b", ["d"]],
      ["c", ["d"]],
      ["d", []],
    ]);
    assert.deepEqual(cyclesOf(circle), ["a → b → c → a"]);
    assert.deepEqual(cyclesOf(diamond), []);
  });

  test("refuses what a row leaves out", () => {
    assert.equal(isAdmitted("src/runner/run.ts", "src/evidence/seal.ts"), true);
    assert.equal(isAdmitted("src/runner/run.ts", "src/evidence/run-store.ts"), false);
    assert.equal(isAdmitted("src/documents/read.ts", "src/evidence/suite-document.ts"), true);
    assert.equal(isAdmitted("src/documents/read.ts", "src/evidence/seal.ts"), false);
    assert.equal(isAdmitted("src/gateway/serve.ts", "src/store/store.ts"), false);
    assert.equal(isAdmitted("src/terms/ids.ts", "test/tidy.test.ts"), false);
    assert.equal(isAdmitted("src/main/start.ts", "src/gateway/serve.ts"), true);
    assert.equal(isAdmitted("console/app/reads.ts", "src/control/contract.ts"), true);
    assert.equal(isAdmitted("console/app/reads.ts", "src/control/core.ts"), false);
    assert.equal(isAdmitted("console/app/reads.ts", "console/parts/page.tsx"), true);
    assert.equal(isAdmitted("src/acts/fold.ts", "console/parts/page.tsx"), false);
  });

  test("counts neither blank lines nor comments as code", () => {
    assert.equal(codeLinesOf("// a\n\nconst b = 1; // c\n/* d\n e */\n/** f */\nconst g = 2;\n"), 2);
  });
});

function lockedPackages(): readonly (readonly [string, Locked])[] {
  const lock = LockFile.parse(JSON.parse(read("package-lock.json")));
  return Object.entries(lock.packages).filter(([name]) => name !== "");
}

function parseTable(text: string): readonly Row[] {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return lines.map((line) => {
    const [folder = "", row = ""] = line.split(":");
    const words = [...row.matchAll(/([\w-]+)(?:\((only|not) ([^)]+)\))?/g)];
    const admitted = words.map(([, noun, rule, pattern]) => ({
      folder: `src/${noun}`,
      only: rule === "only" ? pattern : undefined,
      not: rule === "not" ? pattern : undefined,
    }));
    return { folder: folder.trim(), everything: row.trim() === "*", admitted };
  });
}

function isAdmitted(from: string, to: string): boolean {
  if (folderOf(from) === folderOf(to)) return true;
  if (!to.startsWith("src/")) return false;
  const row = table.find(({ folder }) => folder === folderOf(from));
  if (row === undefined) return false;
  if (row.everything) return true;
  const admitted = row.admitted.find(({ folder }) => folder === folderOf(to));
  if (admitted === undefined) return false;
  const name = posix.basename(to);
  if (admitted.only !== undefined) return matchesGlob(name, admitted.only);
  return admitted.not === undefined || !matchesGlob(name, admitted.not);
}

/** The console is one folder, however many it has inside. */
function folderOf(path: string): string {
  return path.startsWith("console/") ? "console" : path.split("/").slice(0, 2).join("/");
}

function isTest(path: string): boolean {
  return path.endsWith(".test.ts") || path.startsWith("test/");
}

// Tracked files and new ones that git does not ignore; where there is no git, all files outside what is fetched.
function listFiles(): readonly string[] {
  try {
    const listed = ["ls-files", "--cached", "--others", "--exclude-standard", "-z"];
    const output = execFileSync("git", listed, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    return output.split("\0").filter((path) => path !== "" && isFile(path));
  } catch {
    const fetched = ["node_modules/**", "console/dist/**", ".node/**", ".git/**", "data/**", "data-demo/**", "keys/**"];
    return globSync(["**/*", ".ci/*"], { cwd: root, exclude: fetched }).filter(isFile);
  }
}

function isFile(path: string): boolean {
  return statSync(join(root, path), { throwIfNoEntry: false })?.isFile() ?? false;
}

function isDeclared(name: string, text: string): boolean {
  return new RegExp(String.raw`\b(?:const|type|interface|class|function) ${name}\b`).test(text);
}

function proseAndCode(): readonly string[] {
  return files.filter((path) =>
    /\.(?:ts|tsx|mjs|js|md|yaml|yml|sh|py|html|css)$|^\.ci\/run$|^bin\/headgate$/.test(path),
  );
}

function read(path: string): string {
  return readFileSync(join(root, path), "utf8");
}

function withoutComments(text: string): string {
  return text.replaceAll(/^\s*(?:\/\/|\*|\/\*).*$/gm, "");
}

function specifiersOf(text: string): readonly string[] {
  const code = withoutComments(text);
  const patterns = [
    /\bfrom\s*["']([^"'\n]+)["']/g,
    /\bimport\s*["']([^"'\n]+)["']/g,
    /\bimport\(\s*["']([^"'\n]+)["']/g,
    /\bnew URL\(\s*["'](\.[^"'\n]+\.ts)["']\s*,\s*import\.meta\.url/g,
  ];
  return patterns.flatMap((pattern) => [...code.matchAll(pattern)].map(([, specifier = ""]) => specifier));
}

function importsOf(path: string): readonly Import[] {
  // The strings in this file's own tests are no imports of it.
  const specifiers = path === "test/tidy.test.ts" ? [] : specifiersOf(read(path));
  return specifiers.map((specifier) => ({
    to: specifier.startsWith(".") ? posix.join(posix.dirname(path), specifier) : specifier,
  }));
}

function importsOfOurs(path: string): readonly Import[] {
  return (imports.get(path) ?? []).filter(
    ({ to }) => /\.(?:ts|tsx|mjs|js)$/.test(to) && to.includes("/") && !isModule(to),
  );
}

function modulesOf(path: string): readonly string[] {
  return (imports.get(path) ?? []).map(({ to }) => to).filter(isModule);
}

function isModule(to: string): boolean {
  return !/^(?:src|test|bench|scripts|bin|verifiers|console)\//.test(to);
}

/** Every file and module that `start` reaches, with the file that names it. */
function reachedFrom(start: string): ReadonlyMap<string, string> {
  const reached = new Map<string, string>();
  const open = [start];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    for (const { to } of imports.get(path) ?? []) {
      if (reached.has(to)) continue;
      reached.set(to, path);
      open.push(to);
    }
  }
  return reached;
}

/** One line for each circle met while walking depth first. */
function cyclesOf(edges: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const done = new Set<string>();
  const found: string[] = [];
  const visit = (node: string, path: readonly string[]): void => {
    const seenAt = path.indexOf(node);
    if (seenAt !== -1) found.push([...path.slice(seenAt), node].join(" → "));
    if (seenAt !== -1 || done.has(node)) return;
    for (const next of edges.get(node) ?? []) visit(next, [...path, node]);
    done.add(node);
  };
  for (const node of edges.keys()) visit(node, []);
  return found;
}

function codeLinesOf(text: string): number {
  const code = text.replaceAll(/\/\*[\s\S]*?\*\//g, "");
  return code.split("\n").filter((line) => line.trim() !== "" && !line.trim().startsWith("//")).length;
}
