// The data plane's listener: routes, bodies, headers, and the writing of answers with back-pressure. One route table, no
// route that tests anything, and the Host header checked, so that no page in a browser can talk to it by another name.
import { type IncomingMessage, type Server, type ServerResponse, createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { Failure, failureCode, httpStatus } from "../terms/failure.ts";
import { openReceipt } from "../acts/receipt.ts";
import { envelopeBytesMax } from "../acts/statement.ts";
import { type Digest, ReceiptId } from "../terms/ids.ts";
import { callerAddress } from "../terms/caller-address.ts";
import type { Network } from "../terms/network.ts";
import { faultOf } from "../terms/trouble.ts";
import { mayReadReceipts, reachableModels, stoppedCaller } from "../exposure/exposure.ts";
import { itemHeader } from "../acts/item-proof.ts";
import { Stop } from "../upstream/stop.ts";
import { chatFormat } from "../wire/chat/chat.ts";
import { embeddingsFormat } from "../wire/embeddings/embeddings.ts";
import type { Format } from "../wire/format.ts";
import { messagesFormat } from "../wire/messages/messages.ts";
import { responsesFormat } from "../wire/responses/responses.ts";
import { type CallRequest, type Caller, bodyBytesMax, checkOpen, identify } from "./admission.ts";
import type { Answer } from "./answer.ts";
import { refusedHeaders, streamHeaders, wholeHeaders } from "./answer-headers.ts";
import { answerPage } from "./cross-origin.ts";
import { serveCount } from "./count-tokens.ts";
import type { Gateway } from "./gateway.ts";
import { type Heartbeats, createHeartbeats } from "./heartbeat.ts";
import { takeHold } from "./hold.ts";
import { isModelsPath, modelList } from "./model-list.ts";
import { type Note, type Route, beginNote } from "./note.ts";
import { type Readiness, createReadiness } from "./readiness.ts";
import { type Bodies, type Reading, bodiesOfCalls, bodiesOfHolds, readBody } from "./request-body.ts";
import { refusalOf, saidOf } from "./refusals.ts";
import { sendStream, stalledMsMax } from "./send-stream.ts";
import { serveCall } from "./serve.ts";
import { checkHead, isBadHead, requestBounds } from "./strict-head.ts";
import { refusalOfUnserved } from "./unserved.ts";
import { within } from "./within.ts";

/** How long the control plane may take over a file that anybody may read, in milliseconds. */
const fileMsMax = 10_000;

export interface ListenerOptions {
  /** Host names this listener answers to, without port; loopback names always are among them. */
  readonly hosts: readonly string[];
  /** Proxies whose word on where a request comes from counts. */
  readonly proxies: readonly Network[];
  /** Origins of pages that may call, as a browser writes them; none where it is not given. */
  readonly pages?: readonly string[] | undefined;
  /** Certificate and key in PEM, where it speaks TLS itself. */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
}

const loopbackHosts = ["127.0.0.1", "localhost", "[::1]"];

export function createListener(gateway: Gateway, options: ListenerOptions): Server {
  const pages = new Set(options.pages);
  const isOurs = hostCheck([...loopbackHosts, ...options.hosts]);
  const left = new WeakSet<object>();
  const bodies = { calls: bodiesOfCalls(), holds: bodiesOfHolds() };
  const readiness = createReadiness(gateway);
  const heartbeats = createHeartbeats(gateway.clock.monotonic);
  const take = (request: IncomingMessage, response: ServerResponse): void => {
    // Nothing runs that stands behind a request after which the connection ends: who knows where that one ended.
    const { socket: connection } = request;
    if (left.has(connection)) return;
    // Attached before anything is waited for: who leaves while the body is read has left.
    const departure = new Stop();
    const leave = (): void => {
      departure.abort(new Failure("request_invalid", "The caller went away."));
    };
    response.on("close", () => {
      if (!response.writableFinished) leave();
    });
    request.on("error", leave);
    const trace = gateway.trace(request.headers["traceparent"]);
    const note = beginNote(gateway.clock.now(), gateway.clock.monotonic(), trace);
    const asked: Asked = {
      request,
      response,
      gateway,
      path: pathOf(request),
      departure,
      bodies,
      left,
      connection,
      note,
      readiness,
      heartbeats,
      proxies: options.proxies,
      pages,
      isRead: false,
    };
    void answered(asked, isOurs);
  };
  const server =
    options.tls === undefined
      ? createServer(requestBounds, take)
      : createTlsServer({ ...requestBounds, ...options.tls, minVersion: "TLSv1.2" }, take);
  server.once("close", heartbeats.close);
  server.maxHeadersCount = requestBounds.headersMax;
  return server;
}

/** Takes one request to its end, and tells what came of it. Never rejects. */
async function answered(asked: Asked, isOurs: HostCheck): Promise<void> {
  const { request, response, gateway, note } = asked;
  try {
    // Whoever keeps a connection to a gateway that is going is to open the next one elsewhere.
    if (gateway.isDraining()) response.setHeader("connection", "close");
    checkHead(request);
    if (!isOurs(request.headers.host ?? "")) throw new Failure("not_found", "");
    if (!answerPage(request, response, { origins: asked.pages, path: asked.path })) await route(asked);
  } catch (error) {
    sendFailure(asked, error);
  }
  const ms = gateway.clock.monotonic() - note.startedMs;
  gateway.answered({
    ...note,
    status: response.statusCode,
    ms,
    isWhole: response.writableEnded && !response.destroyed,
  });
}

interface Asked extends Reading {
  readonly response: ServerResponse;
  readonly gateway: Gateway;
  /** Undefined for an address that is none. */
  readonly path: string | undefined;
  readonly departure: Stop;
  readonly bodies: { readonly calls: Bodies; readonly holds: Bodies };
  /** Connections that end with the answer that is on its way. */
  readonly left: WeakSet<object>;
  /** The socket; a request that has ended does not know it any more. */
  readonly connection: object;
  readonly proxies: readonly Network[];
  readonly pages: ReadonlySet<string>;
  readonly note: Note;
  readonly readiness: () => Promise<Readiness>;
  readonly heartbeats: Heartbeats;
}

function pathOf(request: IncomingMessage): string | undefined {
  const target = request.url ?? "";
  if (formats.has(target)) return target;
  const pathname = URL.parse(target, "http://gateway")?.pathname;
  // One that only becomes an address when dots, escapes or backslashes are resolved was read otherwise in front of us.
  return pathname === target.split("?", 1)[0] ? pathname : undefined;
}

type HostCheck = (header: string) => boolean;

/** Spellings of our names that are remembered. */
const spellingsMax = 64;

function hostCheck(names: readonly string[]): HostCheck {
  const hosts = new Set(names.map((name) => name.toLowerCase()));
  const spellings = new Set<string>();
  return (header) => {
    if (spellings.has(header)) return true;
    if (!hosts.has(header.replace(/:\d{1,5}$/, "").toLowerCase())) return false;
    if (spellings.size < spellingsMax) spellings.add(header);
    return true;
  };
}

/** Where each format is spoken. */
const formats: ReadonlyMap<string, Format> = new Map([
  ["/v1/chat/completions", chatFormat],
  ["/v1/responses", responsesFormat],
  ["/v1/messages", messagesFormat],
  ["/v1/embeddings", embeddingsFormat],
]);

/**
 * The format of an address's answers and errors: its own, also where the address is none or its body was never read. At
 * addresses that belong to no format it is that of whose clients ask; Anthropic's always say the version they speak.
 */
function formatOf({ path, request }: Pick<Asked, "path" | "request">): Format {
  const isUnder = (root: string): boolean => path?.startsWith(`${root}/`) === true;
  const clients = request.headers["anthropic-version"] === undefined ? chatFormat : messagesFormat;
  return formats.get(path ?? "") ?? [...formats].find(([root]) => isUnder(root))?.[1] ?? clients;
}

/** The word for an address in metrics and logs. */
function routeOf(method: string, pathname: string): Route {
  if (method === "POST") {
    if (pathname === "/v1/messages/count_tokens") return "count";
    return pathname === "/hold" ? "hold" : (formats.get(pathname)?.name ?? "none");
  }
  if (isModelsPath(pathname)) return "models";
  if (pathname.startsWith("/v1/receipts/")) return "receipt";
  return pathname === "/healthz" || pathname === "/readyz" ? "probe" : "file";
}

function route(asked: Asked): Promise<void> | undefined {
  const { path: pathname } = asked;
  if (pathname === undefined) throw new Failure("not_found", "");
  const method = asked.request.method ?? "";
  asked.note.route = routeOf(method, pathname);
  if (method === "POST") return routePost(asked, pathname);
  if (method !== "GET" && method !== "HEAD") throw notHere(pathname);
  if (isModelsPath(pathname)) return sendModels(asked, pathname);
  if (pathname.startsWith("/v1/receipts/")) return sendReceipt(asked, pathname);
  if (pathname === "/healthz") {
    sendJson(asked.response, { status: 200 }, { status: "up" });
    return undefined;
  }
  if (pathname === "/readyz") return sendReadiness(asked);
  if (pathname.startsWith("/v1/")) throw notHere(pathname);
  return sendPublicFile(asked, pathname);
}

function notHere(pathname: string): Failure {
  return refusalOfUnserved(pathname) ?? new Failure("not_found", "");
}

function routePost(asked: Asked, pathname: string): Promise<void> {
  const format = formats.get(pathname);
  if (format !== undefined) return answerCall(asked, (call) => serveCall(call, format, asked.gateway));
  if (pathname === "/v1/messages/count_tokens") return answerCall(asked, (call) => serveCount(call, asked.gateway));
  if (pathname === "/hold") return hold(asked);
  throw notHere(pathname);
}

async function answerCall(asked: Asked, serve: (call: CallRequest) => Promise<Answer>): Promise<void> {
  const answer = await answerOf(asked, serve);
  if (answer.kind !== "stream") return sendAnswer(asked, answer);
  return sendStream(answer.text, asked, streamHeaders(answer, formatOf(asked), asked.note.rates));
}

/** Apart from its sending: a stream may be sent for minutes, and its request's body need not stay for as long. */
async function answerOf(asked: Asked, serve: (call: CallRequest) => Promise<Answer>): Promise<Answer> {
  const { request, gateway, departure, note, bodies } = asked;
  const caller = callerOf(asked);
  // Strangers are turned away before a byte of their body is read, and so is who was turned away too often.
  const hash = identify(caller, gateway);
  gateway.turnedAway.check(hash, gateway.clock.now());
  const known = gateway.follower.state.keys.get(hash);
  if (known !== undefined) {
    note.key = known.key;
    note.organisation = known.organisation;
  }
  const limits = { bytesMax: bodyBytesMax, bodies: bodies.calls, caller: known?.organisation ?? hash };
  const body = await readBody(asked, limits).catch((error: unknown) => {
    if (failureCode(error) === "body_too_large") gateway.turnedAway.add(hash, bodyBytesMax, gateway.clock.now());
    throw error;
  });
  const header = request.headers[itemHeader];
  const item = typeof header === "string" ? header : undefined;
  const answer = await serve({ ...caller, hash, item, body, departure, note });
  if (answer.kind === "refused" && !answer.isCounted) gateway.turnedAway.add(hash, body.length, gateway.clock.now());
  return answer;
}

function callerOf({ request, proxies }: Asked): Caller {
  const connection = { remote: request.socket.remoteAddress, forwarded: request.headers["x-forwarded-for"] };
  return { secret: secretOf(request), from: callerAddress(connection, proxies) };
}

function secretOf(request: IncomingMessage): string | undefined {
  const { authorization } = request.headers;
  if (authorization !== undefined) return /^Bearer\s+(\S+)$/i.exec(authorization)?.[1];
  const key = request.headers["x-api-key"];
  return typeof key === "string" ? key : undefined;
}

function sendAnswer(asked: Asked, answer: Exclude<Answer, { readonly kind: "stream" }>): void {
  const { response, gateway, note } = asked;
  const format = formatOf(asked);
  const { rates } = note;
  switch (answer.kind) {
    case "refused": {
      const { status } = answer.refusal;
      const body = format.error(saidOf(answer.refusal, answer.id, gateway.contact));
      return sendJson(response, { status, headers: refusedHeaders(answer, format, rates) }, body);
    }
    case "whole":
      return sendText(response, { status: 200, headers: wholeHeaders(answer, format, rates) }, answer.body);
  }
}

interface Head {
  readonly status: number;
  /** Name and value in turn. */
  readonly headers?: readonly string[];
}

function sendJson(response: ServerResponse, head: Head, value: unknown): void {
  sendText(response, head, JSON.stringify(value));
}

/** JSON that was written already. */
function sendText(response: ServerResponse, { status, headers = [] }: Head, text: string): void {
  const { socket } = response;
  const bytes = Buffer.byteLength(text);
  response.writeHead(status, ["content-type", "application/json", "content-length", String(bytes), ...headers]);
  // As many bytes as characters is ASCII, which need not be written as anything else.
  response.end(text, bytes === text.length ? "latin1" : "utf8");
  // A caller that does not read on is let go, so that answers nobody fetches do not pile up.
  if (socket === null || socket.writableLength > 0) response.setTimeout(stalledMsMax, () => response.destroy());
}

function sendFailure(asked: Asked, error: unknown): void {
  const { request, response, gateway, note } = asked;
  if (response.headersSent) {
    response.destroy();
    return;
  }
  if (!(error instanceof Failure)) gateway.report("fault", faultOf(error));
  const failure = error instanceof Failure ? error : new Failure("gateway_closed", "", { cause: error });
  const refusal = refusalOf(failure);
  const id = gateway.recorder.newId();
  const { code, reason } = refusal;
  note.id = id;
  note.refusal = { code, reason };
  // What is left of a body nobody read would be taken for the next request.
  const format = formatOf(asked);
  const isLast = !(request.complete || asked.isRead) || isBadHead(error);
  if (isLast) asked.left.add(asked.connection);
  const headers = [...refusedHeaders({ refusal, id }, format), ...(isLast ? ["connection", "close"] : [])];
  sendJson(response, { status: refusal.status, headers }, format.error(saidOf(refusal, id, gateway.contact)));
}

/** Whoever holds is staff, not a caller: the codes of statements are theirs to read. */
async function hold(asked: Asked): Promise<void> {
  const { response, gateway } = asked;
  try {
    const limits = { bytesMax: envelopeBytesMax, bodies: asked.bodies.holds, caller: "hold" };
    const held = await takeHold(await readBody(asked, limits), gateway);
    sendJson(response, { status: 200 }, held);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const { code, message, detail } = error;
    sendJson(response, { status: httpStatus[code] }, { error: { code, message, detail, needs: [] } });
  }
}

async function sendModels(asked: Asked, pathname: string): Promise<void> {
  const { gateway, response } = asked;
  const caller = callerOf(asked);
  const hash = identify(caller, gateway);
  checkOpen(gateway);
  const { state } = gateway.follower;
  const [who, moment] = [{ hash, from: caller.from }, gateway.follower.moment()];
  const stopped = stoppedCaller(state, who, moment);
  if (stopped !== undefined) throw new Failure(stopped.code, "", { detail: { reason: stopped.reason } });
  const models = reachableModels(state, who, moment);
  return sendJson(response, { status: 200 }, modelList(pathname, models, formatOf(asked).name));
}

async function sendReceipt(asked: Asked, pathname: string): Promise<void> {
  const { gateway, response } = asked;
  const hash = identify(callerOf(asked), gateway);
  const at = gateway.clock.now();
  gateway.turnedAway.check(hash, at);
  const key = gateway.follower.state.keys.get(hash);
  if (key !== undefined && !mayReadReceipts(key, at)) throw new Failure("key_suspended", "");
  const id = ReceiptId.safeParse(pathname.slice("/v1/receipts/".length)).data;
  const text =
    id === undefined
      ? undefined
      : (gateway.recorder.find(id) ?? (await within(gateway.feed.receipt(id), fileMsMax, "A receipt")));
  if (text === undefined || !(await isOwn(text, hash, gateway))) {
    // Each may have been asked of the control plane.
    gateway.turnedAway.add(hash, 0, at);
    throw new Failure("not_found", "");
  }
  sendJson(response, { status: 200 }, { id, receipt: text });
}

/** A receipt is given to the key, or under the permit, that it was made for. */
async function isOwn(text: string, hash: Digest, { follower, primitives }: Gateway): Promise<boolean> {
  const { receipt } = await openReceipt(text, primitives);
  const { keys, permitByHash } = follower.state;
  const permit = permitByHash.get(hash);
  return receipt.key === null ? permit !== undefined && receipt.under === permit : receipt.key === keys.get(hash)?.key;
}

async function sendReadiness({ response, readiness: ask }: Asked): Promise<void> {
  const readiness = await ask();
  sendJson(response, { status: readiness.ready ? 200 : 503 }, readiness);
}

async function sendPublicFile({ gateway, response }: Asked, pathname: string): Promise<void> {
  const file = await within(gateway.feed.publicFile(pathname.slice(1)), fileMsMax, "A public file");
  if (file === undefined) throw new Failure("not_found", "");
  response.setTimeout(stalledMsMax, () => response.destroy());
  response.writeHead(200, {
    "content-type": file.contentType,
    "cache-control": file.cacheControl,
    "content-length": file.body.length,
    "access-control-allow-origin": "*",
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
  });
  response.end(file.body);
}
