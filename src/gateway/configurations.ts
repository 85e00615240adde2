// What a certificate or permit names by digest, loaded and ready: model document and upstream, safeguards, policy. Every
// artefact is checked against its digest here, by the gateway, and so is what was measured of the model: what differs
// from the certified digests closes with the reason `changed`.
import { z } from "zod";
import type { Digest } from "../terms/ids.ts";
import { configDigest } from "../acts/receipt.ts";
import type { Feed } from "../feed/feed.ts";
import { UsagePolicy } from "../policy/policy-document.ts";
import { parseJson } from "../proof/canonical.ts";
import { digestOf } from "../proof/digest.ts";
import type { Hasher } from "../proof/primitives.ts";
import { type Chain, type Chains, compileChains } from "../safeguards/chain.ts";
import { noChains } from "../safeguards/no-chain.ts";
import type { Registry } from "../safeguards/registry.ts";
import type { RemoteDesk } from "../safeguards/remote/desk.ts";
import { Safeguards } from "../safeguards/safeguards-document.ts";
import { Failure } from "../terms/failure.ts";
import type { JudgedFor } from "../terms/safeguard-mode.ts";
import { FailureKind } from "../terms/trial.ts";
import { ModelDocument } from "../upstream/model-document.ts";
import type { Upstream } from "../upstream/upstream.ts";
import { tokensMax } from "../wire/prompt-size.ts";
import { within } from "./within.ts";

export interface ServedDigests {
  readonly model: Digest;
  readonly safeguards: Digest;
  readonly policy: Digest;
  /** Served without safeguards, as a permit says; their digest then names none. */
  readonly isBare: boolean;
}

/** What decides on a text, without the model it is meant for. */
interface Judging {
  readonly chains: Chains;
  readonly policy: UsagePolicy;
}

export interface Configuration extends Judging {
  /** What judges: the chain of those it is for. */
  readonly chain: Chain;
  /** The same with the chain of somebody else; the same object where the document makes no exceptions. */
  readonly for: (whom: JudgedFor) => Configuration;
  readonly config: Digest;
  readonly document: ModelDocument;
  readonly upstream: Upstream;
  /** Tokens of the document's own prompt, at the most. */
  readonly promptTokens: number;
}

export interface ConfigurationOptions {
  readonly feed: Pick<Feed, "artefact">;
  readonly registry: Registry;
  /** Where safeguards are asked over HTTP; closed with these. */
  readonly remotes?: RemoteDesk | undefined;
  readonly hasher: Hasher;
  readonly openUpstream: (document: ModelDocument) => Promise<Upstream>;
  /** Milliseconds on a clock that nobody sets. */
  readonly monotonic: () => number;
}

