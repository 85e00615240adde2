// The file that HEADGATE_WEBHOOKS names: who is told of what, by which address and secret. It belongs to whoever operates the
// server and not to the board, so it is no document and stands in no ledger.
import { parse } from "yaml";
import { z } from "zod";
import { SecretReference } from "../../outbound/server-fields.ts";
import { AnnouncementType } from "../../release/announcements.ts";
import { Failure } from "../../terms/failure.ts";
import { Name } from "../../terms/ids.ts";

/** Endpoints of one server, and characters of the file that is read at all. */
const endpointsMax = 16;
const fileCharsMax = 64 * 1024;

const Endpoint = z.strictObject({
  name: Name,
  url: z
    .url({ protocol: /^https?$/, error: "the address of an endpoint starts with http:// or https://" })
    .max(2_048)
    .refine((text) => isPlainUrl(text), "the address has no user name, password or fragment"),
  /** One, or while it is being changed two: the new one, and that which is still known at the other end. */
  secret: z.union([SecretReference, z.array(SecretReference).min(1).max(2)]),
  /** All, where it is not said. */
  events: z.array(AnnouncementType).min(1).optional(),
});
export type Endpoint = z.infer<typeof Endpoint>;

/** A query may stand there: several services put their key into it. */
function isPlainUrl(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && url.username === "" && url.password === "" && url.hash === "";
}

const WebhookFile = z
  .strictObject({ endpoints: z.array(Endpoint).min(1).max(endpointsMax) })
  .refine(({ endpoints }) => new Set(endpoints.map(({ name }) => name)).size === endpoints.length, {
    error: "two endpoints have the same name",
  });

/** Fails with configuration_invalid, naming the place; `path` is what the file is called. */
export function parseWebhookFile(text: string, path: string): readonly Endpoint[] {
  if (text.length > fileCharsMax) throw invalid(path, `is longer than ${fileCharsMax} characters`);
  let value: unknown;
  try {
    value = parse(text, { maxAliasCount: 0, prettyErrors: false });
  } catch (cause) {
    throw invalid(path, cause instanceof Error ? `is no YAML: ${cause.message.split("\n")[0] ?? ""}` : "is no YAML");
  }
  const parsed = WebhookFile.safeParse(value);
  if (parsed.success) return parsed.data.endpoints;
  const [issue] = parsed.error.issues;
  const place = issue?.path.join(".") ?? "";
  throw invalid(path, `${place === "" ? "" : `${place}: `}${issue?.message ?? "is wrong"}`);
}

function invalid(path: string, why: string): Failure {
  return new Failure("configuration_invalid", `HEADGATE_WEBHOOKS, ${path}: ${why}. docs/webhooks.md has an example.`);
}
