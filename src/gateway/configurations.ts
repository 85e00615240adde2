// What a certificate or permit names by digest, loaded and ready: model document and upstream, safeguards, policy. Every
// artefact is checked against its digest here, by the gateway, and so is what was measured of the model: what differs
// from the certified digests closes with the reason `changed`.
import type { Digest } from "../terms/ids.ts";
import { configDigest } from "../acts/receipt.ts";
import type { Feed } from "../feed/feed.ts";
import { UsagePolicy } from "../policy/policy-document.ts";
import { parseJson } from "../proof/canonical.ts";
import { digestOf } from "../proof/digest.ts";
import type { Hasher } from "../proof/primitives.ts";
import { type Chain, compileChain } from "../safeguards/chain.ts";
import type { Registry } from "../safeguards/registry.ts";
import { Safeguards } from "../safeguards/safeguards-document.ts";
import { Failure } from "../terms/failure.ts";
import { ModelDocument } from "../upstream/model-document.ts";
import type { Upstream } from "../upstream/upstream.ts";
import { tokensMax } from "../wire/prompt-size.ts";
import { within } from "./within.ts";

export interface ServedDigests {
  readonly model: Digest;
  readonly safeguards: Digest;
  readonly policy: Digest;
}

export interface Configuration {
  readonly config: Digest;
  readonly document: ModelDocument;
  readonly chain: Chain;
  readonly policy: UsagePolicy;
  readonly upstream: Upstream;
  /** Tokens of the document's own prompt, at the most. */
  readonly promptTokens: number;
}

export interface ConfigurationOptions {
  readonly feed: Pick<Feed, "artefact">;
  readonly registry: Registry;
  readonly hasher: Hasher;
  readonly openUpstream: (document: ModelDocument) => Promise<Upstream>;
  /** Milliseconds on a clock that nobody sets. */
  readonly monotonic: () => number;
}

export interface Configurations {
  /** Cost: nothing once loaded. Fails with stage_closed (reason changed) or what the upstream failed with. */
  readonly load: (digests: ServedDigests) => Promise<Configuration>;
  /** What is loaded already, without a wait. */
  readonly ready: (digests: ServedDigests) => Configuration | undefined;
  /** Closes the upstreams of models that are not in `kept` and were not asked for so long that no exchange runs on them. */
  readonly release: (kept: ReadonlySet<Digest>) => Promise<void>;
  readonly close: () => Promise<void>;
}

const documentBytesMax = 1_048_576;

/** An artefact that the feed does not deliver in this time, in milliseconds, is asked for again by the next request. */
const artefactMsMax = 10_000;

/** A configuration that could not be loaded is tried again after this long, in milliseconds. */
const failureMsKept = 1000;

/** Configurations kept ready; a gateway serves a handful of models in two slots each. */
const configurationsMax = 64;

/** No exchange lasts longer, in milliseconds: the greatest `timeouts.totalMs` of a Model document. */
const exchangeMsMax = 3_600_000;

interface OpenedUpstream {
  readonly opening: Promise<Upstream>;
  usedMs: number;
}

