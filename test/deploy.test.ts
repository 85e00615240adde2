// The files of deploy/ against the program: what they name exists, what they copy is enough to run, and they give no more
// rights than they say. There is no container engine in the tests: docs/operate.md says what nobody has seen run.
import assert from "node:assert/strict";
import { execFile, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { type TestContext, describe, test } from "node:test";
import { parse } from "yaml";
import { z } from "zod";
import { readConfiguration } from "../src/main/configuration.ts";
import { freePort } from "../src/main/free-port.ts";

const root = path.dirname(import.meta.dirname);
const textOf = (name: string): string => readFileSync(path.join(root, name), "utf8");

function newFolder(t: TestContext): string {
  const folder = mkdtempSync(path.join(tmpdir(), "headgate-deploy-"));
  t.after(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

test("every setting that a file of deploy/ names is one that the program reads", () => {
  const sources = globSync("src/main/**/*.ts", { cwd: root }).filter((name) => !name.endsWith(".test.ts"));
  const read = new Set(
    sources.flatMap((name) => [...textOf(name).matchAll(/"(HEADGATE_[A-Z_]+)"/g)].map(([, one]) => one)),
  );
  for (const name of globSync("deploy/*", { cwd: root })) {
    for (const [setting] of textOf(name).matchAll(/\bHEADGATE_[A-Z_]+/g))
      assert.ok(read.has(setting), `${name}: ${setting}`);
  }
});

const Service = z.looseObject({
  image: z.string(),
  command: z.array(z.string()).optional(),
  environment: z.record(z.string(), z.string()),
  ports: z.array(z.string()).default([]),
  networks: z.array(z.string()),
  volumes: z.array(z.string()),
  read_only: z.boolean().optional(),
  cap_drop: z.array(z.string()).optional(),
  security_opt: z.array(z.string()),
});
const Compose = z.looseObject({
  services: z.record(z.string(), Service),
  networks: z.record(z.string(), z.looseObject({})),
  volumes: z.record(z.string(), z.looseObject({})),
});

describe("compose.yaml", () => {
  const { services, networks, volumes } = Compose.parse(parse(textOf("deploy/compose.yaml"), { merge: true }));
  const ours = Object.entries(services).filter(([, { image }]) => image === "headgate");

  test("has the control plane, a gateway and PostgreSQL, and names only networks and volumes that it makes", () => {
    assert.deepEqual(Object.keys(services), ["control", "gateway", "postgres"]);
    for (const [name, service] of Object.entries(services)) {
      for (const network of service.networks) assert.ok(network in networks, `${name}: ${network}`);
      for (const volume of service.volumes) assert.ok((volume.split(":")[0] ?? "") in volumes, `${name}: ${volume}`);
    }
  });

  test("gives our processes a read-only root, no capability and no new privileges, and opens ports on this machine only", () => {
    for (const [name, service] of ours) {
      assert.equal(service.read_only, true, name);
      assert.deepEqual(service.cap_drop, ["ALL"], name);
      assert.ok(service.security_opt.includes("no-new-privileges:true"), name);
    }
    const ports = Object.values(services).flatMap((service) => service.ports);
    assert.deepEqual(
      ports.filter((port) => !port.startsWith("127.0.0.1:")),
      [],
    );
    assert.deepEqual(services["postgres"]?.networks, ["inside"], "the database is reached from inside only");
    assert.equal(networks["inside"]?.["internal"], true);
  });

  test("holds no secret, and what it sets is taken by the program", () => {
    for (const [name, { environment }] of Object.entries(services)) {
      for (const [variable, value] of Object.entries(environment)) {
        if (/PASSWORD|SECRET|TOKEN/.test(variable)) assert.match(value, /^\$\{\w+:\?/, `${name}: ${variable}`);
      }
    }
    for (const [, { environment }] of ours) {
      const filled = Object.entries(environment).map(([variable, value]) => [
        variable,
        variable === "HEADGATE_TRUST" ? `sha256:${"0".repeat(64)}` : value.replace(/^\$\{\w+:[-?](.*)\}$/, "$1"),
      ]);
      const settings = z.record(z.string(), z.string()).parse(Object.fromEntries(filled));
      const configuration = readConfiguration(settings);
      assert.ok(configuration.operating?.drainMsMax !== undefined && configuration.operating.drainMsMax < 45_000);
    }
  });
});

interface Copied {
  readonly from: readonly string[];
  readonly to: string;
}

/** The lines of a stage that copy out of the clone; of the last one, or of that with a name. */
function copiesOf(dockerfile: string, name?: string): readonly Copied[] {
  const stages = dockerfile.split(/^FROM /m);
  const stage =
    stages.find((one) => name !== undefined && one.split("\n")[0]?.endsWith(` AS ${name}`)) ?? stages.at(-1) ?? "";
  return [...stage.matchAll(/^COPY (?!--from)(.+)$/gm)].map(([, words = ""]) => {
    const all = words.split(" ");
    return { from: all.slice(0, -1), to: all.at(-1) ?? "" };
  });
}

describe("the Dockerfile", () => {
  const dockerfile = textOf("deploy/Dockerfile");
  const ignored = textOf(".dockerignore").split("\n");

  test("copies what there is and what .dockerignore lets through, which lets nothing else through", () => {
    const first =
      dockerfile
        .match(/^COPY package\.json .*$/m)?.[0]
        .split(" ")
        .slice(1, -1) ?? [];
    const copied = [...copiesOf(dockerfile, "console"), ...copiesOf(dockerfile)].flatMap(({ from }) => from);
    const wanted = new Set([...first, ...copied]);
    for (const name of wanted) assert.ok(existsSync(path.join(root, name)), name);
    assert.equal(
      ignored.find((line) => !line.startsWith("#")),
      "*",
    );
    assert.deepEqual(new Set(ignored.filter((line) => line.startsWith("!")).map((line) => line.slice(1))), wanted);
  });

  test("what its stage of the console copies is enough to build the console", (t) => {
    const image = newFolder(t);
    for (const { from, to } of copiesOf(dockerfile, "console")) {
      for (const name of from) {
        const target = path.join(image, to.endsWith("/") ? path.join(to, name) : to);
        mkdirSync(path.dirname(target), { recursive: true });
        cpSync(path.join(root, name), target, {
          recursive: true,
          filter: (one) => !/\.test\.ts$|console.dist/.test(one),
        });
      }
    }
    symlinkSync(path.join(root, "node_modules"), path.join(image, "node_modules"));
    execFileSync(process.execPath, ["scripts/build-console.ts"], {
      cwd: image,
      stdio: ["ignore", "ignore", "inherit"],
    });
    assert.ok(existsSync(path.join(image, "console", "dist", "index.html")));
  });

  test("does not run as root, and installs no development package and no package's script", () => {
    assert.match(dockerfile, /^USER [1-9]\d*:[1-9]\d*$/m);
    assert.match(dockerfile, /^RUN npm ci --omit=dev --ignore-scripts$/m);
    assert.doesNotMatch(dockerfile, /^RUN npm (?!.*--ignore-scripts)/m);
    assert.match(dockerfile, /^COPY --from=dependencies \S*node_modules node_modules$/m);
  });

  test("what it copies serves, tells its health, and ends on the first signal", async (t) => {
    const folder = newFolder(t);
    const image = path.join(folder, "opt");
    for (const { from, to } of copiesOf(dockerfile)) {
      for (const name of from) {
        const target = path.join(image, to.endsWith("/") ? path.join(to, name) : to);
        mkdirSync(path.dirname(target), { recursive: true });
        cpSync(path.join(root, name), target, { recursive: true, filter: (one) => !one.endsWith(".test.ts") });
      }
    }
    symlinkSync(path.join(root, "node_modules"), path.join(image, "node_modules"));
    const [port, controlPort] = [await freePort(), await freePort()];
    const env = {
      PATH: process.env["PATH"],
      HEADGATE_DATA: path.join(folder, "data", "data"),
      HEADGATE_KEYS: path.join(folder, "keys", "keys"),
      HEADGATE_CACHE: path.join(folder, "cache"),
      HEADGATE_HOST: "0.0.0.0",
      HEADGATE_PORT: String(port),
      HEADGATE_CONTROL_PORT: String(controlPort),
    };
    const healthy = async (): Promise<number | null> =>
      new Promise((resolve) => {
        const child = execFile(process.execPath, ["deploy/healthy.ts"], { cwd: image, env }, () => {
          resolve(child.exitCode);
        });
      });
    assert.equal(await healthy(), 1);
    const child = spawn(process.execPath, ["bin/headgate", "serve", "--json"], {
      cwd: image,
      env,
      stdio: ["ignore", "pipe", "inherit"],
    });
    t.after(() => child.kill("SIGKILL"));
    const ended = once(child, "exit");
    await once(child.stdout, "data");
    assert.equal(await healthy(), 0);
    child.kill("SIGTERM");
    assert.deepEqual(await ended, [0, null]);
  });
});

describe("the units of systemd", () => {
  const analyze = "/usr/bin/systemd-analyze";
  const hasSystemd = existsSync(analyze);
  const skip = hasSystemd ? false : "systemd-analyze is not on this machine";

  test("are taken by systemd, and score as hardened", { skip }, (t) => {
    const folder = newFolder(t);
    const names = globSync("headgate*", { cwd: path.join(root, "deploy") });
    assert.deepEqual(names.toSorted(), ["headgate-brake.service", "headgate-brake.timer", "headgate.service"]);
    const units = names.map((name) => path.join(folder, name));
    // Where Node lies is the machine's; all else is as it stands.
    for (const [at, name] of names.entries())
      writeFileSync(
        units[at] ?? "",
        textOf(`deploy/${name}`).replace("ExecStart=/usr/bin/node", `ExecStart=${process.execPath}`),
      );
    execFileSync(analyze, ["verify", "--man=no", ...units], { stdio: ["ignore", "ignore", "inherit"] });
    const services = units.filter((unit) => unit.endsWith(".service"));
    const limits = ["--offline=yes", "--threshold=20"];
    execFileSync(analyze, ["security", ...limits, ...services], { stdio: ["ignore", "ignore", "inherit"] });
  });

  test("leaves more time for the end than the drain takes", () => {
    const unit = textOf("deploy/headgate.service");
    const [, drain = ""] = /HEADGATE_DRAIN_SECONDS=(\d+)/.exec(unit) ?? [];
    const [, stop = ""] = /TimeoutStopSec=(\d+)/.exec(unit) ?? [];
    assert.ok(Number(stop) >= Number(drain) + 10);
  });
});
