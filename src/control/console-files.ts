// The console as the control plane serves it: the built files, read once and kept in memory, found by their exact name and by
// nothing else. Hashed names may be kept for ever; index.html, which a browser gets at every address of a page, may not.
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { extname, join } from "node:path";
import type { Context, MiddlewareHandler } from "hono";

type Bytes = Uint8Array<ArrayBuffer>;

interface ConsoleFile {
  readonly type: string;
  readonly isHashed: boolean;
  readonly plain: Bytes;
  /** As the build packed it. */
  readonly br: Bytes | undefined;
  readonly gzip: Bytes | undefined;
}

export type ConsoleFiles = ReadonlyMap<string, ConsoleFile>;

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".md": "text/markdown; charset=utf-8",
};

const start = "/index.html";

/** What the build left in `folder`; undefined where it was not built. */
export function readConsoleFiles(folder: string): ConsoleFiles | undefined {
  if (!existsSync(join(folder, start))) return undefined;
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => name.replaceAll("\\", "/"));
  const files = names.flatMap((name): (readonly [string, ConsoleFile])[] => {
    const type = types[extname(name)];
    if (type === undefined) return [];
    const packed = (ending: string): Bytes | undefined =>
      names.includes(`${name}${ending}`) ? bytesOf(join(folder, `${name}${ending}`)) : undefined;
    const isHashed = name.startsWith("assets/");
    return [
      [`/${name}`, { type, isHashed, plain: bytesOf(join(folder, name)), br: packed(".br"), gzip: packed(".gz") }],
    ];
  });
  return new Map(files);
}

/** A view of its own of an own buffer: what a response may send without another copy. */
function bytesOf(file: string): Bytes {
  return new Uint8Array(readFileSync(file));
}

/** Scripts, styles and workers are files of ours; nothing is asked of anybody else but the data plane, and nobody frames it. */
const policyFor = (dataPlane: string): string =>
  [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    `connect-src 'self' ${new URL(dataPlane).origin}`,
    "worker-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types default",
  ].join("; ");

const headersFor = (dataPlane: string): Readonly<Record<string, string>> => ({
  "content-security-policy": policyFor(dataPlane),
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": "camera=(), geolocation=(), microphone=()",
  vary: "accept-encoding",
});

/** Answers for the files, and with index.html where a browser goes to a page; everything else is left to the routes. */
export function serveConsole(files: ConsoleFiles | undefined, dataPlane: string): MiddlewareHandler {
  const headers = headersFor(dataPlane);
  return async (context, next) => {
    const { method, path } = context.req;
    if ((method !== "GET" && method !== "HEAD") || isRoute(path)) return next();
    const file = files?.get(path) ?? (isNavigation(context) ? files?.get(start) : undefined);
    if (file !== undefined) return answerOf(context, file, headers);
    return isNavigation(context) && files === undefined ? notBuilt(headers) : next();
  };
}

function isRoute(path: string): boolean {
  return path === "/api" || path.startsWith("/api/") || path === "/healthz" || path === "/metrics";
}

/** A browser that goes to an address says that it takes a page; a script's fetch does not. Files are never pages. */
function isNavigation(context: Context): boolean {
  return !context.req.path.startsWith("/assets/") && (context.req.header("accept") ?? "").includes("text/html");
}

type Headers = Readonly<Record<string, string>>;

function answerOf(context: Context, file: ConsoleFile, headers: Headers): Response {
  const codings = (context.req.header("accept-encoding") ?? "")
    .split(",")
    .filter((one) => !/;\s*q=0(?:\.0*)?\s*$/.test(one));
  const accepted = new Set(codings.map((one) => one.split(";")[0]?.trim()));
  const coding = (["br", "gzip"] as const).find((one) => file[one] !== undefined && accepted.has(one));
  return new Response(file[coding ?? "plain"], {
    headers: {
      ...headers,
      "content-type": file.type,
      "cache-control": file.isHashed ? "public, max-age=31536000, immutable" : "no-cache",
      ...(coding === undefined ? {} : { "content-encoding": coding }),
    },
  });
}

function notBuilt(headers: Headers): Response {
  const page = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Headgate: the console is not built</title></head><body><main>
<h1>The console is not built</h1>
<p>The control plane works: the command <code>headgate</code> and <a href="/api/openapi.json">its interface</a> need no console.</p>
<p>In a clone of Headgate run <code>npm ci</code> and start it again: it builds the console once. The published package has it built.</p>
</main></body></html>
`;
  return new Response(page, {
    status: 503,
    headers: { ...headers, "content-type": "text/html; charset=utf-8", "cache-control": "no-store" },
  });
}
