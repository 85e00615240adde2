// What our own small server (chat-server.ts) takes: chat completions of plain text. The rest is named, so that it is
// refused and not dropped.
import type { Call, CallField, Turn } from "../../wire/call.ts";
import { chatDialect } from "../../wire/chat/chat.ts";
import type { Dialect } from "../../wire/format.ts";

export const embeddedDialect: Dialect = {
  ...chatDialect,
  lacks: lacksInEmbedded,
  body: (call, model) => chatDialect.body({ ...call, turns: call.turns.map(plainTurn) }, model),
};

function lacksInEmbedded(call: Call): CallField | undefined {
  const { sampling } = call;
  const asked: readonly (readonly [CallField, boolean])[] = [
    ["choices", call.choices > 1],
    ["presencePenalty", sampling.presencePenalty !== undefined],
    ["frequencyPenalty", sampling.frequencyPenalty !== undefined],
    ["tools", call.tools.length > 0],
    ["toolChoice", call.toolChoice !== undefined && call.toolChoice.kind !== "none"],
    ["parallelToolCalls", call.parallelToolCalls !== undefined],
    ["output", call.output !== undefined && call.output.kind !== "text"],
    ["verbosity", call.verbosity !== undefined],
    ["reasoning", call.reasoning !== undefined && call.reasoning.mode !== "disabled"],
    ["images", call.turns.some(({ parts }) => parts.some(({ kind }) => kind === "image"))],
  ];
  return asked.find(([, isAsked]) => isAsked)?.[0] ?? chatDialect.lacks(call);
}

/** It knows three roles and one content. */
function plainTurn(turn: Turn): Turn {
  const parts = turn.parts.map((part) =>
    part.kind === "refusal" ? ({ kind: "text", text: part.text } as const) : part,
  );
  return { ...turn, role: turn.role === "developer" ? "system" : turn.role, parts };
}
