// Which pages of other origins a browser lets call this data plane: the console's own, and no other. Without one nothing here is said,
// and a browser keeps every page of elsewhere out. No cookie counts anywhere on the data plane, so a page brings a caller's key or nothing.
import type { IncomingMessage, ServerResponse } from "node:http";

/** What a page may read of an answer besides its body. */
const exposed = [
  "x-request-id",
  "x-headgate-stage",
  "x-headgate-certificate",
  "x-headgate-receipt",
  "x-headgate-mode",
  "x-headgate-one-signer",
  "x-headgate-break-glass",
  "x-headgate-review",
  "retry-after",
].join(", ");

/** What a page may ask for: a call with a key, in any of the formats. */
const asked = {
  "access-control-allow-methods": "GET, POST",
  "access-control-allow-headers": "authorization, x-api-key, content-type, anthropic-version",
  "access-control-max-age": "600",
} as const;

/** Where a page may call: the formats, the list of models, a receipt. A hold takes a signed statement, and goes by the control plane. */
const isForPages = (path: string): boolean => path.startsWith("/v1/");

/**
 * Marks the answer for a page of one of these origins, compared letter by letter, and answers a browser's question before a call.
 * True where that was all.
 */
export function answerPage(
  request: Pick<IncomingMessage, "headers" | "method">,
  response: ServerResponse,
  { origins, path }: { readonly origins: ReadonlySet<string>; readonly path: string | undefined },
): boolean {
  const { origin } = request.headers;
  if (origin === undefined || path === undefined || !origins.has(origin) || !isForPages(path)) return false;
  response.setHeader("access-control-allow-origin", origin);
  response.setHeader("vary", "origin");
  response.setHeader("access-control-expose-headers", exposed);
  if (request.method !== "OPTIONS" || hasBody(request)) return false;
  response.writeHead(204, asked);
  response.end();
  return true;
}

/** A browser's question has none; what brings one is answered as any other request that is not served. */
function hasBody({ headers }: Pick<IncomingMessage, "headers">): boolean {
  return headers["transfer-encoding"] !== undefined || (headers["content-length"] ?? "0") !== "0";
}
