// The papers do what they say: blocks marked `sh run` are run against a real server, blocks marked `yaml KIND` are parsed,
// links lead somewhere, and commands, flags, fields and environment variables are those of the program, both ways.
//
// Each line of a block is a command. In it, words that end in `…` (prop_…, hg_…, hgi1_…, run_…) stand for what an earlier line printed last; the addresses
// 127.0.0.1:8700, :8701 and :9001 stand for the data plane, the control plane and a mock model server. `exit=N` is the
// exit code of the block's last command. `file=PATH` writes a YAML block where the next commands read it. The pages in
// `story` run one after another in one folder.
import { type ChildProcess, execFile, execFileSync, spawn } from "node:child_process";
import { chmodSync, existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, normalize } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, test } from "node:test";
import assert from "node:assert/strict";
import type { Command } from "commander";
import { z } from "zod";
import type { Context } from "../src/cli/context.ts";
import { buildProgram } from "../src/cli/program.ts";
import { AnyKind } from "../src/documents/kinds.ts";
import { parseDocuments } from "../src/documents/parse.ts";
import { schemaOf } from "../src/documents/schema.ts";
import { Instant } from "../src/terms/ids.ts";
import { fieldsOf } from "./document-fields.ts";
import { startMock } from "./upstream-mock/server.ts";

const root = dirname(import.meta.dirname);
const papers = globSync(["*.md", "docs/*.md", "examples/*/*.md"], { cwd: root }).toSorted();
const story = ["docs/connect.md", "docs/verify.md", "docs/operate.md", "docs/keys.md", "docs/outside-evaluators.md"];
const blockMsMax = 60_000;

interface Block {
  readonly paper: string;
  readonly line: number;
  /** Words after the three backticks. */
  readonly info: readonly string[];
  readonly text: string;
}

describe("blocks", () => {
  test("a YAML block that holds a document says its kind, and parses as that kind", () => {
    for (const block of papers.flatMap(blocksOf).filter(({ info }) => info[0] === "yaml")) {
      const kinds = block.info.slice(1).filter((word) => AnyKind.safeParse(word).success);
      const isDocument = /^kind: /m.test(block.text);
      assert.equal(isDocument, kinds.length > 0, `${whereIs(block)}: mark it as \`yaml KIND\``);
      if (!isDocument) continue;
      const parsed = parseDocuments([{ path: whereIs(block), text: block.text }]);
      assert.deepEqual(
        parsed.map(({ document }) => document.kind),
        kinds,
        whereIs(block),
      );
    }
  });

  test("blocks are run only where this test runs them", () => {
    const elsewhere = papers.filter((paper) => !story.includes(paper)).flatMap(blocksOf);
    assert.deepEqual(elsewhere.filter(isRun).map(whereIs), []);
    for (const paper of story) assert.ok(blocksOf(paper).some(isRun), `${paper} has no block that is run`);
  });
});

