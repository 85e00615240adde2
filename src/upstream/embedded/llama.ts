// The few parts of node-llama-cpp that the embedded model uses. It is not a dependency of this package (85 MB, native):
// it is installed into the cache on first use, so it is imported by path and its shape is stated, and checked, here.
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Failure } from "../../terms/failure.ts";
import { Digest } from "../../terms/ids.ts";

type HistoryItem =
  | { readonly type: "system" | "user"; readonly text: string }
  | { readonly type: "model"; readonly response: readonly string[] };

interface Sequence {
  readonly clearHistory: () => Promise<void>;
}

interface Tokenizer {
  readonly __tokenizer?: never;
}

interface ChatWrapper {
  readonly generateContextState: (options: { readonly chatHistory: readonly HistoryItem[] }) => {
    readonly contextText: { readonly tokenize: (tokenizer: Tokenizer) => readonly number[] };
  };
}

interface GenerateOptions {
  readonly maxTokens: number;
  readonly temperature: number;
  readonly topP: number;
  readonly seed?: number;
  readonly repeatPenalty: false;
  readonly customStopTriggers?: readonly string[];
  readonly signal: AbortSignal;
  readonly stopOnAbortSignal: true;
  readonly onTextChunk: (text: string) => void;
  readonly onToken: (tokens: readonly number[]) => void;
}

interface Chat {
  readonly generateResponse: (
    history: readonly HistoryItem[],
    options: GenerateOptions,
  ) => Promise<{ readonly response: string; readonly metadata: { readonly stopReason: string } }>;
  readonly dispose: (options: { readonly disposeSequence: boolean }) => void;
}

interface Context {
  readonly getSequence: () => Sequence;
  readonly contextSize: number;
}

interface BatchItem {
  readonly tokens: readonly number[];
}

interface Batching {
  readonly itemPrioritizationStrategy: (waiting: {
    readonly items: readonly BatchItem[];
    readonly size: number;
  }) => readonly { readonly item: BatchItem; readonly processAmount: number }[];
}

interface Model {
  readonly tokenizer: Tokenizer;
  readonly createContext: (options: {
    readonly sequences: number;
    readonly contextSize: number;
    readonly threads: number;
    readonly batching: Batching;
  }) => Promise<Context>;
}

interface Llama {
  readonly loadModel: (options: {
    readonly modelPath: string;
    readonly useMmap: boolean;
    readonly gpuLayers: number;
  }) => Promise<Model>;
}

interface LlamaModule {
  readonly getLlama: (options: {
    readonly gpu: false;
    readonly build: "never";
    readonly logLevel: "error";
    readonly maxThreads: number;
  }) => Promise<Llama>;
  readonly resolveChatWrapper: (model: Model) => ChatWrapper;
  readonly LlamaChat: new (options: {
    readonly contextSequence: Sequence;
    readonly chatWrapper: ChatWrapper;
    readonly autoDisposeSequence: boolean;
  }) => Chat;
}

interface Turn {
  readonly role: "system" | "user" | "assistant";
  readonly content: string;
}

export interface Generation {
  readonly turns: readonly Turn[];
  readonly tokensMax: number;
  readonly temperature: number;
  readonly topP: number;
  readonly seed: number | undefined;
  readonly stop: readonly string[];
}

export interface Generated {
  readonly text: string;
  readonly finish: "stop" | "length";
  readonly promptTokens: number;
  readonly completionTokens: number;
}

export interface LoadedModel {
  /** SHA-256 of the file that was loaded. */
  readonly weights: Digest;
  readonly contextTokens: number;
  /** How many tokens the turns take, the model's own markup included. */
  readonly promptTokens: (turns: readonly Turn[]) => number;
  /** Generates in the given place (0 to parallel − 1), which must be free. */
  readonly generate: (place: number, generation: Generation, hooks: GenerationHooks) => Promise<Generated>;
}

interface GenerationHooks {
  readonly signal: AbortSignal;
  readonly onText: (text: string) => void;
}

export interface LoadOptions {
  readonly runtimeFolder: string;
  readonly file: string;
  readonly contextTokens: number;
  readonly parallel: number;
  readonly threads: number;
}

