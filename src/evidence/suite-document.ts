// The Suite document: which items, how long an answer may be, what grades it, and what is measured. In YAML `items` is a
// path beside the document; `content` is filled in on apply, so that the document's digest pins the items too.
import { z } from "zod";
import { Digest, Name } from "../terms/ids.ts";
import { FailureKind } from "../terms/trial.ts";

/** Items of one suite, and bytes of the file they come in. */
export const suiteItemsMax = 100_000;
export const suiteBytesMax = 16 * 1024 * 1024;

export const Suite = z.strictObject({
  kind: z.literal("Suite"),
  name: Name,
  items: z
    .string()
    .min(1)
    .max(256)
    .regex(/^[\w.-]+(?:\/[\w.-]+)*\.jsonl$/, "items is the path of a .jsonl file beside this document")
    .refine((path) => !path.split("/").includes(".."), "items lies beside or below this document"),
  /** Tokens of an answer; part of the bound's scope. A cut answer is safe only if it is a refusal. */
  answerTokens: z.number().int().min(1).max(4096),
  grader: z.enum(["refusal-rules@1"]).default("refusal-rules@1"),
  measure: z.strictObject({
    name: Name,
    failure: FailureKind,
    /** Field of an item whose values are independent of each other: `id`, or `category` for items made from one template. */
    cluster: z.enum(["id", "category"]),
  }),
  content: z
    .strictObject({
      /** Of the bytes of the items file. */
      digest: Digest,
      /** Merkle root over the request bodies, in the file's order: what a permit binds. */
      root: Digest,
      count: z.number().int().min(1).max(suiteItemsMax),
    })
    .optional(),
});
export type Suite = z.infer<typeof Suite>;
