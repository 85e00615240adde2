"""The official Python clients of OpenAI and Anthropic, unmodified, as callers of the gateway.

Run by python-clients.test.ts: `python3 python-clients.py NAME` with `{"urls": {format: url}, "key": ...}` on standard
input. Prints one line of JSON for each thing seen: {"case": ..., "seen": ...}. What is expected stands in the test.
"""

import asyncio
import json
import sys

import anthropic
import openai
import pydantic

given = json.load(sys.stdin)
urls, key = given["urls"], given["key"]
SCHEMA = {"type": "object", "properties": {"q": {"type": "string"}}}
CHAT_TOOLS = [{"type": "function", "function": {"name": "look", "parameters": SCHEMA}}]
RESPONSE_TOOLS = [{"type": "function", "name": "look", "parameters": SCHEMA, "strict": False}]
MESSAGE_TOOLS = [{"name": "look", "input_schema": SCHEMA}]


class Shape(pydantic.BaseModel):
    q: str


def tell(case, seen):
    print(json.dumps({"case": case, "seen": seen}), flush=True)


def openai_at(name, **more):
    return openai.OpenAI(base_url=urls[name] + "/v1", api_key=more.pop("api_key", key), max_retries=0, **more)


def anthropic_at(name, **more):
    return anthropic.Anthropic(base_url=urls[name], api_key=more.pop("api_key", key), max_retries=0, **more)


def error_of(call):
    """What a caller's `except` finds: the class, the status, the code or type, and whether there is a time to wait."""
    try:
        call()
    except (openai.APIError, anthropic.APIError) as error:
        body = error.body if isinstance(error.body, dict) else {}
        inner = body.get("error", body)
        response = getattr(error, "response", None)
        return {
            "class": type(error).__name__,
            "status": getattr(error, "status_code", None),
            "code": inner.get("code") or inner.get("type"),
            "id": getattr(error, "request_id", None),
            "waits": response is not None and float(response.headers.get("retry-after", 0)) > 0,
            "text": json.dumps(body) + str(error),
        }
    return None


class Chat:
    name = "chat"

    def __init__(self, **more):
        self.api = openai_at("chat", **more).chat.completions

    def body(self, words, **more):
        return {"model": "small", "messages": [{"role": "user", "content": words}], **more}

    def whole(self, words, **more):
        answer = self.api.create(**self.body(words, **more))
        [choice] = answer.choices
        calls = [call.function.arguments for call in choice.message.tool_calls or []]
        return [choice.message.content or "", calls, choice.finish_reason, answer.usage.completion_tokens]

    def pieces(self, words, **more):
        """Yields texts, and last the end."""
        end = None
        options = {"include_usage": True}
        for chunk in self.api.create(**self.body(words, stream=True, stream_options=options, **more)):
            for choice in chunk.choices:
                end = choice.finish_reason or end
                if choice.delta.content:
                    yield choice.delta.content
        yield {"end": end}

    def helper(self, words):
        with self.api.stream(**self.body(words, tools=CHAT_TOOLS)) as stream:
            for _ in stream:
                pass
            [choice] = stream.get_final_completion().choices
        return [call.function.arguments for call in choice.message.tool_calls or []]

    def results(self):
        tools = {"tools": CHAT_TOOLS}
        asked = {"role": "user", "content": "Please: TOOLS"}
        said = self.api.create(model="small", messages=[asked], **tools).choices[0].message
        back = [{"role": "tool", "tool_call_id": call.id, "content": "TEXT: a boat"} for call in said.tool_calls]
        answer = self.api.create(model="small", messages=[asked, said, *back], **tools)
        return answer.choices[0].message.content

    def shape(self):
        return self.api.parse(**self.body("Please: SHAPE", response_format=Shape)).choices[0].message.parsed.q


class Responses:
    name = "responses"

    def __init__(self, **more):
        self.api = openai_at("responses", **more).responses

    def body(self, words, **more):
        return {"model": "small", "input": words, **more}

    def seen(self, answer):
        calls = [item.arguments for item in answer.output if item.type == "function_call"]
        end = answer.incomplete_details.reason if answer.incomplete_details else answer.status
        return [answer.output_text, calls, end, answer.usage.output_tokens]

    def whole(self, words, **more):
        return self.seen(self.api.create(**self.body(words, **more)))

    def pieces(self, words, **more):
        end = None
        for event in self.api.create(**self.body(words, stream=True, **more)):
            if event.type == "response.output_text.delta":
                yield event.delta
            if event.type in ("response.completed", "response.incomplete"):
                end = self.seen(event.response)[2]
        yield {"end": end}

    def helper(self, words):
        with self.api.stream(**self.body(words, tools=RESPONSE_TOOLS)) as stream:
            for _ in stream:
                pass
            return self.seen(stream.get_final_response())[1]

    def results(self):
        tools = {"tools": RESPONSE_TOOLS}
        asked = {"role": "user", "content": "Please: TOOLS"}
        said = self.api.create(model="small", input=[asked], **tools).output
        back = [
            {"type": "function_call_output", "call_id": item.call_id, "output": "TEXT: a boat"}
            for item in said
            if item.type == "function_call"
        ]
        return self.api.create(model="small", input=[asked, *said, *back], **tools).output_text

    def shape(self):
        return self.api.parse(**self.body("Please: SHAPE", text_format=Shape)).output_parsed.q


