// What was said in each attempt of a report, out of its file, for whoever reads it in this browser: an Inspect log in either form, by its
// messages; a promptfoo result by its prompt and its answer; a garak report by its conversations. Texts are kept up to a bound; what comes after it is left out.
import { z } from "zod";
import { openArchive } from "../../../../src/evidence/import/archive.ts";
import { type Shape, pickJson } from "../../../../src/evidence/import/pick-json.ts";
import type { Source } from "../../../../src/evidence/import/source.ts";
import { browserPrimitives } from "../../../../src/proof/browser.ts";
import { digestOfValue } from "../../../../src/proof/digest.ts";
import { Failure } from "../../../../src/terms/failure.ts";
import { words } from "../../../words/words.ts";
import { ofGarak } from "./garak-transcripts.ts";
import { type Transcripts, type Turn, placeOf } from "./transcripts.ts";

/** Of its beginning, by which a file is told from others. */
const headBytes = 64 * 1024;
/** Characters that are kept of all attempts together. */
const charsMax = 64 * 1024 * 1024;

const Content = z.union([
  z.string(),
  z
    .array(z.looseObject({ text: z.string().optional(), type: z.string().optional() }))
    .transform((parts) => parts.map(({ text, type }) => text ?? `[${type ?? "?"}]`).join("\n")),
]);
const Call = z.object({ function: z.string(), arguments: z.unknown() });
const Message = z.object({ role: z.string(), content: Content.catch(""), tool_calls: z.array(Call).nullish() });
const InspectSample = z.object({
  id: z.union([z.string(), z.number(), z.bigint()]).transform(String),
  epoch: z.number().int(),
  messages: z.array(Message).nullish(),
});
const inspectShape: Shape = { members: { id: "whole", epoch: "whole", messages: "whole" } };

const PromptfooRow = z.object({
  promptIdx: z.number().int().default(0),
  testIdx: z.number().int().default(0),
  prompt: z.object({ raw: z.string() }).nullish(),
  response: z.object({ output: z.unknown() }).nullish(),
});
const promptfooShape: Shape = {
  members: {
    promptIdx: "whole",
    testIdx: "whole",
    prompt: { members: { raw: "whole" } },
    response: { members: { output: "whole" } },
  },
};

/** Fails with request_invalid where the file is none of those whose transcripts are known here. */
export async function transcriptsIn(source: Source): Promise<Transcripts["turns"]> {
  const turns = new Map<string, readonly Turn[]>();
  let chars = 0;
  for await (const { item, attempt, said } of attemptsIn(source)) {
    chars += said.reduce((sum, { text }) => sum + text.length, 0);
    if (chars > charsMax) break;
    turns.set(placeOf(digestOfValue(item.toWellFormed(), browserPrimitives), attempt), said);
  }
  if (turns.size === 0) throw new Failure("request_invalid", words.evidence.sample.notKnown);
  return turns;
}

interface SaidAttempt {
  readonly item: string;
  readonly attempt: number;
  readonly said: readonly Turn[];
}

type Attempts = AsyncGenerator<SaidAttempt, void>;

async function* attemptsIn(source: Source): Attempts {
  const head = await source.read(0, Math.min(headBytes, source.size));
  if (head[0] === 0x50 && head[1] === 0x4b) yield* ofArchive(source);
  else if (/^[^\n]*"entry_type"\s*:/u.test(new TextDecoder("latin1").decode(head))) yield* ofGarak(source, charsMax);
  else yield* ofJson(source);
}

async function* ofArchive(source: Source): Attempts {
  const archive = await openArchive(source, (name) => /^samples\/.+_epoch_\d+\.json$/s.test(name));
  for (const name of archive.names)
    for await (const { value } of pickJson(archive.stream(name), inspectShape, name)) yield* ofInspect(value);
}

async function* ofJson(source: Source): Attempts {
  const times = new Map<string, number>();
  const rows: Shape = { elements: promptfooShape, members: { results: { elements: promptfooShape } } };
  const shape: Shape = { members: { samples: { elements: inspectShape }, results: rows } };
  for await (const { kind, value } of pickJson(source.stream(), shape, source.path)) {
    if (kind === "root") continue;
    yield* ofInspect(value);
    yield* ofPromptfoo(value, times);
  }
}

function* ofInspect(value: unknown): Generator<SaidAttempt, void> {
  const { id, epoch, messages } = InspectSample.safeParse(value).data ?? {};
  if (id === undefined || epoch === undefined || messages === null || messages === undefined) return;
  const said = messages.map(({ role, content, tool_calls: calls }) => ({
    role,
    text: content,
    calls: (calls ?? []).map((call) => ({ name: call.function, arguments: textOf(call.arguments) })),
  }));
  yield { item: id, attempt: epoch, said };
}

function* ofPromptfoo(value: unknown, times: Map<string, number>): Generator<SaidAttempt, void> {
  const row = PromptfooRow.safeParse(value).data;
  if (row?.prompt === undefined || row.prompt === null) return;
  const item = `${row.testIdx}/${row.promptIdx}`;
  const attempt = (times.get(item) ?? 0) + 1;
  times.set(item, attempt);
  const answer = row.response?.output;
  const said = [
    { role: "user", text: row.prompt.raw },
    ...(answer === undefined || answer === null ? [] : [{ role: "assistant", text: textOf(answer) }]),
  ];
  yield { item, attempt, said };
}

function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  return JSON.stringify(value, (_, part: unknown) => (typeof part === "bigint" ? String(part) : part), 2) ?? "";
}
