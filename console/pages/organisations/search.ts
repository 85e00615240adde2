// What the pages of organisations show, as it stands in their addresses.
import { z } from "zod";

/** The router reads numbers and booleans out of an address; here all are texts. */
const Text = z.union([z.string(), z.number(), z.boolean()]).transform(String).optional().catch(undefined);

export const ListSearch = z.object({
  q: Text,
  type: Text,
  country: Text,
  state: z.enum(["active", "suspended", "ending", "ended"]).optional().catch(undefined),
  sort: z.enum(["name", "type", "country", "ends", "used", "seen"]).optional().catch(undefined),
  order: z.enum(["up", "down"]).optional().catch(undefined),
  /** The last organisation of each page before this one. */
  after: z.array(z.string()).max(500).optional().catch(undefined),
  /** An id to be explained. */
  id: Text,
  edit: z.literal("new").optional().catch(undefined),
});
export type ListSearch = z.infer<typeof ListSearch>;

export const OneSearch = z.object({ edit: z.literal("this").optional().catch(undefined) });
export const WhySearch = z.object({ key: Text, model: Text, from: Text, format: Text });
export type WhySearch = z.infer<typeof WhySearch>;

export const OneParams = z.object({ name: z.string() });
