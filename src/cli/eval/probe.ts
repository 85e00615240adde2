// `headgate eval run SUITE --probe ID`: the next probe of what is certified. Which it is, and so what it asks, follows from the ledger.
import { drawnClusters } from "../../acts/probe-draw.ts";
import type { Permit, Release } from "../../acts/bodies.ts";
import { probesOf } from "../../acts/rules/probe.ts";
import { type State, latestCertificate } from "../../acts/state.ts";
import type { Probes } from "../../acts/watch.ts";
import { nodePrimitives } from "../../proof/node.ts";
import { Failure } from "../../terms/failure.ts";
import type { Digest, Name } from "../../terms/ids.ts";
import type { Session } from "../session.ts";

type Probe = NonNullable<Permit["probe"]>;

interface NextProbe {
  readonly probe: Probe;
  readonly release: Release;
  readonly measure: Probes;
  /** Of the suite, as the release names it. */
  readonly suite: Digest;
}

interface Wanted {
  readonly model: Name;
  readonly suite: Name;
  readonly watch: Name | undefined;
}

/** Fails with not_found where nothing that is certified asks for it. */
export function nextProbe({ state }: Session, { model, suite, watch }: Wanted): NextProbe {
  const release = latestCertificate(state, model)?.release;
  if (release === undefined)
    throw new Failure("not_found", `${model} has no certificate, so there is nothing to probe.`);
  const probed = probesIn(release);
  const measure = probed.find(({ id }) => id === watch);
  if (measure === undefined) {
    const known = probed.map(({ id, suite: of }) => `${id} (${of})`).join(", ");
    throw new Failure(
      "not_found",
      `The certificate of ${model} has no live measure ${watch ?? ""} that asks for probes${known === "" ? "" : `; it has: ${known}`}.`,
    );
  }
  const applied = state.documents.get("Suite")?.get(measure.suite)?.all;
  const digest = release.digests.suites.find((one) => applied?.has(one) === true);
  if (measure.suite !== suite || digest === undefined)
    throw new Failure("request_invalid", `${measure.id} is probed with the suite ${measure.suite}.`);
  const number = probesOf(state, { certificate: release.certificate, watch: measure.id }).length + 1;
  return { probe: { certificate: release.certificate, watch: measure.id, number }, release, measure, suite: digest };
}

function probesIn({ conditions }: Release): readonly Probes[] {
  return (conditions.share?.watch?.measures ?? []).filter((measure) => measure.measure === "probes");
}

/** As often as the laboratory asked each item, so that both count the same. */
export function attemptsBefore({ state }: Session, { model, digests }: Release, suite: Digest): number {
  const parts = ["model", "safeguards", "policy"] as const;
  const runs = [...state.permits.values()].filter(
    (permit) =>
      permit.model === model &&
      permit.digests.suite === suite &&
      parts.every((part) => permit.digests[part] === digests[part]),
  );
  return runs.reduce((most, { attempts }) => Math.max(most, attempts), 1);
}

/** What a permit asks: of a probe what is drawn for it, else all. */
export function askedItems<T extends { readonly cluster: string }>(
  { state }: Pick<Session, "state">,
  { probe }: Pick<Permit, "probe">,
  items: readonly T[],
): readonly T[] {
  if (probe === undefined) return items;
  const drawn = drawnClusters(items, { probe, count: clustersOf(state, probe) }, nodePrimitives);
  return items.filter(({ cluster }) => drawn.has(cluster));
}

function clustersOf(state: State, { certificate, watch }: Probe): number {
  const releases = [...state.certificates.values()].flat().map(({ release }) => release);
  const release = releases.find((one) => one.certificate === certificate);
  const measure = release === undefined ? undefined : probesIn(release).find(({ id }) => id === watch);
  if (measure === undefined) throw new Failure("not_found", `${certificate} asks for no probes of ${watch}.`);
  return measure.clusters;
}
