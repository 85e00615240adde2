// Servers that judge texts, for tests: a service of the contract, a chat or messages server with a judging model, a classifier
// in the form of Llama Guard, a moderation endpoint. Over plain node:http, and importing nothing of src, so that a misreading
// of a format is not on both sides. It finds what its rules say in the texts that it was shown, and misbehaves to order.
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { text as textOf } from "node:stream/consumers";
import { z } from "zod";

export type Trouble =
  | "none"
  | "hangs"
  | "status-500"
  | "status-401"
  | "redirects"
  | "not-json"
  | "huge"
  | "empty"
  | "cuts"
  | "hangs-up"
  | "slow-drip"
  | "compressed"
  | "obeys";

export interface JudgeRequest {
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

export interface JudgeServer {
  readonly port: number;
  readonly url: string;
  readonly requests: readonly JudgeRequest[];
  /** Begins the list of requests anew. */
  readonly forget: () => void;
  /** How many are waiting for an answer now. */
  readonly waiting: () => number;
  trouble: Trouble;
  /** The trouble is over after one request. */
  once: boolean;
  /** Asked for, where there is one. */
  key: string | undefined;
  /** Other bytes than its own answer. */
  answer: ((request: JudgeRequest) => string) | undefined;
  /** Holds every answer until it is called with what was given back. */
  readonly holdAll: () => () => void;
  readonly close: () => Promise<void>;
}

/** `danger` is to be blocked as weapons, `dubious` is for review as fraud. */
function findingsIn(
  text: string,
): readonly { readonly word: string; readonly score: number; readonly category: string }[] {
  const found = [];
  if (text.includes("danger")) found.push({ word: "danger", score: 0.95, category: "weapons" });
  if (text.includes("dubious")) found.push({ word: "dubious", score: 0.6, category: "fraud" });
  return found;
}

export async function startJudge(): Promise<JudgeServer> {
  const requests: JudgeRequest[] = [];
  const waitingNow = new Set<ServerResponse>();
  let held: (() => void)[] | undefined;
  const server = createServer((request, response) => {
    void serve(request, response);
  });

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const asked = { path: request.url ?? "", headers: request.headers, body: await textOf(request) };
    requests.push(asked);
    waitingNow.add(response);
    response.on("close", () => waitingNow.delete(response));
    if (held !== undefined) await new Promise<void>((resolve) => held?.push(resolve));
    const trouble = troubles[judge.trouble];
    if (judge.once) Object.assign(judge, { trouble: "none", once: false });
    if (trouble === undefined) answer(response, asked);
    else trouble(response);
  }

