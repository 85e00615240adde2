// The gateway of bench/gateway-load.ts, in a process of its own: everything on, as in the embedded default, where the
// control plane's end of the feed and the ledger (in memory here) run beside it. Says where it listens, as one JSON line.
// node bench/gateway-serve.ts [--upstream 9101] [--safeguards shipped|words]
import { parseArgs } from "node:util";
import { shippedSafeguards } from "../src/safeguards/registry.ts";
import { openGatewayWorld, secret } from "../test/flows/gateway-world.ts";

const { values } = parseArgs({
  options: {
    upstream: { type: "string", default: "9101" },
    safeguards: { type: "string", default: "shipped" },
  },
});

const isShipped = values.safeguards === "shipped";
const world = await openGatewayWorld({
  upstreamPort: Number(values.upstream),
  grant: { requestsPerMinute: 1_000_000, tokensPerDay: 1_000_000_000_000 },
  ...(isShipped ? { registry: shippedSafeguards(), safeguards: { safeguard: "misuse@1" }, stream: {} } : {}),
});
console.log(JSON.stringify({ url: world.url(), key: secret, pid: process.pid }));
process.once("SIGTERM", () => {
  void world.close().then(() => process.exit(0));
});
