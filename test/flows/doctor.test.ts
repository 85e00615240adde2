// `headgate doctor` against a real server and a real model server: what it calls well, and what it finds when the model
// goes away, is renamed, or a key lies open.
import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { z } from "zod";
import type { Context } from "../../src/cli/context.ts";
import { buildProgram, runProgram } from "../../src/cli/program.ts";
import { readConfiguration } from "../../src/main/configuration.ts";
import { type Serving, serve } from "../../src/main/serve.ts";
import { Instant } from "../../src/terms/ids.ts";
import { startJudge } from "./judge-server.ts";
import { startMock } from "../upstream-mock/server.ts";

const folder = mkdtempSync(join(tmpdir(), "headgate-doctor-"));
const keysFolder = join(folder, "data-keys");
const ada = join(folder, "ada.json");
const Checks = z.object({
  ok: z.boolean(),
  checks: z.array(z.object({ name: z.string(), ok: z.boolean(), detail: z.string() })),
});

let serving: Serving;
let mock: Awaited<ReturnType<typeof startMock>>;

interface Ran {
  readonly exit: number;
  readonly out: string;
  readonly err: string;
}

async function headgate(args: readonly string[], change: Partial<Context> = {}): Promise<Ran> {
  const ran = { exit: 0, out: "", err: "" };
  const context: Context = {
    server: serving.controlPlane,
    dataPlane: serving.dataPlane,
    codeFile: join(folder, "data", "init-code"),
    keysFolder,
    stateFolder: join(folder, "state"),
    profile: undefined,
    isWatched: false,
    now: () => Instant.parse(Date.now()),
    wait: async () => undefined,
    write: (text) => {
      ran.out += text;
    },
    tell: (text) => {
      ran.err += text;
    },
    leave: (code) => {
      ran.exit = code;
    },
    ...change,
  };
  await runProgram(buildProgram(context, "0.0.0-test", []), args, context);
  return ran;
}

async function examined(change?: Partial<Context>): Promise<z.infer<typeof Checks>> {
  const { out } = await headgate(["doctor", "--profile", ada, "--json"], change);
  return Checks.parse(JSON.parse(out));
}

async function detailOf(name: string, change?: Partial<Context>): Promise<string> {
  const { checks } = await examined(change);
  const found = checks.find((one) => one.name === name);
  assert.ok(found !== undefined, JSON.stringify(checks));
  return `${found.ok ? "ok" : "FAIL"} ${found.detail}`;
}

before(async () => {
  mock = await startMock();
  const environment = { HEADGATE_DATA: join(folder, "data"), HEADGATE_PORT: "0", HEADGATE_CONTROL_PORT: "0" };
  serving = await serve({
    configuration: readConfiguration(environment),
    environment,
    version: "0.0.0-test",
    demo: false,
    report: () => undefined,
  });
  const documents = join(folder, "documents");
  for (const args of [
    ["init", "--name", "Ada", "--profile", ada],
    ["connect", mock.url, "--model", "mock", "--out", documents],
    ["apply", "-f", documents, "--profile", ada],
  ]) {
    const { exit, err } = await headgate(args);
    assert.equal(exit, 0, err);
  }
});
after(async () => {
  await serving.close();
  rmSync(folder, { recursive: true, force: true });
});

describe("doctor", () => {
  test("looks at planes, disk, keys, clock, ledger and each model's server, and is content with all of them", async () => {
    const { ok, checks } = await examined();
    assert.ok(ok, JSON.stringify(checks));
    const names = new Set(checks.map(({ name }) => name));
    for (const name of [
      "control plane",
      "data plane",
      "disk",
      "keys",
      "clock",
      "profile and ledger",
      "upstream of mock",
    ])
      assert.ok(names.has(name), name);
  });

  test("finds a key that others may read", async () => {
    chmodSync(join(keysFolder, "log.key"), 0o644);
    assert.match(await detailOf("keys"), /^FAIL Others may read .*log\.key/);
    chmodSync(join(keysFolder, "log.key"), 0o600);
  });

  test("finds a clock that is far from the server's", async () => {
    assert.match(
      await detailOf("clock", { now: () => Instant.parse(Date.now() + 120_000) }),
      /^FAIL .*1[12]\d seconds apart/,
    );
  });

  test("says whether a port where no headgate answers is somebody else's or nobody's", async () => {
    const other = createServer((socket) => {
      socket.on("error", () => undefined);
      socket.end("hello\n");
    });
    await once(other.listen(0, "127.0.0.1"), "listening");
    const address = other.address();
    assert.ok(typeof address === "object" && address !== null);
    const server = `http://127.0.0.1:${address.port}`;
    assert.match(
      (await headgate(["doctor", "--server", server])).out,
      /FAIL {2}control plane: .*Something else listens/,
    );
    other.close();
    assert.match((await headgate(["doctor", "--server", server])).out, /FAIL {2}control plane: .*Nothing listens/);
  });

  test("names a model that its server does not have, as does connect", async () => {
    const document = join(folder, "documents", "model.yaml");
    writeFileSync(document, readFileSync(document, "utf8").replace('model: "mock"', 'model: "mocc"'));
    assert.equal((await headgate(["apply", "-f", document, "--profile", ada])).exit, 0);
    assert.match(await detailOf("upstream of mock"), /^FAIL .*has no model "mocc"; it has "mock"/);
    const { exit, err } = await headgate(["connect", mock.url, "--model", "mocc", "--out", join(folder, "more")]);
    assert.equal(exit, 2);
    assert.match(err, /no model "mocc"; did you mean "mock"\?/);
  });

  test("asks each safeguard over HTTP once, without its key where this machine has none, and finds one that gives no verdict", async (t) => {
    const judge = await startJudge();
    t.after(judge.close);
    const document = join(folder, "documents", "safeguards.yaml");
    const entry = `
  - safeguard: service@1
    name: house-rules
    on: [input]
    url: ${judge.url}/judge
    key: env:UPSTREAM_HOUSE_RULES
    judges: [fraud]
    block: { score: 0.9 }
    review: { score: 0.5 }
`;
    const detector = `  - { safeguard: misuse@4, on: [input, output], block: { benignRate: 0.002 }, review: { benignRate: 0.005 } }`;
    writeFileSync(document, `kind: Safeguards\nname: mock\nchain:\n${detector}${entry}`);
    const applied = await headgate(["apply", "-f", document, "--profile", ada]);
    assert.equal(applied.exit, 0, applied.err);
    assert.match(await detailOf("safeguard house-rules"), /^ok http.*answers with a verdict \(declared\)/);
    judge.key = "sk-house";
    assert.match(await detailOf("safeguard house-rules"), /^ok .*wants the gateway's key/);
    const secrets = { environment: { UPSTREAM_HOUSE_RULES: "sk-house" }, folder: undefined };
    assert.match(await detailOf("safeguard house-rules", { secrets }), /^ok .*answers with a verdict/);
    assert.equal(judge.requests.length, 3);
    judge.trouble = "not-json";
    assert.match(await detailOf("safeguard house-rules"), /^FAIL .*gives an answer that is no verdict/);
    judge.trouble = "status-500";
    assert.match(await detailOf("safeguard house-rules"), /^FAIL .*gives 500/);
    await judge.close();
    assert.match(await detailOf("safeguard house-rules"), /^FAIL http.* cannot be reached/);
  });

  test("finds a model server that is gone", async () => {
    await mock.close();
    assert.match(await detailOf("upstream of mock"), /^FAIL /);
  });
});
