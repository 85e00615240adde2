// Probes: runs of a suite on what a certificate serves, which its watch asks for. They are counted one after another and none is left
// out, so that what each of them asks is settled before anybody knows what it will come to.
import { type Timestamp, instantOf } from "../../terms/ids.ts";
import type { Permit, Release } from "../bodies.ts";
import { type GivenPermit, type State, latestCertificate } from "../state.ts";
import type { Probes } from "../watch.ts";

const dayMs = 86_400_000;

/** The probes that were permitted of a live measure under a certificate, in their order. */
export function probesOf(
  state: State,
  { certificate, watch }: Pick<NonNullable<Permit["probe"]>, "certificate" | "watch">,
): readonly GivenPermit[] {
  return [...state.permits.values()].filter(({ probe }) => probe?.certificate === certificate && probe.watch === watch);
}

/** Why a permit is not the next probe of what is certified, in words; undefined where it is, or is none. */
export function wrongProbe(state: State, permit: Permit, at: Timestamp): string | undefined {
  const { probe, model } = permit;
  if (probe === undefined) return undefined;
  const release = latestCertificate(state, model)?.release;
  if (release === undefined || release.certificate !== probe.certificate)
    return "A probe is of the certificate that counts for its model.";
  const measure = measureOf(release, probe.watch);
  if (measure === undefined)
    return `No live measure of this certificate that is called ${probe.watch} asks for probes.`;
  if (!isOfRelease(state, { permit, release, measure }))
    return "A probe asks the suite of its live measure, under what is certified, in the slot in-force and for the stage of the certificate.";
  const before = probesOf(state, probe);
  if (probe.number !== before.length + 1) return `The next probe of ${probe.watch} is number ${before.length + 1}.`;
  const lately = before.filter((one) => instantOf(one.at) > instantOf(at) - dayMs).length;
  if (lately < measure.perDay) return undefined;
  return `Within 24 hours ${probe.watch} may be probed ${measure.perDay} time(s), as its plan says.`;
}

function measureOf({ conditions }: Release, id: string): Probes | undefined {
  const found = conditions.share?.watch?.measures.find((measure) => measure.id === id);
  return found?.measure === "probes" ? found : undefined;
}

interface Probing {
  readonly permit: Permit;
  readonly release: Release;
  readonly measure: Probes;
}

function isOfRelease(state: State, { permit, release, measure }: Probing): boolean {
  const { digests, slot, stage, bare, adaptive } = permit;
  if (bare !== undefined || adaptive !== undefined || slot !== "in-force" || stage !== release.stage) return false;
  const isServed = (["model", "safeguards", "policy"] as const).every(
    (name) => digests[name] === release.digests[name],
  );
  const isNamed = state.documents.get("Suite")?.get(measure.suite)?.all.has(digests.suite) === true;
  const isSigned = release.digests.suites.includes(digests.suite) && release.digests.graders.includes(digests.grader);
  return isServed && isNamed && isSigned;
}
