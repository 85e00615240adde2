// What the gateway costs with everything on (safeguards, quotas, signed receipts on disk and in the ledger), against Portkey and a
// bare proxy in the same interleaved passes of bench/proxy.ts.
// node bench/gateway-load.ts [--safeguards shipped|words] [--seconds 8] [--passes 2] [--connections 32]
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import path from "node:path";
import { parseArgs } from "node:util";
import { z } from "zod";

const { values } = parseArgs({
  options: {
    safeguards: { type: "string", default: "shipped" },
    seconds: { type: "string", default: "8" },
    passes: { type: "string", default: "2" },
    connections: { type: "string", default: "32" },
    out: { type: "string", default: path.join(import.meta.dirname, "results", "gateway-load.json") },
  },
});

const file = (name: string): string => path.join(import.meta.dirname, name);
const gateway = spawn(process.execPath, [file("gateway-serve.ts"), "--safeguards", values.safeguards], {
  stdio: ["ignore", "pipe", "inherit"],
});
try {
  const lines = createInterface({ input: gateway.stdout });
  const said: readonly unknown[] = await once(lines, "line");
  const { url, key, pid } = z
    .object({ url: z.string(), key: z.string(), pid: z.number() })
    .parse(JSON.parse(String(said[0])));
  const asked = ["--portkey", "--gateway", url, "--key", key, "--pid", String(pid), "--out", values.out];
  const sizes = ["--seconds", values.seconds, "--passes", values.passes, "--connections", values.connections];
  const measuring = spawn(process.execPath, [file("proxy.ts"), ...asked, ...sizes], { stdio: "inherit" });
  const ended: readonly unknown[] = await once(measuring, "exit");
  process.exitCode = typeof ended[0] === "number" ? ended[0] : 1;
} finally {
  gateway.kill();
}