describe("the story of connect.md, verify.md, operate.md, keys.md and outside-evaluators.md", () => {
  let folder = "";
  let server: ChildProcess | undefined;
  const closers: (() => Promise<void>)[] = [];
  const addresses = new Map<string, string>();
  /** What was printed last, by the placeholder that stands for it. */
  const printed = new Map<string, string>();

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "headgate-docs-"));
    const mock = await startMock();
    closers.push(mock.close);
    addresses.set("127.0.0.1:9001", `127.0.0.1:${mock.port}`);
    installCommand(folder);
    const ready = await serve(folder);
    server = ready.child;
    addresses.set("127.0.0.1:8700", new URL(ready.dataPlane).host);
    addresses.set("127.0.0.1:8701", new URL(ready.controlPlane).host);
  });

  after(async () => {
    const ended = new Promise((resolve) => server?.once("exit", resolve));
    server?.kill();
    await ended;
    for (const close of closers) await close();
    rmSync(folder, { recursive: true, force: true });
  });

  for (const paper of story) {
    test(`${paper} works as printed`, async () => {
      for (const block of blocksOf(paper)) {
        const target = wordOf(block, "file");
        if (target !== undefined) {
          mkdirSync(dirname(join(folder, target)), { recursive: true });
          writeFileSync(join(folder, target), block.text);
        }
        if (isRun(block)) await runBlock(block);
      }
    });
  }

  test("the request of connect.md before the certificate was refused, the one after it served", () => {
    assert.match(printed.get("all") ?? "", /"code":"stage_closed","reason":"withheld"[^]*x-headgate-one-signer: true/);
  });

  async function runBlock(block: Block): Promise<void> {
    const env = { ...environmentIn(folder), HEADGATE_SERVER: `http://${addresses.get("127.0.0.1:8701")}` };
    const lines = block.text.split("\n").filter((line) => line !== "");
    for (const [at, line] of lines.entries()) {
      const { code, output } = await shell(filledIn(line), { cwd: folder, env });
      const expected = at === lines.length - 1 ? Number(wordOf(block, "exit") ?? 0) : 0;
      assert.equal(code, expected, `${whereIs(block)}: ${line}\n${output}`);
      printed.set("all", `${printed.get("all") ?? ""}${output}\n`);
      for (const [placeholder, form] of placeholders) {
        const found = [...output.matchAll(form)].at(-1)?.[0];
        if (found !== undefined) printed.set(placeholder, found);
      }
    }
  }

  function filledIn(text: string): string {
    let filled = text;
    for (const [placeholder] of placeholders) {
      if (!filled.includes(placeholder)) continue;
      const value = printed.get(placeholder);
      assert.ok(value !== undefined, `no line has printed what ${placeholder} stands for`);
      filled = filled.replaceAll(placeholder, value);
    }
    for (const [printedAddress, address] of addresses) filled = filled.replaceAll(printedAddress, address);
    return filled;
  }
});

const placeholders: readonly (readonly [string, RegExp])[] = [
  ["prop_…", /prop_[0-9a-f]{16}/g],
  ["hgi1_…", /\bhgi1_[A-Za-z0-9_-]+/g],
  ["person_…", /\bperson_[0-9a-f]{16}/g],
  ["permit_…", /\bpermit_[0-9a-f]{16}/g],
  ["run_…", /\brun_[0-9a-f]{16}/g],
  ["key_…", /\bkey_[0-9a-f]{16}/g],
  ["hg_…", /\bhg_[A-Za-z0-9_-]{20,}/g],
  ["hgr1.…", /hgr1\.[A-Za-z0-9_.-]+/g],
];

describe("links", () => {
  test("between papers lead to a file, and to a heading where they name one", () => {
    const broken = papers.flatMap((paper) =>
      [...textOf(paper).matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)/g)].flatMap(
        ([whole, path = "", heading]) => {
          const target = path === "" ? paper : normalize(join(dirname(paper), path));
          if (!existsSync(join(root, target))) return [`${paper}: ${whole}`];
          const isFound = heading === undefined || headingsOf(target).includes(heading);
          return isFound ? [] : [`${paper}: ${whole} (no such heading)`];
        },
      ),
    );
    assert.deepEqual(broken, []);
  });
});

describe("commands", () => {
  const program = programOf(() => undefined);
  const verbs = verbsOf(program);

  test("every command and flag that a paper shows is one of the program", () => {
    const wrong = papers.flatMap((paper) =>
      commandsIn(textOf(paper)).flatMap((shown) => faultsOf(shown, verbs, paper)),
    );
    assert.deepEqual([...new Set(wrong)], []);
  });

  test("docs/cli.md has every verb of the program", () => {
    const text = existsSync(join(root, "docs/cli.md")) ? textOf("docs/cli.md") : "";
    const missing = [...verbs.keys()].filter((verb) => verbs.get(verb)?.isLeaf === true && !text.includes(verb));
    assert.deepEqual(missing, []);
  });
});