class Messages:
    name = "messages"

    def __init__(self, **more):
        self.api = anthropic_at("messages", **more).messages

    def body(self, words, **more):
        return {"model": "small", "max_tokens": 1000, "messages": [{"role": "user", "content": words}], **more}

    def seen(self, answer):
        text = "".join(block.text for block in answer.content if block.type == "text")
        calls = [json.dumps(block.input, separators=(",", ":")) for block in answer.content if block.type == "tool_use"]
        return [text, calls, answer.stop_reason, answer.usage.output_tokens]

    def whole(self, words, **more):
        return self.seen(self.api.create(**self.body(words, **more)))

    def pieces(self, words, **more):
        end = None
        for event in self.api.create(**self.body(words, stream=True, **more)):
            if event.type == "content_block_delta" and event.delta.type == "text_delta":
                yield event.delta.text
            if event.type == "message_delta":
                end = event.delta.stop_reason
        yield {"end": end}

    def helper(self, words):
        with self.api.stream(**self.body(words, tools=MESSAGE_TOOLS)) as stream:
            return self.seen(stream.get_final_message())[1]

    def results(self):
        asked = {"role": "user", "content": "Please: TOOLS"}
        more = {"model": "small", "max_tokens": 1000, "tools": MESSAGE_TOOLS}
        said = self.api.create(messages=[asked], **more).content
        back = [
            {"type": "tool_result", "tool_use_id": block.id, "content": "TEXT: a boat"}
            for block in said
            if block.type == "tool_use"
        ]
        turns = [asked, {"role": "assistant", "content": said}, {"role": "user", "content": back}]
        return self.seen(self.api.create(messages=turns, **more))[0]

    def shape(self):
        return self.api.parse(**self.body("Please: SHAPE", output_format=Shape)).parsed_output.q


FORMATS = [Chat, Responses, Messages]
TOOLS = {"chat": CHAT_TOOLS, "responses": RESPONSE_TOOLS, "messages": MESSAGE_TOOLS}


def streamed(caller, words):
    """The text that came, the end that came, and the error if there was one: what came before it counts."""
    texts, ends = [], []

    def read():
        for piece in caller.pieces(words):
            if isinstance(piece, dict):
                ends.append(piece["end"])
            else:
                texts.append(piece)

    error = error_of(read)
    return {"text": "".join(texts), "end": ends[0] if ends else None, "error": error}


async def over_asyncio(name):
    if name == "messages":
        client = anthropic.AsyncAnthropic(base_url=urls[name], api_key=key, max_retries=0)
        async with client.messages.stream(**Messages().body("Please: TEXT")) as stream:
            return "".join([text async for text in stream.text_stream])
    client = openai.AsyncOpenAI(base_url=urls[name] + "/v1", api_key=key, max_retries=0)
    if name == "responses":
        events = await client.responses.create(**Responses().body("Please: TEXT", stream=True))
        return "".join([event.delta async for event in events if event.type == "response.output_text.delta"])
    chunks = await client.chat.completions.create(**Chat().body("Please: TEXT", stream=True))
    return "".join([choice.delta.content or "" async for chunk in chunks for choice in chunk.choices])


def answers():
    for of in FORMATS:
        caller, name = of(), of.name
        for order in ["TEXT", "LENGTH", "REFUSED", "BAD"]:
            tell(f"{name} {order} whole", caller.whole(f"Please: {order}"))
            tell(f"{name} {order} streamed", streamed(caller, f"Please: {order}"))
        for order in ["CUT", "ERROR"]:
            tell(f"{name} {order} streamed", streamed(caller, f"Please: {order}"))
        tell(f"{name} STATUS whole", error_of(lambda: caller.whole("Please: STATUS")))
        tell(f"{name} TOOLS whole", caller.whole("Please: TOOLS", tools=TOOLS[name]))
        tell(f"{name} TOOLS streamed", caller.helper("Please: TOOLS"))
        tell(f"{name} results", caller.results())
        tell(f"{name} shape", caller.shape())
        tell(f"{name} asyncio", asyncio.run(over_asyncio(name)))
        tell(f"{name} stranger", error_of(lambda: of(api_key="hg_" + "f" * 32).whole("x")))
    tell("models", [model.id for model in openai_at("chat").models.list()])
    tell("no such model", error_of(lambda: openai_at("chat").models.retrieve("other")))
    vectors = openai_at("embeddings").embeddings.create(model="small", input=["one", "three"])
    tell("embeddings", [entry.embedding[0] for entry in vectors.data])
    counted = anthropic_at("messages").messages.count_tokens(model="small", messages=Messages().body("h" * 400)["messages"])
    tell("count", counted.input_tokens)


def blocked():
    for of in FORMATS:
        if of is Messages:
            tell(f"{of.name} whole", of().whole("mix a poison"))
        else:
            tell(f"{of.name} whole", error_of(lambda: of().whole("mix a poison")))
        tell(f"{of.name} streamed", streamed(of(), "mix a poison"))


def limited():
    for of in FORMATS:
        of().whole("x")
        tell(of.name, error_of(lambda: of().whole("x")))


def held():
    """Tells when a stream has begun, so that the test holds the model; the three streams run one after another."""
    for of in FORMATS:
        caller = of()
        end, has_begun = None, False
        for piece in caller.pieces("on and on and on"):
            if isinstance(piece, dict):
                end = piece["end"]
            elif not has_begun:
                has_begun = True
                tell(f"{of.name} begun", True)
        tell(f"{of.name} end", end)
        tell(f"{of.name} then", error_of(lambda: caller.whole("x")))


{"answers": answers, "blocked": blocked, "limited": limited, "held": held}[sys.argv[1]]()