export interface Configurations {
  /** Cost: nothing once loaded. Fails with stage_closed (reason changed) or what the upstream failed with. */
  readonly load: (digests: ServedDigests) => Promise<Configuration>;
  /**
   * Begins to load them, and has what decides as soon as that is there: a model on this machine may need a second longer.
   * Fails as `load` does, also while the last thing heard of the model is that it cannot be loaded.
   */
  readonly judging: (digests: ServedDigests) => Promise<Judging>;
  /** What is loaded already, without a wait. */
  readonly ready: (digests: ServedDigests) => Configuration | undefined;
  /** What the measure of a suite counts, by the suite's digest. Cost: nothing once read. Fails as `load`. */
  readonly measured: (suite: Digest) => FailureKind | Promise<FailureKind>;
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

interface Loading {
  readonly digests: ServedDigests;
  readonly judging: Promise<Judging>;
  readonly whole: Promise<Configuration>;
  /** Why it could not be loaded the last time; undefined again once it is. */
  failure: Failure | undefined;
  /** The next one who asks tries again. */
  isOver: boolean;
}

export function openConfigurations(options: ConfigurationOptions): Configurations {
  /** By the three digests, as one text. */
  const loaded = new Map<string, Loading>();
  const models = openModels(options);
  const ready = createReadyList();
  const measured = new Map<Digest, FailureKind>();

  async function readMeasured(suite: Digest): Promise<FailureKind> {
    const failure = await readFailure(suite, options);
    if (measured.size >= configurationsMax) measured.clear();
    measured.set(suite, failure);
    return failure;
  }

  async function read(digests: ServedDigests, judging: Promise<Judging>): Promise<Configuration> {
    const config = configDigest(digests, options.hasher);
    const judge = await judging;
    const model = await models.open(digests.model);
    const promptTokens = tokensMax(model.document.systemPrompt);
    return configured({ config, ...judge, ...model, promptTokens });
  }

  function begin(digests: ServedDigests, failure: Failure | undefined): Loading {
    const judging = readJudging(digests, options);
    const one: Loading = { digests, judging, whole: read(digests, judging), failure, isOver: false };
    one.whole.then(
      (configuration) => {
        one.failure = undefined;
        if (loaded.get(nameOf(digests)) === one) ready.keep({ digests, configuration });
      },
      (error: unknown) => {
        one.failure = failureOf(error);
        setTimeout(() => {
          one.isOver = true;
        }, failureMsKept).unref();
      },
    );
    return one;
  }

  function loading(digests: ServedDigests): Loading {
    models.use(digests.model);
    const name = nameOf(digests);
    const known = loaded.get(name);
    if (known?.isOver === false) return known;
    if (loaded.size >= configurationsMax) {
      loaded.clear();
      ready.drop(() => true);
    }
    const one = begin(digests, known?.failure);
    loaded.set(name, one);
    return one;
  }

  return {
    ready: (digests) => {
      models.use(digests.model);
      return ready.find(digests);
    },
    load: async (digests) => loading(digests).whole,
    judging: async (digests) => {
      const one = loading(digests);
      const judging = await one.judging;
      if (one.failure !== undefined) throw one.failure;
      return judging;
    },
    measured: (suite) => measured.get(suite) ?? readMeasured(suite),
    release: async (kept) => {
      const released = models.takeIdle(kept);
      for (const [name, { digests }] of loaded) if (released.has(digests.model)) loaded.delete(name);
      ready.drop(({ model }) => released.has(model));
      await closeAll([...released.values()]);
    },
    close: models.close,
  };
}

function failureOf(error: unknown): Failure {
  if (error instanceof Failure) return error;
  return new Failure("model_unavailable", "The model could not be loaded.", { cause: error });
}

interface OpenedUpstream {
  readonly opening: Promise<Upstream>;
  usedMs: number;
  /** A configuration was loaded with it. */
  isServing: boolean;
}

interface Model {
  readonly document: ModelDocument;
  readonly upstream: Upstream;
}

/** The upstreams, one for each Model document. */
function openModels(options: ConfigurationOptions) {
  const upstreams = new Map<Digest, OpenedUpstream>();

  function drop(digest: Digest, one: OpenedUpstream): void {
    if (upstreams.get(digest) === one) upstreams.delete(digest);
    void one.opening.then(async (upstream) => upstream.close()).catch(() => undefined);
  }

  return {
    /** Opens it, where it is not open yet. What could not be opened, or is not what was measured, is not kept. */
    open: async (digest: Digest): Promise<Model> => {
      const document = ModelDocument.parse(await readDocument(digest, options));
      const usedMs = options.monotonic();
      const one = upstreams.get(digest) ?? { opening: options.openUpstream(document), usedMs, isServing: false };
      one.usedMs = usedMs;
      upstreams.set(digest, one);
      try {
        const upstream = await one.opening;
        await checkMeasured(document, upstream);
        one.isServing = true;
        return { document, upstream };
      } catch (error) {
        // What another configuration answers with stays: a model that comes up again after a crash is measured then.
        if (!one.isServing) drop(digest, one);
        throw error;
      }
    },
    use: (digest: Digest): void => {
      const upstream = upstreams.get(digest);
      if (upstream !== undefined) upstream.usedMs = options.monotonic();
    },
    /** Forgets those that are not in `kept` and on which no exchange can run any more; who takes them closes them. */
    takeIdle: (kept: ReadonlySet<Digest>): ReadonlyMap<Digest, OpenedUpstream> => {
      const before = options.monotonic() - exchangeMsMax;
      const idle = new Map([...upstreams].filter(([model, { usedMs }]) => !kept.has(model) && usedMs < before));
      for (const model of idle.keys()) upstreams.delete(model);
      return idle;
    },
    close: async (): Promise<void> => {
      await closeAll([...upstreams.values()]);
      await options.remotes?.close();
    },
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

function nameOf({ model, safeguards, policy, isBare }: ServedDigests): string {
  return `${model} ${isBare ? "none" : safeguards} ${policy}`;
}

function isSame(one: ServedDigests, other: ServedDigests): boolean {
  const isAsBare = one.isBare === other.isBare;
  return isAsBare && one.model === other.model && one.safeguards === other.safeguards && one.policy === other.policy;
}

async function readJudging(digests: ServedDigests, options: ConfigurationOptions): Promise<Judging> {
  const [chains, policy] = await Promise.all([readChains(digests, options), readDocument(digests.policy, options)]);
  return { chains, policy: UsagePolicy.parse(policy) };
}

async function readChains({ safeguards, isBare }: ServedDigests, options: ConfigurationOptions): Promise<Chains> {
  if (isBare) return noChains;
  return compile(Safeguards.parse(await readDocument(safeguards, options)), options);
}

const Measured = z.looseObject({ kind: z.literal("Suite"), measure: z.looseObject({ failure: FailureKind }) });

async function readFailure(suite: Digest, options: ConfigurationOptions): Promise<FailureKind> {
  const read = Measured.safeParse(await readDocument(suite, options));
  if (read.success) return read.data.measure.failure;
  throw changed(suite, "What a permit names as its suite is none.");
}

async function readDocument(digest: Digest, options: ConfigurationOptions): Promise<unknown> {
  const bytes = await within(options.feed.artefact(digest), artefactMsMax, "An artefact");
  if (digestOf(bytes, options.hasher) !== digest) throw changed(digest, "An artefact is not what its digest says.");
  return parseJson(bytes, { bytesMax: documentBytesMax, depthMax: 16, code: "artefact_missing" });
}

/** One object for each chain, made when it is first asked for. */
function configured(of: Omit<Configuration, "chain" | "for">): Configuration {
  const known = new Map<Chain, Configuration>();
  const whole = (chain: Chain): Configuration => {
    const before = known.get(chain);
    if (before !== undefined) return before;
    const one: Configuration = {
      ...of,
      chain,
      for: (whom) => (of.chains.isMixed ? whole(of.chains.for(whom)) : one),
    };
    known.set(chain, one);
    return one;
  };
  return whole(of.chains.for({ kind: "caller" }));
}

function compile(document: Safeguards, { registry, remotes }: ConfigurationOptions): Chains {
  try {
    return compileChains(document, { ...registry, remotes });
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
