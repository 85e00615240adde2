// A whole answer: asked of the model, every text in it passed through the guards a stream of it would pass, and sent with
// the choices that were let through. A choice that was not ends as the format says a refusal ends.
import { stricter } from "../policy/decide.ts";
import { type Verdict, lets } from "../terms/finding.ts";
import { given } from "../wire/admitting.ts";
import type { AnswerEvent, Block, Choice } from "../wire/answer.ts";
import { tokensAbout } from "../wire/prompt-size.ts";
import { type AnswerParts, type Whole, contextOf, usageOf } from "./answer.ts";
import { blocked, recordEnding, verdictWord } from "./exchange.ts";
import { guardAnswer, toolIds } from "./guarded-answer.ts";

export async function wholeAnswer(parts: AnswerParts): Promise<Whole> {
  const { exchange, format, recording } = parts;
  const { clock } = recording.gateway;
  const { spans } = exchange.note;
  const from = clock.monotonic();
  const answer = await exchange.configuration.upstream.complete(exchange.call, exchange.signal, exchange.asking);
  const came = clock.monotonic();
  spans.upstream = { from, ms: came - from };
  exchange.mustGoOn();
  const nextToolId = toolIds(exchange);
  const judged = answer.choices.map((choice) => judgeChoice(choice, parts, nextToolId));
  const output = judged.map(({ verdict }) => verdict).reduce(stricter, { kind: "pass" });
  spans.outputMs = clock.monotonic() - came;
  if (output.kind === "unknown") throw blocked(output);
  const usage = usageOf(exchange, answer.usage, answer.usage === undefined ? tokensAbout(saidIn(answer.choices)) : 0);
  const choices = judged.map(({ sent }) => sent);
  // Vectors are numbers, checked for shape: there is nothing in them for a safeguard to read.
  const { vectors } = answer;
  const made = { choices, usage, ...(vectors === undefined ? {} : { vectors }) };
  const body = JSON.stringify(format.whole(made, contextOf(exchange, recording)));
  const isBlocked = !lets(output);
  const receipt = await recordEnding(
    exchange,
    {
      outcome: isBlocked ? "blocked" : "served",
      why: isBlocked ? "policy_blocked" : null,
      input: parts.input,
      output: vectors === undefined ? verdictWord(output) : "none",
      answer: body,
      tokens: [usage.input, usage.output],
    },
    recording,
  );
  return { kind: "whole", exchange, receipt, body };
}

function saidIn(choices: readonly Choice[]): string {
  return choices.flatMap(({ blocks }) => blocks.map(textOf)).join("");
}

function textOf(block: Block): string {
  if (block.kind === "sealed") return "";
  return block.kind === "tool" ? block.arguments : block.text;
}

interface Judged {
  readonly verdict: Verdict;
  readonly sent: Choice;
}

function judgeChoice(choice: Choice, { exchange }: AnswerParts, nextToolId: () => string): Judged {
  const guard = guardAnswer(exchange, nextToolId);
  const cleared = eventsOf(choice).flatMap((event) => guard.push(event));
  const stop = guard.stoppedBy();
  if (stop === undefined) return { verdict: guard.verdict(), sent: { ...choice, blocks: blocksOf(cleared) } };
  const category = "category" in stop ? { category: stop.category } : {};
  return { verdict: stop, sent: { index: choice.index, blocks: [], ending: { finish: "refusal", ...category } } };
}

function eventsOf({ index, blocks, ending }: Choice): readonly AnswerEvent[] {
  const events: AnswerEvent[] = [];
  for (const [block, one] of blocks.entries()) {
    const place = { choice: index, block };
    events.push(openingOf(one, place));
    const text = textOf(one);
    if (text !== "") events.push({ ...place, kind: "text", text });
    if (one.kind === "reasoning" && one.seal !== undefined) events.push({ ...place, kind: "seal", seal: one.seal });
    events.push({ ...place, kind: "close" });
  }
  return [...events, { kind: "finish", choice: index, ending }];
}

function openingOf(block: Block, place: { readonly choice: number; readonly block: number }): AnswerEvent {
  switch (block.kind) {
    case "tool":
      return { ...place, kind: "open", as: "tool", id: block.id, name: block.name };
    case "sealed":
      return { ...place, kind: "open", as: "sealed", data: block.data };
    case "text":
      return { ...place, kind: "open", as: "text", ...given("phase", block.phase) };
    case "refusal":
    case "reasoning":
      return { ...place, kind: "open", as: block.kind };
  }
}

/** The blocks that the events of one choice come to. */
function blocksOf(events: readonly AnswerEvent[]): readonly Block[] {
  const blocks = new Map<number, Block>();
  for (const event of events) {
    if (event.kind === "open") blocks.set(event.block, begun(event));
    else if (event.kind === "text" || event.kind === "seal") {
      const block = blocks.get(event.block);
      if (block !== undefined) blocks.set(event.block, grown(block, event));
    }
  }
  return [...blocks.values()];
}

function begun(event: Extract<AnswerEvent, { readonly kind: "open" }>): Block {
  switch (event.as) {
    case "tool":
      return { kind: "tool", id: event.id, name: event.name, arguments: "" };
    case "sealed":
      return { kind: "sealed", data: event.data };
    case "text":
      return { kind: "text", text: "", ...given("phase", event.phase) };
    case "refusal":
    case "reasoning":
      return { kind: event.as, text: "" };
  }
}

function grown(block: Block, event: Extract<AnswerEvent, { readonly kind: "text" | "seal" }>): Block {
  if (event.kind === "seal") return block.kind === "reasoning" ? { ...block, seal: event.seal } : block;
  if (block.kind === "sealed") return block;
  return block.kind === "tool"
    ? { ...block, arguments: block.arguments + event.text }
    : { ...block, text: block.text + event.text };
}
