// Gateways of the same kind to measure beside: Portkey (npm), LiteLLM (PyPI) and AISIX (Rust), each with nothing on and with a
// guardrail that runs within it. They are installed in a folder outside the project and kept there; one that cannot be had is
// passed over, and that is said.
import { mkdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { freePort } from "../src/main/free-port.ts";
import { has, output } from "./load.ts";
import { type Servers, type Started } from "./servers.ts";

/** What a guardrail looks for: the words of `bench/gateway-serve.ts --safeguards words`. */
const words = ["poison", "doubtful", "exploit", "curious"];
const blocked = "poison";

export interface Peer extends Started {
  readonly name: string;
  readonly origin: string;
  readonly model: string;
  readonly headers: Readonly<Record<string, string>>;
  /** A request with this word must not be answered: the guardrail is on. */
  readonly blocked?: string;
}

interface Place {
  readonly servers: Servers;
  readonly upstreamPort: number;
  /** Where peers are installed. */
  readonly folder: string;
}

/** All that can be had, and a sentence for each that cannot. */
export async function openPeers(place: Place): Promise<{ readonly peers: Peer[]; readonly missing: string[] }> {
  const peers: Peer[] = [];
  const missing: string[] = [];
  for (const [name, open] of [
    ["Portkey", portkey],
    ["LiteLLM", litellm],
    ["AISIX", aisix],
  ] as const) {
    try {
      peers.push(...(await open(place)));
    } catch (error) {
      missing.push(`${name} is not measured: ${error instanceof Error ? error.message : "it could not be installed"}`);
    }
  }
  return { peers, missing };
}

async function isThere(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}

/** With the two dependencies pinned without which it does not stream. */
async function portkey({ servers, upstreamPort, folder }: Place): Promise<Peer[]> {
  const at = join(folder, "portkey");
  const script = join(at, "node_modules/@portkey-ai/gateway/build/start-server.js");
  if (!(await isThere(script))) {
    const pins = { hono: "4.9.7", "@hono/node-server": "1.13.5" };
    const manifest = { private: true, dependencies: { "@portkey-ai/gateway": "1.15.2", ...pins }, overrides: pins };
    await mkdir(at, { recursive: true });
    await writeFile(join(at, "package.json"), JSON.stringify(manifest));
    await output("npm", ["install", "--prefix", at, "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]);
  }
  const port = await freePort();
  const started = servers.start([process.execPath, script, `--port=${port}`, "--headless"]);
  const checks = [{ id: "default.contains", parameters: { words, operator: "none" } }];
  const hook = [{ id: "words", type: "guardrail", deny: true, async: false, checks }];
  const to = {
    authorization: "Bearer x",
    "x-portkey-provider": "openai",
    "x-portkey-custom-host": `http://127.0.0.1:${upstreamPort}/v1`,
  };
  const provider = { provider: "openai", custom_host: `http://127.0.0.1:${upstreamPort}/v1`, api_key: "x" };
  const config = JSON.stringify({ ...provider, before_request_hooks: hook, after_request_hooks: hook });
  const origin = `http://127.0.0.1:${port}`;
  return [
    { ...started, name: "Portkey 1.15.2, nothing on", origin, model: "bench", headers: to },
    {
      ...started,
      name: "Portkey 1.15.2, words on both sides",
      origin,
      model: "bench",
      headers: { "x-portkey-config": config },
      blocked,
    },
  ];
}

const litellmVersion = "1.106.2";

async function litellm({ servers, upstreamPort, folder }: Place): Promise<Peer[]> {
  const at = join(folder, "litellm");
  if (!(await isThere(join(at, ".done")))) {
    await mkdir(folder, { recursive: true });
    await output("python3", ["-m", "venv", at]);
    await output(join(at, "bin/pip"), ["install", "-q", "--no-input", `litellm[proxy]==${litellmVersion}`]);
    await writeFile(join(at, ".done"), "");
  }
  const models = `model_list:
  - model_name: bench
    litellm_params:
      model: openai/fixed
      api_base: http://127.0.0.1:${upstreamPort}/v1
      api_key: x
`;
  const keywords = words.map((word) => `        - { keyword: ${word}, action: BLOCK }\n`).join("");
  const guardrails = ["pre_call", "post_call"].map(
    (mode) => `  - guardrail_name: words-${mode}
    litellm_params:
      guardrail: litellm_content_filter
      mode: ${mode}
      default_on: true
      blocked_words:
${keywords}`,
  );
  const key = "sk-bench-0123456789abcdef0123456789abcdef";
  const open = async (name: string, config: string): Promise<Peer> => {
    const port = await freePort();
    const file = join(servers.folder, `litellm-${port}.yaml`);
    await writeFile(file, config);
    const command = [join(at, "bin/litellm"), "--config", file, "--port", String(port), "--telemetry", "False"];
    const env = { LITELLM_MASTER_KEY: key, LITELLM_LOG: "ERROR", LITELLM_LOCAL_MODEL_COST_MAP: "True" };
    const started = servers.start(command, { env });
    const headers = { authorization: `Bearer ${key}` };
    return { ...started, name, origin: `http://127.0.0.1:${port}`, model: "bench", headers };
  };
  return [
    await open(`LiteLLM ${litellmVersion}, nothing on`, models),
    {
      ...(await open(`LiteLLM ${litellmVersion}, words on both sides`, `${models}guardrails:\n${guardrails.join("")}`)),
      blocked,
    },
  ];
}

/** Built beforehand: seven minutes, and not from a registry. */
async function aisix({ servers, upstreamPort, folder }: Place): Promise<Peer[]> {
  const binary = join(folder, "aisix");
  if (!(await isThere(binary))) {
    throw new Error(
      `there is no ${binary}. Clone github.com/api7/aisix, run \`cargo build --release --no-default-features --bin aisix\` ` +
        "(Rust 1.95, protobuf-compiler) and put target/release/aisix there.",
    );
  }
  if (!(await has(binary))) throw new Error(`${binary} cannot be run.`);
  const key = "bench-0123456789abcdef0123456789abcdef";
  const resources = `_format_version: "1"
provider_keys:
  - { display_name: mock, provider: openai, api_key: x, api_base: "http://127.0.0.1:${upstreamPort}/v1" }
models:
  - { display_name: bench, provider: openai, model_name: fixed, provider_key: mock }
api_keys:
  - { display_name: bench, key_env: BENCH_KEY, allowed_models: ["bench"] }
`;
  const patterns = words.map((word) => `      - { kind: literal, value: ${word} }\n`).join("");
  const guardrails = `guardrails:
  - name: words
    kind: keyword
    enabled: true
    hook_point: both
    patterns:
${patterns}`;
  const open = async (name: string, text: string): Promise<Peer> => {
    const port = await freePort();
    const [file, config] = ["resources", "config"].map((part) => join(servers.folder, `aisix-${part}-${port}.yaml`));
    if (file === undefined || config === undefined) throw new Error("two files");
    await writeFile(file, text);
    await writeFile(
      config,
      `resources_file: "${file}"\nproxy:\n  addr: "127.0.0.1:${port}"\nadmin:\n  enabled: false\n` +
        `observability:\n  access_log: false\n  metrics:\n    prometheus:\n      enabled: false\n`,
    );
    const started = servers.start([binary, "--config", config], { env: { BENCH_KEY: key } });
    const headers = { authorization: `Bearer ${key}` };
    return { ...started, name, origin: `http://127.0.0.1:${port}`, model: "bench", headers };
  };
  return [
    await open("AISIX 0.3.0, key and usage only", resources),
    { ...(await open("AISIX 0.3.0, keywords on both sides", resources + guardrails)), blocked },
  ];
}
