// A reviewer's signed reading, as it goes to the review that it opens.
import { routes } from "../../src/control/contract.ts";
import { toBase64 } from "../../src/proof/encoding.ts";
import type { ReviewId } from "../../src/terms/ids.ts";
import { type Desk, type Member, post, signBy } from "./control-desk.ts";

export const textPath = (review: ReviewId): string => routes.reviewText.replace(":review", review);

export async function readingOf(desk: Desk, review: ReviewId, by: Member): ReturnType<typeof post> {
  const envelope = await signBy(desk, { verb: "reading", body: { review }, by: [by.signer] });
  return post(desk, textPath(review), { body: { envelope: toBase64(envelope) } });
}
