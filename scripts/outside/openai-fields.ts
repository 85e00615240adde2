// Every field of the requests at our addresses by itself, beside what the request needs: the generated tests send all of
// them at once, so that the first one refused hides the others. Directly and through the gateway; and what arrived.
import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { differs, refusedBy } from "./refused.ts";
import type { Onward, Passed } from "./relay.ts";

type OnwardOf = (asked: { readonly path: string }) => Onward;

export interface FieldRun {
  /** Calls of the tests, for their fields. */
  readonly calls: readonly Passed[];
  readonly onwards: { readonly direct: OnwardOf; readonly through: OnwardOf };
  /** What the server behind the gateway was sent, in order. */
  readonly arrived: readonly Passed[];
}

const Body = z.record(z.string(), z.unknown());
type Body = z.infer<typeof Body>;

/** What a request has to have; a field that is no use without another one brings that along. */
const needed: Readonly<Record<string, Body>> = {
  "/chat/completions": { model: "gpt-5.4", messages: [{ role: "user", content: "string" }] },
  "/responses": { model: "gpt-5.6-sol", input: [{ role: "user", content: "string" }] },
  "/embeddings": { model: "text-embedding-3-small", input: ["string"] },
};

/** The tests send none of Responses' fields, so they stand here, with values of the kinds that its reference names. */
const further: Readonly<Record<string, Body>> = {
  "/responses": {
    background: true,
    context_management: [{ type: "compaction", compact_threshold: 1000 }],
    conversation: "conv_1",
    include: ["reasoning.encrypted_content"],
    input: "string",
    instructions: "string",
    max_output_tokens: 16,
    max_tool_calls: 1,
    metadata: { foo: "string" },
    parallel_tool_calls: true,
    previous_response_id: "resp_1",
    prompt: { id: "pmpt_1" },
    prompt_cache_key: "string",
    prompt_cache_retention: "in_memory",
    reasoning: { effort: "low" },
    safety_identifier: "string",
    service_tier: "auto",
    store: true,
    stream: false,
    stream_options: { include_obfuscation: false },
    temperature: 1,
    text: { format: { type: "text" }, verbosity: "low" },
    tool_choice: "auto",
    tools: [{ type: "function", name: "name", parameters: { foo: "bar" }, strict: true }],
    top_logprobs: 0,
    top_p: 1,
    truncation: "disabled",
    user: "string",
  },
};

/** Values that make sense where the tests' own cannot, such as no tokens at all; they are sent beside the tests' own. */
const sensible: Readonly<Record<string, Body>> = {
  "/chat/completions": {
    logprobs: false,
    max_completion_tokens: 16,
    max_tokens: 16,
    seed: 1,
    store: false,
    stream_options: { include_usage: true },
    service_tier: "default",
  },
  "/responses": {
    background: false,
    input: [{ role: "user", content: [{ type: "input_text", text: "string" }] }],
    store: false,
    service_tier: "flex",
    truncation: "auto",
  },
  "/embeddings": { encoding_format: "base64", input: ["one", "two"] },
};

/** `address: field = value` → `passes`, `passes, not sent on`, `passes, sent as …`, a code, or `fails directly`. */
export async function fieldsAlone(run: FieldRun): Promise<Readonly<Record<string, Readonly<Record<string, string>>>>> {
  const found: Record<string, Record<string, string>> = {};
  for (const [at, base] of Object.entries(needed)) {
    const outcomes: Record<string, string> = {};
    for (const [field, value] of triedAt(at, run.calls)) {
      outcomes[`${field} = ${JSON.stringify(value)}`] = await tried(run, at, {
        ...base,
        ...besides[at]?.[field],
        [field]: value,
      });
    }
    found[at] = outcomes;
  }
  return found;
}

function triedAt(at: string, calls: readonly Passed[]): readonly (readonly [string, unknown])[] {
  const bodies = calls.filter((call) => call.method === "POST" && call.path === at).map(({ sent }) => bodyOf(sent));
  const all = [...bodies, further[at] ?? {}, sensible[at] ?? {}].flatMap((body) => Object.entries(body));
  const byText = new Map(all.map(([field, value]) => [`${field} ${JSON.stringify(value)}`, [field, value] as const]));
  return [...byText.values()].filter(([field]) => field !== "model").toSorted(([a], [b]) => (a < b ? -1 : 1));
}

/** A wish about tools is none where there are none. */
const besides: Readonly<Record<string, Readonly<Record<string, Body>>>> = {
  "/chat/completions": {
    parallel_tool_calls: { tools: [{ type: "function", function: { name: "name", parameters: { type: "object" } } }] },
  },
  "/responses": {
    parallel_tool_calls: { tools: [{ type: "function", name: "name", parameters: { type: "object" }, strict: true }] },
  },
};

function bodyOf(text: string): Body {
  return text === "" ? {} : Body.parse(JSON.parse(text));
}

async function tried({ onwards, arrived }: FieldRun, at: string, body: Body): Promise<string> {
  const direct = await ask(onwards.direct, at, body);
  if (direct.status >= 400) return "fails directly";
  const before = arrived.length;
  const through = await ask(onwards.through, at, body);
  if (through.status >= 400) return refusedBy(through.text);
  const [came] = arrived.slice(before);
  return came === undefined ? differs : comparedBodies(body, bodyOf(came.sent));
}

async function ask(onwardOf: OnwardOf, at: string, body: Body): Promise<{ status: number; text: string }> {
  const { url, headers } = onwardOf({ path: at });
  const init = { method: "POST", headers: { "content-type": "application/json", ...headers } };
  const answered = await fetch(url, { ...init, body: JSON.stringify(body) });
  return { status: answered.status, text: await answered.text() };
}

/** What a server was sent besides what the caller sent, by the document or by the gateway's own rules. */
function comparedBodies(sent: Body, came: Body): string {
  const dropped = Object.keys(sent).filter((field) => !(field in came));
  const changed = Object.keys(sent).filter((field) => field in came && !isDeepStrictEqual(sent[field], came[field]));
  const parts = [
    ...dropped.map((field) => `${field} not sent on`),
    ...changed.map((field) => `${field} sent as ${JSON.stringify(came[field])}`),
  ];
  return ["passes", ...parts].join(", ");
}
