// Attempts on the public record: a log and a receipt that say something else than what was signed. Here nothing is served;
// open means that somebody who checks would have believed it.
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { type Attempt, Unfinished, judgeRefusal, worst } from "../attempt.ts";
import { knock } from "../gate.ts";
import type { Ground } from "../ground.ts";
import { type Said, refusalIn } from "../../in-process.ts";

type Change = (bytes: Buffer, file: string) => void;

const flipBit: Change = (bytes) => {
  const at = bytes.length >> 1;
  bytes[at] = (bytes[at] ?? 0) ^ 1;
};

/** `ledger verify` against a copy of the log on its way through somebody's hands. */
async function verifyThrough(ground: Ground, part: string, change: Change): Promise<Said> {
  const origin = ground.gate.serving.dataPlane;
  const server = createServer((request, response) => {
    void fetch(`${origin}${request.url ?? "/"}`).then(async (answer) => {
      const bytes = Buffer.from(await answer.arrayBuffer());
      if (request.url?.includes(part) === true) change(bytes, request.url);
      response.writeHead(answer.status).end(bytes);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  try {
    const url = `http://127.0.0.1:${portOf(server.address())}/log`;
    return await ground.desk.run(["ledger", "verify", "--url", url, "--profile", ground.owner]);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

function portOf(address: AddressInfo | string | null): number {
  if (typeof address === "object" && address !== null) return address.port;
  throw new Unfinished("the changed copy of the log could not be served");
}

const tamperedTile: Attempt = {
  name: "tampered-tile",
  attempted: "One bit changed in each kind of file of the public log, on its way to somebody who verifies it.",
  make: async (ground) => {
    const untouched = await verifyThrough(ground, "/tile/", () => undefined);
    if (untouched.exit !== 0)
      throw new Unfinished(`the log does not verify untouched: ${untouched.told.slice(0, 200)}`);
    const outcomes = [];
    for (const part of ["/tile/0/", "/tile/entries/", "/checkpoint"]) {
      const refused = refusalIn(await verifyThrough(ground, part, flipBit));
      outcomes.push(judgeRefusal(refused?.code, ["proof_invalid", "signature_invalid", "statement_invalid"]));
    }
    return worst(outcomes);
  },
};

/** The same receipt with another outcome, in the same form. */
function edited(receipt: string): string {
  const [form = "", body = "", ...rest] = receipt.split(".");
  const said = Buffer.from(body, "base64url").toString("utf8");
  const changed = said.replace('"outcome":"refused"', '"outcome":"served"');
  if (changed === said) throw new Unfinished("the receipt names no outcome to edit");
  return [form, Buffer.from(changed).toString("base64url"), ...rest].join(".");
}

const editedReceipt: Attempt = {
  name: "edited-receipt",
  attempted: "A genuine receipt, edited to say another outcome, and shown to somebody who verifies it.",
  make: async (ground) => {
    const { reply } = await knock(ground.gate, { secret: ground.later });
    if (reply.receipt === null) throw new Unfinished("the refusal came without a receipt");
    const verify = async (text: string): Promise<Said> =>
      ground.desk.run(["receipt", "verify", text, "--profile", ground.owner]);
    const genuine = await verify(reply.receipt);
    if (genuine.exit !== 0) throw new Unfinished("the genuine receipt does not verify");
    const refused = refusalIn(await verify(edited(reply.receipt)));
    return judgeRefusal(refused?.code, ["signature_invalid", "proof_invalid"]);
  },
};

const otherTrust: Attempt = {
  name: "other-trust-root",
  attempted: "The log of this deployment, offered to somebody whose profile pins another trust root.",
  make: async ({ desk, safety, freshFolder }) => {
    const profile = freshFolder("other.json");
    const text = readFileSync(safety, "utf8").replace(/"root": "sha256:[0-9a-f]{4}/, '"root": "sha256:0000');
    writeFileSync(profile, text.replace(/"checkpoint": \{[^}]*\}/, '"checkpoint": null'), { mode: 0o600 });
    const refused = refusalIn(await desk.run(["ledger", "verify", "--profile", path.resolve(profile)]));
    return judgeRefusal(refused?.code, ["trust_unknown"]);
  },
};

export const recordAttempts: readonly Attempt[] = [tamperedTile, editedReceipt, otherTrust];
