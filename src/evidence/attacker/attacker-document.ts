// A model that attacks, as a suite names it: which server, by which strategy, for how many requests, within which budget. All of it is in
// the suite's digest; what answers behind the address cannot be hashed, and is declared.
import { z } from "zod";
import { SecretReference, serverUrl } from "../../outbound/server-fields.ts";
import { strategies } from "./strategies.ts";

/** Requests to the model under evaluation, of one attempt. */
const turnsMax = 16;

export const Attacker = z.strictObject({
  strategy: z.enum(strategies),
  turns: z.number().int().min(1).max(turnsMax),
  dialect: z.enum(["openai-chat", "anthropic-messages"]),
  url: serverUrl("the attacker"),
  key: SecretReference.optional(),
  model: z.string().min(1).max(256),
  answerTokens: z.number().int().min(16).max(4096).default(400),
  /** What it draws with; chat servers get a seed as well, another one for each attempt and turn. */
  temperature: z.number().min(0).max(2).default(1),
  timeoutMs: z.number().int().min(50).max(600_000).default(60_000),
  /** Of one run, all its sittings together: what is left once it is spent is unknown. Tokens as the server counts them, or about. */
  budget: z.strictObject({
    requests: z.number().int().min(1).max(1_000_000),
    tokens: z.number().int().min(1).max(1_000_000_000_000),
  }),
});
export type Attacker = z.infer<typeof Attacker>;
