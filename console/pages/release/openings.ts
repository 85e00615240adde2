// Texts behind commitments, each checked against its commitment: reasons, and names of persons.
import { commit } from "../../../src/proof/digest.ts";
import { browserPrimitives } from "../../../src/proof/browser.ts";
import { OpeningsView, routes } from "../../../src/control/contract.ts";
import type { Digest } from "../../../src/terms/ids.ts";
import { useView } from "../../app/reads.ts";

/** So many fit into one address. */
const openingsMax = 50;

export function useOpenings(commitments: readonly Digest[]): ReadonlyMap<Digest, string> {
  const asked = [...new Set(commitments)].slice(0, openingsMax);
  const query = asked.map((one) => `commitment=${encodeURIComponent(one)}`).join("&");
  const { data } = useView(`${routes.openings}?${query}`, OpeningsView, { enabled: asked.length > 0 });
  const texts = new Map<Digest, string>();
  for (const opening of data?.openings ?? []) {
    const commitment = commit(opening, browserPrimitives);
    if (asked.includes(commitment)) texts.set(commitment, opening.text);
  }
  return texts;
}
