// Bodies for the fuzzer: right ones of every format, with much in them, and the ways to break one, as a value and as bytes.
import type { Chance } from "./seeded.ts";

/** What stands wherever a caller can put text of their own; no message of ours may repeat it, no model read it unread. */
export const marker = "⟪unread⟫";

type Json = null | boolean | number | string | Json[] | { [member: string]: Json };

export type BodyFormat = "chat" | "responses" | "messages" | "count" | "embeddings";
export const bodyFormats: readonly BodyFormat[] = ["chat", "responses", "messages", "count", "embeddings"];

const schema: Json = { type: "object", properties: { q: { type: "string", description: "a query" } }, required: ["q"] };
const pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

function some(chance: Chance, members: Readonly<Record<string, Json>>): Record<string, Json> {
  const kept = Object.entries(members).filter(() => chance.below(5) > 1);
  return structuredClone(Object.fromEntries(kept));
}

/** A right body of the format. */
export function validBody(format: BodyFormat, chance: Chance): Json {
  switch (format) {
    case "chat":
      return chatBody(chance);
    case "responses":
      return responsesBody(chance);
    case "messages":
      return { ...messagesBody(chance), max_tokens: 64 };
    case "count":
      return messagesBody(chance);
    case "embeddings":
      return {
        model: "small",
        input: chance.oneIn(2) ? "a text" : ["a", "b"],
        ...some(chance, { encoding_format: "base64" }),
      };
  }
}

function chatBody(chance: Chance): Json {
  const call = { id: "call_1", type: "function", function: { name: "look", arguments: '{"q":"x"}' } };
  const image = { type: "image_url", image_url: { url: `data:image/png;base64,${pixel}`, detail: "low" } };
  const parts: Json[] = [
    { type: "text", text: "look" },
    ...(chance.oneIn(3) ? [image] : []),
    { type: "text", text: "here" },
  ];
  const before: Json[] = [
    { role: "system", content: "be brief" },
    { role: "user", content: "hello", name: "ann" },
    { role: "assistant", content: null, tool_calls: [call], ...some(chance, { reasoning_content: "hm" }) },
    { role: "tool", tool_call_id: "call_1", content: "found" },
    {
      role: "assistant",
      content: [
        { type: "text", text: "well" },
        { type: "refusal", refusal: "no" },
      ],
    },
  ];
  return {
    model: "small",
    messages: [...(chance.oneIn(2) ? structuredClone(before) : []), { role: "user", content: parts }],
    ...some(chance, {
      tools: [{ type: "function", function: { name: "look", description: "looks", parameters: schema, strict: true } }],
      max_tokens: 64,
      temperature: 0.5,
      top_p: 0.9,
      presence_penalty: 0.1,
      frequency_penalty: 0.1,
      n: 2,
      seed: 7,
      stop: ["END"],
      stream: true,
      user: "user-1",
    }),
    ...(chance.oneIn(3) ? { stream: true, stream_options: { include_usage: true } } : {}),
    ...(chance.oneIn(3)
      ? { response_format: { type: "json_schema", json_schema: { name: "out", schema, strict: true } } }
      : {}),
  };
}

function responsesBody(chance: Chance): Json {
  const items: Json[] = [
    { type: "message", role: "developer", content: [{ type: "input_text", text: "be brief" }] },
    { role: "user", content: "hello" },
    { type: "reasoning", id: "rs_1", summary: [{ type: "summary_text", text: "hm" }], encrypted_content: "c2VhbA==" },
    { type: "function_call", call_id: "call_1", name: "look", arguments: '{"q":"x"}', id: "fc_1", status: "completed" },
    { type: "function_call_output", call_id: "call_1", output: "found" },
    {
      type: "message",
      role: "assistant",
      content: [{ type: "output_text", text: "well", annotations: [] }],
      status: "completed",
    },
  ];
  const last = {
    role: "user",
    content: [
      { type: "input_text", text: "and?" },
      { type: "input_image", image_url: `data:image/png;base64,${pixel}` },
    ],
  };
  return {
    model: "small",
    input: chance.oneIn(3)
      ? "hello"
      : [...structuredClone(items.filter(() => chance.below(4) > 0)), structuredClone(last)],
    ...some(chance, {
      instructions: "answer",
      tools: [{ type: "function", name: "look", description: "looks", parameters: schema, strict: false }],
      tool_choice: "auto",
      parallel_tool_calls: true,
      max_output_tokens: 64,
      temperature: 0.5,
      top_p: 0.9,
      reasoning: { effort: "low", summary: "auto" },
      text: { format: { type: "json_schema", name: "out", schema }, verbosity: "low" },
      include: ["reasoning.encrypted_content"],
      store: false,
      stream: true,
      safety_identifier: "user-1",
      metadata: {},
    }),
  };
}

