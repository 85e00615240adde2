// Whether a caller is in the part that a certificate is open to. Each organisation or key has a place between 0 and 1 of its own
// for each model and stage, from a hash: it is in as soon as the share reaches past its place, and no wider step puts it out.
import type { Share } from "../acts/conditions.ts";
import { digestOfText, hashOfDigest } from "../proof/digest.ts";
import type { Hasher } from "../proof/primitives.ts";
import type { KeyId, Name } from "../terms/ids.ts";
import type { OpenStage } from "../terms/stage.ts";

export interface Placed {
  readonly model: Name;
  readonly stage: OpenStage;
  readonly organisation: Name;
  readonly key: KeyId;
}

/** From 0 up to 1, even over all callers. */
export function placeOf({ by }: Share, placed: Placed, hasher: Hasher): number {
  const { model, stage, organisation, key } = placed;
  const whose = by === "organisation" ? organisation : key;
  return placeOfText(["headgate share v1", model, stage, by, whose].join("\n"), hasher);
}

/** 48 bits of SHA-256 over a text, as a number from 0 up to 1. */
export function placeOfText(text: string, hasher: Hasher): number {
  const hash = hashOfDigest(digestOfText(text, hasher));
  const view = new DataView(hash.buffer, hash.byteOffset);
  return (view.getUint32(0) * 2 ** 16 + view.getUint16(4)) / 2 ** 48;
}
