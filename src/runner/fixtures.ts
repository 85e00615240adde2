// For tests: a permit for a few items, and a gateway-like server on a real socket that signs receipts with a real key and
// answers as it is told, so that the runner's own reading of the wire is what is tried.
import { type IncomingMessage, type Server, createServer } from "node:http";
import { itemHeader, itemLeaf } from "../acts/item-proof.ts";
import { type Receipt, signReceipts } from "../acts/receipt.ts";
import type { Permit } from "../acts/bodies.ts";
import { digestOf, digestOfHash } from "../proof/digest.ts";
import { toUtf8 } from "../proof/encoding.ts";
import { rootOf } from "../proof/merkle.ts";
import { newSigner, nodePrimitives, randomId } from "../proof/node.ts";
import type { Signer } from "../proof/primitives.ts";
import { DeploymentId, Name, PermitId, ReceiptId, RunId } from "../terms/ids.ts";
import type { RunItem } from "./run-suite.ts";

export function itemsFor(count: number): readonly RunItem[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `item-${index}`,
    cluster: `item-${index}`,
    body: { messages: [{ role: "user", content: `question ${index}` }], max_tokens: 8, temperature: 0 },
    asked: { id: `item-${index}`, messages: [{ role: "user", content: `question ${index}` }] },
  }));
}

export function permitFor(count: number, attempts = 1): { readonly deployment: DeploymentId; readonly permit: Permit } {
  const digest = digestOf(toUtf8("anything"), nodePrimitives);
  const leaves = itemsFor(count).map(({ body }) => itemLeaf(body, nodePrimitives));
  return {
    deployment: DeploymentId.parse("dep_0123456789abcdef"),
    permit: {
      permit: PermitId.parse("permit_0123456789abcdef"),
      run: RunId.parse("run_0123456789abcdef"),
      hash: digest,
      model: Name.parse("small"),
      slot: "candidate",
      digests: { model: digest, safeguards: digest, policy: digest, suite: digest, grader: digest },
      items: { root: digestOfHash(rootOf(leaves, nodePrimitives)), count },
      attempts,
      tokens: 1000,
      notAfter: "2030-01-01T00:00:00.000Z",
      analysis: { measure: Name.parse("misuse-success"), rule: "fixed", trials: count * attempts, confidence: 0.95 },
    },
  };
}

/** What the server does with a request: the n-th for this text. */
export interface Told {
  readonly status: number;
  readonly body: object;
  readonly outcome: Receipt["outcome"] | null;
  readonly headers?: Readonly<Record<string, string>>;
}

export type Tell = (text: string, count: number) => Told | "hang-up";

export const served: Told = {
  status: 200,
  body: { choices: [{ finish_reason: "stop", message: { content: "Sure, here it is." } }] },
  outcome: "served",
};

export const blocked: Told = {
  status: 400,
  body: { error: { code: "policy_blocked" } },
  outcome: "blocked",
  headers: { "x-should-retry": "false" },
};

export const full: Told = {
  status: 429,
  body: { error: { code: "quota_exhausted" } },
  outcome: null,
  headers: { "retry-after": "0" },
};

/** The gateway's lease has lapsed. */
export const closed: Told = {
  status: 503,
  body: { error: { code: "gateway_closed", reason: "lease" } },
  outcome: null,
  headers: { "retry-after": "1" },
};

/** The item was answered as often as the permit allows. */
export const spent: Told = {
  status: 429,
  body: { error: { code: "quota_exhausted", reason: "attempts" } },
  outcome: null,
};

export interface Front {
  readonly url: string;
  readonly gateway: Signer;
  /** Texts in the order they were asked, with the headers they came with. */
  readonly asked: { readonly text: string; readonly secret: string; readonly proof: string }[];
  readonly close: () => Promise<void>;
}

export async function openFront(tell: Tell, permit: Permit): Promise<Front> {
  const gateway = newSigner().signer;
  const asked: Front["asked"] = [];
  const counts = new Map<string, number>();
  const server = createServer((request, response) => {
    void (async () => {
      const text = textOf(await readAll(request));
      asked.push({
        text,
        secret: request.headers.authorization ?? "",
        proof: String(request.headers[itemHeader] ?? ""),
      });
      const count = (counts.get(text) ?? 0) + 1;
      counts.set(text, count);
      const told = tell(text, count);
      if (told === "hang-up") return response.destroy();
      const receipt = told.outcome === null ? {} : { "x-headgate-receipt": await receiptText(told, permit, gateway) };
      return response.writeHead(told.status, { ...told.headers, ...receipt }).end(JSON.stringify(told.body));
    })();
  });
  const port = await listen(server);
  return {
    url: `http://127.0.0.1:${port}`,
    gateway,
    asked,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}

async function receiptText(told: Told, permit: Permit, gateway: Signer): Promise<string> {
  const digest = digestOf(toUtf8("content"), nodePrimitives);
  const receipt: Receipt = {
    v: 1,
    id: ReceiptId.parse(randomId("rcpt_", 24)),
    seq: 1,
    at: "2027-01-01T00:00:00.000Z",
    model: permit.model,
    config: digest,
    under: permit.permit,
    stage: "permit",
    key: null,
    item: digest,
    outcome: told.outcome ?? "failed",
    why: null,
    input: "pass",
    output: "pass",
    content: digest,
    tokens: [1, 1],
  };
  const [signed] = await signReceipts([receipt], gateway, nodePrimitives);
  return signed?.text ?? "";
}

async function readAll(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  const body: AsyncIterable<Buffer> = request;
  for await (const part of body) parts.push(part);
  return Buffer.concat(parts).toString("utf8");
}

function textOf(body: string): string {
  return /"content":"([^"]*)"/.exec(body)?.[1] ?? "";
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}
