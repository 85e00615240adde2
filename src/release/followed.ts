// Whether a run went as it was registered, from what stands beside the ledger here.
import type { GivenPermit, State } from "../acts/state.ts";
import { isAdaptive } from "../evidence/suite-document.ts";
import { type Followed, followedBy } from "../gates/followed.ts";
import { Failure } from "../terms/failure.ts";
import { type Records, itemsOf, readModes, readSuite, runFacts } from "./records.ts";

/** Fails with artefact_missing. Cost: checks every receipt under the permits of the same digests. */
export async function followedFrom(records: Records, state: State, permit: GivenPermit): Promise<Followed> {
  const document = await readSuite(records, permit.digests.suite);
  const { failure, name } = document.measure;
  const items = await itemsOf(records, permit.digests.suite, document);
  const pinned = document.content?.calibration;
  return followedBy(permit, {
    state,
    chain: permit.bare === true ? [] : await readModes(records, permit.digests.safeguards),
    suite: {
      name: document.name,
      measure: name,
      failure,
      isAdaptive: isAdaptive(document),
      calibration: pinned === undefined ? undefined : { set: pinned },
      items: items.map(({ leaf, cluster }) => ({ id: leaf, cluster })),
    },
    facts: async (one) => runFacts(records, state, one),
    countsAlike: async (digest) => {
      try {
        const other = await readSuite(records, digest);
        return other.measure.failure === failure && isAdaptive(other) === isAdaptive(document);
      } catch (error) {
        if (error instanceof Failure) return true;
        throw error;
      }
    },
  });
}
