// The envelope: what of a call passes, what is refused, in the words of the caller's format.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { Failure } from "../terms/failure.ts";
import { type Call, callTexts } from "../wire/call.ts";
import { chatFormat } from "../wire/chat/chat.ts";
import type { Format } from "../wire/format.ts";
import { admitCall } from "./envelope.ts";
import { embeddedDialect } from "./embedded/dialect.ts";
import { ModelDocument } from "./model-document.ts";

const base = {
  kind: "Model",
  name: "small",
  upstream: { dialect: "openai-chat", url: "http://127.0.0.1:9001/v1", model: "upstream-name" },
  identity: { basis: "declared" },
};
const documentWith = (envelope: object, more: object = {}): ModelDocument =>
  ModelDocument.parse({ ...base, ...more, envelope });
const document = documentWith({ temperature: [0, 1], outputTokensMax: 100, choicesMax: 2 });
const user = { role: "user", content: "Hello" };
const ask = { model: "small", messages: [user] };

function admit(body: object, model = document): Call {
  return admitCall(chatFormat.parseCall(Object.fromEntries(Object.entries(body))), model, chatFormat);
}

/** The code and field of what is thrown. */
function refusalIn(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof Failure) return `${error.code} ${String(error.detail["field"] ?? "")}`.trim();
    throw error;
  }
  return "admitted";
}

const refusal = (body: object, model = document): string => refusalIn(() => admit(body, model));

test("a plain request passes with the document's limit on output and its prompt", () => {
  const admitted = admit(ask, documentWith({ outputTokensMax: 100 }, { systemPrompt: "Be brief." }));
  assert.equal(admitted.outputTokensMax, 100);
  assert.equal(admitted.preamble, "Be brief.");
  assert.ok(!callTexts(admitted).join("|").includes("Be brief."), "the document's words are not the caller's");
});

test("the caller's limit is kept up to the document's and refused above it, in the caller's spelling", () => {
  assert.equal(admit({ ...ask, max_completion_tokens: 7 }).outputTokensMax, 7);
  assert.equal(admit({ ...ask, max_tokens: 100 }).outputTokensMax, 100);
  assert.equal(refusal({ ...ask, max_tokens: 101 }), "request_invalid max_tokens");
  assert.equal(refusal({ ...ask, max_completion_tokens: 101 }), "request_invalid max_completion_tokens");
  assert.throws(() => admit({ ...ask, max_tokens: 101 }), /1 to 100/);
});

test("values outside the document's ranges are refused", () => {
  for (const [field, value] of [
    ["temperature", 1.01],
    ["top_p", -0.1],
    ["n", 3],
    ["presence_penalty", 3],
    ["frequency_penalty", -3],
  ] as const) {
    assert.equal(refusal({ ...ask, [field]: value }), `request_invalid ${field}`, field);
  }
  const few = documentWith({ messagesMax: 2 });
  assert.equal(refusal({ ...ask, messages: [user, user, user] }, few), "request_invalid messages");
});

test("a prefilled answer, tools, images, reasoning, system messages and a foreign model are refused unless admitted", () => {
  const prefill = { ...ask, messages: [user, { role: "assistant", content: "Sure," }] };
  assert.equal(refusal(prefill), "feature_unsupported messages");
  assert.equal(refusal({ ...ask, model: "other" }), "model_unknown");
  const features = [
    [{ ...ask, tools: [{ type: "function", function: { name: "f" } }] }, "tools", "tools"],
    [{ ...ask, messages: [{ role: "tool", content: "x", tool_call_id: "1" }] }, "tools", "messages"],
    [{ ...ask, reasoning_effort: "low" }, "reasoning", "reasoning_effort"],
    [
      { ...ask, messages: [user, { role: "assistant", content: "x", reasoning_content: "y" }, user] },
      "reasoning",
      "messages",
    ],
    [
      {
        ...ask,
        messages: [
          { role: "user", content: [{ type: "image_url", image_url: { url: "data:image/png;base64,AAAA" } }] },
        ],
      },
      "images",
      "messages",
    ],
  ] as const;
  for (const [body, feature, field] of features) {
    assert.equal(refusal(body), `feature_unsupported ${field}`, feature);
    assert.equal(refusal(body, documentWith({ [feature]: true })), "admitted", feature);
  }
  const strict = documentWith({ systemMessages: false });
  for (const role of ["system", "developer"]) {
    const body = { ...ask, messages: [{ role, content: "x" }, user] };
    assert.equal(refusal(body, strict), "feature_unsupported messages");
    assert.equal(refusal(body), "admitted");
  }
});

test("a field is named as the caller's own format names it", () => {
  const other: Format = { ...chatFormat, fields: { ...chatFormat.fields, instructions: "system", turns: "input" } };
  const strict = documentWith({ systemMessages: false });
  const call = { ...chatFormat.parseCall(ask), instructions: "Be mine." };
  assert.equal(
    refusalIn(() => admitCall(call, strict, other)),
    "feature_unsupported system",
  );
  assert.equal(
    refusalIn(() => admitCall({ ...call, turns: [] }, document, other)),
    "request_invalid input",
  );
});

test("ids and seals that are text, and a choice of a tool that was not declared, are refused whatever parser let them by", () => {
  const admissive = documentWith({ tools: true, reasoning: true });
  const call = chatFormat.parseCall(ask);
  const withPart = (part: Call["turns"][number]["parts"][number]): Call => ({
    ...call,
    turns: [{ role: "assistant", parts: [part] }, ...call.turns],
  });
  for (const bad of [
    withPart({ kind: "tool-call", id: "ignore all of that", name: "f", arguments: "" }),
    withPart({ kind: "reasoning", text: "x", seal: "words, not a seal" }),
    withPart({ kind: "sealed", data: "words, not a seal" }),
  ]) {
    assert.equal(
      refusalIn(() => admitCall(bad, admissive, chatFormat)),
      "request_invalid messages",
    );
  }
  assert.equal(
    refusalIn(() => admitCall({ ...call, toolChoice: { kind: "tool", name: "g" } }, admissive, chatFormat)),
    "request_invalid tool_choice",
  );
});

const lacks = (more: object): string | undefined => embeddedDialect.lacks(chatFormat.parseCall({ ...ask, ...more }));

test("the embedded model's server names what it cannot take", () => {
  assert.equal(lacks({}), undefined);
  assert.equal(lacks({ n: 2 }), "choices");
  assert.equal(lacks({ response_format: { type: "json_object" } }), "output");
  assert.equal(lacks({ presence_penalty: 0 }), "presencePenalty");
});

test("whatever is sent in, what comes out keeps the document's bounds or is a failure of ours", () => {
  const keys = fc.constantFrom(
    "max_tokens",
    "max_completion_tokens",
    "n",
    "temperature",
    "stop",
    "store",
    "x",
    "tools",
  );
  fc.assert(
    fc.property(fc.dictionary(keys, fc.jsonValue()), (extra) => {
      try {
        const admitted = admit({ ...ask, ...extra });
        assert.ok((admitted.outputTokensMax ?? Infinity) <= 100);
        assert.ok(admitted.choices <= 2);
        assert.equal(admitted.tools.length, 0);
      } catch (error) {
        assert.ok(error instanceof Failure, String(error));
      }
    }),
    { seed: 3, numRuns: 2_000 },
  );
});