/** Hashes and loads the file. Throws `model_unavailable` when it changes between the two, or cannot be loaded. */
export async function loadModel(options: LoadOptions): Promise<LoadedModel> {
  const llamaModule = await importRuntime(options.runtimeFolder);
  const before = await fingerprint(options.file);
  const weights = await digestOfFile(options.file);
  const llama = await llamaModule.getLlama({
    gpu: false,
    build: "never",
    logLevel: "error",
    maxThreads: options.threads,
  });
  // Read into memory, not mapped: a mapped file that is overwritten later would change the model that was measured.
  const model = await llama.loadModel({ modelPath: options.file, useMmap: false, gpuLayers: 0 });
  if ((await fingerprint(options.file)) !== before) {
    throw new Failure(
      "model_unavailable",
      "The model's file changed while it was being loaded. Start again when it is still.",
    );
  }
  const context = await model.createContext({
    sequences: options.parallel,
    contextSize: options.contextTokens,
    threads: options.threads,
    batching: oneByOne,
  });
  const wrapper = llamaModule.resolveChatWrapper(model);
  const places = Array.from({ length: options.parallel }, () => context.getSequence());
  const promptTokens = (turns: readonly Turn[]): number =>
    wrapper.generateContextState({ chatHistory: historyOf(turns) }).contextText.tokenize(model.tokenizer).length;

  async function generate(place: number, generation: Generation, hooks: GenerationHooks): Promise<Generated> {
    const contextSequence = places[place];
    if (contextSequence === undefined) throw new RangeError("no such place");
    const chat = new llamaModule.LlamaChat({ contextSequence, chatWrapper: wrapper, autoDisposeSequence: false });
    let completionTokens = 0;
    try {
      const { response, metadata } = await chat.generateResponse(historyOf(generation.turns), {
        maxTokens: generation.tokensMax,
        temperature: generation.temperature,
        topP: generation.topP,
        ...(generation.seed === undefined ? {} : { seed: generation.seed }),
        ...(generation.stop.length === 0 ? {} : { customStopTriggers: generation.stop }),
        repeatPenalty: false,
        signal: hooks.signal,
        stopOnAbortSignal: true,
        onTextChunk: hooks.onText,
        onToken: (tokens) => {
          completionTokens += tokens.length;
        },
      });
      const finish = metadata.stopReason === "maxTokens" || metadata.stopReason === "abort" ? "length" : "stop";
      return { text: response, finish, promptTokens: promptTokens(generation.turns), completionTokens };
    } finally {
      chat.dispose({ disposeSequence: false });
      // Nothing of one caller's conversation is left for the next one's: neither text nor timing.
      await contextSequence.clearHistory();
    }
  }

  return { weights, contextTokens: options.contextTokens, promptTokens, generate };
}

/**
 * Requests take turns, token by token, and never share a batch: what sums come to depends on how many are in it, so that at
 * temperature 0 an answer would depend on what others ask. On a CPU a shared batch saves nothing with weights of four bits.
 */
export const oneByOne: Batching = {
  itemPrioritizationStrategy: ({ items, size }) =>
    items.slice(0, 1).map((item) => ({ item, processAmount: Math.min(size, item.tokens.length) })),
};

/** SHA-256 of a file, read as a stream. */
export async function digestOfFile(path: string): Promise<Digest> {
  const hash = createHash("sha256");
  for await (const piece of createReadStream(path, { highWaterMark: 1024 * 1024 })) hash.update(Buffer.from(piece));
  return Digest.parse(`sha256:${hash.digest("hex")}`);
}

async function fingerprint(path: string): Promise<string> {
  const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
  return [dev, ino, size, mtimeNs, ctimeNs].join(" ");
}

/** Turns as node-llama-cpp's history; text stays text there, so markup written by a caller is not read as markup. */
function historyOf(turns: readonly Turn[]): readonly HistoryItem[] {
  const items = turns.map(({ role, content }): HistoryItem =>
    role === "assistant" ? { type: "model", response: [content] } : { type: role, text: content },
  );
  return [...items, { type: "model", response: [] }];
}

async function importRuntime(folder: string): Promise<LlamaModule> {
  const path = join(folder, "node_modules", "node-llama-cpp", "dist", "index.js");
  const loaded: unknown = await import(pathToFileURL(path).href);
  if (!isLlamaModule(loaded))
    throw new Failure("model_unavailable", "The installed node-llama-cpp is not the version we know.");
  return loaded;
}

function isLlamaModule(value: unknown): value is LlamaModule {
  return (
    typeof value === "object" &&
    value !== null &&
    ["getLlama", "resolveChatWrapper", "LlamaChat"].every((name) => typeof Reflect.get(value, name) === "function")
  );
}
