// The real model in its own process. The first run fetches it and its runtime into the cache; later runs take seconds.
import assert from "node:assert/strict";
import { copyFile, mkdtemp, open, rm } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Failure, failureCode } from "../../terms/failure.ts";
import type { WholeAnswer } from "../../wire/answer.ts";
import type { Call } from "../../wire/call.ts";
import { chatFormat } from "../../wire/chat/chat.ts";
import { type Upstream, eachEvent, nextEvents, upstreamBounds } from "../upstream.ts";
import { embeddedDefaults, type EmbeddedEvent, openEmbedded } from "./embedded.ts";
import { fetchModel } from "./fetch.ts";
import { ensureRuntime } from "./runtime.ts";

const cacheFolder = process.env["HEADGATE_CACHE"] ?? join(homedir(), ".cache", "headgate");
const weights = "sha256:b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53";
const never = new AbortController().signal;
let runtimeFolder = "";
let file = "";
let model: Upstream;
let events: EmbeddedEvent[] = [];
let scratch = "";

function onEvent(event: EmbeddedEvent): void {
  events.push(event);
}

function openModel(path: string, processes = 1): Promise<Upstream> {
  return openEmbedded({
    ...embeddedDefaults,
    bounds: upstreamBounds,
    file: path,
    runtimeFolder,
    onEvent,
    parallel: 2,
    processes,
    restartMsMin: 50,
  });
}

before(async () => {
  scratch = await mkdtemp(join(tmpdir(), "headgate-embedded-"));
  [runtimeFolder, { path: file }] = await Promise.all([
    ensureRuntime({ cacheFolder }),
    fetchModel("smollm2-135m-instruct", { cacheFolder, modelFile: process.env["HEADGATE_MODEL_FILE"] }),
  ]);
  model = await openModel(file);
});
after(async () => {
  await model.close();
  await rm(scratch, { recursive: true });
});

function ask(content: string, more: object = {}): Call {
  const messages = [{ role: "user", content }];
  return chatFormat.parseCall({ model: "small", messages, max_tokens: 24, temperature: 0, ...more });
}

function textOf({ choices }: WholeAnswer): string {
  return (choices[0]?.blocks ?? []).map((block) => ("text" in block ? block.text : "")).join("");
}
const france = ask("What is the capital of France?");

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => setTimeout(resolve, 20));
}

test("the model answers, whole and streamed, with the same text at temperature 0", async () => {
  const answer = await model.complete(france, never);
  assert.match(textOf(answer), /Paris/);
  assert.equal(answer.choices[0]?.ending.finish, "stop");
  assert.ok((answer.usage?.input ?? 0) > 10);
  let text = "";
  let finish: string | undefined;
  for await (const event of eachEvent(model.stream(france, never))) {
    if (event.kind === "text") text += event.text;
    if (event.kind === "finish") finish = event.ending.finish;
  }
  assert.equal(text, textOf(answer));
  assert.equal(finish, "stop");
});

test("the digest is of the file that was loaded", async () => {
  assert.deepEqual(await model.measure(), { weights });
  assert.deepEqual(await model.health(), { kind: "up" });
});

test("more requests than places are all answered, and each with its own answer", async () => {
  const countries = ["France", "Italy", "Japan", "Germany", "Poland"];
  const answers = await Promise.all(
    countries.map((country) => model.complete(ask(`What is the capital of ${country}?`), never)),
  );
  for (const [index, country] of countries.entries()) {
    const answer = answers[index];
    assert.match(answer === undefined ? "" : textOf(answer), new RegExp(country));
  }
});

test("the limit on tokens, stop texts and the seed are obeyed", async () => {
  const story = ask("Write a long story about a dragon.", { max_tokens: 5 });
  const short = await model.complete(story, never);
  assert.equal(short.choices[0]?.ending.finish, "length");
  assert.equal(short.usage?.output, 5);
  const stopped = await model.complete({ ...france, stop: ["Paris"] }, never);
  assert.doesNotMatch(textOf(stopped), /Paris/);
  const seeded = ask("Name a random animal.", { temperature: 1, seed: 7 });
  const [one, two] = [await model.complete(seeded, never), await model.complete(seeded, never)];
  assert.equal(textOf(one), textOf(two));
});

test("a conversation longer than the context is refused instead of shortened", async () => {
  const long = ask("word ".repeat(3_000));
  await assert.rejects(model.complete(long, never), (error) => failureCode(error) === "request_invalid");
});

test("giving up frees the place at once", async () => {
  const endless = ask("Count from one to one thousand in words.", { max_tokens: 1_500 });
  for (let round = 0; round < 4; round += 1) {
    const controller = new AbortController();
    const stream = model.stream(endless, controller.signal);
    await nextEvents(stream);
    await nextEvents(stream);
    controller.abort();
    await assert.rejects(async () => {
      while ((await nextEvents(stream)) !== undefined);
    });
  }
  assert.match(textOf(await model.complete(france, never)), /Paris/);
});

test("a killed process fails what is under way, is started again and serves the same file", async () => {
  const ready = events.findLast((event) => event.kind === "ready");
  assert.ok(ready);
  const stream = model.stream(ask("Write a long story.", { max_tokens: 1_000 }), never);
  await nextEvents(stream);
  const seen = events.length;
  process.kill(ready.pid, "SIGKILL");
  await assert.rejects(
    async () => {
      while ((await nextEvents(stream)) !== undefined);
    },
    (error) => error instanceof Failure && error.detail["why"] === "cut",
  );
  await until(() => events.slice(seen).some((event) => event.kind === "ready"));
  assert.match(textOf(await model.complete(france, never)), /Paris/);
});

test("while one of two processes is away the other answers, and both are back then", async () => {
  events = [];
  const pair = await openModel(file, 2);
  const readyIds = (): readonly number[] => events.flatMap((event) => (event.kind === "ready" ? [event.pid] : []));
  await until(() => readyIds().length === 2);
  const both = [france, france].map((call) => pair.complete(call, never));
  for (const answer of await Promise.all(both)) assert.match(textOf(answer), /Paris/);
  process.kill(readyIds()[0] ?? 0, "SIGKILL");
  await until(() => events.some((event) => event.kind === "ended"));
  assert.deepEqual(await pair.health(), { kind: "up" });
  assert.match(textOf(await pair.complete(france, never)), /Paris/);
  await until(() => readyIds().length === 3);
  await pair.close();
});

test("a file that changed since the first start is not served after a restart", async () => {
  const copy = join(scratch, "copy.gguf");
  await copyFile(file, copy);
  events = [];
  const changing = await openModel(copy);
  const [ready] = events;
  assert.ok(ready?.kind === "ready");
  const handle = await open(copy, "r+");
  // One bit deep in the weights: the file still loads and would answer, only it is another model.
  await handle.write(Buffer.from([0x5a]), 0, 1, 90_000_000);
  await handle.close();
  process.kill(ready.pid, "SIGKILL");
  await until(() => events.some((event) => event.kind === "ended"));
  let health = await changing.health();
  while (health.kind !== "down" || !health.message.includes("not the one")) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    health = await changing.health();
  }
  await assert.rejects(changing.complete(france, never), (error) => failureCode(error) === "model_unavailable");
  await changing.close();
});

test("a file that is no model, or is not there, fails the start with a reason", async () => {
  for (const path of [import.meta.filename, join(scratch, "absent.gguf")]) {
    await assert.rejects(openModel(path), (error) => failureCode(error) === "model_unavailable");
  }
});
