// Passkeys in the browser: asked for and shown by the browser's own dialogs. To add one, the key of this browser signs a pass.
import {
  type PublicKeyCredentialCreationOptionsJSON,
  type PublicKeyCredentialRequestOptionsJSON,
  browserSupportsWebAuthn,
  startAuthentication,
  startRegistration,
} from "@simplewebauthn/browser";
import { z } from "zod";
import { signPass } from "../../src/acts/pass.ts";
import { PasskeyOptions, PasskeyView, passkeyRoutes } from "../../src/control/contract-passkey.ts";
import { SessionView } from "../../src/control/contract-session.ts";
import { Failure } from "../../src/terms/failure.ts";
import { timestampOf, toInstant } from "../../src/terms/ids.ts";
import { ask } from "../app/server.ts";
import { type BrowserKey, signerOf } from "./browser-key.ts";

const Creation = PasskeyOptions.and(z.custom<PublicKeyCredentialCreationOptionsJSON>());
const Request = PasskeyOptions.and(z.custom<PublicKeyCredentialRequestOptionsJSON>());

export async function signInWithPasskey(): Promise<SessionView> {
  const path = passkeyRoutes.passkeySignInOptions;
  const optionsJSON = await ask(path, Request, { method: "POST", body: {} });
  const { id, rawId, type, response } = await shown(async () => startAuthentication({ optionsJSON }));
  const { clientDataJSON, authenticatorData, signature } = response;
  const body = { response: { id, rawId, type, response: { clientDataJSON, authenticatorData, signature } } };
  return ask(passkeyRoutes.passkeySignIn, SessionView, { method: "POST", body });
}

export async function addPasskey(key: BrowserKey, label: string): Promise<PasskeyView> {
  const path = passkeyRoutes.passkeyOptions;
  const asked = { method: "POST", body: {}, headers: await passFor(key, path) } as const;
  const optionsJSON = await ask(path, Creation, asked);
  const { id, rawId, type, response } = await shown(async () => startRegistration({ optionsJSON }));
  const { clientDataJSON, attestationObject, transports = [] } = response;
  const body = { label, response: { id, rawId, type, response: { clientDataJSON, attestationObject, transports } } };
  const headers = await passFor(key, passkeyRoutes.passkeys);
  return ask(passkeyRoutes.passkeys, PasskeyView, { method: "POST", body, headers });
}

async function passFor(key: BrowserKey, path: string): Promise<Readonly<Record<string, string>>> {
  const { deployment, publicKey: signer } = key;
  const pass = { deployment, signer, method: "POST", path, at: timestampOf(toInstant(Date.now())) };
  return { authorization: `Headgate ${await signPass(pass, signerOf(key))}` };
}

/** What the browser shows may be called off, or not be there at all. */
async function shown<T>(step: () => Promise<T>): Promise<T> {
  if (!browserSupportsWebAuthn())
    throw new Failure("feature_unsupported", "This browser has no passkeys here. Sign in another way.");
  try {
    return await step();
  } catch (cause) {
    const message = "The browser showed no passkey, or you called it off. Try again, or sign in another way.";
    throw new Failure("feature_unsupported", message, { cause });
  }
}
