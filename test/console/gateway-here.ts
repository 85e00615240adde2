// A real gateway on the feed of a console's control plane, before a scripted model server: for pages whose acts callers feel.
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openGateway } from "../../src/gateway/open.ts";
import { digestOf } from "../../src/proof/digest.ts";
import { toUtf8 } from "../../src/proof/encoding.ts";
import { nodePrimitives, randomBytes } from "../../src/proof/node.ts";
import type { Registry } from "../../src/safeguards/registry.ts";
import { openUpstream } from "../../src/upstream/open-upstream.ts";
import { upstreamBounds } from "../../src/upstream/upstream.ts";
import { type Desk, gatewayOf } from "../flows/control-desk.ts";
import { startMock } from "../upstream-mock/server.ts";

export interface GatewayHere {
  /** Base address of the data plane. */
  readonly url: string;
  readonly close: () => Promise<void>;
}

/** The safeguard that the desk's documents name; it finds nothing. */
const nothing: Registry = {
  names: ["nothing@1"],
  get: () => ({
    name: "nothing",
    version: 1,
    digest: digestOf(toUtf8("nothing@1"), nodePrimitives),
    maxChars: 100_000,
    thresholds: () => ({ review: {}, block: {} }),
    scores: () => {
      throw new Error("not asked in these tests");
    },
    inspect: () => ({ kind: "inspected", findings: [] }),
  }),
};

export async function openGatewayHere(desk: Desk): Promise<GatewayHere> {
  const folder = mkdtempSync(join(tmpdir(), "headgate-gateway-"));
  const mock = await startMock();
  const environment = {
    secrets: { environment: {}, folder: undefined },
    ownPorts: new Set<number>(),
    cacheFolder: folder,
    modelFile: undefined,
    bounds: upstreamBounds,
    pool: {},
    onProgress: () => undefined,
    onEmbeddedEvent: () => undefined,
  };
  const { server, close } = await openGateway({
    feed: desk.control.feed,
    pin: desk.control.state.firstRoot,
    signer: gatewayOf(desk),
    folder,
    registry: nothing,
    openUpstream: async (document) =>
      openUpstream({ ...document, upstream: { dialect: "openai-chat", url: mock.url, model: "mock" } }, environment),
    clock: { now: desk.now, monotonic: () => performance.now() },
    primitives: nodePrimitives,
    randomBytes,
    contact: "ada@example.test",
    hosts: [],
    report: () => undefined,
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("a port was asked for");
  return {
    url: `http://127.0.0.1:${address.port}`,
    close: async () => {
      await close();
      await mock.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
