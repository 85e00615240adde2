// What outsiders see of passkeys. One signs in to a session; it signs no statement. To add one takes a pass by a key of the person, not a
// session: whoever stole a session cannot make it last.
import { z } from "zod";
import { PersonId, Timestamp } from "../terms/ids.ts";

export const passkeyRoutes = {
  /** GET: one's own. POST with a pass: adds one. */
  passkeys: "/api/v1/passkeys",
  /** POST with a pass: what the browser makes one from. */
  passkeyOptions: "/api/v1/passkeys/options",
  /** DELETE: one's own; sessions that it opened end. */
  passkey: "/api/v1/passkeys/:passkey",
  /** POST: what the browser asks a passkey. */
  passkeySignInOptions: "/api/v1/session/passkey/options",
  /** POST: signs in; answers and sets the cookie as `POST session` does. */
  passkeySignIn: "/api/v1/session/passkey",
} as const;

/** Options of WebAuthn as JSON, to be handed to the browser as they are. */
export const PasskeyOptions = z.looseObject({ challenge: z.string() });
export const NoBody = z.strictObject({});

const Base64Url = z.string().regex(/^[\w-]{1,16384}$/);
const common = { id: Base64Url.max(1400), rawId: Base64Url.max(1400), type: z.literal("public-key") };

export const PasskeyRequest = z.strictObject({
  /** What its owner calls it. */
  label: z.string().trim().min(1).max(60),
  response: z.object({
    ...common,
    response: z.object({
      clientDataJSON: Base64Url,
      attestationObject: Base64Url,
      transports: z.array(z.string().max(20)).max(8).optional(),
    }),
  }),
});

export const PasskeySignInRequest = z.strictObject({
  response: z.object({
    ...common,
    response: z.object({
      clientDataJSON: Base64Url,
      authenticatorData: Base64Url,
      signature: Base64Url,
      userHandle: Base64Url.optional(),
    }),
  }),
});

export const PasskeyView = z.object({
  passkey: z.string(),
  person: PersonId,
  label: z.string(),
  at: Timestamp,
  used: Timestamp.nullable(),
});
export type PasskeyView = z.infer<typeof PasskeyView>;

export const PasskeysView = z.object({ passkeys: z.array(PasskeyView) });
