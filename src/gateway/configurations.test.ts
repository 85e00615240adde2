// When upstreams are opened, and when those of replaced models are closed again.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { parse } from "yaml";
import { canonicalBytes } from "../proof/canonical.ts";
import { digestOf } from "../proof/digest.ts";
import { nodePrimitives } from "../proof/node.ts";
import { shippedSafeguards } from "../safeguards/registry.ts";
import { Failure } from "../terms/failure.ts";
import type { Digest } from "../terms/ids.ts";
import type { Upstream } from "../upstream/upstream.ts";
import { type Configurations, openConfigurations, type ServedDigests } from "./configurations.ts";

const hourMs = 3_600_000;
const artefacts = new Map<Digest, Uint8Array>();

function put(document: unknown): Digest {
  const bytes = canonicalBytes(document);
  const digest = digestOf(bytes, nodePrimitives);
  artefacts.set(digest, bytes);
  return digest;
}

function example(name: string): unknown {
  return parse(readFileSync(new URL(`../../examples/first-release/${name}.yaml`, import.meta.url), "utf8"));
}

function digestsOf(port: number): ServedDigests {
  const upstream = { dialect: "openai-chat", url: `http://127.0.0.1:${port}/v1`, model: "any" };
  const identity = { basis: "declared", weights: `sha256:${"0".repeat(64)}` };
  const model = put({ kind: "Model", name: "small", upstream, identity, systemPrompt: "", envelope: {} });
  return { model, safeguards: put(example("safeguards")), policy: put(example("usage-policy")), isBare: false };
}

interface Stage {
  readonly configurations: Configurations;
  /** Every opening and closing, in order. */
  readonly seen: readonly string[];
  readonly pass: (ms: number) => void;
}

const never = async (): Promise<never> => new Promise<never>(() => undefined);

/** `loaded` is waited for before a model is there. */
function stage(
  loaded: () => Promise<void> = async () => undefined,
  measure: Upstream["measure"] = async () => ({}),
): Stage {
  const seen: string[] = [];
  let nowMs = 0;
  const configurations = openConfigurations({
    feed: { artefact: async (digest) => artefacts.get(digest) ?? new Uint8Array() },
    registry: shippedSafeguards(),
    hasher: nodePrimitives,
    monotonic: () => nowMs,
    openUpstream: async ({ upstream }): Promise<Upstream> => {
      const name = upstream !== undefined && "url" in upstream ? new URL(upstream.url).port : "?";
      seen.push(`open ${name}`);
      await loaded();
      return {
        lacks: () => undefined,
        complete: never,
        stream: () => ({ take: () => undefined, wait: never, close: () => undefined }),
        measure,
        health: async () => ({ kind: "up" }),
        close: async () => void seen.push(`close ${name}`),
      };
    },
  });
  const pass = (ms: number): void => {
    nowMs += ms;
  };
  return { configurations, seen, pass };
}

test("the upstream of a replaced model is closed once no exchange can run on it, and not before", async () => {
  const { configurations, seen, pass } = stage();
  const [old, current] = [digestsOf(9001), digestsOf(9002)];
  await configurations.load(old);
  await configurations.load(current);
  const kept = new Set([current.model]);
  pass(hourMs);
  await configurations.load(old);
  pass(hourMs);
  await configurations.release(kept);
  assert.deepEqual(seen, ["open 9001", "open 9002"]);
  pass(1);
  await configurations.release(kept);
  assert.deepEqual(seen, ["open 9001", "open 9002", "close 9001"]);
  await configurations.close();
  assert.deepEqual(seen.slice(3), ["close 9002"]);
});

test("a model that is asked for again after that is opened anew, and one that is certified stays however idle", async () => {
  const { configurations, seen, pass } = stage();
  const [old, current] = [digestsOf(9001), digestsOf(9002)];
  await configurations.load(old);
  await configurations.load(current);
  pass(10 * hourMs);
  await configurations.release(new Set([current.model]));
  const again = await configurations.load(old);
  assert.equal(again.document.name, "small");
  await configurations.load(current);
  assert.deepEqual(seen, ["open 9001", "open 9002", "close 9001", "open 9001"]);
  await configurations.close();
});

test("a model that is down while another configuration of it is loaded stays open for the one that it serves", async () => {
  const weights: Digest = put({ weights: true });
  let isDown = false;
  const { configurations, seen } = stage(undefined, async () => {
    if (isDown) throw new Failure("model_unavailable", "It is being started again.");
    return { weights };
  });
  const upstream = { dialect: "embedded", file: "model.gguf", runtime: "node-llama-cpp@3.22.1" };
  const measured = put({
    kind: "Model",
    name: "small",
    upstream,
    identity: { basis: "measured", weights },
    envelope: {},
  });
  const serving = { ...digestsOf(9001), model: measured };
  await configurations.load(serving);

  isDown = true;
  const other = { ...serving, policy: put({ kind: "UsagePolicy", name: "other", categories: [] }) };
  await assert.rejects(configurations.load(other), { code: "model_unavailable" });
  assert.deepEqual(seen, ["open ?"]);
  assert.equal(configurations.ready(serving)?.document.name, "small");

  await configurations.close();
  assert.deepEqual(seen, ["open ?", "close ?"]);
});

interface Load {
  readonly begun: PromiseWithResolvers<void>;
  readonly settled: PromiseWithResolvers<void>;
}

function loadOf(): Load {
  return { begun: Promise.withResolvers(), settled: Promise.withResolvers() };
}

test("what decides is there while the model is still loading, and not while it is known not to load", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const [first, second] = [loadOf(), loadOf()];
  const loads = [first, second];
  const { configurations } = stage(async () => {
    const load = loads.shift();
    load?.begun.resolve();
    await load?.settled.promise;
  });
  const digests = digestsOf(9001);
  const lost = new Failure("model_unavailable", "It cannot be loaded.");

  const { chains } = await configurations.judging(digests);
  assert.equal(configurations.ready(digests), undefined);

  await first.begun.promise;
  first.settled.reject(lost);
  await assert.rejects(configurations.load(digests), lost);
  await assert.rejects(configurations.judging(digests), lost);
  t.mock.timers.tick(1_000);
  await assert.rejects(configurations.judging(digests), lost, "tried again, and nothing better is known yet");

  await second.begun.promise;
  second.settled.resolve();
  const configuration = await configurations.load(digests);
  assert.equal((await configurations.judging(digests)).chains, configuration.chains);
  assert.notEqual(configuration.chains, chains, "read anew");
  await configurations.close();
});
