// Joining in the browser, as `headgate join` does it: the key is made here, the root is pinned from the code and not from what the server
// says, and the statement is signed by the code's one-time key and by the new one. And signing in: a pass by this browser's key.
import { z } from "zod";
import { type Invitation, checkNamed, signAdmission } from "../../src/acts/invitation.ts";
import { signPass } from "../../src/acts/pass.ts";
import { SessionView, sessionRoutes } from "../../src/control/contract-session.ts";
import { DeploymentView, StatementAnswer, routes } from "../../src/control/contract.ts";
import { browserPrimitives } from "../../src/proof/browser.ts";
import { fromBase64, toBase64 } from "../../src/proof/encoding.ts";
import type { Signer } from "../../src/proof/primitives.ts";
import { Failure } from "../../src/terms/failure.ts";
import { PublicKey, timestampOf, toInstant } from "../../src/terms/ids.ts";
import { ask } from "../app/server.ts";
import { type BrowserKey, forgetKey, keepKey, makeKey, readKey, signerOf } from "./browser-key.ts";
import { freshId } from "./fresh.ts";
import { pinRoot } from "./trust.ts";

/** Fails as the server refuses, with trust_unknown where it is not the code's deployment, or where this browser cannot make keys. */
export async function joinHere(invitation: Invitation): Promise<BrowserKey> {
  checkNamed(await ask(routes.deployment, DeploymentView), invitation);
  const { deployment, person, role, root } = invitation;
  const before = await readKey(deployment);
  const pair = await makeKey();
  const key = { deployment, person, role, ...pair };
  await pinRoot(deployment, root);
  // Kept before anyone can know its public half: a crash must not leave a person without their key.
  await keepKey(key);
  try {
    const signed = { oneTime: await oneTimeSigner(invitation.seed), signer: signerOf(key), madeIn: "browser" } as const;
    const fresh = { nonce: freshId("", 32), at: now() };
    const envelope = await signAdmission(invitation, { ...signed, ...fresh }, browserPrimitives);
    const body = { envelope: toBase64(envelope), openings: [], artefacts: [] };
    await ask(routes.statements, StatementAnswer, { method: "POST", body });
  } catch (error) {
    if (error instanceof Failure && error.code !== "server_unreachable") {
      await (before === undefined ? forgetKey(deployment) : keepKey(before));
    }
    throw error;
  }
  return key;
}

/** Signs in with the key of this browser. */
export async function signInWith(key: BrowserKey): Promise<SessionView> {
  const { deployment, publicKey: signer } = key;
  const pass = { deployment, signer, method: "POST", path: sessionRoutes.session, at: now() };
  const authorization = `Headgate ${await signPass(pass, signerOf(key))}`;
  return ask(sessionRoutes.session, SessionView, { method: "POST", headers: { authorization } });
}

/** Signs in as an organisation, by the text of a key of it. */
export async function signInAs(secret: string): Promise<SessionView> {
  // Only these go into a header; anything else is no key.
  if (!/^[\w-]{1,200}$/.test(secret)) throw new Failure("session_missing", "That is no key: one begins with hg_.");
  return ask(sessionRoutes.session, SessionView, { method: "POST", headers: { authorization: `Bearer ${secret}` } });
}

function now(): ReturnType<typeof timestampOf> {
  return timestampOf(toInstant(Date.now()));
}

/** DER around a raw Ed25519 key, RFC 8410. */
const privateKeyPrefix = [48, 46, 2, 1, 0, 48, 5, 6, 3, 43, 101, 112, 4, 34, 4, 32];
const Jwk = z.object({ x: z.string() });

async function oneTimeSigner(seed: string): Promise<Signer> {
  const raw = fromBase64(seed);
  if (raw === undefined) throw new Failure("request_invalid", "The code's key is not base64. Copy the whole code.");
  const der = new Uint8Array([...privateKeyPrefix, ...raw]);
  const privateKey = await crypto.subtle.importKey("pkcs8", der, "Ed25519", true, ["sign"]);
  const { x } = Jwk.parse(await crypto.subtle.exportKey("jwk", privateKey));
  const publicKey = PublicKey.parse(`${x.replaceAll("-", "+").replaceAll("_", "/")}=`);
  return signerOf({ publicKey, privateKey });
}