export function openConfigurations(options: ConfigurationOptions): Configurations {
  /** By the three digests, as one text. */
  const loaded = new Map<string, Promise<Configuration>>();
  const upstreams = new Map<Digest, OpenedUpstream>();

  const ready = createReadyList();

  async function openModel(digest: Digest): Promise<{ document: ModelDocument; upstream: Upstream }> {
    const document = ModelDocument.parse(await readDocument(digest, options));
    const opening = upstreams.get(digest)?.opening ?? options.openUpstream(document);
    upstreams.set(digest, { opening, usedMs: options.monotonic() });
    try {
      const upstream = await opening;
      await checkMeasured(document, upstream);
      return { document, upstream };
    } catch (error) {
      upstreams.delete(digest);
      void opening.then(async (upstream) => upstream.close()).catch(() => undefined);
      throw error;
    }
  }

  async function read(digests: ServedDigests, config: Digest): Promise<Configuration> {
    const [safeguards, policy] = await Promise.all([
      readDocument(digests.safeguards, options),
      readDocument(digests.policy, options),
    ]);
    const chain = compile(Safeguards.parse(safeguards), options.registry);
    const model = await openModel(digests.model);
    const promptTokens = tokensMax(model.document.systemPrompt);
    return { config, chain, policy: UsagePolicy.parse(policy), ...model, promptTokens };
  }

  return {
    ready: (digests) => {
      const upstream = upstreams.get(digests.model);
      if (upstream !== undefined) upstream.usedMs = options.monotonic();
      return ready.find(digests);
    },
    load: async (digests) => {
      const name = nameOf(digests);
      const known = loaded.get(name);
      const upstream = upstreams.get(digests.model);
      if (upstream !== undefined) upstream.usedMs = options.monotonic();
      if (known !== undefined) return known;
      if (loaded.size >= configurationsMax) {
        loaded.clear();
        ready.drop(() => true);
      }
      const reading = read(digests, configDigest(digests, options.hasher));
      loaded.set(name, reading);
      void reading.then(
        (configuration) => {
          if (loaded.get(name) === reading) ready.keep({ digests, configuration });
        },
        () => undefined,
      );
      reading.catch(() => {
        setTimeout(() => loaded.delete(name), failureMsKept).unref();
      });
      return reading;
    },
    release: async (kept) => {
      const before = options.monotonic() - exchangeMsMax;
      const idle = [...upstreams].filter(([model, { usedMs }]) => !kept.has(model) && usedMs < before);
      for (const [model] of idle) {
        upstreams.delete(model);
        for (const name of loaded.keys()) if (name.startsWith(`${model} `)) loaded.delete(name);
        ready.drop((digests) => digests.model === model);
      }
      await closeAll(idle.map(([, one]) => one));
    },
    close: async () => closeAll([...upstreams.values()]),
  };
}

async function closeAll(upstreams: readonly OpenedUpstream[]): Promise<void> {
  const opened = await Promise.allSettled(upstreams.map(async ({ opening }) => opening));
  await Promise.all(opened.map(async (one) => (one.status === "fulfilled" ? one.value.close() : undefined)));
}

interface Ready {
  readonly digests: ServedDigests;
  readonly configuration: Configuration;
}

/** Those that are there, few and asked for by every request: compared, and not looked up by a name made for it. */
function createReadyList() {
  let list: readonly Ready[] = [];
  return {
    find: (digests: ServedDigests): Configuration | undefined =>
      list.find((one) => isSame(one.digests, digests))?.configuration,
    keep: (one: Ready): void => {
      list = [...list, one];
    },
    drop: (which: (digests: ServedDigests) => boolean): void => {
      list = list.filter(({ digests }) => !which(digests));
    },
  };
}

function nameOf({ model, safeguards, policy }: ServedDigests): string {
  return `${model} ${safeguards} ${policy}`;
}

function isSame(one: ServedDigests, other: ServedDigests): boolean {
  return one.model === other.model && one.safeguards === other.safeguards && one.policy === other.policy;
}

async function readDocument(digest: Digest, options: ConfigurationOptions): Promise<unknown> {
  const bytes = await within(options.feed.artefact(digest), artefactMsMax, "An artefact");
  if (digestOf(bytes, options.hasher) !== digest) throw changed(digest, "An artefact is not what its digest says.");
  return parseJson(bytes, { bytesMax: documentBytesMax, depthMax: 16, code: "artefact_missing" });
}

function compile(document: Safeguards, registry: Registry): Chain {
  try {
    return compileChain(document, registry);
  } catch (cause) {
    const pinned = cause instanceof Failure ? cause.detail["pinned"] : undefined;
    throw changed(
      typeof pinned === "string" ? pinned : document.name,
      "The safeguards here are not the certified ones.",
      cause,
    );
  }
}

async function checkMeasured(document: ModelDocument, upstream: Upstream): Promise<void> {
  if (document.identity.basis !== "measured") return;
  const { weights } = await upstream.measure();
  if (weights === document.identity.weights) return;
  throw changed(document.identity.weights, "The weights loaded are not the certified ones.");
}

function changed(digest: string, message: string, cause?: unknown): Failure {
  return new Failure("stage_closed", message, { cause, detail: { reason: "changed", digest } });
}
