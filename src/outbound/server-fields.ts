// How a document names a server that others run, and the secret it is asked with: the same fields for every kind of server.
import { z } from "zod";

/** `env:UPSTREAM_*` or `file:name`; the secret itself is never written in a document. */
export const SecretReference = z
  .string()
  .regex(
    /^(env:UPSTREAM_[A-Z0-9_]{1,64}|file:[A-Za-z0-9_-][A-Za-z0-9._-]{0,127})$/,
    "a key is named env:UPSTREAM_… or file:NAME, never written out",
  );

/** The address of a server; `what` is what its documents call it. */
export function serverUrl(what: string): z.ZodType<string, string> {
  return z
    .url({ protocol: /^https?$/, error: `the address of ${what} starts with http:// or https://` })
    .max(2_048)
    .refine((text) => isPlainUrl(text), "the address has no user name, password, query or fragment");
}

function isPlainUrl(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && url.username === "" && url.password === "" && url.search === "" && url.hash === "";
}
