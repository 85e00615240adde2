// Reading by the key of this browser, where the server has no sessions: each read bears a pass that the key signed for it.
import { signPass } from "../../src/acts/pass.ts";
import { DeploymentView, routes } from "../../src/control/contract.ts";
import { timestampOf, toInstant } from "../../src/terms/ids.ts";
import { ask, readWith } from "../app/server.ts";
import { type BrowserKey, readKey, signerOf } from "./browser-key.ts";

export async function sessionByKey(): Promise<
  ({ readonly kind: "person" } & Pick<BrowserKey, "person" | "role">) | null
> {
  const { deployment } = await ask(routes.deployment, DeploymentView);
  const key = await readKey(deployment);
  if (key === undefined) return null;
  readWith(async (method, path) => passOf(key, method, path));
  return { kind: "person", person: key.person, role: key.role };
}

async function passOf(key: BrowserKey, method: string, path: string): Promise<string> {
  const at = timestampOf(toInstant(Date.now()));
  const pass = { deployment: key.deployment, signer: key.publicKey, method, path, at };
  return `Headgate ${await signPass(pass, signerOf(key))}`;
}
