// Operating a real server, from outside: a process of its own with metrics, access log, traces and a log on standard error,
// that is asked, refused, reloaded and told to go. What it wrote is searched for what must not be in it.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { type Server, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { z } from "zod";
import { type Said, openDesk } from "../../src/main/in-process.ts";
import { type Mock, startMock } from "../upstream-mock/server.ts";

const root = dirname(dirname(import.meta.dirname));
const folder = mkdtempSync(join(tmpdir(), "headgate-operating-"));
const ada = join(folder, "ada.json");
const accessLog = join(folder, "access.jsonl");
const token = "t".repeat(32);
const words = "the words nobody may keep";

interface Received {
  readonly path: string;
  readonly authorization: string | undefined;
  readonly body: string;
}

let mock: Mock;
let collector: Server;
const received: Received[] = [];
let server: ChildProcess;
let errors = "";
let addresses = { dataPlane: "", controlPlane: "" };
let key = "";

async function headgate(...args: readonly string[]): Promise<Said> {
  const desk = openDesk({
    server: addresses.controlPlane,
    dataPlane: addresses.dataPlane,
    codeFile: join(folder, "data", "init-code"),
    stateFolder: join(folder, "state"),
    version: "0.0.0-test",
  });
  return desk.run([...args, "--server", addresses.controlPlane]);
}

async function must<T>(type: z.ZodType<T>, ...args: readonly string[]): Promise<T> {
  const said = await headgate(...args);
  assert.equal(said.exit, 0, said.told);
  return type.parse(said.json);
}

