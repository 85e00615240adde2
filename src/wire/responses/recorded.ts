// Streams as servers that speak Responses send them, written for the tests after the API reference: plain text, reasoning
// with a summary, parallel calls, a refusal, thoughts in the open, an end at the limit. In order, without their bytes.
// Apart because the reader's and the writer's tests both read them.

const usage = {
  input_tokens: 11,
  input_tokens_details: { cached_tokens: 3 },
  output_tokens: 7,
  output_tokens_details: { reasoning_tokens: 2 },
  total_tokens: 18,
};

/** Events by name; each begins with `created` and ends with its terminal event. */
export const recorded = {
  text: stream([
    item(0, message("msg_1")),
    part(0, 0, outputText("")),
    delta(0, 0, "Hé"),
    delta(0, 0, "llo "),
    delta(0, 0, "🌍"),
    {
      type: "response.output_text.done",
      item_id: "msg_1",
      output_index: 0,
      content_index: 0,
      text: "Héllo 🌍",
      logprobs: [],
    },
    partDone(0, 0, outputText("Héllo 🌍")),
    itemDone(0, { ...message("msg_1"), status: "completed", content: [outputText("Héllo 🌍")] }),
  ]),
  reasoning: stream([
    item(0, { id: "rs_1", type: "reasoning", summary: [] }),
    summary("part.added", 0, { part: { type: "summary_text", text: "" } }),
    summary("text.delta", 0, { delta: "**First** " }),
    summary("text.delta", 0, { delta: "thing" }),
    summary("text.done", 0, { text: "**First** thing" }),
    summary("part.done", 0, { part: { type: "summary_text", text: "**First** thing" } }),
    summary("part.added", 1, { part: { type: "summary_text", text: "" } }),
    summary("text.delta", 1, { delta: "**Second**" }),
    summary("text.done", 1, { text: "**Second**" }),
    summary("part.done", 1, { part: { type: "summary_text", text: "**Second**" } }),
    itemDone(0, { id: "rs_1", type: "reasoning", summary: [], encrypted_content: "gAAAAAB_-x==" }),
    item(1, message("msg_2")),
    part(1, 0, outputText("")),
    delta(1, 0, "Done"),
    partDone(1, 0, outputText("Done")),
    itemDone(1, message("msg_2")),
  ]),
  calls: stream([
    item(0, { id: "rs_1", type: "reasoning", summary: [], encrypted_content: "gA" }),
    itemDone(0, { id: "rs_1", type: "reasoning", summary: [], encrypted_content: "gAAAAA==" }),
    item(1, call(["fc_1", "call_a", "look"], "")),
    argumentsDelta(1, '{"at'),
    argumentsDelta(1, '":1}'),
    {
      type: "response.function_call_arguments.done",
      item_id: "fc_1",
      output_index: 1,
      name: "look",
      arguments: '{"at":1}',
    },
    itemDone(1, call(["fc_1", "call_a", "look"], '{"at":1}')),
    item(2, { ...call(["fc_2", "call_b", "find"], ""), namespace: "files" }),
    { type: "response.function_call_arguments.done", item_id: "fc_2", output_index: 2, arguments: "{}" },
    itemDone(2, { ...call(["fc_2", "call_b", "find"], "{}"), namespace: "files" }),
  ]),
  refusal: stream([
    item(0, message("msg_1")),
    part(0, 0, { type: "refusal", refusal: "" }),
    { type: "response.refusal.delta", item_id: "msg_1", output_index: 0, content_index: 0, delta: "I can" },
    { type: "response.refusal.delta", item_id: "msg_1", output_index: 0, content_index: 0, delta: "not." },
    { type: "response.refusal.done", item_id: "msg_1", output_index: 0, content_index: 0, refusal: "I cannot." },
    partDone(0, 0, { type: "refusal", refusal: "I cannot." }),
    itemDone(0, message("msg_1")),
  ]),
  openThoughts: stream([
    item(0, { id: "rs_1", type: "reasoning", summary: [] }),
    part(0, 0, { type: "reasoning_text", text: "" }),
    { type: "response.reasoning_text.delta", item_id: "rs_1", output_index: 0, content_index: 0, delta: "Hm, " },
    { type: "response.reasoning_text.delta", item_id: "rs_1", output_index: 0, content_index: 0, delta: "yes" },
    { type: "response.reasoning_text.done", item_id: "rs_1", output_index: 0, content_index: 0, text: "Hm, yes" },
    partDone(0, 0, { type: "reasoning_text", text: "Hm, yes" }),
    itemDone(0, { id: "rs_1", type: "reasoning", summary: [] }),
    item(1, message("msg_1")),
    part(1, 0, outputText("")),
    {
      type: "response.output_text.done",
      item_id: "msg_1",
      output_index: 1,
      content_index: 0,
      text: "All at once",
      logprobs: [],
    },
    partDone(1, 0, outputText("All at once")),
    itemDone(1, message("msg_1")),
  ]),
  limit: stream([item(0, message("msg_1")), part(0, 0, outputText("")), delta(0, 0, "Cut of")], "max_output_tokens"),
} as const;

type Event = Readonly<Record<string, unknown>> & { readonly type: string };

/** Events with their beginning, their end, and their numbers. */
export function stream(events: readonly Event[], incomplete?: string): readonly Event[] {
  const response = { id: "resp_1", object: "response", status: "in_progress", output: [], usage: null };
  const status = incomplete === undefined ? "completed" : "incomplete";
  const details = incomplete === undefined ? null : { reason: incomplete };
  const end = { ...response, status, incomplete_details: details, usage };
  const all: readonly Event[] = [
    { type: "response.created", response },
    { type: "response.in_progress", response },
    ...events,
    { type: `response.${status}`, response: end },
  ];
  return all.map((event, index) => ({ ...event, sequence_number: index }));
}

/** As bytes, with a named event and its data. */
export function bytesOf(events: readonly Event[]): Uint8Array {
  return Buffer.from(events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join(""));
}

export function item(index: number, added: object): Event {
  return { type: "response.output_item.added", output_index: index, item: added };
}

export function itemDone(index: number, done: object): Event {
  return { type: "response.output_item.done", output_index: index, item: done };
}

export function part(index: number, at: number, added: object): Event {
  return { type: "response.content_part.added", item_id: "x", output_index: index, content_index: at, part: added };
}

function partDone(index: number, at: number, done: object): Event {
  return { type: "response.content_part.done", item_id: "x", output_index: index, content_index: at, part: done };
}

export function delta(index: number, at: number, text: string): Event {
  return {
    type: "response.output_text.delta",
    output_index: index,
    content_index: at,
    delta: text,
    logprobs: [],
    obfuscation: "xxxx",
  };
}

function argumentsDelta(index: number, text: string): Event {
  return { type: "response.function_call_arguments.delta", item_id: "x", output_index: index, delta: text };
}

function summary(kind: string, at: number, more: object): Event {
  return { type: `response.reasoning_summary_${kind}`, item_id: "rs_1", output_index: 0, summary_index: at, ...more };
}

export function message(id: string): object {
  return { id, type: "message", status: "in_progress", role: "assistant", content: [] };
}

export function outputText(text: string): object {
  return { type: "output_text", annotations: [], logprobs: [], text };
}

type CallNames = readonly [id: string, callId: string, name: string];

export function call([id, callId, name]: CallNames, said: string): object {
  return { id, type: "function_call", status: "in_progress", call_id: callId, name, arguments: said };
}