function messagesBody(chance: Chance): Record<string, Json> {
  const turns: Json[] = [
    { role: "user", content: "hello" },
    {
      role: "assistant",
      content: [
        { type: "thinking", thinking: "hm", signature: "c2lnbmVk" },
        { type: "text", text: "let me look" },
        { type: "tool_use", id: "toolu_1", name: "look", input: { q: "x", deep: [{ a: "b" }] } },
      ],
    },
    {
      role: "user",
      content: [
        { type: "tool_result", tool_use_id: "toolu_1", content: [{ type: "text", text: "found" }], is_error: false },
        { type: "text", text: "and?", cache_control: { type: "ephemeral" } },
      ],
    },
  ];
  const image = { type: "image", source: { type: "base64", media_type: "image/png", data: pixel } };
  return {
    model: "small",
    messages: [
      ...(chance.oneIn(2) ? structuredClone(turns) : []),
      { role: "user", content: [{ type: "text", text: "see" }, ...(chance.oneIn(3) ? [image] : [])] },
    ],
    ...some(chance, {
      system: [{ type: "text", text: "be brief" }],
      tools: [{ name: "look", description: "looks", input_schema: schema }],
      tool_choice: { type: "auto", disable_parallel_tool_use: true },
      thinking: { type: "enabled", budget_tokens: 1024 },
    }),
  };
}

/** Values that stand where something else was expected. */
function oddValue(chance: Chance): Json {
  return structuredClone(
    chance.pick<Json>([
      null,
      true,
      false,
      0,
      -1,
      0.1,
      1e308,
      4294967296,
      "",
      marker,
      ` ${marker}`,
      "\u0000",
      "\ud83d",
      "\ufeff",
      "\u202e\u2066abc",
      "e\u0301".repeat(50),
      "x".repeat(20_000),
      "data:image/png;base64,AAAA",
      `data:image/png;base64,${marker}`,
      "https://evil.example/x.png",
      [],
      [[]],
      [null],
      [marker, marker],
      {},
      { type: "text", text: marker },
      { type: marker },
      { [marker]: marker },
      { toString: 1, constructor: 1, hasOwnProperty: 1 },
      { type: "function", function: { name: "look", description: marker } },
      { role: "user", content: marker },
    ]),
  );
}

/** Names of members that mean something somewhere. */
const memberNames = [
  "model",
  "Model",
  "messages",
  "input",
  "content",
  "role",
  "name",
  "type",
  "text",
  "tools",
  "stop",
  "user",
  "metadata",
  "extra_body",
  "models",
  "previous_response_id",
  "store",
  "prompt",
  "guided_json",
  "chat_template",
  "cache_control",
  "annotations",
  "parsed",
  "id",
  "namespace",
  "description",
  "constructor",
  "toString",
  "x",
  marker,
];

interface Slot {
  readonly read: () => Json | undefined;
  readonly write: (value: Json) => void;
  readonly drop: () => void;
}

/** One place in the value, deep or shallow. */
function someSlot(root: Json, chance: Chance): Slot | undefined {
  let at: Json = root;
  let slot: Slot | undefined;
  for (let depth = 0; depth < 9; depth += 1) {
    const next = slotIn(at, chance);
    if (next === undefined) return slot;
    slot = next;
    const value = slot.read();
    if (value === undefined || typeof value !== "object" || value === null || chance.oneIn(4)) return slot;
    at = value;
  }
  return slot;
}

function slotIn(at: Json, chance: Chance): Slot | undefined {
  if (Array.isArray(at)) {
    if (at.length === 0) return undefined;
    const index = chance.below(at.length);
    return {
      read: () => at[index],
      write: (value) => {
        at[index] = value;
      },
      drop: () => at.splice(index, 1),
    };
  }
  if (typeof at !== "object" || at === null) return undefined;
  const names = Object.keys(at);
  if (names.length === 0) return undefined;
  const name = chance.pick(names);
  return {
    read: () => at[name],
    write: (value) => {
      at[name] = value;
    },
    drop: () => {
      delete at[name];
    },
  };
}

/** Changes the value in one place. */
function mutateValue(root: Json, chance: Chance): void {
  const slot = someSlot(root, chance);
  if (slot === undefined) return;
  chance.pick(mutations)({ root, slot, value: slot.read() ?? null }, chance);
}

