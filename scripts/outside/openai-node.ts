// The generated API tests of OpenAI's Node library, directly at a mock made of that library's own specification, and again
// with a gateway between: `node scripts/outside/openai-node.ts CHECKOUT [--write]`, CHECKOUT being a clone of
// openai/openai-node. Jest and the mock come from npm, into the cache. Beside the tests, every field of their requests is
// sent by itself. What comes of each is compared with test/outside/openai-node.json; `--write` writes that anew.
//
// The rule. A test that fails directly says nothing of a gateway: it is listed as `fails directly`, and what becomes of it
// behind the gateway is not looked at. One that passes directly passes here too, or was refused with a named code.
import { execFile, spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { parseArgs, promisify } from "node:util";
import { z } from "zod";
import { Name } from "../../src/terms/ids.ts";
import {
  type GatewayWorld,
  type WorldOptions,
  openGatewayWorld,
  secret,
  until,
} from "../../test/flows/gateway-world.ts";
import { checkList } from "./checked-list.ts";
import { fieldsAlone } from "./openai-fields.ts";
import { mended } from "./mended.ts";
import { differs, refusedBy } from "./refused.ts";
import { type Asked, type Onward, type Passed, type Relay, openRelay } from "./relay.ts";

const run = promisify(execFile);
const list = new URL("../../test/outside/openai-node.json", import.meta.url);
const packages = ["jest@30.5.2", "@swc/jest@0.2.39", "@swc/core@1.16.22", "@stdy/cli@0.22.1"];
const installMs = 300_000;
const testMs = 600_000;

const JestResults = z.object({
  testResults: z.array(
    z.object({
      name: z.string(),
      message: z.string(),
      assertionResults: z.array(z.object({ title: z.string(), status: z.string() })),
    }),
  ),
});

const Package = z.object({ name: z.string(), version: z.string() });

const { values, positionals } = parseArgs({
  options: { write: { type: "boolean", default: false } },
  allowPositionals: true,
});
const checkout = path.resolve(positionals[0] ?? "");
const specification = path.join(checkout, "api_reference", "openapi.transformed.yml");
if (positionals.length !== 1 || !existsSync(specification)) {
  throw new Error("Give the folder of a clone of openai/openai-node: node scripts/outside/openai-node.ts FOLDER");
}

const tools = await toolsFolder();
const port = await freePort();
const mock = startMock(port);
try {
  await until(async () => isUp(`http://127.0.0.1:${port}/_x-steady/health`), 60_000);
  const came = await everything(`http://127.0.0.1:${port}`);
  const isListed = checkList(list, came, values.write) && !JSON.stringify(came).includes(differs);
  console.log(isListed ? "As listed." : `Not as listed, or something is neither as directly nor refused (${differs}).`);
  process.exitCode = isListed ? 0 : 1;
} finally {
  mock.kill();
}

/** Jest, its compiler and the mock, from npm: no script of theirs runs at install. */
async function toolsFolder(): Promise<string> {
  const cache = path.resolve(process.env["HEADGATE_CACHE"] ?? path.join(homedir(), ".cache", "headgate"));
  const folder = path.join(cache, "openai-node-tools");
  const done = path.join(folder, "done");
  if (existsSync(done) && readFileSync(done, "utf8") === packages.join(" ")) return folder;
  mkdirSync(folder, { recursive: true });
  const options = ["--ignore-scripts", "--no-audit", "--no-fund", "--prefix", folder];
  await run("npm", ["install", ...options, ...packages], { timeout: installMs });
  writeFileSync(done, packages.join(" "));
  return folder;
}

async function freePort(): Promise<number> {
  const relay = await openRelay(
    () => ({ url: "" }),
    () => undefined,
  );
  await relay.close();
  return relay.port;
}

function startMock(at: number): ReturnType<typeof spawn> {
  const arrays = ["query", "form"].flatMap((place) =>
    ["array", "object"].map((kind) => `--validator-${place}-${kind}-format=brackets`),
  );
  const program = path.join(tools, "node_modules", ".bin", "steady");
  const options = ["--host", "127.0.0.1", "-p", String(at), ...arrays, specification];
  return spawn(process.execPath, [program, ...options], { stdio: "ignore" });
}

async function isUp(url: string): Promise<boolean> {
  return fetch(url).then(
    ({ ok }) => ok,
    () => false,
  );
}

async function everything(direct: string): Promise<Readonly<Record<string, unknown>>> {
  const arrived: Passed[] = [];
  const toMock = ({ method, path: at, sent }: Asked): Onward => ({
    url: direct + at,
    mend: (answer) => mended(`${method} ${at}`, sent, answer),
  });
  const behind = await openRelay(
    (asked) => toMock({ ...asked, path: asked.path.replace(/^\/v1/, "") }),
    (passed) => arrived.push(passed),
  );
  const worlds = await openWorlds(behind);
  try {
    const directly = await runTests(toMock);
    const through = await runTests(({ path: at }) => throughGateway(worlds, at));
    const tests = comparedTests(directly, through);
    const fields = await fieldsAlone({
      calls: directly.passed,
      onwards: {
        direct: ({ path: at }) => ({ url: direct + at }),
        through: ({ path: at }) => throughGateway(worlds, at),
      },
      arrived,
    });
    return { source: sourceOf(checkout), tests, fields };
  } finally {
    for (const world of Object.values(worlds)) await world.close();
    await behind.close();
  }
}

type Worlds = Readonly<Record<"chat" | "responses" | "embeddings" | "models", GatewayWorld>>;

/** A gateway for each endpoint, with the model that the tests name there, and everything admitted that can be. */
async function openWorlds({ port: upstreamPort }: Relay): Promise<Worlds> {
  const envelope = { reasoning: true, tools: true, images: true, systemMessages: true, choicesMax: 4 };
  const grant = { requestsPerMinute: 1_000_000, tokensPerDay: 1_000_000_000 };
  const open = async (name: string, dialect: NonNullable<WorldOptions["dialect"]>): Promise<GatewayWorld> =>
    openGatewayWorld({ name: Name.parse(name), mockModel: name, dialect, upstreamPort, envelope, grant });
  return {
    chat: await open("gpt-5.4", "openai-chat"),
    responses: await open("gpt-5.6-sol", "openai-responses"),
    embeddings: await open("text-embedding-3-small", "openai-embeddings"),
    models: await open("gpt-4o-mini", "openai-chat"),
  };
}

function throughGateway(worlds: Worlds, at: string): Onward {
  const name = z.enum(["chat", "responses", "embeddings", "models"]).catch("chat").parse(at.split(/[/?]/)[1]);
  return { url: `${worlds[name].url()}/v1${at}`, headers: { authorization: `Bearer ${secret}` } };
}

interface Ran {
  /** By name: whether it passed. */
  readonly tests: ReadonlyMap<string, boolean>;
  readonly passed: readonly Passed[];
}

/** Runs the tests against a relay, which learns from a header of each call which test it is of. */
async function runTests(onwardOf: (asked: Asked) => Onward): Promise<Ran> {
  const passed: Passed[] = [];
  const relay = await openRelay(onwardOf, (one) => passed.push(one));
  const output = path.join(tools, `results-${process.pid}.json`);
  try {
    const jest = path.join(tools, "node_modules", ".bin", "jest");
    const options = ["-c", jestConfiguration(), "--runInBand", "--json", "--outputFile", output];
    const env = { ...process.env, TEST_API_BASE_URL: relay.url };
    // It exits with 1 where a test fails, which is what is to be seen.
    await run(process.execPath, [jest, ...options], { cwd: checkout, env, timeout: testMs }).catch(() => undefined);
    const { testResults } = JestResults.parse(JSON.parse(readFileSync(output, "utf8")));
    const root = path.join(checkout, "tests", "api-resources");
    const tests = testResults.flatMap(({ name, assertionResults }) =>
      assertionResults.map(({ title, status }) => {
        const file = path.relative(root, name).replace(/\.test\.ts$/, "");
        return [`${file}: ${title}`, status === "passed"] as const;
      }),
    );
    return { tests: new Map(tests), passed };
  } finally {
    await relay.close();
  }
}

/** As the library's own, less what it takes from packages that are not needed here. */
function jestConfiguration(): string {
  const marking = path.join(tools, "marking.cjs");
  writeFileSync(
    marking,
    `const real = globalThis.fetch;
globalThis.fetch = (input, init) => {
  const { testPath, currentTestName } = expect.getState();
  const headers = new Headers(init?.headers);
  headers.set("x-outside-test", encodeURIComponent(testPath + "\\n" + currentTestName));
  return real(input, { ...init, headers });
};
`,
  );
  const file = path.join(tools, "jest.config.json");
  const configuration = {
    rootDir: checkout,
    testEnvironment: "node",
    setupFiles: ["<rootDir>/scripts/jest-setup.ts"],
    setupFilesAfterEnv: [marking],
    testMatch: ["<rootDir>/tests/api-resources/**/*.test.ts"],
    transform: { "^.+\\.(t|j)sx?$": path.join(tools, "node_modules", "@swc", "jest") },
    moduleNameMapper: { "^openai$": "<rootDir>/src/index.ts", "^openai/(.*)$": "<rootDir>/src/$1" },
    modulePathIgnorePatterns: ["<rootDir>/ecosystem-tests/", "<rootDir>/packages/"],
  };
  writeFileSync(file, JSON.stringify(configuration));
  return file;
}

/** Of each test at our addresses what came of it, of all others how many are not served here, as they should not be. */
function comparedTests(directly: Ran, through: Ran): Readonly<Record<string, unknown>> {
  const ours: Record<string, string> = {};
  const counts = { passes: 0, feature_unsupported: 0, not_found: 0 };
  const others: Record<string, string> = {};
  for (const [name, isPassed] of [...directly.tests].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const outcome = isPassed ? outcomeOf(name, through) : "fails directly";
    if (/^(chat|responses|embeddings|models)\b/.test(name)) ours[name] = outcome;
    else if (isCounted(outcome)) counts[outcome] += 1;
    else others[name] = outcome;
  }
  return { ours, elsewhere: { ...counts, ...others } };
}

function isCounted(outcome: string): outcome is "passes" | "feature_unsupported" | "not_found" {
  return outcome === "passes" || outcome === "feature_unsupported" || outcome === "not_found";
}

function outcomeOf(name: string, { tests, passed }: Ran): string {
  if (tests.get(name) === true) return "passes";
  const calls = passed.filter((one) => testOf(one) === name);
  const codes = new Set(calls.filter(({ status }) => status >= 400).map(({ answer }) => refusedBy(answer)));
  return codes.size === 0 ? differs : [...codes].join(", ");
}

function testOf({ headers }: Passed): string {
  const [file = "", name = ""] = decodeURIComponent(headers["x-outside-test"] ?? "").split("\n");
  const within = file.split(`${path.sep}api-resources${path.sep}`)[1] ?? "";
  // What stands before the name is the one `describe` of the file.
  return `${within.replace(/\.test\.ts$/, "")}: ${name.replace(/^resource [\w-]+ /, "")}`;
}

function sourceOf(folder: string): string {
  const { name, version } = Package.parse(JSON.parse(readFileSync(path.join(folder, "package.json"), "utf8")));
  return `${name} ${version}`;
}