describe("documents.md", () => {
  for (const kind of AnyKind.options) {
    test(`has every field of ${kind} with its range and default, and no other`, () => {
      const section =
        textOf("docs/documents.md")
          .split(/^## /m)
          .find((part) => part.startsWith(`${kind}\n`)) ?? "";
      const rows = [...section.matchAll(/^\| `([\w.[\]]+)` \| (.*?) \| (.*?) \|/gm)];
      const said = Object.fromEntries(rows.map(([, path = "", range, usual]) => [path, { range, usual }]));
      assert.deepEqual(said, Object.fromEntries(fieldsOf(kind)));
      assert.ok(
        blocksOf("docs/documents.md").some(({ info }) => info.includes(kind)),
        `${kind} has no example`,
      );
    });
  }

  test("headgate schema KIND prints what the documents are checked by", async () => {
    for (const kind of AnyKind.options) {
      const written: string[] = [];
      await programOf((text) => void written.push(text)).parseAsync(["schema", kind], { from: "user" });
      assert.deepEqual(JSON.parse(written.join("")), schemaOf(kind));
    }
  });
});

describe("settings", () => {
  test("operate.md has every environment variable that src/main reads, and no other", () => {
    const sources = globSync("src/main/**/*.ts", { cwd: root }).filter((path) => !path.endsWith(".test.ts"));
    const read = sources.flatMap((path) =>
      [...textOf(path).matchAll(/["'`]((?:HEADGATE|XDG|OTEL)_[A-Z_]+|NO_COLOR)["'`]/g)].map(([, name]) => name),
    );
    const said = [...textOf("docs/operate.md").matchAll(/^\| `([A-Z_]+)` \|/gm)].map(([, name]) => name);
    assert.deepEqual(new Set(said), new Set(read));
  });

  test("operate.md has every metric of src/main, and no other", () => {
    const sources = globSync("src/main/**/*.ts", { cwd: root }).filter((path) => !path.endsWith(".test.ts"));
    const made = sources.flatMap((path) => [...textOf(path).matchAll(/"(headgate_[a-z_]+)"/g)].map(([, name]) => name));
    const said = [...textOf("docs/operate.md").matchAll(/^\| `(headgate_[a-z_]+)` \|/gm)].map(([, name]) => name);
    assert.deepEqual(new Set(said), new Set(made));
  });
});

function textOf(paper: string): string {
  return readFileSync(join(root, paper), "utf8");
}

function blocksOf(paper: string): readonly Block[] {
  const text = textOf(paper);
  return [...text.matchAll(/^```([^\n]*)\n([^]*?)^```$/gm)].map((found) => {
    const line = text.slice(0, found.index).split("\n").length;
    return { paper, line, info: (found[1] ?? "").trim().split(/\s+/), text: found[2] ?? "" };
  });
}

function isRun({ info }: Block): boolean {
  return info[0] === "sh" && info[1] === "run";
}

function wordOf({ info }: Block, name: string): string | undefined {
  return info.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1);
}

function whereIs({ paper, line }: Block): string {
  return `${paper}:${line}`;
}

/** As the usual renderers make anchors: lower case, punctuation dropped, spaces to hyphens. */
function headingsOf(paper: string): readonly string[] {
  return [...textOf(paper).matchAll(/^#+ (.*)$/gm)].map(([, title = ""]) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

interface Ended {
  readonly code: number | null;
  readonly output: string;
}

async function shell(text: string, options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv }): Promise<Ended> {
  return new Promise((resolve) => {
    const child = execFile(
      "bash",
      ["-e", "-o", "pipefail", "-c", text],
      { ...options, timeout: blockMsMax },
      (_, out, err) => {
        resolve({ code: child.exitCode, output: `${out}${err}` });
      },
    );
  });
}

/** `headgate` on the path of the blocks, as an installed package has it. */
function installCommand(folder: string): void {
  mkdirSync(join(folder, "bin"));
  const command = join(folder, "bin", "headgate");
  writeFileSync(command, `#!/bin/sh\nexec "${process.execPath}" "${join(root, "bin", "headgate")}" "$@"\n`);
  chmodSync(command, 0o755);
}

function environmentIn(folder: string): NodeJS.ProcessEnv {
  return {
    ...process.env,
    PATH: `${join(folder, "bin")}:${process.env["PATH"] ?? ""}`,
    HEADGATE_PORT: "0",
    HEADGATE_CONTROL_PORT: "0",
    HEADGATE_DATA: join(folder, "data"),
    HEADGATE_STATE: join(folder, "state"),
  };
}

interface Ready {
  readonly child: ChildProcess;
  readonly dataPlane: string;
  readonly controlPlane: string;
}

async function serve(folder: string): Promise<Ready> {
  const child = spawn(join(folder, "bin", "headgate"), ["serve", "--json"], {
    cwd: folder,
    env: environmentIn(folder),
    stdio: ["ignore", "pipe", "ignore"],
  });
  const line = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).once("line", resolve);
    child.once("exit", (code) => {
      reject(new Error(`serve ended with ${code}`));
    });
  });
  return { child, ...z.object({ dataPlane: z.string(), controlPlane: z.string() }).parse(JSON.parse(line)) };
}

function help(args: readonly string[]): string {
  const command = [join(root, "bin", "headgate"), ...args, "--help"];
  return execFileSync(process.execPath, command, { encoding: "utf8" });
}

/** The verbs of src/cli; those of src/main are read from its own --help. */
function programOf(write: (text: string) => void): Command {
  const context: Context = {
    server: "http://127.0.0.1:1",
    dataPlane: "http://127.0.0.1:1",
    codeFile: "none",
    stateFolder: "none",
    profile: undefined,
    isWatched: false,
    now: () => Instant.parse(0),
    wait: async () => undefined,
    write,
    tell: () => undefined,
    leave: () => undefined,
  };
  return buildProgram(context, "0", []);
}

interface Verb {
  readonly isLeaf: boolean;
  /** Long names of its flags; undefined where they are not known here. */
  readonly flags: ReadonlySet<string> | undefined;
}

function verbsOf(program: Command): ReadonlyMap<string, Verb> {
  const verbs = new Map<string, Verb>();
  const walk = (command: Command, path: string): void => {
    const flags = new Set(command.options.map((option) => option.long ?? ""));
    verbs.set(path, { isLeaf: command.commands.length === 0, flags });
    for (const inner of command.commands) walk(inner, `${path} ${inner.name()}`);
  };
  for (const command of program.commands) walk(command, command.name());
  for (const name of listed(help([])).filter((one) => !verbs.has(one))) {
    const text = help([name]);
    const inner = listed(text);
    const flags = inner.length > 0 ? undefined : new Set([...text.matchAll(/--[a-z-]+/g)].map(([flag]) => flag));
    verbs.set(name, { isLeaf: inner.length === 0, flags });
    for (const verb of inner.filter((one) => one !== "help"))
      verbs.set(`${name} ${verb}`, { isLeaf: true, flags: undefined });
  }
  return verbs;
}

/** The verbs that a --help lists. */
function listed(text: string): readonly string[] {
  const found = [...(text.split("Commands:")[1] ?? "").matchAll(/^ {2}([a-z]+)(?: |$)/gm)];
  return found.map(([, verb = ""]) => verb).filter((verb) => verb !== "help");
}

/** What follows `headgate ` in code, up to where the command ends. */
function commandsIn(text: string): readonly string[] {
  const code = [...text.matchAll(/^```(?!yaml|json)[^\n]*\n([^]*?)^```$/gm)].map(([, block = ""]) => block);
  const spans = [...text.replaceAll(/^```[^]*?^```$/gm, "").matchAll(/`([^`\n]+)`/g)].map(([, span = ""]) => span);
  return [...code.flatMap((block) => block.split("\n")), ...spans].flatMap((line) =>
    [...line.matchAll(/(?:^|[\s/(])headgate ((?:[^#|;`>]|\|(?=\w))+)/g)].map(([, command = ""]) => command.trim()),
  );
}

function faultsOf(shown: string, verbs: ReadonlyMap<string, Verb>, paper: string): readonly string[] {
  const words = shown.split(/\s+/);
  const [first = "", second = ""] = words;
  if (first.startsWith("-")) return [];
  const whole = `${paper}: headgate ${shown}`;
  const top = verbs.get(first);
  if (top === undefined) return [whole];
  const names = top.isLeaf || !/^[a-z]/.test(second) ? [first] : second.split("|").map((verb) => `${first} ${verb}`);
  return names.flatMap((name) => {
    const verb = verbs.get(name);
    if (verb === undefined) return [`${whole} (no verb ${name})`];
    const flags = words.filter((word) => word.startsWith("--")).map((word) => word.replace(/[=,.)].*$/, ""));
    const unknown = flags.filter((flag) => flag !== "--help" && verb.flags?.has(flag) === false);
    return unknown.map((flag) => `${whole} (no flag ${flag})`);
  });
}