async function start(more: Readonly<Record<string, string>> = {}): Promise<void> {
  server = spawn(join(root, "bin", "headgate"), ["serve", "--json"], {
    env: {
      ...process.env,
      HEADGATE_DATA: join(folder, "data"),
      HEADGATE_PORT: "0",
      HEADGATE_CONTROL_PORT: "0",
      HEADGATE_ACCESS_LOG: accessLog,
      HEADGATE_METRICS_TOKEN: join(folder, "token"),
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port(collector)}/otel`,
      OTEL_EXPORTER_OTLP_HEADERS: "authorization=Bearer%20collector",
      ...more,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  server.stderr?.on("data", (piece: Buffer) => {
    errors += piece.toString("utf8");
  });
  if (server.stdout === null) throw new Error("its output is read");
  const lines = createInterface({ input: server.stdout });
  const line = await new Promise<string>((resolve, reject) => {
    lines.once("line", resolve);
    server.once("exit", () => {
      reject(new Error(`the server did not start: ${errors.slice(-2000)}`));
    });
  });
  addresses = z.object({ dataPlane: z.string(), controlPlane: z.string() }).parse(JSON.parse(line));
}

function port(of: Server): number {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it listens on a port
  return (of.address() as AddressInfo).port;
}

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const endAt = performance.now() + 60_000;
  while (!(await isSo())) {
    if (performance.now() > endAt) throw new Error(`waited in vain for: ${isSo.toString()}`);
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
  }
}

async function ask(body: object, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${addresses.dataPlane}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, ...headers },
    body: JSON.stringify(body),
  });
}

const said = (content: string, more: object = {}): object => ({
  model: "mine",
  messages: [{ role: "user", content }],
  ...more,
});

before(async () => {
  mock = await startMock();
  collector = createServer((request, response) => {
    let body = "";
    request.on("data", (piece: Buffer) => {
      body += piece.toString("utf8");
    });
    request.on("end", () => {
      received.push({ path: request.url ?? "", authorization: request.headers.authorization, body });
      response.end("{}");
    });
  });
  collector.listen(0, "127.0.0.1");
  await once(collector, "listening");
  writeFileSync(join(folder, "token"), `${token}\n`);
  await start();
  const documents = join(folder, "documents");
  const nothing = z.unknown();
  await must(nothing, "init", "--name", "Ada", "--profile", ada);
  await must(nothing, "connect", mock.url, "--model", "mock", "--name", "mine", "--out", documents);
  await must(nothing, "apply", "-f", documents, "--profile", ada);
  const Key = z.object({ key: z.string() });
  key = (await must(Key, "key", "create", "--organisation", "mine-internal", "--profile", ada)).key;
  const Proposal = z.object({ proposal: z.string() });
  const by = ["--profile", ada] as const;
  const wanted = ["--stage", "internal", "--reason", "to be operated"] as const;
  const { proposal } = await must(Proposal, "release", "propose", "mine", ...wanted, ...by);
  await must(nothing, "release", "sign", proposal, "--reason", "read", ...by);
  await must(nothing, "release", "advance", proposal, ...by);
});

after(async () => {
  server.kill("SIGKILL");
  await mock.close();
  collector.closeAllConnections();
  collector.close();
  rmSync(folder, { recursive: true, force: true });
});

async function metrics(headers: Record<string, string> = { authorization: `Bearer ${token}` }): Promise<Response> {
  return fetch(`${addresses.controlPlane}/metrics`, { headers });
}

/** Value of the one series whose line begins so; 0 where there is none. */
async function metric(name: string): Promise<number> {
  const text = await (await metrics()).text();
  const lines = text.split("\n").filter((line) => line.startsWith(name));
  return lines.reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
}

test("a request is counted, timed, logged and traced, and the model's server is told the trace", async () => {
  const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
  const answer = await ask(said(words), { traceparent: `00-${traceId}-00f067aa0ba902b7-01` });
  assert.equal(answer.status, 200);
  const id = answer.headers.get("x-request-id") ?? "";
  assert.match(String(mock.records.at(-1)?.headers["traceparent"]), new RegExp(`^00-${traceId}-[0-9a-f]{16}-01$`));
  const labels = '{route="chat",model="mine",stage="internal",outcome="served",code="none"}';
  assert.equal(await metric(`headgate_requests_total${labels}`), 1);
  assert.equal(await metric('headgate_safeguard_seconds_count{side="input"}'), 1);
  assert.equal(await metric('headgate_safeguard_seconds_count{side="output"}'), 1);
  assert.equal(await metric('headgate_upstream_attempts_total{model="mine"}'), 1);
  assert.ok((await metric('headgate_request_tokens_sum{model="mine",type="input"}')) > 0);
  assert.ok((await metric('headgate_organisation_tokens_total{organisation="mine-internal",type="output"}')) > 0);
  assert.ok((await metric("headgate_certificate_expiry_seconds")) > 3600);
  assert.ok((await metric("headgate_ledger_entries")) > 5);
  assert.ok((await metric("headgate_store_bytes")) > 0);
  assert.equal(await metric("headgate_open"), 1);
  assert.ok((await metric("headgate_lease_seconds")) > 0);
  await until(() => readFileSync(accessLog, "utf8").includes(id));
  const lines = readFileSync(accessLog, "utf8").trimEnd().split("\n");
  const line = z
    .object({ route: z.literal("chat"), status: z.literal(200), outcome: z.literal("served"), key: z.string() })
    .parse(JSON.parse(lines.find((one) => one.includes(id)) ?? ""));
  assert.match(line.key, /^key_/);
  await until(() => received.some(({ path, body }) => path === "/otel/v1/traces" && body.includes(traceId)));
  const { body, authorization } = received.find((one) => one.body.includes(traceId)) ?? { body: "" };
  assert.equal(authorization, "Bearer collector");
  const Sent = z.object({
    resourceSpans: z.array(
      z.object({
        scopeSpans: z.array(
          z.object({ spans: z.array(z.looseObject({ name: z.string(), parentSpanId: z.string(), kind: z.number() })) }),
        ),
      }),
    ),
  });
  const spans = Sent.parse(JSON.parse(body)).resourceSpans.flatMap((one) => one.scopeSpans.flatMap((two) => two.spans));
  assert.deepEqual(
    spans.map(({ name, kind }) => `${name} ${kind}`),
    ["chat mine 2", "safeguards 1", "chat mine 3"],
  );
  assert.equal(spans[0]?.parentSpanId, "00f067aa0ba902b7");
});

test("metrics are for whoever has the token, or a pass, and for nobody else", async () => {
  for (const headers of [{}, { authorization: "Bearer wrong" }, { authorization: `Bearer ${token}x` }]) {
    const refused = await metrics(headers);
    assert.equal(refused.status, 401);
    assert.match(await refused.text(), /session_missing/);
  }
  const taken = await metrics();
  assert.equal(taken.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
});

test("names and codes of a stranger's choosing make no series", async () => {
  for (let at = 0; at < 30; at += 1) {
    await ask({ model: `model-of-mine-${at}`, messages: [] }, { authorization: `Bearer hg_stranger${at}` });
    await ask({ model: `model-of-mine-${at}`, messages: [] });
    await fetch(`${addresses.dataPlane}/v1/nothing-${at}`);
  }
  const text = await (await metrics()).text();
  assert.doesNotMatch(text, /model-of-mine|nothing-|stranger/);
  assert.match(text, /headgate_refusals_total\{code="key_unknown",reason=""\} 30/);
  assert.match(text, /headgate_refusals_total\{code="model_unknown",reason=""\} 30/);
});

test("explain has an answer for a refusal that left no receipt, and for one that did", async () => {
  const Explained = z.object({ kind: z.string(), text: z.string() });
  const stranger = await ask(said("x"), { authorization: "Bearer hg_nobody" });
  const noReceipt = stranger.headers.get("x-request-id") ?? "";
  const first = await must(Explained, "explain", noReceipt, "--profile", ada);
  assert.equal(first.kind, "refusal");
  assert.match(
    first.text,
    /A caller that was not known was refused \(chat\): 401 key_unknown\.\n.*not one that the ledger/,
  );
  const known = await ask(said("x", { model: "other" }));
  const withReceipt = known.headers.get("x-request-id") ?? "";
  await until(async () => (await must(Explained, "explain", withReceipt, "--profile", ada)).kind === "receipt");
  const never = await headgate("explain", `rcpt_${"0".repeat(24)}`, "--profile", ada);
  assert.equal(never.exit, 2, never.told);
});

test("SIGHUP goes on in a new file after a rotation", async () => {
  renameSync(accessLog, `${accessLog}.1`);
  server.kill("SIGHUP");
  await until(async () => {
    await ask(said("after the rotation"));
    try {
      return readFileSync(accessLog, "utf8") !== "";
    } catch {
      return false;
    }
  });
});

test("on SIGTERM new requests are told to go elsewhere, a stream ends by itself or the format's way, and the process ends", async () => {
  mock.set({ delayMs: 150, chunkChars: 4 });
  const stream = await ask(said("a long answer please", { stream: true }));
  assert.equal(stream.status, 200);
  // Leaves a connection that is kept and idle, for the request that comes while it drains.
  await (await ask(said("meanwhile"))).text();
  server.kill("SIGTERM");
  let refused: Response | undefined;
  await until(async () => {
    refused = await ask(said("one more"));
    return refused.status === 503;
  });
  assert.equal(refused?.headers.get("connection"), "close");
  assert.match((await refused?.text()) ?? "", /"code":"gateway_closed","reason":"draining"/);
  const ready = await fetch(`${addresses.dataPlane}/readyz`);
  assert.equal(ready.status, 503);
  assert.match(await ready.text(), /"closure":"draining"/);
  const text = await stream.text();
  assert.match(text, /: x-headgate-receipt hgr1\./);
  assert.match(text, /data: \[DONE\]\n\n$/);
  if (server.exitCode === null && server.signalCode === null) await once(server, "exit");
  assert.equal(server.exitCode, 0);
});

const story = `A long answer about our garden: in spring we planted beans, peas and two rows of potatoes along the old wall. The
beans came up first, then a late frost took half of them, so my sister sowed again in May and covered the bed with straw. By
July there was more than we could eat, and the neighbours got a basket every Sunday. In autumn we dug the potatoes, dried them
on the terrace and put them in the cellar, where they keep until March if nobody forgets to look after them.`;

test("a stream that outlasts the time for draining ends as its format says, with a receipt", async () => {
  await start({ HEADGATE_DRAIN_SECONDS: "1" });
  mock.set({ delayMs: 400, chunkChars: 1 });
  await until(async () => (await fetch(`${addresses.dataPlane}/readyz`)).status === 200);
  const stream = await ask(said(story, { stream: true }));
  server.kill("SIGTERM");
  const text = await stream.text();
  assert.match(text, /"finish_reason":"content_filter"/);
  assert.match(text, /: x-headgate-receipt hgr1\.[^]*data: \[DONE\]\n\n$/);
  if (server.exitCode === null && server.signalCode === null) await once(server, "exit");
  assert.equal(server.exitCode, 0);
});

test("neither words of a prompt nor a key stand in any log, metric or span of all that", () => {
  const logs = [readFileSync(accessLog, "utf8"), readFileSync(`${accessLog}.1`, "utf8"), errors];
  const sent = received.map(({ body }) => body);
  const everything = [...logs, ...sent].join("\n");
  assert.ok(everything.length > 5_000);
  for (const secret of [words, key, key.slice(3), token, "hg_nobody", "after the rotation", "long answer"])
    assert.ok(!everything.includes(secret), secret);
  for (const line of errors.trimEnd().split("\n")) {
    const { level } = z
      .looseObject({ at: z.string(), level: z.enum(["error", "warn", "info"]), event: z.string() })
      .parse(JSON.parse(line));
    assert.notEqual(level, "error", line);
  }
});