interface Place {
  readonly root: Json;
  readonly slot: Slot;
  readonly value: Json;
}

function isObject(value: Json): value is { [member: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const mutations: readonly ((place: Place, chance: Chance) => void)[] = [
  ({ slot }) => {
    slot.drop();
  },
  ({ slot }, chance) => {
    slot.write(oddValue(chance));
  },
  ({ slot }, chance) => {
    slot.write(oddValue(chance));
  },
  ({ slot, value }, chance) => {
    if (typeof value === "string") slot.write(chance.pick([marker, `${value} ${marker}`, `${marker}${value}`]));
    else slot.write([value]);
  },
  ({ slot, value }, chance) => {
    if (isObject(value)) value[chance.pick(memberNames)] = oddValue(chance);
    else slot.write({ type: "text", text: marker });
  },
  ({ slot, value }, chance) => {
    if (Array.isArray(value)) value.splice(chance.below(value.length + 1), 0, oddValue(chance));
    else slot.write(deep(chance.below(90)));
  },
  ({ value }, chance) => {
    if (!Array.isArray(value)) return;
    // Now and then as many as a body may have parts: what costs the square of their number shows by its time.
    const drawn = chance.below(40);
    const times = drawn === 39 ? 4_000 : drawn;
    for (let count = 0; count < times; count += 1) value.push(structuredClone(value[0] ?? null));
  },
  ({ root, slot }, chance) => {
    slot.write(structuredClone(someSlot(root, chance)?.read() ?? null));
  },
  ({ root }, chance) => {
    if (isObject(root)) root[chance.pick(memberNames)] = oddValue(chance);
  },
];

function deep(levels: number): Json {
  let value: Json = marker;
  for (let level = 0; level < levels; level += 1) value = level % 2 === 0 ? [value] : { a: value };
  return value;
}

/** Pieces of JSON in places where they may or may not belong. */
const snippets = [
  '"model":"small",',
  '"model":"other",',
  String.raw`"\u006dodel":"other",`,
  '"__proto__":{"stream":true},',
  ",",
  "{",
  "}",
  "[",
  "]",
  '"',
  "\\",
  "\\u0000",
  String.raw`\ud83d`,
  "1e400",
  "9007199254740993",
  "-0",
  "NaN",
  "//",
  "\u0000",
  "\t",
];

/** Changes the bytes in one place. */
function mutateBytes(bytes: Buffer<ArrayBuffer>, chance: Chance): Buffer<ArrayBuffer> {
  const at = chance.below(bytes.length + 1);
  const until = Math.min(bytes.length, at + 1 + chance.below(40));
  const [before, middle, after] = [bytes.subarray(0, at), bytes.subarray(at, until), bytes.subarray(until)];
  switch (chance.below(8)) {
    case 0: {
      const changed = Buffer.from(bytes);
      if (changed.length > 0) changed[at % changed.length] = chance.below(256);
      return changed;
    }
    case 1:
      return Buffer.concat([before, after]);
    case 2:
      return Buffer.concat([before, middle, middle, after]);
    case 3:
      return before;
    case 4:
      return Buffer.concat([before, Buffer.from(chance.pick(snippets)), middle, after]);
    case 5:
      return Buffer.concat([
        before,
        Buffer.from([chance.pick([0xc0, 0xff, 0xed, 0x80, 0xf5]), 0xa0, 0x80]),
        middle,
        after,
      ]);
    case 6:
      return Buffer.concat([middle, before, after]);
    default: {
      const text = bytes.toString("utf8");
      const name = /"([a-z_]+)":/.exec(text.slice(at))?.[0] ?? '"model":';
      return Buffer.from(text.replace(name, `${name}${chance.pick(['"x",', "null,", "1,"])}${name}`));
    }
  }
}

export interface FuzzedBody {
  readonly format: BodyFormat;
  readonly bytes: Buffer<ArrayBuffer>;
}

/** A malformed body: a right one, changed in one to five places. */
export function fuzzedBody(chance: Chance): FuzzedBody {
  const format = chance.pick(bodyFormats);
  const value = validBody(format, chance);
  for (let count = chance.below(4); count > 0; count -= 1) mutateValue(value, chance);
  let bytes = Buffer.from(JSON.stringify(value));
  for (let count = chance.below(3); count > 0 && chance.oneIn(2); count -= 1) bytes = mutateBytes(bytes, chance);
  // Now and then in the words of another format.
  return { format: chance.oneIn(20) ? chance.pick(bodyFormats) : format, bytes };
}
