// The Model document: a served system as its operators write it down. Its digest pins origin, identity basis, system
// prompt and request envelope, so everything that changes what is served stands in here.
import { z } from "zod";
import { SecretReference, serverUrl } from "../outbound/server-fields.ts";
import { Digest, Name } from "../terms/ids.ts";

const tokensMax = 1_000_000;
const bytesMax = 16 * 1024 * 1024;

const server = {
  url: serverUrl("the upstream"),
  model: z.string().min(1).max(256),
  key: SecretReference.optional(),
};

/** Sends a salt of the caller's organisation with every call, as vLLM takes it: no prompt cache across organisations. */
const salted = { cacheSalt: z.boolean().optional() };

const OpenAiChat = z.strictObject({ dialect: z.literal("openai-chat"), ...server, ...salted });

const OpenAiResponses = z.strictObject({ dialect: z.literal("openai-responses"), ...server, ...salted });

const AnthropicMessages = z.strictObject({
  dialect: z.literal("anthropic-messages"),
  ...server,
  /** The `anthropic-version` that is asked for. */
  version: z
    .string()
    .regex(/^\d{4}-\d{2}-\d{2}$/, "a version is a date, such as 2023-06-01")
    .optional(),
});

const OpenAiEmbeddings = z.strictObject({ dialect: z.literal("openai-embeddings"), ...server });

const Embedded = z.strictObject({
  dialect: z.literal("embedded"),
  /** The name of a model that Headgate knows how to fetch, or the path of a GGUF file. */
  file: z.string().min(1).max(1_024),
  runtime: z.enum(["node-llama-cpp@3.22.1"]),
  contextTokens: z.number().int().min(256).max(131_072).default(2_048),
  /** How many requests the model works on at once; further ones wait. */
  parallel: z.number().int().min(1).max(16).default(4),
});

const UpstreamSource = z.discriminatedUnion("dialect", [
  OpenAiChat,
  OpenAiResponses,
  AnthropicMessages,
  OpenAiEmbeddings,
  Embedded,
]);

/** A server of a pool. The embedded model runs once, beside the gateway, so it is in none. */
const PoolMember = z.discriminatedUnion("dialect", [OpenAiChat, OpenAiResponses, AnthropicMessages, OpenAiEmbeddings]);

const membersMax = 16;

/** Milliseconds; what is not said here is as the program has it. */
const Timeouts = z.strictObject({
  connectMs: z.number().int().min(50).max(60_000).optional(),
  /** Until the head of a stream's answer. */
  headersMs: z.number().int().min(50).max(600_000).optional(),
  /** From the head until the first event that carries something. */
  firstTokenMs: z.number().int().min(50).max(600_000).optional(),
  /** Between two pieces of a stream. */
  idleMs: z.number().int().min(50).max(600_000).optional(),
  /** Of a whole answer or stream, all attempts together. */
  totalMs: z.number().int().min(50).max(3_600_000).optional(),
});

const fallbacksMax = 3;

/** Where the claim comes from that the weights are what the document says; shown wherever the digest is. */
const Identity = z.discriminatedUnion("basis", [
  z.strictObject({ basis: z.literal("measured"), weights: Digest }),
  z.strictObject({
    basis: z.literal("vendor"),
    vendor: z.string().min(1).max(128),
    version: z.string().min(1).max(128),
  }),
  z.strictObject({
    basis: z.literal("declared"),
    weights: Digest.optional(),
    vendor: z.string().min(1).max(128).optional(),
    version: z.string().min(1).max(128).optional(),
  }),
]);

/** A closed range inside `least`..`most`, lower bound first. */
function range(least: number, most: number): z.ZodType<readonly [number, number], readonly [number, number]> {
  const bound = z.number().min(least).max(most);
  return z
    .tuple([bound, bound])
    .readonly()
    .refine(([low, high]) => low <= high, "a range is written [lowest, highest]");
}

