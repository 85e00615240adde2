// What a key, an organisation, a grant or a model may use at most, as statements and documents write it. A limit that is
// left out is none; each that is written counts by itself, and all that meet in one exchange have to leave room for it.
import { z } from "zod";

const perMinuteMax = 1_000_000;
const tokensMax = 1_000_000_000_000;
/** Exchanges that anybody may have under way. */
const exchangesMax = 100_000;

/** Requests of a minute and tokens of a minute or day begin anew with the minute and day of UTC. */
export const limitFields = {
  requestsPerMinute: z.number().int().min(1).max(perMinuteMax),
  /** Prompt and answer together. */
  tokensPerMinute: z.number().int().min(1).max(tokensMax),
  tokensPerDay: z.number().int().min(1).max(tokensMax),
  /** Under way at once. */
  exchanges: z.number().int().min(1).max(exchangesMax),
} as const;

export const Limits = z.strictObject(limitFields).partial();
export type Limits = Readonly<z.infer<typeof Limits>>;
