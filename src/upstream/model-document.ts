// The Model document: a served system as its operators write it down. Its digest pins origin, identity basis, system
// prompt and request envelope, so everything that changes what is served stands in here.
import { z } from "zod";
import { Digest, Name } from "../terms/ids.ts";

const tokensMax = 1_000_000;
const bytesMax = 16 * 1024 * 1024;

/** `env:UPSTREAM_*` or `file:name`; the secret itself is never written in a document. */
const SecretReference = z
  .string()
  .regex(
    /^(env:UPSTREAM_[A-Z0-9_]{1,64}|file:[A-Za-z0-9_-][A-Za-z0-9._-]{0,127})$/,
    "a key is named env:UPSTREAM_… or file:NAME, never written out",
  );

const UpstreamUrl = z
  .url({ protocol: /^https?$/, error: "the address of the upstream starts with http:// or https://" })
  .max(2_048)
  .refine((text) => isPlainUrl(text), "the address has no user name, password, query or fragment");

const server = {
  url: UpstreamUrl,
  model: z.string().min(1).max(256),
  key: SecretReference.optional(),
};

const OpenAiChat = z.strictObject({ dialect: z.literal("openai-chat"), ...server });

const OpenAiResponses = z.strictObject({ dialect: z.literal("openai-responses"), ...server });

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
    upstream: UpstreamSource,
    identity: Identity,
    systemPrompt: z.string().max(65_536).default(""),
    envelope: Envelope.prefault({}),
  })
  .refine(({ upstream, identity }) => identity.basis !== "measured" || upstream.dialect === "embedded", {
    path: ["identity", "basis"],
    error: "only the embedded model can be measured; a server that others run is vendor or declared",
  })
  .refine(({ upstream, envelope }) => upstream.dialect !== "embedded" || !envelope.tools, {
    path: ["envelope", "tools"],
    error: "the embedded model takes no tools",
  })
  .refine(({ upstream, envelope }) => upstream.dialect !== "embedded" || !(envelope.images || envelope.reasoning), {
    path: ["envelope"],
    error: "the embedded model takes no images and does not reason",
  })
  .refine(({ upstream, systemPrompt }) => upstream.dialect !== "openai-embeddings" || systemPrompt === "", {
    path: ["systemPrompt"],
    error: "a model that gives embeddings has no conversation for a system prompt to stand before",
  })
  .readonly();
export type ModelDocument = z.infer<typeof ModelDocument>;

function isPlainUrl(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && url.username === "" && url.password === "" && url.search === "" && url.hash === "";
}