const Envelope = z.strictObject({
  temperature: range(0, 2).default([0, 2]),
  topP: range(0, 1).default([0, 1]),
  penalty: range(-2, 2).default([-2, 2]),
  outputTokensMax: z.number().int().min(1).max(tokensMax).default(4_096),
  requestBytesMax: z.number().int().min(1_024).max(bytesMax).default(262_144),
  messagesMax: z.number().int().min(1).max(4_096).default(512),
  choicesMax: z.number().int().min(1).max(4).default(1),
  tools: z.boolean().default(false),
  /** Pictures within requests. No safeguard reads them: what they say goes round the input safeguards. */
  images: z.boolean().default(false),
  /** Whether callers may ask for reasoning and send it back; its text is guarded, its signatures are the maker's. */
  reasoning: z.boolean().default(false),
  /** Whether callers may send system messages of their own, after the document's. */
  systemMessages: z.boolean().default(true),
});

export const ModelDocument = z
  .strictObject({
    kind: z.literal("Model"),
    name: Name,
    upstream: UpstreamSource.optional(),
    /** Several servers of the same model, in place of `upstream`. */
    upstreams: z.array(PoolMember).min(2).max(membersMax).readonly().optional(),
    timeouts: Timeouts.optional(),
    /** Models that answer in its place while no server of it does, to who may call them. */
    fallback: z.array(Name).min(1).max(fallbacksMax).readonly().optional(),
    identity: Identity,
    systemPrompt: z.string().max(65_536).default(""),
    envelope: Envelope.prefault({}),
  })
  .refine(({ upstream, upstreams }) => (upstream === undefined) !== (upstreams === undefined), {
    path: ["upstream"],
    error: "a model has either `upstream`, its one server, or `upstreams`, a list of several",
  })
  .refine(({ upstreams = [] }) => isOfOneKind(upstreams), {
    path: ["upstreams"],
    error: "servers of embeddings and servers of answers are not one model",
  })
  .refine(({ upstreams = [] }) => new Set(upstreams.map((one) => JSON.stringify(one))).size === upstreams.length, {
    path: ["upstreams"],
    error: "each server stands there once",
  })
  .refine(({ name, fallback = [] }) => new Set([name, ...fallback]).size === fallback.length + 1, {
    path: ["fallback"],
    error: "fallbacks are other models, each once",
  })
  .refine((document) => document.fallback === undefined || !isForEmbeddings(document), {
    path: ["fallback"],
    error:
      "vectors of another model cannot be compared with this one's, so a model that gives embeddings has no fallback",
  })
  .refine(({ upstream, identity }) => identity.basis !== "measured" || upstream?.dialect === "embedded", {
    path: ["identity", "basis"],
    error: "only the embedded model can be measured; a server that others run is vendor or declared",
  })
  .refine(({ upstream, envelope }) => upstream?.dialect !== "embedded" || !envelope.tools, {
    path: ["envelope", "tools"],
    error: "the embedded model takes no tools",
  })
  .refine(({ upstream, envelope }) => upstream?.dialect !== "embedded" || !(envelope.images || envelope.reasoning), {
    path: ["envelope"],
    error: "the embedded model takes no images and does not reason",
  })
  .refine((document) => !isForEmbeddings(document) || document.systemPrompt === "", {
    path: ["systemPrompt"],
    error: "a model that gives embeddings has no conversation for a system prompt to stand before",
  })
  .readonly();
export type ModelDocument = z.infer<typeof ModelDocument>;
export type UpstreamSource = z.infer<typeof UpstreamSource>;

interface Sources {
  readonly upstream?: UpstreamSource | undefined;
  readonly upstreams?: readonly UpstreamSource[] | undefined;
}

/** The servers of a model, in the order in which receipts count them. */
export function sourcesOf({ upstream, upstreams }: Sources): readonly UpstreamSource[] {
  return upstream === undefined ? (upstreams ?? []) : [upstream];
}

/** Whether it gives vectors and not answers. */
export function isForEmbeddings(document: Sources): boolean {
  return sourcesOf(document)[0]?.dialect === "openai-embeddings";
}

function isOfOneKind(sources: readonly UpstreamSource[]): boolean {
  const [first, ...others] = sources.map(({ dialect }) => dialect === "openai-embeddings");
  return others.every((one) => one === first);
}
