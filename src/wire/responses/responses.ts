// OpenAI's Responses format, for callers and for servers.
import type { Dialect, Format } from "../format.ts";
import { responsesFields } from "./fields.ts";
import { parseCall } from "./parse-call.ts";
import { readWhole } from "./read-answer.ts";
import { readStream } from "./read-stream.ts";
import { renderCall, responsesLacks } from "./render-call.ts";
import { writeError, writeWhole } from "./write-answer.ts";
import { writeStream } from "./write-stream.ts";

export const responsesFormat: Format = {
  name: "responses",
  fields: responsesFields,
  policyBlock: "error",
  parseCall,
  whole: writeWhole,
  stream: writeStream,
  error: writeError,
};

export const responsesDialect: Dialect = {
  name: "openai-responses",
  path: "/responses",
  headers: (key): Readonly<Record<string, string>> => (key === undefined ? {} : { authorization: `Bearer ${key}` }),
  lacks: responsesLacks,
  body: renderCall,
  readWhole,
  reader: readStream,
};