  function answer(response: ServerResponse, asked: JudgeRequest): void {
    if (judge.key !== undefined && asked.headers.authorization !== `Bearer ${judge.key}`) {
      response.writeHead(401).end();
      return;
    }
    try {
      send(response, judge.answer?.(asked) ?? answerTo(asked, judge.trouble));
    } catch {
      response.writeHead(400).end();
    }
  }

  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("a port was asked for");
  const { port } = address;
  const judge: JudgeServer = {
    port,
    url: `http://127.0.0.1:${port}`,
    requests,
    forget: () => {
      requests.length = 0;
    },
    waiting: () => waitingNow.size,
    trouble: "none",
    once: false,
    key: undefined,
    answer: undefined,
    holdAll: () => {
      const mine: (() => void)[] = [];
      held = mine;
      return () => {
        held = undefined;
        for (const go of mine) go();
      };
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  return judge;
}

function send(response: ServerResponse, body: string, type = "application/json"): void {
  response.writeHead(200, { "content-type": type, "content-length": Buffer.byteLength(body) });
  response.end(body);
}

const gone = "http://127.0.0.1:1/elsewhere";
const filler = { contract: "headgate-safeguard/1", findings: [], filler: "x".repeat(4_000_000) };

const troubles: Readonly<Record<Trouble, ((response: ServerResponse) => void) | undefined>> = {
  none: undefined,
  obeys: undefined,
  hangs: () => undefined,
  "status-500": (response) => {
    response
      .writeHead(500, { "content-type": "application/json" })
      .end('{"error":{"message":"the words of a server"}}');
  },
  "status-401": (response) => {
    response.writeHead(401).end();
  },
  redirects: (response) => {
    response.writeHead(307, { location: gone }).end();
  },
  "not-json": (response) => {
    send(response, "safe, I would say", "text/html");
  },
  empty: (response) => {
    send(response, "");
  },
  huge: (response) => {
    send(response, JSON.stringify(filler));
  },
  cuts: (response) => {
    response.writeHead(200, { "content-type": "application/json", "content-length": 1000 });
    response.write('{"contract":"headgate-safeguard/1","findings":[]');
    setImmediate(() => response.destroy());
  },
  "hangs-up": (response) => {
    response.destroy();
  },
  "slow-drip": (response) => {
    response.writeHead(200, { "content-type": "application/json" });
    const timer = setInterval(() => response.write(" "), 20);
    response.on("close", () => {
      clearInterval(timer);
    });
  },
  compressed: (response) => {
    response.writeHead(200, { "content-type": "application/json", "content-encoding": "gzip" }).end("no gzip at all");
  },
};

const ChatAsked = z.object({
  model: z.string(),
  messages: z.array(z.object({ role: z.string(), content: z.string() })),
  system: z.string().default(""),
});
type ChatAsked = z.infer<typeof ChatAsked>;
const ModerationAsked = z.object({ input: z.array(z.string()) });
const ContractAsked = z.object({
  contract: z.literal("headgate-safeguard/1"),
  surface: z.literal("input"),
  texts: z.array(z.object({ view: z.string(), text: z.string() })),
});

function answerTo({ path, body }: JudgeRequest, trouble: Trouble): string {
  const asked: unknown = JSON.parse(body);
  if (path.endsWith("/chat/completions")) return chatAnswer(ChatAsked.parse(asked), trouble);
  if (path.endsWith("/messages")) return messagesAnswer(ChatAsked.parse(asked), trouble);
  if (path.endsWith("/moderations")) return moderationAnswer(ModerationAsked.parse(asked).input);
  return contractAnswer(ContractAsked.parse(asked).texts);
}

function contractAnswer(texts: readonly { readonly text: string }[]): string {
  const findings = texts.flatMap(({ text }, at) =>
    findingsIn(text).map(({ word, score, category }) => {
      const start = text.indexOf(word);
      return { category, score, text: at, span: [start, start + word.length] };
    }),
  );
  return JSON.stringify({ contract: "headgate-safeguard/1", findings });
}

/** The verdict of a model that reads what stands between the marks, or, where it obeys, of one that does as the text says. */
function verdictOf(rules: string, data: string, trouble: Trouble): string {
  const mark = /"mark":"([0-9a-f]+)"/.exec(rules)?.[1] ?? "";
  const texts = data.split(`\n${mark}\n`)[0]?.slice(mark.length + 1) ?? "";
  const planted = /\{\\"mark.*?\}|\{\\"decision.*?\}/.exec(texts)?.[0];
  if (trouble === "obeys" && planted !== undefined) return planted.replaceAll('\\"', '"');
  const [first] = findingsIn(texts);
  if (first === undefined) return JSON.stringify({ mark, decision: "clear", category: "none", score: 0.01 });
  const decision = first.score > 0.9 ? "block" : "review";
  return JSON.stringify({ mark, decision, category: first.category, score: first.score });
}

function chatAnswer({ model, messages }: ChatAsked, trouble: Trouble): string {
  const [first, second] = messages;
  const content =
    model === "guard"
      ? guardText(first?.content ?? "")
      : verdictOf(first?.content ?? "", second?.content ?? "", trouble);
  return JSON.stringify({
    id: "x",
    object: "chat.completion",
    choices: [{ index: 0, finish_reason: "stop", message: { role: "assistant", content, refusal: null } }],
    usage: { prompt_tokens: 90, completion_tokens: 10, total_tokens: 100 },
  });
}

function messagesAnswer({ system, messages }: ChatAsked, trouble: Trouble): string {
  const text = verdictOf(system, messages[0]?.content ?? "", trouble);
  return JSON.stringify({
    type: "message",
    stop_reason: "end_turn",
    content: [{ type: "text", text }],
    usage: { input_tokens: 90, output_tokens: 10 },
  });
}

function guardText(text: string): string {
  const codes = findingsIn(text).map(({ word }) => (word === "danger" ? "S9" : "S2"));
  return codes.length === 0 ? "\n\nsafe" : `\n\nunsafe\n${codes.join(",")}`;
}

function moderationAnswer(input: readonly string[]): string {
  const results = input.map((text) => {
    const found = findingsIn(text);
    const scoreOf = (category: string): number => found.find((one) => one.category === category)?.score ?? 0.001;
    const scores = { "illicit/violent": scoreOf("weapons"), illicit: scoreOf("fraud"), harassment: 0.002 };
    const categories = Object.fromEntries(Object.entries(scores).map(([name, score]) => [name, score > 0.5]));
    return { flagged: found.length > 0, categories, category_scores: scores };
  });
  return JSON.stringify({ id: "modr-1", model: "omni", results });
}
